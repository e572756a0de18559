//! From a published `config.json` to a [`Model`]: the one path that the catalogue, pasted text, fetched files and the
//! tests share.
//!
//! The rules are those of the modelling code in transformers 5.23.0 and, for families that it does not have, of the
//! code that their publishers ship. Every entry of the catalogue is checked against exact counts in
//! `tests/catalogue.rs`.

mod bark;
mod clip;
mod composite;
mod dense;
mod diffusion;
mod encoder;
mod fields;
mod gated;
mod gemma;
mod gguf;
mod hybrid;
mod keys;
mod latent;
mod legacy;
mod linear;
mod mixture;
mod normalise;
mod parts;
mod per_layer;
mod pictures;
mod reach;
mod recurrent;
mod seq2seq;
mod sound;
mod sparse;
mod state_space;
mod storage;
mod towers;
mod unverified;
mod vision;
mod zyphra;

use keys::{Config, Problems};
pub use normalise::normalise_config;
use ridgepoint_core::{Head, Model};
use serde_json::{Map, Value};
use std::fmt;

/// A model, and what had to be assumed to build it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedConfig {
    /// The model.
    pub model: Model,
    /// What the file leaves open, in the order of reading.
    pub warnings: Vec<ConfigWarning>,
}

/// Something that a configuration leaves open or that we do not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigWarning {
    /// A dimension is absent; the library's class says this.
    DefaultUsed {
        /// The absent field.
        key: String,
        /// What the class says.
        value: u64,
    },
    /// The weights are quantised in a way that we have no exact sizes for; they are counted in the unquantised format.
    UnknownQuantisation(String),
    /// An encoder beside the language model whose weights are not counted.
    TowerNotCounted(String),
    /// There are no rules for this family; its fields are those of a plain decoder, and it is counted as one.
    Unverified {
        /// What the file calls the family.
        model_type: String,
        /// What it is counted as.
        counted_as: &'static str,
    },
    /// The most crops of a picture depend on which model this is, and the file does not tell; they are assumed.
    CropsAssumed(u64),
}

impl fmt::Display for ConfigWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DefaultUsed { key, value } => {
                write!(f, "{key} is absent, so the default of its class is used: {value}")
            }
            Self::UnknownQuantisation(name) => {
                write!(f, "this quantisation has no exact sizes here, so 16-bit weights are assumed: {name}")
            }
            Self::TowerNotCounted(key) => write!(f, "the weights of this encoder are not counted: {key}"),
            Self::Unverified { model_type, counted_as } => {
                write!(f, "not verified for this architecture, which is counted as {counted_as}: {model_type}")
            }
            Self::CropsAssumed(most) => {
                write!(f, "the preprocessor says into how many crops a picture is cut, so this is assumed: {most}")
            }
        }
    }
}

