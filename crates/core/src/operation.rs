//! The work of one forward pass, operation by operation, as each device of a tensor-parallel group does it.

use crate::attention::{Attention, Reach};
use crate::feed_forward::expected_experts;
use crate::format::{Arithmetic, ComputePrecision, KvFormat, Packing, WeightFormat};
use crate::interconnect::all_reduce_bytes;
use crate::kv_cache::values_per_token_and_rank;
use crate::memory::{Stage, is_mixture, rank_bytes};
use crate::model::{CacheOwner, Layer, Mixer, Model};
use crate::parallelism::Parallelism;
use crate::roofline::Cost;
use crate::tensor::{Component, Kind, Sharding, Tensor};
use crate::units::{Bytes, Flops, Tokens};

/// Bytes of an activation: engines keep the residual stream in 16 bit.
const ACTIVATION_BYTES: u64 = 2;

/// Attention and everything that a quantised model leaves wide is multiplied in 16 bit.
const SIXTEEN_BIT: Arithmetic = Arithmetic::Native(ComputePrecision::Bf16);

/// One forward pass over some sequences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// Sequences that take part, in one replica.
    pub sequences: u64,
    /// New tokens of each.
    pub new_tokens: Tokens,
    /// Tokens of each that are already in the cache.
    pub past_tokens: Tokens,
}

impl Pass {
    /// Reading `sequences` whole prompts.
    pub const fn prefill(sequences: u64, prompt_tokens: Tokens) -> Self {
        Self { sequences, new_tokens: prompt_tokens, past_tokens: 0 }
    }

    /// One step that gives each of `sequences` its next token, which sees `context` tokens, itself included.
    pub const fn decode(sequences: u64, context: Tokens) -> Self {
        Self { sequences, new_tokens: 1, past_tokens: context.saturating_sub(1) }
    }

    /// New tokens of all sequences.
    pub const fn tokens(self) -> Tokens {
        self.sequences.saturating_mul(self.new_tokens)
    }
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OperationKind {
    /// Looking up input embeddings.
    Embedding,
    /// The matrices of attention.
    AttentionProjections,
    /// Scores and weighted sums over the whole context.
    FullAttention,
    /// The same over a window or a chunk.
    WindowedAttention,
    /// Recurrent and convolutional mixers.
    Mixer,
    /// Dense MLPs.
    DenseMlp,
    /// Routers of mixtures.
    Router,
    /// Routed experts.
    RoutedExperts,
    /// Shared experts.
    SharedExperts,
    /// Norms and the residual stream.
    Norms,
    /// The output head.
    Head,
    /// Sums over tensor-parallel ranks.
    AllReduce,
    /// Tokens on the way to their experts and back.
    AllToAll,
    /// Hand-over from one pipeline stage to the next.
    StageTransfer,
}

/// An operation of a pass: all its occurrences in a stage together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Operation {
    /// What it does.
    pub kind: OperationKind,
    /// Occurrences: usually layers.
    pub count: u64,
    /// Work of all occurrences on one device.
    pub cost: Cost,
    /// The arithmetic that it asks for; `None` for pure movement.
    pub arithmetic: Option<Arithmetic>,
    /// Devices that communicate in it.
    pub ranks: u64,
}

/// What the work of a pass depends on beside the model and the pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numerics {
    /// Format of the weights.
    pub weights: WeightFormat,
    /// Format of the KV cache.
    pub kv: KvFormat,
}

/// The operations of one pass through one stage, on each of its devices.
pub fn of_stage(
    model: &Model,
    stage: Stage,
    pass: Pass,
    numerics: Numerics,
    parallelism: Parallelism,
) -> Vec<Operation> {
    let work = Work { model, pass, numerics, parallelism, mixture: is_mixture(model) };
    let mut operations = Operations::default();
    if stage.is_first {
        work.embedding(&mut operations);
        work.outside(&model.input, &mut operations);
    }
    for (layer, count) in stage.layers(model) {
        work.layer(layer, count, &mut operations);
    }
    if stage.is_last {
        work.outside(&model.output, &mut operations);
        work.head(&mut operations);
    } else {
        operations.add(OperationKind::StageTransfer, 1, None, 2, work.stage_transfer());
    }
    operations.0
}

/// Operations by kind, in order of first use.
#[derive(Default)]
struct Operations(Vec<Operation>);

impl Operations {
    fn add(&mut self, kind: OperationKind, count: u64, arithmetic: Option<Arithmetic>, ranks: u64, cost: Cost) {
        match self.0.iter_mut().find(|operation| operation.kind == kind && operation.arithmetic == arithmetic) {
            Some(operation) => {
                operation.count += count;
                operation.cost = operation.cost + cost * count;
            }
            None => self.0.push(Operation { kind, count, cost: cost * count, arithmetic, ranks }),
        }
    }
}

struct Work<'a> {
    model: &'a Model,
    pass: Pass,
    numerics: Numerics,
    parallelism: Parallelism,
    mixture: bool,
}

