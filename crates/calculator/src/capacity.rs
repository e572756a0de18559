//! Answers backwards: what the memory that is left would hold.

use ridgepoint_core::{Bytes, Engine, KvFormat, Offer, Reservation, WeightFormat, Workload, memory};

use crate::deployment::{Resolved, Run};
use crate::ladder;
use crate::link::{MAX_BATCH, MAX_TOKENS};
use crate::scenario::{DeviceCount, Layout, Scenario};

/// What the engine could offer on these devices. `None` where the size of a device is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Capacity {
    /// KV cache on the device that has least room for it: all that is left of the engine's share, or, for engines
    /// that allocate what they are asked for, the cache of the workload, which does not depend on the device.
    pub kv_cache: Option<Bytes>,
    /// Tokens that the cache of one replica holds, as the engine prints it.
    pub kv_cache_tokens: Option<u64>,
    /// Sequences of this length whose cache and state one replica holds, as the engine prints it.
    pub max_concurrency: Option<f64>,
    /// Longest sequence (prompt and output) that fits at this batch, up to [`MAX_TOKENS`]; 0 if none does.
    pub max_context_tokens: Option<u64>,
    /// Largest batch that fits at this sequence length, up to [`MAX_BATCH`]; 0 if none does.
    pub max_batch: Option<u64>,
    /// Fewest devices of this kind that hold the workload, with the layout chosen anew: any number of one host, or
    /// whole hosts; `None` if a few hundred do not, or if the devices are of several kinds.
    pub min_devices: Option<u64>,
    /// Widest weight format of the engine's that fits with everything else as it is; `None` if none does.
    pub best_weights: Option<WeightFormat>,
    /// Widest KV-cache format of the engine's that fits with everything else as it is; `None` if none does.
    pub best_kv: Option<KvFormat>,
    /// The best pair of formats that fits: the widest weights with which any of the engine's caches fits, then the widest
    /// cache that fits with them. So weights are never narrowed while a narrower cache would do. `None` if no pair fits.
    pub best_formats: Option<Formats>,
}

/// A format of the weights with one of the KV cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Formats {
    /// How the weights are stored.
    pub weights: WeightFormat,
    /// How the KV cache is stored.
    pub kv: KvFormat,
}

impl Capacity {
    /// What `resolved` could offer for sequences like those of `workload`.
    pub fn of(resolved: &Resolved, workload: Workload) -> Self {
        let runs = resolved.unlike_runs();
        let kv_cache = cache_room(resolved, workload, &runs);
        let offers = || runs.iter().filter_map(|run| offer(resolved, workload, run));
        let is_known = |run: &Run| resolved.memory(run.device).is_some();
        if !runs.iter().all(is_known) {
            return Self { kv_cache, ..Self::default() };
        }
        let fits = |workload| all_fit(resolved, workload, &runs);
        let longest_in = |least, most| largest(least, most, |tokens| fits(at_context(resolved, workload, tokens)));
        // Where longer prompts are read in chunks, they may fit although shorter ones do not.
        let whole = resolved.profile.longest_whole(&resolved.model);
        let beyond = whole.map_or(0, |whole| longest_in(whole + 1, MAX_TOKENS));
        let longest = if beyond > 0 { beyond } else { longest_in(2, whole.unwrap_or(MAX_TOKENS)) };
        Self {
            kv_cache,
            kv_cache_tokens: offers().map(|offer| offer.tokens).min(),
            max_concurrency: offers().map(|offer| offer.concurrency).min_by(f64::total_cmp),
            max_context_tokens: Some(longest),
            max_batch: Some(largest(1, MAX_BATCH, |batch| fits(Workload { batch, ..workload }))),
            ..Self::default()
        }
    }

    /// The same with what other devices and other formats would do, for which `scenario` is laid out anew.
    pub fn with_choices(self, scenario: &Scenario, resolved: &Resolved) -> Self {
        Self {
            min_devices: min_devices(scenario, resolved),
            best_weights: ladder::best_weights(scenario, resolved),
            best_kv: ladder::best_kv(scenario, resolved),
            best_formats: ladder::best_formats(scenario, resolved),
            ..self
        }
    }
}

/// The workload with sequences of `tokens`, at least 2. The output keeps its length while it can: what changes is the
/// prompt.
pub fn with_context(workload: Workload, tokens: u64) -> Workload {
    let output_tokens = workload.output_tokens.min(tokens.saturating_sub(1).max(1));
    Workload { prompt_tokens: tokens.saturating_sub(output_tokens).max(1), output_tokens, ..workload }
}

/// The workload with contexts of `tokens`, in which the media of a prompt stay as they are.
pub fn at_context(resolved: &Resolved, workload: Workload, tokens: u64) -> Workload {
    let media = resolved.media_tokens;
    let text = Workload { prompt_tokens: workload.prompt_tokens.saturating_sub(media), ..workload };
    let text = with_context(text, tokens.saturating_sub(media).max(2));
    Workload { prompt_tokens: text.prompt_tokens.saturating_add(media), ..text }
}

