//! Parameters of vision encoders and of the projectors behind them.
//!
//! No text token visits them, so one total each is all that the calculator needs. The formulas follow the modules of
//! transformers 5.23.0; `tests/catalogue.rs` checks each of them against published totals.

use super::fields::MOST_LAYERS;
use super::keys::Config;

/// A matrix with a bias.
pub(super) const fn linear(outputs: u64, inputs: u64) -> u64 {
    outputs.saturating_mul(inputs).saturating_add(outputs)
}

/// A matrix without one.
pub(super) const fn matrix(outputs: u64, inputs: u64) -> u64 {
    outputs.saturating_mul(inputs)
}

/// Adds up without wrapping: a hostile file gives a huge number, not a wrong one.
pub(super) fn sum(parts: &[u64]) -> u64 {
    parts.iter().fold(0, |sum, &part| sum.saturating_add(part))
}

pub(super) fn times(n: u64, each: u64) -> u64 {
    n.saturating_mul(each)
}

/// Two projections with biases.
pub(super) fn plain_mlp(hidden: u64, width: u64) -> u64 {
    sum(&[linear(width, hidden), linear(hidden, width)])
}

/// A transformer block with biases everywhere and two layer norms.
fn block(hidden: u64, width: u64) -> u64 {
    sum(&[times(4, linear(hidden, hidden)), plain_mlp(hidden, width), 4 * hidden])
}

/// Pixels of a patch, all channels.
pub(super) fn patch(tower: Config) -> u64 {
    let side = tower.size("patch_size");
    tower.size("in_channels") * side * side
}

/// Patches of a square image.
pub(super) fn patches(tower: Config) -> u64 {
    let across = tower.size("image_size") / tower.size("patch_size");
    across * across
}

/// Width of several neighbouring patches together.
fn merged(tower: Config, width: u64) -> u64 {
    let side = tower.size("spatial_merge_size");
    times(side * side, width)
}

/// Two projections that bring merged patches to the width of the language model.
fn merger(merged: u64, out: u64) -> u64 {
    sum(&[linear(merged, merged), linear(out, merged)])
}

/// CLIP's ViT: a class token, patches without bias, a norm before and one after the blocks.
pub(super) fn clip(tower: Config) -> u64 {
    let hidden = tower.size("hidden_size");
    let blocks = times(tower.size("num_hidden_layers"), block(hidden, tower.size("intermediate_size")));
    sum(&[hidden, matrix(patch(tower), hidden), matrix(patches(tower) + 1, hidden), 4 * hidden, blocks])
}

/// SigLIP's ViT: patches with bias, no class token, and unless `vision_use_head` is false a head that pools by
/// attention.
pub(super) fn siglip(tower: Config) -> u64 {
    let (hidden, width) = (tower.size("hidden_size"), tower.size("intermediate_size"));
    let blocks = times(tower.size("num_hidden_layers"), block(hidden, width));
    let head = if tower.flag_or("vision_use_head", true) {
        let pooling = sum(&[hidden, linear(3 * hidden, hidden), linear(hidden, hidden)]);
        sum(&[pooling, 2 * hidden, plain_mlp(hidden, width)])
    } else {
        0
    };
    sum(&[linear(hidden, patch(tower)), matrix(patches(tower), hidden), blocks, 2 * hidden, head])
}

/// The vision encoder of Qwen2-VL, merger included.
pub(super) fn qwen2(tower: Config) -> u64 {
    let width = tower.size("embed_dim");
    let mlp = plain_mlp(width, qwen2_inner(tower));
    let block = sum(&[linear(3 * width, width), linear(width, width), mlp, 4 * width]);
    let pixels = patch(tower) * tower.size("temporal_patch_size");
    sum(&[
        matrix(pixels, width),
        times(tower.size("depth"), block),
        2 * width,
        merger(merged(tower, width), tower.size("hidden_size")),
    ])
}

