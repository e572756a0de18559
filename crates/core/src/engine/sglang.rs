//! SGLang: weights and cache take a static fraction of what is free at the start; the rest is for everything else.

use super::activations::TorchPeak;
use super::{Demand, Profile, Reservation};
use crate::memory::{DeviceMemory, Overhead};
use crate::units::{Bytes, Tokens};

/// Constants of a version of SGLang.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sglang {
    /// Part of the memory that CUDA does not hand out.
    pub driver_reserve: Bytes,
    /// CUDA context, taken before the engine measures what is free.
    pub context: Bytes,
    /// What the default of the static fraction leaves for data of the attention backend.
    pub reserve_metadata: Bytes,
    /// What it leaves for each token of a prefill chunk.
    pub reserve_token: Bytes,
    /// What it leaves for each sequence of the largest captured batch; also what the graphs are taken to hold.
    pub reserve_graph: Bytes,
    /// What it leaves for each device of the layout.
    pub reserve_rank: Bytes,
    /// What it leaves at least on devices with more than 60 GiB.
    pub reserve_large: Bytes,
    /// Communication buffers for each further device on the host bus, also taken before.
    pub peer: Bytes,
    /// The same for each further device on a fast link.
    pub fast_peer: Bytes,
    /// Scheduling defaults by the size of the device, smallest first; a device takes the first that it is smaller than.
    pub tiers: [Tier; 5],
}

/// Defaults of SGLang for devices below a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// Memory of a device that is too large for this tier.
    pub below: Bytes,
    /// Tokens of a prefill chunk.
    pub chunk: Tokens,
    /// Largest batch with a captured graph.
    pub graph_batch: u64,
    /// The same on four and more tensor-parallel devices.
    pub graph_batch_wide: u64,
}

impl Sglang {
    pub(super) fn tier(&self, usable: Option<Bytes>) -> Tier {
        let [.., largest] = self.tiers;
        self.tiers.into_iter().find(|tier| usable.is_some_and(|usable| usable < tier.below)).unwrap_or(largest)
    }

    /// What SGLang keeps for `demand`.
    pub fn reserve(&self, demand: &Demand) -> Reservation {
        let each = if demand.site.has_fast_link { self.fast_peer } else { self.peer };
        let communication = each * demand.peers();
        let memory = DeviceMemory {
            weights: demand.weights + demand.vocabulary_padding(),
            kv_cache: demand.cache(|_| demand.length()),
            state: demand.state(Profile::Sglang(*self).state_rules()),
            activations: self.peak(demand).bytes(demand.model, demand.tensor()),
            overhead: Overhead {
                context: self.context,
                communication,
                graphs: self.reserve_graph * self.captured(demand),
                ..Overhead::default()
            },
            minimum: demand.minimum(),
        };
        let free = demand.free(self.driver_reserve);
        let fraction = demand.knobs.memory_fraction.unwrap_or_else(|| self.default_fraction(demand));
        let start = free.map(|free| free.saturating_sub(self.context + communication));
        let outside = memory.activations + memory.overhead.total();
        let limit = start.zip(free).map(|(start, free)| (start.scaled(fraction) + outside).min(free));
        Reservation { memory, limit }
    }

    pub(super) fn peak(&self, demand: &Demand) -> TorchPeak {
        TorchPeak {
            tokens: self.chunk(demand).max(demand.workload.batch),
            moe_chunk: Tokens::MAX,
            rows: 0,
            row_bytes: 0,
            encoder: None,
        }
    }

    /// Tokens of a prefill chunk.
    fn chunk(&self, demand: &Demand) -> Tokens {
        demand.knobs.tokens_per_pass.unwrap_or(self.tier(demand.site.usable).chunk)
    }

    /// Largest batch with a captured graph.
    pub fn captured(&self, demand: &Demand) -> u64 {
        let tier = self.tier(demand.site.usable);
        let captured = if demand.tensor() < 4 { tier.graph_batch } else { tier.graph_batch_wide };
        let knobs = demand.knobs;
        if knobs.eager { 0 } else { knobs.max_sequences.map_or(captured, |most| most.min(captured)) }
    }

    /// The static fraction that SGLang chooses from the size of the device.
    fn default_fraction(&self, demand: &Demand) -> f64 {
        let Some(usable) = demand.site.usable.filter(|usable| *usable > Bytes::ZERO) else { return 0.0 };
        usable.saturating_sub(self.default_reserve(demand)).as_f64() / usable.as_f64()
    }

    /// What the default of the static fraction leaves of the device (`_handle_gpu_memory_settings` in SGLang's
    /// `server_args.py`, whose bounds are the two constants here).
    pub fn default_reserve(&self, demand: &Demand) -> Bytes {
        const SMALLEST_CHUNK: Tokens = 2048;
        let large = Bytes::gib(60);
        let reserve = self.reserve_metadata
            + self.reserve_token * self.chunk(demand).max(SMALLEST_CHUNK)
            + self.reserve_graph * self.captured(demand)
            + self.reserve_rank * demand.tensor().saturating_mul(demand.parallelism.pipeline.max(1));
        if demand.site.usable > Some(large) { reserve.max(self.reserve_large) } else { reserve }
    }
}
