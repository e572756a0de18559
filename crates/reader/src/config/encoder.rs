//! Encoders: models whose tokens all see each other in one pass, with nothing kept afterwards (BERT and its kin).

use super::architecture;
use super::dense::LLAMA;
use super::keys::Config;
use super::parts::{Norm, Shape, attend_both_ways, dense_layer, share, vector};
use ridgepoint_core::{
    AttentionBias, Head, Layer, Layers, MlpRoles, MlpShape, Model, Reach, Role, Tensor, attention_tensors, linear,
    mlp_tensors,
};

/// Where the vector of a whole text comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pooler {
    /// From a layer of the bare model.
    Model,
    /// From a layer that comes with a classifier only.
    Classifier,
    /// From a layer of the classifier, which counts as a part of it.
    InClassifier,
}

/// What distinguishes a family of encoders.
#[derive(Clone, Copy)]
struct Family {
    model_type: &'static str,
    /// Whether there is a table of positions; others rotate or bias instead.
    positions: bool,
    /// Whether there is a table of segments, `type_vocab_size` of them.
    segments: bool,
    /// Biases of attention.
    bias: bool,
    mlp: Mlp,
    pooler: Pooler,
}

/// The MLP of a family.
#[derive(Clone, Copy)]
enum Mlp {
    /// Two matrices with biases.
    Plain,
    /// Three matrices without.
    Gated,
    /// Three matrices, the last with a bias (GTE).
    GatedBiasedDown,
}

const BERT: Family =
    Family { model_type: "bert", positions: true, segments: true, bias: true, mlp: Mlp::Plain, pooler: Pooler::Model };

const FAMILIES: &[Family] = &[
    BERT,
    Family { model_type: "deberta-v2", pooler: Pooler::Classifier, ..BERT },
    Family { model_type: "distilbert", segments: false, pooler: Pooler::InClassifier, ..BERT },
    Family { model_type: "electra", pooler: Pooler::InClassifier, ..BERT },
    Family { model_type: "gte", positions: false, mlp: Mlp::GatedBiasedDown, pooler: Pooler::Classifier, ..BERT },
    Family { model_type: "mpnet", segments: false, ..BERT },
    Family {
        model_type: "nomic_bert",
        positions: false,
        bias: false,
        mlp: Mlp::Gated,
        pooler: Pooler::Classifier,
        ..BERT
    },
    Family { model_type: "roberta", ..BERT },
    Family { model_type: "xlm-roberta", ..BERT },
];

/// What stands behind the last layer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Task {
    /// Nothing but the pooler of the family.
    Embedding,
    /// A head over the vocabulary.
    MaskedWords,
    /// The same, a pooler, and a classifier of pairs of sentences.
    PreTraining,
    /// A class for the text.
    Text,
    /// A class for each token.
    Tokens,
}

impl Task {
    /// What the end of the architecture's name says.
    fn read(config: Config) -> Self {
        match architecture(config).map(|name| name.find("For").map_or(name, |start| &name[start..])) {
            None => Self::Embedding,
            Some(name) if name.ends_with("Model") => Self::Embedding,
            Some("ForMaskedLM") => Self::MaskedWords,
            Some("ForPreTraining") => Self::PreTraining,
            Some("ForSequenceClassification") => Self::Text,
            Some("ForTokenClassification" | "ForQuestionAnswering") => Self::Tokens,
            Some(other) => {
                config.contradiction(format!(
                    "architectures should be a bare model or one ForMaskedLM, ForPreTraining, \
                     ForSequenceClassification, ForTokenClassification or ForQuestionAnswering, and is: {other}"
                ));
                Self::Embedding
            }
        }
    }
}

/// How many classes a classifier tells apart: two unless the file names them.
fn labels(config: Config) -> u64 {
    let named = config.entries("id2label");
    if named > 0 { named } else { config.size_or("num_labels", 2) }
}

/// An encoder of one of the families.
pub(super) fn read(config: Config, model_type: &str) -> Option<Model> {
    let model = match model_type {
        "eurobert" => eurobert(config),
        "modernbert" => modernbert(config),
        _ => bert(config, FAMILIES.iter().find(|family| family.model_type == model_type)?),
    };
    if config.flag("is_decoder") {
        config.contradiction("an encoder that is used as a decoder is not counted; is_decoder should be false".into());
    }
    Some(model)
}

/// The width of attention and MLP.
fn dimensions(config: Config) -> Shape {
    let shape = Shape::read_outside_attention(config);
    Shape { head_dim: share(config, shape.hidden, shape.heads), ..shape }
}

