//! One of two or three short choices, all in sight.

use leptos::prelude::*;

/// Radio buttons that look like one switch.
#[component]
pub fn Segmented(
    /// What is chosen.
    label: &'static str,
    /// The name that the radio buttons share, unique in the page.
    name: &'static str,
    /// Names of the choices.
    choices: &'static [&'static str],
    /// The chosen one, by index.
    #[prop(into)]
    value: Signal<usize>,
    /// Takes the index of another choice.
    on_change: Callback<usize>,
) -> impl IntoView {
    let radio = move |(index, words): (usize, &'static str)| {
        view! {
            <label>
                <input type="radio" name=name prop:checked=move || value.get() == index on:change=move |_| on_change.run(index)/>
                <span>{words}</span>
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
