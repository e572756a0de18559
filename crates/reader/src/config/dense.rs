//! Decoders in which every token uses every weight, as a table of what distinguishes the families.

use super::keys::Config;
use super::parts::{Norm, Shape, attend, dense_layer, prediction_layers, vector};
use super::{mixture, reach};
use ridgepoint_core::{
    Attention, AttentionBias, Layers, MlpRoles, MlpShape, Model, Reach, Role, Tensor, attention_tensors, mlp_tensors,
};

/// Whether something exists.
#[derive(Clone, Copy)]
pub(super) enum When {
    /// Never, whatever the file says.
    Never,
    /// Always; no field controls it.
    Always,
    /// Where this field is true.
    If(&'static str),
}

impl When {
    pub(super) fn holds(self, config: Config) -> bool {
        match self {
            Self::Never => false,
            Self::Always => true,
            Self::If(key) => config.flag(key),
        }
    }
}

/// Normalisation of queries and keys.
#[derive(Clone, Copy)]
pub(super) enum QueryKeyNorm {
    /// None.
    None,
    /// One scale for the width of a head, shared by all heads.
    OneHead(When),
    /// A scale for each head and each of its elements.
    EachHead(When),
    /// A layer norm for the width of a head (Phi).
    Layer(When),
    /// One scale over all heads together.
    AllHeads,
}

/// What distinguishes a family of decoders.
#[derive(Clone, Copy)]
pub(super) struct Family {
    /// Its `model_type`.
    pub(super) model_type: &'static str,
    /// Biases of query, key and value.
    pub(super) qkv_bias: When,
    /// Bias of the attention output.
    pub(super) output_bias: When,
    /// Biases of the MLP.
    pub(super) mlp_bias: When,
    /// Bias of the output head.
    pub(super) head_bias: When,
    /// Whether a gate multiplies the up-projection. The name of the activation does not tell.
    pub(super) gated: bool,
    /// The kind of its norms.
    pub(super) norm: Norm,
    /// Norms in a layer: 1 where attention and MLP run in parallel, 4 where they are normalised before and after.
    pub(super) norms: u64,
    /// Norms of queries and keys.
    pub(super) query_key_norm: QueryKeyNorm,
}

/// Llama and the many that share its layers.
pub(super) const LLAMA: Family = Family {
    model_type: "llama",
    qkv_bias: When::If("attention_bias"),
    output_bias: When::If("attention_bias"),
    mlp_bias: When::If("mlp_bias"),
    head_bias: When::Never,
    gated: true,
    norm: Norm::Rms,
    norms: 2,
    query_key_norm: QueryKeyNorm::None,
};

const fn like_llama(model_type: &'static str) -> Family {
    Family { model_type, ..LLAMA }
}

/// The families. Class defaults of the fields that they name are in `data/class_defaults.json`.
const FAMILIES: &[Family] = &[
    LLAMA,
    like_llama("baichuan"),
    like_llama("cwm"),
    like_llama("exaone"),
    like_llama("gemma"),
    like_llama("granite"),
    like_llama("helium"),
    Family { query_key_norm: ONE_HEAD, ..like_llama("hunyuan_v1_dense") },
    like_llama("internlm3"),
    Family { norm: Norm::Layer, gated: false, ..like_llama("jais2") },
    like_llama("iquestcoder"),
    like_llama("minicpm"),
    like_llama("ministral"),
    like_llama("ministral3"),
    like_llama("mistral"),
    like_llama("phi3"),
    like_llama("smollm3"),
    like_llama("xverse"),
    Family { gated: false, ..like_llama("arcee") },
    Family { norm: Norm::LayerScale, norms: 1, query_key_norm: EACH_HEAD, ..like_llama("cohere") },
    Family { norm: Norm::LayerScale, norms: 1, ..like_llama("cohere2") },
    Family { qkv_bias: USE_BIAS, output_bias: USE_BIAS, mlp_bias: USE_BIAS, ..like_llama("ernie4_5") },
    Family { query_key_norm: ONE_HEAD, ..like_llama("exaone4") },
    Family { norms: 4, ..like_llama("gemma2") },
    Family { norms: 4, query_key_norm: ONE_HEAD, ..like_llama("gemma3_text") },
    // `attention_bias` of the GLM families never reaches the output projection.
    Family { output_bias: When::Never, ..like_llama("glm") },
    Family { output_bias: When::Never, norms: 4, ..like_llama("glm4") },
    Family { output_bias: When::Never, norms: 4, ..like_llama("glm4v_text") },
    Family { qkv_bias: When::If("bias"), output_bias: When::If("bias"), ..like_llama("internlm") },
    Family { qkv_bias: When::If("bias"), output_bias: When::If("bias"), ..like_llama("internlm2") },
    Family { output_bias: When::Never, ..like_llama("mimo") },
    Family { norm: Norm::Layer, gated: false, ..like_llama("nemotron") },
    Family { norm: Norm::Plain, ..like_llama("olmo") },
    Family { query_key_norm: QueryKeyNorm::AllHeads, ..like_llama("olmo2") },
    Family { query_key_norm: QueryKeyNorm::AllHeads, ..like_llama("olmo3") },
    Family { norm: Norm::Layer, ..like_llama("orion") },
    Family {
        norm: Norm::Layer,
        norms: 1,
        gated: false,
        head_bias: When::Always,
        query_key_norm: QueryKeyNorm::Layer(When::If("qk_layernorm")),
        ..ALL_BIASED
    },
    // No field of Qwen2 says that it has biases.
    Family { qkv_bias: When::Always, output_bias: When::Never, ..like_llama("qwen2") },
    Family { query_key_norm: ONE_HEAD, ..like_llama("qwen3") },
    Family { output_bias: When::If("attention_out_bias"), ..like_llama("seed_oss") },
    Family {
        qkv_bias: When::If("use_qkv_bias"),
        output_bias: When::Never,
        norm: Norm::Layer,
        query_key_norm: QueryKeyNorm::EachHead(When::If("qk_layernorm")),
        ..like_llama("stablelm")
    },
    Family {
        qkv_bias: USE_BIAS,
        output_bias: USE_BIAS,
        mlp_bias: USE_BIAS,
        gated: false,
        norm: Norm::Layer,
        ..like_llama("starcoder2")
    },
];
const USE_BIAS: When = When::If("use_bias");
const ONE_HEAD: QueryKeyNorm = QueryKeyNorm::OneHead(When::Always);
const EACH_HEAD: QueryKeyNorm = QueryKeyNorm::EachHead(When::If("use_qk_norm"));
const ALL_BIASED: Family =
    Family { qkv_bias: When::Always, output_bias: When::Always, mlp_bias: When::Always, ..like_llama("phi") };

impl Family {
    /// Weights of attention in one layer: projections, norms of queries and keys, and the norms of the layer.
    pub(super) fn attention_and_norms(&self, config: Config, attention: Attention, hidden: u64) -> Vec<Tensor> {
        let bias = AttentionBias { qkv: self.qkv_bias.holds(config), output: self.output_bias.holds(config) };
        let mut tensors = attention_tensors(attention, hidden, bias);
        tensors.extend(self.query_key_norms(config, attention));
        tensors.extend(self.norm.tensors(hidden, self.norms));
        tensors
    }