/// Why a text cannot be read as the configuration of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// The text is not JSON.
    NotJson {
        /// Line of the first mistake, from 1.
        line: usize,
        /// Column of the first mistake, from 1.
        column: usize,
    },
    /// The text is JSON, but not an object.
    NotAnObject,
    /// Fields without which the model is unknown.
    Missing(Vec<String>),
    /// A field holds something else than it should.
    WrongType {
        /// The field.
        key: String,
        /// What it should hold.
        expected: &'static str,
    },
    /// A number is too large, negative, broken or zero where something must exist.
    OutOfRange {
        /// The field.
        key: String,
        /// What it holds.
        value: String,
        /// The largest value that we accept.
        most: u64,
    },
    /// An architecture that we have no rules for and that cannot be estimated as a plain decoder.
    UnknownModelType {
        /// What the file calls it.
        model_type: String,
        /// Fields of a plain decoder that are not there. If none is missing, others speak of something else.
        missing: Vec<String>,
    },
    /// A number format that we do not know.
    UnknownDtype(String),
    /// Two fields contradict each other: a sentence that names them.
    Inconsistent(String),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson { line, column } => {
                write!(
                    f,
                    "this is not JSON; paste the whole config.json. First mistake at line {line}, column {column}"
                )
            }
            Self::NotAnObject => write!(f, "a config.json is an object: it starts with {{ and ends with }}"),
            Self::Missing(keys) => write!(f, "add what is missing: {}", keys.join(", ")),
            Self::WrongType { key, expected } => write!(f, "{key} should be {expected}"),
            Self::OutOfRange { key, value, most } => {
                write!(f, "{key} should be a whole number from 1 to {most}, and is: {value}")
            }
            Self::UnknownModelType { model_type, missing } if missing.is_empty() => {
                write!(
                    f,
                    "there are no rules for this model_type; use that of a model with the same layers: {model_type}"
                )
            }
            Self::UnknownModelType { model_type, missing } => {
                let missing = missing.join(", ");
                write!(
                    f,
                    "there are no rules for this model_type; for an estimate as a decoder like Llama add {missing}: \
                     {model_type}"
                )
            }
            Self::UnknownDtype(name) => {
                write!(f, "dtype should be float32, float16 or bfloat16, and is: {name}")
            }
            Self::Inconsistent(sentence) => f.write_str(sentence),
        }
    }
}

impl std::error::Error for ConfigError {}

/// Reads the text of a `config.json`.
///
/// ```
/// # use ridgepoint_reader::parse_config;
/// let parsed = parse_config(r#"{
///     "model_type": "llama", "num_hidden_layers": 32, "hidden_size": 4096, "intermediate_size": 14336,
///     "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128256, "tie_word_embeddings": false
/// }"#)?;
/// assert_eq!(parsed.model.parameters().total(), 8_030_261_248);
/// # Ok::<(), ridgepoint_reader::ConfigError>(())
/// ```
pub fn parse_config(text: &str) -> Result<ParsedConfig, ConfigError> {
    parse_fields(&fields_of(text)?)
}

/// The fields of the text of a configuration.
fn fields_of(text: &str) -> Result<Map<String, Value>, ConfigError> {
    // Python writes Infinity and NaN, which JSON does not have: `"time_step_limit": [0.0, Infinity]`.
    let value = serde_json::from_str(text).or_else(|error| {
        let not_json = ConfigError::NotJson { line: error.line(), column: error.column() };
        serde_json::from_str(&without_python_numbers(text)).map_err(|_| not_json)
    })?;
    match value {
        Value::Object(fields) => Ok(fields),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(ConfigError::NotAnObject)
        }
    }
}

/// Reads the fields of a configuration.
fn parse_fields(fields: &Map<String, Value>) -> Result<ParsedConfig, ConfigError> {
    let problems = Problems::default();
    let config = Config::new(fields, &problems);
    let model = read_model(config);
    let warnings = problems.finish()?;
    // Without a problem there is a model; each reader that gives up says why.
    let model = model.ok_or(ConfigError::Missing(vec!["model_type".to_owned()]))?;
    if model.parameters().total() > MOST_PARAMETERS {
        let sentence = format!("together the dimensions make more than {MOST_PARAMETERS} parameters");
        return Err(ConfigError::Inconsistent(sentence));
    }
    Ok(ParsedConfig { model, warnings })
}

/// A thousand times the largest model that exists; beyond it a file is a mistake.
const MOST_PARAMETERS: u64 = 10_u64.pow(15);

/// Names under which older files and other tools know a family.
const SAME_AS: &[(&str, &str)] = &[
    ("Yi", "llama"),
    ("camembert", "xlm-roberta"),
    ("deepseek_ref", "deepseek_v4"),
    ("glm5_next_text", "glm5_next"),
    ("kimi_k2", "deepseek_v3"),
    ("minimax_m3_vl_text", "minimax_m3"),
    ("mistral3_text", "mistral"),
    ("mistral_large4_text", "mistral_large4"),
    ("phi-msft", "phi"),
    ("phi4", "phi3"),
    ("qwen2_5_omni_text", "qwen2"),
    ("qwen2_5_vl_text", "qwen2"),
    ("qwen2_vl_text", "qwen2"),
    ("qwen3_omni_moe_text", "qwen3_moe"),
    ("qwen3_vl_moe_text", "qwen3_moe"),
    ("qwen3_vl_text", "qwen3"),
    ("stablelm_epoch", "stablelm"),
];

