//! Pictures and recordings become as many tokens as the models' own processors make of them.

use ridgepoint_calculator::link;
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::warning::Warning;
use ridgepoint_catalog::find_model;
use ridgepoint_core::{KvFormat, source_bytes};

fn tokens(model: &str, width: u64, height: u64) -> Option<u64> {
    let entry = find_model(model).unwrap_or_else(|| panic!("in the catalogue: {model}"));
    entry.model().picture.and_then(|picture| picture.tokens(width, height))
}

/// `smart_resize` of transformers 5.23.0 in `models/qwen2_vl/image_processing_qwen2_vl.py`, with the pixels of the
/// published `preprocessor_config.json`, worked by hand.
#[test]
fn qwen_scales_both_sides_to_whole_squares() {
    // 1920 / 28 = 68.6 and 1080 / 28 = 38.6, to the nearest.
    assert_eq!(tokens("qwen2.5-vl-7b", 1920, 1080), Some(69 * 39));
    // 1920 / 32 = 60 and 1080 / 32 = 33.75.
    assert_eq!(tokens("qwen3-vl-8b", 1920, 1080), Some(60 * 34));
    // 14 / 28 is half a square; Python rounds halves to even, so it would vanish: enlarged to 4 squares at least.
    assert_eq!(tokens("qwen2.5-vl-7b", 14, 14), Some(4));
    // 8000 x 8000 is shrunk to at most 16384 squares: 128 x 128.
    assert_eq!(tokens("qwen2.5-vl-7b", 8000, 8000), Some(128 * 128));
    // 100 x 100 pixels are 3 x 3 squares of 32, fewer than 64: 8 x 8.
    assert_eq!(tokens("qwen3-vl-8b", 100, 100), Some(64));
    assert_eq!(tokens("qwen3-vl-8b", 4020, 20), None);
    assert_eq!(tokens("qwen3-vl-8b", 0, 20), None);
}

/// `models/pixtral/processing_pixtral.py`: a token ends each row.
#[test]
fn mistral_keeps_the_shape_and_ends_each_row() {
    // 1920 x 1080 shrinks to 1540 x 866, which is 55 x 31 squares of 28 pixels.
    assert_eq!(tokens("mistral-small-3.1-24b", 1920, 1080), Some(31 * 56));
    assert_eq!(tokens("mistral-small-3.1-24b", 280, 281), Some(11 * 11));
}

/// `mm_tokens_per_image` of Gemma 3.
#[test]
fn some_models_make_the_same_of_every_picture() {
    assert_eq!(tokens("gemma-3-27b", 1920, 1080), Some(256));
    assert_eq!(tokens("gemma-3-27b", 10, 10), Some(256));
    // LLaVA 1.5: 336 / 14 = 24 patches along each side.
    assert_eq!(tokens("llava-1.5-7b", 1920, 1080), Some(576));
}

/// `get_optimal_tiled_canvas` of `models/mllama/image_processing_mllama.py`; a tile is (560 / 14)^2 patches and a class.
#[test]
fn llama_cuts_tiles_that_cross_attention_reads() {
    assert_eq!(tokens("llama-3.2-11b-vision", 500, 500), Some(1601));
    // Of the canvases of up to four tiles, 2 x 2 shrinks 1920 x 1080 least: by 1120 / 1920.
    assert_eq!(tokens("llama-3.2-11b-vision", 1920, 1080), Some(4 * 1601));
    // Three tiles in a row enlarge 1600 x 500 by 1.05; four would by 1.12.
    assert_eq!(tokens("llama-3.2-11b-vision", 1600, 500), Some(3 * 1601));
    let model = find_model("llama-3.2-11b-vision").expect("in the catalogue").model();
    // Eight layers keep a key and a value of 8 heads x 128 for each vector.
    assert_eq!(source_bytes(&model, 1601, KvFormat::Bf16).get(), 1601 * 8 * 2 * 8 * 128 * 2);
}

/// The HD transform of Phi-3-vision's `image_processing_phi3_v.py`. 1344 x 1344 pixels are 4 x 4 crops:
/// (16 + 1) x 144 + 1 + (4 + 1) x 12.
#[test]
fn phi_cuts_crops_beside_the_whole() {
    assert_eq!(tokens("phi-3-vision-128k", 1344, 1344), Some(2509));
    // Twice as wide as high: five crops by three are the most within sixteen.
    assert_eq!(tokens("phi-3-vision-128k", 2000, 1000), Some((5 * 3 + 1) * 144 + 1 + (3 + 1) * 12));
    assert_eq!(tokens("phi-3-vision-128k", 1000, 2000), Some((5 * 3 + 1) * 144 + 1 + (5 + 1) * 12));
}

/// The report of a query that has nothing wrong with it.
fn report(query: &str) -> Report {
    let link = link::decode(query);
    assert_eq!(link.notices, [], "{query}");
    Report::of(&link.scenario)
}

#[test]
fn pictures_and_sound_of_a_prompt_stand_in_its_context() {
    let text = report("model=qwen2.5-vl-7b&in=1000&out=24");
    let seen = report("model=qwen2.5-vl-7b&in=1000&out=24&images=2:1920x1080");
    assert_eq!(seen.model.media_tokens, 2 * 69 * 39);
    assert_eq!(seen.workload.prompt_tokens, text.workload.prompt_tokens + 2 * 69 * 39);
    let per_token = text.model.kv_bytes_per_token;
    assert_eq!(seen.model.kv_bytes_at_context, text.model.kv_bytes_at_context + per_token * (2 * 69 * 39));
    assert!(seen.speed.map(|speed| speed.ttft) > text.speed.map(|speed| speed.ttft));
    // Voxtral makes 375 tokens of each 30 s that have begun.
    assert_eq!(report("model=voxtral-mini-3b-2507&audio=31").model.media_tokens, 750);
}

/// Llama 3.2 Vision 11B: 1120 x 1120 pixels are four tiles of 1601 vectors; eight layers of cross-attention keep 8 heads
/// of 128 numbers of each, twice, in 16 bit. In the context a picture is one token.
#[test]
fn cross_attention_keeps_what_the_encoder_made_of_a_picture() {
    let text = report("model=llama-3.2-11b-vision&engine=transformers&in=1000&out=24");
    let seen = report("model=llama-3.2-11b-vision&engine=transformers&in=1000&out=24&images=1:1120x1120");
    let kept = 4 * 1601 * 8 * (2 * 8 * 128 * 2);
    let added = seen.model.kv_bytes_at_context.get() - text.model.kv_bytes_at_context.get();
    assert_eq!(added, kept + text.model.kv_bytes_per_token.get());
    assert_eq!(seen.devices[0].memory.kv_cache, seen.model.kv_bytes_at_context);
}

#[test]
fn media_that_cannot_be_counted_are_said() {
    let warnings = |query: &str| report(query).warnings;
    assert!(warnings("model=llama-3.1-8b&images=1").contains(&Warning::MediaNotCounted { what: "images" }));
    assert!(warnings("model=llama-3.1-8b&audio=1").contains(&Warning::MediaNotCounted { what: "audio" }));
    let strip = warnings("model=qwen3-vl-8b&images=1:4020x20");
    assert!(strip.contains(&Warning::PictureRefused { width: 4020, height: 20 }));
}
