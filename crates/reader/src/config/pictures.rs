//! How many tokens the families make of a picture or a recording, as far as their configurations tell.

use super::composite::Encoder;
use super::keys::Config;
use super::{ConfigWarning, towers};
use ridgepoint_core::{Picture, Sound};
use serde_json::Value;

/// Fewest and most squares of a picture for Qwen2-VL and Qwen2.5-VL: `min_pixels` 3136 and `max_pixels` 12845056 of their
/// published `preprocessor_config.json`, in squares of 28 x 28 pixels.
const QWEN_2: (u64, u64) = (4, 16_384);
/// The same for Qwen3-VL and Qwen3.5: 65536 and 16777216 pixels, in squares of 32 x 32.
const QWEN_3: (u64, u64) = (64, 16_384);

/// The same for GLM-4.1V to GLM-4.6V: 12544 and 9633792 pixels of two frames, as which a picture is read.
const GLM_4V: (u64, u64) = (8, 6144);
/// Fewest and most tokens of GLM-5.3: `min_image_tokens` and `max_image_tokens` of its image processor.
const GLM_5: (u64, u64) = (16, 8000);
/// Fewest and most squares for ERNIE 4.5 VL: 56 x 56 and 28 x 28 x 6177 pixels by its image processor.
const ERNIE_4_5: (u64, u64) = (4, 6177);
/// Fewest and most squares for MiniMax-M3: 4 x 28 x 28 and 451584 pixels by its image processor.
const MINIMAX_M3: (u64, u64) = (4, 576);
/// `max_soft_tokens` of Gemma 4's image processor.
const GEMMA_4: Picture = Picture::Filled(280);
/// `max_patches` of Llama 4's image processor.
const LLAMA_4_TILES: u64 = 16;
/// Kimi K2.5: `in_patch_limit` and `patch_limit_on_one_side` of its published `preprocessor_config.json`.
const KIMI_PATCHES: (u64, u64) = (16_384, 512);
/// LFM2-VL: fewest and most tokens of the whole picture, pixels along a tile and most tiles, by its published
/// `preprocessor_config.json`.
const LFM_2: (u64, u64, u64, u64) = (64, 256, 512, 10);
/// What LLaVA-NeXT's class says where `image_grid_pinpoints` is silent: grids of 1 x 2, 2 x 1, 2 x 2, 3 x 1 and 1 x 3 tiles
/// of 336 pixels.
const LLAVA_NEXT_GRIDS: u64 = 0x13_31_22_21_12;

/// Phi-3-vision and Phi-3.5-vision: crops of 336 pixels, 12 x 12 tokens each; at most 16 or 4 of them by `num_crops` of
/// their preprocessors. Their configurations differ in the sliding window.
pub(super) fn phi_3(config: Config) -> Picture {
    let most = match config.optional("sliding_window") {
        Some(131_072) => 16,
        Some(262_144) => 4,
        Some(_) | None => {
            config.problems().warn(ConfigWarning::CropsAssumed(16));
            16
        }
    };
    Picture::Crops { side: 336, most, each: 12 }
}

