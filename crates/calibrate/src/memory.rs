//! How near the engine models come to what engines logged and tools read (`tests/measured/memory.json`), by engine and
//! figure.
//!
//! Cases whose figures helped to choose a constant are counted apart from those that did not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::{json, link, names};
use serde_json::{Value, json};

/// One measured figure against the calculator's.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The engine's name.
    pub engine: &'static str,
    /// What was measured.
    pub figure: &'static str,
    /// Whether no constant was chosen by it.
    pub is_held_out: bool,
    /// The case that it belongs to.
    pub case: String,
    /// Where it was published.
    pub source: String,
    /// Distance as a share of the measurement; 1 where the calculator has no figure.
    pub off: f64,
    /// Whether the distance is within what the measurement allows.
    pub is_within: bool,
}

/// What figures are called, by the end of their paths.
const FIGURES: [(&str, &str); 16] = [
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
    ("components.cuda_graphs", "CUDA graphs"),
];

/// The measured figures of `cases`, which is the text of `tests/measured/memory.json`.
///
/// # Errors
///
/// Names the case whose query, figure or split cannot be read.
pub fn rows(cases: &str) -> Result<Vec<Row>, String> {
    let cases: Value = serde_json::from_str(cases).map_err(|error| error.to_string())?;
    let mut rows = Vec::new();
    for case in cases["cases"].as_array().ok_or("cases is a list")? {
        let text = |key: &str| case[key].as_str().ok_or_else(|| format!("{case}: no {key}"));
        let (id, source) = (text("id")?, text("source")?);
        let is_held_out = match text("split")? {
            "fit" => false,
            "hold-out" => true,
            other => return Err(format!("{id}: neither fit nor hold-out: {other}")),
        };
        let read = link::decode(text("query")?);
        if !read.notices.is_empty() || source.is_empty() {
            return Err(format!("{id}: {:?}", read.notices));
        }
        let report = json::to_string(&Report::of(&read.scenario), &[]);
        let report: Value = serde_json::from_str(&report).map_err(|error| error.to_string())?;
        for measured in case["measured"].as_array().ok_or_else(|| format!("{id}: nothing measured"))? {
            let path = measured["figure"].as_str().ok_or_else(|| format!("{id}: no figure"))?;
            let value = measured["value"].as_f64().ok_or_else(|| format!("{id}: no value"))?;
            let figure = FIGURES.into_iter().find(|(end, _)| path.ends_with(end));
            let (_, figure) = figure.ok_or_else(|| format!("{id}: not a figure: {path}"))?;
            let distance = predicted(&report, measured, path).map(|predicted| (predicted - value).abs());
            let allowed = |key: &str, scale: f64| measured[key].as_f64().map_or(-1.0, |allowed| allowed * scale);
            let most = allowed("within", value).max(allowed("within_bytes", 1.0));
            rows.push(Row {
                engine: names::engine(read.scenario.engine).label,
                figure,
                is_held_out,
                case: id.into(),
                source: source.into(),
                off: distance.map_or(1.0, |distance| distance / value),
                is_within: distance.is_some_and(|distance| distance <= most * (1.0 + 1e-9)),
            });
        }
    }
    Ok(rows)
}

/// The number at a path of names and list indexes.
fn at<'a>(report: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(report, |value, part| match part.parse::<usize>() {
        Ok(index) => value.get(index),
        Err(_) => value.get(part),
    })
}

