//! The work of one forward pass, operation by operation, as each device of a tensor-parallel group does it.

use crate::attention::{Attention, Indexer, Reach, Selection};
use crate::feed_forward::expected_experts;
use crate::format::{Arithmetic, CacheFormat, ComputePrecision, Packing, WeightFormat};
use crate::interconnect::all_reduce_bytes;
use crate::kv_cache::{selection_bytes, token_bytes};
use crate::memory::{Stage, rank_bytes};
use crate::model::{CacheOwner, Layer, Mixer, Model, Stack};
use crate::parallelism::Parallelism;
use crate::roofline::Cost;
use crate::state::State;
use crate::tensor::{Component, Kind, Role, Sharding, Tensor};
use crate::units::{Bytes, Flops, Tokens};
use crate::weights::{PackedLayers, Weights};

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
    /// Vectors that the encoder of an encoder-decoder makes of each input. It does so in the pass without past tokens;
    /// the tokens above are those of its decoder.
    pub source_tokens: Tokens,
    /// Last tokens of each sequence that the head scores: one, or all of those that a draft model proposed.
    pub scored_tokens: Tokens,
}

impl Pass {
    /// Reading `sequences` whole prompts.
    pub const fn prefill(sequences: u64, prompt_tokens: Tokens) -> Self {
        Self { sequences, new_tokens: prompt_tokens, past_tokens: 0, source_tokens: 0, scored_tokens: 1 }
    }

    /// Reading what is left of a prompt of which `cached_tokens` tokens are in the cache already.
    ///
    /// ```
    /// # use ridgepoint_core::Pass;
    /// let rest = Pass::prefill(1, 1000).behind(600);
    /// assert_eq!((rest.new_tokens, rest.past_tokens), (400, 600));
    /// ```
    pub const fn behind(self, cached_tokens: Tokens) -> Self {
        let new_tokens = self.new_tokens.saturating_sub(cached_tokens);
        Self { new_tokens, past_tokens: self.past_tokens.saturating_add(cached_tokens), ..self }
    }

    /// A step of decoding that also checks `drafted_tokens` proposed tokens of each sequence.
    pub const fn verifying(self, drafted_tokens: Tokens) -> Self {
        let new_tokens = self.new_tokens.saturating_add(drafted_tokens);
        Self { new_tokens, scored_tokens: new_tokens, ..self }
    }

    /// One step that gives each of `sequences` its next token, which sees `context` tokens, itself included.
    pub const fn decode(sequences: u64, context: Tokens) -> Self {
        Self { sequences, new_tokens: 1, past_tokens: context.saturating_sub(1), source_tokens: 0, scored_tokens: 1 }
    }

    /// Reading `sequences` prompts with `model`: an encoder-decoder encodes them and writes a first token.
    pub fn reading(model: &Model, sequences: u64, prompt_tokens: Tokens) -> Self {
        match model.stack() {
            Stack::Decoder | Stack::Encoder | Stack::None => Self::prefill(sequences, prompt_tokens),
            Stack::EncoderDecoder => {
                Self { source_tokens: model.source_tokens(prompt_tokens), ..Self::prefill(sequences, 1) }
            }
        }
    }

    /// A step of `model` that gives each of `sequences` sequences with a prompt of `prompt_tokens` tokens its next one
    /// after `output_tokens` others.
    pub fn writing(model: &Model, sequences: u64, prompt_tokens: Tokens, output_tokens: Tokens) -> Self {
        let stack = model.stack();
        let context = stack.decoder_prompt(prompt_tokens).saturating_add(output_tokens);
        match stack {
            Stack::Decoder | Stack::Encoder | Stack::None => Self::decode(sequences, context),
            Stack::EncoderDecoder => {
                // Its first token is of the pass that encodes, so this one has a past.
                Self { source_tokens: model.source_tokens(prompt_tokens), ..Self::decode(sequences, context.max(2)) }
            }
        }
    }

    /// What the layers of an encoder do in this pass; `None` if it has done its work before.
    fn of_encoder(self) -> Option<Self> {
        let all_new = self.past_tokens == 0;
        let tokens = if self.source_tokens > 0 { self.source_tokens } else { self.new_tokens };
        all_new.then_some(Self { new_tokens: tokens, source_tokens: 0, ..self })
    }

