//! How many requests at once, and how long they are.

use leptos::prelude::*;
use ridgepoint_calculator::link::{MAX_AUDIO_SECONDS, MAX_BATCH, MAX_IMAGES, MAX_TOKENS};
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::scenario::{Media, Scenario};
use ridgepoint_calculator::{facts, numbers, options};

use super::part;
use super::setting::{EVERY, Setting};
use crate::element::{El, el};
use crate::widgets::{FactList, Select, Slider, count_within};

/// The load.
#[component]
pub fn WorkloadPanel(
    /// The scenario.
    scenario: RwSignal<Scenario>,
    /// What follows from it.
    report: Memo<Report>,
) -> El {
    let batch = part(scenario, |scenario| scenario.workload.batch);
    let prompt = part(scenario, |scenario| scenario.workload.prompt_tokens);
    let output = part(scenario, |scenario| scenario.workload.output_tokens);
    let set_batch = Callback::new(move |value| scenario.update(|scenario| scenario.workload.batch = value));
    let set_prompt = Callback::new(move |value| scenario.update(|scenario| scenario.workload.prompt_tokens = value));
    let set_output = Callback::new(move |value| scenario.update(|scenario| scenario.workload.output_tokens = value));
    let kind = part(scenario, |scenario| options::workload_id(scenario.workload).to_owned());
    let kinds = move || scenario.with(|scenario| options::workloads(scenario.workload));
    let set_kind = Callback::new(move |id: String| {
        if let Some(workload) = options::workload(&id) {
            scenario.update(|scenario| scenario.workload = workload);
        }
    });
    // What a link asks for stays in sight, so that it can be taken back.
    let is_blind =
        move || !report.with(|report| report.model.sees) && scenario.with(|scenario| scenario.media.images == 0);
    let is_deaf = move || {
        !report.with(|report| report.model.hears) && scenario.with(|scenario| scenario.media.audio_seconds == 0)
    };
    let pictures = el("div").class("pair").hidden(is_blind).child(IMAGES.field(scenario)).child(SIZE.field(scenario));
    el("fieldset")
        .child(el("legend").text("Workload"))
        .child(view! { <Select label="Kind of use" id="workload" groups=Box::new(kinds) value=kind on_change=set_kind/> })
        .child(view! { <Slider label="Concurrent sequences" id="batch" stops=options::BATCH most=MAX_BATCH value=batch on_change=set_batch/> })
        .child(view! { <Slider label="Prompt tokens" id="prompt" stops=options::PROMPT_TOKENS most=MAX_TOKENS value=prompt on_change=set_prompt/> })
        .child(pictures)
        .child(el("div").hidden(is_deaf).child(AUDIO.field(scenario)))
        .child(view! { <FactList facts=Box::new(move || report.with(facts::media))/> })
        .child(view! { <Slider label="Output tokens" id="output" stops=options::OUTPUT_TOKENS most=MAX_TOKENS value=output on_change=set_output/> })
}

const IMAGES: Setting =
    Setting { label: "Images per prompt", id: "images", read: images, write: set_images, engines: EVERY };
const SIZE: Setting =
    Setting { label: "Pixels of an image", id: "image-size", read: size, write: set_size, engines: EVERY };
const AUDIO: Setting =
    Setting { label: "Audio per prompt (seconds)", id: "audio", read: audio, write: set_audio, engines: EVERY };

fn images(scenario: &Scenario) -> String {
    numbers::count(scenario.media.images)
}

fn set_images(scenario: &mut Scenario, typed: &str) -> Result<(), String> {
    scenario.media.images = count_or_none(typed, MAX_IMAGES)?;
    Ok(())
}

fn size(scenario: &Scenario) -> String {
    format!("{} × {}", scenario.media.width, scenario.media.height)
}

fn set_size(scenario: &mut Scenario, typed: &str) -> Result<(), String> {
    let (width, height) = Media::size(typed).ok_or("enter width and height, such as 1024 x 768")?;
    scenario.media = Media { width, height, ..scenario.media };
    Ok(())
}

fn audio(scenario: &Scenario) -> String {
    numbers::count(scenario.media.audio_seconds)
}

fn set_audio(scenario: &mut Scenario, typed: &str) -> Result<(), String> {
    scenario.media.audio_seconds = count_or_none(typed, MAX_AUDIO_SECONDS)?;
    Ok(())
}

fn count_or_none(typed: &str, most: u64) -> Result<u64, String> {
    match typed {
        "" | "0" => Ok(0),
        typed => count_within(typed, most),
    }
}
