//! How the numbers are stored.

use leptos::prelude::*;
use ridgepoint_calculator::options::SAME;
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::scenario::Scenario;
use ridgepoint_calculator::{link, names, options};
use ridgepoint_core::Engine;

use super::part;
use crate::element::{El, el};
use crate::widgets::Select;

/// Formats of weights and cache.
#[component]
pub fn PrecisionPanel(
    /// The scenario.
    scenario: RwSignal<Scenario>,
    /// What follows from it.
    report: Memo<Report>,
) -> El {
    let weights = part(scenario, |scenario| {
        scenario.weights.map_or("native", |format| names::weight_format(format).id).to_owned()
    });
    let formats = move || report.with(options::weight_formats_for);
    let kv = part(scenario, |scenario| names::kv_format(scenario.kv).id.to_owned());
    let set_weights =
        Callback::new(move |id: String| scenario.update(|scenario| scenario.weights = link::weight_format(&id)));
    let set_kv = Callback::new(move |id: String| {
        if let Some(format) = names::KV_FORMATS.into_iter().find(|format| names::kv_format(*format).id == id) {
            scenario.update(|scenario| scenario.kv = format);
        }
    });
    let values = part(scenario, |scenario| {
        scenario.settings.value_cache.map_or(SAME, |format| names::kv_format(format).id).to_owned()
    });
    let set_values = Callback::new(move |id: String| {
        let format = names::KV_FORMATS.into_iter().find(|format| names::kv_format(*format).id == id);
        scenario.update(|scenario| scenario.settings.value_cache = format);
    });
    let has_values =
        part(scenario, |scenario| scenario.engine == Engine::LlamaCpp || scenario.settings.value_cache.is_some());
    // Only llama.cpp stores values in another format than keys.
    let values = el("div").hidden(move || !has_values.get()).child(
        view! { <Select label="Values of the KV cache" id="kv-values" groups=Box::new(options::value_formats) value=values on_change=set_values/> },
    );
    let pair = el("div")
        .class("pair")
        .child(view! { <Select label="Weights" id="weights" groups=Box::new(formats) value=weights on_change=set_weights/> })
        .child(view! { <Select label="KV cache" id="kv" groups=Box::new(options::kv_formats) value=kv on_change=set_kv/> });
    el("fieldset").child(el("legend").text("Precision")).child(pair).child(values)
}
