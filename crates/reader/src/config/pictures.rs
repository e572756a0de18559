//! How many tokens the families make of a picture or a recording, as far as their configurations tell.

use super::composite::Encoder;
use super::keys::Config;
use ridgepoint_core::{Picture, Sound};

/// Fewest and most squares of a picture for Qwen2-VL and Qwen2.5-VL: `min_pixels` 3136 and `max_pixels` 12845056 of their
/// published `preprocessor_config.json`, in squares of 28 x 28 pixels.
const QWEN_2: (u64, u64) = (4, 16_384);
/// The same for Qwen3-VL and Qwen3.5: 65536 and 16777216 pixels, in squares of 32 x 32.
const QWEN_3: (u64, u64) = (64, 16_384);

/// Phi-3-vision: crops of 336 pixels, 12 x 12 tokens each; 16 of them by `num_crops` of its preprocessor. Phi-3.5-vision
/// is published with 4 for several pictures at once, and recommends 16 for one.
pub(super) const PHI_3: Picture = Picture::Crops { side: 336, most: 16, each: 12 };

/// What the encoder of `config` makes of a picture.
pub(super) fn picture(config: Config, encoder: Encoder) -> Option<Picture> {
    let vision = |class| config.encoder("vision_config", class);
    // Patches along the side of a picture of the encoder's own size.
    let across = |tower: Config| tower.size("image_size") / tower.size("patch_size");
    let square = |side: u64| Picture::Fixed(side * side);
    let scaled = |tower: Config, (fewest, most): (u64, u64)| Picture::Scaled {
        unit: tower.size("patch_size") * tower.size("spatial_merge_size"),
        fewest,
        most,
    };
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
        // Their processors decide by rules that we have not checked, or there is no encoder for pictures.
        Encoder::Ernie45
        | Encoder::Gemma3n
        | Encoder::Gemma4
        | Encoder::Glm4v
        | Encoder::Glm5Next
        | Encoder::Inkling2
        | Encoder::KimiK25
        | Encoder::Lfm2
        | Encoder::Lfm3
        | Encoder::Llama4
        | Encoder::LlavaNext
        | Encoder::MiniMaxM3
        | Encoder::Muse
        | Encoder::Voxtral => None,
    }
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
