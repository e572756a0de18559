//! Multi-head latent attention: DeepSeek-V2 (arXiv:2405.04434) and the families that took it up.

use super::keys::Config;
use super::mixture::first_dense_layers;
use super::parts::{Experts, Norm, Shape, attend, dense_layer, gated_mlp, prediction_layers, share};
use super::sparse;
use ridgepoint_core::{Attention, AttentionBias, Layers, Mixer, MlpRoles, Model, Reach, Tensor, attention_tensors};

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
    /// Whether an indexer chooses what attention sees.
    indexed: bool,
}

const fn family(model_type: &'static str) -> Family {
    Family { model_type, mixture: true, router_bias: true, expert_norms: 2, indexed: false }
}

const FAMILIES: &[Family] = &[
    Family { expert_norms: 3, ..family("axk1") },
    Family { router_bias: false, ..family("deepseek_v2") },
    family("deepseek_v3"),
    Family { indexed: true, ..family("deepseek_v32") },
    family("glm4_moe_lite"),
    Family { indexed: true, ..family("glm_moe_dsa") },
    Family { mixture: false, ..family("minicpm3") },
    Family { router_bias: false, ..family("mistral4") },
    Family { mixture: false, ..family("youtu") },
];

/// The attention that the `*_lora_rank` and `qk_*` fields describe. `head_dim` means something else in these files.
pub(super) fn attention(config: Config, shape: &Shape) -> Attention {
    Attention::Latent {
        heads: shape.heads,
        kv_rank: config.size("kv_lora_rank"),
        rope_dim: config.size_or_none("qk_rope_head_dim"),
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
    let hidden = shape.hidden;
    let halves = Halves::read(config, &shape, family.indexed);
    let dense_mlp = || gated_mlp(MlpRoles::DENSE, hidden, config.size("intermediate_size"), 1);

    // A dense sibling of a mixture has `n_routed_experts: null`.
    if !family.mixture || config.count("num_experts") == 0 {
        let mlp = dense_mlp();
        let layer = |half: &Half| dense_layer(half.mixer, &half.with_norms(hidden, 2), &mlp);
        return Some(shape.model(halves.of_layers().map(layer).collect(), Norm::Rms));
    }

    let width = config.size("moe_intermediate_size");
    let experts = Experts::gated(config, hidden, width, family.router_bias)
        .and_shared(hidden, config.count("num_shared_experts") * width);
    let is_dense = first_dense_layers(config, shape.layers);
    let mlp = if is_dense.contains(&true) { dense_mlp() } else { Vec::new() };
    let layers: Layers = halves
        .of_layers()
        .zip(is_dense)
        .map(|(half, is_dense)| {
            if is_dense {
                dense_layer(half.mixer, &half.with_norms(hidden, 2), &mlp)
            } else {
                experts.layer(half.mixer, &half.with_norms(hidden, family.expert_norms))
            }
        })
        .collect();
    let mut model = shape.model(layers, Norm::Rms);
    let predicting = experts.layer(halves.own.mixer, &halves.own.with_norms(hidden, 2));
    let n = config.count("num_nextn_predict_layers");
    model.mtp_parameters = prediction_layers(n, &predicting.tensors, hidden, 3);
    Some(model)
}

/// The mixer of a layer, without the norms around it.
struct Half {
    mixer: Mixer,
    tensors: Vec<Tensor>,
}

impl Half {
    fn with_norms(&self, hidden: u64, n: u64) -> Vec<Tensor> {
        [&self.tensors[..], &Norm::Rms.tensors(hidden, n)].concat()
    }
}

/// The mixers of a model: with an indexer of their own, where there are any, and with an earlier layer's choice.
struct Halves {
    own: Half,
    as_earlier: Half,
    /// For each layer, whether it has its own.
    is_own: Vec<bool>,
}

impl Halves {
    fn read(config: Config, shape: &Shape, indexed: bool) -> Self {
        let attention = attention(config, shape);
        let biased = config.flag("attention_bias");
        let bias = AttentionBias { qkv: biased, output: biased };
        let tensors = attention_tensors(attention, shape.hidden, bias);
        let all = vec![true; shape.layers as usize];
        if !indexed {
            let half = || Half { mixer: attend(attention, Reach::Full), tensors: tensors.clone() };
            return Self { own: half(), as_earlier: half(), is_own: all };
        }
        let indexer = sparse::indexer(config);
        let index = sparse::indexer_tensors(indexer, shape.hidden, config.size("q_lora_rank"));
        let types = config.layer_words("indexer_types", shape.layers);
        Self {
            own: Half { mixer: sparse::attend_selected(attention, indexer), tensors: [&tensors[..], &index].concat() },
            as_earlier: Half { mixer: sparse::attend_as_earlier(attention, indexer), tensors },
            is_own: types.map_or(all, |types| types.into_iter().map(|kind| kind != "shared").collect()),
        }
    }

    fn of_layers(&self) -> impl Iterator<Item = &Half> {
        self.is_own.iter().map(|&own| if own { &self.own } else { &self.as_earlier })
    }
}
