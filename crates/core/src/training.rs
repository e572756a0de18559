//! Fine-tuning: what a device holds while weights are trained. How long that takes is not modelled.

use crate::engine::HostWeights;
use crate::format::WeightFormat;
use crate::memory::{self, Stage};
use crate::model::{Layer, Model};
use crate::parallelism::Parallelism;
use crate::tensor::{Component, Kind, Role, Tensor};
use crate::units::{Bytes, Tokens};

/// Which weights change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trained {
    /// All of them.
    All,
    /// Low-rank matrices beside some of them (LoRA, arXiv:2106.09685); QLoRA where the others are in 4 bit.
    Adapters {
        /// Rank of the added matrices.
        rank: u64,
        /// What they are added to.
        on: AdapterTargets,
        /// Whether their inputs pass a dropout, which keeps a copy and a mask.
        dropout: bool,
    },
}

/// The matrices that get adapters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AdapterTargets {
    /// Queries and values, as in the paper.
    QueryAndValue,
    /// All matrices of attention.
    Attention,
    /// Those of attention and of dense MLPs and shared experts.
    AllLinear,
}

/// What turns gradients into changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Optimizer {
    /// Gradients alone.
    Sgd,
    /// Two moments for each weight.
    AdamW,
    /// Two moments in 8 bit, with a scale for each 256 (bitsandbytes, arXiv:2110.02861).
    AdamW8Bit,
}

/// What ranks deal out among each other instead of each holding all of it (ZeRO, arXiv:1910.02054).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Zero {
    /// Nothing: plain data parallelism.
    None,
    /// Stage 1: states of the optimiser.
    States,
    /// Stage 2: gradients too.
    Gradients,
    /// Stage 3, and FSDP: weights too.
    Weights,
}

/// What waits in the memory of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Offload {
    /// Nothing.
    None,
    /// States of the optimiser, as paged optimisers do.
    States,
    /// Weights, gradients and states: a device holds only what it works on.
    All,
}

/// How a model is fine-tuned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Training {
    /// Which weights change.
    pub trained: Trained,
    /// The optimiser.
    pub optimizer: Optimizer,
    /// Whether trained weights have a copy in 32 bit, and so do the moments (mixed precision).
    pub mixed: bool,
    /// What ranks deal out.
    pub zero: Zero,
    /// Ranks that train together.
    pub ranks: u64,
    /// What waits on the host.
    pub offload: Offload,
    /// Sequences on each device.
    pub sequences: u64,
    /// Tokens of each.
    pub tokens: Tokens,
    /// Whether only what enters a layer is kept, and the rest computed again (activation checkpointing).
    pub checkpointing: bool,
    /// Whether each gradient is used as soon as it is known, and dropped.
    pub fused_update: bool,
    /// Whether a compiler joins element-wise work, so that its steps are not kept.
    pub compiled: bool,
    /// Parts in which the loss is computed.
    pub loss_chunks: u64,
}

impl Default for Training {
    /// Full fine-tuning of one sequence of 2048 tokens by AdamW, in 16 bit.
    fn default() -> Self {
        Self {
            trained: Trained::All,
            optimizer: Optimizer::AdamW,
            mixed: false,
            zero: Zero::None,
            ranks: 1,
            offload: Offload::None,
            sequences: 1,
            tokens: 2048,
            checkpointing: false,
            fused_update: false,
            compiled: false,
            loss_chunks: 1,
        }
    }
}

/// What one device holds at its fullest, as the allocator sees it: the context of the driver comes on top.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrainingMemory {
    /// Weights of the model, adapters included.
    pub weights: Bytes,
    /// Gradients of what is trained.
    pub gradients: Bytes,
    /// States of the optimiser, with the 32-bit copy of mixed precision.
    pub states: Bytes,
    /// What layers keep for the way back.
    pub activations: Bytes,
    /// Logits and the loss.
    pub loss: Bytes,
    /// Weights and gradients gathered from other ranks or from the host while they are worked on.
    pub gathered: Bytes,
}

