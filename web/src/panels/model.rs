//! Which model.

use leptos::html::Dialog;
use leptos::prelude::*;
use ridgepoint_calculator::scenario::{ModelChoice, Scenario};
use ridgepoint_calculator::{facts, options, report::Report};

use super::part;
use crate::signals::memo;
use crate::widgets::{Combobox, FactList};

/// The choice of a model, and what it is.
#[component]
pub fn ModelPanel(
    /// The scenario.
    scenario: RwSignal<Scenario>,
    /// What follows from it.
    report: Memo<Report>,
    /// The dialog for models that the list does not have.
    other: NodeRef<Dialog>,
) -> impl IntoView {
    let value = part(scenario, |scenario| scenario.model.selected());
    let choose = Callback::new(move |id| scenario.update(|scenario| scenario.model = ModelChoice::Catalogue(id)));
    let open = move |_| {
        if let Some(dialog) = other.get_untracked() {
            // Refused only to a dialog that is open already.
            let _ = dialog.show_modal();
        }
    };
    let facts = memo(move || report.with(facts::model));
    view! {
        <fieldset>
            <legend>"Model"</legend>
            <button type="button" class="plain other" aria-haspopup="dialog" on:click=open>"Other model…"</button>
            <Combobox label="Model" id="model" groups=options::models() value on_change=choose/>
            <FactList facts/>
        </fieldset>
    }
}
