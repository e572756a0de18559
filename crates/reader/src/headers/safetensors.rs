//! The header of a safetensors file: a length, and JSON with the number format, shape and place of each tensor.
//!
//! The format and its limits: <https://github.com/huggingface/safetensors#format>, version 0.8.0. What the official
//! library refuses, we refuse.

mod parameters;

pub use parameters::{LogicalParameters, PackingHint};

use super::{FileKind, HeaderError, TensorProblem, TypeTotal, Unread, by_place, elements, from_json, repeated, totals};
use ridgepoint_core::Bytes;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;

/// The longest header that the format allows: `MAX_HEADER_SIZE`.
pub const LONGEST_HEADER: u64 = 100_000_000;
/// Bytes of the length in front of the header.
const LENGTH_BYTES: u64 = 8;
/// The entry that is no tensor.
const METADATA: &str = "__metadata__";

/// What the header of a safetensors file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The tensors in alphabetical order.
    tensors: Vec<Tensor>,
    /// Notes of the program that wrote the file.
    pub metadata: BTreeMap<String, String>,
    /// Where the data of the tensors starts: the length of the header and of the number in front of it.
    pub data_start: Bytes,
}

/// A tensor of a safetensors file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// How its numbers are stored.
    pub dtype: Dtype,
    /// Its shape, in the order of PyTorch.
    pub shape: Vec<u64>,
    /// Its elements.
    pub elements: u64,
    /// Its bytes.
    pub bytes: Bytes,
    /// Where its data is, counted from the start of the data.
    pub offset: Bytes,
}

/// A number format of safetensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the documentation: those of the format")]
pub enum Dtype {
    Bool,
    F4,
    F6E2m3,
    F6E3m2,
    U8,
    I8,
    F8E5m2,
    F8E4m3,
    F8E8m0,
    F8E4m3Fnuz,
    F8E5m2Fnuz,
    I16,
    U16,
    F16,
    Bf16,
    I32,
    U32,
    F32,
    C64,
    F64,
    I64,
    U64,
}