impl Work<'_> {
    fn tensor_parallel(&self) -> u64 {
        self.parallelism.tensor.max(1)
    }

    /// Bytes of one 16-bit vector of `width` for each new token.
    fn activation(&self, width: u64) -> Bytes {
        Bytes::new(self.pass.tokens()) * width * ACTIVATION_BYTES
    }

    fn embedding(&self, operations: &mut Operations) {
        // Each token reads one row of the table and writes one vector.
        operations.add(
            OperationKind::Embedding,
            1,
            None,
            1,
            Cost { traffic: self.activation(2 * self.model.hidden_size), ..Cost::default() },
        );
    }

    /// Matrices in front of the first layer or behind the last one, tables and towers aside (Gemma 3n, OPT-350m).
    fn outside(&self, tensors: &[Tensor], operations: &mut Operations) {
        let multiplies = |tensor: &&Tensor| tensor.kind == Kind::Matrix && !tensor.role.is_lookup();
        for &tensor in tensors.iter().filter(multiplies) {
            if let Some(kind) = matrix_operation(tensor.role.component()) {
                let cost = self.matrix(tensor, 1, self.pass.tokens());
                operations.add(kind, 1, Some(self.arithmetic(tensor)), 1, cost);
            }
        }
    }

    fn layer(&self, layer: &Layer, count: u64, operations: &mut Operations) {
        // All matrices of one kind in a layer are one operation.
        let mut of_layer = Operations::default();
        for &tensor in layer.tensors.iter().filter(|tensor| tensor.kind == Kind::Matrix) {
            let Some(kind) = matrix_operation(tensor.role.component()) else { continue };
            let cost = if kind == OperationKind::RoutedExperts {
                self.experts(tensor, layer)
            } else {
                self.matrix(tensor, layer.mixer.kv_heads(), self.pass.tokens())
            };
            of_layer.add(kind, 1, Some(self.arithmetic(tensor)), 1, cost);
        }
        for operation in of_layer.0 {
            operations.add(operation.kind, count, operation.arithmetic, 1, operation.cost);
        }
        if let Mixer::Attention { attention, reach, cache } = layer.mixer {
            let kind = match reach {
                Reach::Full => OperationKind::FullAttention,
                Reach::Sliding(_) | Reach::Chunked(_) => OperationKind::WindowedAttention,
            };
            operations.add(kind, count, Some(SIXTEEN_BIT), 1, self.attention(attention, reach, cache));
        }
        let halves = layer.halves();
        // Each half reads the residual stream through its norm and adds its result to it: one read, one write.
        let norms = Cost { traffic: self.activation(2 * self.model.hidden_size), ..Cost::default() };
        operations.add(OperationKind::Norms, count * halves, None, 1, norms);
        self.communication(layer, count, operations);
    }

    /// A matrix that every one of `tokens` tokens passes through.
    fn matrix(&self, tensor: Tensor, kv_heads: u64, tokens: Tokens) -> Cost {
        let ranks = self.ranks_of(tensor, kv_heads);
        let flops = 2.0 * tensor.parameters() as f64 * tokens as f64 / ranks;
        Cost {
            flops: Flops::new(flops),
            traffic: rank_bytes(tensor, kv_heads, self.numerics.weights, self.mixture, self.parallelism)
                + self.vectors(tensor, tokens, ranks),
            communication: Bytes::ZERO,
        }
    }

    /// The matrices of routed experts: each token passes through a few of them, each touched one is read once.
    fn experts(&self, tensor: Tensor, layer: &Layer) -> Cost {
        let tokens = self.pass.tokens();
        let active = layer.feed_forward.active_experts();
        // Expert parallelism beyond TP pools the tokens of several replicas over the same experts.
        let pooled = tokens.saturating_mul((self.parallelism.expert / self.tensor_parallel()).max(1));
        let touched = expected_experts(tensor.copies, active, pooled) / tensor.copies.max(1) as f64;
        let ranks = self.tensor_parallel() as f64;
        let one = tensor.times(1);
        Cost {
            flops: Flops::new(2.0 * one.parameters() as f64 * active as f64 * tokens as f64 / ranks),
            traffic: rank_bytes(tensor, 1, self.numerics.weights, self.mixture, self.parallelism).scaled(touched)
                + self.vectors(one, tokens.saturating_mul(active), ranks),
            communication: Bytes::ZERO,
        }
    }

    /// Input and output vectors of a matrix for `tokens` tokens. The side that is cut is shared by the ranks.
    fn vectors(&self, tensor: Tensor, tokens: Tokens, ranks: f64) -> Bytes {
        let (cut, whole) = if tensor.role.is_row_parallel() {
            (tensor.inputs, tensor.outputs)
        } else {
            (tensor.outputs, tensor.inputs)
        };
        Bytes::new(tokens).scaled((cut as f64 / ranks + whole as f64) * ACTIVATION_BYTES as f64)
    }

    /// Ranks over which the arithmetic of a matrix is cut.
    fn ranks_of(&self, tensor: Tensor, kv_heads: u64) -> f64 {
        match tensor.role.sharding() {
            Sharding::Replicated => 1.0,
            Sharding::Split | Sharding::Experts => self.tensor_parallel() as f64,
            // Beyond one head per rank the heads are replicated, and so is their arithmetic.
            Sharding::KvHeads => self.tensor_parallel().min(kv_heads.max(1)) as f64,
        }
    }

    /// Scores and weighted sums. Softmax runs beside the matrix units and is left out.
    ///
    /// `2 x heads x (key width + value width)` operations for each pair of a query and a key. MLA expands its latent
    /// vectors into full heads for a prompt, and works on the latent vectors themselves when decoding
    /// (arXiv:2405.04434, section 2.1.2).
    fn attention(&self, attention: Attention, reach: Reach, cache: CacheOwner) -> Cost {
        let Pass { sequences, new_tokens, past_tokens } = self.pass;
        let (heads, key_dim, value_dim) = match attention {
            Attention::Grouped { heads, key_dim, value_dim, .. } => (heads, key_dim, value_dim),
            Attention::Latent { heads, kv_rank, rope_dim, nope_dim, value_dim, .. } => {
                if new_tokens > 1 {
                    (heads, nope_dim + rope_dim, value_dim)
                } else {
                    (heads, kv_rank + rope_dim, kv_rank)
                }
            }
        };
        let heads = heads as f64 / self.tensor_parallel() as f64;
        let width = (key_dim + value_dim) as f64;
        let pairs = reach.pairs(new_tokens, past_tokens) * sequences as f64;
        let per_token = self.numerics.kv.bytes(values_per_token_and_rank(attention, self.tensor_parallel()));
        // The cache is read once; new keys and values are written once by the layer that owns them.
        let read = per_token * reach.cached_tokens(past_tokens.saturating_add(new_tokens)) * sequences;
        let written = match cache {
            CacheOwner::Own => per_token * self.pass.tokens(),
            CacheOwner::Earlier => Bytes::ZERO,
        };
        let queries_and_results = Bytes::new(self.pass.tokens()).scaled(heads * width * ACTIVATION_BYTES as f64);
        Cost {
            flops: Flops::new(2.0 * heads * width * pairs),
            traffic: read + written + queries_and_results,
            communication: Bytes::ZERO,
        }
    }

    /// The head multiplies only the last token of each sequence.
    fn head(&self, operations: &mut Operations) {
        if let Some(tensor) = self.model.head.matrix() {
            let cost = self.matrix(tensor, 1, self.pass.sequences);
            operations.add(OperationKind::Head, 1, Some(self.arithmetic(tensor)), 1, cost);
        }
    }

    fn communication(&self, layer: &Layer, count: u64, operations: &mut Operations) {
        let message = self.activation(self.model.hidden_size);
        let Parallelism { tensor, expert, .. } = self.parallelism;
        if tensor > 1 {
            let cost = Cost { communication: all_reduce_bytes(message, tensor), ..Cost::default() };
            operations.add(OperationKind::AllReduce, count * layer.halves(), None, tensor, cost);
        }
        let active = layer.feed_forward.active_experts();
        if expert > tensor.max(1) && active > 0 {
            // Each token goes to its experts and comes back; a share of 1 / EP stays where it is.
            let sent = message * active * 2;
            let leaving = (expert - 1) as f64 / expert as f64 / self.tensor_parallel() as f64;
            let cost = Cost { communication: sent.scaled(leaving), ..Cost::default() };
            operations.add(OperationKind::AllToAll, count, None, expert, cost);
        }
    }

    fn stage_transfer(&self) -> Cost {
        Cost { communication: self.activation(self.model.hidden_size), ..Cost::default() }
    }

    /// The arithmetic of one matrix: what is left in plain 16 or 32 bit is multiplied in that.
    fn arithmetic(&self, tensor: Tensor) -> Arithmetic {
        match self.numerics.weights.packing(tensor, self.mixture) {
            Packing::Plain { bits: 16 } => match self.numerics.weights.arithmetic() {
                Arithmetic::Native(ComputePrecision::Fp16) => Arithmetic::Native(ComputePrecision::Fp16),
                Arithmetic::Native(_) | Arithmetic::WeightOnly => SIXTEEN_BIT,
            },
            Packing::Plain { .. }
            | Packing::PerRow { .. }
            | Packing::PerGroup { .. }
            | Packing::PerTile { .. }
            | Packing::Ggml(_) => self.numerics.weights.arithmetic(),
        }
    }
}

/// The operation in which the matrices of a component take part, within a layer.
const fn matrix_operation(component: Component) -> Option<OperationKind> {
    match component {
        Component::Attention => Some(OperationKind::AttentionProjections),
        Component::Mixer => Some(OperationKind::Mixer),
        Component::DenseMlp | Component::Other => Some(OperationKind::DenseMlp),
        Component::RoutedExperts => Some(OperationKind::RoutedExperts),
        Component::SharedExperts => Some(OperationKind::SharedExperts),
        Component::Router => Some(OperationKind::Router),
        Component::Embedding
        | Component::Head
        | Component::Norms
        | Component::Vision
        | Component::Audio
        | Component::Projector => None,
    }
}
