//! Decoders that mix attention layers with Mamba layers or short convolutions.

use super::dense::{Family, LLAMA, QueryKeyNorm, When};
use super::fields::MOST_LAYERS;
use super::keys::Config;
use super::parts::{Experts, Norm, Shape, attend, dense_layer, gated_mlp, router, share};
use super::reach;
use super::recurrent::{Mamba1, Mamba2, Recurrent, rank_or_auto, short_convolution};
use super::state_space::expanded;
use ridgepoint_core::{
    AttentionBias, FeedForward, Layer, Layers, Mixer, MlpRoles, MlpShape, Model, Reach, Role, Tensor,
    attention_tensors, mlp_tensors,
};

/// A decoder of one of the families below.
pub(super) fn read(config: Config, model_type: &str) -> Option<Model> {
    match model_type {
        "bamba" => Some(bamba(config)),
        "falcon_h1" => Some(falcon_h1(config)),
        "granitemoehybrid" => Some(granite_hybrid(config)),
        "jamba" => Some(jamba(config)),
        "lfm2" => Some(lfm2(config)),
        "lfm2_moe" => Some(lfm2_moe(config)),
        "lfm3" => Some(lfm3(config)),
        "nemotron_h" => nemotron_h(config),
        _ => None,
    }
}

/// A mixer of a layer with its weights and the norms of the layer.
#[derive(Clone)]
struct Half {
    mixer: Mixer,
    tensors: Vec<Tensor>,
}

impl Half {
    fn recurrent(recurrent: Recurrent, norms: &[Tensor]) -> Self {
        Self { mixer: Mixer::Recurrent(recurrent.state), tensors: [recurrent.tensors, norms.to_vec()].concat() }
    }
}

/// Attention without biases unless `attention_bias` is set, and the norms of the layer.
fn attention(config: Config, shape: &Shape, norms: &[Tensor]) -> Half {
    let biased = config.flag("attention_bias");
    let bias = AttentionBias { qkv: biased, output: biased };
    let tensors = [attention_tensors(shape.attention(), shape.hidden, bias), norms.to_vec()].concat();
    Half { mixer: attend(shape.attention(), Reach::Full), tensors }
}

/// The Mamba-2 of the `mamba_*` fields.
fn mamba2(config: Config, hidden: u64, inner: u64, normed: bool) -> Recurrent {
    let mixer = Mamba2 {
        hidden,
        inner,
        heads: config.size("mamba_n_heads"),
        groups: config.size("mamba_n_groups"),
        state: config.size("mamba_d_state"),
        kernel: config.size("mamba_d_conv"),
        conv_bias: config.flag_or("mamba_conv_bias", true),
        bias: config.flag("mamba_proj_bias"),
        normed,
    };
    mixer.build(config)
}

/// Jamba (arXiv:2403.19887): one attention layer in eight, experts in every second layer.
fn jamba(config: Config) -> Model {
    let shape = Shape::read(config);
    let hidden = shape.hidden;
    let norms = Norm::Rms.tensors(hidden, 2);
    let attention = attention(config, &shape, &norms);
    let (state, rank) = (config.size("mamba_d_state"), rank_or_auto(config, "mamba_dt_rank", hidden));
    let mixer = Mamba1 {
        hidden,
        inner: hidden * config.size("mamba_expand"),
        state,
        kernel: config.size("mamba_d_conv"),
        rank,
        conv_bias: config.flag_or("mamba_conv_bias", true),
        bias: config.flag("mamba_proj_bias"),
    };
    let mut mamba = Half::recurrent(mixer.build(config), &norms);
    // Norms of the step size, B and C.
    mamba.tensors.push(Tensor::vector(Role::Norm, rank + 2 * state));

    let width = config.size("intermediate_size");
    let mlp = gated_mlp(MlpRoles::DENSE, hidden, width, 1);
    let experts = (config.count("num_experts") > 1).then(|| Experts::gated(config, hidden, width, false));
    let is_one = |layer: u64, period, offset| layer % config.size(period) == config.count(offset);
    let layers: Layers = (0..shape.layers)
        .map(|index| {
            let half = if is_one(index, "attn_layer_period", "attn_layer_offset") { &attention } else { &mamba };
            match &experts {
                Some(experts) if is_one(index, "expert_layer_period", "expert_layer_offset") => {
                    experts.layer(half.mixer, &half.tensors)
                }
                Some(_) | None => dense_layer(half.mixer, &half.tensors, &mlp),
            }
        })
        .collect();
    shape.model(layers, Norm::Rms)
}

