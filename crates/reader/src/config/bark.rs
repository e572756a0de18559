//! Bark: three transformers that turn text into sound codes step by step, and a codec that turns those into sound.
//!
//! They run one after another with contexts of their own, so their tensors stand in front of no layers: the weights are
//! counted, a cache is not.

use super::keys::Config;
use ridgepoint_core::{GgufLayout, Head, Latent, Layers, MlpRoles, MlpShape, Model, Role, Tensor, linear, mlp_tensors};

/// Weights of the encoder and the decoder of EnCodec at 24 kHz (arXiv:2210.13438), without its codebooks: the modules of
/// transformers 5.23.0.
const ENCODEC: u64 = 14_851_810;

/// `semantic_rate_hz` 49.9, `coarse_rate_hz` 75 with two codebooks, and all eight codebooks at that rate: Bark's
/// generation configuration. EnCodec makes a frame of 8 x 5 x 4 x 2 of 24,000 samples.
const RATES: Latent = Latent::Sound { semantic: 499, coarse: 1500, fine: 6000 };

/// The model that `config` describes.
pub(super) fn read(config: Config, model_type: &str) -> Option<Model> {
    if model_type != "bark" {
        return None;
    }
    let codec = config.encoder("codec_config", "encodec");
    if codec.is_some_and(|codec| codec.size_or("num_filters", 32) != 32 || codec.size_or("hidden_size", 128) != 128) {
        config.contradiction("a codec other than EnCodec at 24 kHz is not counted; leave codec_config out".to_owned());
    }
    let parts = ["semantic_config", "coarse_acoustics_config", "fine_acoustics_config"];
    let mut input = Vec::new();
    let mut hidden_size = 1;
    for (index, key) in parts.into_iter().enumerate() {
        let part = config.encoder(key, "bark").unwrap_or_else(|| config.emptied("bark"));
        hidden_size = part.size("hidden_size");
        input.extend(transformer(part, index == 2));
    }
    input.push(Tensor::vector(Role::Audio, ENCODEC));
    Some(Model {
        hidden_size,
        vocab_size: 0,
        context_limit: None,
        input,
        layers: Layers::default(),
        output: Vec::new(),
        head: Head::None,
        mtp_parameters: 0,
        gguf: GgufLayout::default(),
        picture: None,
        vision: None,
        sound: None,
        latent: Some(RATES),
    })
}

/// Weights of one of the transformers. The last one, `fine`, has a table for each of its codes, which are its heads too.
fn transformer(part: Config, fine: bool) -> Vec<Tensor> {
    let (hidden, layers) = (part.size("hidden_size"), part.size("num_hidden_layers"));
    let (words, biased) = (part.size("input_vocab_size"), part.flag("bias"));
    let tables = if fine { part.size_or("n_codes_total", 8) } else { 1 };
    let mut tensors = vec![
        Tensor::matrix(Role::TokenEmbedding, words, hidden).times(tables),
        Tensor::matrix(Role::PositionEmbedding, part.size("block_size"), hidden),
    ];
    if !fine {
        tensors.push(Tensor::matrix(Role::Head, part.size("output_vocab_size"), hidden));
    }
    for role in [Role::Query, Role::Key, Role::Value, Role::AttentionOutput] {
        tensors.extend(linear(role, hidden, hidden, biased).into_iter().map(|tensor| tensor.times(layers)));
    }
    let mlp = MlpShape { hidden_size: hidden, intermediate_size: 4 * hidden, gated: false, bias: biased };
    tensors.extend(mlp_tensors(MlpRoles::DENSE, mlp, layers));
    // The norms of the last one always have shifts.
    let shifts = if fine || biased { 2 } else { 1 };
    tensors.push(Tensor::vector(Role::Norm, shifts * hidden * (2 * layers + 1)));
    tensors
}
