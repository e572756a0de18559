//! How near the engine models come to what engines logged and tools read, as a table by engine and figure.
//!
//! Cases whose figures helped to choose a constant are scored apart from those that did not.

use ridgepoint_calculator::link;
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::{json, names};
use ridgepoint_core::Engine;
use serde_json::Value;
use std::collections::BTreeMap;

/// One measured figure against the calculator's.
struct Row {
    engine: &'static str,
    figure: &'static str,
    split: String,
    case: String,
    /// Distance as a share of the measurement.
    off: f64,
    /// Whether the distance is within what the measurement allows.
    within: bool,
}

/// What figures are called in the table, by the end of their paths.
const FIGURES: [(&str, &str); 15] = [
    ("capacity.kv_cache_bytes", "KV pool or allocation"),
    ("capacity.kv_cache_tokens", "KV tokens"),
    ("capacity.max_concurrency", "concurrency"),
    ("kv_bytes_per_token", "KV per token"),
    ("kv_bytes_at_context", "KV at context"),
    ("state_bytes_per_sequence", "state"),
    ("kv_cache_bytes", "KV on a device"),
    ("weights_bytes", "weights"),
    ("minimum_bytes", "minimum"),
    ("total_bytes", "total"),
    ("activation_bytes", "activations"),
    ("components.compute_buffer", "compute buffer"),
    ("components.output_buffer", "output buffer"),
    ("components.context", "context"),
    ("components.non_torch", "non-torch"),
];

fn figure(path: &str) -> &'static str {
    FIGURES.into_iter().find(|(end, _)| path.ends_with(end)).map_or("CUDA graphs", |(_, name)| name)
}

/// The number at a path of names and list indexes.
fn at<'a>(report: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(report, |value, part| match part.parse::<usize>() {
        Ok(index) => value.get(index),
        Err(_) => value.get(part),
    })
}

/// The calculator's figure: of one device, or the sum over all of them, perhaps without a component.
fn predicted(report: &Value, measured: &Value) -> Option<f64> {
    let path = measured["figure"].as_str().expect("a path");
    let without = measured["without"].as_str().map(|name| format!("components.{name}"));
    let of_device = |device: &Value, path: &str| {
        let left_out = without.as_ref().and_then(|path| at(device, path)?.as_f64()).unwrap_or(0.0);
        Some(at(device, path)?.as_f64()? - left_out)
    };
    let devices = report["memory"]["devices"].as_array().expect("a list of devices");
    let place = path.strip_prefix("memory.devices.").and_then(|rest| rest.split_once('.'));
    match (measured["of"].as_str(), place) {
        (Some(_), place) => {
            let path = place.map_or("kv_cache_bytes", |(_, path)| path);
            devices.iter().map(|device| of_device(device, path)).sum()
        }
        (None, Some((index, path))) => of_device(devices.get(index.parse::<usize>().ok()?)?, path),
        (None, None) => at(report, path)?.as_f64(),
    }
}

fn rows() -> Vec<Row> {
    let cases: Value = serde_json::from_str(include_str!("measured/memory.json")).expect("the cases are JSON");
    let mut rows = Vec::new();
    for case in cases["cases"].as_array().expect("a list of cases") {
        let text = |key: &str| case[key].as_str().unwrap_or_else(|| panic!("{case}: no {key}"));
        assert!(!text("source").is_empty() && ["fit", "hold-out"].contains(&text("split")), "{}", text("id"));
        let read = link::decode(text("query"));
        assert!(read.notices.is_empty(), "{}: {:?}", text("id"), read.notices);
        let engine = names::engine(read.scenario.engine).label;
        let report: Value = serde_json::from_str(&json::to_string(&Report::of(&read.scenario), &[])).expect("JSON");
        for measured in case["measured"].as_array().expect("a list of figures") {
            let value = measured["value"].as_f64().expect("a number");
            let distance = predicted(&report, measured).map(|predicted| (predicted - value).abs());
            let allowed = |key: &str, scale: f64| measured[key].as_f64().map_or(-1.0, |allowed| allowed * scale);
            let most = allowed("within", value).max(allowed("within_bytes", 1.0));
            rows.push(Row {
                engine,
                figure: figure(measured["figure"].as_str().expect("a path")),
                split: text("split").into(),
                case: text("id").into(),
                off: distance.map_or(1.0, |distance| distance / value),
                within: distance.is_some_and(|distance| distance <= most * (1.0 + 1e-9)),
            });
        }
    }
    rows
}

