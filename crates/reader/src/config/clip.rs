//! CLIP and SigLIP: a text encoder and a vision encoder side by side, or one of the two alone.

use super::keys::Config;
use super::parts::{Norm, Shape, attend_both_ways, dense_layer, share};
use super::{architecture, towers};
use ridgepoint_core::{
    AttentionBias, GgufLayout, Head, Layers, MlpRoles, MlpShape, Model, Reach, Role, Tensor, attention_tensors, linear,
    mlp_tensors,
};

/// The encoders that `config` describes.
pub(super) fn read(config: Config, model_type: &str) -> Option<Model> {
    match model_type {
        "clip" => Some(pair(config, "clip_text_model", "clip_vision_model")),
        "siglip" => Some(pair(config, "siglip_text_model", "siglip_vision_model")),
        "clip_text_model" | "siglip_text_model" => Some(text_alone(config.of_class(model_type), model_type)),
        "clip_vision_model" | "siglip_vision_model" => Some(vision_alone(config.of_class(model_type), model_type)),
        _ => None,
    }
}

/// The text encoder: attention and MLP with biases, positions as a table, a norm behind the last layer.
fn text(config: Config) -> Model {
    let shape = Shape::read_outside_attention(config);
    let hidden = shape.hidden;
    let shape = Shape { head_dim: share(config, hidden, shape.heads), ..shape };
    let mut attention = attention_tensors(shape.attention(), hidden, AttentionBias { qkv: true, output: true });
    attention.extend(Norm::Layer.tensors(hidden, 2));
    let intermediate_size = config.size("intermediate_size");
    let mlp = MlpShape { hidden_size: hidden, intermediate_size, gated: false, bias: true };
    let mlp = mlp_tensors(MlpRoles::DENSE, mlp, 1);
    let layer = dense_layer(attend_both_ways(shape.attention(), Reach::Full), &attention, &mlp);
    let mut model = shape.model((0..shape.layers).map(|_| layer.clone()).collect(), Norm::Layer);
    let positions = config.size("max_position_embeddings");
    model.input.push(Tensor::matrix(Role::PositionEmbedding, positions, hidden));
    model.head = Head::None;
    model
}

fn text_alone(config: Config, model_type: &str) -> Model {
    let mut model = text(config);
    if model_type == "siglip_text_model" {
        model.output.extend(text_head(config, model.hidden_size));
    } else if architecture(config).is_some_and(|name| name.ends_with("WithProjection")) {
        let width = config.size("projection_dim");
        model.output.push(Tensor::matrix(Role::Other, width, model.hidden_size));
    }
    model
}

/// SigLIP's projection of a text.
fn text_head(config: Config, hidden: u64) -> Vec<Tensor> {
    linear(Role::Other, config.size_or("projection_size", hidden), hidden, true)
}

/// A model that is nothing but a vision encoder.
fn vision_alone(config: Config, model_type: &str) -> Model {
    let vision = if model_type == "clip_vision_model" { towers::clip(config) } else { towers::siglip(config) };
    let mut model = Model {
        hidden_size: config.size("hidden_size"),
        vocab_size: 0,
        context_limit: None,
        input: vec![Tensor::vector(Role::Vision, vision)],
        layers: Layers::default(),
        output: Vec::new(),
        head: Head::None,
        mtp_parameters: 0,
        gguf: GgufLayout::default(),
        picture: None,
        vision: None,
        sound: None,
        latent: None,
    };
    if architecture(config).is_some_and(|name| name.ends_with("WithProjection")) {
        let width = config.size_or("projection_dim", 512);
        model.output.push(Tensor::vector(Role::Projector, width * model.hidden_size));
    }
    model
}

/// Both encoders. CLIP projects both to one space; each has a learned temperature, SigLIP a learned bias besides.
fn pair(config: Config, text_class: &'static str, vision_class: &'static str) -> Model {
    let words = config.encoder("text_config", text_class).unwrap_or_else(|| config.emptied(text_class));
    let images = config.encoder("vision_config", vision_class).unwrap_or_else(|| config.emptied(vision_class));
    let mut model = text(words);
    let hidden = model.hidden_size;
    if text_class == "clip_text_model" {
        let width = config.size_or("projection_dim", 512);
        model.input.push(Tensor::vector(Role::Vision, towers::clip(images)));
        let projections = width.saturating_mul(hidden.saturating_add(images.size("hidden_size")));
        model.input.push(Tensor::vector(Role::Projector, projections));
        model.output.push(Tensor::vector(Role::Other, 1));
    } else {
        model.input.push(Tensor::vector(Role::Vision, towers::siglip(images)));
        model.output.extend(text_head(words, hidden));
        model.output.push(Tensor::vector(Role::Other, 2));
    }
    model
}
