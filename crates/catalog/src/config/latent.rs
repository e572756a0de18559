//! Multi-head latent attention: DeepSeek-V2 (arXiv:2405.04434) and the families that took it up.

use super::keys::Config;
use super::mixture::first_dense_layers;
use super::parts::{Experts, Norm, Shape, attend, dense_layer, gated_mlp, prediction_layers, share};
use ridgepoint_core::{Attention, AttentionBias, Layers, MlpRoles, Model, Reach, attention_tensors};

/// What distinguishes a family with latent attention.
#[derive(Clone, Copy)]
struct Family {
    model_type: &'static str,
    /// Whether it has routed experts at all.
    mixture: bool,
    /// Whether the router has a correction bias.
    router_bias: bool,
    /// Norms of a layer with experts; a dense one has 2.
    expert_norms: u64,
}

const FAMILIES: &[Family] = &[
    Family { model_type: "axk1", mixture: true, router_bias: true, expert_norms: 3 },
    Family { model_type: "deepseek_v2", mixture: true, router_bias: false, expert_norms: 2 },
    Family { model_type: "deepseek_v3", mixture: true, router_bias: true, expert_norms: 2 },
    Family { model_type: "glm4_moe_lite", mixture: true, router_bias: true, expert_norms: 2 },
    Family { model_type: "minicpm3", mixture: false, router_bias: false, expert_norms: 2 },
    Family { model_type: "mistral4", mixture: true, router_bias: false, expert_norms: 2 },
    Family { model_type: "youtu", mixture: false, router_bias: false, expert_norms: 2 },
];

/// The attention that the `*_lora_rank` and `qk_*` fields describe. `head_dim` means something else in these files.
pub(super) fn attention(config: Config, shape: &Shape) -> Attention {
    Attention::Latent {
        heads: shape.heads,
        kv_rank: config.size("kv_lora_rank"),
        rope_dim: config.size("qk_rope_head_dim"),
        nope_dim: config.size("qk_nope_head_dim"),
        value_dim: match config.optional("v_head_dim") {
            Some(width) => width,
            None => share(config, shape.hidden, shape.heads),
        },
        query_rank: config.optional("q_lora_rank").filter(|&rank| rank > 0),
    }
}

/// A decoder of one of the families above.
pub(super) fn read(config: Config, model_type: &str) -> Option<Model> {
    let family = FAMILIES.iter().find(|family| family.model_type == model_type)?;
    let shape = Shape::read_outside_attention(config);
    let attention = attention(config, &shape);
    let biased = config.flag("attention_bias");
    let bias = AttentionBias { qkv: biased, output: biased };
    let projections = attention_tensors(attention, shape.hidden, bias);
    let with_norms = |n| [projections.clone(), Norm::Rms.tensors(shape.hidden, n)].concat();
    let mixer = attend(attention, Reach::Full);

    let dense = |width| dense_layer(mixer, &with_norms(2), &gated_mlp(MlpRoles::DENSE, shape.hidden, width, 1));
    // A dense sibling of a mixture has `n_routed_experts: null`.
    if !family.mixture || config.count("num_experts") == 0 {
        let layer = dense(config.size("intermediate_size"));
        let layers: Layers = (0..shape.layers).map(|_| layer.clone()).collect();
        return Some(shape.model(layers, Norm::Rms));
    }

    let width = config.size("moe_intermediate_size");
    let experts = Experts::gated(config, shape.hidden, width, family.router_bias)
        .and_shared(shape.hidden, config.count("num_shared_experts") * width);
    let is_dense = first_dense_layers(config, shape.layers);
    let dense = is_dense.contains(&true).then(|| dense(config.size("intermediate_size")));
    let sparse = experts.layer(mixer, &with_norms(family.expert_norms));
    let layers: Layers = is_dense
        .into_iter()
        .map(|is_dense| dense.clone().filter(|_| is_dense).unwrap_or_else(|| sparse.clone()))
        .collect();
    let mut model = shape.model(layers, Norm::Rms);
    let predicting = experts.layer(mixer, &with_norms(2));
    model.mtp_parameters =
        prediction_layers(config.count("num_nextn_predict_layers"), &predicting.tensors, shape.hidden, 3);
    Some(model)
}
