//! Encoder-decoders: an encoder reads the prompt, a decoder writes the answer and attends to what the encoder made.
//!
//! Each decoder layer is two [`Layer`]s: self-attention, then cross-attention with the MLP.

use super::fields::MOST_LAYERS;
use super::keys::Config;
use super::parts::{Norm, Shape, attend, attend_both_ways, dense_layer, gated_mlp, share, vector};
use super::{architecture, has_no_head};
use ridgepoint_core::{
    Attention, AttentionBias, CacheOwner, FeedForward, GgufLayout, Head, Layer, Layers, Mixer, MlpRoles, MlpShape,
    Model, Reach, Role, Selection, Source, Tensor, attention_tensors, mlp_tensors,
};

/// An encoder-decoder of one of the families.
pub(super) fn read(config: Config, model_type: &str) -> Option<Model> {
    match model_type {
        "dia" => dia(config),
        "mt5" | "t5" | "umt5" => Some(t5(config, model_type)),
        "whisper" => Some(whisper(config)),
        _ => FAMILIES.iter().find(|family| family.model_type == model_type).map(|family| bart(config, family)),
    }
}

/// One of the two stacks.
struct Half {
    layers: u64,
    attention: Attention,
    /// Weights of one attention with its norm.
    attending: Vec<Tensor>,
    /// Weights of one MLP with its norm.
    mlp: Vec<Tensor>,
}

impl Half {
    /// The layers of an encoder. The first has `first` besides.
    fn encoder(&self, first: &[Tensor]) -> impl Iterator<Item = Layer> {
        let mixer = attend_both_ways(self.attention, Reach::Full);
        (0..self.layers.min(MOST_LAYERS)).map(move |index| {
            let first = if index == 0 { first } else { &[] };
            dense_layer(mixer, &[&self.attending, first].concat(), &self.mlp)
        })
    }

    /// The layers of a decoder with this cross-attention. The first has `first` besides.
    fn decoder(&self, cross: &Cross, first: &[Tensor]) -> impl Iterator<Item = Layer> {
        let (cache, reach, selection) = (CacheOwner::Encoder(cross.source), Reach::Full, Selection::All);
        let mixer = Mixer::Attention { attention: cross.attention, reach, cache, selection };
        (0..self.layers.min(MOST_LAYERS)).flat_map(move |index| {
            let first = if index == 0 { first } else { &[] };
            let own = Layer {
                mixer: attend(self.attention, Reach::Full),
                feed_forward: FeedForward::None,
                tensors: [&self.attending, first].concat(),
                reused: Vec::new(),
            };
            [own, dense_layer(mixer, &cross.tensors, &self.mlp)]
        })
    }

    /// Cross-attention shaped like this stack's own.
    fn crossing(&self, source: Source) -> Cross {
        Cross { attention: self.attention, tensors: self.attending.clone(), source }
    }
}

/// Attention of a decoder to what an encoder made.
struct Cross {
    attention: Attention,
    /// Its weights with its norm.
    tensors: Vec<Tensor>,
    source: Source,
}

/// Full attention of `heads` heads of this width.
const fn multi_head(heads: u64, head_dim: u64) -> Attention {
    Attention::Grouped { heads, kv_heads: heads, key_dim: head_dim, value_dim: head_dim }
}

/// The model around `layers`, without input and output.
fn around(config: Config, hidden_size: u64, vocab_size: u64, layers: Layers) -> Model {
    let matrix = Tensor::matrix(Role::Head, vocab_size, hidden_size);
    let tied = config.flag_or("tie_word_embeddings", true);
    let head = if tied { Head::Tied(matrix) } else { Head::Own(matrix) };
    Model {
        hidden_size,
        vocab_size,
        context_limit: None,
        input: Vec::new(),
        layers,
        output: Vec::new(),
        head: if has_no_head(config) { Head::None } else { head },
        mtp_parameters: 0,
        gguf: GgufLayout::default(),
        picture: None,
        vision: None,
        sound: None,
        latent: None,
    }
}

