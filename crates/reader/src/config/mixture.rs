//! Mixtures of experts with ordinary attention, as a table of what distinguishes the families.

use super::dense::{Family, LLAMA, QueryKeyNorm, When};
use super::keys::Config;
use super::parts::{Experts, Norm, Shape, attend, dense_layer, prediction_layers};
use super::reach;
use ridgepoint_core::{Attention, Layers, MlpRoles, MlpShape, Model, Reach, Role, Tensor, mlp_tensors};

/// Which field holds the width of an expert.
#[derive(Clone, Copy)]
enum Width {
    /// `moe_intermediate_size`; `intermediate_size` is the width of the dense layers.
    Own,
    /// `intermediate_size`: there are no dense layers.
    Intermediate,
}

/// Which layers have a dense MLP instead of experts.
#[derive(Clone, Copy)]
enum Dense {
    /// None.
    None,
    /// Those in `mlp_only_layers`, and all but every `decoder_sparse_step`-th.
    Step,
    /// The first `first_k_dense_replace`, and all but every `moe_layer_freq`-th from the first on.
    First,
    /// Those outside `moe_layer_start_index ..= moe_layer_end_index`, and all but every `moe_layer_interval`-th.
    Range,
    /// Those that `mlp_layer_types` calls dense; without the field, the first so many.
    Typed(u64),
}

/// The dense path beside the routed experts.
#[derive(Clone, Copy)]
enum Shared {
    /// None.
    None,
    /// One expert of the width in this field.
    Width(&'static str),
    /// So many experts' width as `num_shared_experts` says.
    Experts,
}

/// Gates on the output of attention.
#[derive(Clone, Copy)]
enum OutputGate {
    /// None.
    None,
    /// A number for each head, computed from the hidden state (Laguna), unless `gating` is false.
    Heads,
    /// A number for each element of each head, and a learned logit for each head (Beam).
    Elements,
}

/// Multi-token-prediction layers, where `num_nextn_predict_layers` counts any.
#[derive(Clone, Copy)]
enum Prediction {
    /// None are published.
    None,
    /// A layer with experts and three norms.
    Experts,
    /// A dense layer and two norms (ERNIE 4.5).
    Dense,
}

/// What distinguishes a family of mixtures.
#[derive(Clone, Copy)]
struct Mixture {
    attention: Family,
    width: Width,
    dense: Dense,
    router_bias: bool,
    expert_bias: bool,
    shared: Shared,
    shared_gate: bool,
    sinks: bool,
    output_gate: OutputGate,
    prediction: Prediction,
}

const fn mixture(model_type: &'static str, width: Width, dense: Dense) -> Mixture {
    Mixture {
        attention: Family { model_type, mlp_bias: When::Never, ..LLAMA },
        width,
        dense,
        router_bias: false,
        expert_bias: false,
        shared: Shared::None,
        shared_gate: false,
        sinks: false,
        output_gate: OutputGate::None,
        prediction: Prediction::None,
    }
}

const HEAD_NORM: QueryKeyNorm = QueryKeyNorm::OneHead(When::Always);

impl Mixture {
    const fn attention(self, attention: Family) -> Self {
        let mlp_bias = When::Never;
        Self { attention: Family { model_type: self.attention.model_type, mlp_bias, ..attention }, ..self }
    }