/// Width of the MLPs of Qwen2-VL's encoder: Python's int(embed_dim * mlp_ratio).
pub(super) fn qwen2_inner(tower: Config) -> u64 {
    let ratio = tower.factor("mlp_ratio").unwrap_or(4.0).clamp(0.0, 64.0);
    (tower.size("embed_dim") as f64 * ratio) as u64
}

/// The vision encoder of Qwen2.5-VL: gated MLPs and RMS norms.
pub(super) fn qwen2_5(tower: Config) -> u64 {
    let (width, inner) = (tower.size("hidden_size"), tower.size("intermediate_size"));
    let mlp = sum(&[times(2, linear(inner, width)), linear(width, inner)]);
    let block = sum(&[linear(3 * width, width), linear(width, width), mlp, 2 * width]);
    let pixels = patch(tower) * tower.size("temporal_patch_size");
    sum(&[
        matrix(pixels, width),
        times(tower.size("depth"), block),
        width,
        merger(merged(tower, width), tower.size("out_hidden_size")),
    ])
}

/// The vision encoder of Qwen3-VL and Qwen3.5. Qwen3-VL feeds some of its layers to the language model through
/// mergers of their own (DeepStack, arXiv:2406.04334).
pub(super) fn qwen3(tower: Config, deep: bool) -> u64 {
    let (width, inner) = (tower.size("hidden_size"), tower.size("intermediate_size"));
    let block = sum(&[linear(3 * width, width), linear(width, width), plain_mlp(width, inner), 4 * width]);
    let pixels = patch(tower) * tower.size("temporal_patch_size");
    let (merged, out) = (merged(tower, width), tower.size("out_hidden_size"));
    let deep = if deep { qwen3_deep(tower) } else { 0 };
    sum(&[
        linear(width, pixels),
        matrix(tower.size("num_position_embeddings"), width),
        times(tower.size("depth"), block),
        2 * width,
        merger(merged, out),
        times(deep, sum(&[times(2, merged), merger(merged, out)])),
    ])
}

/// Layers of Qwen3-VL's encoder that feed the language model.
pub(super) fn qwen3_deep(tower: Config) -> u64 {
    tower.list("deepstack_visual_indexes").map_or(0, |layers| layers.len() as u64)
}

/// Pixtral's ViT: gated MLPs, RMS norms, no biases.
pub(super) fn pixtral(tower: Config) -> u64 {
    let (hidden, width) = (tower.size("hidden_size"), tower.size("intermediate_size"));
    let block = sum(&[times(4, matrix(hidden, hidden)), times(3, matrix(width, hidden)), 2 * hidden]);
    sum(&[matrix(patch(tower), hidden), hidden, times(tower.size("num_hidden_layers"), block)])
}

/// Llama 4's ViT with the MLP that follows its pixel shuffle.
pub(super) fn llama4(tower: Config) -> u64 {
    let (hidden, width) = (tower.size("hidden_size"), tower.size("intermediate_size"));
    let blocks = times(tower.size("num_hidden_layers"), block(hidden, width));
    let ratio = tower.factor("pixel_shuffle_ratio").unwrap_or(0.5).clamp(0.01, 1.0);
    let shuffled = (hidden as f64 / (ratio * ratio)) as u64;
    let inner = tower.size("projector_input_dim");
    let adapter = sum(&[matrix(inner, shuffled), matrix(tower.size("projector_output_dim"), inner)]);
    sum(&[hidden, matrix(patches(tower) + 1, hidden), matrix(patch(tower), hidden), 4 * hidden, blocks, adapter])
}

