//! The page.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

pub mod app;
pub mod browser;
pub mod draw;
pub mod panels;
pub mod widgets;

/// Shows the calculator inside the element `#app`, or in the body of a page that has none.
pub fn mount() {
    browser::panic::show_in_page();
    let place = document().get_element_by_id("app").and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok());
    match place {
        Some(place) => mount_to(place, app::App).forget(),
        None => mount_to_body(app::App),
    }
}
