//! How many requests at once, and how long they are.

use leptos::prelude::*;
use ridgepoint_calculator::link::{MAX_BATCH, MAX_TOKENS};
use ridgepoint_calculator::options;
use ridgepoint_calculator::scenario::Scenario;

use super::part;
use crate::widgets::Slider;

/// The load.
#[component]
pub fn WorkloadPanel(
    /// The scenario.
    scenario: RwSignal<Scenario>,
) -> impl IntoView {
    let batch = part(scenario, |scenario| scenario.workload.batch);
    let prompt = part(scenario, |scenario| scenario.workload.prompt_tokens);
    let output = part(scenario, |scenario| scenario.workload.output_tokens);
    let set_batch = Callback::new(move |value| scenario.update(|scenario| scenario.workload.batch = value));
    let set_prompt = Callback::new(move |value| scenario.update(|scenario| scenario.workload.prompt_tokens = value));
    let set_output = Callback::new(move |value| scenario.update(|scenario| scenario.workload.output_tokens = value));
    view! {
        <fieldset>
            <legend>"Workload"</legend>
            <Slider label="Concurrent sequences" id="batch" stops=options::BATCH most=MAX_BATCH value=batch on_change=set_batch/>
            <Slider label="Prompt tokens" id="prompt" stops=options::PROMPT_TOKENS most=MAX_TOKENS value=prompt on_change=set_prompt/>
            <Slider label="Output tokens" id="output" stops=options::OUTPUT_TOKENS most=MAX_TOKENS value=output on_change=set_output/>
        </fieldset>
    }
}