impl TrainingMemory {
    /// All of it.
    pub fn total(self) -> Bytes {
        self.weights + self.gradients + self.states + self.activations + self.loss + self.gathered
    }
}

impl Training {
    /// Numbers that are trained.
    ///
    /// ```
    /// # use ridgepoint_core::training::*;
    /// # use ridgepoint_core::{Role, Tensor};
    /// // A matrix of 4096 x 4096 with adapters of rank 8: 8 x 4096 down and 4096 x 8 up.
    /// let query = Tensor::matrix(Role::Query, 4096, 4096);
    /// assert_eq!(AdapterTargets::QueryAndValue.parameters(query, 8), 65_536);
    /// ```
    pub fn parameters(&self, model: &Model) -> u64 {
        match self.trained {
            Trained::All => model.parameters().total(),
            Trained::Adapters { rank, on, .. } => {
                let of_layer =
                    |layer: &Layer| layer.tensors.iter().map(|&tensor| on.parameters(tensor, rank)).sum::<u64>();
                model.layers.all().into_iter().map(|(layer, count)| of_layer(layer).saturating_mul(count)).sum()
            }
        }
    }

    /// What one device holds.
    pub fn memory(&self, model: &Model, format: WeightFormat) -> TrainingMemory {
        let trained = self.parameters(model);
        let ranks = self.ranks.max(1);
        let dealt = |bytes: Bytes, from: Zero| if self.zero >= from { bytes.div_ceil(ranks) } else { bytes };
        let on_device = |bytes: Bytes, is_there: bool| if is_there { bytes } else { Bytes::ZERO };
        let adapters = match self.trained {
            Trained::All => Bytes::ZERO,
            Trained::Adapters { .. } => Bytes::new(trained) * 2,
        };
        let layer = layer_weights(model, format);
        let ends = ends(model, format);
        let gradients = if self.fused_update { layer.max(ends) } else { Bytes::new(trained) * 2 };
        let (weights, states) = (memory::weights(model, format) + adapters, self.states(trained));
        let holds_weights = self.offload != Offload::All;
        TrainingMemory {
            weights: on_device(dealt(weights, Zero::Weights), holds_weights),
            gradients: on_device(dealt(gradients, Zero::Gradients), holds_weights),
            states: on_device(dealt(states, Zero::States), self.offload == Offload::None),
            activations: self.activations(model),
            loss: self.loss(model),
            gathered: on_device(self.gathered(layer, ends), self.zero == Zero::Weights && ranks > 1 || !holds_weights),
        }
    }

    /// Two moments, and in mixed precision the 32-bit weights: 12 bytes for each weight then (arXiv:1910.02054,
    /// section 3.1), else 4, or 2 and the scales in 8 bit.
    fn states(&self, trained: u64) -> Bytes {
        let wide = if self.mixed { 4 } else { 0 };
        let moments = match (self.optimizer, self.mixed) {
            (Optimizer::Sgd, _) => Bytes::ZERO,
            (Optimizer::AdamW, true) => Bytes::new(trained) * 8,
            (Optimizer::AdamW, false) => Bytes::new(trained) * 4,
            (Optimizer::AdamW8Bit, _) => Bytes::new(trained) * 2 + Bytes::new(trained.div_ceil(256)) * 8,
        };
        moments + Bytes::new(trained) * wide
    }

    /// What is gathered at a time: the layer at work and the next one, with the gradients of the one at work, and the
    /// ends of the model, which stay.
    fn gathered(&self, layer: Bytes, ends: Bytes) -> Bytes {
        match self.trained {
            Trained::All => layer * 3 + ends,
            Trained::Adapters { .. } => layer * 2 + ends,
        }
    }

