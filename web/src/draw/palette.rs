//! The colours of the page, for the canvas: each style token is read from the style sheet, so that the two agree.

use plotters::style::RGBColor;

/// Every style token that a chart uses.
const TOKENS: [&str; 19] = [
    "surface",
    "text",
    "muted",
    "grid",
    "axis",
    "weights",
    "kv-cache",
    "state",
    "activations",
    "overhead",
    "free",
    "limit",
    "prefill",
    "decode",
    "current",
    "series-0",
    "series-1",
    "series-2",
    "series-3",
];

/// The style tokens of the page as they were when it was made. Reading them costs the browser more than a drawing.
#[derive(Clone, Debug)]
pub struct Palette {
    colours: Vec<(&'static str, RGBColor)>,
    font: String,
}

impl Palette {
    /// Reads the style of the page's root, where a colour is written as `--name: #rrggbb`.
    pub fn of_page() -> Self {
        let style = web_sys::window().and_then(|window| {
            let root = window.document()?.document_element()?;
            window.get_computed_style(&root).ok()?
        });
        let value = |token: &str| {
            let value = style.as_ref().and_then(|style| style.get_property_value(&format!("--{token}")).ok());
            value.unwrap_or_default().trim().to_owned()
        };
        let colours = TOKENS.into_iter().filter_map(|token| Some((token, parse(&value(token))?)));
        let font = value("font");
        let font = if font.is_empty() { "sans-serif".to_owned() } else { font };
        Self { colours: colours.collect(), font }
    }

    /// The colour of a token; grey if the style sheet has none.
    pub fn colour(&self, token: &str) -> RGBColor {
        let found = self.colours.iter().find(|(name, _)| *name == token);
        found.map_or(RGBColor(128, 128, 128), |(_, colour)| *colour)
    }

    /// The names of the page's fonts.
    pub fn font(&self) -> &str {
        &self.font
    }
}

/// Reads a colour of the form `#rrggbb`.
///
/// ```
/// # use ridgepoint_web::draw::palette::parse;
/// # use plotters::style::RGBColor;
/// assert_eq!(parse("#1f5f8b"), Some(RGBColor(0x1f, 0x5f, 0x8b)));
/// assert_eq!(parse("navy"), None);
/// ```
pub fn parse(colour: &str) -> Option<RGBColor> {
    let digits = colour.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let part = |from: usize| u8::from_str_radix(digits.get(from..from + 2)?, 16).ok();
    Some(RGBColor(part(0)?, part(2)?, part(4)?))
}
