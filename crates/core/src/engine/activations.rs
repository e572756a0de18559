//! Activations at their peak: what one pass keeps beside weights and cache.

use crate::model::{Layer, Model};
use crate::tensor::{Component, Kind};
use crate::units::{Bytes, Tokens};
use crate::vision::VisionEncoder;

/// Widths of the feed-forward block that one token passes through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MlpWidth {
    /// Intermediate values of the dense MLP or the shared expert.
    pub dense: u64,
    /// Intermediate values of one routed expert.
    pub expert: u64,
    /// Routed experts that the token visits.
    pub visited: u64,
    /// Whether the routed experts add biases.
    pub biased: bool,
}

impl Layer {
    /// Widths of the feed-forward block that one token passes through.
    pub fn mlp_width(&self) -> MlpWidth {
        let mut mlp = MlpWidth { visited: self.feed_forward.active_experts(), ..MlpWidth::default() };
        for tensor in &self.tensors {
            // The input of a down-projection is the intermediate vector.
            let down = tensor.kind == Kind::Matrix && tensor.role.is_row_parallel();
            match tensor.role.component() {
                Component::DenseMlp | Component::SharedExperts if down => {
                    mlp.dense = mlp.dense.saturating_add(tensor.inputs);
                }
                Component::RoutedExperts if down => mlp.expert = tensor.inputs,
                Component::RoutedExperts => mlp.biased |= tensor.kind == Kind::Vector,
                Component::DenseMlp
                | Component::SharedExperts
                | Component::Embedding
                | Component::Head
                | Component::Attention
                | Component::Mixer
                | Component::Router
                | Component::Norms
                | Component::Vision
                | Component::Audio
                | Component::Projector
                | Component::Other => {}
            }
        }
        mlp
    }
}

/// What a layer keeps at its widest in a PyTorch engine, in 16 bit, on one rank.
///
/// A dense layer keeps three vectors of the residual stream and, in the MLP, the gate, the up-projection and their
/// product: `tokens x (3 x hidden + 3 x width / TP) x 2 B`. A mixture works in place on two vectors and takes
/// `moe_chunk` tokens at a time, for each of which it keeps the same three vectors and the output of every visited
/// expert.
///
/// ```
/// // Llama 3.1 8B, 8192 tokens in one pass: 8192 x (3 x 4096 + 3 x 14336) x 2 B = 864 MiB.
/// assert_eq!(8192 * (3 * 4096 + 3 * 14336) * 2, 864 * 1024 * 1024);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerPeak {
    /// Tokens in the pass.
    pub tokens: Tokens,
    /// Vectors of the residual stream for each token.
    pub vectors: u64,
    /// Width of such a vector.
    pub hidden: u64,
    /// Width of the dense MLP or the shared expert on one rank.
    pub dense: u64,
    /// Tokens that a mixture takes at a time; 0 for a dense layer.
    pub chunk: Tokens,
    /// Experts that each of them visits.
    pub visited: u64,
    /// Width of an expert on one rank.
    pub expert: u64,
}

impl LayerPeak {
    fn of(layer: &Layer, hidden: u64, [tokens, moe_chunk]: [Tokens; 2], tensor: u64) -> Self {
        let mlp = layer.mlp_width();
        let (vectors, chunk) = if mlp.visited == 0 { (3, 0) } else { (2, tokens.min(moe_chunk)) };
        let [dense, expert] = [mlp.dense, mlp.expert].map(|width| width.div_ceil(tensor));
        Self { tokens, vectors, hidden, dense, chunk, visited: mlp.visited, expert }
    }

    /// What that takes.
    pub fn bytes(&self) -> Bytes {
        let stream = self.hidden.saturating_mul(self.vectors).saturating_add(self.dense.saturating_mul(3));
        let expert = self.hidden.saturating_add(self.expert.saturating_mul(3));
        Bytes::new(self.tokens) * stream * 2 + Bytes::new(self.chunk) * expert.saturating_mul(self.visited) * 2
    }
}

