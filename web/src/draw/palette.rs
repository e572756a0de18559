//! The colours of the page, for the canvas: each style token is read from the style sheet, so that the two agree.

use plotters::style::RGBColor;
use web_sys::CssStyleDeclaration;

/// The style tokens of the page as they are now.
pub struct Palette {
    style: Option<CssStyleDeclaration>,
}

impl Palette {
    /// Reads the style of the page's root.
    pub fn of_page() -> Self {
        let root = web_sys::window().and_then(|window| {
            let root = window.document()?.document_element()?;
            window.get_computed_style(&root).ok()?
        });
        Self { style: root }
    }

    /// The colour of a token, which the style sheet writes as `--name: #rrggbb`.
    pub fn colour(&self, token: &str) -> RGBColor {
        let (red, green, blue) = parse(&self.value(token)).unwrap_or((128, 128, 128));
        RGBColor(red, green, blue)
    }

    /// The names of the page's fonts.
    pub fn font(&self) -> String {
        let font = self.value("font");
        if font.is_empty() { "sans-serif".to_owned() } else { font }
    }

    fn value(&self, token: &str) -> String {
        let value = self.style.as_ref().and_then(|style| style.get_property_value(&format!("--{token}")).ok());
        value.unwrap_or_default().trim().to_owned()
    }
}

/// Reads a colour of the form `#rrggbb`.
///
/// ```
/// # use ridgepoint_web::draw::palette::parse;
/// assert_eq!(parse("#1f5f8b"), Some((0x1f, 0x5f, 0x8b)));
/// assert_eq!(parse("navy"), None);
/// ```
pub fn parse(colour: &str) -> Option<(u8, u8, u8)> {
    let digits = colour.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let part = |from: usize| u8::from_str_radix(digits.get(from..from + 2)?, 16).ok();
    Some((part(0)?, part(2)?, part(4)?))
}