    /// Whether it writes rather than reads: all of its tokens are scored.
    const fn is_writing(self) -> bool {
        self.new_tokens <= self.scored_tokens
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

impl OperationKind {
    /// Whether it works on a cache rather than on weights.
    pub const fn is_attention(self) -> bool {
        match self {
            Self::FullAttention | Self::WindowedAttention => true,
            Self::Embedding
            | Self::AttentionProjections
            | Self::Mixer
            | Self::DenseMlp
            | Self::Router
            | Self::RoutedExperts
            | Self::SharedExperts
            | Self::Norms
            | Self::Head
            | Self::AllReduce
            | Self::AllToAll
            | Self::StageTransfer => false,
        }
    }
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

impl Operation {
    /// Whether both are of one kind and in one arithmetic.
    pub fn is_like(self, other: Self) -> bool {
        self.kind == other.kind && self.arithmetic == other.arithmetic
    }
}

/// What the work of a pass depends on beside the model and the pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numerics {
    /// Format of the weights.
    pub weights: WeightFormat,
    /// Format of the KV cache.
    pub kv: CacheFormat,
}

/// The operations of one pass through one stage, on each of its devices.
pub fn of_stage(
    model: &Model,
    stage: Stage,
    pass: Pass,
    numerics: Numerics,
    parallelism: Parallelism,
) -> Vec<Operation> {
    let weights = Weights::new(model, numerics.weights);
    let encoder = pass.of_encoder().map(|pass| Work { model, pass, numerics, parallelism, weights: weights.clone() });
    let work = Work { model, pass, numerics, parallelism, weights };
    let mut operations = Operations::default();
    if stage.is_first {
        work.embedding(&mut operations);
        work.outside(&model.input, &mut operations);
    }
    for layers in work.weights.layers(stage.first_layer..stage.first_layer + stage.layers) {
        let taking_part = if layers.layer.mixer.is_encoder() { encoder.as_ref() } else { Some(&work) };
        if let Some(work) = taking_part {
            work.layer(layers, &mut operations);
        }
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
    weights: Weights<'a>,
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
                let packing = self.weights.outside(tensor);
                let cost = self.matrix(tensor, packing, 1, self.pass.tokens());
                operations.add(kind, 1, Some(self.weights.arithmetic_of(packing)), 1, cost);
            }
        }
    }

    fn layer(&self, layers: PackedLayers, operations: &mut Operations) {
        let PackedLayers { layer, count, .. } = layers;
        if layer.mixer.needs_image() {
            return;
        }
        // All matrices of one kind in a layer are one operation.
        let mut of_layer = Operations::default();
        let matrices = self.weights.tensors(layers).chain(self.weights.reused(layers));
        for (tensor, packing) in matrices.filter(|(tensor, _)| tensor.kind == Kind::Matrix) {
            let Some(kind) = matrix_operation(tensor.role.component()) else { continue };
            let tokens = self.tokens_of(layer, tensor);
            let cost = if kind == OperationKind::RoutedExperts {
                self.experts(tensor, packing, layer)
            } else if tokens == 0 {
                continue;
            } else {
                self.matrix(tensor, packing, layer.mixer.kv_heads(), tokens)
            };
            of_layer.add(kind, 1, Some(self.weights.arithmetic_of(packing)), 1, cost);
        }
        for operation in of_layer.0 {
            operations.add(operation.kind, count, operation.arithmetic, 1, operation.cost);
        }
        match layer.mixer {
            Mixer::None => {}
            Mixer::Attention { attention, reach, cache, selection } => {
                let cost = self.attention(attention, reach, cache, selection);
                operations.add(attention_operation(reach), count, Some(SIXTEEN_BIT), 1, cost);
            }
            Mixer::Recurrent(state) => {
                operations.add(OperationKind::Mixer, count, Some(SIXTEEN_BIT), 1, self.state(state));
            }
            Mixer::Parallel { attention, reach, state } => {
                let cost = self.attention(attention, reach, CacheOwner::Own, Selection::All);
                operations.add(attention_operation(reach), count, Some(SIXTEEN_BIT), 1, cost);
                operations.add(OperationKind::Mixer, count, Some(SIXTEEN_BIT), 1, self.state(state));
            }
        }
        let halves = layer.halves();
        // Each half reads the residual stream through its norm and adds its result to it: one read, one write.
        let norms = Cost { traffic: self.activation(2 * self.model.hidden_size), ..Cost::default() };
        operations.add(OperationKind::Norms, count * halves, None, 1, norms);
        self.communication(layer, count, operations);
    }

