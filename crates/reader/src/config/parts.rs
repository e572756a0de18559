//! The parts that all decoders are made of.

use super::fields::MOST_LAYERS;
use super::keys::Config;
use ridgepoint_core::{
    Attention, CacheOwner, FeedForward, GgufLayout, Head, Layer, Layers, Mixer, MlpRoles, MlpShape, Model, Reach, Role,
    Selection, Tensor, mlp_tensors,
};

/// The dimensions that every decoder has.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) hidden: u64,
    pub(super) layers: u64,
    pub(super) heads: u64,
    pub(super) kv_heads: u64,
    pub(super) head_dim: u64,
    pub(super) vocab: u64,
    /// Whether the output head is the input embedding.
    pub(super) tied: bool,
}

impl Shape {
    /// Reads the dimensions of a decoder with grouped attention.
    pub(super) fn read(config: Config) -> Self {
        Self::read_outside_attention(config).with_grouped_attention(config)
    }

    /// Reads the dimensions of a decoder whose attention has its own fields.
    pub(super) fn read_outside_attention(config: Config) -> Self {
        let heads = config.size("num_attention_heads");
        Self { heads, kv_heads: heads, ..Self::read_without_attention(config) }
    }

    /// Reads the dimensions of a decoder without attention.
    pub(super) fn read_without_attention(config: Config) -> Self {
        Self::of_layers(config, config.size("num_hidden_layers"))
    }

    /// Reads the dimensions of a decoder whose layers are listed.
    pub(super) fn of_layers(config: Config, layers: u64) -> Self {
        Self {
            hidden: config.size("hidden_size"),
            layers: layers.min(MOST_LAYERS),
            heads: 1,
            kv_heads: 1,
            head_dim: 1,
            vocab: config.size("vocab_size"),
            // The base class of all configurations ties unless a family says otherwise.
            tied: config.flag_or("tie_word_embeddings", true),
        }
    }

    /// The same with the fields of grouped attention.
    pub(super) fn with_grouped_attention(self, config: Config) -> Self {
        let heads = config.size("num_attention_heads");
        let kv_heads = config.size_or("num_key_value_heads", heads);
        if !heads.is_multiple_of(kv_heads) {
            config.contradiction(format!(
                "num_attention_heads should be a multiple of num_key_value_heads: {heads} is not one of {kv_heads}"
            ));
        }
        let explicit = config.optional("head_dim").filter(|&width| width > 0);
        Self { heads, kv_heads, head_dim: explicit.unwrap_or_else(|| share(config, self.hidden, heads)), ..self }
    }

    /// Attention with one shape of head.
    pub(super) const fn attention(&self) -> Attention {
        Attention::Grouped {
            heads: self.heads,
            kv_heads: self.kv_heads,
            key_dim: self.head_dim,
            value_dim: self.head_dim,
        }
    }

    /// The model around `layers`: an embedding, a final norm and a head.
    pub(super) fn model(&self, layers: Layers, final_norm: Norm) -> Model {
        let head = Tensor::matrix(Role::Head, self.vocab, self.hidden);
        Model {
            hidden_size: self.hidden,
            vocab_size: self.vocab,
            context_limit: None,
            input: vec![Tensor::matrix(Role::TokenEmbedding, self.vocab, self.hidden)],
            layers,
            output: final_norm.tensors(self.hidden, 1),
            head: if self.tied { Head::Tied(head) } else { Head::Own(head) },
            mtp_parameters: 0,
            gguf: GgufLayout::default(),
            picture: None,
            vision: None,
            sound: None,
            latent: None,
        }
    }
}

/// The hidden size divided over the heads.
pub(super) fn share(config: Config, hidden: u64, heads: u64) -> u64 {
    if !hidden.is_multiple_of(heads) {
        config.contradiction(format!(
            "without head_dim, hidden_size should be a multiple of num_attention_heads: {hidden} is not one of {heads}"
        ));
    }
    (hidden / heads).max(1)
}

/// A kind of normalisation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Norm {
    /// Root mean square: a scale for each element.
    Rms,
    /// Layer norm: a scale and a shift.
    Layer,
    /// Layer norm without the shift.
    LayerScale,
    /// No learned parameters (OLMo 1).
    Plain,
}

