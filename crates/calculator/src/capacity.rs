//! Answers backwards: what the memory that is left would hold.

use ridgepoint_core::{Bytes, DeviceMemory, Engine, Stage, Workload, memory};

use crate::deployment::{Resolved, Run};
use crate::link::{MAX_BATCH, MAX_TOKENS};
use crate::scenario::{DeviceCount, Layout, Scenario};

/// What the engine could offer on these devices. `None` where the size of a device is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Capacity {
    /// KV cache on the device that has least room for it: all that is left of the engine's share, or, for engines
    /// that allocate what they are asked for, the cache of the workload.
    pub kv_cache: Option<Bytes>,
    /// Tokens that the cache of one replica holds, at this sequence length.
    pub kv_cache_tokens: Option<u64>,
    /// Sequences of this length whose cache and state one replica holds.
    pub max_concurrency: Option<f64>,
    /// Longest sequence (prompt and output) that fits at this batch, up to [`MAX_TOKENS`]; 0 if none does.
    pub max_context_tokens: Option<u64>,
    /// Largest batch that fits at this sequence length, up to [`MAX_BATCH`]; 0 if none does.
    pub max_batch: Option<u64>,
    /// Fewest devices of this kind that hold the workload, with the layout chosen anew; `None` if a few hundred do
    /// not, or if the devices are of several kinds.
    pub min_devices: Option<u64>,
}

impl Capacity {
    /// What `resolved` could offer for sequences like those of `workload`.
    pub fn of(resolved: &Resolved, workload: Workload) -> Self {
        let runs = resolved.runs();
        let Some(limits) = limits(resolved, &runs) else { return Self::default() };
        let fits = |workload| all_fit(resolved, workload, &runs, &limits);
        let (kv_cache, per_replica) = cache_room(resolved, workload, &runs, &limits);
        let with_context = |tokens: u64| {
            // The output keeps its length while it can: what grows is the prompt.
            let output_tokens = workload.output_tokens.min(tokens.saturating_sub(1).max(1));
            Workload { prompt_tokens: tokens - output_tokens, output_tokens, ..workload }
        };
        Self {
            min_devices: None,
            kv_cache: Some(kv_cache),
            kv_cache_tokens: per_replica.map(|sequences| (sequences * workload.context_tokens() as f64) as u64),
            max_concurrency: per_replica,
            max_context_tokens: Some(largest(2, MAX_TOKENS, |tokens| fits(with_context(tokens)))),
            max_batch: Some(largest(1, MAX_BATCH, |batch| fits(Workload { batch, ..workload }))),
        }
    }
}

/// Fewest devices of the scenario's kind that hold its workload, with the layout chosen anew.
pub fn min_devices(scenario: &Scenario, resolved: &Resolved) -> Option<u64> {
    /// Counts that people buy.
    const COUNTS: [u64; 18] = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24, 32, 48, 64, 96, 128, 256];
    let [only] = scenario.devices.as_slice() else { return None };
    COUNTS.into_iter().find(|&count| {
        let devices = vec![DeviceCount { count, ..only.clone() }];
        let resolved = resolved.with_layout(&Scenario { devices, layout: Layout::AUTO, ..scenario.clone() });
        let runs = resolved.runs();
        limits(&resolved, &runs).is_some_and(|limits| all_fit(&resolved, resolved.workload, &runs, &limits))
    })
}

fn all_fit(resolved: &Resolved, workload: Workload, runs: &[Run], limits: &[Bytes]) -> bool {
    let by_stage = memory_by_stage(resolved, workload);
    runs.iter()
        .zip(limits)
        .all(|(run, &limit)| by_stage.get(run.stage as usize).is_some_and(|memory| memory.total() <= limit))
}

/// Memory of each stage's ranks.
pub fn memory_by_stage(resolved: &Resolved, workload: Workload) -> Vec<DeviceMemory> {
    let Resolved { stored, numerics, parallelism, engine, .. } = resolved;
    memory::by_stage(stored, numerics.weights, numerics.kv, *parallelism, workload, *engine)
}

fn limits(resolved: &Resolved, runs: &[Run]) -> Option<Vec<Bytes>> {
    runs.iter().map(|run| resolved.limit(run.device)).collect()
}

/// Memory left for the cache on the device that has least of it, whatever the engine does with it.
pub fn room_for_cache(resolved: &Resolved, workload: Workload) -> Option<Bytes> {
    let runs = resolved.runs();
    let by_stage = memory_by_stage(resolved, workload);
    let left = |run: &Run, limit: Bytes| by_stage.get(run.stage as usize).map(|memory| left_for_cache(limit, memory));
    limits(resolved, &runs)?.into_iter().zip(&runs).filter_map(|(limit, run)| left(run, limit)).min()
}

fn left_for_cache(limit: Bytes, memory: &DeviceMemory) -> Bytes {
    limit.saturating_sub(memory.weights + memory.state + memory.activations + memory.overhead)
}

/// The smallest room for cache on any device, and how many sequences one replica holds with their cache and state.
fn cache_room(resolved: &Resolved, workload: Workload, runs: &[Run], limits: &[Bytes]) -> (Bytes, Option<f64>) {
    let Resolved { stored, numerics, parallelism, .. } = resolved;
    let by_stage = memory_by_stage(resolved, workload);
    let stages = Stage::all(stored, *parallelism);
    let mut smallest: Option<Bytes> = None;
    let mut sequences: Option<f64> = None;
    for (run, &limit) in runs.iter().zip(limits) {
        let (Some(memory), Some(&stage)) = (by_stage.get(run.stage as usize), stages.get(run.stage as usize)) else {
            continue;
        };
        let left = limit.saturating_sub(memory.weights + memory.activations + memory.overhead);
        let room = if resolved.allocates_on_request { memory.kv_cache } else { left_for_cache(limit, memory) };
        smallest = Some(smallest.map_or(room, |other| other.min(room)));
        let tensor = parallelism.tensor;
        let one = memory::stage_cache(stored, stage, 1, workload, numerics.kv, tensor)
            + memory::stage_state(stored, stage, 1, tensor);
        if one > Bytes::ZERO {
            let held = left.as_f64() / one.as_f64();
            sequences = Some(sequences.map_or(held, |other| other.min(held)));
        }
    }
    (smallest.unwrap_or(Bytes::ZERO), sequences)
}

/// Whether an engine allocates the cache that it is asked for, rather than all that is left.
pub const fn allocates_on_request(engine: Engine) -> bool {
    match engine {
        Engine::Vllm | Engine::Sglang | Engine::TensorRtLlm => false,
        Engine::LlamaCpp | Engine::Transformers | Engine::Mlx => true,
    }
}

/// The largest number in `least..=most` that passes, where everything below one that passes does too; 0 if none does.
fn largest(least: u64, most: u64, passes: impl Fn(u64) -> bool) -> u64 {
    if !passes(least) {
        return 0;
    }
    let (mut good, mut bad) = (least, most + 1);
    while bad - good > 1 {
        let middle = good + (bad - good) / 2;
        if passes(middle) {
            good = middle;
        } else {
            bad = middle;
        }
    }
    good
}
