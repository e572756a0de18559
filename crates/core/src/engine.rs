//! Inference engines and what they keep beside weights and cache.

use crate::units::{Bytes, Tokens};

/// An inference engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Engine {
    /// vLLM.
    Vllm,
    /// SGLang.
    Sglang,
    /// TensorRT-LLM.
    TensorRtLlm,
    /// llama.cpp.
    LlamaCpp,
    /// Hugging Face transformers.
    Transformers,
    /// Apple MLX.
    Mlx,
}

impl Engine {
    /// Every engine.
    pub const ALL: [Self; 6] =
        [Self::Vllm, Self::Sglang, Self::TensorRtLlm, Self::LlamaCpp, Self::Transformers, Self::Mlx];

    /// Whether several devices share each layer by default (tensor parallelism), rather than each holding some layers.
    pub const fn cuts_layers(self) -> bool {
        match self {
            Self::Vllm | Self::Sglang | Self::TensorRtLlm => true,
            Self::LlamaCpp | Self::Transformers | Self::Mlx => false,
        }
    }
}

/// What an engine keeps beside weights and cache. The figures and their sources are in the catalogue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EngineMemory {
    /// Fraction of the device's usable memory that the engine may take.
    pub memory_fraction: f64,
    /// Tokens that it runs through the model in one pass at most.
    pub tokens_per_pass: Tokens,
    /// Runtime context, kernels and captured graphs, on each device.
    pub context: Bytes,
    /// Buffers of the communication library, on each device that belongs to a group.
    pub collectives: Bytes,
    /// Weights that it leaves in the memory of the host.
    pub host: HostWeights,
}

/// Weights that an engine leaves in the memory of the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HostWeights {
    /// Whether tables in which tokens look up rows stay there: llama.cpp reads them with the CPU. A head that is the
    /// embedding used again then has a copy on the device.
    pub lookups: bool,
    /// Layers, counted from the first, whose routed experts stay there.
    pub expert_layers: usize,
}