impl Norm {
    /// Weights of `n` norms over `width` elements.
    pub(super) fn tensors(self, width: u64, n: u64) -> Vec<Tensor> {
        let each = match self {
            Self::Rms | Self::LayerScale => width,
            Self::Layer => 2 * width,
            Self::Plain => 0,
        };
        vector(Role::Norm, each * n)
    }
}

/// A vector of `len` elements, or nothing.
pub(super) fn vector(role: Role, len: u64) -> Vec<Tensor> {
    if len == 0 { Vec::new() } else { vec![Tensor::vector(role, len)] }
}

/// Attention that stores its own keys and values.
pub(super) const fn attend(attention: Attention, reach: Reach) -> Mixer {
    Mixer::Attention { attention, reach, cache: CacheOwner::Own, selection: Selection::All }
}

/// Attention of an encoder: tokens see each other in both directions, and nothing is kept.
pub(super) const fn attend_both_ways(attention: Attention, reach: Reach) -> Mixer {
    Mixer::Attention { attention, reach, cache: CacheOwner::Nobody, selection: Selection::All }
}

/// A dense MLP without biases, gated.
pub(super) fn gated_mlp(roles: MlpRoles, hidden_size: u64, intermediate_size: u64, copies: u64) -> Vec<Tensor> {
    mlp_tensors(roles, MlpShape { hidden_size, intermediate_size, gated: true, bias: false }, copies)
}

/// A layer whose feed-forward block every token uses in full.
pub(super) fn dense_layer(mixer: Mixer, mixer_tensors: &[Tensor], mlp: &[Tensor]) -> Layer {
    Layer { mixer, feed_forward: FeedForward::Dense, tensors: [mixer_tensors, mlp].concat(), reused: Vec::new() }
}

/// The experts of a layer.
#[derive(Clone)]
pub(super) struct Experts {
    /// Routed experts in the layer, and how many of them a token visits.
    pub(super) experts: u64,
    pub(super) active: u64,
    /// The experts, the router, and whatever else stands beside them.
    pub(super) tensors: Vec<Tensor>,
}

impl Experts {
    /// The numbers of experts of `config`.
    pub(super) fn counted(config: Config) -> (u64, u64) {
        let experts = config.size("num_experts");
        let active = config.size("num_experts_per_tok");
        if active > experts {
            config.contradiction(format!(
                "num_experts_per_tok should be at most the number of experts: {active} of {experts}"
            ));
        }
        (experts, active)
    }

    /// Gated experts of width `width` with a router, and its correction bias where there is one.
    pub(super) fn gated(config: Config, hidden: u64, width: u64, router_bias: bool) -> Self {
        let (experts, active) = Self::counted(config);
        let mut tensors = gated_mlp(MlpRoles::ROUTED, hidden, width, experts);
        tensors.extend(router(experts, hidden, router_bias));
        Self { experts, active, tensors }
    }

    /// The same with a shared expert of width `width`, or without one where that is 0.
    pub(super) fn and_shared(mut self, hidden: u64, width: u64) -> Self {
        if width > 0 {
            self.tensors.extend(gated_mlp(MlpRoles::SHARED, hidden, width, 1));
        }
        self
    }

    /// A layer with these experts.
    pub(super) fn layer(&self, mixer: Mixer, mixer_tensors: &[Tensor]) -> Layer {
        Layer {
            mixer,
            feed_forward: FeedForward::Experts { experts: self.experts, active: self.active },
            tensors: [mixer_tensors, &self.tensors].concat(),
            reused: Vec::new(),
        }
    }
}

/// Logits for each expert, and the bias that corrects them.
pub(super) fn router(experts: u64, hidden: u64, bias: bool) -> Vec<Tensor> {
    let mut tensors = vec![Tensor::matrix(Role::Router, experts, hidden)];
    if bias {
        tensors.push(Tensor::vector(Role::Router, experts));
    }
    tensors
}

/// Parameters of `n` multi-token-prediction layers: a decoder layer each, the matrix that joins the hidden state with
/// the next embedding (2 h²), and `norms` norms.
///
/// DeepSeek-V3, arXiv:2412.19437, section 2.2. Checkpoints that repeat the embedding and the head hold 2 V h more.
pub(super) fn prediction_layers(n: u64, layer: &[Tensor], hidden: u64, norms: u64) -> u64 {
    let layer = layer.iter().map(|tensor| tensor.parameters()).fold(0, u64::saturating_add);
    let joining = 2 * hidden * hidden + norms * hidden;
    n.saturating_mul(layer.saturating_add(joining))
}
