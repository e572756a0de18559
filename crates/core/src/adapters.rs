//! Low-rank adapters beside a served model (LoRA, arXiv:2106.09685).

use crate::memory::Stage;
use crate::model::Model;
use crate::parallelism::Parallelism;
use crate::tensor::{Component, Kind, Sharding, Tensor};
use crate::units::Bytes;

/// Bytes of a number in an adapter: engines load them in the 16 bit of the model's activations.
const ADAPTER_BYTES: u64 = 2;

/// Adapters that stay on the devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Adapters {
    /// How many.
    pub count: u64,
    /// Rank of their matrices.
    pub rank: u64,
    /// Which matrices of the model they change.
    pub on: ServedTargets,
}

/// The matrices that adapters change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServedTargets {
    /// Those of attention.
    Attention,
    /// Those of MLPs, of every expert too.
    Mlp,
    /// Both, and those of recurrent mixers; not embedding, head and routers.
    All,
}

impl ServedTargets {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::Attention, Self::Mlp, Self::All];

    /// Whether a tensor gets adapters.
    pub fn includes(self, tensor: Tensor) -> bool {
        let (attention, mlp, mixer) = match self {
            Self::Attention => (true, false, false),
            Self::Mlp => (false, true, false),
            Self::All => (true, true, true),
        };
        tensor.kind == Kind::Matrix
            && match tensor.role.component() {
                Component::Attention => attention,
                Component::DenseMlp | Component::SharedExperts | Component::RoutedExperts => mlp,
                Component::Mixer => mixer,
                Component::Embedding
                | Component::Head
                | Component::Router
                | Component::Norms
                | Component::Vision
                | Component::Audio
                | Component::Projector
                | Component::Other => false,
            }
    }
}

impl Adapters {
    /// What one rank of `stage` holds of all adapters.
    ///
    /// Beside a matrix of `outputs x inputs` stand one of `rank x inputs` and one of `outputs x rank`. Tensor parallelism
    /// cuts the one on the side that it cuts of the matrix, and each rank holds the other whole (S-LoRA, arXiv:2311.03285,
    /// section 6; vLLM without `fully_sharded_loras`).
    ///
    /// ```
    /// # use ridgepoint_core::*;
    /// // A query matrix of 4096 x 4096 and rank 16: 16 x (4096 + 4096) x 2 B, and with TP 4 16 x (4096 / 4 + 4096) x 2 B.
    /// let one = Adapters { count: 1, rank: 16, on: ServedTargets::Attention };
    /// let query = Tensor::matrix(Role::Query, 4096, 4096);
    /// assert_eq!(one.tensor_bytes(query, 1, Parallelism::SINGLE), Bytes::new(262_144));
    /// let four = Parallelism { tensor: 4, ..Parallelism::SINGLE };
    /// assert_eq!(one.tensor_bytes(query, 1, four), Bytes::new(163_840));
    /// ```
    pub fn stage_bytes(&self, model: &Model, stage: Stage, parallelism: Parallelism) -> Bytes {
        let of_layer = |layer: &crate::model::Layer| -> Bytes {
            let kv_heads = layer.mixer.kv_heads();
            layer.tensors.iter().map(|&tensor| self.tensor_bytes(tensor, kv_heads, parallelism)).sum()
        };
        stage.layers(model).into_iter().map(|(layer, count)| of_layer(layer) * count).sum()
    }

    /// The same for one tensor of a layer with so many KV heads.
    pub fn tensor_bytes(&self, tensor: Tensor, kv_heads: u64, parallelism: Parallelism) -> Bytes {
        if !self.on.includes(tensor) {
            return Bytes::ZERO;
        }
        let tensor_parallel = parallelism.tensor.max(1);
        let (parts, copies) = match tensor.role.sharding() {
            Sharding::Replicated => (1, tensor.copies),
            Sharding::Split => (tensor_parallel, tensor.copies),
            Sharding::KvHeads => (tensor_parallel.min(kv_heads.max(1)), tensor.copies),
            Sharding::Experts => {
                (parallelism.tensor_within_expert(), tensor.copies.div_ceil(parallelism.expert.max(1)))
            }
        };
        let (cut, whole) = if tensor.role.is_row_parallel() {
            (tensor.inputs, tensor.outputs)
        } else {
            (tensor.outputs, tensor.inputs)
        };
        let width = cut.div_ceil(parts.max(1)).saturating_add(whole);
        Bytes::new(width) * self.rank * ADAPTER_BYTES * copies * self.count
    }
}
