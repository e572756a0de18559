//! What each device must hold: weights, KV cache, activations and what the engine keeps for itself.

use crate::engine::{EngineMemory, HostWeights};
use crate::format::{KvFormat, Packing, WeightFormat};
use crate::kv_cache;
use crate::model::{Head, Layer, Model};
use crate::parallelism::{Parallelism, stage_sizes};
use crate::state;
use crate::tensor::{Component, Kind, Sharding, Tensor};
use crate::units::{Bytes, Tokens};
use crate::weights::{PackedLayers, Weights};
use crate::workload::Workload;

/// Memory of one device, by use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceMemory {
    /// Weights of its share of the model.
    pub weights: Bytes,
    /// KV cache of the workload's sequences at their full length.
    pub kv_cache: Bytes,
    /// Recurrent state of the workload's sequences.
    pub state: Bytes,
    /// Peak of activations and logits.
    pub activations: Bytes,
    /// What the engine and its libraries keep.
    pub overhead: Bytes,
}

impl DeviceMemory {
    /// The mathematical minimum: weights, cache and state.
    pub fn minimum(self) -> Bytes {
        self.weights + self.kv_cache + self.state
    }

    /// All of it.
    pub fn total(self) -> Bytes {
        self.minimum() + self.activations + self.overhead
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
    /// The stages of a model under pipeline parallelism.
    pub fn all(model: &Model, parallelism: Parallelism) -> Vec<Self> {
        // More stages than layers cannot be told apart from as many stages as layers.
        let stages = (parallelism.pipeline.max(1) as usize).min(model.layers.len().max(1));
        let mut first_layer = 0;
        stage_sizes(model.layers.len(), stages, parallelism.split)
            .into_iter()
            .enumerate()
            .map(|(index, layers)| {
                let stage = Self { first_layer, layers, is_first: index == 0, is_last: index + 1 == stages };
                first_layer += layers;
                stage
            })
            .collect()
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
    let weights = Weights::new(model, format);
    let outside = |tensor| rank_bytes(tensor, weights.outside(tensor), 1, parallelism);
    let mut ends = stage.ends(model);
    if host.lookups {
        ends.retain(|tensor| !tensor.role.is_lookup());
        // The table is elsewhere now, so a tied head needs its own copy on a single stage too.
        ends.extend(tied_head(model).filter(|_| stage.is_first && stage.is_last));
    }
    let last = stage.first_layer + stage.layers;
    let first_whole = host.expert_layers.clamp(stage.first_layer, last);
    let layers = |range, with_experts: bool| -> Bytes {
        let of_kind = |layers: PackedLayers| {
            let kv_heads = layers.layer.mixer.kv_heads();
            let here = |tensor: &(Tensor, _)| with_experts || !is_routed(tensor.0);
            let bytes = |(tensor, packing)| rank_bytes(tensor, packing, kv_heads, parallelism);
            weights.tensors(layers).filter(here).map(bytes).sum::<Bytes>() * layers.count
        };
        weights.layers(range).into_iter().map(of_kind).sum()
    };
    let outside: Bytes = ends.into_iter().chain(weights.extras()).map(outside).sum();
    outside + layers(stage.first_layer..first_whole, false) + layers(first_whole..last, true)
}

/// Weights that stay on the host.
pub fn host_weights(model: &Model, format: WeightFormat, host: HostWeights) -> Bytes {
    let weights = Weights::new(model, format);
    let whole = |(tensor, packing)| rank_bytes(tensor, packing, 1, Parallelism::SINGLE);
    let lookups = model.input.iter().filter(|tensor| host.lookups && tensor.role.is_lookup());
    let lookups: Bytes = lookups.map(|&tensor| whole((tensor, weights.outside(tensor)))).sum();
    let experts = weights.layers(0..host.expert_layers.min(model.layers.len())).into_iter().map(|layers| {
        let routed = weights.tensors(layers).filter(|(tensor, _)| is_routed(*tensor));
        routed.map(whole).sum::<Bytes>() * layers.count
    });
    lookups + experts.sum::<Bytes>()
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
    let whole = Stage { first_layer: 0, layers: model.layers.len(), is_first: true, is_last: true };
    stage_weights(model, whole, format, Parallelism::SINGLE, HostWeights::default())
}

/// KV cache that each rank of `stage` holds for `sequences` sequences of `context` tokens.
///
/// In an encoder-decoder those are the tokens of the decoder: see [`stage_source_cache`].
pub fn stage_kv_cache(
    model: &Model,
    stage: Stage,
    sequences: u64,
    context: Tokens,
    format: KvFormat,
    tensor: u64,
) -> Bytes {
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
    format: KvFormat,
    tensor: u64,
) -> Bytes {
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
    format: KvFormat,
    tensor: u64,
) -> Bytes {
    let layers = stage.layers(model).into_iter();
    layers.map(|(layer, count)| kv_cache::layer_source_bytes(layer, tokens, format, tensor) * count).sum::<Bytes>()
        * sequences
}

/// Recurrent state that each rank of `stage` holds for `sequences` sequences, however long they are.
pub fn stage_state(model: &Model, stage: Stage, sequences: u64, tensor: u64) -> Bytes {
    let layers = stage.layers(model).into_iter();
    layers.map(|(layer, count)| state::layer_bytes(layer, tensor) * count).sum::<Bytes>() * sequences
}

/// Peak of activations on each rank: the widest layer at the tokens of one pass, or the logits, whichever is larger.
///
/// A pass of `T` tokens keeps about three vectors of the residual stream and, in the MLP, the gate, the
/// up-projection and their product: `T x (3 x hidden + 3 x width / TP) x 2 B`; a mixture also keeps the output of each
/// visited expert. The logits are `sequences x vocabulary` in 32 bit, twice (raw and normalised).
///
/// ```
/// // Llama 3.1 8B, 8192 tokens in one pass: 8192 x (3 x 4096 + 3 x 14336) x 2 B = 864 MiB.
/// assert_eq!(8192 * (3 * 4096 + 3 * 14336) * 2, 864 * 1024 * 1024);
/// ```
pub fn activations(model: &Model, tokens: Tokens, sequences: u64, tensor: u64) -> Bytes {
    let tensor = tensor.max(1);
    let values_per_token = model
        .layers
        .all()
        .into_iter()
        .map(|(layer, _)| {
            let mlp = layer.mlp_width();
            3 * mlp.width.div_ceil(tensor) + (3 + mlp.expert_outputs).saturating_mul(model.hidden_size)
        })
        .max()
        .unwrap_or(0);
    let layer = Bytes::new(tokens) * values_per_token * 2;
    let logits = match model.head {
        Head::None => Bytes::ZERO,
        Head::Own(_) | Head::Tied(_) => Bytes::new(sequences) * model.vocab_size * 4 * 2,
    };
    layer.max(logits)
}

/// Width of the feed-forward block that one token passes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MlpWidth {
    /// Intermediate values: dense, shared and visited experts together.
    pub width: u64,
    /// Expert outputs that are kept until they are summed.
    pub expert_outputs: u64,
}

impl Layer {
    /// Width of the feed-forward block that one token passes through.
    pub fn mlp_width(&self) -> MlpWidth {
        let active = self.feed_forward.active_experts();
        let mut mlp = MlpWidth { width: 0, expert_outputs: active };
        for tensor in self.tensors.iter().filter(|tensor| tensor.kind == Kind::Matrix) {
            let times = match tensor.role.component() {
                Component::DenseMlp | Component::SharedExperts => 1,
                Component::RoutedExperts => active,
                Component::Embedding
                | Component::Head
                | Component::Attention
                | Component::Mixer
                | Component::Router
                | Component::Norms
                | Component::Vision
                | Component::Audio
                | Component::Projector
                | Component::Other => 0,
            };
            // The input of a down-projection is the intermediate vector.
            if tensor.role.is_row_parallel() {
                mlp.width = mlp.width.saturating_add(tensor.inputs.saturating_mul(times));
            }
        }
        mlp
    }
}

/// Sequences that one of `replicas` replicas serves at most.
pub const fn sequences_per_replica(workload: Workload, replicas: u64) -> u64 {
    workload.batch.div_ceil(if replicas == 0 { 1 } else { replicas })
}

/// Memory of each rank, stage by stage. Ranks of one stage hold the same.
pub fn by_stage(
    model: &Model,
    weights: WeightFormat,
    kv: KvFormat,
    parallelism: Parallelism,
    workload: Workload,
    engine: EngineMemory,
) -> Vec<DeviceMemory> {
    let sequences = sequences_per_replica(workload, parallelism.data);
    let tokens = sequences.saturating_mul(workload.prompt_tokens).min(engine.tokens_per_pass).max(sequences);
    let Parallelism { tensor, pipeline, expert, .. } = parallelism;
    let collectives = if tensor.max(pipeline).max(expert) > 1 { engine.collectives } else { Bytes::ZERO };
    Stage::all(model, parallelism)
        .into_iter()
        .map(|stage| DeviceMemory {
            weights: stage_weights(model, stage, weights, parallelism, engine.host),
            kv_cache: stage_cache(model, stage, sequences, workload, kv, tensor),
            state: stage_state(model, stage, sequences, parallelism.tensor),
            activations: activations(model, tokens, sequences, parallelism.tensor),
            overhead: engine.context + collectives,
        })
        .collect()
}
