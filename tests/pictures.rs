//! Pictures and recordings become as many tokens as the models' own processors make of them.

use ridgepoint_calculator::link;
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::warning::Warning;
use ridgepoint_catalog::{find_model, models};
use ridgepoint_core::{KvFormat, Picture, source_bytes};
use ridgepoint_reader::{ConfigWarning, parse_config};

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

/// Phi-3.5-vision is the same model with `num_crops` 4: 2 x 2 crops.
#[test]
fn phi_3_5_cuts_fewer_crops() {
    assert_eq!(tokens("phi-3.5-vision", 1344, 1344), Some((4 + 1) * 144 + 1 + (2 + 1) * 12));
    let config = r#"{ "model_type": "phi3_v", "num_hidden_layers": 2, "hidden_size": 64, "intermediate_size": 128,
        "num_attention_heads": 4, "num_key_value_heads": 4, "vocab_size": 1000, "max_position_embeddings": 4096 }"#;
    let parsed = parse_config(config).expect("a configuration");
    assert!(parsed.warnings.contains(&ConfigWarning::CropsAssumed(16)), "{:?}", parsed.warnings);
}

/// Llama 4: `get_best_fit` of `models/llama4/image_processing_llama4.py` and `_prompt_split_image` of its processor, with
/// `max_patches` 16. A tile is (336 / 14)^2 patches, four of which become a token.
#[test]
fn llama_4_separates_its_tiles() {
    // A single tile, and the token that introduces it.
    assert_eq!(tokens("llama-4-scout", 336, 336), Some(1 + 144));
    // Two by one: a separator behind each; then the whole.
    assert_eq!(tokens("llama-4-scout", 672, 336), Some(2 * 145 + 1 + 144));
    // 5 x 3 tiles shrink 1920 x 1080 least of all canvases up to 16: by 1680 / 1920 and not by 1008 / 1080.
    assert_eq!(tokens("llama-4-scout", 1920, 1080), Some(5 * 3 * 145 + 1 + 144));
}

/// `image_seq_length` of Gemma 3n; `get_aspect_ratio_preserving_size` of Gemma 4 with `max_soft_tokens` 280.
#[test]
fn later_gemmas_fill_what_there_is() {
    assert_eq!(tokens("gemma-3n-e2b", 1920, 1080), Some(256));
    // The root of 280 is 16.7.
    assert_eq!(tokens("gemma-4-31b", 100, 100), Some(16 * 16));
    // 280 x 1920 / 1080 is 497.8, the root of that 22.3; 280 x 1080 / 1920 is 157.5, the root of that 12.5.
    assert_eq!(tokens("gemma-4-31b", 1920, 1080), Some(22 * 12));
    // 2.8 and 28,000: one column of 167.
    assert_eq!(tokens("gemma-4-31b", 10, 1000), Some(167));
}

/// `navit_resize` of `models/kimi_k25/image_processing_kimi_k25.py`: 16384 patches of 14 pixels, 512 along a side.
#[test]
fn kimi_pads_to_whole_squares() {
    // 1920 / 28 = 68.6 and 1080 / 28 = 38.6, both rounded up.
    assert_eq!(tokens("kimi-k2.5", 1920, 1080), Some(69 * 39));
    // 285 x 214 patches are shrunk by the root of 16384 / 60990: to 2073 x 1554 pixels.
    assert_eq!(tokens("kimi-k2.5", 4000, 3000), Some(75 * 56));
    // 7168 pixels along a side at most: 256 squares.
    assert_eq!(tokens("kimi-k2.5", 20_000, 200), Some(256 * 3));
}

