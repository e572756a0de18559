//! One of two or three short choices, all in sight.

use leptos::prelude::*;

use super::icon::{Glyph, icon};
use crate::element::{El, el};

/// Radio buttons that look like one switch.
#[component]
pub fn Segmented(
    /// What is chosen.
    label: &'static str,
    /// The name that the radio buttons share, unique in the page.
    name: &'static str,
    /// Pictures and names of the choices.
    choices: &'static [(Glyph, &'static str)],
    /// The chosen one, by index.
    value: Memo<usize>,
    /// Takes the index of another choice.
    on_change: Callback<usize>,
) -> El {
    let radio = |(index, (glyph, words)): (usize, &(Glyph, &'static str))| {
        let input = el("input").with("type", "radio").with("name", name).checked(move || value.get() == index);
        let face = el("span").class("face").child(icon(*glyph)).child(el("span").class("words").text(words));
        el("label").with("title", words).child(input.on("change", move |_| on_change.run(index))).child(face)
    };
    el("fieldset")
        .class("segmented")
        .child(el("legend").class("sr-only").text(label))
        .children(choices.iter().enumerate().map(radio))
}
