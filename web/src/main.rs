//! The page's program.

use wasm_bindgen::prelude::wasm_bindgen;

fn main() {
    ridgepoint_web::browser::panic::show_in_page();
}

/// Shows the page that its address asks for, with the models and devices of `catalogue.bin`. Throws a sentence if that
/// is not the file of this build.
#[wasm_bindgen]
pub async fn start(catalogue: Vec<u8>) -> Result<(), String> {
    ridgepoint_web::install(catalogue)?;
    ridgepoint_web::mount().await;
    Ok(())
}
