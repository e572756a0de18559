//! What to change when a scenario does not fit: each change is tried before it is offered.

use ridgepoint_catalog::devices::{Device, devices, find_device};
use ridgepoint_core::{Bytes, Engine, Workload, memory};

use crate::capacity::{self, Capacity};
use crate::deployment::Resolved;
use crate::ladder;
use crate::link;
use crate::names;
use crate::numbers;
use crate::order::sort_by_key;
use crate::report::Report;
use crate::scenario::{DeviceCount, Layout, Presentation, Scenario, Settings};

/// A change that makes a scenario fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What to do, in a few words.
    pub change: String,
    /// The changed scenario as a query.
    pub query: String,
    /// Bytes to spare then, on the fullest device.
    pub headroom: i64,
}

/// Changes that make `scenario` fit, those first that cost least: settings of the engine, the cache in fewer bits, the
/// weights in fewer bits, fewer sequences, shorter ones, experts in host memory, more devices, larger devices.
///
/// Each is a single change; where none of those keeps the devices, weights in the fewest bits are taken for granted.
/// There is none for a scenario that fits, or of which that is not known, by its `report`.
pub fn of(scenario: &Scenario, report: &Report) -> Vec<Fix> {
    let mut fixes = Vec::new();
    if report.fits() != Some(false) {
        return fixes;
    }
    let (resolved, capacity) = (&Resolved::of(scenario), report.capacity);
    offer_all(settings(scenario), resolved, &mut fixes);
    offer_first(cache_formats(scenario), resolved, &mut fixes);
    let narrower = weight_formats(scenario, resolved);
    let narrowest = narrower.last().cloned();
    offer_first(narrower, resolved, &mut fixes);
    offer_all(loads(scenario, resolved, capacity), resolved, &mut fixes);
    if let Some((change, narrow)) = narrowest.filter(|_| fixes.is_empty()) {
        let resolved = resolved.with_layout(&narrow);
        let capacity = Capacity::of(&resolved, narrow.workload);
        let also = |(more, changed): Change| (format!("{change}, and {more}"), changed);
        let changes =
            settings(&narrow).into_iter().chain(cache_formats(&narrow)).chain(loads(&narrow, &resolved, capacity));
        offer_all(changes.map(also), &resolved, &mut fixes);
    }
    if let (Some(count), [only]) = (capacity.min_devices, scenario.devices.as_slice()) {
        let devices = vec![DeviceCount { count, ..only.clone() }];
        let change = format!("use {} devices of this kind", numbers::count(count));
        offer_first([(change, Scenario { devices, layout: Layout::AUTO, ..scenario.clone() })], resolved, &mut fixes);
    }
    offer_first(larger_devices(scenario, resolved), resolved, &mut fixes);
    fixes
}

/// What to do, in a few words, and the scenario then.
type Change = (String, Scenario);

/// Adds every change that makes it fit.
fn offer_all(changes: impl IntoIterator<Item = Change>, resolved: &Resolved, fixes: &mut Vec<Fix>) {
    fixes.extend(changes.into_iter().filter_map(|(change, changed)| tried(change, &changed, resolved)));
}

/// Adds the first change that makes it fit.
fn offer_first(changes: impl IntoIterator<Item = Change>, resolved: &Resolved, fixes: &mut Vec<Fix>) {
    fixes.extend(changes.into_iter().find_map(|(change, changed)| tried(change, &changed, resolved)));
}

/// The change with its link, if the scenario then fits.
fn tried(change: String, changed: &Scenario, resolved: &Resolved) -> Option<Fix> {
    let resolved = resolved.with_layout(changed);
    let headroom = capacity::headroom(&resolved, resolved.workload).filter(|&headroom| headroom >= 0)?;
    Some(Fix { change, query: link::encode(changed, &Presentation::default()), headroom })
}

/// Settings of the engine that free memory.
fn settings(scenario: &Scenario) -> Vec<Change> {
    let Scenario { settings, engine, workload, .. } = scenario;
    let mut changes = Vec::new();
    let mut set =
        |change: &str, settings| changes.push((change.to_string(), Scenario { settings, ..scenario.clone() }));
    match engine {
        Engine::Vllm | Engine::Sglang | Engine::TensorRtLlm => {
            if settings.memory_fraction.is_none_or(|fraction| fraction < 0.95) {
                let memory_fraction = Some(0.95);
                set("let the engine take 95 % of the device", Settings { memory_fraction, ..*settings });
            }
            if *engine == Engine::Vllm && settings.max_sequences.is_none_or(|most| most > workload.batch) {
                let max_sequences = Some(workload.batch);
                set("allow no more requests than there are sequences", Settings { max_sequences, ..*settings });
            }
            if *engine != Engine::TensorRtLlm && settings.eager != Some(true) {
                set("run without CUDA graphs", Settings { eager: Some(true), ..*settings });
            }
        }
        Engine::LlamaCpp => {
            if settings.flash_attention == Some(false) {
                set("use flash attention", Settings { flash_attention: None, ..*settings });
            }
            if settings.full_sliding_cache == Some(true) {
                let change = "let sliding layers forget what is out of reach";
                set(change, Settings { full_sliding_cache: None, ..*settings });
            }
        }
        Engine::Transformers | Engine::Mlx => {}
    }
    changes
}

