//! Decoders whose layers differ from each other in shape.

use super::keys::Config;
use super::mixture::first_dense_layers;
use super::parts::{Experts, Norm, Shape, attend, dense_layer, gated_mlp};
use super::reach;
use ridgepoint_core::{
    Attention, AttentionBias, CacheOwner, FeedForward, Layer, Layers, Mixer, MlpRoles, Model, Reach, Role, Selection,
    Source, Tensor, attention_tensors,
};

/// A decoder of one of the families below.
pub(super) fn read(config: Config, model_type: &str) -> Option<Model> {
    match model_type {
        "llama4_text" => Some(llama4(config)),
        "mimo_v2_flash" => Some(mimo_v2(config)),
        "mllama_text_model" => Some(mllama(config)),
        "nemotron-nas" => Some(nemotron_nas(config)),
        _ => None,
    }
}

/// Llama 4: most layers look back to the start of their chunk, and a dense layer may stand between the mixtures.
fn llama4(config: Config) -> Model {
    let shape = Shape::read(config);
    let biased = config.flag("attention_bias");
    let bias = AttentionBias { qkv: biased, output: biased };
    let mut tensors = attention_tensors(shape.attention(), shape.hidden, bias);
    tensors.extend(Norm::Rms.tensors(shape.hidden, 2));

    // The reverse of the usual names: `intermediate_size` is the width of the experts.
    let width = config.size("intermediate_size");
    let experts = Experts::gated(config, shape.hidden, width, false).and_shared(shape.hidden, width);
    let mlp = gated_mlp(MlpRoles::DENSE, shape.hidden, config.size("intermediate_size_mlp"), 1);
    let mixtures = config.list("moe_layers").map(|_| config.numbers("moe_layers"));
    let step = config.size("interleave_moe_layer_step");
    let is_mixture = |layer: u64| match &mixtures {
        Some(listed) => listed.contains(&layer),
        None => (layer + 1).is_multiple_of(step),
    };

    let layers: Layers = (0..shape.layers)
        .zip(llama4_reaches(config, shape.layers))
        .map(|(layer, reach)| {
            let mixer = attend(shape.attention(), reach);
            if is_mixture(layer) { experts.layer(mixer, &tensors) } else { dense_layer(mixer, &tensors, &mlp) }
        })
        .collect();
    shape.model(layers, Norm::Rms)
}

/// Layers without rotary positions look back all the way: every fourth, or those with a 0 in `no_rope_layers`.
fn llama4_reaches(config: Config, layers: u64) -> Vec<Reach> {
    if config.says("layer_types") {
        return reach::of_layers(config, "llama4_text", layers);
    }
    let rope = match config.list("no_rope_layers") {
        Some(listed) if !listed.is_empty() => config.layer_numbers("no_rope_layers", layers).unwrap_or_default(),
        Some(_) | None => {
            let interval = config.size_or("no_rope_layer_interval", 4);
            (0..layers).map(|layer| u64::from(!(layer + 1).is_multiple_of(interval))).collect()
        }
    };
    let chunk = config.optional("attention_chunk_size").map_or(Reach::Full, Reach::Chunked);
    rope.into_iter().map(|rope| if rope > 0 { chunk } else { Reach::Full }).collect()
}

/// MiMo-V2: sliding layers have heads of their own, and values narrower than keys.
fn mimo_v2(config: Config) -> Model {
    let shape = Shape::read(config);
    let value_dim = config.size_or("v_head_dim", shape.head_dim);
    let kinds = [
        Attention::Grouped { heads: shape.heads, kv_heads: shape.kv_heads, key_dim: shape.head_dim, value_dim },
        Attention::Grouped {
            heads: config.size_or("swa_num_attention_heads", shape.heads),
            kv_heads: config.size_or("swa_num_key_value_heads", shape.kv_heads),
            key_dim: config.size_or("swa_head_dim", shape.head_dim),
            value_dim: config.size_or("swa_v_head_dim", value_dim),
        },
    ];
    let has_sinks = [config.flag("add_full_attention_sink_bias"), config.flag_or("add_swa_attention_sink_bias", true)];
    let bias = AttentionBias { qkv: config.flag("attention_bias"), output: false };
    let window = config.optional("sliding_window").map_or(Reach::Full, Reach::Sliding);

    let width = config.size("moe_intermediate_size");
    let experts = Experts::gated(config, shape.hidden, width, true)
        .and_shared(shape.hidden, config.count("num_shared_experts") * width);
    let dense = if config.is_list("moe_layer_freq") {
        first_dense_layers(config, shape.layers)
    } else {
        (0..shape.layers).map(|layer| layer == 0).collect()
    };
    let mlp = gated_mlp(MlpRoles::DENSE, shape.hidden, config.size("intermediate_size"), 1);

    let sliding: Vec<bool> = match config.layer_numbers("hybrid_layer_pattern", shape.layers) {
        Some(pattern) => pattern.into_iter().map(|sliding| sliding > 0).collect(),
        None => {
            let reaches = reach::of_layers(config, "mimo_v2_flash", shape.layers);
            reaches.into_iter().map(|reach| reach != Reach::Full).collect()
        }
    };
    let layers: Layers = sliding
        .into_iter()
        .zip(dense)
        .map(|(sliding, dense)| {
            let attention = kinds[usize::from(sliding)];
            let mut tensors = attention_tensors(attention, shape.hidden, bias);
            if has_sinks[usize::from(sliding)] {
                tensors.push(Tensor::vector(Role::AttentionSink, attention.heads()));
            }
            tensors.extend(Norm::Rms.tensors(shape.hidden, 2));
            let mixer = attend(attention, if sliding { window } else { Reach::Full });
            if dense { dense_layer(mixer, &tensors, &mlp) } else { experts.layer(mixer, &tensors) }
        })
        .collect();
    shape.model(layers, Norm::Rms)
}

