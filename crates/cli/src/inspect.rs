//! `ridgepoint inspect`: what a model's file holds, from its header alone, however large the file.

mod contents;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use ridgepoint_core::Bytes;
use ridgepoint_reader::headers::gguf::{self, Value as Field};
use ridgepoint_reader::headers::index::{self, Index};
use ridgepoint_reader::headers::safetensors::{self, PackingHint};
use ridgepoint_reader::headers::{FIRST_BYTES, FileKind, HeaderError, Unread};
use ridgepoint_reader::parse_config;
use serde_json::{Value, json};

use crate::Problem;
use contents::Contents;

/// Which file, and how to print it.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A .gguf, a .safetensors, a model.safetensors.index.json or a config.json; - for standard input
    file: PathBuf,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
}

/// Prints what the file holds.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Problem> {
    let path = &arguments.file;
    let contents = inspect(path).map_err(|reason| Problem::Input(format!("{}: {reason}", path.display())))?;
    let mut out = io::stdout().lock();
    if arguments.json {
        writeln!(out, "{:#}", contents.json())?;
    } else {
        contents.print(&mut out)?;
    }
    Ok(())
}

/// Reads as much of the file as its kind needs.
fn inspect(path: &Path) -> Result<Contents, String> {
    let mut start = Start::open(path)?;
    start.read_to(FIRST_BYTES)?;
    match FileKind::of(&start.bytes) {
        Some(FileKind::Gguf) => gguf(path, start),
        Some(FileKind::Safetensors) => safetensors(path, start),
        Some(FileKind::Json) => {
            start.read_to(index::LONGEST)?;
            match index::parse(&start.bytes) {
                Ok(index) => Ok(shards(path, &index)),
                Err(HeaderError::NotA(_)) => config(&start.bytes),
                Err(error) => Err(error.to_string()),
            }
        }
        None => Err("this is neither a GGUF or safetensors file nor the JSON of a model".into()),
    }
}

/// The first bytes of a file, read as far as they are asked for.
struct Start {
    reader: Box<dyn Read>,
    bytes: Vec<u8>,
    /// The size of the whole file, where it is one.
    size: Option<u64>,
}

impl Start {
    fn open(path: &Path) -> Result<Self, String> {
        if path == Path::new("-") {
            return Ok(Self { reader: Box::new(io::stdin()), bytes: Vec::new(), size: None });
        }
        let file = File::open(path).map_err(|error| error.to_string())?;
        let facts = file.metadata().map_err(|error| error.to_string())?;
        let size = facts.is_file().then_some(facts.len());
        Ok(Self { reader: Box::new(file), bytes: Vec::new(), size })
    }

    /// Reads until `wanted` bytes are here or the file ends.
    fn read_to(&mut self, wanted: u64) -> Result<(), String> {
        let missing = wanted.saturating_sub(self.bytes.len() as u64);
        let read = self.reader.by_ref().take(missing).read_to_end(&mut self.bytes);
        read.map(|_| ()).map_err(|error| error.to_string())
    }

    /// The header that `parse` finds in as few bytes as it needs.
    fn header<T>(&mut self, parse: impl Fn(&[u8]) -> Result<T, Unread>) -> Result<T, String> {
        loop {
            match parse(&self.bytes) {
                Ok(header) => return Ok(header),
                Err(Unread::Broken(error)) => return Err(error.to_string()),
                Err(Unread::NeedMore { bytes }) => {
                    let have = self.bytes.len();
                    self.read_to(bytes)?;
                    if self.bytes.len() == have {
                        return Err(HeaderError::Cut.to_string());
                    }
                }
            }
        }
    }

    /// Says so where the file is shorter than its header promises.
    fn warn_if_cut(&self, promised: Bytes, warnings: &mut Vec<String>) {
        if let Some(size) = self.size.filter(|&size| size < promised.get()) {
            warnings.push(format!("the file is cut short: it has {size} bytes of {}", promised.get()));
        }
    }
}