/// Llama 3.2 Vision's ViT: a table of positions for each aspect ratio and tile, then layers whose halves are gated.
pub(super) fn mllama(tower: Config) -> u64 {
    let (hidden, width) = (tower.size("hidden_size"), tower.size("intermediate_size"));
    let tiles = tower.size("max_num_tiles");
    let ratios = tower.list("supported_aspect_ratios").map_or(0, |ratios| ratios.len() as u64) + 1;
    // Projections of attention have no biases here, those of the MLP have.
    let block = sum(&[times(4, matrix(hidden, hidden)), plain_mlp(hidden, width), 4 * hidden]);
    let positions = times(patches(tower) + 1, hidden);
    let tile_tables = times(ratios * tiles, hidden);
    sum(&[
        hidden,
        matrix(patch(tower), hidden),
        // A gate, positions within a tile, and positions of each tile for each aspect ratio.
        sum(&[1, positions, times(ratios * tiles, positions)]),
        // Two embeddings of tiles with a gate each, before and after the local layers; norms around them.
        times(2, sum(&[1, tile_tables])),
        4 * hidden,
        times(tower.size("num_hidden_layers"), block),
        times(tower.size("num_global_layers"), block + 2),
    ])
}

/// Llama 3.2 Vision's projector.
pub(super) fn mllama_projector(tower: Config, hidden: u64) -> u64 {
    linear(hidden, tower.size("vision_output_dim"))
}

/// MiniMax-M3's ViT. How it groups patches is written beside the encoder or in it.
pub(super) fn minimax_m3(config: Config, tower: Config) -> u64 {
    let hidden = tower.size("hidden_size");
    let frames =
        image_compression(config, tower).map_or(2, |compression| compression.size_or("temporal_patch_size", 2));
    let blocks = times(tower.size("num_hidden_layers"), block(hidden, tower.size("intermediate_size")));
    sum(&[matrix(patch(tower) * frames, hidden), 2 * hidden, blocks])
}

/// MiniMax-M3's projector: an MLP for each patch, then one for merged patches.
pub(super) fn minimax_m3_projector(config: Config, tower: Config, hidden: u64) -> u64 {
    let side = minimax_m3_merge(config, tower);
    let width = tower.size_or("projection_dim", hidden);
    sum(&[
        linear(width, tower.size("hidden_size")),
        linear(width, width),
        linear(hidden, times(side * side, width)),
        linear(hidden, hidden),
    ])
}

/// Patches along the side of a square that MiniMax-M3 merges.
pub(super) fn minimax_m3_merge(config: Config, tower: Config) -> u64 {
    image_compression(config, tower).map_or(2, |compression| compression.size_or("spatial_merge_size", 2))
}

fn image_compression<'a>(config: Config<'a>, tower: Config<'a>) -> Option<Config<'a>> {
    let key = "img_token_compression_config";
    tower.child(key).or_else(|| config.child(key))
}

/// Kimi's MoonViT.
pub(super) fn moonvit(tower: Config) -> u64 {
    let hidden = tower.size("vt_hidden_size");
    let blocks = times(tower.size("vt_num_hidden_layers"), block(hidden, tower.size("vt_intermediate_size")));
    let positions = times(tower.size("init_pos_emb_height"), tower.size("init_pos_emb_width"));
    sum(&[linear(hidden, patch(tower)), times(positions, hidden), blocks, 2 * hidden])
}

/// Kimi K2.5's projector: four neighbouring patches, normalised and brought to the language model's width.
pub(super) fn kimi_projector(tower: Config, hidden: u64) -> u64 {
    let width = tower.size("mm_hidden_size");
    sum(&[2 * width, merger(4 * width, hidden)])
}

/// Gemma 4's vision encoder: two tables of positions, norms of queries and keys, four norms in a block.
pub(super) fn gemma4_vision(tower: Config) -> u64 {
    let (hidden, width) = (tower.size("hidden_size"), tower.size("intermediate_size"));
    let (heads, head_dim) = (tower.size("num_attention_heads"), tower.size("head_dim"));
    let kv_heads = tower.size_or("num_key_value_heads", heads);
    let attention = times(2 * (heads + kv_heads), matrix(head_dim, hidden));
    let block = sum(&[attention, times(3, matrix(width, hidden)), 2 * head_dim, 4 * hidden]);
    let standardised = if tower.flag("standardize") { 2 * hidden } else { 0 };
    sum(&[
        matrix(2 * tower.size("position_embedding_size"), hidden),
        matrix(patch(tower), hidden),
        times(tower.size("num_hidden_layers"), block),
        standardised,
    ])
}

