//! `model.safetensors.index.json`: which file of a model that was cut into several holds which tensor.

use super::{FieldProblem, FileKind, HeaderError, TensorProblem, from_json, repeated};
use ridgepoint_core::Bytes;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Number;
use std::fmt;

/// The longest text that we read. Those of the largest models have 20 MB.
pub const LONGEST: u64 = 1 << 26;

/// The table of contents of a model in several files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// Bytes of all tensors, where the index says so.
    pub total_size: Option<Bytes>,
    /// Parameters, where the index says so; quantised ones are counted as they are stored.
    pub total_parameters: Option<u64>,
    /// The files, in alphabetical order.
    pub shards: Vec<Shard>,
}

/// One of the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Its name, beside the index.
    pub file: String,
    /// Its tensors, in alphabetical order.
    pub tensors: Vec<String>,
}

impl Index {
    /// Number of tensors in all files.
    pub fn tensors(&self) -> usize {
        self.shards.iter().map(|shard| shard.tensors.len()).sum()
    }
}

/// Reads the text of an index.
///
/// ```
/// # use ridgepoint_reader::headers::index;
/// let index = index::parse(br#"{ "metadata": { "total_size": 96 },
///     "weight_map": { "b": "model-2.safetensors", "a": "model-1.safetensors", "c": "model-2.safetensors" } }"#)?;
/// assert_eq!(index.shards.len(), 2);
/// assert_eq!(index.shards[1].tensors, ["b", "c"]);
/// # Ok::<(), ridgepoint_reader::headers::HeaderError>(())
/// ```
///
/// # Errors
/// What is wrong with the text.
pub fn parse(text: &[u8]) -> Result<Index, HeaderError> {
    if text.len() as u64 > LONGEST {
        return Err(HeaderError::TooLong { claimed: text.len() as u64, most: LONGEST });
    }
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let fields: Fields = from_json(text)?;
    let weight_map = fields.weight_map.ok_or(HeaderError::NotA(FileKind::Json))?.0;
    if let Some(name) = repeated(weight_map.iter().map(|(tensor, _)| tensor.as_str())) {
        return Err(HeaderError::Tensor { name: name.to_owned(), problem: TensorProblem::Twice });
    }
    let mut placed: Vec<(&str, &str)> = Vec::new();
    for (tensor, file) in &weight_map {
        // The name becomes part of a path or an address.
        if file.is_empty() || file.contains(['/', '\\', ':']) {
            return Err(bad(tensor));
        }
        placed.push((file, tensor));
    }
    placed.sort_unstable();
    let mut shards: Vec<Shard> = Vec::new();
    for (file, tensor) in placed {
        match shards.last_mut().filter(|shard| shard.file == file) {
            Some(shard) => shard.tensors.push(tensor.to_owned()),
            None => shards.push(Shard { file: file.to_owned(), tensors: vec![tensor.to_owned()] }),
        }
    }
    let totals = fields.metadata.unwrap_or_default();
    let total = |name, number: Option<Number>| number.map(|number| whole(&number).ok_or_else(|| bad(name))).transpose();
    Ok(Index {
        total_size: total("total_size", totals.total_size)?.map(Bytes::new),
        total_parameters: total("total_parameters", totals.total_parameters)?,
        shards,
    })
}

/// The fields of the file.
#[derive(serde::Deserialize)]
struct Fields {
    metadata: Option<Totals>,
    weight_map: Option<Pairs>,
}

#[derive(Default, serde::Deserialize)]
struct Totals {
    total_size: Option<Number>,
    total_parameters: Option<Number>,
}

/// The entries of an object of texts, repeated ones included.
struct Pairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object with a file for each tensor")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Pairs(pairs))
    }
}

fn bad(name: &str) -> HeaderError {
    HeaderError::Field { name: name.to_owned(), problem: FieldProblem::BadValue }
}

/// A whole number; some tools write it as a float. One beyond 64 bits is no size of anything.
fn whole(value: &Number) -> Option<u64> {
    let fits = |number: &f64| (0.0..u64::MAX as f64).contains(number) && number.fract() == 0.0;
    let float = || value.as_f64().filter(fits).map(|number| number as u64);
    value.as_u64().or_else(float)
}
