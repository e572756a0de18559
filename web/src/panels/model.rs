//! Which model.

use leptos::prelude::*;
use leptos::task::spawn_local;
use ridgepoint_calculator::scenario::{ModelChoice, Scenario};
use ridgepoint_calculator::{facts, link, options, report::Report};

use super::part;
use crate::browser::importer;
use crate::element::{El, el};
use crate::widgets::{Combobox, FactList};

/// The choice of a model, and what it is.
#[component]
pub fn ModelPanel(
    /// The scenario.
    scenario: RwSignal<Scenario>,
    /// What follows from it.
    report: Memo<Report>,
    /// Where to say that the dialog for other models cannot be had.
    notices: RwSignal<Vec<String>>,
) -> El {
    let value = part(scenario, |scenario| scenario.model.selected());
    let choose = Callback::new(move |id| scenario.update(|scenario| scenario.model = ModelChoice::Catalogue(id)));
    let take = move |custom, format: Option<String>| {
        let format = format.and_then(|id| link::weight_format(&id));
        scenario.update(|scenario| scenario.take_custom(custom, format));
    };
    let open = move |_| {
        spawn_local(async move {
            match importer::load().await {
                Ok(importer) => importer.open(take),
                Err(problem) => notices.set(vec![problem]),
            }
        });
    };
    let facts = move || report.with(facts::model);
    let other = el("button")
        .with("type", "button")
        .class("plain other")
        .with("aria-haspopup", "dialog")
        .text("Other model…")
        .on("click", open);
    el("fieldset")
        .child(el("legend").text("Model"))
        .child(other)
        .child(view! { <Combobox label="Model" id="model" groups=options::models() value on_change=choose/> })
        .child(view! { <FactList facts=Box::new(facts)/> })
}
