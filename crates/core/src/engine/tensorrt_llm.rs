//! TensorRT-LLM: the cache takes a fraction of what is free once the engine is loaded.

use super::activations::TorchPeak;
use super::{Demand, Profile, Reservation, padded};
use crate::memory::{DeviceMemory, Overhead};
use crate::units::{Bytes, Tokens};

/// Constants of a version of TensorRT-LLM.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TensorRtLlm {
    /// Part of the memory that CUDA does not hand out.
    pub driver_reserve: Bytes,
    /// Fraction of the free memory that the cache takes (`free_gpu_memory_fraction`).
    pub memory_fraction: f64,
    /// Tokens in one pass at most.
    pub tokens_per_pass: Tokens,
    /// Tokens of a cache block.
    pub block: Tokens,
    /// Internal memory of the engine: context and kernels.
    pub context: Bytes,
    /// Decoder and runtime buffers.
    pub runtime: Bytes,
    /// Communication buffers for each further device.
    pub peer: Bytes,
    /// Bytes for each row and vocabulary entry when the next token is chosen.
    pub logit_bytes: u64,
}

impl TensorRtLlm {
    /// What TensorRT-LLM keeps for `demand`.
    pub fn reserve(&self, demand: &Demand) -> Reservation {
        let knobs = demand.knobs;
        let cells = padded(demand.length(), self.block);
        let memory = DeviceMemory {
            weights: demand.weights + demand.vocabulary_padding(),
            kv_cache: demand.cache(|_| cells),
            state: demand.state(Profile::TensorRtLlm(*self).state_rules()),
            activations: self.peak(demand).bytes(demand.model, demand.tensor()),
            overhead: Overhead {
                context: self.context,
                outputs: self.runtime,
                communication: self.peer * demand.peers(),
                ..Overhead::default()
            },
            minimum: demand.minimum(),
        };
        let engine = memory.weights + memory.activations + memory.overhead.total();
        let fraction = knobs.memory_fraction.unwrap_or(self.memory_fraction);
        let limit = demand.free(self.driver_reserve).map(|free| {
            let cache = free.saturating_sub(engine).scaled(fraction);
            (engine + cache).min(free)
        });
        Reservation { memory, limit }
    }

    pub(super) fn peak(&self, demand: &Demand) -> TorchPeak {
        let (workload, knobs) = (demand.workload, demand.knobs);
        let chunk = knobs.tokens_per_pass.unwrap_or(self.tokens_per_pass);
        let tokens = workload.batch.saturating_mul(workload.prompt_tokens).min(chunk).max(workload.batch);
        let rows = knobs.max_sequences.map_or(workload.batch, |most| workload.batch.max(most));
        TorchPeak { tokens, moe_chunk: Tokens::MAX, rows, row_bytes: self.logit_bytes, encoder: None }
    }
}
