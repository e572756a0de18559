//! Checks `data/evidence.json` and reads it into the values that are packed into `evidence.bin`.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::evidence::{Case, Distances, Errors, Evidence, Floor, Group, Memory};

/// Reads and checks the file.
pub(crate) fn read(path: &Path, version: &'static str) -> Evidence {
    println!("cargo::rerun-if-changed={}", path.display());
    let place = path.display();
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{place}: {error}"));
    let file: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{place}: {error}"));
    let list = |key: &str| file[key].as_array().unwrap_or_else(|| panic!("{place}: {key} is a list"));
    let texts = |key| -> Vec<&'static str> { list(key).iter().map(kept).collect() };
    let evidence = Evidence {
        version,
        groups: list("groups").iter().map(group).collect(),
        sources: texts("sources"),
        labels: texts("labels"),
        cases: list("cases").iter().map(case).collect(),
        memory: list("memory").iter().map(memory).collect(),
    };
    for Case { group, label, source, .. } in &evidence.cases {
        assert!(usize::from(*group) < evidence.groups.len(), "{place}: no group {group}");
        assert!(usize::from(*label) < evidence.labels.len(), "{place}: no label {label}");
        assert!(usize::from(*source) < evidence.sources.len(), "{place}: no source {source}");
    }
    evidence
}

/// A text that stays: the build ends soon.
fn kept(text: &Value) -> &'static str {
    text.as_str().unwrap_or_else(|| panic!("{text} is a text")).to_owned().leak()
}

fn group(entry: &Value) -> Group {
    let errors = |key: &str| {
        let entry = &entry[key];
        let errors = ["mean", "median", "covered"].map(|key| thousandths(&entry[key]));
        let [mean, median, covered] = errors;
        Errors { count: count(&entry["count"]), mean, median, covered }
    };
    let floor = &entry["floor"];
    Group {
        name: kept(&entry["name"]),
        is_rate: entry["unit"] == "tokens/s",
        fit: errors("fit"),
        held_out: errors("held_out"),
        unseen: errors("unseen"),
        floor: Floor { count: count(&floor["count"]), mean: thousandths(&floor["mean"]) },
    }
}

fn memory(entry: &Value) -> Memory {
    let distances = |key: &str| {
        let [count, median, p90, worst, within] =
            ["count", "median", "p90", "worst", "within"].map(|name| count(&entry[key][name]));
        Distances { count, median, p90, worst, within }
    };
    Memory {
        engine: kept(&entry["engine"]),
        figure: kept(&entry["figure"]),
        fit: distances("fit"),
        held_out: distances("held_out"),
        sources: count(&entry["sources"]),
    }
}

/// A line of the list: group, label, source, 1 if held out, measured, predicted, and the bounds of the interval.
fn case(entry: &Value) -> Case {
    let column = |index: usize| number(&entry[index]);
    let (measured, predicted) = (column(4), column(5));
    assert!(measured > 0.0 && predicted > 0.0, "{entry}: no figure");
    let share = |part: f64, whole: f64| (part / whole * 1e3).round() as u64;
    Case {
        group: column(0) as u8,
        label: column(1) as u16,
        source: column(2) as u16,
        is_held_out: column(3) > 0.0,
        measured_millionths: (measured * 1e6).round() as u64,
        predicted_thousandths: share(predicted, measured),
        interval_thousandths: (share(column(6), predicted), share(column(7), predicted)),
    }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is a number"))
}

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is a count"))
}

fn thousandths(value: &Value) -> u64 {
    (number(value) * 1e3).round() as u64
}
