//! From the metadata of a GGUF file to a `config.json`: llama.cpp's fields in the words of the configuration classes.
//!
//! Names and meaning of the fields: `Keys` in gguf-py 0.19.0 and `src/models/` of llama.cpp.

use super::architecture::{Architecture, ExpertWidth, NoModel, Windows};
use super::{Header, Value};
use serde_json::{Map, Value as Json, json};

/// No file has more layers; a count above it reaches the parser, which refuses it.
const MOST_LAYERS: u64 = 10_000;

/// The metadata of one architecture.
pub(super) struct Source<'a> {
    header: &'a Header,
    name: &'a str,
}

impl<'a> Source<'a> {
    pub(super) fn new(header: &'a Header, name: &'a str) -> Self {
        Self { header, name }
    }

    /// The configuration, with every field that its class reads, so that no default of a class comes in.
    pub(super) fn config(&self, architecture: &Architecture) -> Result<Map<String, Json>, NoModel> {
        let predicting = self.count("nextn_predict_layers")?;
        let layers = self.size("block_count")?.saturating_sub(predicting);
        let (hidden, heads) = (self.size("embedding_length")?, self.size("attention.head_count")?);
        let experts = self.count("expert_count")?;
        let width = self.optional("feed_forward_length")?;
        let head = self.optional("attention.key_length")?.or_else(|| hidden.checked_div(heads));

        let mut config = Map::new();
        let mut put = |key: &str, value: Json| config.insert(key.to_owned(), value);
        put("model_type", json!(self.model_type(architecture.1, experts)?));
        put("num_hidden_layers", json!(layers));
        put("hidden_size", json!(hidden));
        put("num_attention_heads", json!(heads));
        put("num_key_value_heads", json!(self.optional("attention.head_count_kv")?.unwrap_or(heads)));
        put("vocab_size", json!(self.vocabulary()?));
        put("tie_word_embeddings", json!(self.header.tensor("output.weight").is_none()));
        put("max_position_embeddings", json!(self.optional("context_length")?));
        if let Some(dtype) = self.dtype() {
            put("dtype", json!(dtype));
        }
        if experts > 0 {
            let own = self.optional("expert_feed_forward_length")?;
            put(
                "intermediate_size",
                json!(if matches!(architecture.2, ExpertWidth::Intermediate) { own.or(width) } else { width }),
            );
            put("moe_intermediate_size", json!(own));
            put("num_experts", json!(experts));
            put("num_experts_per_tok", json!(self.size("expert_used_count")?));
            put("num_shared_experts", json!(self.count("expert_shared_count")?));
            put("shared_expert_intermediate_size", json!(self.count("expert_shared_feed_forward_length")?));
            put("shared_intermediate_size", json!(self.count("expert_shared_feed_forward_length")?));
            put("first_k_dense_replace", json!(self.count("leading_dense_block_count")?));
            put("moe_layer_freq", json!(1));
            put("decoder_sparse_step", json!(1));
            put("mlp_only_layers", json!([]));
        } else {
            put("intermediate_size", json!(width.ok_or_else(|| NoModel::Missing(self.key("feed_forward_length")))?));
        }
        put("num_nextn_predict_layers", json!(predicting));
        self.put_windows(architecture.3, layers, &mut put)?;
        self.put_switches(&mut put);
        if self.name == "deepseek2" {
            self.put_latent(&mut put)?;
        } else {
            // Keys and values of different width are nothing that these classes know.
            if self.optional("attention.value_length")?.is_some_and(|value| Some(value) != head) {
                return Err(NoModel::UnknownArchitecture(format!("{} with attention.value_length", self.name)));
            }
            put("head_dim", json!(head));
        }
        Ok(config)
    }

