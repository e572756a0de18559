//! Decoders from before Llama, and those that kept their own field names.

use super::dense::{Family, LLAMA, When};
use super::keys::Config;
use super::parts::{Experts, Norm, Shape, attend, share};
use ridgepoint_core::{AttentionBias, Layers, Model, Reach, Role, Tensor, attention_tensors};

/// GPT-2 and its descendants: plain MLPs, layer norms, biases everywhere.
const GPT: Family = Family {
    model_type: "gpt2",
    qkv_bias: When::Always,
    output_bias: When::Always,
    mlp_bias: When::Always,
    gated: false,
    norm: Norm::Layer,
    ..LLAMA
};
const UNBIASED: Family = Family { qkv_bias: When::Never, output_bias: When::Never, mlp_bias: When::Never, ..LLAMA };

/// A decoder of one of the families below.
pub(super) fn read(config: Config, model_type: &str) -> Option<Model> {
    match model_type {
        "bloom" => Some(bloom(config)),
        "chatglm" => Some(chatglm(config)),
        "codegen" | "gptj" => Some(gpt_j(config)),
        "dbrx" => dbrx(config),
        "falcon" => Some(falcon(config)),
        "gpt2" => Some(gpt2(config)),
        "gpt_bigcode" => Some(gpt_bigcode(config)),
        "gpt_neo" => Some(gpt_neo(config)),
        "gpt_neox" => Some(gpt_neox(config)),
        "mpt" => Some(mpt(config)),
        "opt" => Some(opt(config)),
        "phi3small" => Some(phi3_small(config)),
        "qwen" => Some(qwen1(config)),
        _ => None,
    }
}

/// The shape of a model with as many KV heads as heads.
fn multi_head(config: Config) -> Shape {
    let shape = Shape::read_outside_attention(config);
    Shape { head_dim: share(config, shape.hidden, shape.heads), ..shape }
}

/// The width of the MLP: four times the hidden size unless the file says otherwise.
fn four_times(config: Config, shape: &Shape) -> u64 {
    config.size_or("intermediate_size", 4 * shape.hidden)
}

/// A decoder that looks back all the way.
fn full(family: &Family, config: Config, shape: &Shape, intermediate: u64) -> Model {
    family.decoder(config, shape, intermediate, &vec![Reach::Full; shape.layers as usize])
}

/// Adds a table with `extra` more positions than the context has.
fn with_positions(mut model: Model, config: Config, extra: u64) -> Model {
    let positions = config.size("max_position_embeddings") + extra;
    model.input.push(Tensor::matrix(Role::PositionEmbedding, positions, model.hidden_size));
    model
}

fn gpt2(config: Config) -> Model {
    let shape = multi_head(config);
    with_positions(full(&GPT, config, &shape, four_times(config, &shape)), config, 0)
}

/// GPT-2 with one KV head (StarCoder).
fn gpt_bigcode(config: Config) -> Model {
    let shape = multi_head(config);
    let kv_heads = if config.flag_or("multi_query", true) { 1 } else { shape.heads };
    let shape = Shape { kv_heads, ..shape };
    with_positions(full(&GPT, config, &shape, four_times(config, &shape)), config, 0)
}

/// GPT-J and CodeGen: attention and MLP in parallel behind one norm, and a bias on the head.
fn gpt_j(config: Config) -> Model {
    let shape = multi_head(config);
    let family = Family { qkv_bias: When::Never, output_bias: When::Never, head_bias: When::Always, norms: 1, ..GPT };
    full(&family, config, &shape, four_times(config, &shape))
}

/// GPT-Neo: `attention_types` repeats a pattern of full and local layers.
fn gpt_neo(config: Config) -> Model {
    let shape = multi_head(config);
    let window = config.optional("window_size").map_or(Reach::Full, Reach::Sliding);
    let mut reaches = Vec::new();
    for group in config.list("attention_types").unwrap_or_default() {
        let pattern = group.get(0).and_then(|pattern| pattern.as_array()).map_or(&[][..], Vec::as_slice);
        let times = group.get(1).and_then(|times| times.as_u64()).unwrap_or(0);
        for _ in 0..times.min(shape.layers) {
            let room = (shape.layers as usize).saturating_sub(reaches.len());
            let is_local = |kind: &serde_json::Value| kind.as_str() == Some("local");
            reaches.extend(pattern.iter().take(room).map(|kind| if is_local(kind) { window } else { Reach::Full }));
        }
    }
    if reaches.len() as u64 != shape.layers {
        let n = reaches.len();
        config.contradiction(format!("attention_types should describe {} layers, and describes: {n}", shape.layers));
    }
    let family = Family { qkv_bias: When::Never, ..GPT };
    with_positions(family.decoder(config, &shape, four_times(config, &shape), &reaches), config, 0)
}

fn gpt_neox(config: Config) -> Model {
    let shape = multi_head(config);
    let bias = When::If("attention_bias");
    full(&Family { qkv_bias: bias, output_bias: bias, ..GPT }, config, &shape, config.size("intermediate_size"))
}

