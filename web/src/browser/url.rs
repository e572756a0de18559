//! The address of the page: its query is the scenario, read at the start and kept up to date without new history.

use leptos::prelude::*;
use wasm_bindgen::JsValue;

use super::listen::listen;
use super::timer::Delay;
use crate::signals::on_change;

/// How long a slider may rest before the address follows it. Safari refuses more than a hundred changes in half a minute.
const QUIET_MILLIS: u64 = 200;

/// The query of the page's address with its question mark, and the fragment: a custom model travels there.
pub fn query() -> String {
    let location = web_sys::window().map(|window| window.location());
    let part = |part: Option<Result<String, JsValue>>| part.and_then(Result::ok).unwrap_or_default();
    part(location.as_ref().map(|location| location.search())) + &part(location.as_ref().map(|location| location.hash()))
}

/// The address of the page with another query.
pub fn with_query(query: &str) -> String {
    let location = web_sys::window().map(|window| window.location());
    let part = |part: Option<Result<String, JsValue>>| part.and_then(Result::ok).unwrap_or_default();
    let origin = part(location.as_ref().map(|location| location.origin()));
    let path = part(location.as_ref().map(|location| location.pathname()));
    // A page from a file has no origin.
    let origin = if origin == "null" { "file://".to_owned() } else { origin };
    format!("{origin}{path}?{query}")
}

/// Keeps the address at `query` from its first change on.
pub fn follow(query: Memo<String>) {
    let delay = Delay::of_millis(QUIET_MILLIS);
    on_change(move || query.get(), move |query| delay.restart(Box::new(move || replace(&query))));
}

/// Calls `act` with the query when the reader goes back or forward to another one.
pub fn on_return(act: Box<dyn Fn(String)>) {
    if let Some(window) = web_sys::window() {
        listen(&window, "popstate", Box::new(move |_| act(query())));
    }
}

/// Puts another query into the address, with a way back to the one before.
pub fn visit(query: &str) {
    if let Some(history) = web_sys::window().and_then(|window| window.history().ok()) {
        // Refused inside some frames; the page works without it.
        let _ = history.push_state_with_url(&JsValue::NULL, "", Some(&format!("?{query}")));
    }
}

fn replace(query: &str) {
    if let Some(history) = web_sys::window().and_then(|window| window.history().ok()) {
        // Refused when it changes too often or inside some frames; the page works without it.
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&format!("?{query}")));
    }
}
