//! A field that reads and writes one part of the scenario.

use leptos::prelude::*;
use ridgepoint_calculator::scenario::Scenario;

use crate::signals::memo;
use crate::widgets::CheckedField;

/// A field for one part of the scenario.
#[component]
pub fn Setting(
    /// The scenario.
    scenario: RwSignal<Scenario>,
    /// What it sets.
    label: &'static str,
    /// The id of the field, unique in the page.
    id: &'static str,
    /// What the field shows.
    read: fn(&Scenario) -> String,
    /// Takes what was typed, or says what is expected.
    write: fn(&mut Scenario, &str) -> Result<(), String>,
) -> impl IntoView {
    let text = memo(move || scenario.with(read));
    let accept = Callback::new(move |typed: String| {
        // Read into a copy first: a bad value must not wake everything that follows the scenario.
        let mut changed = scenario.get_untracked();
        write(&mut changed, typed.trim())?;
        scenario.set(changed);
        Ok(())
    });
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <CheckedField id text accept/>
        </div>
    }
}
