//! One of two or three short choices, all in sight.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};
use crate::signals::flag;

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
    #[prop(into)]
    value: Signal<usize>,
    /// Takes the index of another choice.
    on_change: Callback<usize>,
) -> impl IntoView {
    let radio = move |(index, (glyph, words)): (usize, (Glyph, &'static str))| {
        let is_chosen = flag(move || value.get() == index);
        view! {
            <label title=words>
                <input type="radio" name=name prop:checked=is_chosen on:change=move |_| on_change.run(index)/>
                <span class="face"><Icon glyph/><span class="words">{words}</span></span>
            </label>
        }
    };
    view! {
        <fieldset class="segmented">
            <legend class="sr-only">{label}</legend>
            {choices.iter().copied().enumerate().map(radio).collect_view()}
        </fieldset>
    }
}
