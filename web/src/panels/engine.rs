//! Which engine runs it, how it is spread over the devices, and the engine's own settings.

use leptos::prelude::*;
use ridgepoint_calculator::link::{MAX_BATCH, MAX_DEVICES, MAX_LAYERS, MAX_TOKENS};
use ridgepoint_calculator::options::NEWEST;
use ridgepoint_calculator::scenario::{Degree, Scenario};
use ridgepoint_calculator::{names, numbers, options};
use ridgepoint_core::Engine;

use super::part;
use super::setting::{EVERY, Setting};
use crate::element::{El, el};
use crate::widgets::{Select, count_within};

/// Engine, layout and settings, folded away: the calculator's own choice is a good one.
#[component]
pub fn EnginePanel(
    /// The scenario.
    scenario: RwSignal<Scenario>,
) -> El {
    let engine = part(scenario, |scenario| names::engine(scenario.engine).id.to_owned());
    let set_engine = Callback::new(move |id: String| {
        if let Some(engine) = Engine::ALL.into_iter().find(|engine| names::engine(*engine).id == id) {
            // The version of one engine says nothing about another.
            scenario.update(|scenario| (scenario.engine, scenario.engine_version) = (engine, None));
        }
    });
    let version = part(scenario, |scenario| scenario.engine_version.clone().unwrap_or_else(|| NEWEST.to_owned()));
    let set_version = Callback::new(move |id: String| {
        scenario.update(|scenario| scenario.engine_version = Some(id).filter(|id| id != NEWEST));
    });
    let versions = move || scenario.with(options::engine_versions);
    let details = el("details")
        .child(el("summary").text("Parallel layout and engine settings"))
        .child(el("div").class("pair").children(SETTINGS.map(|setting| setting.field(scenario))));
    el("fieldset")
        .child(el("legend").text("Engine and layout"))
        .child(
            el("div")
                .class("pair")
                .child(view! { <Select label="Engine" id="engine" groups=Box::new(options::engines) value=engine on_change=set_engine/> })
                .child(view! { <Select label="Version" id="ev" groups=Box::new(versions) value=version on_change=set_version/> }),
        )
        .child(details)
}

/// Those that bound the requests of a pass.
const SERVERS: &[Engine] = &[Engine::Vllm, Engine::Sglang, Engine::TensorRtLlm];
const WITH_GRAPHS: &[Engine] = &[Engine::Vllm, Engine::Sglang];
const LLAMA_CPP: &[Engine] = &[Engine::LlamaCpp];

/// The settings, in the order of the page.
const SETTINGS: [Setting; 13] = [
    Setting {
        label: "Tensor parallel",
        id: "tp",
        read: |s| degree(s.layout.tensor),
        write: |s, typed| parse_degree(typed).map(|to| s.layout.tensor = to),
        engines: EVERY,
    },
    Setting {
        label: "Pipeline parallel",
        id: "pp",
        read: |s| degree(s.layout.pipeline),
        write: |s, typed| parse_degree(typed).map(|to| s.layout.pipeline = to),
        engines: EVERY,
    },
    Setting {
        label: "Expert parallel",
        id: "ep",
        read: |s| degree(s.layout.expert),
        write: |s, typed| parse_degree(typed).map(|to| s.layout.expert = to),
        engines: EVERY,
    },
    Setting {
        label: "Data parallel",
        id: "dp",
        read: |s| degree(s.layout.data),
        write: |s, typed| parse_degree(typed).map(|to| s.layout.data = to),
        engines: EVERY,
    },
    Setting {
        label: "Memory fraction",
        id: "util",
        read: |s| fraction(s.settings.memory_fraction),
        write: |s, typed| parse_fraction(typed).map(|to| s.settings.memory_fraction = to),
        engines: EVERY,
    },
    Setting {
        label: "Tokens per pass",
        id: "chunk",
        read: |s| count(s.settings.tokens_per_pass),
        write: |s, typed| parse_count(typed, MAX_TOKENS).map(|to| s.settings.tokens_per_pass = to),
        engines: EVERY,
    },
    Setting {
        label: "Most requests",
        id: "max-seqs",
        read: |s| count(s.settings.max_sequences),
        write: |s, typed| parse_count(typed, MAX_BATCH).map(|to| s.settings.max_sequences = to),
        engines: SERVERS,
    },
    Setting {
        label: "CUDA graphs",
        id: "eager",
        read: |s| switch(s.settings.eager != Some(true)),
        write: |s, typed| parse_switch(typed).map(|on| s.settings.eager = (!on).then_some(true)),
        engines: WITH_GRAPHS,
    },
    Setting {
        label: "Layers on devices",
        id: "ngl",
        read: |s| count(s.settings.device_layers),
        write: |s, typed| parse_layers(typed).map(|to| s.settings.device_layers = to),
        engines: LLAMA_CPP,
    },
    Setting {
        label: "Flash attention",
        id: "fa",
        read: |s| switch(s.settings.flash_attention != Some(false)),
        write: |s, typed| parse_switch(typed).map(|on| s.settings.flash_attention = (!on).then_some(false)),
        engines: LLAMA_CPP,
    },
    Setting {
        label: "Expert layers in RAM",
        id: "cpu-moe",
        read: |s| numbers::count(s.settings.cpu_expert_layers.unwrap_or(0)),
        write: |s, typed| parse_layers(typed).map(|to| s.settings.cpu_expert_layers = to.filter(|&layers| layers > 0)),
        engines: LLAMA_CPP,
    },
    Setting {
        label: "One cache for all slots",
        id: "kvu",
        read: |s| s.settings.unified_cache.map_or_else(|| "default".to_owned(), switch),
        write: |s, typed| {
            s.settings.unified_cache = match typed {
                "" | "default" => None,
                typed => Some(parse_switch(typed)?),
            };
            Ok(())
        },
        engines: LLAMA_CPP,
    },
    Setting {
        label: "Full cache in windows",
        id: "swa-full",
        read: |s| switch(s.settings.full_sliding_cache == Some(true)),
        write: |s, typed| parse_switch(typed).map(|on| s.settings.full_sliding_cache = on.then_some(true)),
        engines: LLAMA_CPP,
    },
];

fn switch(is_on: bool) -> String {
    if is_on { "on" } else { "off" }.to_owned()
}

fn parse_switch(typed: &str) -> Result<bool, String> {
    match typed.to_ascii_lowercase().as_str() {
        "on" | "" => Ok(true),
        "off" => Ok(false),
        _ => Err("enter on or off".to_owned()),
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

/// None of the layers is a choice too.
fn parse_layers(typed: &str) -> Result<Option<u64>, String> {
    if typed == "0" { Ok(Some(0)) } else { parse_count(typed, MAX_LAYERS) }
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
