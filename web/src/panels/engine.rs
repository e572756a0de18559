//! Which engine runs it, how it is spread over the devices, and the engine's own settings.

use leptos::prelude::*;
use ridgepoint_calculator::link::{MAX_BATCH, MAX_DEVICES, MAX_TOKENS};
use ridgepoint_calculator::scenario::{Degree, Scenario};
use ridgepoint_calculator::{names, numbers, options};
use ridgepoint_core::Engine;

use super::part;
use crate::widgets::{CheckedField, Select, count_within};

/// Engine, layout and settings, folded away: the calculator's own choice is a good one.
#[component]
pub fn EnginePanel(scenario: RwSignal<Scenario>) -> impl IntoView {
    let engine = part(scenario, |scenario| names::engine(scenario.engine).id.to_owned());
    let set_engine = Callback::new(move |id: String| {
        if let Some(engine) = Engine::ALL.into_iter().find(|engine| names::engine(*engine).id == id) {
            scenario.update(|scenario| scenario.engine = engine);
        }
    });
    view! {
        <fieldset>
            <legend>"Engine and layout"</legend>
            <Select label="Engine" id="engine" groups=options::engines() value=engine on_change=set_engine/>
            <details>
                <summary>"Parallel layout and engine settings"</summary>
                <div class="pair">
                    <DegreeField scenario label="Tensor parallel" id="tp" degree=|scenario| &mut scenario.layout.tensor/>
                    <DegreeField scenario label="Pipeline parallel" id="pp" degree=|scenario| &mut scenario.layout.pipeline/>
                    <DegreeField scenario label="Expert parallel" id="ep" degree=|scenario| &mut scenario.layout.expert/>
                    <DegreeField scenario label="Data parallel" id="dp" degree=|scenario| &mut scenario.layout.data/>
                    <CountField scenario label="Tokens per pass" id="chunk" most=MAX_TOKENS count=|scenario| &mut scenario.settings.tokens_per_pass/>
                    <CountField scenario label="Most requests" id="max-seqs" most=MAX_BATCH count=|scenario| &mut scenario.settings.max_sequences/>
                </div>
            </details>
        </fieldset>
    }
}

/// A degree of parallelism, or "auto".
#[component]
fn DegreeField(
    scenario: RwSignal<Scenario>,
    label: &'static str,
    id: &'static str,
    degree: fn(&mut Scenario) -> &mut Degree,
) -> impl IntoView {
    let text = Memo::new(move |_| match *degree(&mut scenario.get()) {
        Degree::Auto => "auto".to_owned(),
        Degree::Of(count) => numbers::count(count),
    });
    let accept = Callback::new(move |typed: String| {
        let chosen = match typed.trim() {
            "" | "auto" | "Auto" => Degree::Auto,
            typed => Degree::Of(count_within(typed, MAX_DEVICES)?),
        };
        scenario.update(|scenario| *degree(scenario) = chosen);
        Ok(())
    });
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <CheckedField id text accept/>
        </div>
    }
}

/// A setting that the engine has a default for.
#[component]
fn CountField(
    scenario: RwSignal<Scenario>,
    label: &'static str,
    id: &'static str,
    most: u64,
    count: fn(&mut Scenario) -> &mut Option<u64>,
) -> impl IntoView {
    let text = Memo::new(move |_| count(&mut scenario.get()).map_or_else(|| "default".to_owned(), numbers::count));
    let accept = Callback::new(move |typed: String| {
        let chosen = match typed.trim() {
            "" | "default" => None,
            typed => Some(count_within(typed, most)?),
        };
        scenario.update(|scenario| *count(scenario) = chosen);
        Ok(())
    });
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <CheckedField id text accept/>
        </div>
    }
}
