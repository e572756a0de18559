//! Gemma 3n and Gemma 4: layers that reuse earlier keys and values, and an embedding table for every layer.

use super::keys::Config;
use super::parts::{Experts, Norm, Shape, dense_layer, gated_mlp, vector};
use super::reach::{self, Look};
use ridgepoint_core::{
    AttentionBias, CacheOwner, FeedForward, Layer, Layers, Mixer, MlpRoles, Model, Reach, Role, Selection, Tensor,
    attention_tensors,
};

/// A decoder of one of the two families.
pub(super) fn read(config: Config, model_type: &str) -> Option<Model> {
    match model_type {
        "gemma3n_text" => Some(gemma3n(config)),
        "gemma4_text" => Some(gemma4(config)),
        _ => None,
    }
}

/// Attention and its norms in one layer. A layer that reads an earlier cache has no key and value projections.
///
/// The published files still contain those projections; nothing ever reads them, so they are not counted but where a file
/// is: `GgufLayout::unread_kv`.
fn attention_layer(shape: &Shape, reach: Reach, borrows: bool, bias: AttentionBias) -> (Mixer, Vec<Tensor>) {
    let attention = shape.attention();
    let mut tensors = attention_tensors(attention, shape.hidden, bias);
    // Queries and, if they are its own, keys are normalised.
    let normalised = if borrows { 1 } else { 2 };
    if borrows {
        tensors.retain(|tensor| !matches!(tensor.role, Role::Key | Role::Value));
    }
    tensors.extend(Norm::Rms.tensors(shape.head_dim, normalised));
    let cache = if borrows { CacheOwner::Earlier } else { CacheOwner::Own };
    (Mixer::Attention { attention, reach, cache, selection: Selection::All }, tensors)
}

/// The embedding that feeds each layer: a table of `width` numbers per token and layer, and what mixes it in.
struct PerLayerInput {
    width: u64,
    vocab: u64,
}

impl PerLayerInput {
    fn read(config: Config, shape: &Shape) -> Self {
        Self {
            width: config.count("hidden_size_per_layer_input"),
            vocab: config.size_or("vocab_size_per_layer_input", shape.vocab),
        }
    }

    /// Weights in front of the first layer.
    fn before(&self, shape: &Shape) -> Vec<Tensor> {
        if self.width == 0 {
            return Vec::new();
        }
        let all_layers = shape.layers * self.width;
        let mut tensors = vec![
            Tensor::matrix(Role::PerLayerEmbedding, self.vocab, all_layers),
            Tensor::matrix(Role::Other, all_layers, shape.hidden),
        ];
        tensors.extend(Norm::Rms.tensors(self.width, 1));
        tensors
    }

    /// Weights in each layer: a gate down to the width, a projection back, and a norm.
    fn inside(&self, hidden: u64) -> Vec<Tensor> {
        if self.width == 0 {
            return Vec::new();
        }
        let mut tensors =
            vec![Tensor::matrix(Role::Other, self.width, hidden), Tensor::matrix(Role::Other, hidden, self.width)];
        tensors.extend(Norm::Rms.tensors(hidden, 1));
        tensors
    }
}

/// Whether layer `index` reads an earlier cache, when the last `shared` of `layers` layers store none.
const fn borrows(index: u64, layers: u64, shared: u64) -> bool {
    index >= layers.saturating_sub(shared)
}