/// Share of `rows` that pass, and the distance that `share` of them stay below.
fn share(rows: &[&Row], passes: impl Fn(&Row) -> bool) -> f64 {
    rows.iter().filter(|row| passes(row)).count() as f64 / rows.len().max(1) as f64
}

fn percentile(rows: &[&Row], share: f64) -> f64 {
    let mut off: Vec<f64> = rows.iter().map(|row| row.off).collect();
    off.sort_by(f64::total_cmp);
    let place = share * (off.len().max(1) - 1) as f64;
    let (low, high) = (off[place.floor() as usize], off[place.ceil() as usize]);
    low + (high - low) * place.fract()
}

fn print(title: &str, rows: &[Row]) {
    let mut groups: BTreeMap<(&str, &str, &str), Vec<&Row>> = BTreeMap::new();
    for row in rows {
        groups.entry((row.engine, row.figure, &row.split)).or_default().push(row);
    }
    println!("{title:46} {:>4} {:>9} {:>9} {:>9}", "n", "within %", "median %", "p90 %");
    for ((engine, figure, split), rows) in groups {
        println!(
            "{:46} {:4} {:9.1} {:9.2} {:9.2}",
            format!("{engine}, {figure}, {split}"),
            rows.len(),
            100.0 * share(&rows, |row| row.within),
            100.0 * percentile(&rows, 0.5),
            100.0 * percentile(&rows, 0.9)
        );
    }
    for row in rows.iter().filter(|row| !row.within) {
        println!("outside: {} {} ({}): {:.1} %", row.case, row.figure, row.split, 100.0 * row.off);
    }
}

/// Run with `-- --nocapture` to see the table.
#[test]
fn figures_are_near_the_measured_ones() {
    let rows = rows();
    print("engine, figure, split", &rows);
    let of = |split: &str, figures: &[&str]| -> Vec<&Row> {
        rows.iter().filter(|row| row.split == split && figures.contains(&row.figure)).collect()
    };
    let near = |limit: f64| move |row: &Row| row.off <= limit;
    for split in ["fit", "hold-out"] {
        let all: Vec<&Row> = rows.iter().filter(|row| row.split == split).collect();
        assert!(share(&all, |row| row.within) >= 0.95, "{split}: all figures");
        assert!(share(&of(split, &["weights"]), near(0.01)) >= 0.85, "{split}: weights");
        assert!(share(&of(split, &["total"]), near(0.05)) >= 0.9, "{split}: totals");
    }
    // Exact by construction: no constant enters.
    let exact = of("hold-out", &["KV per token", "KV on a device", "state"]);
    assert!(share(&exact, near(0.005)) >= 0.95, "cache and state");
    assert!(share(&of("hold-out", &["minimum"]), near(0.05)) >= 0.9, "minimum");
    assert!(share(&of("hold-out", &["activations"]), near(0.25)) >= 0.8, "activations");
    assert!(percentile(&of("hold-out", &["KV tokens"]), 0.5) <= 0.04, "KV tokens");
    assert!(share(&of("fit", &["compute buffer"]), near(0.1)) >= 0.9, "compute buffer");
}

#[test]
fn every_engine_with_a_log_is_scored() {
    let rows = rows();
    for engine in Engine::ALL.into_iter().filter(|engine| *engine != Engine::Mlx) {
        let label = names::engine(engine).label;
        assert!(rows.iter().any(|row| row.engine == label), "{label}");
    }
}