    /// Vectors that pass through a matrix of a layer. The keys and values of cross-attention are made once, of all that
    /// the encoder made.
    fn tokens_of(&self, layer: &Layer, tensor: Tensor) -> Tokens {
        let Pass { sequences, past_tokens, source_tokens, .. } = self.pass;
        match (layer.mixer.source(), tensor.role) {
            (Some(_), Role::Key | Role::Value) if past_tokens > 0 => 0,
            (Some(_), Role::Key | Role::Value) => sequences.saturating_mul(source_tokens),
            (Some(_) | None, _) => self.pass.tokens(),
        }
    }

    /// A matrix that every one of `tokens` tokens passes through.
    fn matrix(&self, tensor: Tensor, packing: Packing, kv_heads: u64, tokens: Tokens) -> Cost {
        let ranks = self.ranks_of(tensor, kv_heads);
        let flops = 2.0 * tensor.parameters() as f64 * tokens as f64 / ranks;
        Cost {
            flops: Flops::new(flops),
            traffic: rank_bytes(tensor, packing, kv_heads, self.parallelism) + self.vectors(tensor, tokens, ranks),
            communication: Bytes::ZERO,
        }
    }

    /// The matrices of routed experts: each token passes through a few of them, each touched one is read once.
    fn experts(&self, tensor: Tensor, packing: Packing, layer: &Layer) -> Cost {
        let tokens = self.pass.tokens();
        let active = layer.feed_forward.active_experts();
        // Expert parallelism beyond TP pools the tokens of several replicas over the same experts.
        let pooled = tokens.saturating_mul((self.parallelism.expert / self.tensor_parallel()).max(1));
        let touched = expected_experts(tensor.copies, active, pooled) / tensor.copies.max(1) as f64;
        let ranks = self.tensor_parallel() as f64;
        let one = tensor.times(1);
        // Ranks that hold different experts share the visits; ranks that share an expert share its cut side only.
        let visits = tokens.saturating_mul(active).div_ceil(self.parallelism.expert.clamp(1, self.tensor_parallel()));
        let within = self.parallelism.tensor_within_expert() as f64;
        Cost {
            flops: Flops::new(2.0 * one.parameters() as f64 * active as f64 * tokens as f64 / ranks),
            traffic: rank_bytes(tensor, packing, 1, self.parallelism).scaled(touched)
                + self.vectors(one, visits, within),
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
    fn attention(&self, attention: Attention, reach: Reach, cache: CacheOwner, selection: Selection) -> Cost {
        let Pass { sequences, new_tokens, past_tokens, source_tokens, .. } = self.pass;
        let (heads, key_dim, value_dim) = match attention {
            Attention::Grouped { heads, key_dim, value_dim, .. } => (heads, key_dim, value_dim),
            Attention::Latent { heads, kv_rank, rope_dim, nope_dim, value_dim, .. } => {
                if self.pass.is_writing() {
                    (heads, kv_rank + rope_dim, kv_rank)
                } else {
                    (heads, nope_dim + rope_dim, value_dim)
                }
            }
            Attention::Shared { heads, dim } => (heads, dim, dim),
        };
        let heads = heads as f64 / self.tensor_parallel() as f64;
        let width = (key_dim + value_dim) as f64;
        // An indexer lets through as many tokens as a window would, only not the last ones.
        let attended = match selection {
            Selection::All | Selection::Compressed { .. } => match reach {
                // Where in its chunk a decoded token stands is left open: it reads as much as the last one of a chunk.
                Reach::Chunked(chunk) if self.pass.is_writing() => Reach::Sliding(chunk),
                Reach::Full | Reach::Sliding(_) | Reach::Chunked(_) => reach,
            },
            Selection::Indexed(Indexer { top, .. }) | Selection::AsEarlier { top } => Reach::Sliding(top),
        };
        let pairs = match cache {
            CacheOwner::Own | CacheOwner::Earlier => attended.pairs(new_tokens, past_tokens),
            CacheOwner::Encoder(_) => new_tokens as f64 * source_tokens as f64,
            // Back and forth.
            CacheOwner::Nobody => new_tokens as f64 * attended.cached_tokens(new_tokens) as f64,
        };
        let pairs = pairs * sequences as f64;
        let per_token = token_bytes(attention, self.numerics.kv, self.tensor_parallel());
        // The cache is read once; new keys and values are written once by the layer that owns them.
        // One query reads what it attends to, a few choose differently and read as much each; the queries of a prompt
        // together read it all.
        let context = past_tokens.saturating_add(new_tokens);
        let within_reach = reach.cached_tokens(context);
        let read = if self.pass.is_writing() {
            attended.cached_tokens(context).saturating_mul(new_tokens).min(within_reach)
        } else {
            within_reach
        };
        let (read, written) = match cache {
            CacheOwner::Own => (read, new_tokens),
            CacheOwner::Earlier => (read, 0),
            CacheOwner::Encoder(_) => (source_tokens, if past_tokens == 0 { source_tokens } else { 0 }),
            CacheOwner::Nobody => (new_tokens, 0),
        };
        let (read, written) = (per_token * read * sequences, per_token * written * sequences);
        let queries_and_results = Bytes::new(self.pass.tokens()).scaled(heads * width * ACTIVATION_BYTES as f64);
        let attending = Cost {
            flops: Flops::new(2.0 * heads * width * pairs),
            traffic: read + written + queries_and_results,
            communication: Bytes::ZERO,
        };
        attending + self.choosing(attention, selection, heads * width)
    }

    /// Scores of an indexer, and attention to summaries of what lies beyond the reach. Each rank scores everything.
    ///
    /// `width` is the width of keys and values of the query heads of one rank together.
    fn choosing(&self, attention: Attention, selection: Selection, width: f64) -> Cost {
        let Pass { sequences, new_tokens, past_tokens, .. } = self.pass;
        let pairs = |reach: Reach| reach.pairs(new_tokens, past_tokens) * sequences as f64;
        let scoring = |indexer: Indexer| 2.0 * indexer.heads as f64 * indexer.dim as f64 * pairs(Reach::Full);
        let flops = match selection {
            Selection::All | Selection::AsEarlier { .. } => 0.0,
            Selection::Indexed(indexer) => scoring(indexer),
            // There is one summary for `ratio` tokens, so all counts of pairs shrink by that.
            Selection::Compressed { ratio, indexer } => {
                let attended = indexer.map_or(Reach::Full, |indexer| Reach::Sliding(indexer.top.saturating_mul(ratio)));
                (indexer.map_or(0.0, scoring) + 2.0 * width * pairs(attended)) / ratio.max(1) as f64
            }
        };
        let context = past_tokens.saturating_add(new_tokens);
        let traffic = selection_bytes(attention, selection, context, self.numerics.kv) * sequences;
        Cost { flops: Flops::new(flops), traffic, communication: Bytes::ZERO }
    }

    /// A recurrent mixer beside its projections: the state is read and written once in a pass, however many tokens it
    /// takes in.
    fn state(&self, state: State) -> Cost {
        let Pass { sequences, .. } = self.pass;
        let flops = state.flops_per_token() * self.pass.tokens() as f64 / self.tensor_parallel() as f64;
        Cost {
            flops: Flops::new(flops),
            traffic: state.bytes(self.tensor_parallel()) * 2 * sequences,
            communication: Bytes::ZERO,
        }
    }

    /// The head multiplies only the tokens of each sequence whose successors are asked for.
    fn head(&self, operations: &mut Operations) {
        if let Some(tensor) = self.model.head.matrix() {
            let packing = self.weights.outside(tensor);
            let cost = self.matrix(tensor, packing, 1, self.pass.sequences.saturating_mul(self.pass.scored_tokens));
            operations.add(OperationKind::Head, 1, Some(self.weights.arithmetic_of(packing)), 1, cost);
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
            // Each token goes to the ranks of its experts and comes back, once to each however many of its experts are
            // there (deduplication in DeepEP: github.com/deepseek-ai/DeepEP). A share of 1 / EP stays where it is.
            let ranks = expected_experts(expert, 1, active);
            let leaving = ranks * (expert - 1) as f64 / expert as f64 / self.tensor_parallel() as f64;
            let cost = Cost { communication: message.scaled(2.0 * leaving), ..Cost::default() };
            operations.add(OperationKind::AllToAll, count, None, expert, cost);
        }
    }

    fn stage_transfer(&self) -> Cost {
        Cost { communication: self.activation(self.model.hidden_size), ..Cost::default() }
    }
}

/// The operation that attention of this reach is.
const fn attention_operation(reach: Reach) -> OperationKind {
    match reach {
        Reach::Full => OperationKind::FullAttention,
        Reach::Sliding(_) | Reach::Chunked(_) => OperationKind::WindowedAttention,
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