/// Bamba: Mamba-2 except in `attn_layer_indices`, and a dense MLP in every layer.
fn bamba(config: Config) -> Model {
    let shape = Shape::read(config);
    let norms = Norm::Rms.tensors(shape.hidden, 2);
    let attention = attention(config, &shape, &norms);
    let inner = expanded(config, "mamba_expand", shape.hidden);
    let mamba = Half::recurrent(mamba2(config, shape.hidden, inner, true), &norms);
    let mlp = gated_mlp(MlpRoles::DENSE, shape.hidden, config.size("intermediate_size"), 1);
    let attending = config.numbers("attn_layer_indices");
    let half = |index| if attending.contains(&index) { &attention } else { &mamba };
    let layers: Layers =
        (0..shape.layers).map(|index| dense_layer(half(index).mixer, &half(index).tensors, &mlp)).collect();
    shape.model(layers, Norm::Rms)
}

/// Granite 4: the shared MLP is in every layer, and is the only one where there are no experts.
fn granite_hybrid(config: Config) -> Model {
    let shape = Shape::read(config);
    let norms = Norm::Rms.tensors(shape.hidden, 2);
    let attention = attention(config, &shape, &norms);
    let types = config.layer_words("layer_types", shape.layers);
    let attends = |index: usize| {
        let kind = types.as_ref().and_then(|types| types.get(index)).copied().unwrap_or("mamba");
        matches!(kind, "attention" | "full_attention")
    };
    let any_mamba = (0..shape.layers as usize).any(|index| !attends(index));
    let mamba = any_mamba.then(|| {
        let inner = expanded(config, "mamba_expand", shape.hidden);
        Half::recurrent(mamba2(config, shape.hidden, inner, true), &norms)
    });
    let shared = gated_mlp(MlpRoles::SHARED, shape.hidden, config.size("shared_intermediate_size"), 1);
    let experts = (config.count("num_experts") > 0).then(|| {
        let mut experts = Experts::gated(config, shape.hidden, config.size("intermediate_size"), false);
        experts.tensors.extend(&shared);
        experts
    });
    let layers: Layers = (0..shape.layers as usize)
        .map(|index| {
            let half = mamba.as_ref().filter(|_| !attends(index)).unwrap_or(&attention);
            match &experts {
                Some(experts) => experts.layer(half.mixer, &half.tensors),
                None => dense_layer(half.mixer, &half.tensors, &shared),
            }
        })
        .collect();
    shape.model(layers, Norm::Rms)
}

/// Falcon-H1 (arXiv:2507.22448): every layer has attention and Mamba-2 side by side.
fn falcon_h1(config: Config) -> Model {
    let shape = Shape::read(config);
    let hidden = shape.hidden;
    let inner = config.optional("mamba_d_ssm").unwrap_or_else(|| expanded(config, "mamba_expand", hidden));
    let mamba = mamba2(config, hidden, inner, config.flag("mamba_rms_norm"));
    let half = attention(config, &shape, &Norm::Rms.tensors(hidden, 2));
    let mixer = Mixer::Parallel { attention: shape.attention(), reach: Reach::Full, state: mamba.state };
    let mlp = LLAMA.mlp(config, hidden, config.size("intermediate_size"));
    let layer = dense_layer(mixer, &[half.tensors, mamba.tensors].concat(), &mlp);
    let layers: Layers = (0..shape.layers).map(|_| layer.clone()).collect();
    shape.model(layers, Norm::Rms)
}

