//! Which model.

use leptos::prelude::*;
use ridgepoint_calculator::scenario::Scenario;
use ridgepoint_calculator::{facts, options, report::Report};

use super::part;
use crate::widgets::{Combobox, FactList};

/// The choice of a model, and what it is.
#[component]
pub fn ModelPanel(scenario: RwSignal<Scenario>, report: Memo<Report>) -> impl IntoView {
    let value = part(scenario, |scenario| scenario.model.clone());
    let choose = Callback::new(move |id| scenario.update(|scenario| scenario.model = id));
    let facts = Memo::new(move |_| report.with(facts::model));
    view! {
        <fieldset>
            <legend>"Model"</legend>
            <Combobox label="Model" id="model" groups=options::models() value on_change=choose/>
            <FactList facts/>
        </fieldset>
    }
}
