//! What the files of a model say of it, read from as few of their bytes as that takes.

use ridgepoint_calculator::custom::CustomModel;
use ridgepoint_calculator::facts::Fact;
use ridgepoint_calculator::table::{Column, Row, Table};
use ridgepoint_calculator::{link, names, numbers};
use ridgepoint_core::WeightFormat;
use ridgepoint_reader::headers::index::{self, Index};
use ridgepoint_reader::headers::safetensors::{self, LogicalParameters, PackingHint};
use ridgepoint_reader::headers::{FileKind, HeaderError, TypeTotal, Unread, gguf};

use crate::custom::read_config;
use crate::request::{Failure, MOST_CONFIG_BYTES};

/// What a file holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// The text of a `config.json`, not read yet.
    Config(String),
    /// The table of contents of weights in several files.
    Index(Index),
    /// What stands in front of weights.
    Safetensors(safetensors::Header),
    /// What stands in front of weights that llama.cpp reads.
    Gguf(gguf::Header),
}

/// How reading goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// So many bytes from the start of the file are needed, or all if it has fewer.
    More(u64),
    /// The file has told what it has to tell.
    Done(Found),
}

/// Reads the start of a file, which may be all of it.
///
/// # Errors
/// What is wrong with the file, and what to do about it.
pub fn read(start: &[u8], is_whole: bool) -> Result<Step, String> {
    match FileKind::of(start) {
        Some(FileKind::Gguf) => step(gguf::parse(start).map(Found::Gguf), is_whole),
        Some(FileKind::Safetensors) => step(safetensors::parse(start).map(Found::Safetensors), is_whole),
        Some(FileKind::Json) if is_whole => json(start).map(Step::Done),
        Some(FileKind::Json) if (start.len() as u64) < index::LONGEST => Ok(Step::More(index::LONGEST)),
        Some(FileKind::Json) => Err(Failure::TooLarge.to_string()),
        None => Err(Failure::NotAModel.to_string()),
    }
}

fn step(header: Result<Found, Unread>, is_whole: bool) -> Result<Step, String> {
    match header {
        Ok(found) => Ok(Step::Done(found)),
        Err(Unread::NeedMore { bytes }) if !is_whole => Ok(Step::More(bytes)),
        Err(Unread::NeedMore { .. }) => Err(HeaderError::Cut.to_string()),
        Err(Unread::Broken(error)) => Err(error.to_string()),
    }
}

/// Reads the text of a JSON file, which the reader pasted.
///
/// # Errors
/// What is wrong with it.
pub fn read_text(text: &str) -> Result<Found, String> {
    json(text.trim().as_bytes())
}

fn json(bytes: &[u8]) -> Result<Found, String> {
    match index::parse(bytes) {
        Ok(index) => return Ok(Found::Index(index)),
        // Of text that is not JSON the reader of configurations says more: where the first mistake is.
        Err(HeaderError::NotA(_) | HeaderError::NotJson(_)) => {}
        Err(error) => return Err(error.to_string()),
    }
    if bytes.len() > MOST_CONFIG_BYTES {
        return Err(Failure::TooLarge.to_string());
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Failure::NotAModel.to_string())?;
    Ok(Found::Config(text.trim_start_matches('\u{feff}').into()))
}

/// The files of one model.
#[derive(Clone, Debug, Default)]
pub struct Files {
    name: Option<String>,
    config: Option<String>,
    index: Option<Index>,
    safetensors: Option<safetensors::Header>,
    gguf: Option<gguf::Header>,
}

impl Files {
    /// Adds a file, and the name of its model or its own.
    ///
    /// # Errors
    /// Why it does not go with the others.
    pub fn add(&mut self, name: &str, found: Found) -> Result<(), String> {
        let added = match found {
            Found::Config(text) => {
                self.name = model_name(name).or(self.name.take());
                self.config = Some(text);
                Ok(())
            }
            Found::Index(index) => {
                self.index = Some(index);
                Ok(())
            }
            Found::Safetensors(header) => match &mut self.safetensors {
                Some(whole) => whole.add_shard(header),
                None => {
                    self.safetensors = Some(header);
                    Ok(())
                }
            },
            Found::Gguf(header) => {
                self.name = header.text("general.name").map(str::to_owned).or(model_name(name)).or(self.name.take());
                match &mut self.gguf {
                    Some(whole) => whole.add_part(header),
                    None => {
                        self.gguf = Some(header);
                        Ok(())
                    }
                }
            }
        };
        added.map_err(|error| error.to_string())
    }

    /// Takes over the weights of an earlier import that had no configuration, if this one has nothing else.
    pub fn complete(&mut self, earlier: Self) {
        if self.config.is_some() && self.index.is_none() && self.safetensors.is_none() && self.gguf.is_none() {
            *self = Self { config: self.config.take(), name: self.name.take(), ..earlier };
        }
    }

