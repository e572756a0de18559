//! Decoders that mix attention layers with linear attention: gated delta nets, Kimi delta attention, lightning.

use super::dense::{Family, LLAMA, QueryKeyNorm, When};
use super::keys::Config;
use super::mixture::{dense_by_step, first_dense_layers};
use super::parts::{Experts, Norm, Shape, attend, dense_layer, gated_mlp, prediction_layers};
use super::recurrent::{DeltaAttention, DeltaHeads, Gate, Recurrent, gated_delta_net, lightning};
use super::{latent, sparse};
use ridgepoint_core::{
    AttentionBias, Layer, Layers, Mixer, MlpRoles, Model, Reach, Role, Tensor, attention_tensors, linear,
};

/// A decoder of one of the families below.
pub(super) fn read(config: Config, model_type: &str) -> Option<Model> {
    match model_type {
        "bailing_hybrid" => Some(bailing(config)),
        "glm5_next" => Some(glm5_next(config)),
        "kimi_k3_text" => Some(kimi_k3(config)),
        "kimi_linear" => Some(kimi_linear(config)),
        "minimax" => Some(minimax_text(config)),
        "olmo_hybrid" => Some(olmo_hybrid(config)),
        "qwen3_5_moe_text" | "qwen3_5_text" | "qwen3_next" => Some(qwen3_next(config, model_type)),
        _ => None,
    }
}

/// Qwen3-Next and Qwen3.5: every fourth layer is attention with a gate on its output, the others are delta nets.
fn qwen3_next(config: Config, model_type: &str) -> Model {
    let shape = Shape::read(config);
    let hidden = shape.hidden;
    let family = Family { query_key_norm: QueryKeyNorm::OneHead(When::Always), ..LLAMA };
    let mut attention = family.attention_and_norms(config, shape.attention(), hidden);
    attention.extend(linear(Role::AttentionGate, shape.heads * shape.head_dim, hidden, config.flag("attention_bias")));
    let attending = attend(shape.attention(), Reach::Full);

    let attends = attends(config, shape.layers);
    let delta = attends.contains(&false).then(|| {
        let delta = gated_delta_net(config, hidden);
        (Mixer::Recurrent(delta.state), [delta.tensors, Norm::Rms.tensors(hidden, 2)].concat())
    });

    let is_mixture = model_type != "qwen3_5_text";
    let dense = if is_mixture { dense_by_step(config, shape.layers) } else { vec![true; shape.layers as usize] };
    let mlp = if dense.contains(&true) {
        gated_mlp(MlpRoles::DENSE, hidden, config.size("intermediate_size"), 1)
    } else {
        Vec::new()
    };
    let experts = is_mixture.then(|| {
        let experts = Experts::gated(config, hidden, config.size("moe_intermediate_size"), false);
        let mut experts = experts.and_shared(hidden, config.size("shared_expert_intermediate_size"));
        experts.tensors.push(Tensor::vector(Role::Router, hidden));
        experts
    });
    let layer = |mixer, tensors: &[Tensor], dense: bool| match &experts {
        Some(experts) if !dense => experts.layer(mixer, tensors),
        Some(_) | None => dense_layer(mixer, tensors, &mlp),
    };
    let layers: Layers = attends
        .into_iter()
        .zip(dense)
        .map(|(attends, dense)| match &delta {
            Some((mixer, tensors)) if !attends => layer(*mixer, tensors, dense),
            Some(_) | None => layer(attending, &attention, dense),
        })
        .collect();
    let mut model = shape.model(layers, Norm::Rms);

    // Without a field, Qwen3-Next has one multi-token-prediction layer. All of them share the joining matrix.
    let usual = if model_type == "qwen3_next" { 1 } else { 0 };
    let n = config.optional("mtp_num_hidden_layers").or_else(|| config.optional("num_nextn_predict_layers"));
    let n = n.unwrap_or(usual);
    if n > 0 {
        let predicting = layer(attending, &attention, !is_mixture).tensors;
        let more = prediction_layers(n - 1, &predicting, 0, 0);
        model.mtp_parameters = prediction_layers(1, &predicting, hidden, 3).saturating_add(more);
    }
    model
}

/// OLMo Hybrid: three delta nets to each attention, which normalises queries, keys and its results.
fn olmo_hybrid(config: Config) -> Model {
    let shape = Shape::read(config);
    let hidden = shape.hidden;
    let family = Family { query_key_norm: QueryKeyNorm::AllHeads, ..LLAMA };
    let attention = family.attention_and_norms(config, shape.attention(), hidden);
    let mlp = gated_mlp(MlpRoles::DENSE, hidden, config.size("intermediate_size"), 1);
    let key_heads = config.size_or("linear_num_key_heads", shape.heads);
    // Python's int(0.75 * hidden_size / heads).
    let key_dim = config.size_or("linear_key_head_dim", (3 * hidden / (4 * key_heads)).max(1));
    let heads = DeltaHeads {
        key_heads,
        value_heads: config.size_or("linear_num_value_heads", shape.heads),
        key_dim,
        value_dim: config.size_or("linear_value_head_dim", 2 * key_dim),
    };
    let delta = heads.build(config, hidden);
    let recurrent = [delta.tensors, Norm::Rms.tensors(hidden, 2)].concat();
    let layers: Layers = attends(config, shape.layers)
        .into_iter()
        .map(|attends| {
            if attends {
                dense_layer(attend(shape.attention(), Reach::Full), &attention, &mlp)
            } else {
                dense_layer(Mixer::Recurrent(delta.state), &recurrent, &mlp)
            }
        })
        .collect();
    shape.model(layers, Norm::Rms)
}

