//! A choice from a short list.

use leptos::prelude::*;
use ridgepoint_calculator::options::{Choice, Group};

use crate::signals::flag;

/// The browser's own list of choices, under headings where there are several.
#[component]
pub fn Select(
    /// What is chosen.
    label: &'static str,
    /// The id of the control, unique in the page.
    id: &'static str,
    /// The choices.
    #[prop(into)]
    groups: Signal<Vec<Group>>,
    /// The chosen id.
    #[prop(into)]
    value: Signal<String>,
    /// Takes the id of another choice.
    on_change: Callback<String>,
) -> impl IntoView {
    let option = move |choice: Choice| {
        let own = choice.id.clone();
        let words = if choice.detail.is_empty() { choice.name } else { format!("{} ({})", choice.name, choice.detail) };
        view! { <option value=choice.id selected=flag(move || value.with(|value| *value == own))>{words}</option> }
    };
    let group = move |group: Group| {
        let options = group.choices.into_iter().map(option).collect_view();
        view! { <optgroup label=group.label>{options}</optgroup> }
    };
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <select id=id on:change=move |event| on_change.run(event_target_value(&event))>
                {move || groups.get().into_iter().map(group).collect_view()}
            </select>
        </div>
    }
}
