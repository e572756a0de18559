//! The drawer beside the page in which a figure tells how it comes about.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlDialogElement};

use super::later;
use crate::element::{El, el};
use crate::shared::Shared;
use crate::signals::memo;
use crate::widgets::{Glyph, icon};

/// The drawer, and what opens it at a click on an element with a `data-figure`.
pub fn drawer(shared: Shared) -> (El, Box<dyn FnMut(Event)>) {
    let figure = RwSignal::new(None::<String>);
    let is_open = memo(move || usize::from(figure.with(Option::is_some)));
    let close =
        el("button").with("type", "button").with("aria-label", "Close").class("plain close").child(icon(Glyph::Close));
    let title = el("h2").with("id", "drawer-title").text("How the figures come about");
    let head = el("header").child(title).child(close);
    let dialog = el("dialog")
        .class("drawer")
        .with("aria-labelledby", "drawer-title")
        .child(head)
        .child(el("div").class("pieces").rows(is_open, move |_| later(shared, figure.get_untracked())))
        .on("close", move |_| figure.set(None));
    let node: HtmlDialogElement = dialog.node().clone().unchecked_into();
    let shut = node.clone();
    let dialog = dialog.on("click", move |event| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        // A click beside the drawer falls on the dialog itself.
        let closes =
            |target: Element| target == *shut.as_ref() || target.closest(".close").is_ok_and(|found| found.is_some());
        if target.is_some_and(closes) {
            shut.close();
        }
    });
    let open = move |event: Event| {
        let Some(named) = named(&event) else { return };
        figure.set(Some(named));
        // Refused only to a dialog that is open already.
        let _ = node.show_modal();
    };
    (dialog, Box::new(open))
}

fn named(event: &Event) -> Option<String> {
    let target: Element = event.target()?.dyn_into().ok()?;
    target.closest("[data-figure]").ok()??.get_attribute("data-figure")
}
