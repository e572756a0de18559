//! Checks `data/calibration/*.json` and reads it into the values that the catalogue packs.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::cell::{CONSTANTS, Cell, METRICS, Schedule, Spread};
use crate::engines::ids;

/// Kinds of weight format and of memory, in the order of their numbers.
const FORMATS: [&str; 4] = ["16-bit", "8-bit", "4-bit", "weight-only"];
const MEMORIES: [&str; 4] = ["HBM", "GDDR for consumers", "GDDR", "other"];

/// Reads and checks the cells, the spreads and the schedules.
pub(crate) fn read(data: &Path) -> (Vec<Cell>, (Vec<Spread>, Vec<Schedule>)) {
    println!("cargo::rerun-if-changed={}", data.display());
    let schedules = list(&data.join("schedules.json"), |entry| Ok((entry["engine"].clone(), schedule(entry)?)));
    assert!(
        schedules.iter().map(|(engine, _)| engine).eq(&ids()),
        "one schedule for each of {:?}, in this order",
        ids()
    );
    let schedules = schedules.into_iter().map(|(_, schedule)| schedule).collect();
    (list(&data.join("cells.json"), cell), (list(&data.join("spreads.json"), spread), schedules))
}

fn schedule(entry: &Value) -> Result<Schedule, String> {
    match entry["source"].as_str() {
        Some(source) if !source.is_empty() => {}
        Some(_) | None => return Err("a figure without a source".into()),
    }
    let count = |key: &str| entry[key].as_u64().filter(|count| *count > 0);
    Ok(Schedule {
        most_requests: count("most_requests"),
        passes_in_flight: count("passes_in_flight"),
        groups_experts: entry["groups_experts"].as_bool().unwrap_or(true),
    })
}

fn list<T>(path: &Path, read: fn(&Value) -> Result<T, String>) -> Vec<T> {
    let place = path.display();
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{place}: {error}"));
    let file: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{place}: {error}"));
    assert!(file["source"].as_str().is_some_and(|source| !source.is_empty()), "{place}: no source");
    let entries = file["entries"].as_array().unwrap_or_else(|| panic!("{place}: entries is a list"));
    entries.iter().map(|entry| read(entry).unwrap_or_else(|error| panic!("{place}: {entry}: {error}"))).collect()
}

fn cell(entry: &Value) -> Result<Cell, String> {
    let constants = CONSTANTS.iter().map(|&(name, units)| {
        let value = entry[name].as_f64().ok_or_else(|| format!("{name} is missing"))?;
        // An efficiency above 1 or a negative cost is not physics.
        let most = match name {
            "exposed" => 2.0,
            _ if name.ends_with("_us") => 1e6,
            _ => 1.0,
        };
        let least = if name.ends_with("_us") || name == "queue" || name == "exposed" { 0.0 } else { 0.001 };
        if !(least..=most).contains(&value) {
            return Err(format!("{name} is {value}, outside {least} to {most}"));
        }
        Ok((value * units).round() as u64)
    });
    Ok(Cell {
        engine: place(&entry["engine"], &ids())?,
        before: entry["before"].as_u64(),
        format: place(&entry["format"], &FORMATS)?,
        memory: place(&entry["memory"], &MEMORIES)?,
        family: entry["family"].as_str().map(|family| &*family.to_owned().leak()),
        constants: constants.collect::<Result<_, _>>()?,
    })
}

fn spread(entry: &Value) -> Result<Spread, String> {
    let thousandths = |key: &str| {
        let ratio = entry[key].as_f64().filter(|ratio| (0.01..=100.0).contains(ratio));
        ratio.map(|ratio| (ratio * 1e3).round() as u64).ok_or_else(|| format!("{key} is a ratio"))
    };
    let metric = place(&entry["metric"], &METRICS)?.ok_or("metric is missing")?;
    Ok(Spread {
        engine: place(&entry["engine"], &ids())?,
        metric,
        low: thousandths("low")?,
        high: thousandths("high")?,
    })
}

/// The place of a name in a list; `None` where there is none.
fn place(name: &Value, names: &[&str]) -> Result<Option<u8>, String> {
    match name.as_str() {
        None => Ok(None),
        Some(name) => match names.iter().position(|known| *known == name) {
            Some(place) => Ok(Some(place as u8)),
            None => Err(format!("{name} is not one of {names:?}")),
        },
    }
}