/// OPT: two positions more than the context, and embeddings that may be narrower than the model.
fn opt(config: Config) -> Model {
    let shape = multi_head(config);
    let bias = When::If("enable_bias");
    let family = Family { qkv_bias: bias, output_bias: bias, mlp_bias: bias, ..GPT };
    let mut model = with_positions(full(&family, config, &shape, config.size("intermediate_size")), config, 2);
    if !config.flag_or("do_layer_norm_before", true) || config.flag("_remove_final_layer_norm") {
        model.output.retain(|tensor| tensor.role != Role::Norm);
    }
    let width = config.size_or("word_embed_proj_dim", shape.hidden);
    if width != shape.hidden {
        // OPT-350M embeds in 512 dimensions and projects to and from 1024.
        let narrow = Shape { hidden: width, ..shape }.model(Layers::default(), Norm::Plain);
        model.input.retain(|tensor| tensor.role != Role::TokenEmbedding);
        model.input.extend(narrow.input);
        model.head = narrow.head;
        model.input.push(Tensor::matrix(Role::Other, shape.hidden, width));
        model.output.push(Tensor::matrix(Role::Other, width, shape.hidden));
    }
    model
}

/// BLOOM: ALiBi instead of positions, and a norm behind the embedding.
fn bloom(config: Config) -> Model {
    let shape = multi_head(config);
    let mut model = full(&GPT, config, &shape, 4 * shape.hidden);
    model.input.extend(Norm::Layer.tensors(shape.hidden, 1));
    model
}

fn mpt(config: Config) -> Model {
    let shape = multi_head(config);
    let family = Family { gated: false, norm: Norm::LayerScale, ..UNBIASED };
    full(&family, config, &shape, config.size_or("expansion_ratio", 4) * shape.hidden)
}

/// Falcon: the first 7B has one KV head; the later ones have `num_kv_heads` and usually two norms.
fn falcon(config: Config) -> Model {
    let shape = multi_head(config);
    let new = config.flag("new_decoder_architecture");
    let kv_heads = match (new, config.flag_or("multi_query", true)) {
        (true, _) => config.size_or("num_key_value_heads", shape.heads),
        (false, true) => 1,
        (false, false) => shape.heads,
    };
    let norms = match (new, config.flag_or("parallel_attn", true)) {
        (true, _) => config.size_or("num_ln_in_parallel_attn", 2),
        (false, true) => 1,
        (false, false) => 2,
    };
    let bias = When::If("bias");
    let family = Family { qkv_bias: bias, output_bias: bias, mlp_bias: bias, norms, ..GPT };
    let shape = Shape { kv_heads, ..shape };
    full(&family, config, &shape, four_times(config, &shape))
}

/// Qwen 1: `intermediate_size` counts gate and up together.
fn qwen1(config: Config) -> Model {
    let shape = Shape::read(config);
    let family = Family { qkv_bias: When::Always, ..UNBIASED };
    full(&family, config, &Shape { kv_heads: shape.heads, ..shape }, config.size("intermediate_size") / 2)
}

/// ChatGLM and the GLM-4-9B of 2024.
fn chatglm(config: Config) -> Model {
    let shape = Shape::read(config);
    let kv_heads = if config.flag("multi_query_attention") { shape.kv_heads } else { shape.heads };
    let all = config.flag("add_bias_linear");
    let when = |holds| if holds { When::Always } else { When::Never };
    let family = Family {
        qkv_bias: when(all || config.flag("add_qkv_bias")),
        output_bias: when(all),
        mlp_bias: when(all),
        norm: if config.flag_or("rmsnorm", true) { Norm::Rms } else { Norm::Layer },
        ..LLAMA
    };
    let mut model = full(&family, config, &Shape { kv_heads, ..shape }, config.size("intermediate_size"));
    if !config.flag_or("post_layer_norm", true) {
        model.output.clear();
    }
    model
}

/// Phi-3-small: layers alternate with block-sparse attention, whose cache is still as long as the context.
fn phi3_small(config: Config) -> Model {
    let shape = Shape::read(config);
    full(&Family { gated: true, ..GPT }, config, &shape, config.size("intermediate_size"))
}

/// DBRX nests the dimensions of attention and experts.
fn dbrx(config: Config) -> Option<Model> {
    let shape = multi_head(config);
    let attention = config.required_child("attn_config")?;
    let shape = Shape { kv_heads: attention.size_or("kv_n_heads", 1), ..shape };
    let mlp = config.required_child("ffn_config")?;
    let experts = Experts::gated(mlp, shape.hidden, mlp.size("intermediate_size"), false);
    let mut tensors = attention_tensors(shape.attention(), shape.hidden, AttentionBias::default());
    tensors.extend(Norm::LayerScale.tensors(shape.hidden, 2));
    let layer = experts.layer(attend(shape.attention(), Reach::Full), &tensors);
    let layers: Layers = (0..shape.layers).map(|_| layer.clone()).collect();
    Some(shape.model(layers, Norm::LayerScale))
}
