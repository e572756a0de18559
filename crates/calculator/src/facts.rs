//! A few short facts on the chosen model and hardware, shown where they are chosen.

use ridgepoint_catalog::devices::{Confidence, find_device};
use ridgepoint_core::{Latent, WeightFormat};

use crate::capacity::Formats;
use crate::link;
use crate::names;
use crate::numbers;
use crate::report::Report;

/// A label and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is.
    pub label: &'static str,
    /// The value with its unit.
    pub value: String,
}

fn fact(label: &'static str, value: impl Into<String>) -> Fact {
    Fact { label, value: value.into() }
}

/// Facts on the model.
pub fn model(report: &Report) -> Vec<Fact> {
    let model = &report.model;
    let total = model.parameters.total();
    let mut facts = vec![fact("Parameters", numbers::parameters(total).to_string())];
    if model.parameters.active != total {
        facts.push(fact("Active per token", numbers::parameters(model.parameters.active).to_string()));
    }
    facts.push(fact("Weights", numbers::bytes(model.weights_bytes).to_string()));
    facts.push(fact("KV cache per token", numbers::bytes(model.kv_bytes_per_token).to_string()));
    if let Some(limit) = model.context_limit {
        facts.push(fact("Context limit", numbers::context(limit)));
    }
    if let Some((latent, size)) = model.latent {
        facts.extend(generated(latent, size));
    }
    facts
}

/// Facts on what a generator makes its pictures or its sound from.
fn generated(latent: Latent, [width, height]: [u64; 2]) -> Vec<Fact> {
    match latent {
        Latent::Image { channels, scale, .. } => {
            let values = latent.values(width, height).map(|values| {
                let (across, down) = (width / scale, height / scale);
                fact("Latent", format!("{channels} × {across} × {down}, {} values", numbers::count(values)))
            });
            let tokens = latent.tokens(width, height).map(|(most, fewest)| {
                let most_words = numbers::count(most);
                let words =
                    if most == fewest { most_words } else { format!("{} to {most_words}", numbers::count(fewest)) };
                fact("Tokens of an image", words)
            });
            values.into_iter().chain(tokens).collect()
        }
        Latent::Sound { semantic, coarse, fine } => {
            let rate = |tokens: u64| numbers::significant(tokens as f64 / 10.0);
            let rates = format!("{} semantic, {} coarse, {} fine", rate(semantic), rate(coarse), rate(fine));
            vec![fact("Tokens of a second", rates)]
        }
    }
}

/// What the devices would hold at most, each with everything else as it is; none where the size of one is not known.
pub fn capacity(report: &Report) -> Vec<Fact> {
    let capacity = report.capacity;
    let Some(most) = capacity.max_batch else { return Vec::new() };
    let bound = |most: u64, limit: u64, unit: &str| match most {
        0 => "none".to_string(),
        most if most >= limit => format!("{} {unit} and more", numbers::count(limit)),
        most => format!("{} {unit}", numbers::count(most)),
    };
    let none = || "none".to_string();
    let weights = |format| {
        if format == WeightFormat::Native {
            return format!("{}, as published", report.model.native_format.label);
        }
        names::weight_format(format).label.into()
    };
    let kv = |format| names::kv_format(format).label.to_owned();
    let pair = |formats: Formats| format!("{}; KV cache: {}", weights(formats.weights), kv(formats.kv));
    let mut facts = vec![
        fact("Largest batch", bound(most, link::MAX_BATCH, "sequences")),
        fact("Longest context", bound(capacity.max_context_tokens.unwrap_or(0), link::MAX_TOKENS, "tokens")),
        fact("Widest weights", capacity.best_weights.map_or_else(none, weights)),
        fact("Widest KV cache", capacity.best_kv.map_or_else(none, kv)),
        fact("Widest of both", capacity.best_formats.map_or_else(none, pair)),
    ];
    if let Some(devices) = capacity.min_devices {
        facts.push(fact("Fewest devices", numbers::count(devices)));
    }
    facts
}

/// Facts on the pictures and the sound in a prompt; none without them.
pub fn media(report: &Report) -> Vec<Fact> {
    match report.model.media_tokens {
        0 => Vec::new(),
        tokens => vec![fact("Media tokens", numbers::count(tokens))],
    }
}

/// Facts on the hardware.
pub fn hardware(report: &Report) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(room) = report.devices.first().and_then(|device| device.room) {
        facts.push(fact("Usable memory", format!("{} GiB", numbers::gib(room.usable))));
    }
    if let Some((precision, roofline)) = report.roofline() {
        facts.push(fact("Bandwidth", numbers::bytes_per_second(roofline.bandwidth).to_string()));
        facts.push(fact(
            "Peak",
            format!("{} {}", numbers::flops_per_second(roofline.peak), names::precision(precision)),
        ));
        facts.push(fact("Ridge point", numbers::intensity(roofline.ridge_point()).to_string()));
    }
    let device = report.devices.first().and_then(|device| find_device(device.id));
    if let Some((link, rate)) = device.and_then(|device| device.scale_up).and_then(|link| Some((link, link.one_way?))) {
        facts.push(fact("Fast link, each way", format!("{}, {}", link.technology, numbers::bytes_per_second(rate))));
    }
    if let Some(link) = device.and_then(|device| device.host_link) {
        facts.push(fact("Host link", link.to_string()));
    }
    if let Some(watts) = device.and_then(|device| device.tdp_watts) {
        facts.push(fact("Power", format!("{} W", numbers::significant(watts))));
    }
    let layout = report.parallelism;
    if layout.devices() > 1 {
        let degrees = [("TP", layout.tensor), ("PP", layout.pipeline), ("EP", layout.expert), ("DP", layout.data)];
        let words: Vec<String> = degrees
            .into_iter()
            .filter(|&(_, degree)| degree > 1)
            .map(|(name, degree)| format!("{name} {degree}"))
            .collect();
        facts.push(fact("Layout", words.join(" × ")));
    }
    facts
}

/// What a reader of the figures should know besides, on each kind of device.
pub fn remarks(report: &Report) -> Vec<String> {
    let mut remarks = Vec::new();
    for device in report.devices.iter().filter_map(|device| find_device(device.id)) {
        let doubt = match device.confidence {
            Confidence::High | Confidence::Medium => "",
            Confidence::Low => "Its figures are announced, reported or estimated. ",
        };
        let remark = format!("{doubt}{}", device.note.unwrap_or_default());
        if !remark.is_empty() {
            remarks.push(format!("{}: {}", device.name, remark.trim_end()));
        }
    }
    remarks.dedup();
    remarks
}
