//! Decoders that have learned sinks, gates, convolutions or activations beside the usual projections.

use super::dense::{Family, LLAMA, QueryKeyNorm, When};
use super::keys::Config;
use super::parts::{Experts, Norm, Shape, attend, dense_layer, gated_mlp, router, vector};
use super::reach;
use ridgepoint_core::{
    AttentionBias, Layers, Mixer, MlpRoles, Model, Reach, Role, State, StateFormat, Tensor, attention_tensors,
};

/// A decoder of one of the families below.
pub(super) fn read(config: Config, model_type: &str) -> Option<Model> {
    match model_type {
        "apertus" => Some(apertus(config)),
        "granite_swa" => Some(granite_swa(config)),
        "inkling2_text" => Some(inkling2(config)),
        "muse_glimmer_text" => Some(muse_glimmer(config)),
        "muse_spark_text" => Some(muse_spark(config)),
        _ => None,
    }
}

/// A decoder of `family` with `more` weights in each attention.
fn dense(config: Config, model_type: &str, family: &Family, more: impl Fn(&Shape) -> Tensor) -> Model {
    let shape = Shape::read(config);
    let mut attention = family.attention_and_norms(config, shape.attention(), shape.hidden);
    attention.push(more(&shape));
    let mlp = family.mlp(config, shape.hidden, config.size("intermediate_size"));
    let reaches = reach::of_layers(config, model_type, shape.layers);
    let layers = reaches.into_iter().map(|reach| dense_layer(attend(shape.attention(), reach), &attention, &mlp));
    family.finish(config, &shape, layers.collect())
}

/// A gate on each element that attention gives.
const fn gate(shape: &Shape) -> Tensor {
    Tensor::matrix(Role::AttentionGate, shape.heads * shape.head_dim, shape.hidden)
}

/// Apertus (arXiv:2509.14233): plain MLPs, whose activation has two learned and two fixed numbers.
fn apertus(config: Config) -> Model {
    let family = Family { gated: false, query_key_norm: QueryKeyNorm::OneHead(When::Always), ..LLAMA };
    dense(config, "apertus", &family, |_| Tensor::vector(Role::DenseOther, 4))
}

/// Granite with sliding windows: a learned logit for each head.
fn granite_swa(config: Config) -> Model {
    dense(config, "granite_swa", &LLAMA, |shape| Tensor::vector(Role::AttentionSink, shape.heads))
}

fn muse_glimmer(config: Config) -> Model {
    dense(config, "muse_glimmer_text", &Family { norms: 4, ..LLAMA }, gate)
}

/// Muse Spark: experts in a narrower space behind a norm, and a gate on the residual stream behind each half.
fn muse_spark(config: Config) -> Model {
    let shape = Shape::read(config);
    let hidden = shape.hidden;
    let family = Family { norms: 3, ..LLAMA };
    let mut attention = family.attention_and_norms(config, shape.attention(), hidden);
    attention.push(gate(&shape));
    attention.extend(vector(Role::Other, 2 * hidden));

    let (experts, active) = Experts::counted(config);
    let narrow = config.size("moe_hidden_size");
    let mut tensors = gated_mlp(MlpRoles::ROUTED, narrow, config.size("moe_intermediate_size"), experts);
    // The norm behind the experts is a part of them.
    tensors.extend(vector(Role::ExpertDown, narrow));
    tensors.extend(router(experts, hidden, true));
    tensors.extend([Tensor::matrix(Role::Up, narrow, hidden), Tensor::matrix(Role::Down, hidden, narrow)]);
    tensors.extend(Norm::Rms.tensors(narrow, 1));
    let experts = Experts { experts, active, tensors };

    let is_dense: Vec<bool> = match config.layer_words("mlp_layer_types", shape.layers) {
        Some(types) => types.into_iter().map(|kind| kind == "dense").collect(),
        None => vec![false; shape.layers as usize],
    };
    let any_dense = is_dense.contains(&true);
    let mlp = if any_dense { LLAMA.mlp(config, hidden, config.size("intermediate_size")) } else { Vec::new() };
    let layers: Layers = reach::of_layers(config, "muse_spark_text", shape.layers)
        .into_iter()
        .zip(is_dense)
        .map(|(reach, dense)| {
            let mixer = attend(shape.attention(), reach);
            if dense { dense_layer(mixer, &attention, &mlp) } else { experts.layer(mixer, &attention) }
        })
        .collect();
    shape.model(layers, Norm::Rms)
}