    const fn head_norm(self) -> Self {
        let attention = Family { query_key_norm: HEAD_NORM, ..self.attention };
        Self { attention, ..self }
    }
}

/// GLM-4.5 and later, and the language model of GLM-4.5V.
const GLM_4_MOE: Mixture = Mixture {
    router_bias: true,
    shared: Shared::Experts,
    prediction: Prediction::Experts,
    ..mixture("glm4_moe", Width::Own, Dense::First).attention(Family {
        output_bias: When::Never,
        query_key_norm: QueryKeyNorm::OneHead(When::If("use_qk_norm")),
        ..LLAMA
    })
};

/// The families. Class defaults of the fields that they name are in `data/class_defaults.json`.
const FAMILIES: &[Mixture] = &[
    Mixture {
        router_bias: true,
        output_gate: OutputGate::Elements,
        ..mixture("beam", Width::Own, Dense::Typed(3)).attention(Family {
            norms: 4,
            query_key_norm: HEAD_NORM,
            ..LLAMA
        })
    },
    Mixture { shared: Shared::Experts, ..mixture("deepseek", Width::Own, Dense::First) },
    Mixture { router_bias: true, shared: Shared::Experts, ..mixture("dots1", Width::Own, Dense::First).head_norm() },
    Mixture {
        router_bias: true,
        shared: Shared::Experts,
        prediction: Prediction::Dense,
        ..mixture("ernie4_5_moe", Width::Own, Dense::Range).attention(Family {
            qkv_bias: When::If("use_bias"),
            output_bias: When::If("use_bias"),
            ..LLAMA
        })
    },
    GLM_4_MOE,
    Mixture { attention: Family { model_type: "glm4v_moe_text", ..GLM_4_MOE.attention }, ..GLM_4_MOE },
    Mixture {
        router_bias: true,
        expert_bias: true,
        sinks: true,
        ..mixture("gpt_oss", Width::Intermediate, Dense::None)
    },
    mixture("granitemoe", Width::Intermediate, Dense::None),
    Mixture { sinks: true, ..mixture("granitemoe_swa", Width::Intermediate, Dense::None) },
    Mixture {
        shared: Shared::Width("shared_intermediate_size"),
        ..mixture("granitemoeshared", Width::Intermediate, Dense::None)
    },
    mixture("grok-1", Width::Intermediate, Dense::None).attention(Family { norms: 4, ..LLAMA }),
    Mixture {
        router_bias: true,
        shared: Shared::Experts,
        prediction: Prediction::Experts,
        ..mixture("hy_v3", Width::Own, Dense::Typed(1)).head_norm()
    },
    Mixture {
        router_bias: true,
        shared: Shared::Width("shared_expert_intermediate_size"),
        ..mixture("kolibri1", Width::Own, Dense::None).attention(Family {
            norms: 4,
            query_key_norm: HEAD_NORM,
            ..LLAMA
        })
    },
    Mixture {
        router_bias: true,
        shared: Shared::Width("shared_expert_intermediate_size"),
        output_gate: OutputGate::Heads,
        ..mixture("laguna", Width::Own, Dense::Typed(1)).head_norm()
    },
    mixture("mellum", Width::Own, Dense::None).head_norm(),
    mixture("minicpm_moe", Width::Intermediate, Dense::None),
    Mixture {
        router_bias: true,
        ..mixture("minimax_m2", Width::Intermediate, Dense::None)
            .attention(Family { query_key_norm: QueryKeyNorm::AllHeads, ..LLAMA })
    },
    mixture("mixtral", Width::Intermediate, Dense::None),
    mixture("olmoe", Width::Intermediate, Dense::None)
        .attention(Family { query_key_norm: QueryKeyNorm::AllHeads, ..LLAMA }),
    mixture("phimoe", Width::Intermediate, Dense::None).attention(Family {
        norm: Norm::Layer,
        head_bias: When::If("lm_head_bias"),
        ..LLAMA
    }),
    Mixture {
        shared: Shared::Width("shared_expert_intermediate_size"),
        shared_gate: true,
        ..mixture("qwen2_moe", Width::Own, Dense::Step).attention(Family {
            qkv_bias: When::If("qkv_bias"),
            output_bias: When::Never,
            ..LLAMA
        })
    },
    mixture("qwen3_moe", Width::Own, Dense::Step).head_norm(),
    Mixture { router_bias: true, shared: Shared::Experts, ..mixture("solar_open", Width::Own, Dense::First) },
];

/// A decoder of one of the families above.
pub(super) fn read(config: Config, model_type: &str) -> Option<Model> {
    if model_type == "ernie4_5_vl_moe_text" {
        return Some(ernie_vl(config));
    }
    let mixture = FAMILIES.iter().find(|mixture| mixture.attention.model_type == model_type)?;
    let shape = Shape::read(config);
    let experts = mixture.experts(config, shape.hidden);
    let dense = dense_layers(config, mixture.dense, shape.layers);
    let intermediate = if dense.contains(&true) { config.size("intermediate_size") } else { 1 };
    let mlp = mixture.attention.mlp(config, shape.hidden, intermediate);

    // Laguna lists the heads of each layer.
    let heads = config.layer_numbers("num_attention_heads_per_layer", shape.layers);
    let mut layers = Layers::default();
    for (index, reach) in reach::of_layers(config, model_type, shape.layers).into_iter().enumerate() {
        let heads = heads.as_ref().and_then(|heads| heads.get(index)).copied().unwrap_or(shape.heads);
        let attention = Shape { heads, ..shape }.attention();
        let tensors = mixture.attention_and_norms(config, attention, shape.hidden);
        let mixer = attend(attention, reach);
        layers.push(if dense[index] { dense_layer(mixer, &tensors, &mlp) } else { experts.layer(mixer, &tensors) });
    }
    let mut model = mixture.attention.finish(config, &shape, layers);

    let attention = mixture.attention_and_norms(config, shape.attention(), shape.hidden);
    let n = config.count("num_nextn_predict_layers");
    model.mtp_parameters = match mixture.prediction {
        Prediction::None => 0,
        Prediction::Experts => prediction_layers(n, &[attention, experts.tensors].concat(), shape.hidden, 3),
        Prediction::Dense => {
            let width = if n > 0 { config.size("intermediate_size") } else { 1 };
            let mlp = mixture.attention.mlp(config, shape.hidden, width);
            prediction_layers(n, &[attention, mlp].concat(), shape.hidden, 2)
        }
    };
    Some(model)
}

/// ERNIE 4.5 VL: routed experts for text and narrower ones for images, each with a router, and shared experts for both.
///
/// A token visits as many of either kind; both count as routed experts, and as many of both as active.
fn ernie_vl(config: Config) -> Model {
    let shape = Shape::read(config);
    let hidden = shape.hidden;
    let bias = When::If("use_bias");
    let family = Family { qkv_bias: bias, output_bias: bias, mlp_bias: bias, ..LLAMA };
    let widths = config.numbers("moe_intermediate_size");
    let (text, image) = match widths[..] {
        [text, image] => (text, image),
        _ => (1536, 512),
    };
    let mut experts = Experts::gated(config, hidden, text, true);
    experts.tensors.extend(Experts::gated(config, hidden, image, true).tensors);
    let intermediate_size = config.count("num_shared_experts") * text;
    if intermediate_size > 0 {
        let shared = MlpShape { hidden_size: hidden, intermediate_size, gated: true, bias: bias.holds(config) };
        experts.tensors.extend(mlp_tensors(MlpRoles::SHARED, shared, 1));
    }
    let attention = family.attention_and_norms(config, shape.attention(), hidden);
    let mlp = family.mlp(config, hidden, config.size("intermediate_size"));
    let mixer = attend(shape.attention(), Reach::Full);
    let layers = dense_layers(config, Dense::Typed(1), shape.layers)
        .into_iter()
        .map(|dense| if dense { dense_layer(mixer, &attention, &mlp) } else { experts.layer(mixer, &attention) });
    family.finish(config, &shape, layers.collect())
}

impl Mixture {
    fn attention_and_norms(&self, config: Config, attention: Attention, hidden: u64) -> Vec<Tensor> {
        let mut tensors = self.attention.attention_and_norms(config, attention, hidden);
        let heads = attention.heads();
        if self.sinks {
            tensors.push(Tensor::vector(Role::AttentionSink, heads));
        }
        match (self.output_gate, attention) {
            (OutputGate::Heads, _) if config.flag_or("gating", true) => {
                tensors.push(Tensor::matrix(Role::AttentionGate, heads, hidden));
            }
            (OutputGate::Elements, Attention::Grouped { value_dim, .. }) => {
                tensors.push(Tensor::matrix(Role::AttentionGate, heads * value_dim, hidden));
                tensors.push(Tensor::vector(Role::AttentionSink, heads));
            }
            (OutputGate::None | OutputGate::Heads | OutputGate::Elements, _) => {}
        }
        tensors
    }

