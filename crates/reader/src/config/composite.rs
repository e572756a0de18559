//! Language models with a vision or audio encoder in front: where each part is, and what the encoder weighs.

use super::keys::Config;
use super::{ConfigWarning, canonical, pictures, read_text_model, sound, towers, vision};
use ridgepoint_core::{Model, Role, Tensor};

/// An encoder that we can count.
#[derive(Clone, Copy)]
pub(super) enum Encoder {
    Ernie45,
    Gemma3,
    Gemma3n,
    Gemma4,
    Glm4v,
    Glm5Next,
    GotOcr2,
    Inkling2,
    KimiK25,
    Lfm2,
    Lfm3,
    Llama4,
    Llava,
    LlavaNext,
    MiniMaxM3,
    Mistral3,
    Mllama,
    Muse,
    PaliGemma,
    Qwen2,
    Qwen25,
    Qwen3,
    Qwen35,
    Voxtral,
}

/// How a family of composites is put together.
struct Composite {
    model_type: &'static str,
    /// The family of its language model, or `None` where `text_config.model_type` tells.
    text: Option<&'static str>,
    /// Whether embedding and head are one matrix when no field says so.
    tied: bool,
    encoder: Encoder,
}

const FAMILIES: &[Composite] = &[
    Composite {
        model_type: "ernie4_5_vl_moe",
        text: Some("ernie4_5_vl_moe_text"),
        tied: true,
        encoder: Encoder::Ernie45,
    },
    Composite { model_type: "gemma3", text: Some("gemma3_text"), tied: true, encoder: Encoder::Gemma3 },
    Composite { model_type: "gemma3n", text: Some("gemma3n_text"), tied: true, encoder: Encoder::Gemma3n },
    Composite { model_type: "gemma4", text: Some("gemma4_text"), tied: true, encoder: Encoder::Gemma4 },
    Composite { model_type: "glm4v", text: Some("glm4v_text"), tied: false, encoder: Encoder::Glm4v },
    Composite { model_type: "glm4v_moe", text: Some("glm4v_moe_text"), tied: false, encoder: Encoder::Glm4v },
    Composite { model_type: "glm5_next", text: Some("glm5_next"), tied: false, encoder: Encoder::Glm5Next },
    Composite { model_type: "got_ocr2", text: Some("qwen2"), tied: true, encoder: Encoder::GotOcr2 },
    Composite { model_type: "inkling2", text: Some("inkling2_text"), tied: false, encoder: Encoder::Inkling2 },
    Composite { model_type: "kimi_k25", text: Some("deepseek_v3"), tied: false, encoder: Encoder::KimiK25 },
    Composite { model_type: "lfm2_vl", text: Some("lfm2"), tied: true, encoder: Encoder::Lfm2 },
    Composite { model_type: "lfm3_vl", text: Some("lfm3"), tied: true, encoder: Encoder::Lfm3 },
    Composite { model_type: "llama4", text: Some("llama4_text"), tied: false, encoder: Encoder::Llama4 },
    Composite { model_type: "llava", text: None, tied: false, encoder: Encoder::Llava },
    Composite { model_type: "llava_next", text: None, tied: false, encoder: Encoder::LlavaNext },
    Composite { model_type: "minimax_m3_vl", text: Some("minimax_m3"), tied: false, encoder: Encoder::MiniMaxM3 },
    Composite { model_type: "mistral3", text: None, tied: true, encoder: Encoder::Mistral3 },
    Composite { model_type: "mistral_large4", text: Some("mistral_large4"), tied: false, encoder: Encoder::Mistral3 },
    Composite { model_type: "mllama", text: Some("mllama_text_model"), tied: false, encoder: Encoder::Mllama },
    Composite { model_type: "muse_glimmer", text: Some("muse_glimmer_text"), tied: false, encoder: Encoder::Muse },
    Composite { model_type: "muse_spark", text: Some("muse_spark_text"), tied: false, encoder: Encoder::Muse },
    Composite { model_type: "paligemma", text: None, tied: true, encoder: Encoder::PaliGemma },
    Composite { model_type: "qwen2_5_vl", text: Some("qwen2"), tied: false, encoder: Encoder::Qwen25 },
    Composite { model_type: "qwen2_vl", text: Some("qwen2"), tied: false, encoder: Encoder::Qwen2 },
    Composite { model_type: "qwen3_5", text: Some("qwen3_5_text"), tied: false, encoder: Encoder::Qwen35 },
    Composite { model_type: "qwen3_5_moe", text: Some("qwen3_5_moe_text"), tied: false, encoder: Encoder::Qwen35 },
    Composite { model_type: "qwen3_vl", text: Some("qwen3"), tied: false, encoder: Encoder::Qwen3 },
    Composite { model_type: "qwen3_vl_moe", text: Some("qwen3_moe"), tied: false, encoder: Encoder::Qwen3 },
    Composite { model_type: "voxtral", text: Some("llama"), tied: false, encoder: Encoder::Voxtral },
];