/// Nemotron-H (arXiv:2504.03624): each layer is one block, mixer or MLP, behind one norm.
fn nemotron_h(config: Config) -> Option<Model> {
    let blocks = nemotron_blocks(config)?;
    let shape = Shape::of_layers(config, blocks.len() as u64).with_grouped_attention(config);
    let hidden = shape.hidden;
    let norm = Norm::Rms.tensors(hidden, 1);
    let heads = config.size("mamba_num_heads");
    let mamba = Mamba2 {
        hidden,
        inner: heads * config.size("mamba_head_dim"),
        heads,
        groups: config.size("n_groups"),
        state: config.size("ssm_state_size"),
        kernel: config.size("conv_kernel"),
        conv_bias: config.flag_or("use_conv_bias", true),
        bias: config.flag("use_bias"),
        normed: true,
    };
    let mamba = Half::recurrent(mamba.build(config), &norm);
    let attention = attention(config, &shape, &norm);
    let moe = nemotron_experts(config, hidden, blocks.contains(&"moe") || predicted_blocks(config).contains(&"moe"));
    let alone = |half: &Half| Layer {
        mixer: half.mixer,
        feed_forward: FeedForward::None,
        tensors: half.tensors.clone(),
        reused: Vec::new(),
    };
    let block = |kind: &str| match kind {
        "mamba" => Some(alone(&mamba)),
        "attention" => Some(alone(&attention)),
        "mlp" => {
            let shape = MlpShape {
                hidden_size: hidden,
                intermediate_size: config.size("intermediate_size"),
                gated: false,
                bias: config.flag("mlp_bias"),
            };
            Some(dense_layer(Mixer::None, &norm, &mlp_tensors(MlpRoles::DENSE, shape, 1)))
        }
        "moe" => moe.as_ref().map(|moe| moe.layer(Mixer::None, &norm)),
        _ => None,
    };
    let layers: Layers = blocks.iter().filter_map(|kind| block(kind)).collect();
    if layers.len() != blocks.len() {
        config.contradiction("each layer of a Nemotron-H should be mamba, attention, mlp or moe".to_owned());
    }
    let mut model = shape.model(layers, Norm::Rms);
    let predicting: Vec<Tensor> =
        predicted_blocks(config).into_iter().filter_map(block).flat_map(|layer| layer.tensors).collect();
    if !predicting.is_empty() {
        let n = config.count("num_nextn_predict_layers");
        model.mtp_parameters = super::parts::prediction_layers(n, &predicting, hidden, 3);
    }
    Some(model)
}

/// The kind of each block: letters in `hybrid_override_pattern`, or words.
fn nemotron_blocks(config: Config<'_>) -> Option<Vec<&str>> {
    let blocks = match config.text("hybrid_override_pattern") {
        Some(pattern) => letters(pattern),
        None => {
            let key = if config.says("layers_block_type") { "layers_block_type" } else { "layer_types" };
            config.words(key)?
        }
    };
    if blocks.len() as u64 > MOST_LAYERS {
        config
            .contradiction(format!("a model should have at most {MOST_LAYERS} layers, and this has {}", blocks.len()));
        return None;
    }
    Some(blocks)
}

/// The blocks of a multi-token-prediction layer.
fn predicted_blocks(config: Config<'_>) -> Vec<&str> {
    config.text("mtp_hybrid_override_pattern").map(letters).unwrap_or_default()
}

fn letters(pattern: &str) -> Vec<&str> {
    let word = |letter| match letter {
        'M' => "mamba",
        '*' => "attention",
        '-' => "mlp",
        'E' => "moe",
        _ => "",
    };
    pattern.chars().map(word).collect()
}

/// Plain experts that may work in a narrower space than the layer, and a shared expert.
fn nemotron_experts(config: Config, hidden: u64, any: bool) -> Option<Experts> {
    if !any {
        return None;
    }
    let (experts, active) = Experts::counted(config);
    let width = config.size("moe_intermediate_size");
    let latent = config.optional("moe_latent_size").filter(|&latent| latent > 0);
    let plain = |hidden_size, intermediate_size| MlpShape { hidden_size, intermediate_size, gated: false, bias: false };
    let mut tensors = mlp_tensors(MlpRoles::ROUTED, plain(latent.unwrap_or(hidden), width), experts);
    tensors.extend(router(experts, hidden, true));
    let shared =
        config.count("moe_shared_expert_intermediate_size") * config.optional("num_shared_experts").unwrap_or(1);
    if shared > 0 {
        tensors.extend(mlp_tensors(MlpRoles::SHARED, plain(hidden, shared), 1));
    }
    if let Some(latent) = latent {
        tensors.extend([Tensor::matrix(Role::Other, latent, hidden), Tensor::matrix(Role::Other, hidden, latent)]);
    }
    Some(Experts { experts, active, tensors })
}

const HEAD_NORM: Family = Family {
    query_key_norm: QueryKeyNorm::OneHead(When::Always),
    qkv_bias: When::Never,
    output_bias: When::Never,
    ..LLAMA
};

