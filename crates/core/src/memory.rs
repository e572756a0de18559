//! What each device must hold: weights, KV cache, activations and what the engine keeps for itself.

use core::ops::Range;

use crate::engine::HostWeights;
use crate::format::{CacheFormat, Packing, WeightFormat};
use crate::kv_cache;
use crate::model::{Head, Layer, Model};
use crate::parallelism::{Parallelism, stage_sizes};
use crate::state;
use crate::tensor::{Component, Sharding, Tensor};
use crate::units::{Bytes, Tokens};
use crate::weights::{PackedLayers, Weights};
use crate::workload::Workload;

/// Memory of one device, by use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceMemory {
    /// Weights of its share of the model.
    pub weights: Bytes,
    /// KV cache of the workload's sequences at their full length, as the engine allocates it.
    pub kv_cache: Bytes,
    /// Recurrent state of the workload's sequences, as the engine allocates it.
    pub state: Bytes,
    /// Peak of activations and logits.
    pub activations: Bytes,
    /// What the engine and its libraries keep.
    pub overhead: Overhead,
    /// The mathematical minimum: weights, cache and state without anything that an engine rounds up or adds.
    pub minimum: Bytes,
}

/// What a device cannot do without, whatever the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Least {
    /// Weights of its share of the model.
    pub weights: Bytes,
    /// Keys and values of the workload's tokens.
    pub cache: Bytes,
    /// Recurrent state of the workload's sequences.
    pub state: Bytes,
}

impl DeviceMemory {
    /// All that the device must hold. The minimum is another reading of three of its parts, not one of them.
    pub fn total(self) -> Bytes {
        self.weights + self.kv_cache + self.state + self.activations + self.overhead.total()
    }
}

/// What an engine and its libraries keep beside weights, cache, state and activations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overhead {
    /// Runtime context and kernels.
    pub context: Bytes,
    /// Buffers of the communication library, and what other libraries allocate.
    pub communication: Bytes,
    /// Captured graphs.
    pub graphs: Bytes,
    /// Output and runtime buffers.
    pub outputs: Bytes,
}

impl Overhead {
    /// All of it.
    pub fn total(self) -> Bytes {
        self.context + self.communication + self.graphs + self.outputs
    }
}

/// One pipeline stage: a run of layers and whether it starts or ends the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Index of its first layer.
    pub first_layer: usize,
    /// Number of its layers.
    pub layers: usize,
    /// Whether it holds the input embedding and the towers.
    pub is_first: bool,
    /// Whether it holds the final norm and the head.
    pub is_last: bool,
}

impl Stage {
    /// The whole model as one stage.
    pub fn whole(model: &Model) -> Self {
        Self { first_layer: 0, layers: model.layers.len(), is_first: true, is_last: true }
    }

    /// The stages of a model under pipeline parallelism.
    pub fn all(model: &Model, parallelism: Parallelism) -> Vec<Self> {
        Self::on_devices(model, parallelism, HostWeights::default())
    }

    /// As many stages of what does not stay on the host.
    pub fn on_devices(model: &Model, parallelism: Parallelism, host: HostWeights) -> Vec<Self> {
        // More stages than layers cannot be told apart from as many stages as layers.
        let stages = (parallelism.pipeline.max(1) as usize).min(model.layers.len().max(1));
        let first_layer = host.layers.min(model.layers.len());
        Self::of_sizes(&stage_sizes(model.layers.len() - first_layer, stages, parallelism.split), first_layer)
    }

    /// Stages of so many layers each, of which the first begins with `first_layer`. Where layers before that stay on the
    /// host, the head stays too.
    pub fn of_sizes(sizes: &[usize], mut first_layer: usize) -> Vec<Self> {
        let has_head = first_layer == 0;
        let stage = |(index, &layers): (usize, &usize)| {
            let is_last = has_head && index + 1 == sizes.len();
            let stage = Self { first_layer, layers, is_first: index == 0, is_last };
            first_layer += layers;
            stage
        };
        sizes.iter().enumerate().map(stage).collect()
    }

    /// Whether `other` holds the same: as many layers of the same kinds, and the same ends.
    pub fn is_like(self, other: Self, model: &Model) -> bool {
        (self.is_first, self.is_last) == (other.is_first, other.is_last)
            && model.layers.are_alike(self.range(), other.range())
    }

    /// The indexes of its layers.
    pub const fn range(self) -> Range<usize> {
        self.first_layer..self.first_layer + self.layers
    }