/// `smart_resize` of GLM-5.3's, ERNIE 4.5 VL's and MiniMax-M3's image processors in transformers 5.23.0.
#[test]
fn squares_of_28_pixels_are_limited_by_family() {
    assert_eq!(tokens("glm-5.3-flash", 1000, 1000), Some(36 * 36));
    // Enlarged to 16 squares: 112 x 112 pixels.
    assert_eq!(tokens("glm-5.3-flash", 14, 14), Some(16));
    // The tallest within 8000 squares is 2884 pixels high, 103 squares, and 2156 wide, 77.
    assert_eq!(tokens("glm-5.3-flash", 3000, 4000), Some(103 * 77));
    assert_eq!(tokens("ernie-4.5-vl-28b-a3b", 1920, 1080), Some(69 * 39));
    // 4000 x 3000 shrinks by the root of 12000000 / 4842768: 90.8 x 68.1 squares.
    assert_eq!(tokens("ernie-4.5-vl-28b-a3b", 4000, 3000), Some(90 * 68));
    // The root of 451584 is 672: 24 x 24 squares.
    assert_eq!(tokens("minimax-m3", 1024, 1024), Some(24 * 24));
    // Inkling 2 pads to squares of 2 x 20 pixels and shrinks nothing.
    assert_eq!(tokens("inkling-2-small", 1001, 4000), Some(26 * 100));
}

/// `resize_and_split` of `models/lfm2_vl/image_processing_lfm2_vl.py` and `_build_image_tokens` of its processor, with the
/// published limits: 64 to 256 tokens of 32 x 32 pixels, tiles of 512 x 512.
#[test]
fn lfm_cuts_large_pictures_only() {
    assert_eq!(tokens("lfm2.5-vl-1.6b", 512, 512), Some(256));
    // 23 x 22.5 squares are fewer than twice 256: shrunk to 16 x 15.
    assert_eq!(tokens("lfm2.5-vl-1.6b", 736, 720), Some(16 * 15));
    assert_eq!(tokens("lfm2.5-vl-1.6b", 64, 64), Some(64));
    // Three by two tiles have its shape best, a token before each; the whole is 18 x 13 squares.
    assert_eq!(tokens("lfm2.5-vl-1.6b", 1024, 768), Some(6 * 257 + 1 + 18 * 13));
    // 1 x 2 tiles have its shape, and it fills more than half of 2 x 4.
    assert_eq!(tokens("lfm2.5-vl-1.6b", 1000, 2000), Some(8 * 257 + 1 + 11 * 22));
}

/// A composite that is not in the catalogue, with a small language model.
fn composite(model_type: &str, text: &str, more: &str) -> Option<Picture> {
    let config = format!(
        r#"{{ "model_type": "{model_type}", "text_config": {{ "model_type": "{text}", "num_hidden_layers": 2,
        "hidden_size": 64, "intermediate_size": 128, "num_attention_heads": 4, "num_key_value_heads": 4,
        "vocab_size": 1000, "max_position_embeddings": 4096 }}{more} }}"#
    );
    parse_config(&config).unwrap_or_else(|error| panic!("{config}: {error}")).model.picture
}