    fn query_key_norms(&self, config: Config, attention: Attention) -> Vec<Tensor> {
        let Attention::Grouped { heads, kv_heads, key_dim, .. } = attention else { return Vec::new() };
        let len = match self.query_key_norm {
            QueryKeyNorm::OneHead(when) if when.holds(config) => 2 * key_dim,
            QueryKeyNorm::Layer(when) if when.holds(config) => 4 * key_dim,
            QueryKeyNorm::EachHead(when) if when.holds(config) => (heads + kv_heads) * key_dim,
            QueryKeyNorm::AllHeads => (heads + kv_heads) * key_dim,
            QueryKeyNorm::None | QueryKeyNorm::OneHead(_) | QueryKeyNorm::Layer(_) | QueryKeyNorm::EachHead(_) => 0,
        };
        vector(Role::Norm, len)
    }

    /// Weights of a dense MLP of this family.
    pub(super) fn mlp(&self, config: Config, hidden_size: u64, intermediate_size: u64) -> Vec<Tensor> {
        let shape = MlpShape { hidden_size, intermediate_size, gated: self.gated, bias: self.mlp_bias.holds(config) };
        mlp_tensors(MlpRoles::DENSE, shape, 1)
    }

    /// A decoder whose layers differ in their reach only.
    pub(super) fn decoder(&self, config: Config, shape: &Shape, intermediate: u64, reaches: &[Reach]) -> Model {
        let attention = self.attention_and_norms(config, shape.attention(), shape.hidden);
        let mlp = self.mlp(config, shape.hidden, intermediate);
        let layers: Layers =
            reaches.iter().map(|&reach| dense_layer(attend(shape.attention(), reach), &attention, &mlp)).collect();
        self.finish(config, shape, layers)
    }

    /// The model around `layers`.
    pub(super) fn finish(&self, config: Config, shape: &Shape, layers: Layers) -> Model {
        let mut model = shape.model(layers, self.norm);
        if self.head_bias.holds(config) {
            model.output.push(Tensor::vector(Role::Head, shape.vocab));
        }
        model
    }
}

/// A decoder of one of the families above.
pub(super) fn read(config: Config, model_type: &str) -> Option<Model> {
    let mut family = *FAMILIES.iter().find(|family| family.model_type == model_type)?;
    // MiniCPM-MoE keeps the name of its dense sibling.
    if model_type == "minicpm" && config.count("num_experts") > 1 {
        return mixture::read(config, "minicpm_moe");
    }
    if model_type == "stablelm" && config.flag("use_parallel_residual") {
        family.norms = 1;
    }
    let shape = Shape::read(config);
    let intermediate = config.size("intermediate_size");
    let reaches = reach::of_layers(config, model_type, shape.layers);
    let mut model = family.decoder(config, &shape, intermediate, &reaches);
    if model_type == "mimo" {
        let layer = [
            family.attention_and_norms(config, shape.attention(), shape.hidden),
            family.mlp(config, shape.hidden, intermediate),
        ];
        let n = config.count("num_nextn_predict_layers");
        model.mtp_parameters = prediction_layers(n, &layer.concat(), shape.hidden, 3);
    }
    Some(model)
}