/// Fields under which composites keep their language model.
pub(super) const LANGUAGE_MODELS: &[&str] = &["text_config", "llm_config", "language_config", "thinker_config"];
/// Fields under which composites keep their encoders.
const ENCODERS: &[&str] = &["vision_config", "audio_config"];

/// The composite that `config` describes, or `None` where it is a plain language model.
pub(super) fn read(config: Config, model_type: &str) -> Option<Model> {
    // MLC copies name a Mistral 3 composite after its language model.
    let model_type = match model_type {
        "ministral3" if config.says("text_config") => "mistral3",
        other => other,
    };
    if model_type == "phi3_v" {
        return phi3_vision(config);
    }
    match FAMILIES.iter().find(|composite| composite.model_type == model_type) {
        Some(composite) => read_known(config, composite),
        // The language model of Kimi K3 calls itself by the name of an older family.
        None if model_type == "kimi_k3" => read_language_model(config, Some("kimi_k3_text")),
        None => read_language_model(config, None),
    }
}

fn read_known(config: Config, composite: &Composite) -> Option<Model> {
    // Older files have the language model's fields at the top.
    let nested = config.child("text_config");
    let text = nested.unwrap_or(config);
    let named = nested.and_then(|text| text.text("model_type")).unwrap_or("llama");
    let family = canonical(composite.text.unwrap_or(named));
    // The flag of the composite beats that of its language model.
    let tied = [config, text].into_iter().find(|part| part.says("tie_word_embeddings"));
    let tied = tied.map_or(composite.tied, |part| part.flag("tie_word_embeddings"));

    let mut model = read_text_model(text.of_class(family).tied(tied), family)?;
    model.input.extend(encoders(config, composite.encoder, model.hidden_size));
    model.picture = pictures::picture(config, composite.encoder);
    model.vision = vision::encoder(config, composite.encoder, model.picture);
    model.sound = pictures::sound(config, composite.encoder);
    Some(model)
}

/// A composite without rules of its own: its language model counts, its encoders do not.
fn read_language_model(config: Config, family: Option<&str>) -> Option<Model> {
    let outer = LANGUAGE_MODELS.iter().find_map(|key| config.child(key))?;
    // Qwen-Omni's thinker is a composite itself.
    let text = outer.child("text_config").unwrap_or(outer);
    let family = match family {
        Some(family) => family,
        None => canonical(text.text("model_type")?),
    };
    let mut text = text.of_class(family);
    if config.says("tie_word_embeddings") {
        text = text.tied(config.flag("tie_word_embeddings"));
    }
    let model = read_text_model(text, family)?;
    for key in ENCODERS.iter().filter(|key| config.says(key) || outer.says(key)) {
        config.problems().warn(ConfigWarning::TowerNotCounted((*key).to_owned()));
    }
    Some(model)
}

/// Phi-3-vision: the remote code names the encoder, the file does not describe it.
fn phi3_vision(config: Config) -> Option<Model> {
    let mut model = read_text_model(config.of_class("phi3"), "phi3")?;
    let vision = towers::clip(config.emptied("clip_vit_large_patch14_336"));
    let projector = towers::phi3_vision_projector(model.hidden_size);
    model.input.extend([Tensor::vector(Role::Vision, vision), Tensor::vector(Role::Projector, projector)]);
    model.picture = Some(pictures::phi_3(config));
    Some(model)
}