/// For each layer of an LFM2, whether it is attention.
fn lfm2_attends(config: Config, layers: u64) -> Vec<bool> {
    match config.layer_words("layer_types", layers) {
        Some(types) => types.into_iter().map(|kind| kind == "full_attention").collect(),
        None => {
            let listed = config.numbers("full_attn_idxs");
            (0..layers).map(|index| listed.contains(&index)).collect()
        }
    }
}

/// The two mixers of an LFM2: grouped attention with normalised heads, and short convolutions.
fn lfm2_halves(config: Config) -> (Shape, Half, Half) {
    let shape = Shape::read(config);
    let shape = Shape { head_dim: share(config, shape.hidden, shape.heads), ..shape };
    let tensors = HEAD_NORM.attention_and_norms(config, shape.attention(), shape.hidden);
    let attention = Half { mixer: attend(shape.attention(), Reach::Full), tensors };
    let convolution = short_convolution(shape.hidden, config.size("conv_L_cache"), config.flag("conv_bias"));
    (shape, attention, Half::recurrent(convolution, &Norm::Rms.tensors(shape.hidden, 2)))
}

fn lfm2(config: Config) -> Model {
    let (shape, attention, convolution) = lfm2_halves(config);
    let mlp = gated_mlp(MlpRoles::DENSE, shape.hidden, lfm2_width(config), 1);
    let layers: Layers = lfm2_attends(config, shape.layers)
        .into_iter()
        .map(|attends| if attends { &attention } else { &convolution })
        .map(|half| dense_layer(half.mixer, &half.tensors, &mlp))
        .collect();
    shape.model(layers, Norm::Rms)
}

/// LFM2 writes a width of which it uses two thirds, rounded up to a multiple.
fn lfm2_width(config: Config) -> u64 {
    let width = config.size("intermediate_size");
    if !config.flag_or("block_auto_adjust_ff_dim", true) {
        return width;
    }
    let width = 2 * width / 3;
    let multiplier = config.factor("block_ffn_dim_multiplier").unwrap_or(1.0).clamp(0.0, 1024.0);
    ((multiplier * width as f64) as u64).max(1).next_multiple_of(config.size_or("block_multiple_of", 256))
}

fn lfm2_moe(config: Config) -> Model {
    let (shape, attention, convolution) = lfm2_halves(config);
    let mlp = gated_mlp(MlpRoles::DENSE, shape.hidden, config.size("intermediate_size"), 1);
    let bias = config.flag_or("use_expert_bias", true);
    let experts = Experts::gated(config, shape.hidden, config.size("moe_intermediate_size"), bias);
    let dense = config.optional("num_dense_layers").unwrap_or(2);
    let layers: Layers = lfm2_attends(config, shape.layers)
        .into_iter()
        .zip(0..)
        .map(|(attends, index)| {
            let half = if attends { &attention } else { &convolution };
            if index < dense {
                dense_layer(half.mixer, &half.tensors, &mlp)
            } else {
                experts.layer(half.mixer, &half.tensors)
            }
        })
        .collect();
    shape.model(layers, Norm::Rms)
}

/// LFM3: norms before and after each half, a gate on attention, and sliding windows in some attention layers.
fn lfm3(config: Config) -> Model {
    let shape = Shape::read(config);
    let hidden = shape.hidden;
    let norms = if config.flag("use_sandwich_norm") { 4 } else { 2 };
    let family = Family { norms, ..HEAD_NORM };
    let mut tensors = family.attention_and_norms(config, shape.attention(), hidden);
    if config.flag("use_attention_gate") {
        tensors.push(Tensor::matrix(Role::AttentionGate, shape.heads, hidden));
    }
    let convolution = short_convolution(hidden, config.size("conv_L_cache"), false);
    let convolution = Half::recurrent(convolution, &Norm::Rms.tensors(hidden, norms));
    let mlp = gated_mlp(MlpRoles::DENSE, hidden, config.size("intermediate_size"), 1);
    let types = config.layer_words("layer_types", shape.layers).unwrap_or_default();
    if types.is_empty() {
        config.contradiction("layer_types should say which layers are conv".to_owned());
    }
    let layers: Layers = types
        .into_iter()
        .zip(reach::of_layers(config, "lfm3", shape.layers))
        .map(|(kind, reach)| match kind {
            "conv" => dense_layer(convolution.mixer, &convolution.tensors, &mlp),
            _ => dense_layer(attend(shape.attention(), reach), &tensors, &mlp),
        })
        .collect();
    shape.model(layers, Norm::Rms)
}
