//! How wide vision encoders are, and the largest picture that they take, for what an engine keeps while they run.
//!
//! For families whose largest picture and video are known; the others have no [`VisionEncoder`].

use super::composite::Encoder;
use super::keys::Config;
use super::towers;
use ridgepoint_core::{Picture, Tokens, VisionEncoder};

/// Pictures of the largest size that a video of Qwen2-VL and Qwen2.5-VL amounts to: `_MAX_FRAMES_PER_VIDEO` of 14 in
/// vLLM's `qwen2_vl.py`, two frames to a patch. Those of Qwen3-VL are kept below a picture by its video processor.
const QWEN_2_FRAMES: u64 = 7;

/// The vision encoder of `config`, given what it makes of a picture.
pub(super) fn encoder(config: Config, encoder: Encoder, picture: Option<Picture>) -> Option<VisionEncoder> {
    let most = most(picture?)?;
    let tower = |class| config.encoder("vision_config", class);
    let merged = |tower: Config| tower.size("spatial_merge_size").saturating_pow(2);
    let plain = |tower: Config| VisionEncoder {
        hidden: tower.size("hidden_size"),
        inner: tower.size("intermediate_size").saturating_mul(2),
        rotary: false,
        pixels: towers::patch(tower),
        patches: towers::patches(tower).div_ceil(most).max(1),
        most,
        frames: 1,
        vectors: 1,
    };
    let of_frames = |tower: Config, hidden, inner, frames| VisionEncoder {
        hidden,
        inner,
        rotary: true,
        pixels: towers::patch(tower).saturating_mul(tower.size("temporal_patch_size")),
        patches: merged(tower),
        most,
        frames,
        vectors: 1,
    };
    let pixtral = |tower: Config, side: u64| VisionEncoder {
        inner: tower.size("intermediate_size").saturating_mul(3),
        rotary: true,
        patches: side.saturating_mul(side),
        ..plain(tower)
    };
    match encoder {
        Encoder::Gemma3 | Encoder::PaliGemma => tower("siglip_vision_model").map(plain),
        Encoder::Llava | Encoder::LlavaNext => {
            let class = "clip_vit_large_patch14_336";
            let tower = tower(class).unwrap_or_else(|| config.emptied(class));
            match tower.text("model_type") {
                Some("pixtral") => Some(pixtral(tower.of_class("pixtral"), 1)),
                // Its tiles are read whole, before the margins are taken off.
                _ if matches!(encoder, Encoder::LlavaNext) => Some(VisionEncoder { patches: 1, ..plain(tower) }),
                _ => Some(plain(tower)),
            }
        }
        Encoder::Mistral3 => Some(pixtral(tower("pixtral")?, config.size_or("spatial_merge_size", 2))),
        Encoder::Llama4 => {
            let tower = tower("llama4_vision_model")?;
            let ratio = tower.factor("pixel_shuffle_ratio").unwrap_or(0.5).clamp(0.01, 1.0);
            let patches = ratio.powi(-2).round_ties_even() as u64;
            Some(VisionEncoder { rotary: true, patches, ..plain(tower) })
        }
        Encoder::Qwen2 => {
            let tower = tower("qwen2_vl_vision")?;
            let inner = towers::qwen2_inner(tower).saturating_mul(2);
            Some(of_frames(tower, tower.size("embed_dim"), inner, QWEN_2_FRAMES))
        }
        Encoder::Qwen25 => {
            let tower = tower("qwen2_5_vl_vision")?;
            let inner = tower.size("intermediate_size").saturating_mul(3);
            Some(of_frames(tower, tower.size("hidden_size"), inner, QWEN_2_FRAMES))
        }
        Encoder::Qwen3 | Encoder::Qwen35 => {
            let tower = tower("qwen3_vl_vision")?;
            let inner = tower.size("intermediate_size").saturating_mul(2);
            let deep = if matches!(encoder, Encoder::Qwen3) { towers::qwen3_deep(tower) } else { 0 };
            Some(VisionEncoder { vectors: 1 + deep, ..of_frames(tower, tower.size("hidden_size"), inner, 1) })
        }
        // Videos of some of them are larger than pictures by rules of their own, others are built otherwise, and Voxtral
        // hears.
        Encoder::Ernie45
        | Encoder::Gemma3n
        | Encoder::Gemma4
        | Encoder::Glm4v
        | Encoder::Glm5Next
        | Encoder::GotOcr2
        | Encoder::Inkling2
        | Encoder::KimiK25
        | Encoder::Lfm2
        | Encoder::Lfm3
        | Encoder::MiniMaxM3
        | Encoder::Mllama
        | Encoder::Muse
        | Encoder::Voxtral => None,
    }
}

/// Most tokens of a picture, for the families above.
fn most(picture: Picture) -> Option<Tokens> {
    match picture {
        Picture::Fixed(tokens) => Some(tokens),
        Picture::Scaled { most, .. } => Some(most),
        Picture::Rows { longest, .. } => picture.tokens(longest, longest),
        Picture::Split { side, most, .. } => {
            let along = side * most.isqrt();
            picture.tokens(along, along)
        }
        Picture::Grids { side, grids, .. } => {
            let grids = grids.to_le_bytes().into_iter().filter(|&grid| grid != 0);
            grids.filter_map(|grid| picture.tokens(side * u64::from(grid & 15), side * u64::from(grid >> 4))).max()
        }
        Picture::Tiles { .. }
        | Picture::Crops { .. }
        | Picture::Enlarged { .. }
        | Picture::Aligned { .. }
        | Picture::Filled(_)
        | Picture::Padded { .. }
        | Picture::Mosaic { .. } => None,
    }
}