fn bert(config: Config, family: &Family) -> Model {
    let shape = dimensions(config);
    let hidden = shape.hidden;
    if config.count("num_experts") > 1 {
        config.contradiction("experts in an encoder are not counted; num_experts should be 0".to_owned());
    }
    let bias = AttentionBias { qkv: family.bias, output: family.bias };
    let mut attention = attention_tensors(shape.attention(), hidden, bias);
    attention.extend(position_projections(config, family, hidden));
    attention.extend(Norm::Layer.tensors(hidden, 2));
    let mlp = family.mlp(hidden, config.size("intermediate_size"));
    let mixer = attend_both_ways(shape.attention(), Reach::Full);
    let layer = dense_layer(mixer, &attention, &mlp);
    let mut model = bare(&shape, (0..shape.layers).map(|_| layer.clone()).collect());

    // ELECTRA embeds in a narrower space.
    let width = config.size_or("embedding_size", hidden);
    model.input = vec![Tensor::matrix(Role::TokenEmbedding, shape.vocab, width)];
    if family.positions && config.flag_or("position_biased_input", true) {
        model.input.push(Tensor::matrix(Role::PositionEmbedding, config.size("max_position_embeddings"), width));
    }
    let segments = if family.segments { config.count("type_vocab_size") } else { 0 };
    if segments > 0 {
        model.input.push(Tensor::matrix(Role::PositionEmbedding, segments, width));
    }
    let is_normed_wide = family.model_type == "deberta-v2";
    model.input.extend(Norm::Layer.tensors(if is_normed_wide { hidden } else { width }, 1));
    if width != hidden {
        model.input.extend(linear(Role::Other, hidden, width, family.model_type == "electra"));
    }
    model.input.extend(relative_positions(config, family, &shape));
    family.finish(config, &mut model, width);
    model
}

/// DeBERTa's tables of relative positions (arXiv:2006.03654) with the convolution of its largest models, and MPNet's
/// biases.
fn relative_positions(config: Config, family: &Family, shape: &Shape) -> Vec<Tensor> {
    let hidden = shape.hidden;
    if family.model_type == "mpnet" {
        return vec![Tensor::vector(Role::AttentionOther, config.size("relative_attention_num_buckets") * shape.heads)];
    }
    let mut tensors = Vec::new();
    if config.flag("relative_attention") {
        let positive = |key| if config.is_negative(key) { None } else { config.optional(key).filter(|&n| n > 0) };
        let reach = positive("position_buckets").or_else(|| positive("max_relative_positions"));
        let reach = reach.unwrap_or_else(|| config.size("max_position_embeddings"));
        tensors.extend(vector(Role::AttentionOther, reach.saturating_mul(2 * hidden)));
        if config.text("norm_rel_ebd").is_some_and(|norm| norm.contains("layer_norm")) {
            tensors.extend(Norm::Layer.tensors(hidden, 1));
        }
    }
    let kernel = config.count("conv_kernel_size");
    if kernel > 0 {
        let channels = hidden / config.size_or("conv_groups", 1);
        tensors.extend(vector(Role::Other, hidden * channels * kernel + hidden));
        tensors.extend(Norm::Layer.tensors(hidden, 1));
    }
    tensors
}

/// DeBERTa's projections of relative positions, unless they are those of queries and keys.
fn position_projections(config: Config, family: &Family, hidden: u64) -> Vec<Tensor> {
    if family.model_type != "deberta-v2" || !config.flag("relative_attention") || config.flag("share_att_key") {
        return Vec::new();
    }
    // A list, or one text with bars.
    let kinds = if config.is_text("pos_att_type") {
        config.text("pos_att_type").map_or_else(Vec::new, |kinds| kinds.split('|').map(str::trim).collect())
    } else {
        config.words("pos_att_type").unwrap_or_default()
    };
    let used = ["c2p", "p2c"].into_iter().filter(|kind| kinds.contains(kind));
    used.flat_map(|_| linear(Role::AttentionOther, hidden, hidden, true)).collect()
}

/// The model around `layers`, without embeddings, final norm and head.
fn bare(shape: &Shape, layers: Layers) -> Model {
    Model { input: Vec::new(), head: Head::None, ..shape.model(layers, Norm::Plain) }
}

impl Family {
    fn mlp(&self, hidden_size: u64, intermediate_size: u64) -> Vec<Tensor> {
        let of =
            |gated, bias| mlp_tensors(MlpRoles::DENSE, MlpShape { hidden_size, intermediate_size, gated, bias }, 1);
        match self.mlp {
            Mlp::Plain => of(false, true),
            Mlp::Gated => of(true, false),
            Mlp::GatedBiasedDown => [of(true, false), vec![Tensor::vector(Role::Down, hidden_size)]].concat(),
        }
    }

