//! The optional extras of a service, each folded away until somebody asks for it, and what follows from them.

use leptos::prelude::*;
use ridgepoint_calculator::extras::Block;
use ridgepoint_calculator::link;
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::scenario::Scenario;

use super::setting::{EVERY, Setting};
use crate::element::{El, el};
use crate::widgets::piece::{Tag, pieces, tag};

/// A field for each extra, which takes what a link says of it.
#[component]
pub fn ExtrasPanel(
    /// The scenario.
    scenario: RwSignal<Scenario>,
) -> El {
    let folded = |(title, remark, setting): (&str, &str, Setting)| {
        el("details")
            .child(el("summary").text(title))
            .child(setting.field(scenario))
            .child(el("p").class("remarks").text(remark))
    };
    el("fieldset").child(el("legend").text("Optional extras")).children(EXTRAS.map(folded))
}

/// The extras with what to type for each; nothing turns one off.
const EXTRAS: [(&str, &str, Setting); 6] = [
    (
        "Prefix cache",
        "The share of each prompt that earlier requests left in the cache: 0.5",
        Setting {
            label: "Hit rate",
            id: "prefix",
            read: |s| link::value(s, "prefix"),
            write: |s, typed| link::set(s, "prefix", typed),
            engines: EVERY,
        },
    ),
    (
        "Speculative decoding",
        "A model of the catalogue or mtp, tokens drafted in a step, and the chance that one is accepted: llama-3.2-1b:4:0.7",
        Setting {
            label: "Model:tokens:acceptance",
            id: "draft",
            read: |s| link::value(s, "draft"),
            write: |s, typed| link::set(s, "draft", typed),
            engines: EVERY,
        },
    ),
    (
        "LoRA adapters",
        "How many stay on the devices, their rank, and attention, mlp or all: 8:16:all",
        Setting {
            label: "Count:rank:targets",
            id: "lora",
            read: |s| link::value(s, "lora"),
            write: |s, typed| link::set(s, "lora", typed),
            engines: EVERY,
        },
    ),
    (
        "Disaggregation",
        "Replicas that only read prompts, and replicas that only write answers: 1:2",
        Setting {
            label: "Prefill:decode",
            id: "disagg",
            read: |s| link::value(s, "disagg"),
            write: |s, typed| link::set(s, "disagg", typed),
            engines: EVERY,
        },
    ),
    (
        "Cost",
        "US dollars for an hour of a device, or listed for dated quotes: 2.5",
        Setting {
            label: "Price",
            id: "price",
            read: |s| link::value(s, "price"),
            write: |s, typed| link::set(s, "price", typed),
            engines: EVERY,
        },
    ),
    (
        "Energy",
        "1 shows the joules of a token at the devices' thermal design power",
        Setting {
            label: "Energy",
            id: "energy",
            read: |s| link::value(s, "energy"),
            write: |s, typed| link::set(s, "energy", typed),
            engines: EVERY,
        },
    ),
];

/// What follows from the extras that are on; nothing where none is.
pub fn extras_card(report: Memo<Report>) -> El {
    pieces(move || report.with(|report| report.extras().into_iter().flat_map(|block| section(block).only()).collect()))
}

fn section(block: Block) -> Tag {
    let id = format!("{}-title", block.key);
    let facts = block
        .facts
        .into_iter()
        .map(|fact| tag("div").child(tag("dt").text(fact.label)).child(tag("dd").text(fact.value)));
    let notes = block.notes.into_iter().map(|note| tag("p").with("class", "remarks").text(note));
    tag("section")
        .with("class", "card")
        .with("aria-labelledby", id.clone())
        .child(tag("h3").with("id", id).text(block.title))
        .child(tag("dl").with("class", "facts").children(facts))
        .children(notes)
}
