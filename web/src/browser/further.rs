//! The program that draws the views that few readers open first. It is loaded with the first of them; `boot.js` knows
//! where it is.

use js_sys::{Promise, Uint8Array};
use ridgepoint_calculator::custom::CustomModel;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;
use web_sys::Element;

use super::importer::Waiting;

#[wasm_bindgen]
extern "C" {
    /// `src/bin/further.rs`.
    pub type Further;

    /// A view that it draws.
    #[derive(Clone)]
    pub type Drawn;

    #[wasm_bindgen(js_namespace = ridgepoint, js_name = loadFurther)]
    fn load_module() -> Promise;

    #[wasm_bindgen(method, js_name = draw)]
    fn draw_view(
        this: &Further,
        place: &Element,
        visit: JsValue,
        query: &str,
        custom: Option<Uint8Array>,
        figure: Option<&str>,
    ) -> Drawn;

    #[wasm_bindgen(method, js_name = show)]
    fn show_link(this: &Drawn, query: &str, custom: Option<Uint8Array>);

    /// Whether the page is dark now.
    #[wasm_bindgen(method, js_name = dress)]
    pub fn dress(this: &Drawn, is_dark: bool);

    /// Ends it.
    #[wasm_bindgen(method, js_name = free)]
    pub fn free(this: &Drawn);
}

/// Loads it, or waits for it if it is on its way. What fails is told in a sentence for the reader.
pub fn load() -> Waiting<Result<Further, String>> {
    Box::pin(async {
        let module = JsFuture::from(load_module()).await;
        let module = module.map(Into::into);
        module.map_err(|_| "This view could not be loaded: check the connection, then open it again.".into())
    })
}

impl Further {
    /// Draws the view that a link asks for, or the working of a figure if one is named, in a place of the page. `custom`
    /// is the custom model of the link, and `visit` hears of the links that are followed in the view.
    pub fn draw(
        &self,
        place: &Element,
        visit: impl Fn(String) + 'static,
        query: &str,
        custom: Option<&CustomModel>,
        figure: Option<&str>,
    ) -> Drawn {
        let visit = Closure::wrap(Box::new(visit) as Box<dyn Fn(String)>);
        // Kept by the view, and by nobody else.
        self.draw_view(place, visit.into_js_value(), query, bytes(custom), figure)
    }
}

impl Drawn {
    /// Shows what another link says.
    pub fn show(&self, query: &str, custom: Option<&CustomModel>) {
        self.show_link(query, bytes(custom));
    }
}

fn bytes(custom: Option<&CustomModel>) -> Option<Uint8Array> {
    custom.map(|custom| Uint8Array::from(custom.to_bytes().as_slice()))
}