/// T5 (arXiv:1910.10683): RMS norms, no biases, and positions as biases that each stack learns once; umT5 learns them
/// in every layer.
fn t5(config: Config, model_type: &str) -> Model {
    let (hidden, vocab) = (config.size("hidden_size"), config.size("vocab_size"));
    let (heads, layers) = (config.size("num_attention_heads"), config.size("num_hidden_layers"));
    let attention = multi_head(heads, config.size("d_kv"));
    let shape = MlpShape {
        hidden_size: hidden,
        intermediate_size: config.size("intermediate_size"),
        gated: config.text("feed_forward_proj").is_some_and(|activation| activation.starts_with("gated")),
        bias: false,
    };
    let norm = || Norm::Rms.tensors(hidden, 1);
    let projections = attention_tensors(attention, hidden, AttentionBias::default());
    let half = |layers| Half {
        layers,
        attention,
        attending: [projections.clone(), norm()].concat(),
        mlp: [mlp_tensors(MlpRoles::DENSE, shape, 1), norm()].concat(),
    };
    let distances = vector(Role::AttentionOther, config.size("relative_attention_num_buckets") * heads);
    let (encoder, decoder) = (half(layers), half(config.size_or("num_decoder_layers", layers)));

    let only_encoder = architecture(config).is_some_and(|name| name.ends_with("EncoderModel"));
    let mut all: Layers = encoder.encoder(&distances).collect();
    if !only_encoder {
        decoder.decoder(&decoder.crossing(Source::Prompt), &distances).for_each(|layer| all.push(layer));
    }
    if model_type == "umt5" {
        all = in_every_layer(&all, &distances);
    }
    let mut model = around(config, hidden, vocab, all);
    model.input = vec![Tensor::matrix(Role::TokenEmbedding, vocab, hidden)];
    // The final norm of the encoder stands in the middle; of two, one is behind all layers.
    model.input.extend(if only_encoder { Vec::new() } else { norm() });
    model.output = norm();
    model
}

/// The same layers with the biases of positions in each self-attention, not only in the first.
fn in_every_layer(layers: &Layers, distances: &[Tensor]) -> Layers {
    let with_distances = |kind: usize| {
        let layer = &layers.kinds()[kind];
        let has_them = layer.tensors.iter().any(|tensor| tensor.role == Role::AttentionOther);
        let more = if has_them || layer.mixer.source().is_some() { &[] } else { distances };
        Layer { tensors: [&layer.tensors, more].concat(), ..layer.clone() }
    };
    layers.order().map(with_distances).collect()
}

/// How positions enter.
#[derive(Clone, Copy)]
enum Positions {
    /// Not as weights.
    Computed,
    /// As a table in each stack, with so many more entries than there are positions.
    Table(u64),
}

/// What distinguishes the descendants of BART (arXiv:1910.13461).
#[derive(Clone, Copy)]
struct Family {
    model_type: &'static str,
    positions: Positions,
    /// Whether each stack has a norm behind its embedding.
    norm_first: bool,
    /// Whether each stack has a norm behind its last layer.
    norm_last: bool,
    /// Whether a constant is added to the logit of each word.
    logit_biases: bool,
}

const BART: Family = Family {
    model_type: "bart",
    positions: Positions::Table(2),
    norm_first: true,
    norm_last: false,
    logit_biases: true,
};

const FAMILIES: &[Family] = &[
    BART,
    Family { model_type: "blenderbot", positions: Positions::Table(0), norm_first: false, norm_last: true, ..BART },
    Family { model_type: "blenderbot-small", positions: Positions::Table(0), ..BART },
    Family {
        model_type: "m2m_100",
        positions: Positions::Computed,
        norm_first: false,
        norm_last: true,
        logit_biases: false,
    },
    Family { model_type: "marian", positions: Positions::Table(0), norm_first: false, ..BART },
    Family { model_type: "mbart", norm_last: true, ..BART },
    Family { model_type: "pegasus", positions: Positions::Table(0), norm_first: false, norm_last: true, ..BART },
];