/// Gemma 3n: AltUp keeps several copies of the residual stream, LAuReL adds a low-rank path around attention.
///
/// AltUp, arXiv:2301.13310; LAuReL, arXiv:2411.07501.
fn gemma3n(config: Config) -> Model {
    let shape = Shape::read(config);
    let (hidden, n) = (shape.hidden, shape.layers);
    let copies = config.size_or("altup_num_inputs", 4);
    let rank = config.size_or("laurel_rank", 64);
    let shared = config.count("num_kv_shared_layers");
    let input = PerLayerInput::read(config, &shape);
    let widths = if config.is_list("intermediate_size") {
        config.layer_numbers("intermediate_size", n).unwrap_or_else(|| vec![1; n as usize])
    } else {
        vec![config.size("intermediate_size"); n as usize]
    };

    let mut around = Norm::Rms.tensors(hidden, 4);
    around.extend([Tensor::matrix(Role::Other, rank, hidden), Tensor::matrix(Role::Other, hidden, rank)]);
    around.extend(Norm::Rms.tensors(hidden, 1));
    // AltUp: a scale for the output, coefficients that correct and predict the copies, a router and its norm.
    around.extend(vector(Role::Other, hidden + copies * copies + copies * copies * copies));
    around.push(Tensor::matrix(Role::Other, copies, hidden));
    around.extend(Norm::Rms.tensors(hidden, 1));
    around.extend(input.inside(hidden));

    let layers: Layers = (0..n)
        .zip(reach::of_layers(config, "gemma3n_text", n))
        .zip(widths)
        .map(|((index, reach), width)| {
            let borrows = borrows(index, n, shared);
            let (mixer, mut tensors) = attention_layer(&shape, reach, borrows, AttentionBias::default());
            tensors.extend(&around);
            dense_layer(mixer, &tensors, &gated_mlp(MlpRoles::DENSE, hidden, width, 1))
        })
        .collect();
    let mut model = shape.model(layers, Norm::Rms);
    model.input.extend(input.before(&shape));
    // Each copy but the first has a projection in front of the layers and one behind them.
    let others = copies.saturating_sub(1);
    model.input.push(Tensor::matrix(Role::Other, others * hidden, hidden));
    model.output.push(Tensor::matrix(Role::Other, others * hidden, hidden));
    model
}

/// Gemma 4: full layers have wider heads, and the mixture stands beside a dense MLP instead of replacing it.
fn gemma4(config: Config) -> Model {
    let shape = Shape::read(config);
    let (hidden, n) = (shape.hidden, shape.layers);
    let shared = config.count("num_kv_shared_layers");
    let input = PerLayerInput::read(config, &shape);
    let width = config.size("intermediate_size");
    let double = config.flag("use_double_wide_mlp");
    let biased = config.flag("attention_bias");
    let bias = AttentionBias { qkv: biased, output: biased };

    // In full layers of some sizes the values are the keys.
    let keys_are_values = config.flag("attention_k_eq_v");
    let full_heads =
        if keys_are_values { config.size_or("num_global_key_value_heads", shape.kv_heads) } else { shape.kv_heads };
    let full = Shape { head_dim: config.size("global_head_dim"), kv_heads: full_heads, ..shape };

    let experts = config.flag("enable_moe_block").then(|| {
        let width = config.size("moe_intermediate_size");
        // The router scales its input and each expert's output; the experts have three norms of their own.
        let mut experts = Experts::gated(config, hidden, width, true);
        experts.tensors.extend(vector(Role::Router, hidden));
        experts.tensors.extend(Norm::Rms.tensors(hidden, 3));
        experts
    });

    let layers: Layers = (0..n)
        .zip(reach::looks(config, "gemma4_text", n))
        .map(|(index, look)| {
            let (is_full, reach) = (look == Look::Full, reach::reach(config, look));
            let borrows = borrows(index, n, shared);
            let (mixer, mut tensors) = attention_layer(if is_full { &full } else { &shape }, reach, borrows, bias);
            if is_full && keys_are_values {
                tensors.retain(|tensor| tensor.role != Role::Value);
            }
            tensors.extend(Norm::Rms.tensors(hidden, 4));
            // One number scales the whole layer.
            tensors.extend(vector(Role::Other, 1));
            tensors.extend(input.inside(hidden));
            let width = if borrows && double { 2 * width } else { width };
            let mlp = gated_mlp(MlpRoles::DENSE, hidden, width, 1);
            match &experts {
                None => dense_layer(mixer, &tensors, &mlp),
                Some(experts) => Layer {
                    mixer,
                    feed_forward: FeedForward::Experts { experts: experts.experts, active: experts.active },
                    tensors: [tensors, mlp, experts.tensors.clone()].concat(),
                    reused: Vec::new(),
                },
            }
        })
        .collect();
    let mut model = shape.model(layers, Norm::Rms);
    model.input.extend(input.before(&shape));
    model
}