/// Vision, audio and projectors of Gemma 3n: MobileNet-V5-300M and a USM Conformer, the same in E2B and E4B.
///
/// Counted from the modules of transformers 5.23.0 on the meta device.
pub(super) const GEMMA_3N: (u64, u64, u64) = (294_126_912, 684_694_048, 4_460_544);

/// Gemma 3's projector: a norm and one matrix.
pub(super) fn gemma3_projector(tower: Config, hidden: u64) -> u64 {
    let width = tower.size("hidden_size");
    sum(&[matrix(width, hidden), width])
}

/// Mistral 3's projector: a norm, a merger of neighbouring patches and a two-layer MLP.
pub(super) fn mistral3_projector(config: Config, tower: Config, hidden: u64) -> u64 {
    let width = tower.size("hidden_size");
    let side = config.size_or("spatial_merge_size", 2);
    let layer = if config.flag("multimodal_projector_bias") { linear } else { matrix };
    sum(&[width, matrix(width, times(side * side, width)), layer(hidden, width), layer(hidden, hidden)])
}

/// PaliGemma's projector.
pub(super) fn paligemma_projector(config: Config, tower: Config) -> u64 {
    linear(config.size_or("projection_dim", 2048), tower.size("hidden_size"))
}

/// Phi-3-vision's projector: an MLP over four patches, and the two learned separators.
pub(super) fn phi3_vision_projector(hidden: u64) -> u64 {
    let patches = 4096;
    sum(&[linear(hidden, patches), linear(hidden, hidden), 2 * patches])
}

/// Encoder and projector of LLaVA; LLaVA-NeXT has a learned line break.
///
/// The first LLaVA files do not describe their encoder: it is CLIP ViT-L/14 at 336 pixels.
pub(super) fn llava(config: Config, hidden: u64, next: bool) -> (u64, u64, u64) {
    let tower = config.encoder("vision_config", "clip_vit_large_patch14_336");
    let tower = tower.unwrap_or_else(|| config.emptied("clip_vit_large_patch14_336"));
    let kind = tower.text("model_type").unwrap_or("clip_vision_model");
    let vision = match kind {
        "pixtral" => pixtral(tower.of_class("pixtral")),
        kind if kind.contains("siglip") => siglip(tower),
        _ => clip(tower),
    };
    let width = tower.size("hidden_size");
    let layer = if config.flag_or("multimodal_projector_bias", true) { linear } else { matrix };
    let separator = if next { hidden } else { 0 };
    (vision, 0, sum(&[layer(hidden, width), layer(hidden, hidden), separator]))
}

/// SigLIP 2 with patches in any arrangement: `num_patches` positions, no head.
pub(super) fn siglip2(tower: Config) -> u64 {
    let hidden = tower.size("hidden_size");
    let blocks = times(tower.size("num_hidden_layers"), block(hidden, tower.size("intermediate_size")));
    sum(&[linear(hidden, patch(tower)), matrix(tower.size("num_patches"), hidden), blocks, 2 * hidden])
}

/// LFM2-VL's projector: neighbouring patches, normalised where the file says so, and a two-layer MLP.
pub(super) fn lfm2_projector(config: Config, tower: Config, hidden: u64) -> u64 {
    let side = config.size_or("downsample_factor", 2);
    let merged = times(side * side, tower.size("hidden_size"));
    let inner = config.size("projector_hidden_size");
    let layer = if config.flag_or("projector_bias", true) { linear } else { matrix };
    let norm = if config.flag_or("projector_use_layernorm", true) { 2 * merged } else { 0 };
    sum(&[norm, layer(inner, merged), layer(hidden, inner)])
}

