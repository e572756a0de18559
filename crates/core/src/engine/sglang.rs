//! SGLang: weights and cache take a static fraction of what is free at the start; the rest is for everything else.

use super::activations::torch_layers;
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
        let (workload, knobs, tensor) = (demand.workload, demand.knobs, demand.tensor());
        let tier = self.tier(demand.site.usable);
        let chunk = knobs.tokens_per_pass.unwrap_or(tier.chunk);
        let captured = if tensor < 4 { tier.graph_batch } else { tier.graph_batch_wide };
        let captured = if knobs.eager { 0 } else { knobs.max_sequences.map_or(captured, |most| most.min(captured)) };
        let each = if demand.site.has_fast_link { self.fast_peer } else { self.peer };
        let communication = each * demand.peers();
        let memory = DeviceMemory {
            weights: demand.weights + demand.vocabulary_padding(),
            kv_cache: demand.cache(|_| demand.length()),
            state: demand.state(Profile::Sglang(*self).state_rules()),
            activations: torch_layers(demand.model, chunk.max(workload.batch), Tokens::MAX, tensor),
            overhead: Overhead {
                context: self.context,
                communication,
                graphs: self.reserve_graph * captured,
                ..Overhead::default()
            },
            minimum: demand.minimum(),
        };
        let free = demand.free(self.driver_reserve);
        let fraction = knobs.memory_fraction.unwrap_or_else(|| self.default_fraction(demand, chunk, captured));
        let start = free.map(|free| free.saturating_sub(self.context + communication));
        let outside = memory.activations + memory.overhead.total();
        let limit = start.zip(free).map(|(start, free)| (start.scaled(fraction) + outside).min(free));
        Reservation { memory, limit }
    }

    /// The static fraction that SGLang chooses from the size of the device (`_handle_gpu_memory_settings` in its
    /// `server_args.py`, whose bounds are the two constants here).
    fn default_fraction(&self, demand: &Demand, chunk: Tokens, captured: u64) -> f64 {
        const SMALLEST_CHUNK: Tokens = 2048;
        let large = Bytes::gib(60);
        let Some(usable) = demand.site.usable.filter(|usable| *usable > Bytes::ZERO) else { return 0.0 };
        let mut reserve = self.reserve_metadata
            + self.reserve_token * chunk.max(SMALLEST_CHUNK)
            + self.reserve_graph * captured
            + self.reserve_rank * demand.tensor().saturating_mul(demand.parallelism.pipeline.max(1));
        if usable > large {
            reserve = reserve.max(self.reserve_large);
        }
        usable.saturating_sub(reserve).as_f64() / usable.as_f64()
    }
}