impl Dtype {
    /// Every format with the name that the format gives it and the bits of an element.
    const ALL: [(Self, &'static str, u64); 22] = [
        (Self::Bool, "BOOL", 8),
        (Self::F4, "F4", 4),
        (Self::F6E2m3, "F6_E2M3", 6),
        (Self::F6E3m2, "F6_E3M2", 6),
        (Self::U8, "U8", 8),
        (Self::I8, "I8", 8),
        (Self::F8E5m2, "F8_E5M2", 8),
        (Self::F8E4m3, "F8_E4M3", 8),
        (Self::F8E8m0, "F8_E8M0", 8),
        (Self::F8E4m3Fnuz, "F8_E4M3FNUZ", 8),
        (Self::F8E5m2Fnuz, "F8_E5M2FNUZ", 8),
        (Self::I16, "I16", 16),
        (Self::U16, "U16", 16),
        (Self::F16, "F16", 16),
        (Self::Bf16, "BF16", 16),
        (Self::I32, "I32", 32),
        (Self::U32, "U32", 32),
        (Self::F32, "F32", 32),
        (Self::C64, "C64", 64),
        (Self::F64, "F64", 64),
        (Self::I64, "I64", 64),
        (Self::U64, "U64", 64),
    ];

    fn of_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// Its name in a header.
    pub const fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// Bits of an element.
    pub const fn bits(self) -> u64 {
        Self::ALL[self as usize].2
    }
}

/// The length of the JSON behind the first eight bytes, which are the length.
///
/// ```
/// # use ridgepoint_reader::headers::safetensors::header_length;
/// assert_eq!(header_length(&[16, 1, 0, 0, 0, 0, 0, 0]).unwrap(), 272);
/// assert!(header_length(&[0, 0, 0, 0, 0, 0, 0, 0x80]).is_err());
/// ```
///
/// # Errors
/// Fewer than eight bytes, or a length that the format does not allow.
pub fn header_length(start: &[u8]) -> Result<u64, HeaderError> {
    let length = u64::from_le_bytes(*start.first_chunk().ok_or(HeaderError::Cut)?);
    if length > LONGEST_HEADER {
        return Err(HeaderError::TooLong { claimed: length, most: LONGEST_HEADER });
    }
    Ok(length)
}

/// Reads the header from the first bytes of a file.
///
/// # Errors
/// [`Unread::NeedMore`] as long as the header goes on, [`Unread::Broken`] when it cannot be read.
pub fn parse(start: &[u8]) -> Result<Header, Unread> {
    if (start.len() as u64) < LENGTH_BYTES {
        return Err(Unread::NeedMore { bytes: LENGTH_BYTES });
    }
    let end = LENGTH_BYTES + header_length(start)?;
    let json = start.get(LENGTH_BYTES as usize..end as usize).ok_or(Unread::NeedMore { bytes: end })?;
    if json.first() != Some(&b'{') {
        return Err(HeaderError::NotA(FileKind::Safetensors).into());
    }
    let entries: Entries = from_json(json)?;
    if let Some(name) = repeated(entries.tensors.iter().map(|(name, _)| name.as_str())) {
        return Err(problem(name, TensorProblem::Twice).into());
    }
    let tensors = entries.tensors.into_iter().map(|(name, entry)| read_tensor(name, entry));
    let mut tensors = tensors.collect::<Result<Vec<_>, _>>()?;
    // The data of one tensor ends where that of the next begins, without holes.
    let mut end_of_data = Bytes::ZERO;
    for index in by_place(tensors.iter().map(|tensor| (tensor.offset, tensor.bytes))) {
        let tensor = &tensors[index];
        match tensor.offset.cmp(&end_of_data) {
            std::cmp::Ordering::Equal => {}
            std::cmp::Ordering::Less => return Err(problem(&tensor.name, TensorProblem::Overlap).into()),
            std::cmp::Ordering::Greater => return Err(problem(&tensor.name, TensorProblem::Misplaced).into()),
        }
        end_of_data += tensor.bytes;
    }
    sort_by_name(&mut tensors);
    Ok(Header { tensors, metadata: entries.metadata, data_start: Bytes::new(end) })
}

fn sort_by_name(tensors: &mut [Tensor]) {
    tensors.sort_unstable_by(|a, b| a.name.cmp(&b.name));
}

fn problem(name: &str, problem: TensorProblem) -> HeaderError {
    HeaderError::Tensor { name: name.to_owned(), problem }
}

fn read_tensor(name: String, entry: Entry) -> Result<Tensor, HeaderError> {
    let (begin, end) = entry.data_offsets;
    let dtype = Dtype::of_name(&entry.dtype).ok_or_else(|| problem(&name, TensorProblem::UnknownType))?;
    let elements = elements(&entry.shape).ok_or_else(|| problem(&name, TensorProblem::TooLarge))?;
    let bits = elements.checked_mul(dtype.bits()).ok_or_else(|| problem(&name, TensorProblem::TooLarge))?;
    let bytes = end.checked_sub(begin).filter(|bytes| bytes.checked_mul(8) == Some(bits));
    let bytes = Bytes::new(bytes.ok_or_else(|| problem(&name, TensorProblem::WrongSize))?);
    Ok(Tensor { name, dtype, shape: entry.shape, elements, bytes, offset: Bytes::new(begin) })
}

/// What the header says of a tensor.
#[derive(serde::Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

/// The entries of the header, repeated ones included.
struct Entries {
    tensors: Vec<(String, Entry)>,
    metadata: BTreeMap<String, String>,
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object with an entry for each tensor")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
        let mut entries = Entries { tensors: Vec::new(), metadata: BTreeMap::new() };
        while let Some(name) = map.next_key::<String>()? {
            if name == METADATA {
                entries.metadata = map.next_value::<Option<_>>()?.unwrap_or_default();
            } else {
                let entry = map.next_value()?;
                entries.tensors.push((name, entry));
            }
        }
        Ok(entries)
    }
}

impl Header {
    /// The tensors in alphabetical order.
    pub fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }

    /// The tensor of this name.
    pub fn tensor(&self, name: &str) -> Option<&Tensor> {
        let index = self.tensors.binary_search_by(|tensor| tensor.name.as_str().cmp(name)).ok()?;
        self.tensors.get(index)
    }

    /// Totals by number format, largest first.
    pub fn totals(&self) -> Vec<TypeTotal> {
        totals(self.tensors.iter().map(|tensor| (tensor.dtype.name(), tensor.elements, tensor.bytes)))
    }

    /// Bytes of all tensors.
    pub fn bytes(&self) -> Bytes {
        self.tensors.iter().map(|tensor| tensor.bytes).sum()
    }

    /// The size of the whole file.
    pub fn file_size(&self) -> Bytes {
        self.data_start + self.bytes()
    }

    /// Adds the tensors of another file of the same model. Their places remain those in their own file.
    ///
    /// # Errors
    /// A tensor that both files have.
    pub fn add_shard(&mut self, shard: Self) -> Result<(), HeaderError> {
        self.tensors.extend(shard.tensors);
        sort_by_name(&mut self.tensors);
        match repeated(self.tensors.iter().map(|tensor| tensor.name.as_str())) {
            Some(name) => Err(problem(name, TensorProblem::Twice)),
            None => Ok(()),
        }
    }
}
