//! Checks `data/calibration/*.json` and reads it into the values that the catalogue packs.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::cell::{CONSTANTS, Cell, HOSTS, Host, METRICS, Schedule, Spread};
use crate::engines::ids;

/// Kinds of weight format and of memory, in the order of their numbers.
const FORMATS: [&str; 4] = ["16-bit", "8-bit", "4-bit", "weight-only"];
const MEMORIES: [&str; 4] = ["HBM", "GDDR for consumers", "GDDR", "other"];

/// Cells, spreads, schedules and hosts, in the order of the fields of `Catalogue`.
pub(crate) type Calibration = (Vec<Cell>, (Vec<Spread>, (Vec<Schedule>, Vec<Host>)));

/// Reads and checks them.
pub(crate) fn read(data: &Path) -> Calibration {
    println!("cargo::rerun-if-changed={}", data.display());
    let schedules = list(&data.join("schedules.json"), |entry| Ok((entry["engine"].clone(), schedule(entry)?)));
    assert!(
        schedules.iter().map(|(engine, _)| engine).eq(&ids()),
        "one schedule for each of {:?}, in this order",
        ids()
    );
    let schedules = schedules.into_iter().map(|(_, schedule)| schedule).collect();
    let hosts = list(&data.join("hosts.json"), |entry| Ok((entry["host"].clone(), host(entry)?)));
    assert!(hosts.iter().map(|(name, _)| name).eq(&HOSTS), "one host for each of {HOSTS:?}, in this order");
    let hosts = hosts.into_iter().map(|(_, host)| host).collect();
    (list(&data.join("cells.json"), cell), (list(&data.join("spreads.json"), spread), (schedules, hosts)))
}

fn sourced(entry: &Value) -> Result<(), String> {
    match entry["source"].as_str() {
        Some(source) if !source.is_empty() => Ok(()),
        Some(_) | None => Err("a figure without a source".into()),
    }
}

fn host(entry: &Value) -> Result<Host, String> {
    sourced(entry)?;
    let figure = |key: &str, units: f64, most: f64| {
        let value = entry[key].as_f64().filter(|value| *value > 0.0 && *value <= most);
        value.map(|value| (value * units).round() as u64).ok_or_else(|| format!("{key} is above 0 and at most {most}"))
    };
    Ok(Host {
        bandwidth: figure("bandwidth_gb_s", 1e3, 1e4)?,
        arithmetic: figure("arithmetic_gflop_s", 1.0, 1e6)?,
        bandwidth_share: figure("bandwidth", 1e4, 1.0)?,
        compute_share: figure("compute", 1e4, 1.0)?,
        launch: figure("launch_us", 1e2, 1e6)?,
    })
}

fn schedule(entry: &Value) -> Result<Schedule, String> {
    sourced(entry)?;
    let count = |key: &str| entry[key].as_u64().filter(|count| *count > 0);
    Ok(Schedule {
        most_requests: count("most_requests"),
        passes_in_flight: count("passes_in_flight"),
        kernels_queued: count("kernels_queued"),
        groups_experts: entry["groups_experts"].as_bool().unwrap_or(true),
        schedules_stages: entry["schedules_stages"].as_bool().unwrap_or(false),
        attention_data_parallel: entry["attention_data_parallel"].as_bool().unwrap_or(false),
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