/// For each layer, whether it is attention: `layer_types`, else every `full_attention_interval`-th.
fn attends(config: Config, layers: u64) -> Vec<bool> {
    match config.layer_words("layer_types", layers) {
        Some(types) => types.into_iter().map(|kind| kind != "linear_attention").collect(),
        None => {
            let interval = config.size_or("full_attention_interval", 4);
            (1..=layers).map(|layer| layer.is_multiple_of(interval)).collect()
        }
    }
}

/// For each layer of a Kimi model, whether it is attention. `full_attn_layers` counts from 1.
fn kimi_attends(config: Config, layers: u64) -> Vec<bool> {
    match config.layer_words("layer_types", layers) {
        Some(types) => types.into_iter().map(|kind| kind == "full_attention").collect(),
        None => {
            let listed = config.required_child("linear_attn_config").map(|nested| nested.numbers("full_attn_layers"));
            let listed = listed.unwrap_or_default();
            (1..=layers).map(|layer| listed.contains(&layer)).collect()
        }
    }
}

/// A decoder that alternates latent attention with delta attention, over dense MLPs or experts.
struct LatentAndDelta {
    shape: Shape,
    attention: Vec<Tensor>,
    attending: Mixer,
    delta: Recurrent,
    mlp: Vec<Tensor>,
    experts: Experts,
}

impl LatentAndDelta {
    fn read(config: Config, delta: DeltaAttention, biased: bool) -> Self {
        let shape = Shape::read_outside_attention(config);
        let attention = latent::attention(config, &shape);
        let bias = AttentionBias { qkv: biased, output: biased };
        let width = config.size("moe_intermediate_size");
        Self {
            attention: attention_tensors(attention, shape.hidden, bias),
            attending: attend(attention, Reach::Full),
            delta: delta.build(),
            mlp: gated_mlp(MlpRoles::DENSE, shape.hidden, config.size("intermediate_size"), 1),
            experts: Experts::gated(config, shape.hidden, width, true)
                .and_shared(shape.hidden, config.count("num_shared_experts") * width),
            shape,
        }
    }

    /// A layer, with `more` weights than its mixer, its MLP and two norms.
    fn layer(&self, attends: bool, dense: bool, more: &[Tensor]) -> Layer {
        let (mixer, tensors) = if attends {
            (self.attending, &self.attention)
        } else {
            (Mixer::Recurrent(self.delta.state), &self.delta.tensors)
        };
        let tensors = [&tensors[..], &Norm::Rms.tensors(self.shape.hidden, 2), more].concat();
        if dense { dense_layer(mixer, &tensors, &self.mlp) } else { self.experts.layer(mixer, &tensors) }
    }

    fn model(&self, attends: &[bool], dense: &[bool], more: &[Tensor]) -> Model {
        let layers = attends.iter().zip(dense).map(|(&attends, &dense)| self.layer(attends, dense, more)).collect();
        self.shape.model(layers, Norm::Rms)
    }
}

/// The width of all heads' values together, which gates on the output of latent attention have.
fn value_width(config: Config) -> u64 {
    config.size("num_attention_heads") * config.size("v_head_dim")
}

fn kimi_linear(config: Config) -> Model {
    let delta = DeltaAttention::read(config, config.size("hidden_size"));
    let parts = LatentAndDelta::read(config, delta, false);
    let layers = parts.shape.layers;
    parts.model(&kimi_attends(config, layers), &first_dense_layers(config, layers), &[])
}

