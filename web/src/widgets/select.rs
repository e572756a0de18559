//! A choice from a short list.

use leptos::prelude::*;
use ridgepoint_calculator::options::{Choice, Group};

use wasm_bindgen::JsCast;
use web_sys::HtmlSelectElement;

use super::piece::{Piece, Tag, patch, tag};
use crate::element::{El, el};
use crate::signals::effect;

/// The browser's own list of choices, under headings where there are several.
#[component]
pub fn Select(
    /// What is chosen.
    label: &'static str,
    /// The id of the control, unique in the page.
    id: &'static str,
    /// The choices.
    groups: Box<dyn Fn() -> Vec<Group>>,
    /// The chosen id.
    value: Memo<String>,
    /// Takes the id of another choice.
    on_change: Callback<String>,
) -> El {
    let list = el("select").with("id", id).on("change", move |event| on_change.run(event_target_value(&event)));
    let node = list.node().clone().unchecked_into::<HtmlSelectElement>();
    let mut drawn = Vec::new();
    effect(move || {
        let pieces: Vec<Piece> = groups().iter().map(|group| Piece::Element(heading(group))).collect();
        patch(&node, &drawn, &pieces);
        drawn = pieces;
        // Only now is there a choice of that id.
        node.set_value(&value.get());
    });
    el("div").class("field").child(el("label").with("for", id).text(label)).child(list)
}
fn heading(group: &Group) -> Tag {
    tag("optgroup").with("label", &group.label).children(group.choices.iter().map(option))
}

fn option(choice: &Choice) -> Tag {
    let option = tag("option").with("value", &choice.id);
    match choice.detail.as_str() {
        "" => option.text(&choice.name),
        detail => option.text(format!("{} ({detail})", choice.name)),
    }
}
