//! The third program of the page: it draws the views that few readers open first. The page loads it with the first of
//! them and knows it by what is below (`browser::further`).

use js_sys::Function;
use ridgepoint_calculator::custom::CustomModel;
use ridgepoint_calculator::link::{self, Link};
use ridgepoint_web::further::Drawing;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::HtmlElement;

fn main() {
    ridgepoint_web::browser::panic::show_in_page();
}

/// Takes the models and devices of `catalogue.bin` and what stands behind figures, of `origins.bin`. Throws a sentence if
/// those are not the files of this build.
#[wasm_bindgen]
pub fn install(catalogue: Vec<u8>, origins: Vec<u8>) -> Result<(), String> {
    ridgepoint_web::install(catalogue)?;
    ridgepoint_catalog::catalogue::install_origins(origins).map_err(|_| ridgepoint_web::OTHER_BUILD.to_owned())
}

/// A view in its place.
#[wasm_bindgen]
pub struct Drawn(Drawing);

/// Draws the view that a link asks for, or the working of a figure if one is named. `custom` is the custom model of the
/// link, as bytes; `visit` hears of the links that are followed in the view.
#[wasm_bindgen]
pub fn draw(
    place: HtmlElement,
    visit: Function,
    query: &str,
    custom: Option<Vec<u8>>,
    figure: Option<String>,
) -> Drawn {
    Drawn(Drawing::new(place, visit, read(query, custom), figure))
}

#[wasm_bindgen]
impl Drawn {
    /// Shows what another link says.
    pub fn show(&self, query: &str, custom: Option<Vec<u8>>) {
        self.0.show(read(query, custom));
    }

    /// Whether the page is dark now.
    pub fn dress(&self, is_dark: bool) {
        self.0.dress(is_dark);
    }
}

fn read(query: &str, custom: Option<Vec<u8>>) -> Link {
    match custom.and_then(|bytes| CustomModel::from_bytes(&bytes)) {
        Some(custom) => link::decode_with(query, Ok(custom)),
        None => link::decode(query),
    }
}
