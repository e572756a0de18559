//! Which engine runs it, how it is spread over the devices, and the engine's own settings.

use leptos::prelude::*;
use ridgepoint_calculator::link::{MAX_BATCH, MAX_DEVICES, MAX_TOKENS};
use ridgepoint_calculator::scenario::{Degree, Scenario};
use ridgepoint_calculator::{names, numbers, options};
use ridgepoint_core::Engine;

use super::{Setting, part};
use crate::widgets::{Select, count_within};

/// Engine, layout and settings, folded away: the calculator's own choice is a good one.
#[component]
pub fn EnginePanel(
    /// The scenario.
    scenario: RwSignal<Scenario>,
) -> impl IntoView {
    let engine = part(scenario, |scenario| names::engine(scenario.engine).id.to_owned());
    let set_engine = Callback::new(move |id: String| {
        if let Some(engine) = Engine::ALL.into_iter().find(|engine| names::engine(*engine).id == id) {
            scenario.update(|scenario| scenario.engine = engine);
        }
    });
    view! {
        <fieldset>
            <legend>"Engine and layout"</legend>
            <Select label="Engine" id="engine" groups=Box::new(options::engines) value=engine on_change=set_engine/>
            <details>
                <summary>"Parallel layout and engine settings"</summary>
                <div class="pair">
                    <Setting scenario label="Tensor parallel" id="tp" read=|s| degree(s.layout.tensor) write=|s, typed| parse_degree(typed).map(|to| s.layout.tensor = to)/>
                    <Setting scenario label="Pipeline parallel" id="pp" read=|s| degree(s.layout.pipeline) write=|s, typed| parse_degree(typed).map(|to| s.layout.pipeline = to)/>
                    <Setting scenario label="Expert parallel" id="ep" read=|s| degree(s.layout.expert) write=|s, typed| parse_degree(typed).map(|to| s.layout.expert = to)/>
                    <Setting scenario label="Data parallel" id="dp" read=|s| degree(s.layout.data) write=|s, typed| parse_degree(typed).map(|to| s.layout.data = to)/>
                    <Setting scenario label="Memory fraction" id="util" read=|s| fraction(s.settings.memory_fraction) write=|s, typed| parse_fraction(typed).map(|to| s.settings.memory_fraction = to)/>
                    <Setting scenario label="Tokens per pass" id="chunk" read=|s| count(s.settings.tokens_per_pass) write=|s, typed| parse_count(typed, MAX_TOKENS).map(|to| s.settings.tokens_per_pass = to)/>
                    <Setting scenario label="Most requests" id="max-seqs" read=|s| count(s.settings.max_sequences) write=|s, typed| parse_count(typed, MAX_BATCH).map(|to| s.settings.max_sequences = to)/>
                </div>
            </details>
        </fieldset>
    }
}

fn degree(degree: Degree) -> String {
    match degree {
        Degree::Auto => "auto".to_owned(),
        Degree::Of(count) => numbers::count(count),
    }
}

fn parse_degree(typed: &str) -> Result<Degree, String> {
    match typed {
        "" | "auto" | "Auto" => Ok(Degree::Auto),
        typed => count_within(typed, MAX_DEVICES).map(Degree::Of),
    }
}

fn count(count: Option<u64>) -> String {
    count.map_or_else(|| "default".to_owned(), numbers::count)
}

fn parse_count(typed: &str, most: u64) -> Result<Option<u64>, String> {
    match typed {
        "" | "default" => Ok(None),
        typed => count_within(typed, most).map(Some),
    }
}

fn fraction(fraction: Option<f64>) -> String {
    fraction.map_or_else(|| "default".to_owned(), numbers::decimal)
}

fn parse_fraction(typed: &str) -> Result<Option<f64>, String> {
    match typed {
        "" | "default" => Ok(None),
        typed => match numbers::parse_decimal(typed) {
            Some(fraction) if fraction > 0.0 && fraction <= 1.0 => Ok(Some(fraction)),
            Some(_) | None => Err("enter a fraction above 0 and at most 1, such as 0.9".to_owned()),
        },
    }
}
