//! An estimate for families that we have no rules for, where their fields are those of a plain decoder.

use super::dense::LLAMA;
use super::keys::Config;
use super::mixture::first_dense_layers;
use super::parts::{Experts, Shape, attend, dense_layer};
use super::{ConfigError, ConfigWarning, reach};
use ridgepoint_core::{Layers, Model};

/// Fields that every plain decoder has.
const NEEDED: [&str; 6] = [
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "intermediate_size",
    "vocab_size",
];

/// Fields that speak of something beside attention, MLPs and experts.
const BEYOND: [&str; 19] = [
    "attn_layer_indices",
    "block_configs",
    "codec_config",
    "compress_ratios",
    "conv_L_cache",
    "decoder_layers",
    "depth_decoder_config",
    "encoder_layers",
    "full_attention_interval",
    "hybrid_override_pattern",
    "kv_lora_rank",
    "layers_block_type",
    "linear_attn_config",
    "linear_num_value_heads",
    "mamba_d_state",
    "moe_latent_size",
    "num_codebooks",
    "ssm_state_size",
    "state_size",
];

/// The model as a decoder like Llama, or like Mixtral where it has experts, with a warning that says so.
///
/// # Errors
/// Notes in the problems of `config` which of the needed fields are missing, or that there are fields for more.
pub(super) fn read(config: Config, model_type: &str) -> Option<Model> {
    let refuse = |missing| {
        config.problems().error(ConfigError::UnknownModelType { model_type: model_type.to_owned(), missing });
        None
    };
    // A mixture without dense layers may have the width of its experts only.
    let is_mixture = config.count("num_experts") > 1;
    let has = |key: &&str| {
        let elsewhere = is_mixture && **key == *"intermediate_size" && config.says("moe_intermediate_size");
        config.says(key) || elsewhere
    };
    let missing: Vec<String> = NEEDED.iter().filter(|key| !has(key)).map(|key| (*key).to_owned()).collect();
    if !missing.is_empty() {
        return refuse(missing);
    }
    let kinds = if config.is_list("layer_types") { config.words("layer_types") } else { Some(Vec::new()) };
    let is_plain = |kind: &&str| matches!(*kind, "full_attention" | "sliding_attention" | "chunked_attention");
    let is_more = BEYOND.iter().any(|key| config.says(key)) || config.flag("is_encoder_decoder");
    if is_more || !kinds?.iter().all(is_plain) {
        return refuse(Vec::new());
    }
    let counted_as = if is_mixture { "a mixture of experts like Mixtral" } else { "a decoder like Llama" };
    config.problems().warn(ConfigWarning::Unverified { model_type: model_type.to_owned(), counted_as });

    let shape = Shape::read(config);
    let hidden = shape.hidden;
    let attention = LLAMA.attention_and_norms(config, shape.attention(), hidden);
    let reaches = reach::of_layers(config, model_type, shape.layers);
    if !is_mixture {
        return Some(LLAMA.decoder(config, &shape, config.size("intermediate_size"), &reaches));
    }
    let width = config.optional("moe_intermediate_size").unwrap_or_else(|| config.size("intermediate_size"));
    let shared = match config.optional("shared_expert_intermediate_size") {
        Some(width) => width,
        None => config.count("num_shared_experts") * width,
    };
    let experts = Experts::gated(config, hidden, width, false).and_shared(hidden, shared);
    let dense = first_dense_layers(config, shape.layers);
    let mlp =
        if dense.contains(&true) { LLAMA.mlp(config, hidden, config.size("intermediate_size")) } else { Vec::new() };
    let layers: Layers = reaches
        .into_iter()
        .zip(dense)
        .map(|(reach, dense)| {
            let mixer = attend(shape.attention(), reach);
            if dense { dense_layer(mixer, &attention, &mlp) } else { experts.layer(mixer, &attention) }
        })
        .collect();
    Some(LLAMA.finish(config, &shape, layers))
}