    /// What layers keep: the stream into each of them, and of one or all of them everything that the way back needs.
    fn activations(&self, model: &Model) -> Bytes {
        let tokens = self.tokens.saturating_mul(self.sequences);
        let layers = model.layers.all();
        let each = layers.into_iter().map(|(layer, count)| (self.kept(model, layer) * tokens, count));
        if !self.checkpointing {
            return each.map(|(bytes, count)| bytes * count).sum();
        }
        let stream = Bytes::new(model.hidden_size) * 2 * tokens * model.layers.len() as u64;
        // A layer is worked through again once the loss has gone.
        let widest = each.map(|(bytes, _)| bytes).max().unwrap_or(Bytes::ZERO);
        stream + widest.saturating_sub(self.loss(model))
    }

    /// Bytes that a layer keeps of each token. In 16 bit: what enters and leaves each norm, what matrices put out to
    /// something other than a sum, and what enters those whose output is summed. Run operation by operation, also the
    /// 32-bit copy in a norm, turned queries and keys, and the result of the activation function.
    fn kept(&self, model: &Model, layer: &Layer) -> Bytes {
        let visited = layer.feed_forward.active_experts();
        let times = |tensor: &Tensor| if tensor.role.component() == Component::RoutedExperts { visited } else { 1 };
        let mut values = 0_u64;
        let mut add = |count: u64| values = values.saturating_add(count);
        for tensor in layer.tensors.iter().filter(|tensor| tensor.kind == Kind::Matrix) {
            let side = if tensor.role.is_row_parallel() { tensor.inputs } else { tensor.outputs };
            add(side.saturating_mul(2 * times(tensor)));
            let is_changed =
                matches!(tensor.role, Role::Query | Role::Key | Role::Gate | Role::ExpertGate | Role::SharedGate);
            if is_changed && !self.compiled {
                add(tensor.outputs.saturating_mul(2 * times(tensor)));
            }
            if let Trained::Adapters { on, dropout: true, .. } = self.trained
                && on.includes(tensor.role)
                && !shares_input(tensor.role)
            {
                add(tensor.inputs.saturating_mul(3));
            }
        }
        let norm = if self.compiled { 4 } else { 8 };
        add(model.hidden_size.saturating_mul(norm * layer.halves()));
        Bytes::new(values)
    }

    /// Logits of all tokens in 16 bit, and in 32 bit a copy and its logarithms, part by part.
    fn loss(&self, model: &Model) -> Bytes {
        let tokens = self.tokens.saturating_mul(self.sequences);
        let part = tokens.div_ceil(self.loss_chunks.max(1));
        Bytes::new(model.vocab_size) * tokens * 2 + Bytes::new(model.vocab_size) * part * 8
    }
}

impl AdapterTargets {
    /// Whether matrices of this role get adapters.
    pub fn includes(self, role: Role) -> bool {
        match self {
            Self::QueryAndValue => matches!(role, Role::Query | Role::Value),
            Self::Attention => role.component() == Component::Attention,
            Self::AllLinear => {
                matches!(role.component(), Component::Attention | Component::DenseMlp | Component::SharedExperts)
            }
        }
    }

    /// Numbers of the adapters of a tensor.
    pub fn parameters(self, tensor: Tensor, rank: u64) -> u64 {
        let has_adapters = tensor.kind == Kind::Matrix && self.includes(tensor.role);
        let one = rank.saturating_mul(tensor.inputs.saturating_add(tensor.outputs));
        if has_adapters { one.saturating_mul(tensor.copies) } else { 0 }
    }
}

/// Whether the input of a matrix is that of another one beside it, whose copy counts for both.
const fn shares_input(role: Role) -> bool {
    matches!(role, Role::Query | Role::Key | Role::Gate | Role::SharedGate)
}

/// Weights of the largest layer.
fn layer_weights(model: &Model, format: WeightFormat) -> Bytes {
    let layers = memory::layer_weights(model, format, Parallelism::SINGLE, HostWeights::default());
    layers.into_iter().max().unwrap_or(Bytes::ZERO)
}

/// Weights outside the layers.
fn ends(model: &Model, format: WeightFormat) -> Bytes {
    let ends = Stage { layers: 0, ..Stage::whole(model) };
    memory::stage_weights(model, ends, format, Parallelism::SINGLE, HostWeights::default())
}