    /// Its distinct layers with their counts.
    pub fn layers(self, model: &Model) -> Vec<(&Layer, u64)> {
        model.layers.counted(self.first_layer..self.first_layer + self.layers)
    }

    /// Tensors of this stage outside its layers. A tied head needs the embedding on the last stage too.
    pub fn ends(self, model: &Model) -> Vec<Tensor> {
        let mut tensors = Vec::new();
        if self.is_first {
            tensors.extend(&model.input);
        }
        if self.is_last {
            tensors.extend(&model.output);
            match model.head {
                Head::Own(tensor) => tensors.push(tensor),
                Head::Tied(tensor) if !self.is_first => tensors.push(tensor),
                Head::Tied(_) | Head::None => {}
            }
        }
        tensors
    }
}

/// Bytes of `tensor` in this packing that one rank holds. `kv_heads` are those of the layer that it belongs to.
///
/// Shares are rounded up, so the ranks together hold at least the whole.
pub fn rank_bytes(tensor: Tensor, packing: Packing, kv_heads: u64, parallelism: Parallelism) -> Bytes {
    let tensor_parallel = parallelism.tensor.max(1);
    let one = packing.bytes(tensor.outputs, tensor.inputs);
    match tensor.role.sharding() {
        Sharding::Replicated => one * tensor.copies,
        Sharding::Split => (one * tensor.copies).div_ceil(tensor_parallel),
        Sharding::KvHeads => {
            let heads = kv_heads.max(1);
            (one * tensor.copies * heads.div_ceil(tensor_parallel)).div_ceil(heads)
        }
        Sharding::Experts => {
            let experts = tensor.copies.div_ceil(parallelism.expert.max(1));
            one.div_ceil(parallelism.tensor_within_expert()) * experts
        }
    }
}

/// Weights that each rank of `stage` holds, without those that stay on the host.
pub fn stage_weights(
    model: &Model,
    stage: Stage,
    format: WeightFormat,
    parallelism: Parallelism,
    host: HostWeights,
) -> Bytes {
    let mut sum = Bytes::ZERO;
    each_stage_tensor(model, stage, format, parallelism, host, &mut |_, bytes| sum += bytes);
    sum
}

/// Calls `visit` with how a tensor is packed and what each rank of `stage` holds of it and its likes, for all that it
/// holds.
pub fn each_stage_tensor(
    model: &Model,
    stage: Stage,
    format: WeightFormat,
    parallelism: Parallelism,
    host: HostWeights,
    visit: &mut dyn FnMut(Packing, Bytes),
) {
    let weights = Weights::new(model, format);
    let mut ends = stage.ends(model);
    if host.lookups {
        ends.retain(|tensor| !tensor.role.is_lookup());
        // The table is elsewhere now, so a tied head needs its own copy on a single stage too.
        ends.extend(tied_head(model).filter(|_| stage.is_first && stage.is_last));
    }
    for tensor in ends.into_iter().chain(weights.extras()) {
        let packing = weights.outside(tensor);
        visit(packing, rank_bytes(tensor, packing, 1, parallelism));
    }
    let last = stage.first_layer + stage.layers;
    let first_whole = host.expert_layers.clamp(stage.first_layer, last);
    each_layer_tensor(&weights, stage.first_layer..first_whole, false, parallelism, visit);
    each_layer_tensor(&weights, first_whole..last, true, parallelism, visit);
}

/// Calls `visit` with how a tensor is packed and what a rank holds of it and its likes, for a run of layers with or
/// without their routed experts.
fn each_layer_tensor(
    weights: &Weights,
    range: Range<usize>,
    with_experts: bool,
    parallelism: Parallelism,
    visit: &mut dyn FnMut(Packing, Bytes),
) {
    for layers in weights.layers(range) {
        let kv_heads = layers.layer.mixer.kv_heads();
        let here = |tensor: &(Tensor, _)| with_experts || !is_routed(tensor.0);
        for (tensor, packing) in weights.tensors(layers).filter(here).chain(weights.unread(layers)) {
            visit(packing, rank_bytes(tensor, packing, kv_heads, parallelism) * layers.count);
        }
    }
}

/// Weights of each layer that a rank holds, without those that stay on the host.
pub fn layer_weights(model: &Model, format: WeightFormat, parallelism: Parallelism, host: HostWeights) -> Vec<Bytes> {
    let weights = Weights::new(model, format);
    let of_layer = |index| {
        let mut sum = Bytes::ZERO;
        let with_experts = index >= host.expert_layers;
        each_layer_tensor(&weights, index..index + 1, with_experts, parallelism, &mut |_, bytes| sum += bytes);
        sum
    };
    (0..model.layers.len()).map(of_layer).collect()
}