/// A stack whose fields begin with `encoder` or `decoder`, with biases everywhere, of keys only where `key_bias`.
fn stack(config: Config, names: [&'static str; 3], hidden: u64, key_bias: bool) -> Half {
    let [layers, heads, width] = names;
    let heads = config.size(heads);
    let attention = multi_head(heads, share(config, hidden, heads));
    let norm = || Norm::Layer.tensors(hidden, 1);
    let mut attending = attention_tensors(attention, hidden, AttentionBias { qkv: true, output: true });
    if !key_bias {
        let is_key_bias = |tensor: &Tensor| *tensor == Tensor::vector(Role::Key, hidden);
        attending.retain(|tensor| !is_key_bias(tensor));
    }
    let shape = MlpShape { hidden_size: hidden, intermediate_size: config.size(width), gated: false, bias: true };
    Half {
        layers: config.size(layers),
        attention,
        attending: [attending, norm()].concat(),
        mlp: [mlp_tensors(MlpRoles::DENSE, shape, 1), norm()].concat(),
    }
}

const ENCODER: [&str; 3] = ["encoder_layers", "encoder_attention_heads", "encoder_ffn_dim"];
const DECODER: [&str; 3] = ["decoder_layers", "decoder_attention_heads", "decoder_ffn_dim"];

fn bart(config: Config, family: &Family) -> Model {
    let (hidden, vocab) = (config.size("hidden_size"), config.size("vocab_size"));
    let encoder = stack(config, ENCODER, hidden, true);
    let decoder = stack(config, DECODER, hidden, true);
    let layers = encoder.encoder(&[]).chain(decoder.decoder(&decoder.crossing(Source::Prompt), &[])).collect();
    let mut model = around(config, hidden, vocab, layers);
    if !config.flag_or("share_encoder_decoder_embeddings", true)
        || config.optional("decoder_vocab_size").is_some_and(|size| size != vocab)
    {
        config.contradiction(
            "separate vocabularies of encoder and decoder are not counted; share_encoder_decoder_embeddings should be true"
                .to_owned(),
        );
    }
    model.input = vec![Tensor::matrix(Role::TokenEmbedding, vocab, hidden)];
    if let Positions::Table(more) = family.positions {
        let positions = config.size("max_position_embeddings") + more;
        model.input.extend([Tensor::matrix(Role::PositionEmbedding, positions, hidden); 2]);
    }
    if family.norm_first {
        model.input.extend(Norm::Layer.tensors(hidden, 2));
    }
    if family.norm_last {
        model.output.extend(Norm::Layer.tensors(hidden, 2));
    }
    if family.logit_biases && model.head != Head::None {
        model.output.push(Tensor::vector(Role::Other, vocab));
    }
    model
}

/// Whisper (arXiv:2212.04356): two convolutions make 1500 vectors of 30 s of sound, whatever is said in them.
fn whisper(config: Config) -> Model {
    let (hidden, vocab) = (config.size("hidden_size"), config.size("vocab_size"));
    let frames = config.size("max_source_positions");
    let encoder = stack(config, ENCODER, hidden, false);
    let decoder = stack(config, DECODER, hidden, false);
    let layers = encoder.encoder(&[]).chain(decoder.decoder(&decoder.crossing(Source::Frames(frames)), &[])).collect();
    let mut model = around(config, hidden, vocab, layers);
    let kernel = 3;
    let convolutions = (config.size("num_mel_bins") + hidden) * hidden * kernel + 2 * hidden;
    let positions = config.size("max_target_positions");
    model.input = vec![
        Tensor::matrix(Role::TokenEmbedding, vocab, hidden),
        Tensor::matrix(Role::PositionEmbedding, frames, hidden),
        Tensor::matrix(Role::PositionEmbedding, positions, hidden),
        Tensor::vector(Role::Other, convolutions),
    ];
    model.input.extend(Norm::Layer.tensors(hidden, 1));
    model.output = Norm::Layer.tensors(hidden, 1);
    model.context_limit = Some(positions);
    model
}

/// Dia: an encoder of bytes of text, and a decoder that writes nine channels of sound codes at once.
fn dia(config: Config) -> Option<Model> {
    let encoder = config.encoder("encoder_config", "dia_encoder").unwrap_or_else(|| config.emptied("dia_encoder"));
    let decoder = config.encoder("decoder_config", "dia_decoder").unwrap_or_else(|| config.emptied("dia_decoder"));
    let (read, write) = (Shape::read(encoder), Shape::read(decoder));
    let half = |part: Config, shape: &Shape| {
        let attention = attention_tensors(shape.attention(), shape.hidden, AttentionBias::default());
        let norm = Norm::Rms.tensors(shape.hidden, 1);
        let mlp = gated_mlp(MlpRoles::DENSE, shape.hidden, part.size("intermediate_size"), 1);
        Half {
            layers: shape.layers,
            attention: shape.attention(),
            attending: [attention, norm.clone()].concat(),
            mlp: [mlp, norm].concat(),
        }
    };
    let (encode, decode) = (half(encoder, &read), half(decoder, &write));

    // Cross-attention has heads of its own, and keys and values as wide as the encoder's vectors.
    let (heads, width) = (decoder.size("cross_num_attention_heads"), decoder.size("cross_head_dim"));
    let kv_heads = decoder.size("cross_num_key_value_heads");
    let attention = Attention::Grouped { heads, kv_heads, key_dim: width, value_dim: width };
    let source = decoder.size("cross_hidden_size");
    let mut crossing = vec![
        Tensor::matrix(Role::Query, heads * width, write.hidden),
        Tensor::matrix(Role::Key, kv_heads * width, source),
        Tensor::matrix(Role::Value, kv_heads * width, source),
        Tensor::matrix(Role::AttentionOutput, write.hidden, heads * width),
    ];
    crossing.extend(Norm::Rms.tensors(write.hidden, 1));
    let cross = Cross { attention, tensors: crossing, source: Source::Prompt };
    let layers = encode.encoder(&[]).chain(decode.decoder(&cross, &[])).collect();

    let words = decoder.size("num_channels") * write.vocab;
    Some(Model {
        hidden_size: write.hidden,
        vocab_size: words,
        context_limit: decoder.optional("max_position_embeddings"),
        input: [
            vec![Tensor::matrix(Role::TokenEmbedding, read.vocab, read.hidden)],
            vec![Tensor::matrix(Role::TokenEmbedding, words, write.hidden)],
            Norm::Rms.tensors(read.hidden, 1),
        ]
        .concat(),
        layers,
        output: Norm::Rms.tensors(write.hidden, 1),
        head: Head::Own(Tensor::matrix(Role::Head, words, write.hidden)),
        mtp_parameters: 0,
        gguf: GgufLayout::default(),
        picture: None,
        vision: None,
        sound: None,
        latent: None,
    })
}