/// Fewest devices of the scenario's kind that hold its workload, with the layout chosen anew.
pub fn min_devices(scenario: &Scenario, resolved: &Resolved) -> Option<u64> {
    /// Devices up to which people buy any number, and how many they buy at a time beyond.
    const ANY: u64 = 16;
    const HOST: u64 = 8;
    const MOST: u64 = 256;
    let [only] = scenario.devices.as_slice() else { return None };
    let (_, usable, _) = resolved.memory(resolved.devices.first()?.0)?;
    // Fewer than hold one copy of the weights need no trying.
    let on_host = memory::host_weights(&resolved.model, resolved.numerics.weights, resolved.knobs.host);
    let weights = memory::weights(&resolved.model, resolved.numerics.weights).saturating_sub(on_host);
    let fewest = weights.get().div_ceil(usable.get().max(1)).max(1);
    let counts = (1..=ANY).chain((ANY + HOST..=MOST).step_by(HOST as usize));
    counts.skip_while(|&count| count < fewest).find(|&count| {
        let devices = vec![DeviceCount { count, ..only.clone() }];
        let resolved = resolved.with_layout(&Scenario { devices, layout: Layout::AUTO, ..scenario.clone() });
        all_fit(&resolved, resolved.workload, &resolved.unlike_runs())
    })
}

/// Bytes to spare on the fullest device, negative where it does not fit; `None` where the size of one is not known.
pub fn headroom(resolved: &Resolved, workload: Workload) -> Option<i64> {
    resolved.unlike_runs().iter().map(|run| headroom_of(resolved, workload, run)).min().flatten()
}

fn headroom_of(resolved: &Resolved, workload: Workload, run: &Run) -> Option<i64> {
    let Reservation { memory, limit } = resolved.reserve(run, workload);
    Some(limit?.minus(memory.total()))
}

/// Whether the workload fits on each of these devices. One of unknown size does not count as large enough.
fn all_fit(resolved: &Resolved, workload: Workload, runs: &[Run]) -> bool {
    runs.iter().all(|run| headroom_of(resolved, workload, run).is_some_and(|headroom| headroom >= 0))
}

/// Memory left for the cache on the device that has least of it, whatever the engine does with it.
pub fn room_for_cache(resolved: &Resolved, workload: Workload) -> Option<Bytes> {
    let rooms = resolved.unlike_runs().into_iter().map(|run| {
        let reservation = resolved.reserve(&run, workload);
        Some(reservation.pool()?.saturating_sub(reservation.memory.state))
    });
    rooms.collect::<Option<Vec<_>>>()?.into_iter().min()
}

/// The KV cache that the engine allocates on the device that has least room for it.
fn cache_room(resolved: &Resolved, workload: Workload, runs: &[Run]) -> Option<Bytes> {
    let rooms = runs.iter().map(|run| {
        let reservation = resolved.reserve(run, workload);
        match resolved.profile.engine() {
            // The pages of recurrent state come from the same pool.
            Engine::Vllm => reservation.pool(),
            Engine::Sglang | Engine::TensorRtLlm => Some(reservation.pool()?.saturating_sub(reservation.memory.state)),
            Engine::LlamaCpp | Engine::Transformers | Engine::Mlx => Some(reservation.memory.kv_cache),
        }
    });
    rooms.collect::<Option<Vec<_>>>()?.into_iter().min()
}

/// Sequences of the workload's length that one replica holds at once, as the engine prints it.
pub fn concurrency(resolved: &Resolved, workload: Workload) -> Option<f64> {
    let runs = resolved.unlike_runs();
    runs.iter().filter_map(|run| offer(resolved, workload, run)).map(|offer| offer.concurrency).min_by(f64::total_cmp)
}

/// What the memory that is left on the devices of `run` offers.
fn offer(resolved: &Resolved, workload: Workload, run: &Run) -> Option<Offer> {
    resolved.offer(&resolved.demand(run, workload)?)
}

/// The smallest number in `least..=most` that passes, where everything above one that passes does too.
pub fn least(least: u64, most: u64, passes: impl Fn(u64) -> bool) -> Option<u64> {
    if least > most || !passes(most) {
        return None;
    }
    let (mut below, mut good) = (least, most);
    while below < good {
        let middle = below + (good - below) / 2;
        if passes(middle) { good = middle } else { below = middle + 1 }
    }
    Some(good)
}

/// The largest number in `least..=most` that passes, where everything below one that passes does too; 0 if none does.
pub fn largest(least: u64, most: u64, passes: impl Fn(u64) -> bool) -> u64 {
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
