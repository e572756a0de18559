//! The optional extras of a service, each folded away until somebody asks for it, and what follows from them.

use leptos::prelude::*;
use ridgepoint_calculator::extras::Block;
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::scenario::Scenario;

use super::setting::key_field;
use crate::element::{El, el};
use crate::widgets::piece::{Tag, pieces, tag};

/// A field for each extra, which takes what a link says of it.
#[component]
pub fn ExtrasPanel(
    /// The scenario.
    scenario: RwSignal<Scenario>,
) -> El {
    let folded = |(title, label, key, remark): (&str, &'static str, &'static str, &str)| {
        el("details")
            .child(el("summary").text(title))
            .child(key_field(scenario, label, key, move |changed| scenario.set(changed)))
            .child(el("p").class("remarks").text(remark))
    };
    el("fieldset").child(el("legend").text("Optional extras")).children(EXTRAS.map(folded))
}

/// Each extra with the label of its field, its key in links, and what to type; nothing turns it off.
const EXTRAS: [(&str, &str, &str, &str); 6] = [
    ("Prefix cache", "Hit rate", "prefix", "The share of each prompt that earlier requests left in the cache: 0.5"),
    (
        "Speculative decoding",
        "Model:tokens:acceptance",
        "draft",
        "A model of the catalogue or mtp, tokens drafted in a step, and the chance that one is accepted: llama-3.2-1b:4:0.7",
    ),
    (
        "LoRA adapters",
        "Count:rank:targets",
        "lora",
        "How many stay on the devices, their rank, and attention, mlp or all: 8:16:all",
    ),
    (
        "Disaggregation",
        "Prefill:decode",
        "disagg",
        "Replicas that only read prompts, and replicas that only write answers: 1:2",
    ),
    ("Cost", "Price", "price", "US dollars for an hour of a device, or listed for dated quotes: 2.5"),
    ("Energy", "Energy", "energy", "1 shows the joules of a token at the devices' thermal design power"),
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
