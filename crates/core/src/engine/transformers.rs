//! Hugging Face transformers: eager PyTorch, prompts read whole, a cache that grows with each token.

use super::activations::TorchPeak;
use super::{Demand, Reservation};
use crate::memory::{DeviceMemory, Overhead};
use crate::units::{Bytes, Tokens};

/// Constants of a version of transformers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transformers {
    /// Part of the memory that CUDA does not hand out.
    pub driver_reserve: Bytes,
    /// CUDA context and kernels.
    pub context: Bytes,
    /// Bytes for each row and vocabulary entry when the next token is chosen.
    pub logit_bytes: u64,
}

impl Transformers {
    /// What transformers keeps for `demand`.
    pub fn reserve(&self, demand: &Demand) -> Reservation {
        let memory = DeviceMemory {
            weights: demand.weights,
            kv_cache: demand.cache(|_| demand.length()),
            state: demand.state(super::StateRules::PUBLISHED),
            activations: self.peak(demand).bytes(demand.model, demand.tensor()),
            overhead: Overhead { context: self.context, ..Overhead::default() },
            minimum: demand.minimum(),
        };
        let fraction = demand.knobs.memory_fraction.unwrap_or(1.0);
        Reservation::with_share(memory, demand.free(self.driver_reserve), fraction, Bytes::ZERO)
    }

    pub(super) fn peak(&self, demand: &Demand) -> TorchPeak {
        let workload = demand.workload;
        let tokens = workload.batch.saturating_mul(workload.prompt_tokens);
        let tokens = demand.knobs.tokens_per_pass.map_or(tokens, |chunk| tokens.min(chunk)).max(workload.batch);
        TorchPeak { tokens, moe_chunk: Tokens::MAX, rows: workload.batch, row_bytes: self.logit_bytes, encoder: None }
    }
}
