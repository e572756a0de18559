//! A choice from a short list.

use leptos::html;
use leptos::prelude::*;
use ridgepoint_calculator::options::{Choice, Group};

use super::piece::{Piece, Tag, patch, tag};
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
    #[prop(into)]
    value: Signal<String>,
    /// Takes the id of another choice.
    on_change: Callback<String>,
) -> impl IntoView {
    let list = NodeRef::<html::Select>::new();
    let mut drawn = Vec::new();
    effect(move || {
        if let Some(list) = list.get() {
            let pieces: Vec<Piece> = groups().iter().map(|group| Piece::Element(heading(group))).collect();
            patch(&list, &drawn, &pieces);
            drawn = pieces;
            // Only now is there a choice of that id.
            list.set_value(&value.get());
        }
    });
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <select id=id node_ref=list on:change=move |event| on_change.run(event_target_value(&event))></select>
        </div>
    }
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
