//! The module that reads models from elsewhere. It is loaded when it is first needed; `boot.js` knows where it is.

use std::pin::Pin;

use js_sys::Promise;
use ridgepoint_calculator::custom::CustomModel;
use ridgepoint_calculator::link::{self, Link};
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    /// `src/bin/import.rs`.
    pub type Importer;

    #[wasm_bindgen(js_namespace = ridgepoint, js_name = loadImporter)]
    fn load_module() -> Promise;

    #[wasm_bindgen(method, catch, js_name = readFragment)]
    fn read_fragment(this: &Importer, value: &str) -> Result<Vec<u8>, JsValue>;

    #[wasm_bindgen(method, js_name = openDialog)]
    fn open_dialog(this: &Importer, found: JsValue);
}

/// Something to wait for; a box, so that it is compiled once and not in each place that waits.
pub type Waiting<T> = Pin<Box<dyn Future<Output = T>>>;

/// Loads it, or waits for it if it is on its way. What fails is told in a sentence for the reader.
pub fn load() -> Waiting<Result<Importer, String>> {
    Box::pin(async {
        let module = JsFuture::from(load_module()).await;
        module
            .map(Into::into)
            .map_err(|_| "the reader of models could not be loaded: check the connection, then try again".into())
    })
}

impl Importer {
    fn custom_model(&self, value: &str) -> Result<CustomModel, String> {
        let bytes = self.read_fragment(value).map_err(|error| error.as_string().unwrap_or_default())?;
        CustomModel::from_bytes(&bytes).ok_or_else(|| "the page has changed meanwhile: load it again".into())
    }

    /// Opens the dialog. `found` hears of each model, and of the format of its weights where that is not the model's own.
    pub fn open(&self, found: impl Fn(CustomModel, Option<String>) + 'static) {
        let found = move |bytes: Vec<u8>, format| {
            if let Some(custom) = CustomModel::from_bytes(&bytes) {
                found(custom, format);
            }
        };
        // Kept by the dialog that needs it, and by nobody else.
        self.open_dialog(Closure::wrap(Box::new(found) as Box<dyn Fn(Vec<u8>, Option<String>)>).into_js_value());
    }
}

/// Reads a link, its custom model included.
pub fn read_link(text: String) -> Waiting<Link> {
    Box::pin(async move {
        let Some(value) = link::custom_model(&text) else { return link::decode(&text) };
        link::decode_with(&text, load().await.and_then(|importer| importer.custom_model(value)))
    })
}