/// Inkling 2: positions as learned logits, convolutions of keys, values and the results of both halves, and residual
/// connections that attend over earlier layers.
fn inkling2(config: Config) -> Model {
    let shape = Shape { tied: config.flag("tie_word_embeddings"), ..Shape::read(config) };
    let hidden = shape.hidden;
    let kernel = config.size("conv_kernel_size");
    let distances = config.size("d_rel");
    let swa = Shape {
        heads: config.size("swa_num_attention_heads"),
        kv_heads: config.size("swa_num_key_value_heads"),
        head_dim: config.size("swa_head_dim"),
        ..shape
    };
    let experts = Experts::gated(config, hidden, config.size("moe_intermediate_size"), true);

    let half = |shape: &Shape, reach: Reach, index: usize| {
        let (heads, kv_width) = (shape.heads, shape.kv_heads * shape.head_dim);
        let mut tensors = attention_tensors(shape.attention(), hidden, AttentionBias::default());
        tensors.extend([gate(shape), Tensor::matrix(Role::AttentionOther, heads * distances, hidden)]);
        // A logit for each head, computed from the hidden state.
        tensors.push(Tensor::matrix(Role::AttentionOther, heads, hidden));
        // Logits of distances, and the scales of queries and of what distances are compared with.
        let extent = match reach {
            Reach::Sliding(window) => window,
            Reach::Full | Reach::Chunked(_) => config.size("rel_extent"),
        };
        let scales = heads * shape.head_dim + heads * distances;
        tensors.extend(vector(Role::AttentionOther, distances * extent + scales));
        // Layers that look back all the way compute the convolutions of keys and values from the hidden state, and
        // have a norm for each projection.
        let is_full = reach == Reach::Full;
        if is_full {
            tensors.extend([Tensor::matrix(Role::AttentionOther, shape.kv_heads * kernel, hidden); 2]);
            tensors.extend(vector(Role::AttentionOther, 2 * kernel * kv_width));
        } else {
            tensors.extend(vector(Role::Mixer, 2 * kernel * kv_width));
        }
        tensors.extend(vector(Role::Mixer, 2 * kernel * hidden));
        tensors.extend(Norm::Rms.tensors(hidden, if is_full { 4 } else { 2 }));
        // What each half is given is weighed over the earlier layers, for queries, keys and values apart where a layer
        // looks back all the way; the first layer has none.
        let weighed = if is_full { 3 } else { 1 };
        tensors.extend(vector(Role::AttentionOther, if index == 0 { 0 } else { weighed * hidden }));
        tensors.extend(vector(Role::Other, hidden));
        let state = State {
            conv_channels: 2 * kv_width + 2 * hidden,
            conv_kernel: kernel,
            recurrent: 0,
            format: StateFormat::Bits16,
        };
        (Mixer::Parallel { attention: shape.attention(), reach, state }, tensors)
    };
    let layers: Layers = reach::of_layers(config, "inkling2_text", shape.layers)
        .into_iter()
        .enumerate()
        .map(|(index, reach)| {
            let shape = if reach == Reach::Full { &shape } else { &swa };
            let (mixer, tensors) = half(shape, reach, index);
            experts.layer(mixer, &tensors)
        })
        .collect();
    let mut model = shape.model(layers, Norm::Rms);
    // The embedding has a norm of its own, which counts with it.
    model.input.extend(vector(Role::TokenEmbedding, hidden));
    model.output.extend(vector(Role::Other, hidden));
    model
}
