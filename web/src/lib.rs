//! The page.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use app::{App, AppProps};
use panels::{Embedded, EmbeddedProps};

pub mod app;
pub mod browser;
pub mod draw;
pub mod element;
pub mod further;
pub mod import;
pub mod panels;
pub mod shared;
pub mod signals;
pub mod widgets;

/// Shows the calculator inside the element `#app`, or in the body of a page that has none.
pub async fn mount() {
    let link = browser::importer::read_link(browser::url::query()).await;
    let place = document().get_element_by_id("app").and_then(|element| element.dyn_into().ok());
    let Some(place) = place.or_else(|| document().body()) else { return };
    if link.presentation.embed {
        mount_to(place, || Embedded(EmbeddedProps { link })).forget();
    } else {
        mount_to(place, || App(AppProps { link })).forget();
    }
}

/// Takes the models and devices of `catalogue.bin`, or says in a sentence that it is not the file of this build.
pub fn install(catalogue: Vec<u8>) -> Result<(), String> {
    ridgepoint_catalog::catalogue::install(catalogue).map_err(|_| OTHER_BUILD.to_owned())
}

/// What is said when files of two builds come together.
pub const OTHER_BUILD: &str = "the page has changed while it was loading: load it again";
