//! Parameters of vision and audio encoders and of the projectors behind them.
//!
//! No text token visits them, so one total each is all that the calculator needs. The formulas follow the modules of
//! transformers 5.23.0; `tests/catalogue.rs` checks each of them against published totals.

use super::keys::Config;

/// A matrix with a bias.
const fn linear(outputs: u64, inputs: u64) -> u64 {
    outputs.saturating_mul(inputs).saturating_add(outputs)
}

/// A matrix without one.
const fn matrix(outputs: u64, inputs: u64) -> u64 {
    outputs.saturating_mul(inputs)
}

/// Adds up without wrapping: a hostile file gives a huge number, not a wrong one.
fn sum(parts: &[u64]) -> u64 {
    parts.iter().fold(0, |sum, &part| sum.saturating_add(part))
}

fn times(n: u64, each: u64) -> u64 {
    n.saturating_mul(each)
}

/// Two projections with biases.
fn plain_mlp(hidden: u64, width: u64) -> u64 {
    sum(&[linear(width, hidden), linear(hidden, width)])
}

/// A transformer block with biases everywhere and two layer norms.
fn block(hidden: u64, width: u64) -> u64 {
    sum(&[times(4, linear(hidden, hidden)), plain_mlp(hidden, width), 4 * hidden])
}

/// Pixels of a patch, all channels.
fn patch(tower: Config) -> u64 {
    let side = tower.size("patch_size");
    tower.size("in_channels") * side * side
}

/// Patches of a square image.
fn patches(tower: Config) -> u64 {
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
    // Python's int(embed_dim * mlp_ratio).
    let ratio = tower.factor("mlp_ratio").unwrap_or(4.0).clamp(0.0, 64.0);
    let mlp = plain_mlp(width, (width as f64 * ratio) as u64);
    let block = sum(&[linear(3 * width, width), linear(width, width), mlp, 4 * width]);
    let pixels = patch(tower) * tower.size("temporal_patch_size");
    sum(&[
        matrix(pixels, width),
        times(tower.size("depth"), block),
        2 * width,
        merger(merged(tower, width), tower.size("hidden_size")),
    ])
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
    let deep = if deep { tower.list("deepstack_visual_indexes").map_or(0, |layers| layers.len() as u64) } else { 0 };
    sum(&[
        linear(width, pixels),
        matrix(tower.size("num_position_embeddings"), width),
        times(tower.size("depth"), block),
        2 * width,
        merger(merged, out),
        times(deep, sum(&[times(2, merged), merger(merged, out)])),
    ])
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
    let side = image_compression(config, tower).map_or(2, |compression| compression.size_or("spatial_merge_size", 2));
    let width = tower.size_or("projection_dim", hidden);
    sum(&[
        linear(width, tower.size("hidden_size")),
        linear(width, width),
        linear(hidden, times(side * side, width)),
        linear(hidden, hidden),
    ])
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

/// Gemma 4's audio encoder (a Conformer) with its projection to the language model.
pub(super) fn gemma4_audio(tower: Config, hidden: u64) -> u64 {
    let width = tower.size("hidden_size");
    let head_dim = width / tower.size("num_attention_heads");
    let channels = tower.numbers("subsampling_conv_channels");
    let (first, second) = match channels[..] {
        [first, second] => (first, second),
        _ => (128, 32),
    };
    let kernel = 9;
    let convolutions = sum(&[linear(first, kernel), linear(second, times(first, kernel))]);
    // Two half-step MLPs of four times the width, attention with relative positions, a gated convolution, nine norms.
    let conformer =
        sum(&[times(24, matrix(width, width)), 9 * width, matrix(tower.size("conv_kernel_size"), width), head_dim]);
    let out = tower.size("output_proj_dims");
    sum(&[
        convolutions,
        // The convolutions leave a quarter of 128 mel bins in each of the second's channels.
        matrix(width, times(second, 32)),
        times(tower.size("num_hidden_layers"), conformer),
        linear(out, width),
        matrix(hidden, out),
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
