//! The second module of the page: it reads models that are not in the catalogue. The page loads it on demand and
//! knows it by the functions below (`browser::importer`).

use js_sys::Function;
use wasm_bindgen::prelude::wasm_bindgen;

fn main() {
    ridgepoint_web::browser::panic::show_in_page();
}

/// Reads the custom model in the fragment of a link into the bytes of a `CustomModel`, or throws a sentence.
#[wasm_bindgen(js_name = readFragment)]
pub fn read_fragment(value: &str) -> Result<Vec<u8>, String> {
    ridgepoint_importer::read_fragment(value).map(|custom| custom.to_bytes())
}

/// Opens the dialog for models from elsewhere. Of each model `found` hears with the bytes of a `CustomModel` and, where
/// the file says more of its weights than the model does, the id of their format.
#[wasm_bindgen(js_name = openDialog)]
pub fn open_dialog(found: Function) {
    ridgepoint_web::import::open(found);
}