    fn experts(&self, config: Config, hidden: u64) -> Experts {
        let width = match self.width {
            // Older files of these families have one width for everything.
            Width::Own if config.optional("moe_intermediate_size").is_none() => config.size("intermediate_size"),
            Width::Own => config.size("moe_intermediate_size"),
            Width::Intermediate => config.size("intermediate_size"),
        };
        let mut experts = Experts::gated(config, hidden, width, self.router_bias);
        if self.expert_bias {
            // gpt-oss: a bias on every projection of every expert.
            let shape = MlpShape { hidden_size: hidden, intermediate_size: width, gated: true, bias: true };
            experts.tensors.retain(|tensor| tensor.role == Role::Router);
            experts.tensors.extend(mlp_tensors(MlpRoles::ROUTED, shape, experts.experts));
        }
        let shared = match self.shared {
            Shared::None => 0,
            Shared::Width(key) => config.count(key),
            Shared::Experts => config.count("num_shared_experts") * width,
        };
        let mut experts = experts.and_shared(hidden, shared);
        if self.shared_gate {
            experts.tensors.push(Tensor::vector(Role::Router, hidden));
        }
        experts
    }
}

/// For each layer, whether it is dense.
fn dense_layers(config: Config, dense: Dense, layers: u64) -> Vec<bool> {
    let every = |key| config.size_or(key, 1);
    match dense {
        Dense::None => vec![false; layers as usize],
        Dense::Step => dense_by_step(config, layers),
        Dense::First => first_dense_layers(config, layers),
        Dense::Range => {
            let first = config.count("moe_layer_start_index");
            let last = config.last_layer("moe_layer_end_index", layers);
            let interval = every("moe_layer_interval");
            (0..layers).map(|i| i < first || i > last || !(i + 1).is_multiple_of(interval)).collect()
        }
        Dense::Typed(usual) => match config.layer_words("mlp_layer_types", layers) {
            Some(types) => types.into_iter().map(|kind| kind == "dense").collect(),
            None => (0..layers).map(|i| i < usual).collect(),
        },
    }
}

/// The rule of the Qwen families: layers in `mlp_only_layers`, and all but every `decoder_sparse_step`-th.
pub(super) fn dense_by_step(config: Config, layers: u64) -> Vec<bool> {
    let (step, only) = (config.size_or("decoder_sparse_step", 1), config.numbers("mlp_only_layers"));
    (0..layers).map(|i| only.contains(&i) || !(i + 1).is_multiple_of(step)).collect()
}

/// The rule of the DeepSeek families: `mlp_layer_types`, or the first `first_k_dense_replace` layers and those that
/// `moe_layer_freq` leaves out (a step, or 0 for each dense layer).
pub(super) fn first_dense_layers(config: Config, layers: u64) -> Vec<bool> {
    if let Some(types) = config.layer_words("mlp_layer_types", layers) {
        return types.into_iter().map(|kind| kind == "dense").collect();
    }
    if config.is_list("moe_layer_freq") {
        let sparse = config.layer_numbers("moe_layer_freq", layers).unwrap_or_else(|| vec![0; layers as usize]);
        return sparse.into_iter().map(|sparse| sparse == 0).collect();
    }
    let (first, step) = (config.count("first_k_dense_replace"), config.size_or("moe_layer_freq", 1));
    (0..layers).map(|i| i < first || !i.is_multiple_of(step)).collect()
}
