//! Files of the page that are fetched when they are first needed; `boot.js` knows where they are.

use js_sys::{Promise, Uint8Array};
use ridgepoint_catalog::evidence::Evidence;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;

use super::importer::Waiting;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = ridgepoint, js_name = loadEvidence)]
    fn load_evidence() -> Promise;
}

/// The measurements behind the predictions. What fails is told in a sentence for the reader.
pub fn evidence() -> Waiting<Result<Evidence, String>> {
    Box::pin(async {
        let bytes = JsFuture::from(load_evidence()).await;
        let bytes = bytes.map_err(|_| "The measurements could not be loaded: open this view again.")?;
        let read = Evidence::from_bytes(Uint8Array::new(&bytes).to_vec());
        Ok(read.ok_or("The page has changed meanwhile: load it again.")?)
    })
}
