//! The page that this one is embedded in: it is told how tall this one is.

use wasm_bindgen::JsValue;

use super::listen::listen_to_size;

/// Tells the embedding page this page's height, now and whenever it changes.
pub fn report_height() {
    if let Some(body) = web_sys::window().and_then(|window| window.document()?.body()) {
        listen_to_size(&body, Box::new(post_height));
    }
}

fn post_height() {
    let Some(window) = web_sys::window() else { return };
    let Some(body) = window.document().and_then(|document| document.body()) else { return };
    let Ok(Some(parent)) = window.parent() else { return };
    let message = js_sys::Object::new();
    let height = body.get_bounding_client_rect().height().ceil();
    for (key, value) in [("type", JsValue::from_str("ridgepoint:height")), ("height", JsValue::from_f64(height))] {
        if js_sys::Reflect::set(&message, &JsValue::from_str(key), &value).is_err() {
            return;
        }
    }
    // A height is no secret, and who embeds the page is not known here. A parent that does not listen misses nothing.
    let _ = parent.post_message(&message, "*");
}