/// Rows of Llama 3.2 Vision's embedding that its head does not have: the image token and what pads it.
const MLLAMA_EXTRA_ROWS: u64 = 8;

/// Llama 3.2 Vision: layers of their own attend to the image; the others are those of Llama 3.1.
fn mllama(config: Config) -> Model {
    let shape = Shape::read(config);
    let (hidden, attention) = (shape.hidden, shape.attention());
    let mut tensors = attention_tensors(attention, hidden, AttentionBias::default());
    tensors.extend(Norm::Rms.tensors(hidden, 2));
    let mut crossing = tensors.clone();
    crossing.extend(Norm::Rms.tensors(shape.head_dim, 2));
    // One number each gates the attention and the MLP.
    crossing.push(Tensor::vector(Role::Other, 2));
    let mlp = gated_mlp(MlpRoles::DENSE, hidden, config.size("intermediate_size"), 1);
    let to_text = dense_layer(attend(attention, Reach::Full), &tensors, &mlp);
    let (reach, cache, selection) = (Reach::Full, CacheOwner::Encoder(Source::Image), Selection::All);
    let to_image = dense_layer(Mixer::Attention { attention, reach, cache, selection }, &crossing, &mlp);
    let crossings = config.numbers("cross_attention_layers");
    let layers: Layers = (0..shape.layers)
        .map(|layer| if crossings.contains(&layer) { to_image.clone() } else { to_text.clone() })
        .collect();
    let mut model = shape.model(layers, Norm::Rms);
    model.input = vec![Tensor::matrix(Role::TokenEmbedding, shape.vocab + MLLAMA_EXTRA_ROWS, hidden)];
    model
}

/// Widths of Nemotron-NAS are rounded up to a multiple of this (`find_multiple` in its modelling code).
const NAS_MULTIPLE: u64 = 256;

/// Nemotron-NAS: a search removed or narrowed the halves of each layer (arXiv:2411.19146).
fn nemotron_nas(config: Config) -> Model {
    let shape = Shape::read(config);
    let blocks = config.children("block_configs");
    if blocks.len() as u64 != shape.layers {
        let n = blocks.len();
        config.contradiction(format!(
            "block_configs should have one entry for each of {} layers, and has: {n}",
            shape.layers
        ));
    }
    let layers = blocks.into_iter().take(shape.layers as usize).filter_map(|block| nas_layer(&shape, block)).collect();
    shape.model(layers, Norm::Rms)
}

fn nas_layer(shape: &Shape, block: Config) -> Option<Layer> {
    let hidden = shape.hidden;
    let mut tensors = Vec::new();
    let attention = block.required_child("attention")?;
    let mixer = if attention.flag("no_op") {
        Mixer::None
    } else {
        tensors.extend(Norm::Rms.tensors(hidden, 1));
        if attention.flag("replace_with_linear") {
            tensors.push(Tensor::matrix(Role::AttentionOutput, hidden, hidden));
            Mixer::None
        } else {
            let group = attention.size("n_heads_in_group");
            let grouped = Shape { kv_heads: (shape.heads / group).max(1), ..*shape }.attention();
            tensors.extend(attention_tensors(grouped, hidden, AttentionBias::default()));
            attend(grouped, Reach::Full)
        }
    };
    let mlp = block.required_child("ffn")?;
    let feed_forward = if mlp.flag("no_op") {
        FeedForward::None
    } else {
        tensors.extend(Norm::Rms.tensors(hidden, 1));
        if mlp.flag("replace_with_linear") {
            tensors.push(Tensor::matrix(Role::Down, hidden, hidden));
        } else {
            let multiplier = mlp.factor("ffn_mult").unwrap_or(0.0).clamp(0.0, MOST_MULTIPLIER);
            // Python's int(2 * ffn_mult * hidden_size / 3), in the same order of operations.
            let width = (2.0 * multiplier * hidden as f64 / 3.0) as u64;
            tensors.extend(gated_mlp(MlpRoles::DENSE, hidden, width.next_multiple_of(NAS_MULTIPLE), 1));
        }
        FeedForward::Dense
    };
    Some(Layer { mixer, feed_forward, tensors, reused: Vec::new() })
}

/// No MLP is wider than this many times the hidden size.
const MOST_MULTIPLIER: f64 = 1024.0;