    /// The class, where the name of the architecture leaves several.
    fn model_type(&self, usual: &'static str, experts: u64) -> Result<&'static str, NoModel> {
        Ok(match usual {
            "llama" if experts > 0 => "mixtral",
            // DeepSeek-V3 corrects the choice of experts, V2 does not.
            "deepseek_v2" if self.has("exp_probs_b.bias") => "deepseek_v3",
            "granitemoe" if self.has("ffn_up_shexp.weight") => "granitemoeshared",
            // OLMo 3 is OLMo 2 with windows.
            "olmo2" if self.count("attention.sliding_window")? > 0 => "olmo3",
            usual => usual,
        })
    }

    /// Biases and norms that some models of a class have, by the tensors in the file.
    fn put_switches(&self, put: &mut impl FnMut(&str, Json) -> Option<Json>) {
        let query = self.has("attn_q.bias") || self.has("attn_qkv.bias");
        let output = self.has("attn_output.bias");
        for key in ["attention_bias", "qkv_bias", "use_qkv_bias", "bias"] {
            put(key, json!(query));
        }
        put("attention_out_bias", json!(output));
        put("mlp_bias", json!(self.has("ffn_down.bias")));
        put("use_bias", json!(query || output));
        put("lm_head_bias", json!(self.header.tensor("output.bias").is_some()));
        let normalised = self.has("attn_q_norm.weight");
        put("use_qk_norm", json!(normalised));
        put("qk_layernorm", json!(normalised));
        // Llama keeps one switch for all four projections; a file with some of the biases does not add up.

        // Falcon: the models after the first 7B have KV heads of their own, and two norms or one.
        let two_norms = self.has("attn_norm_2.weight");
        let one_kv_head = matches!(self.optional("attention.head_count_kv"), Ok(Some(1)));
        if self.name == "falcon" {
            put("new_decoder_architecture", json!(two_norms || !one_kv_head));
            put("num_ln_in_parallel_attn", json!(if two_norms { 2 } else { 1 }));
        }
        put("multi_query", json!(one_kv_head));
        put("parallel_attn", json!(true));
        if self.name == "stablelm" {
            put("use_parallel_residual", json!(!self.has("ffn_norm.weight")));
        }
    }

    /// The window, and which layers have it.
    fn put_windows(
        &self,
        usual: Windows,
        layers: u64,
        put: &mut impl FnMut(&str, Json) -> Option<Json>,
    ) -> Result<(), NoModel> {
        let window = self.optional("attention.sliding_window")?.filter(|&window| window > 0);
        put("sliding_window", json!(window));
        // Qwen's classes ask for this switch, and llama.cpp never windows them.
        put("use_sliding_window", json!(false));
        if window.is_none() {
            return Ok(());
        }
        let key = self.key("attention.sliding_window_pattern");
        let slides: Box<dyn Fn(u64) -> bool> = match (self.header.field(&key), usual) {
            (Some(Value::List { numbers, .. }), _) => {
                let numbers = numbers.clone();
                Box::new(move |layer| numbers.get(layer as usize).is_some_and(|&slides| slides > 0))
            }
            (Some(value), _) => {
                let group = value.whole().filter(|&group| group > 0).ok_or(NoModel::WrongType(key))?;
                Box::new(move |layer| group == 1 || !(layer + 1).is_multiple_of(group))
            }
            (None, Windows::All) => Box::new(|_| true),
            (None, Windows::ButEvery(group)) => Box::new(move |layer| !(layer + 1).is_multiple_of(group)),
        };
        let word = |layer| if slides(layer) { "sliding_attention" } else { "full_attention" };
        let words: Vec<Json> = (0..layers.min(MOST_LAYERS)).map(|layer| json!(word(layer))).collect();
        put("layer_types", Json::Array(words));
        Ok(())
    }

    /// Multi-head latent attention. Files from before 2025 give the widths of a head, later ones those of the cache
    /// and the former under other names.
    fn put_latent(&self, put: &mut impl FnMut(&str, Json) -> Option<Json>) -> Result<(), NoModel> {
        let either = |new, old| match self.optional(new)? {
            Some(width) => Ok(width),
            None => self.size(old),
        };
        let key = either("attention.key_length_mla", "attention.key_length")?;
        let rotary = self.size("rope.dimension_count")?;
        put("kv_lora_rank", json!(self.size("attention.kv_lora_rank")?));
        put("q_lora_rank", json!(self.optional("attention.q_lora_rank")?.filter(|&rank| rank > 0)));
        put("qk_rope_head_dim", json!(rotary));
        put("qk_nope_head_dim", json!(key.saturating_sub(rotary)));
        put("v_head_dim", json!(either("attention.value_length_mla", "attention.value_length")?));
        // One KV head stands for the shared latent vector; the classes count heads.
        put("num_key_value_heads", json!(self.size("attention.head_count")?));
        Ok(())
    }

    /// Entries of the vocabulary: rows of the embedding, which may be padded, else tokens of the tokeniser.
    fn vocabulary(&self) -> Result<u64, NoModel> {
        if let Some([_, rows]) = self.header.tensor("token_embd.weight").map(|tensor| tensor.shape.as_slice()) {
            return Ok(*rows);
        }
        match self.header.field("tokenizer.ggml.tokens") {
            Some(Value::List { length, .. }) => Ok(*length),
            Some(_) | None => self.size("vocab_size"),
        }
    }

    /// The number format, where the file is not quantised.
    fn dtype(&self) -> Option<&'static str> {
        match self.header.totals().first()?.name {
            "F32" => Some("float32"),
            "F16" => Some("float16"),
            "BF16" => Some("bfloat16"),
            _ => None,
        }
    }

    /// Whether a layer has a tensor of this name.
    fn has(&self, name: &str) -> bool {
        let of_layer = |tensor: &str| tensor.strip_prefix("blk.")?.split_once('.').map(|(_, rest)| rest == name);
        self.header.tensors.iter().any(|tensor| of_layer(&tensor.name) == Some(true))
    }

    fn key(&self, key: &str) -> String {
        format!("{}.{key}", self.name)
    }

    fn size(&self, key: &str) -> Result<u64, NoModel> {
        self.optional(key)?.ok_or_else(|| NoModel::Missing(self.key(key)))
    }

    fn count(&self, key: &str) -> Result<u64, NoModel> {
        Ok(self.optional(key)?.unwrap_or(0))
    }

    /// A field that is one number, or the same for each layer.
    fn optional(&self, key: &str) -> Result<Option<u64>, NoModel> {
        let key = self.key(key);
        match self.header.field(&key) {
            None => Ok(None),
            Some(Value::List { numbers, .. }) => match numbers.as_slice() {
                [first, rest @ ..] if rest.iter().all(|number| number == first) => Ok(Some(*first)),
                [] => Err(NoModel::WrongType(key)),
                [_, ..] => Err(NoModel::LayersDiffer(key)),
            },
            Some(value) => value.whole().map(Some).ok_or(NoModel::WrongType(key)),
        }
    }
}