/// The encoders and their projectors, as one number each.
fn encoders(config: Config, encoder: Encoder, hidden: u64) -> Vec<Tensor> {
    let vision = |class| config.encoder("vision_config", class);
    let (vision, audio, projector) = match encoder {
        Encoder::Ernie45 => match vision("ernie4_5_vl_vision") {
            Some(vision) => (towers::ernie(vision), 0, towers::ernie_projector(vision, hidden)),
            None => (0, 0, 0),
        },
        Encoder::Gemma3 => match vision("siglip_vision_model") {
            Some(vision) => (towers::siglip(vision), 0, towers::gemma3_projector(vision, hidden)),
            None => (0, 0, 0),
        },
        Encoder::Gemma3n => towers::GEMMA_3N,
        Encoder::Gemma4 => {
            let vision = vision("gemma4_vision");
            let audio = config.encoder("audio_config", "gemma4_audio");
            (
                vision.map_or(0, towers::gemma4_vision),
                audio.map_or(0, |audio| sound::gemma4(audio, hidden)),
                vision.map_or(0, |vision| hidden * vision.size("hidden_size")),
            )
        }
        Encoder::Glm4v => (vision("glm4v_vision").map_or(0, towers::glm4), 0, 0),
        Encoder::Glm5Next => (vision("glm5_next_vision").map_or(0, towers::glm5), 0, 0),
        Encoder::GotOcr2 => match vision("got_ocr2_vision") {
            Some(vision) => (towers::got_ocr2(vision), 0, towers::got_ocr2_projector(vision, hidden)),
            None => (0, 0, 0),
        },
        Encoder::Inkling2 => (vision("inkling2_vision").map_or(0, |vision| towers::inkling2(vision, hidden)), 0, 0),
        Encoder::KimiK25 => match vision("moonvit") {
            Some(vision) => (towers::moonvit(vision), 0, towers::kimi_projector(vision, hidden)),
            None => (0, 0, 0),
        },
        Encoder::Lfm2 => match vision("siglip2_vision_model") {
            Some(vision) => (towers::siglip2(vision), 0, towers::lfm2_projector(config, vision, hidden)),
            None => (0, 0, 0),
        },
        Encoder::Lfm3 => match vision("lfm3_vl_vision") {
            Some(vision) => (towers::lfm3(vision), 0, towers::lfm3_projector(config, vision, hidden)),
            None => (0, 0, 0),
        },
        Encoder::Llama4 => match vision("llama4_vision_model") {
            Some(vision) => (towers::llama4(vision), 0, vision.size("vision_output_dim") * hidden),
            None => (0, 0, 0),
        },
        Encoder::Llava | Encoder::LlavaNext => towers::llava(config, hidden, matches!(encoder, Encoder::LlavaNext)),
        Encoder::MiniMaxM3 => match vision("minimax_m3_vision") {
            Some(vision) => {
                (towers::minimax_m3(config, vision), 0, towers::minimax_m3_projector(config, vision, hidden))
            }
            None => (0, 0, 0),
        },
        Encoder::Mllama => match vision("mllama_vision_model") {
            Some(vision) => (towers::mllama(vision), 0, towers::mllama_projector(vision, hidden)),
            None => (0, 0, 0),
        },
        Encoder::Mistral3 => match vision("pixtral") {
            Some(vision) => (towers::pixtral(vision), 0, towers::mistral3_projector(config, vision, hidden)),
            None => (0, 0, 0),
        },
        Encoder::Muse => match vision("muse_vision") {
            Some(vision) => (
                towers::muse(vision),
                config.encoder("audio_config", "muse_audio").map_or(0, sound::muse),
                towers::muse_projector(config, hidden),
            ),
            None => (0, 0, 0),
        },
        Encoder::PaliGemma => match vision("siglip_vision_model") {
            Some(vision) => (towers::siglip(vision), 0, towers::paligemma_projector(config, vision)),
            None => (0, 0, 0),
        },
        Encoder::Qwen2 => (vision("qwen2_vl_vision").map_or(0, towers::qwen2), 0, 0),
        Encoder::Qwen25 => (vision("qwen2_5_vl_vision").map_or(0, towers::qwen2_5), 0, 0),
        Encoder::Qwen3 => (vision("qwen3_vl_vision").map_or(0, |vision| towers::qwen3(vision, true)), 0, 0),
        Encoder::Qwen35 => (vision("qwen3_vl_vision").map_or(0, |vision| towers::qwen3(vision, false)), 0, 0),
        Encoder::Voxtral => match config.encoder("audio_config", "voxtral_encoder") {
            Some(audio) => (0, sound::whisper(audio), sound::voxtral_projector(audio, hidden)),
            None => (0, 0, 0),
        },
    };
    [(Role::Vision, vision), (Role::Audio, audio), (Role::Projector, projector)]
        .into_iter()
        .filter(|(_, parameters)| *parameters > 0)
        .map(|(role, parameters)| Tensor::vector(role, parameters))
        .collect()
}