/// Kimi K3: gates on latent attention, experts in a narrower space, and residual connections that attend over layers.
fn kimi_k3(config: Config) -> Model {
    let hidden = config.size("hidden_size");
    let mut delta = DeltaAttention::read(config, hidden);
    if config.child("linear_attn_config").is_some_and(|nested| nested.flag("use_full_rank_gate")) {
        delta.output = Gate::FullRank;
    }
    let mut parts = LatentAndDelta::read(config, delta, config.flag("attention_bias"));
    if config.flag("mla_use_output_gate") {
        parts.attention.push(Tensor::matrix(Role::AttentionGate, value_width(config), hidden));
    }
    // The routed experts work in a narrower space; one pair of matrices leads there and back.
    let latent = config.size("routed_expert_hidden_size");
    parts.experts.tensors.retain(|tensor| !matches!(tensor.role, Role::ExpertGate | Role::ExpertUp | Role::ExpertDown));
    let width = config.size("moe_intermediate_size");
    parts.experts.tensors.extend(gated_mlp(MlpRoles::ROUTED, latent, width, parts.experts.experts));
    parts.experts.tensors.push(Tensor::matrix(Role::Other, latent, hidden));
    parts.experts.tensors.push(Tensor::matrix(Role::Other, hidden, latent));
    if config.flag("latent_moe_use_norm") {
        parts.experts.tensors.extend(Norm::Rms.tensors(latent, 1));
    }
    // Before each half and after the last layer, a norm and a one-wide projection weigh the earlier residuals.
    let weighing = |n| vec![Tensor::vector(Role::Norm, n * hidden), Tensor::matrix(Role::Other, n, hidden)];
    let layers = parts.shape.layers;
    let mut model = parts.model(&kimi_attends(config, layers), &first_dense_layers(config, layers), &weighing(2));
    model.output.extend(weighing(1));
    model
}

/// Ling 3: latent attention with a gate for each head in every sixth layer, delta attention with full gates elsewhere.
fn bailing(config: Config) -> Model {
    let hidden = config.size("hidden_size");
    let delta =
        DeltaAttention { forget: Gate::FullRank, output: Gate::FullRank, ..DeltaAttention::read(config, hidden) };
    let mut parts = LatentAndDelta::read(config, delta, config.flag("attention_bias"));
    parts.attention.push(Tensor::matrix(Role::AttentionGate, parts.shape.heads, hidden));
    let layers = parts.shape.layers;
    let attends: Vec<bool> = match config.layer_words("layer_types", layers) {
        Some(types) => types.into_iter().map(|kind| kind != "linear_attention").collect(),
        None => {
            let group = config.size_or("layer_group_size", 6);
            (1..=layers).map(|layer| layer.is_multiple_of(group)).collect()
        }
    };
    let mut model = parts.model(&attends, &first_dense_layers(config, layers), &[]);
    let predicting = parts.layer(true, false, &[]);
    let n = config.count("num_nextn_predict_layers");
    model.mtp_parameters = prediction_layers(n, &predicting.tensors, hidden, 3);
    model
}

/// GLM-5.3-Flash: latent attention without rotary part behind an indexer that pools its keys, delta attention
/// elsewhere, and hyper-connections around both halves of every layer.
fn glm5_next(config: Config) -> Model {
    let hidden = config.size("hidden_size");
    let mut parts = LatentAndDelta::read(config, DeltaAttention::read(config, hidden), config.flag("attention_bias"));
    let layers = parts.shape.layers;
    let indexer = sparse::indexer(config);
    parts.attention.extend(sparse::indexer_tensors(indexer, hidden, config.size("q_lora_rank")));
    // The pool: a matrix and a vector for each pooled position.
    let pool = config.size_or("index_kpool", 16);
    parts.attention.push(Tensor::matrix(Role::AttentionOther, indexer.dim, hidden));
    parts.attention.push(Tensor::vector(Role::AttentionOther, pool * indexer.dim));
    parts.attending = sparse::attend_selected(latent::attention(config, &parts.shape), indexer);
    let attends: Vec<bool> = match config.layer_words("layer_types", layers) {
        Some(types) => types.into_iter().map(|kind| kind != "linear_attention").collect(),
        None => kimi_attends(config, layers),
    };
    parts.model(&attends, &first_dense_layers(config, layers), &sparse::hyper_connections(config, hidden))
}

/// MiniMax-Text-01 (arXiv:2501.08313): lightning attention except where `attn_type_list` has a 1.
fn minimax_text(config: Config) -> Model {
    let shape = Shape::read(config);
    let hidden = shape.hidden;
    let norms = Norm::Rms.tensors(hidden, 2);
    let attention = [attention_tensors(shape.attention(), hidden, AttentionBias::default()), norms.clone()].concat();
    let lightning = lightning(config, hidden, shape.heads, shape.head_dim);
    let recurrent = [lightning.tensors, norms].concat();
    let experts = Experts::gated(config, hidden, config.size("intermediate_size"), false);
    let attends: Vec<bool> = match config.layer_words("layer_types", shape.layers) {
        Some(types) => types.into_iter().map(|kind| kind == "full_attention").collect(),
        None => {
            let listed = config.layer_numbers("attn_type_list", shape.layers).unwrap_or_default();
            listed.into_iter().map(|kind| kind == 1).collect()
        }
    };
    if attends.is_empty() {
        config.contradiction("layer_types or attn_type_list should say which layers are attention".to_owned());
    }
    let layers: Layers = attends
        .into_iter()
        .map(|attends| {
            if attends {
                experts.layer(attend(shape.attention(), Reach::Full), &attention)
            } else {
                experts.layer(Mixer::Recurrent(lightning.state), &recurrent)
            }
        })
        .collect();
    shape.model(layers, Norm::Rms)
}
