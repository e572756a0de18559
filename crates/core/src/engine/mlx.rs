//! Apple MLX: unified memory below the limit that the system lets a program wire.

use super::activations::TorchPeak;
use super::{Demand, Reservation, padded};
use crate::memory::{DeviceMemory, Overhead};
use crate::units::{Bytes, Tokens};

/// Constants of a version of MLX and mlx-lm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mlx {
    /// Tokens of a prompt that are read at once.
    pub tokens_per_pass: Tokens,
    /// Tokens by which the cache grows.
    pub cache_step: Tokens,
    /// Metal and its compiled kernels.
    pub context: Bytes,
    /// Bytes for each row and vocabulary entry when the next token is chosen.
    pub logit_bytes: u64,
}

impl Mlx {
    /// What MLX keeps for `demand`.
    pub fn reserve(&self, demand: &Demand) -> Reservation {
        let cells = padded(demand.length(), self.cache_step);
        let memory = DeviceMemory {
            weights: demand.weights,
            kv_cache: demand.cache(|_| cells),
            state: demand.state(super::StateRules::PUBLISHED),
            activations: self.peak(demand).bytes(demand.model, demand.tensor()),
            overhead: Overhead { context: self.context, ..Overhead::default() },
            minimum: demand.minimum(),
        };
        let fraction = demand.knobs.memory_fraction.unwrap_or(1.0);
        Reservation::with_share(memory, demand.free(Bytes::ZERO), fraction, Bytes::ZERO)
    }

    pub(super) fn peak(&self, demand: &Demand) -> TorchPeak {
        let workload = demand.workload;
        let chunk = demand.knobs.tokens_per_pass.unwrap_or(self.tokens_per_pass);
        let tokens = workload.batch.saturating_mul(workload.prompt_tokens.min(chunk)).max(workload.batch);
        TorchPeak { tokens, moe_chunk: Tokens::MAX, rows: workload.batch, row_bytes: self.logit_bytes, encoder: None }
    }
}
