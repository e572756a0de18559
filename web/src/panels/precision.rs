//! How the numbers are stored.

use leptos::prelude::*;
use ridgepoint_calculator::options::Group;
use ridgepoint_calculator::scenario::Scenario;
use ridgepoint_calculator::{link, names, options};
use ridgepoint_catalog::find_model;

use super::part;
use crate::widgets::Select;

/// Formats of weights and cache.
#[component]
pub fn PrecisionPanel(scenario: RwSignal<Scenario>) -> impl IntoView {
    let weights = part(scenario, |scenario| {
        scenario.weights.map_or("native", |format| names::weight_format(format).id).to_owned()
    });
    let model = part(scenario, |scenario| scenario.model.clone());
    let formats = Memo::new(move |_| model.with(|model| formats_for(model)));
    let kv = part(scenario, |scenario| names::kv_format(scenario.kv).id.to_owned());
    let set_weights =
        Callback::new(move |id: String| scenario.update(|scenario| scenario.weights = link::weight_format(&id)));
    let set_kv = Callback::new(move |id: String| {
        if let Some(format) = names::KV_FORMATS.into_iter().find(|format| names::kv_format(*format).id == id) {
            scenario.update(|scenario| scenario.kv = format);
        }
    });
    view! {
        <fieldset>
            <legend>"Precision"</legend>
            <div class="pair">
                <Select label="Weights" id="weights" groups=formats value=weights on_change=set_weights/>
                <Select label="KV cache" id="kv" groups=options::kv_formats() value=kv on_change=set_kv/>
            </div>
        </fieldset>
    }
}

/// All weight formats, the one in which the model is published first.
fn formats_for(model: &str) -> Vec<Group> {
    let native = find_model(model).map(|entry| options::native_format(entry.model().native_format));
    let mut groups = vec![Group { label: String::new(), choices: native.into_iter().collect() }];
    groups.extend(options::weight_formats());
    groups
}