/// Weights that stay on the host.
pub fn host_weights(model: &Model, format: WeightFormat, host: HostWeights) -> Bytes {
    let weights = Weights::new(model, format);
    let whole = |(tensor, packing)| rank_bytes(tensor, packing, 1, Parallelism::SINGLE);
    let lookups = model.input.iter().filter(|tensor| host.lookups && tensor.role.is_lookup());
    let lookups: Bytes = lookups.map(|&tensor| whole((tensor, weights.outside(tensor)))).sum();
    let of_layers = |range, all: bool| -> Bytes {
        let of_kind = |layers: PackedLayers| {
            let there = weights.tensors(layers).filter(|(tensor, _)| all || is_routed(*tensor));
            there.map(whole).sum::<Bytes>() * layers.count
        };
        weights.layers(range).into_iter().map(of_kind).sum()
    };
    let layers = host.layers.min(model.layers.len());
    let with_experts = host.expert_layers.clamp(layers, model.layers.len());
    let head = match model.head {
        Head::Own(tensor) => Some(tensor),
        Head::Tied(_) | Head::None => None,
    };
    let ends = model.output.iter().copied().chain(head).filter(|_| layers > 0);
    let ends: Bytes = ends.map(|tensor| whole((tensor, weights.outside(tensor)))).sum();
    lookups + ends + of_layers(0..layers, true) + of_layers(layers..with_experts, false)
}

fn is_routed(tensor: Tensor) -> bool {
    tensor.role.component() == Component::RoutedExperts
}

const fn tied_head(model: &Model) -> Option<Tensor> {
    match model.head {
        Head::Tied(tensor) => Some(tensor),
        Head::Own(_) | Head::None => None,
    }
}

/// Weights of the whole model on one device.
pub fn weights(model: &Model, format: WeightFormat) -> Bytes {
    stage_weights(model, Stage::whole(model), format, Parallelism::SINGLE, HostWeights::default())
}

/// KV cache that each rank of `stage` holds for `sequences` sequences of `context` tokens.
///
/// In an encoder-decoder those are the tokens of the decoder: see [`stage_source_cache`].
pub fn stage_kv_cache(
    model: &Model,
    stage: Stage,
    sequences: u64,
    context: Tokens,
    format: impl Into<CacheFormat>,
    tensor: u64,
) -> Bytes {
    let format = format.into();
    stage
        .layers(model)
        .into_iter()
        .map(|(layer, count)| kv_cache::layer_bytes(layer, context, format, tensor) * count)
        .sum::<Bytes>()
        * sequences
}

/// All keys and values that each rank of `stage` holds for `sequences` sequences of `workload` at their full length:
/// those of the decoder's tokens, and those of what an encoder made of the prompt.
pub fn stage_cache(
    model: &Model,
    stage: Stage,
    sequences: u64,
    workload: Workload,
    format: impl Into<CacheFormat>,
    tensor: u64,
) -> Bytes {
    let format = format.into();
    let prompt = workload.prompt_tokens;
    let context = model.stack().decoder_prompt(prompt).saturating_add(workload.output_tokens);
    stage_kv_cache(model, stage, sequences, context, format, tensor)
        + stage_source_cache(model, stage, sequences, model.source_tokens(prompt), format, tensor)
}

/// What cross-attention keeps on each rank of `stage` for `sequences` sequences, of whose input an encoder made
/// `tokens` vectors.
pub fn stage_source_cache(
    model: &Model,
    stage: Stage,
    sequences: u64,
    tokens: Tokens,
    format: impl Into<CacheFormat>,
    tensor: u64,
) -> Bytes {
    let format = format.into();
    let layers = stage.layers(model).into_iter();
    layers.map(|(layer, count)| kv_cache::layer_source_bytes(layer, tokens, format, tensor) * count).sum::<Bytes>()
        * sequences
}

/// Recurrent state that each rank of `stage` holds for `sequences` sequences, however long they are.
pub fn stage_state(model: &Model, stage: Stage, sequences: u64, tensor: u64) -> Bytes {
    let layers = stage.layers(model).into_iter();
    layers.map(|(layer, count)| state::layer_bytes(layer, tensor) * count).sum::<Bytes>() * sequences
}

/// Sequences that one of `replicas` replicas serves at most.
pub const fn sequences_per_replica(workload: Workload, replicas: u64) -> u64 {
    workload.batch.div_ceil(if replicas == 0 { 1 } else { replicas })
}
