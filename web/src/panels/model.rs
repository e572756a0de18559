//! Which model.

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
) -> impl IntoView {
    let value = part(scenario, |scenario| scenario.model.id().to_owned());
    let choose = Callback::new(move |id| scenario.update(|scenario| scenario.model = ModelChoice::Catalogue(id)));
    let facts = memo(move || report.with(facts::model));
    view! {
        <fieldset>
            <legend>"Model"</legend>
            <Combobox label="Model" id="model" groups=options::models() value on_change=choose/>
            <FactList facts/>
        </fieldset>
    }
}
