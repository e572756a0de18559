//! Which architectures of llama.cpp become a model, and why the others do not.
//!
//! An architecture is in the table only if its layers are those of a configuration class. What the model then weighs
//! must be what the tensors of the file add up to.

use super::description::Source;
use super::{Header, Split};
use crate::config::{ConfigError, ParsedConfig, parse_config};
use serde_json::Value;
use std::fmt;

/// A model that a GGUF file describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// The same description as a `config.json`.
    pub config: String,
    /// The model.
    pub parsed: ParsedConfig,
}

/// Why a GGUF file gives no model. What its tensors weigh is known all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoModel {
    /// The metadata does not name an architecture.
    NoArchitecture,
    /// The file holds something else: an adapter, a projector, a table of importances.
    NotAModel(String),
    /// An architecture whose fields we cannot translate.
    UnknownArchitecture(String),
    /// The other parts of the model are needed too.
    Part(Split),
    /// A field that must be there.
    Missing(String),
    /// A field that holds something else than a whole number.
    WrongType(String),
    /// A field that differs from layer to layer, which the architecture's configuration cannot say.
    LayersDiffer(String),
    /// The fields are there but describe no model.
    Config(ConfigError),
    /// The model has other parameters than the file, so we have misread one of them.
    DoesNotAddUp {
        /// Parameters of the model.
        described: u64,
        /// Elements of the tensors.
        stored: u64,
    },
}

impl fmt::Display for NoModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoArchitecture => f.write_str("the file does not say which architecture it is"),
            Self::NotAModel(kind) => write!(f, "the file holds no model but: {}", super::super::shown(kind)),
            Self::UnknownArchitecture(name) => {
                write!(f, "paste the model's config.json; there are no rules for: {}", super::super::shown(name))
            }
            Self::Part(split) => {
                write!(f, "all {} parts of the model are needed; this is part: {}", split.parts, split.part + 1)
            }
            Self::Missing(name) => write!(f, "the metadata lacks: {name}"),
            Self::WrongType(name) => write!(f, "this field should be a whole number: {name}"),
            Self::LayersDiffer(name) => write!(f, "paste the model's config.json; the layers differ in: {name}"),
            Self::Config(error) => error.fmt(f),
            Self::DoesNotAddUp { described, stored } => write!(
                f,
                "paste the model's config.json; the metadata describe {described} parameters, and the tensors have: \
                 {stored}"
            ),
        }
    }
}

impl std::error::Error for NoModel {}

/// How many layers in a row make a group whose last is full, where a window exists and the file does not say.
#[derive(Clone, Copy)]
pub(super) enum Windows {
    /// Every layer has the window.
    All,
    /// All but the last of each group of so many.
    ButEvery(u64),
}

/// Where a class has the width of its experts.
#[derive(Clone, Copy)]
pub(super) enum ExpertWidth {
    /// In `moe_intermediate_size`, or there are none.
    Own,
    /// In `intermediate_size`.
    Intermediate,
}

use ExpertWidth::{Intermediate, Own};
use Windows::{All, ButEvery};

/// An architecture of llama.cpp, and the configuration class with the same layers.
pub(super) struct Architecture(
    pub(super) &'static str,
    pub(super) &'static str,
    pub(super) ExpertWidth,
    pub(super) Windows,
);

