//! Checks `data/engines/*.json` and writes the profile of each engine's versions as a table, in the order of
//! `Engine::ALL`.
//!
//! A figure is a list of steps, each of which holds from one version to the next. The table has one profile for each
//! version at which any figure of the engine changes.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use crate::origin::Origin;

/// The files in the order of `Engine::ALL`, each with the type of its constants.
const ENGINES: [(&str, &str); 6] = [
    ("vllm", "Vllm"),
    ("sglang", "Sglang"),
    ("tensorrt-llm", "TensorRtLlm"),
    ("llama.cpp", "LlamaCpp"),
    ("transformers", "Transformers"),
    ("mlx", "Mlx"),
];

/// The names of the engines, in the order of `Engine::ALL`.
pub(crate) fn ids() -> [&'static str; 6] {
    ENGINES.map(|(id, _)| id)
}

/// How a figure is known, in the order of `Basis`.
const BASES: [&str; 4] = ["documented", "measured", "fit", "assumed"];

/// Writes `engines.rs` into `out` and gives back where its figures come from, engine by engine.
pub(crate) fn generate(data: &Path, out: &Path) -> Vec<Vec<Origin>> {
    println!("cargo::rerun-if-changed={}", data.display());
    let (entries, origins): (Vec<String>, Vec<Vec<Origin>>) =
        ENGINES.iter().map(|(id, variant)| entry(&data.join(format!("{id}.json")), id, variant)).unzip();
    let table = format!("[{}]", entries.join(",\n"));
    fs::write(out.join("engines.rs"), table).unwrap_or_else(|error| panic!("engines.rs: {error}"));
    origins
}

fn entry(path: &Path, id: &str, variant: &str) -> (String, Vec<Origin>) {
    let place = path.display();
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{place}: {error}"));
    let entry: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{place}: {error}"));
    assert_eq!(entry["id"], id, "{place}: the id should be that of the file");
    let figures = entry["figures"].as_object().unwrap_or_else(|| panic!("{place}: no figures"));
    let mut origins = Vec::new();
    let mut steps_of = |name: &String, figure| {
        let steps = steps(&format!("{place}: {name}"), figure);
        origins.extend(steps.iter().map(|(since, _, origin)| Origin { name: leak(name), since: *since, ..*origin }));
        steps.into_iter().map(|(since, value, _)| (since, value)).collect()
    };
    let steps: Vec<(&String, Vec<(u64, String)>)> =
        figures.iter().map(|(name, figure)| (name, steps_of(name, figure))).collect();
    let versions: BTreeSet<u64> = steps.iter().flat_map(|(_, steps)| steps.iter().map(|(since, _)| *since)).collect();
    let profiles = versions.into_iter().map(|version| {
        let fields: Vec<String> = steps
            .iter()
            .map(|(name, steps)| {
                let step = steps.iter().rev().find(|(since, _)| *since <= version);
                format!("{name}: {}", step.map_or("", |(_, value)| value))
            })
            .collect();
        format!("Version {{ since: {version}, profile: Profile::{variant}({variant} {{ {} }}) }}", fields.join(", "))
    });
    (format!("&[{}]", profiles.collect::<Vec<_>>().join(",\n")), origins)
}

/// A text that lives as long as the build.
fn leak(text: &str) -> &'static str {
    text.to_owned().leak()
}

/// The steps of a figure, oldest first: since which version, the value as an expression, and how it is known.
fn steps(place: &str, figure: &Value) -> Vec<(u64, String, Origin)> {
    let list = figure.as_array().unwrap_or_else(|| panic!("{place}: not a list of steps"));
    let mut steps: Vec<(u64, String, Origin)> = Vec::new();
    for step in list {
        let step = step.as_object().unwrap_or_else(|| panic!("{place}: a step that is not an object"));
        let text = |key: &str| step.get(key).and_then(Value::as_str).unwrap_or_default();
        assert!(!text("source").is_empty(), "{place}: a step without a source");
        let basis = BASES.iter().position(|basis| *basis == text("basis"));
        let basis = basis.unwrap_or_else(|| panic!("{place}: the basis is one of {BASES:?}"));
        let since = version(text("since")).unwrap_or_else(|| panic!("{place}: not a version: {}", text("since")));
        let ordered = steps.last().is_none_or(|(before, ..)| *before < since);
        assert!(ordered, "{place}: the steps are not in the order of versions");
        let origin = Origin { name: "", since, basis: basis as u8, source: leak(text("source")) };
        steps.push((since, value(place, step), origin));
    }
    assert_eq!(steps.first().map(|(since, ..)| *since), Some(0), "{place}: the first step begins at version 0");
    steps
}

/// A version as a number: `0.8.5` is 8,005, `b10644` is 10,644,000,000.
fn version(text: &str) -> Option<u64> {
    let mut parts = text.trim_start_matches('b').split('.').map(|part| part.parse::<u64>().ok());
    let [major, minor, patch] = [parts.next()?, parts.next().unwrap_or(Some(0)), parts.next().unwrap_or(Some(0))];
    Some((major? * 1000 + minor?) * 1000 + patch?)
}

/// The value of a step as an expression; its key is its unit.
fn value(place: &str, step: &Map<String, Value>) -> String {
    let known = |key: &str| step.get(key);
    let count = |value: &Value| value.as_u64().unwrap_or_else(|| panic!("{place}: not a whole number: {value}"));
    if let Some(value) = known("MiB") {
        return format!("Bytes::mib({})", count(value));
    }
    if let Some(value) = known("bytes") {
        return format!("Bytes::new({})", count(value));
    }
    if let Some(value) = known("count") {
        return count(value).to_string();
    }
    if let Some(value) = known("ratio") {
        let ratio = value.as_f64().filter(|ratio| *ratio > 0.0 && *ratio <= 1.0);
        return format!("{:?}", ratio.unwrap_or_else(|| panic!("{place}: above 0 and at most 1: {value}")));
    }
    if let Some(value) = known("holds") {
        return value.as_bool().unwrap_or_else(|| panic!("{place}: not true or false: {value}")).to_string();
    }
    let tiers = known("tiers").and_then(Value::as_array).unwrap_or_else(|| panic!("{place}: a step without a value"));
    let tier = |tier: &Value| {
        let figure = |key: &str| count(&tier[key]);
        let below =
            tier.get("below_gib").map_or("Bytes::new(u64::MAX)".into(), |gib| format!("Bytes::gib({})", count(gib)));
        format!(
            "Tier {{ below: {below}, chunk: {}, graph_batch: {}, graph_batch_wide: {} }}",
            figure("chunk"),
            figure("graph_batch"),
            figure("graph_batch_wide")
        )
    };
    format!("[{}]", tiers.iter().map(tier).collect::<Vec<_>>().join(", "))
}
