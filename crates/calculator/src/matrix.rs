//! Which models on which devices: what would be left of each device, and how fast it would run.

use ridgepoint_catalog::{Device, ModelEntry, devices, find_device, find_model, models};
use ridgepoint_core::Engine;

use crate::grid::{Cell, Grid, GridRow};
use crate::link;
use crate::numbers;
use crate::options::{Choice, Group};
use crate::plan::Times;
use crate::ranking::{Standing, runs_on, with_device, with_model};
use crate::scenario::{Presentation, Scenario, Targets};

/// Models from small to large, of several makers.
const MODELS: [&str; 14] = [
    "llama-3.2-1b",
    "qwen3-4b",
    "llama-3.1-8b",
    "phi-4",
    "gpt-oss-20b",
    "gemma-3-27b",
    "qwen3-30b-a3b",
    "qwen3-32b",
    "llama-3.3-70b",
    "gpt-oss-120b",
    "mistral-large-2411",
    "qwen3-235b-a22b",
    "llama-3.1-405b",
    "deepseek-v3",
];

/// Devices from small to large, of several kinds.
const DEVICES: [&str; 14] = [
    "rtx-3060-12gb",
    "rtx-4090",
    "rtx-5090",
    "apple-m4-max",
    "apple-m3-ultra",
    "l4",
    "l40s",
    "a100-sxm-80gb",
    "h100-sxm-80gb",
    "h200-sxm-141gb",
    "b200-hgx-180gb",
    "mi300x-192gb",
    "mi355x-288gb",
    "tpu-v6e",
];

/// What models to choose among: some of every size, or those of one maker. The id of a choice is its number.
pub fn model_sets() -> Vec<Group> {
    sets("Models", makers().into_iter())
}

/// What devices to choose among: some of every size, or those of one vendor and class. The id of a choice is its number.
pub fn device_sets() -> Vec<Group> {
    sets("Devices", kinds().into_iter())
}

fn sets(label: &str, names: impl Iterator<Item = String>) -> Vec<Group> {
    let choice = |(index, name): (usize, String)| Choice {
        id: index.to_string(),
        name,
        detail: String::new(),
        keywords: String::new(),
    };
    let choices = core::iter::once("Of every size".to_string()).chain(names).enumerate().map(choice).collect();
    vec![Group { label: label.into(), choices }]
}

/// Makers of models, as the catalogue has them.
fn makers() -> Vec<String> {
    distinct(models().iter().map(|entry| entry.organisation.to_string()))
}

/// Vendors with classes of devices.
fn kinds() -> Vec<String> {
    distinct(devices().iter().map(kind))
}

fn kind(device: &Device) -> String {
    format!("{}, {}", device.vendor, device.class.label())
}

fn distinct(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for name in names {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// A set of models on a set of devices.
#[derive(Clone, Debug)]
pub struct Matrix {
    models: Vec<&'static ModelEntry>,
    devices: Vec<&'static Device>,
}

impl Matrix {
    /// Two sets by their numbers in [`model_sets`] and [`device_sets`]; of the devices those that run the engine.
    pub fn of(engine: Engine, model_set: usize, device_set: usize) -> Self {
        let maker = model_set.checked_sub(1).and_then(|place| makers().into_iter().nth(place));
        let models = match maker {
            Some(maker) => models().iter().filter(|entry| entry.organisation == maker).collect(),
            None => MODELS.into_iter().filter_map(find_model).collect(),
        };
        let name = device_set.checked_sub(1).and_then(|place| kinds().into_iter().nth(place));
        let mut chosen: Vec<&Device> = match name {
            Some(name) => devices().iter().filter(|device| kind(device) == name).collect(),
            None => DEVICES.into_iter().filter_map(find_device).collect(),
        };
        chosen.retain(|device| runs_on(engine, device));
        Self { models, devices: chosen }
    }

    /// The grid, whose first rows are these.
    pub fn grid(&self, scenario: &Scenario, rows: Vec<GridRow>) -> Grid {
        let count = numbers::count(scenario.device_count().max(1));
        Grid {
            caption: format!("GiB to spare and tokens/s of each model on {count} of each device, at this load"),
            corner: "Model",
            columns: self.devices.iter().map(|device| device.name.to_string()).collect(),
            rows,
        }
    }

    /// The row of a model, if there are so many: each cell has the scenario's number of devices, formats and load.
    pub fn row(&self, scenario: &Scenario, index: usize) -> Option<GridRow> {
        let entry = self.models.get(index)?;
        let with_entry = with_model(scenario, entry);
        let cell = |device: &&Device| {
            let is_current = matches!(scenario.devices.as_slice(), [only] if only.id == device.id);
            cell(&with_device(&with_entry, device), is_current && scenario.model.id() == entry.id)
        };
        Some(GridRow { label: entry.name.into(), cells: self.devices.iter().map(cell).collect() })
    }
}

fn cell(there: &Scenario, is_current: bool) -> Cell {
    // No cell says what load would meet the targets.
    let Standing { headroom, times, .. } = Standing::of(&Scenario { targets: Targets::default(), ..there.clone() });
    let rate = |times: Times| format!("{} tokens/s", numbers::significant(times.output.get()));
    Cell {
        words: headroom.map_or_else(|| "–".into(), numbers::signed_gib),
        detail: times.map(rate).unwrap_or_default(),
        fits: headroom.map(|headroom| headroom >= 0),
        is_current,
        query: link::encode(there, &Presentation::default()),
    }
}