const ARCHITECTURES: &[Architecture] = &[
    Architecture("arcee", "arcee", Own, All),
    Architecture("baichuan", "baichuan", Own, All),
    Architecture("bloom", "bloom", Own, All),
    Architecture("chatglm", "glm", Own, All),
    Architecture("cohere2", "cohere2", Own, ButEvery(4)),
    Architecture("command-r", "cohere", Own, All),
    Architecture("deepseek", "deepseek", Own, All),
    Architecture("deepseek2", "deepseek_v2", Own, All),
    Architecture("dots1", "dots1", Own, All),
    Architecture("ernie4_5", "ernie4_5", Own, All),
    Architecture("exaone", "exaone", Own, All),
    Architecture("falcon", "falcon", Own, All),
    Architecture("gemma", "gemma", Own, All),
    Architecture("gemma2", "gemma2", Own, ButEvery(2)),
    Architecture("gemma3", "gemma3_text", Own, ButEvery(6)),
    Architecture("glm4", "glm4", Own, All),
    Architecture("glm4moe", "glm4_moe", Own, All),
    Architecture("gpt-oss", "gpt_oss", Intermediate, ButEvery(2)),
    Architecture("gpt2", "gpt2", Own, All),
    Architecture("gptneox", "gpt_neox", Own, All),
    Architecture("granite", "granite", Own, All),
    Architecture("granitemoe", "granitemoe", Intermediate, All),
    Architecture("internlm2", "internlm2", Own, All),
    Architecture("llama", "llama", Intermediate, All),
    Architecture("minicpm", "minicpm", Own, All),
    Architecture("mistral3", "ministral3", Own, All),
    Architecture("nemotron", "nemotron", Own, All),
    Architecture("olmo", "olmo", Own, All),
    Architecture("olmo2", "olmo2", Own, ButEvery(4)),
    Architecture("olmoe", "olmoe", Intermediate, All),
    Architecture("orion", "orion", Own, All),
    Architecture("phi2", "phi", Own, All),
    Architecture("phi3", "phi3", Own, All),
    Architecture("phimoe", "phimoe", Intermediate, All),
    Architecture("qwen2", "qwen2", Own, All),
    Architecture("qwen2moe", "qwen2_moe", Own, All),
    Architecture("qwen2vl", "qwen2", Own, All),
    Architecture("qwen3", "qwen3", Own, All),
    Architecture("qwen3moe", "qwen3_moe", Own, All),
    Architecture("qwen3vl", "qwen3", Own, All),
    Architecture("qwen3vlmoe", "qwen3_moe", Own, All),
    Architecture("seed_oss", "seed_oss", Own, All),
    Architecture("smollm3", "smollm3", Own, All),
    Architecture("stablelm", "stablelm", Own, All),
    Architecture("starcoder", "gpt_bigcode", Own, All),
    Architecture("starcoder2", "starcoder2", Own, All),
    Architecture("xverse", "xverse", Own, All),
];

impl Header {
    /// The model that the metadata describe.
    ///
    /// # Errors
    /// Why there is none: never a model whose parameters differ from those in the file.
    pub fn model(&self) -> Result<Described, NoModel> {
        if let Some(kind) = self.text("general.type").filter(|kind| *kind != "model") {
            return Err(NoModel::NotAModel(kind.to_owned()));
        }
        if let Some(split) = self.split().filter(|split| split.tensors != self.tensors.len() as u64) {
            return Err(NoModel::Part(split));
        }
        let name = self.text("general.architecture").ok_or(NoModel::NoArchitecture)?;
        let architecture = ARCHITECTURES.iter().find(|architecture| architecture.0 == name);
        let architecture = architecture.ok_or_else(|| NoModel::UnknownArchitecture(name.to_owned()))?;

        let config = Value::Object(Source::new(self, name).config(architecture)?).to_string();
        let parsed = parse_config(&config).map_err(NoModel::Config)?;
        let (described, stored) = (parsed.model.parameters().total(), self.parameters());
        // Files of some models hold the layers that predict further tokens, others of the same models do not.
        if stored == described || stored == described.saturating_add(parsed.model.mtp_parameters) {
            Ok(Described { config, parsed })
        } else {
            Err(NoModel::DoesNotAddUp { described, stored })
        }
    }

    /// Elements of the tensors that are parameters: not tables of rotary frequencies, scales of quantised tensors and
    /// the copies of embedding and head in the layers that predict further tokens.
    fn parameters(&self) -> u64 {
        const NO_PARAMETERS: &[&str] =
            &["rope_freqs", "rope_factors", "attn_rot_embd", ".nextn.embed_tokens.", ".nextn.shared_head_head."];
        let is_parameter = |name: &str| {
            !NO_PARAMETERS.iter().any(|part| name.contains(part)) && !name.ends_with(".scale") && !is_input_scale(name)
        };
        let parameters = self.tensors.iter().filter(|tensor| is_parameter(&tensor.name));
        parameters.fold(0, |sum, tensor| sum.saturating_add(tensor.elements))
    }
}

fn is_input_scale(name: &str) -> bool {
    name.ends_with(".input_scale")
}
