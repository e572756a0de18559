//! Activations at their peak: what one pass keeps beside weights and cache.

use crate::model::{Layer, Model};
use crate::tensor::{Component, Kind};
use crate::units::{Bytes, Tokens};

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

/// Peak of the layers in a PyTorch engine that runs `tokens` through them at once, in 16 bit, on one of `tensor` ranks.
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
pub fn torch_layers(model: &Model, tokens: Tokens, moe_chunk: Tokens, tensor: u64) -> Bytes {
    let bytes = |values: u64| Bytes::new(tokens) * values * 2;
    let of_layer = |(layer, _): (&Layer, u64)| {
        let mlp = layer.mlp_width();
        let dense = mlp.dense.div_ceil(tensor).saturating_mul(3);
        if mlp.visited == 0 {
            return bytes(model.hidden_size.saturating_mul(3).saturating_add(dense));
        }
        let expert = model.hidden_size.saturating_add(mlp.expert.div_ceil(tensor).saturating_mul(3));
        let workspace = Bytes::new(tokens.min(moe_chunk)) * expert.saturating_mul(mlp.visited) * 2;
        bytes(model.hidden_size.saturating_mul(2).saturating_add(dense)) + workspace
    };
    model.layers.all().into_iter().map(of_layer).max().unwrap_or(Bytes::ZERO)
}

/// What sampling takes for `sequences` rows of logits: `bytes` for each entry of the vocabulary.
pub fn sampler(model: &Model, sequences: u64, bytes: u64) -> Bytes {
    match model.head {
        crate::model::Head::None => Bytes::ZERO,
        crate::model::Head::Own(_) | crate::model::Head::Tied(_) => {
            Bytes::new(sequences) * model.vocab_size.saturating_mul(bytes)
        }
    }
}