/// What a vision encoder keeps at its widest while it reads the largest pictures that an engine lets it, in 16 bit, on one
/// rank.
///
/// For each patch two vectors of its residual stream and the pixels, which every rank has, and the wider of attention
/// and MLP, of which each rank has its part.
///
/// ```
/// // Qwen2.5-VL reads 65,536 patches of one picture; attention keeps 23 B for each number of its width of 1280.
/// let patch = 2 * (2 * 1280 + 1176) + 23 * 1280;
/// assert_eq!(65_536_u64 * patch, 2_419_064_832);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EncoderPeak {
    /// Tokens that it makes at once.
    pub tokens: Tokens,
    /// Patches that become one token.
    pub patches: u64,
    /// Width of its residual stream.
    pub hidden: u64,
    /// Numbers of the pixels of a patch.
    pub pixels: u64,
    /// The wider of attention and MLP for a patch, on one rank.
    pub widest: Bytes,
    /// What it hands over, which stays while the language model reads.
    pub outputs: Bytes,
}

impl EncoderPeak {
    /// The peak of reading `tokens` tokens, of which attention keeps `attention` bytes for each number of its width, for
    /// a language model `hidden` numbers wide on `tensor` ranks.
    pub fn of(encoder: &VisionEncoder, tokens: Tokens, attention: u64, hidden: u64, tensor: u64) -> Self {
        let attention = if encoder.rotary { encoder.hidden.saturating_mul(attention) } else { 0 };
        let widest = attention.max(encoder.inner.saturating_mul(2)).div_ceil(tensor.max(1));
        Self {
            tokens,
            patches: encoder.patches,
            hidden: encoder.hidden,
            pixels: encoder.pixels,
            widest: Bytes::new(widest),
            outputs: Bytes::new(tokens) * hidden.saturating_mul(encoder.vectors) * 2,
        }
    }

    /// What that takes.
    pub fn bytes(&self) -> Bytes {
        let whole = self.hidden.saturating_mul(2).saturating_add(self.pixels).saturating_mul(2);
        (Bytes::new(whole) + self.widest) * self.tokens.saturating_mul(self.patches)
    }
}

/// The peak of a pass in a PyTorch engine: the vision encoder, the widest layer, or the choice of the next tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TorchPeak {
    /// Tokens in the pass.
    pub tokens: Tokens,
    /// Tokens that the kernels of a mixture take at a time.
    pub moe_chunk: Tokens,
    /// Rows of logits.
    pub rows: u64,
    /// Bytes for each row and entry of the vocabulary.
    pub row_bytes: u64,
    /// What the vision encoder takes before, if the engine measures that.
    pub encoder: Option<EncoderPeak>,
}

impl TorchPeak {
    /// The widest layer, on one of `tensor` ranks.
    pub fn layer(&self, model: &Model, tensor: u64) -> LayerPeak {
        let of_layer = |layer| LayerPeak::of(layer, model.hidden_size, [self.tokens, self.moe_chunk], tensor);
        model.layers.kinds().iter().map(of_layer).max_by_key(LayerPeak::bytes).unwrap_or_default()
    }

    /// What sampling takes.
    pub fn sampler(&self, model: &Model) -> Bytes {
        match model.head {
            crate::model::Head::None => Bytes::ZERO,
            crate::model::Head::Own(_) | crate::model::Head::Tied(_) => {
                Bytes::new(self.rows) * model.vocab_size.saturating_mul(self.row_bytes)
            }
        }
    }

    /// The larger of the two beside what the encoder has handed over, or the encoder's own peak.
    pub fn bytes(&self, model: &Model, tensor: u64) -> Bytes {
        let language = self.layer(model, tensor).bytes().max(self.sampler(model));
        self.encoder.map_or(language, |encoder| encoder.bytes().max(encoder.outputs + language))
    }
}