/// `_get_number_of_features` of `models/llava_next/processing_llava_next.py`. A tile is 24 x 24 tokens.
#[test]
fn llava_next_takes_the_margins_off() {
    let vision = r#""vision_config": { "model_type": "clip_vision_model", "image_size": 336, "patch_size": 14,
        "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16 }"#;
    let next = composite("llava_next", "llama", &format!(", {vision}")).expect("a rule");
    // 2 x 2 tiles, an end for each of 48 rows, and the whole.
    assert_eq!(next.tokens(672, 672), Some(48 * 49 + 576));
    // Of 48 rows 1920 x 1080 fills 27: ten are taken off above and below.
    assert_eq!(next.tokens(1920, 1080), Some(49 * 28 + 576));
    // Of 48 columns 1080 x 1920 fills 27: 28 are left, and all 48 rows have an end.
    assert_eq!(next.tokens(1080, 1920), Some(29 * 48 + 576));
    let listed =
        |grids: &str| composite("llava_next", "llama", &format!(r#", "image_grid_pinpoints": {grids}, {vision}"#));
    let one_grid = listed("[[336, 672]]").expect("a rule");
    assert_eq!(one_grid.tokens(672, 672), Some(25 * 24 + 576));
    assert_eq!(listed("[[336, 500]]"), None);
    assert_eq!(listed("[]"), None);
}

/// `smart_resize` of `models/glm4v/image_processing_glm4v.py` with the published 12544 to 9633792 pixels of two frames.
#[test]
fn glm_enlarges_what_is_thinner_than_a_square() {
    let glm =
        composite("glm4v", "glm4v_text", r#", "vision_config": { "model_type": "glm4v_vision" }"#).expect("a rule");
    assert_eq!(glm.tokens(1920, 1080), Some(69 * 39));
    // Enlarged twice: 28 x 600 pixels, of which Qwen2-VL would make another shape.
    assert_eq!(glm.tokens(14, 300), Some(21));
    // At most 6144 squares: 78.4 along each side.
    assert_eq!(glm.tokens(8000, 8000), Some(78 * 78));
}

/// A law of all rules: whatever the size, a picture is some tokens, or one that processors refuse.
#[test]
fn every_picture_is_some_tokens_or_none() {
    let sides = [1, 2, 13, 14, 27, 28, 29, 336, 337, 1000, 4096, 65_535, 65_536, u64::MAX];
    for entry in models() {
        let Some(picture) = entry.model().picture else { continue };
        for (width, height) in sides.iter().flat_map(|&width| sides.map(|height| (width, height))) {
            let refused = width.max(height) > 65_536 || width.max(height) > 200 * width.min(height);
            let tokens = picture.tokens(width, height);
            assert_eq!(tokens.is_none(), refused, "{}: {width} x {height}", entry.id);
            assert_ne!(tokens, Some(0), "{}: {width} x {height}", entry.id);
        }
    }
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

/// Activations of vLLM, worked by hand: patches x (2 x (2 x width + pixels) B + the wider of attention and MLP), or what
/// the encoder hands over and the widest layer of the language model.
#[test]
fn the_largest_pictures_are_profiled() {
    let rest = "&gpu=h100-sxm-80gb&engine=vllm&w=bf16&max-seqs=16&chunk=8192&in=1792&out=256";
    for (model, activations) in [
        // 8192 / 256 pictures of 64 x 64 patches; the MLP of SigLIP keeps 2 x 4304 numbers.
        ("gemma-3-27b&n=2&tp=1&ev=0.22", 32 * 4096 * (2 * (2 * 1152 + 3 * 14 * 14) + 2 * 2 * 4304)),
        // One picture of 16,384 tokens of 2 x 2 patches, 23 B for each number of the width in attention.
        ("qwen3-vl-8b&ev=0.22", 65_536 * (2 * (2 * 1152 + 3 * 2 * 16 * 16) + 23 * 1152)),
        // Half of attention on each rank.
        ("qwen2.5-vl-7b&ev=0.22&n=2&tp=2", 65_536 * (2 * (2 * 1280 + 3 * 2 * 14 * 14) + 23 * 1280 / 2)),
        // Version 0.11 rotates in 32 bit.
        ("qwen2.5-vl-7b&ev=0.11", 65_536 * (2 * (2 * 1280 + 3 * 2 * 14 * 14) + 36 * 1280)),
        // Two pictures of 55 rows of 56 tokens leave less in the encoder than a layer takes beside them; three in 0.9.
        ("mistral-small-3.1-24b&ev=0.22", 8192 * (3 * 5120 + 3 * 32_768) * 2 + 2 * 55 * 56 * 5120 * 2),
        ("mistral-small-3.1-24b&ev=0.9.2", 8192 * (3 * 5120 + 3 * 32_768) * 2 + 3 * 55 * 56 * 5120 * 2),
    ] {
        let report = report(&format!("model={model}{rest}"));
        assert_eq!(report.devices[0].memory.activations.get(), activations, "{model}");
        assert!(!report.warnings.contains(&Warning::EncoderNotCounted), "{model}");
    }
    // Up to seven times as many patches in a video, if the context holds them; none in the second half of a pipeline.
    let video = report("model=qwen2.5-vl-7b&gpu=h100-sxm-80gb&n=2&tp=1&pp=2&ev=0.22&in=127744&out=256");
    assert_eq!(video.devices[0].memory.activations.get(), 7 * 65_536 * (2 * (2 * 1280 + 1176) + 23 * 1280));
    let last = video.devices.last().expect("two stages").memory.activations;
    assert!(last.get() < 2 * 1024 * 1024 * 1024, "{last:?}");
    for query in ["engine=vllm&ev=0.7", "engine=sglang", "engine=tensorrt-llm"] {
        let report = report(&format!("model=qwen2.5-vl-7b&gpu=h100-sxm-80gb&{query}"));
        assert!(report.warnings.contains(&Warning::EncoderNotCounted), "{query}");
    }
}