/// LFM3-VL's encoder: like its language model it alternates gated convolutions, here over both sides of the image,
/// with attention.
pub(super) fn lfm3(tower: Config) -> u64 {
    let (hidden, layers) = (tower.size("hidden_size"), tower.size("num_hidden_layers").min(MOST_LAYERS));
    let attends: Vec<bool> = match tower.layer_words("layer_types", layers) {
        Some(types) => types.into_iter().map(|kind| kind == "full_attention").collect(),
        None => (0..layers).map(|index| index >= 2 && index.is_multiple_of(2)).collect(),
    };
    let attending = attends.iter().filter(|attends| **attends).count() as u64;
    let (heads, kv_heads) = (tower.size("num_attention_heads"), tower.size("num_key_value_heads"));
    let head_dim = hidden / heads;
    let attention = sum(&[times(2 * (heads + kv_heads), matrix(head_dim, hidden)), 2 * head_dim]);
    let side = tower.size_or("conv_kernel_size", 3);
    let convolution = sum(&[times(4, matrix(hidden, hidden)), times(side * side, hidden)]);
    let half = sum(&[times(3, matrix(tower.size("intermediate_size"), hidden)), 2 * hidden]);
    let pixels = patch(tower) * tower.size("temporal_patch_size");
    sum(&[
        matrix(pixels, hidden),
        hidden,
        times(attending, attention),
        times(layers - attending, convolution),
        times(layers, half),
    ])
}

/// LFM3-VL's projector: a norm and a two-layer MLP over merged patches.
pub(super) fn lfm3_projector(config: Config, tower: Config, hidden: u64) -> u64 {
    let merged = merged(tower, tower.size("hidden_size"));
    let inner = config.size_or("projector_hidden_size", 4096);
    let layer = if config.flag_or("projector_bias", true) { linear } else { matrix };
    sum(&[2 * tower.size("hidden_size"), layer(inner, merged), layer(hidden, inner)])
}

/// GOT-OCR 2's encoder, that of Segment Anything (arXiv:2304.02643): windows except in a few layers, relative positions
/// along both sides, and two convolutions at the end.
pub(super) fn got_ocr2(tower: Config) -> u64 {
    let (hidden, layers) = (tower.size("hidden_size"), tower.size("num_hidden_layers"));
    let side = tower.size("image_size") / tower.size("patch_size");
    let head_dim = hidden / tower.size("num_attention_heads");
    let global = tower.numbers("global_attn_indexes").into_iter().filter(|&index| index < layers).count() as u64;
    let reaches = |side: u64| times(2 * (2 * side).saturating_sub(1), head_dim);
    let relative = if tower.flag_or("use_rel_pos", true) {
        sum(&[times(global, reaches(side)), times(layers.saturating_sub(global), reaches(tower.size("window_size")))])
    } else {
        0
    };
    let positions = if tower.flag_or("use_abs_pos", true) { matrix(side * side, hidden) } else { 0 };
    let out = tower.size("output_channels");
    sum(&[
        positions,
        linear(hidden, patch(tower)),
        times(layers, block(hidden, tower.size("mlp_dim"))),
        relative,
        sum(&[matrix(out, hidden), times(9, matrix(out, out)), 4 * out]),
    ])
}

/// GOT-OCR 2's projector: two convolutions that double the channels and a matrix.
pub(super) fn got_ocr2_projector(tower: Config, hidden: u64) -> u64 {
    let out = tower.size("output_channels");
    sum(&[times(9, matrix(2 * out, out)), times(9, matrix(4 * out, 2 * out)), linear(hidden, 4 * out)])
}

/// ERNIE 4.5 VL's encoder.
pub(super) fn ernie(tower: Config) -> u64 {
    let width = tower.size("hidden_size");
    let blocks = times(tower.size("depth"), block(width, tower.size("intermediate_size")));
    sum(&[matrix(patch(tower), width), blocks, 2 * width])
}

/// ERNIE 4.5 VL's resampler, which merges neighbours in space, then in time.
pub(super) fn ernie_projector(tower: Config, hidden: u64) -> u64 {
    let merged = merged(tower, tower.size("hidden_size"));
    let space = sum(&[times(2, linear(merged, merged)), 2 * merged]);
    let frames = tower.size("temporal_merge_size");
    let time = sum(&[linear(merged, times(frames, merged)), linear(merged, merged), 2 * merged]);
    sum(&[space, time, linear(hidden, merged), hidden])
}