/// The calculator's figure: of one device, or the sum over all of them, perhaps without a component.
fn predicted(report: &Value, measured: &Value, path: &str) -> Option<f64> {
    let without = measured["without"].as_str().map(|name| format!("components.{name}"));
    let of_device = |device: &Value, path: &str| {
        let left_out = without.as_ref().and_then(|path| at(device, path)?.as_f64()).unwrap_or(0.0);
        Some(at(device, path)?.as_f64()? - left_out)
    };
    let devices = report["memory"]["devices"].as_array()?;
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

/// The share of `rows` that pass.
pub fn share(rows: &[&Row], passes: impl Fn(&Row) -> bool) -> f64 {
    rows.iter().filter(|row| passes(row)).count() as f64 / rows.len().max(1) as f64
}

/// The distance that `share` of `rows` stay below; 0 where there are none.
pub fn percentile(rows: &[&Row], share: f64) -> f64 {
    let mut off: Vec<f64> = rows.iter().map(|row| row.off).collect();
    off.sort_by(f64::total_cmp);
    let place = share * off.len().saturating_sub(1) as f64;
    let at = |place: f64| off.get(place as usize).copied().unwrap_or(0.0);
    at(place.floor()) + (at(place.ceil()) - at(place.floor())) * place.fract()
}

/// Rows of each engine and figure, in the order of their names.
fn groups(rows: &[Row]) -> BTreeMap<(&str, &str), Vec<&Row>> {
    let mut groups: BTreeMap<(&str, &str), Vec<&Row>> = BTreeMap::new();
    for row in rows {
        groups.entry((row.engine, row.figure)).or_default().push(row);
    }
    groups
}

fn half<'a>(group: &[&'a Row], is_held_out: bool) -> Vec<&'a Row> {
    group.iter().copied().filter(|row| row.is_held_out == is_held_out).collect()
}

/// Errors by engine and figure as entries of `evidence.json`: shares in millionths, and how many sources there are.
pub fn entries(rows: &[Row]) -> Vec<Value> {
    let errors = |rows: &[&Row]| {
        let millionths = |share: f64| (share * 1e6).round() as u64;
        json!({
            "count": rows.len(),
            "median": millionths(percentile(rows, 0.5)),
            "p90": millionths(percentile(rows, 0.9)),
            "worst": millionths(percentile(rows, 1.0)),
            "within": millionths(share(rows, |row| row.is_within)),
        })
    };
    let entry = |((engine, figure), group): ((&str, &str), Vec<&Row>)| {
        let sources: BTreeSet<&str> = group.iter().map(|row| row.source.as_str()).collect();
        json!({
            "engine": engine,
            "figure": figure,
            "fit": errors(&half(&group, false)),
            "held_out": errors(&half(&group, true)),
            "sources": sources.len(),
        })
    };
    groups(rows).into_iter().map(entry).collect()
}

/// The section of `docs/ACCURACY.md`.
pub fn section(rows: &[Row]) -> String {
    let mut text = String::from(
        "\n## Memory\n\n\
         What engines logged and tools read of memory (`tests/measured/memory.json`): errors in per cent, and how many figures are\n\
         within what their measurement allows. **Fit** are cases that helped to choose a constant, **held out** those that did\n\
         not; the rules were written knowing most of both. KV, state and weights follow from the model; activations, graphs\n\
         and what libraries take follow from constants of the engines.\n\n\
         | | Fit | median | p90 | worst | within | Held out | median | p90 | worst | within | Sources |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    let errors = |rows: &[&Row]| {
        let percent = |share: f64| if rows.is_empty() { String::new() } else { format!("{:.1}", 100.0 * share) };
        let [median, p90, worst] = [0.5, 0.9, 1.0].map(|part| percent(percentile(rows, part)));
        format!("{} | {median} | {p90} | {worst} | {}", rows.len(), percent(share(rows, |row| row.is_within)))
    };
    for ((engine, figure), group) in groups(rows) {
        let sources: BTreeSet<&str> = group.iter().map(|row| row.source.as_str()).collect();
        let (fit, held_out) = (errors(&half(&group, false)), errors(&half(&group, true)));
        let _ = writeln!(text, "| {engine}, {figure} | {fit} | {held_out} | {} |", sources.len());
    }
    text += "\nOutside of what their measurement allows; the notes of the cases say what is known of why:\n\n";
    for row in rows.iter().filter(|row| !row.is_within) {
        let _ = writeln!(text, "- {}, {}: {:.1} %", row.case, row.figure, 100.0 * row.off);
    }
    text += "\nSources:\n\n";
    let sources: BTreeSet<&str> = rows.iter().map(|row| row.source.as_str()).collect();
    for source in sources {
        let _ = writeln!(text, "- {source}");
    }
    text
}