    /// What all of them say together.
    pub fn outcome(&self) -> Outcome {
        let mut outcome = Outcome::default();
        self.describe(&mut outcome);
        let model = match (&self.config, &self.gguf) {
            (Some(config), _) => read_config(config, self.name.as_deref()).map_err(|error| error.to_string()),
            (None, Some(gguf)) => gguf.model().map_err(|error| error.to_string()).and_then(|described| {
                read_config(&described.config, self.name.as_deref()).map_err(|error| error.to_string())
            }),
            (None, None) => {
                outcome.message =
                    "These weights need the config.json of their model, which says how they are used: paste, drop or fetch it now"
                        .into();
                return outcome;
            }
        };
        match model {
            Ok(model) => {
                outcome.format = self.gguf.as_ref().and_then(format);
                outcome.message = format!("Chosen: {}", model.name());
                if let Some(format) = outcome.format {
                    outcome.message += &format!(", with {} weights in llama.cpp", names::weight_format(format).label);
                }
                outcome.model = Some(model);
            }
            Err(reason) => {
                outcome.failed = true;
                outcome.message = reason;
            }
        }
        outcome
    }

    /// Facts on the weights.
    fn describe(&self, outcome: &mut Outcome) {
        let facts = &mut outcome.facts;
        if let Some(gguf) = &self.gguf {
            outcome.types = gguf.totals();
            facts.push(Fact { label: "Parameters", value: numbers::parameters(gguf.elements()).to_string() });
        } else if let Some(header) = &self.safetensors {
            outcome.types = header.totals();
            let hint = self.config.as_deref().map(PackingHint::of_config).unwrap_or_default();
            let value = match header.parameters(hint) {
                LogicalParameters::Exact(parameters) => numbers::parameters(parameters).to_string(),
                LogicalParameters::Assumed(parameters) => {
                    format!("{}, if packed in 4 bits", numbers::parameters(parameters))
                }
                LogicalParameters::Unknown { .. } => "not in the header".into(),
            };
            facts.push(Fact { label: "Parameters", value });
        } else if let Some(index) = &self.index {
            facts.push(Fact { label: "Tensors", value: numbers::count(index.tensors() as u64) });
            if let Some(size) = index.total_size {
                facts.push(Fact { label: "Weights", value: numbers::bytes(size).to_string() });
            }
            facts.push(Fact { label: "Files", value: numbers::count(index.shards.len() as u64) });
        }
        if !outcome.types.is_empty() {
            let total = outcome.types.iter().map(|total| total.bytes).sum();
            facts.push(Fact { label: "Weights", value: numbers::bytes(total).to_string() });
        }
    }
}

/// What came of reading files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// The model, if they give one.
    pub model: Option<CustomModel>,
    /// How its weights are stored, if that is known beyond what the configuration says: then llama.cpp runs them.
    pub format: Option<WeightFormat>,
    /// What to tell the reader.
    pub message: String,
    /// Whether nothing could be made of them.
    pub failed: bool,
    /// Facts on the weights.
    pub facts: Vec<Fact>,
    /// The tensors by number format.
    pub types: Vec<TypeTotal>,
}

impl Outcome {
    /// Nothing but words on what went wrong.
    pub fn failure(message: String) -> Self {
        Self { message, failed: true, ..Self::default() }
    }
}

/// What to call a model by the name of its file or repository; nothing if it is called `config.json`.
fn model_name(file: &str) -> Option<String> {
    let name = file.strip_suffix(".json").or(file.strip_suffix(".gguf")).unwrap_or(file);
    (name != "config" && !name.is_empty()).then(|| name.into())
}

/// The format that a GGUF file says it has: `general.file_type`, numbered as in llama.cpp's `enum llama_ftype`.
fn format(header: &gguf::Header) -> Option<WeightFormat> {
    const IDS: [&str; 39] = [
        "gguf-f32",
        "gguf-f16",
        "q4_0",
        "q4_1",
        "",
        "",
        "",
        "q8_0",
        "q5_0",
        "q5_1",
        "q2_k",
        "q3_k_s",
        "q3_k_m",
        "q3_k_l",
        "q4_k_s",
        "q4_k_m",
        "q5_k_s",
        "q5_k_m",
        "q6_k",
        "iq2_xxs",
        "iq2_xs",
        "q2_k_s",
        "iq3_xs",
        "iq3_xxs",
        "iq1_s",
        "iq4_nl",
        "iq3_s",
        "iq3_m",
        "iq2_s",
        "iq2_m",
        "iq4_xs",
        "iq1_m",
        "gguf-bf16",
        "",
        "",
        "",
        "tq1_0",
        "tq2_0",
        "mxfp4_moe",
    ];
    let number = header.field("general.file_type")?.whole()?;
    let id = IDS.get(usize::try_from(number).ok()?)?;
    link::weight_format(id)
}

/// Tensors by number format.
pub fn types(types: &[TypeTotal]) -> Table {
    let row = |total: &TypeTotal| Row {
        cells: vec![
            total.name.to_owned(),
            numbers::count(total.tensors),
            numbers::parameters(total.elements).to_string(),
            numbers::bytes(total.bytes).to_string(),
        ],
        ..Row::default()
    };
    Table {
        caption: "Tensors by number format".into(),
        columns: vec![
            Column::text("Format"),
            Column::figures("Tensors"),
            Column::figures("Elements"),
            Column::figures("Size"),
        ],
        rows: types.iter().map(row).collect(),
    }
}