/// The family whose rules apply to `model_type`.
fn canonical(model_type: &str) -> &str {
    SAME_AS.iter().find(|(name, _)| *name == model_type).map_or(model_type, |(_, family)| family)
}

fn read_model(config: Config) -> Option<Model> {
    // The networks of image generators have a class instead of a family.
    if !config.says("model_type") && config.says("_class_name") {
        return diffusion::read(config);
    }
    let model_type = config.required_text("model_type")?;
    let model_type = canonical(model_type);
    let mut model = match clip::read(config, model_type)
        .or_else(|| bark::read(config, model_type))
        .or_else(|| composite::read(config, model_type))
    {
        Some(model) => model,
        None => {
            let mut model = read_text_model(config.of_class(model_type), model_type)?;
            if has_no_head(config) {
                model.head = Head::None;
            }
            model
        }
    };
    let text = composite::LANGUAGE_MODELS.iter().find_map(|key| config.child(key));
    let family = text.and_then(|text| text.text("model_type")).map_or(model_type, canonical);
    model.gguf = gguf::layout(text.unwrap_or(config), family, &model);
    Some(storage::note_formats(config, family, model))
}

/// The language model that `config` itself describes.
fn read_text_model(config: Config, model_type: &str) -> Option<Model> {
    let model = dense::read(config, model_type)
        .or_else(|| mixture::read(config, model_type))
        .or_else(|| latent::read(config, model_type))
        .or_else(|| per_layer::read(config, model_type))
        .or_else(|| gemma::read(config, model_type))
        .or_else(|| hybrid::read(config, model_type))
        .or_else(|| linear::read(config, model_type))
        .or_else(|| sparse::read(config, model_type))
        .or_else(|| state_space::read(config, model_type))
        .or_else(|| gated::read(config, model_type))
        .or_else(|| zyphra::read(config, model_type))
        .or_else(|| legacy::read(config, model_type))
        .or_else(|| encoder::read(config, model_type))
        .or_else(|| seq2seq::read(config, model_type))
        .or_else(|| unverified::read(config, model_type));
    model.map(|model| Model {
        context_limit: config.optional("max_position_embeddings").or(model.context_limit),
        ..model
    })
}

/// The class that the file was written for. Parts of image generators name it in a field of their own.
fn architecture<'a>(config: Config<'a>) -> Option<&'a str> {
    let listed = config.list("architectures").and_then(|all| all.first()).and_then(Value::as_str);
    listed.or_else(|| config.text("_class_name"))
}

/// Whether the architecture is a bare encoder, as embedding models publish it: `Qwen3Model`, not `Qwen3ForCausalLM`.
fn has_no_head(config: Config) -> bool {
    architecture(config).is_some_and(|name| {
        name.ends_with("Model") && !name.ends_with("LMHeadModel") && !matches!(name, "ChatGLMModel" | "MarianMTModel")
    })
}

/// The text with `Infinity` and `NaN` outside strings replaced by `null`.
fn without_python_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside_string = false;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let number = ["-Infinity", "Infinity", "NaN"].into_iter().find(|word| rest.starts_with(word));
        let taken = match (inside_string, first, number) {
            (false, _, Some(word)) => {
                out.push_str("null");
                rest = &rest[word.len()..];
                continue;
            }
            (true, '\\', _) => rest.chars().take(2).map(char::len_utf8).sum(),
            (_, '"', _) => {
                inside_string = !inside_string;
                1
            }
            _ => first.len_utf8(),
        };
        out.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    out
}
