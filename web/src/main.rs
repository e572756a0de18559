//! The page's program.

use wasm_bindgen::prelude::wasm_bindgen;

fn main() {
    ridgepoint_web::browser::panic::show_in_page();
}

/// Shows the page that its address asks for.
#[wasm_bindgen]
pub async fn start() {
    ridgepoint_web::mount().await;
}
