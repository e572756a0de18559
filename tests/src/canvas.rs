//! What is painted on the canvases of the page.

use serde_json::{Value, json};

use crate::Trouble;
use crate::page::Page;

/// The painting on a canvas, in figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Painting {
    /// Device pixels across and down.
    pub pixels: (f64, f64),
    /// CSS pixels across and down.
    pub size: (f64, f64),
    /// Different opaque colours.
    pub colours: u64,
    /// Opaque pixels well between the axes.
    pub inked: u64,
    /// A number that is another one for another painting, in all likelihood.
    pub hash: i64,
    tokens: Value,
}

impl Painting {
    /// Pixels in the colour of a style token.
    ///
    /// # Panics
    /// If the token was not asked for.
    pub fn pixels_in(&self, token: &str) -> u64 {
        self.tokens[token].as_u64().expect("only tokens that were asked for are counted")
    }
}

impl Page<'_> {
    /// What is painted on the canvas of a figure, and how much of it in the colours of some style tokens.
    pub async fn painting(&self, figure: &str, tokens: &[&str]) -> Result<Painting, Trouble> {
        self.wait_for_frames().await?;
        let seen = self.run(include_str!("scripts/canvas.js"), vec![json!(figure), json!(tokens)]).await?;
        let number = |name: &str| seen[name].as_f64().ok_or(format!("no {name} of the canvas of {figure}"));
        Ok(Painting {
            pixels: (number("width")?, number("height")?),
            size: (number("cssWidth")?, number("cssHeight")?),
            colours: number("colours")? as u64,
            inked: number("inked")? as u64,
            hash: number("hash")? as i64,
            tokens: seen["tokens"].clone(),
        })
    }
}