/// What the encoder of `config` makes of a picture.
pub(super) fn picture(config: Config, encoder: Encoder) -> Option<Picture> {
    let vision = |class| config.encoder("vision_config", class);
    // Patches along the side of a picture of the encoder's own size.
    let across = |tower: Config| tower.size("image_size") / tower.size("patch_size");
    let square = |side: u64| Picture::Fixed(side * side);
    let unit = |tower: Config| tower.size("patch_size") * tower.size("spatial_merge_size");
    let scaled = |tower: Config, (fewest, most): (u64, u64)| Picture::Scaled { unit: unit(tower), fewest, most };
    match encoder {
        Encoder::Gemma3 => {
            vision("siglip_vision_model")?;
            Some(Picture::Fixed(config.size_or("mm_tokens_per_image", 256)))
        }
        // Its convolutions halve the patches twice.
        Encoder::GotOcr2 => Some(square(across(vision("got_ocr2_vision")?) / 4)),
        Encoder::Llava => {
            let tower = vision("clip_vit_large_patch14_336");
            let tower = tower.unwrap_or_else(|| config.emptied("clip_vit_large_patch14_336"));
            let kind = tower.text("model_type").unwrap_or("clip_vision_model");
            if kind == "pixtral" {
                let tower = tower.of_class("pixtral");
                return Some(Picture::Rows { unit: tower.size("patch_size"), longest: tower.size("image_size") });
            }
            let side = across(tower);
            // "default" drops the class token, which only CLIP has.
            let keeps_class =
                kind == "clip_vision_model" && config.text("vision_feature_select_strategy") == Some("full");
            Some(Picture::Fixed(side * side + u64::from(keeps_class)))
        }
        Encoder::Mistral3 => {
            let tower = vision("pixtral")?;
            let unit = tower.size("patch_size") * config.size_or("spatial_merge_size", 2);
            Some(Picture::Rows { unit, longest: tower.size("image_size") })
        }
        Encoder::Mllama => {
            let tower = vision("mllama_vision_model")?;
            let side = across(tower);
            let (most, each) = (tower.size("max_num_tiles"), side * side + 1);
            Some(Picture::Tiles { side: tower.size("image_size"), most, each })
        }
        Encoder::PaliGemma => Some(square(across(vision("siglip_vision_model")?))),
        Encoder::Qwen2 => Some(scaled(vision("qwen2_vl_vision")?, QWEN_2)),
        Encoder::Qwen25 => Some(scaled(vision("qwen2_5_vl_vision")?, QWEN_2)),
        Encoder::Qwen3 | Encoder::Qwen35 => Some(scaled(vision("qwen3_vl_vision")?, QWEN_3)),
        Encoder::Ernie45 => Some(scaled(vision("ernie4_5_vl_vision")?, ERNIE_4_5)),
        Encoder::Gemma3n => Some(Picture::Fixed(config.size_or("vision_soft_tokens_per_image", 256))),
        Encoder::Gemma4 => vision("gemma4_vision").map(|_| GEMMA_4),
        Encoder::Glm4v => {
            let (unit, (fewest, most)) = (unit(vision("glm4v_vision")?), GLM_4V);
            Some(Picture::Enlarged { unit, fewest, most })
        }
        Encoder::Glm5Next => {
            let (unit, (fewest, most)) = (unit(vision("glm5_next_vision")?), GLM_5);
            Some(Picture::Aligned { unit, fewest, most })
        }
        // Never shrunk.
        Encoder::Inkling2 => {
            let unit = unit(vision("inkling2_vision")?);
            Some(Picture::Aligned { unit, fewest: 1, most: u64::MAX })
        }
        Encoder::KimiK25 => {
            let (most, along) = KIMI_PATCHES;
            Some(Picture::Padded { patch: vision("moonvit")?.size("patch_size"), merge: 2, most, along })
        }
        Encoder::Lfm2 => {
            let unit = vision("siglip2_vision_model")?.size("patch_size") * config.size_or("downsample_factor", 2);
            let (fewest, most, side, tiles) = LFM_2;
            Some(Picture::Mosaic { unit, fewest, most, side, tiles })
        }
        Encoder::Llama4 => {
            let tower = vision("llama4_vision_model")?;
            let ratio = tower.factor("pixel_shuffle_ratio").unwrap_or(0.5).clamp(0.01, 1.0);
            let (patches, shuffled) = (across(tower).pow(2), (ratio.powi(-2)).round_ties_even() as u64);
            Some(Picture::Split { side: tower.size("image_size"), most: LLAMA_4_TILES, each: patches / shuffled })
        }
        Encoder::LlavaNext => {
            let tower = vision("clip_vit_large_patch14_336");
            let tower = tower.unwrap_or_else(|| config.emptied("clip_vit_large_patch14_336"));
            let side = tower.size("image_size");
            let drops_class = config.text("vision_feature_select_strategy").is_none_or(|kept| kept == "default");
            let grids = grids(config, side).filter(|_| drops_class)?;
            Some(Picture::Grids { side, each: across(tower), grids })
        }
        Encoder::MiniMaxM3 => {
            let tower = vision("minimax_m3_vision")?;
            let (unit, (fewest, most)) =
                (tower.size("patch_size") * towers::minimax_m3_merge(config, tower), MINIMAX_M3);
            Some(Picture::Scaled { unit, fewest, most })
        }
        // LFM3-VL's limits are not published, the shape that Muse chooses depends on the order of a set in Python, and
        // Voxtral sees nothing.
        Encoder::Lfm3 | Encoder::Muse | Encoder::Voxtral => None,
    }
}

/// The grids of tiles of `side` pixels that `image_grid_pinpoints` lists as heights and widths, as [`Picture::Grids`]
/// has them. `None` for such as do not fit there.
fn grids(config: Config, side: u64) -> Option<u64> {
    let Some(listed) = config.list("image_grid_pinpoints") else {
        return (side == 336).then_some(LLAVA_NEXT_GRIDS);
    };
    let tiles = |pixels: &Value| {
        let pixels = pixels.as_u64().filter(|pixels| pixels % side == 0)?;
        Some(pixels / side).filter(|tiles| (1..16).contains(tiles))
    };
    let grids = listed.iter().rev().try_fold(0_u64, |grids, grid| match grid.as_array()?.as_slice() {
        [high, wide] if listed.len() <= 8 => Some(grids << 8 | tiles(high)? << 4 | tiles(wide)?),
        _ => None,
    });
    grids.filter(|&grids| grids > 0)
}

/// What the encoder of `config` makes of a recording.
pub(super) fn sound(config: Config, encoder: Encoder) -> Option<Sound> {
    if !matches!(encoder, Encoder::Voxtral) {
        return None;
    }
    let tower = config.encoder("audio_config", "voxtral_encoder")?;
    // The projector takes as many vectors at once as fill its width: 4 x 1280 of 5120.
    let together = (tower.size("intermediate_size") / tower.size("hidden_size")).max(1);
    Some(Sound { window: 30, tokens: tower.size("max_source_positions") / together })
}