    /// Adds what stands behind the layers. `width` is that of the embedding.
    fn finish(&self, config: Config, model: &mut Model, width: u64) {
        let hidden = model.hidden_size;
        let task = Task::read(config);
        let pooler = linear(Role::Other, hidden, hidden, true);
        let classifier = |classes| linear(Role::Head, classes, hidden, true);
        // RoBERTa's classifiers have a layer of their own instead of the pooler.
        let in_classifier =
            self.pooler == Pooler::InClassifier || matches!(self.model_type, "roberta" | "xlm-roberta" | "mpnet");
        match task {
            Task::Embedding if self.pooler == Pooler::Model => model.output.extend(pooler),
            Task::Embedding => {}
            Task::Text if in_classifier => {
                model.output.extend(classifier(hidden));
                model.output.extend(classifier(labels(config)));
            }
            Task::Text => {
                model.output.extend(pooler);
                model.output.extend(classifier(labels(config)));
            }
            Task::Tokens => model.output.extend(classifier(labels(config))),
            // ELECTRA is trained to find replaced words.
            Task::PreTraining if self.model_type == "electra" => {
                model.output.extend(classifier(hidden));
                model.output.extend(classifier(1));
            }
            Task::MaskedWords | Task::PreTraining => {
                // A transform, then the embedding again with a bias for each word.
                model.output.extend(linear(Role::Head, width, hidden, true));
                model.output.extend(Norm::Layer.tensors(width, 1));
                model.output.push(Tensor::vector(Role::Head, model.vocab_size));
                model.head = words(config, model.vocab_size, width);
                if task == Task::PreTraining {
                    model.output.extend(pooler);
                    model.output.extend(classifier(2));
                }
            }
        }
    }
}

/// The matrix over the vocabulary.
fn words(config: Config, vocab: u64, width: u64) -> Head {
    let matrix = Tensor::matrix(Role::Head, vocab, width);
    if config.flag_or("tie_word_embeddings", true) { Head::Tied(matrix) } else { Head::Own(matrix) }
}

/// ModernBERT (arXiv:2412.13663): gated MLPs, and full attention in every third layer, a window in the others.
fn modernbert(config: Config) -> Model {
    let shape = dimensions(config);
    let hidden = shape.hidden;
    let biased = config.flag("attention_bias");
    let bias = AttentionBias { qkv: biased, output: biased };
    let attention = attention_tensors(shape.attention(), hidden, bias);
    let norm = if config.flag("norm_bias") { Norm::Layer } else { Norm::LayerScale };
    let mlp = LLAMA.mlp(config, hidden, config.size("intermediate_size"));
    // Half of the window to each side, and the token itself.
    let window = Reach::Sliding(config.size_or("local_attention", 128) / 2 * 2 + 1);
    let full: Vec<bool> = match config.layer_words("layer_types", shape.layers) {
        Some(types) => types.into_iter().map(|kind| kind == "full_attention").collect(),
        None => {
            let every = config.size_or("global_attn_every_n_layers", 3);
            (0..shape.layers).map(|index| index.is_multiple_of(every)).collect()
        }
    };
    let layers: Layers = full
        .into_iter()
        .enumerate()
        .map(|(index, full)| {
            // The norm of the embedding is also that before the first attention.
            let norms = norm.tensors(hidden, if index == 0 { 1 } else { 2 });
            let mixer = attend_both_ways(shape.attention(), if full { Reach::Full } else { window });
            dense_layer(mixer, &[attention.clone(), norms].concat(), &mlp)
        })
        .collect();
    let mut model = bare(&shape, layers);
    model.input = vec![Tensor::matrix(Role::TokenEmbedding, shape.vocab, hidden)];
    model.input.extend(norm.tensors(hidden, 1));
    model.output = norm.tensors(hidden, 1);
    let task = Task::read(config);
    if task != Task::Embedding {
        model.output.extend(linear(Role::Head, hidden, hidden, config.flag("classifier_bias")));
        model.output.extend(norm.tensors(hidden, 1));
    }
    match task {
        Task::Embedding => {}
        Task::Text | Task::Tokens => model.output.extend(linear(Role::Head, labels(config), hidden, true)),
        Task::MaskedWords | Task::PreTraining => {
            model.output.extend(vector(Role::Head, if config.flag_or("decoder_bias", true) { shape.vocab } else { 0 }));
            model.head = words(config, shape.vocab, hidden);
        }
    }
    model
}

/// EuroBERT (arXiv:2503.05500): the layers of Llama, looking both ways.
fn eurobert(config: Config) -> Model {
    let shape = Shape::read(config);
    let hidden = shape.hidden;
    let attention = LLAMA.attention_and_norms(config, shape.attention(), hidden);
    let mlp = LLAMA.mlp(config, hidden, config.size("intermediate_size"));
    let layer: Layer = dense_layer(attend_both_ways(shape.attention(), Reach::Full), &attention, &mlp);
    let mut model = shape.model((0..shape.layers).map(|_| layer.clone()).collect(), Norm::Rms);
    model.head = Head::None;
    match Task::read(config) {
        Task::Embedding => {}
        Task::Tokens => model.output.extend(linear(Role::Head, labels(config), hidden, true)),
        Task::Text => {
            model.output.extend(linear(Role::Head, hidden, hidden, true));
            model.output.extend(linear(Role::Head, labels(config), hidden, true));
        }
        Task::MaskedWords | Task::PreTraining => {
            model.head = words(config, shape.vocab, hidden);
            model.output.extend(vector(Role::Head, if config.flag("mlp_bias") { shape.vocab } else { 0 }));
        }
    }
    model
}