fn gguf(path: &Path, mut start: Start) -> Result<Contents, String> {
    let mut header = start.header(gguf::parse)?;
    let mut contents = Contents { kind: "GGUF", ..Contents::default() };
    start.warn_if_cut(header.file_size(), &mut contents.warnings);
    contents.size("header", header.data_start);
    if let Some(split) = header.split() {
        add_parts(path, &mut header, split)?;
        contents.count("parts", split.parts);
    }
    for name in ["general.architecture", "general.name", "general.size_label", "general.license"] {
        if let Some(text) = header.text(name) {
            contents.fact(name, text.escape_debug().to_string(), json!(text));
        }
    }
    contents.total(header.totals());
    contents.amount("parameters", header.elements());
    let described = header.model();
    contents.config = described.as_ref().ok().map(|described| described.config.clone());
    contents.model = Some(described.map(|described| described.parsed).map_err(|error| error.to_string()));
    // The rest of the metadata is for programs; it may be longer than a screen.
    let metadata = header.fields.iter().map(|(name, value)| (name.clone(), field(value))).collect();
    contents.facts.push(("metadata", String::new(), Value::Object(metadata)));
    Ok(contents)
}

/// Adds the tensors of the other parts, where they lie beside this one under the names that llama.cpp gives them.
fn add_parts(path: &Path, header: &mut gguf::Header, split: gguf::Split) -> Result<(), String> {
    let name = |part: u64| format!("-{:05}-of-{:05}.gguf", part + 1, split.parts);
    let Some(stem) = path.to_str().and_then(|path| path.strip_suffix(&name(split.part))) else { return Ok(()) };
    for part in (0..split.parts).filter(|&part| part != split.part) {
        // The model then says that a part is missing.
        let Ok(mut start) = Start::open(Path::new(&format!("{stem}{}", name(part)))) else { return Ok(()) };
        start.read_to(FIRST_BYTES)?;
        header.add_part(start.header(gguf::parse)?).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn field(value: &Field) -> Value {
    match value {
        Field::Unsigned(value) => json!(value),
        Field::Signed(value) => json!(value),
        Field::Float(value) => json!(value),
        Field::Bool(value) => json!(value),
        Field::Text(value) => json!(value),
        Field::List { length, numbers } if numbers.len() as u64 == *length => json!(numbers),
        Field::List { length, .. } => json!({ "entries": length }),
    }
}

fn safetensors(path: &Path, mut start: Start) -> Result<Contents, String> {
    let header = start.header(safetensors::parse)?;
    let mut contents = Contents { kind: "safetensors", ..Contents::default() };
    start.warn_if_cut(header.file_size(), &mut contents.warnings);
    contents.size("header", header.data_start);
    contents.weights(&header, hint(path));
    Ok(contents)
}

/// An index, and the headers of the files that it names where all lie beside it.
fn shards(path: &Path, index: &Index) -> Contents {
    let mut contents = Contents { kind: "safetensors index", ..Contents::default() };
    contents.count("files", index.shards.len() as u64);
    if let Some(total) = index.total_size {
        contents.size("total_size", total);
    }
    if let Some(total) = index.total_parameters {
        contents.amount("total_parameters", total);
    }
    match read_shards(path, index) {
        Ok(header) => contents.weights(&header, hint(path)),
        Err(reason) => {
            contents.count("tensors", index.tensors() as u64);
            contents.warnings.push(format!("the number formats are in the files themselves: {reason}"));
        }
    }
    contents
}

fn read_shards(path: &Path, index: &Index) -> Result<safetensors::Header, String> {
    let mut whole: Option<safetensors::Header> = None;
    for shard in &index.shards {
        let explain = |reason: String| format!("{}: {reason}", shard.file);
        let mut start = Start::open(&path.with_file_name(&shard.file)).map_err(explain)?;
        let header = start.header(safetensors::parse).map_err(explain)?;
        match &mut whole {
            None => whole = Some(header),
            Some(whole) => whole.add_shard(header).map_err(|error| explain(error.to_string()))?,
        }
    }
    whole.ok_or_else(|| "the index names none".into())
}

fn config(bytes: &[u8]) -> Result<Contents, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "this is not UTF-8 text".to_owned())?;
    let parsed = parse_config(text.trim_start_matches('\u{feff}')).map_err(|error| error.to_string())?;
    Ok(Contents { kind: "configuration", model: Some(Ok(parsed)), ..Contents::default() })
}

/// What a configuration beside the file says about packed weights.
fn hint(path: &Path) -> PackingHint {
    let config = fs::read_to_string(path.with_file_name("config.json"));
    config.map(|text| PackingHint::of_config(&text)).unwrap_or_default()
}