/// Narrower formats of the cache that the engine reads, widest first.
fn cache_formats(scenario: &Scenario) -> Vec<Change> {
    let formats = ladder::kv_formats(scenario.engine);
    let widest = scenario.settings.value_cache.map_or(Bytes::ZERO, |values| values.bytes(1024));
    let widest = widest.max(scenario.kv.bytes(1024));
    let settings = Settings { value_cache: None, ..scenario.settings };
    let narrower = formats.iter().filter(|format| format.bytes(1024) < widest);
    let change = |&kv| {
        (format!("store the KV cache in {}", names::kv_format(kv).label), Scenario { kv, settings, ..scenario.clone() })
    };
    narrower.map(change).collect()
}

/// Narrower formats of the weights that the engine reads, widest first.
fn weight_formats(scenario: &Scenario, resolved: &Resolved) -> Vec<Change> {
    let formats = ladder::weight_formats(scenario.engine);
    let now = memory::weights(&resolved.model, resolved.numerics.weights);
    // Less than a twentieth is no reason to change the weights.
    let narrower = formats.iter().filter(|&&format| memory::weights(&resolved.model, format).scaled(1.05) < now);
    let change = |&format| {
        let label = names::weight_format(format).label;
        (format!("store the weights in {label}"), Scenario { weights: Some(format), ..scenario.clone() })
    };
    narrower.map(change).collect()
}

/// Smaller loads, and for llama.cpp the fewest layers whose experts have to stay in host memory.
fn loads(scenario: &Scenario, resolved: &Resolved, capacity: Capacity) -> Vec<Change> {
    let Scenario { workload, settings, .. } = *scenario;
    let Capacity { max_batch, max_context_tokens, .. } = capacity;
    let mut changes = Vec::new();
    if let Some(batch) = max_batch.filter(|&batch| batch > 0) {
        let workload = Workload { batch, ..workload };
        let plural = if batch == 1 { "" } else { "s" };
        let change = format!("serve at most {} sequence{plural} at a time", numbers::count(batch));
        changes.push((change, Scenario { workload, ..scenario.clone() }));
    }
    // A small part of the context is another task, not a change.
    let enough = resolved.workload.context_tokens() / 8;
    // Pictures and sound stay as they are; what gets shorter is the text.
    let text = |tokens: u64| tokens.checked_sub(resolved.media_tokens).filter(|&text| text > 1);
    let longest = max_context_tokens.filter(|&tokens| tokens > enough);
    if let Some((tokens, text)) = longest.and_then(|tokens| Some((tokens, text(tokens)?))) {
        let workload = capacity::with_context(workload, text);
        let change = format!("allow at most {} tokens per sequence", numbers::count(tokens));
        changes.push((change, Scenario { workload, ..scenario.clone() }));
    }
    if resolved.knobs.host.lookups {
        let layers = resolved.model.layers.len() as u64;
        let kept = |host| Scenario {
            settings: Settings { device_layers: Some(layers - host), ..settings },
            ..scenario.clone()
        };
        let fits = |host| tried(String::new(), &kept(host), resolved).is_some();
        if let Some(host) = capacity::least(1, layers.saturating_sub(1), fits) {
            let plural = if host == 1 { "" } else { "s" };
            changes.push((format!("keep {} layer{plural} in host memory", numbers::count(host)), kept(host)));
        }
    }
    if scenario.engine == Engine::LlamaCpp && resolved.model.experts() > 0 {
        let moved = |layers| Scenario {
            settings: Settings { cpu_expert_layers: Some(layers), ..settings },
            ..scenario.clone()
        };
        let fits = |layers| tried(String::new(), &moved(layers), resolved).is_some();
        if let Some(layers) = capacity::least(1, resolved.model.layers.len() as u64, fits) {
            let plural = if layers == 1 { "" } else { "s" };
            let change = format!("keep the experts of {} layer{plural} in host memory", numbers::count(layers));
            changes.push((change, moved(layers)));
        }
    }
    changes
}

/// Devices of the same maker and class with more memory, smallest first, if that holds the weights.
fn larger_devices(scenario: &Scenario, resolved: &Resolved) -> Vec<Change> {
    let [only] = scenario.devices.as_slice() else { return Vec::new() };
    let Some(now) = find_device(&only.id) else { return Vec::new() };
    let size = scenario.settings.device_memory.or(now.memory.nominal);
    let alike = devices().iter().filter(|device| device.vendor == now.vendor && device.class == now.class);
    let mut larger: Vec<_> = alike.filter(|device| size.is_some() && device.memory.nominal > size).collect();
    let weights: Bytes = resolved.stages.iter().map(|&(_, weights)| weights).max().unwrap_or(Bytes::ZERO);
    larger.retain(|device| device.memory.nominal >= Some(weights));
    sort_by_key(&mut larger, |device| device.memory.nominal);
    let change = |device: &Device| {
        let devices = vec![DeviceCount { id: device.id.into(), count: only.count }];
        let settings = Settings { device_memory: None, ..scenario.settings };
        (format!("use {} instead", device.name), Scenario { devices, settings, ..scenario.clone() })
    };
    larger.into_iter().map(change).collect()
}