/// The encoder of GLM-4.1V and GLM-4.5V: that of GLM-5.3 with a table of positions and a norm behind the patches, and
/// without biases and norms of queries and keys. Its merger is as wide as `intermediate_size` says.
pub(super) fn glm4(tower: Config) -> u64 {
    let (width, out) = (tower.size("hidden_size"), tower.size("out_hidden_size"));
    let layer = if tower.flag("attention_bias") { linear } else { matrix };
    let attention = sum(&[layer(3 * width, width), matrix(width, width)]);
    // Its MLPs are as wide as the language model.
    let block = sum(&[attention, times(3, matrix(out, width)), 2 * width]);
    let merger = sum(&[matrix(out, out), 2 * out, times(3, matrix(tower.size("intermediate_size"), out))]);
    sum(&[
        linear(width, patch(tower) * tower.size("temporal_patch_size")),
        matrix(patches(tower), width),
        times(tower.size("depth"), block),
        linear(out, merged(tower, width)),
        2 * width,
        merger,
    ])
}

/// GLM-5.3's encoder: gated MLPs, norms of queries and keys, and a merger behind a convolution.
pub(super) fn glm5(tower: Config) -> u64 {
    let (width, inner) = (tower.size("hidden_size"), tower.size("intermediate_size"));
    let head_dim = width / tower.size("num_attention_heads");
    let layer = if tower.flag_or("attention_bias", true) { linear } else { matrix };
    let attention = sum(&[layer(3 * width, width), layer(width, width), 2 * head_dim]);
    let mlp = sum(&[times(2, layer(inner, width)), layer(width, inner)]);
    let out = tower.size("out_hidden_size");
    let merger = sum(&[matrix(out, out), 2 * out, times(3, matrix(tower.size("projection_intermediate_size"), out))]);
    sum(&[
        linear(width, patch(tower) * tower.size("temporal_patch_size")),
        times(tower.size("depth"), sum(&[attention, mlp, 2 * width])),
        linear(out, merged(tower, width)),
        width,
        merger,
    ])
}

/// The vision encoder of Muse: pairs of frames, a table of positions, norms around the blocks.
pub(super) fn muse(tower: Config) -> u64 {
    let hidden = tower.size("hidden_size");
    let pixels = patch(tower) * tower.size_or("patch_temporal", 2);
    let positions = times(tower.size("init_pos_emb_height"), tower.size("init_pos_emb_width"));
    let blocks = times(tower.size("num_hidden_layers"), block(hidden, tower.size("intermediate_size")));
    sum(&[matrix(pixels, hidden), times(positions, hidden), 4 * hidden, blocks])
}

/// Muse's projector: a two-layer MLP over merged patches, and a matrix to the language model's width.
pub(super) fn muse_projector(config: Config, hidden: u64) -> u64 {
    let inner = config.size_or("projector_hidden_size", 4096);
    let merged = config.size_or("out_hidden_size", 6144);
    sum(&[matrix(inner, merged), matrix(inner, inner), matrix(hidden, inner)])
}

/// Inkling 2's encoder with its merger: a class token, a scale on each half of a block.
pub(super) fn inkling2(tower: Config, hidden: u64) -> u64 {
    let width = tower.size("hidden_size");
    let side = tower.size_or("posemb_grid_size", 32);
    let blocks =
        times(tower.size("num_hidden_layers"), sum(&[block(width, tower.size("intermediate_size")), 2 * width]));
    let inner = tower.size("projection_hidden_dim");
    let layer = if tower.flag("projector_bias") { linear } else { matrix };
    sum(&[
        4 * width,
        matrix(patch(tower), width),
        times(side * side, width),
        blocks,
        layer(inner, merged(tower, width)),
        layer(hidden, inner),
    ])
}
