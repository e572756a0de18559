//! How llama.cpp's `convert_hf_to_gguf.py` lays a family out, where that decides what `llama-quantize` does with it.

use super::keys::Config;
use ridgepoint_core::{GgufLayout, GgufRules, Mixer, Model};

/// Families whose query, key and value projections stay one tensor, `attn_qkv`.
const FUSED: &[&str] = &[
    "bloom",
    "chatglm",
    "dbrx",
    "falcon",
    "gpt2",
    "gpt_bigcode",
    "gpt_neox",
    "mpt",
    "openelm",
    "phi3",
    "phi3small",
    "qwen",
];
/// How the names of families begin in whose recurrent layers what passes through the convolution is a tensor called `attn_qkv`.
const RECURRENT_QKV: &[&str] = &["qwen3_5", "qwen3_next"];
/// Families whose published files have key and value projections in layers that read those of earlier ones.
const UNREAD_KV: &[&str] = &["gemma3n_text", "gemma4_text"];
/// Families that llama.cpp calls a 70B when they have 80 layers (`LLM_TYPE_70B` in its `src/llama-model.cpp`).
const SEVENTY_B: &[&str] = &["llama", "mistral", "nemotron-nas", "olmo", "qwen2", "Yi"];
const SEVENTY_B_LAYERS: usize = 80;

/// The layout of `model`, a language model of the family `model_type` whose fields are in `text`.
pub(super) fn layout(text: Config, model_type: &str, model: &Model) -> GgufLayout {
    let rules = match model_type {
        "falcon" => GgufRules::Falcon,
        name if SEVENTY_B.contains(&name) && model.layers.len() == SEVENTY_B_LAYERS => GgufRules::SeventyB,
        _ => GgufRules::General,
    };
    let classed = text.of_class(model_type);
    GgufLayout {
        rules,
        fused_qkv: FUSED.contains(&model_type),
        recurrent_qkv: RECURRENT_QKV.iter().any(|family| model_type.starts_with(family)),
        whole_kv_b: model_type == "minicpm3",
        // The converter drops nothing of a layer that borrows. What it would write of such a layer whose values are its
        // keys, no published model shows.
        unread_kv: UNREAD_KV.contains(&model_type) && !classed.flag("attention_k_eq_v"),
        // Gemma 4 has a factor for each pair of a head in full layers.
        rope_factors: match model_type {
            "gemma4_text" => classed.size("global_head_dim") / 2,
            _ => rope_factors(text, model),
        },
    }
}

/// One factor for each pair of a head's rotary dimensions: once for Llama 3.1 and later, twice for Phi-3's long
/// contexts (`rope_factors_short` and `rope_factors_long`).
fn rope_factors(text: Config, model: &Model) -> u64 {
    let scaling = text.child("rope_scaling").or_else(|| text.child("rope_parameters"));
    let kind = scaling.and_then(|scaling| scaling.text("rope_type").or_else(|| scaling.text("type")));
    let width = model.layers.kinds().iter().find_map(|layer| match layer.mixer {
        Mixer::Attention { attention, .. } | Mixer::Parallel { attention, .. } => attention.key_width(),
        Mixer::None | Mixer::Recurrent(_) => None,
    });
    let pairs = width.unwrap_or(0) / 2;
    match kind {
        Some("llama3") => pairs,
        Some("longrope" | "su" | "yarn") if scaling.is_some_and(|scaling| scaling.says("long_factor")) => 2 * pairs,
        Some(_) | None => 0,
    }
}
