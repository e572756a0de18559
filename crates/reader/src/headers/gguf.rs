//! The header of a GGUF file, the format of llama.cpp: metadata, and a name, shape, type and place for each tensor.
//!
//! The format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>, checked against gguf-py 0.19.0.

mod architecture;
mod description;
mod metadata;
mod types;

pub use architecture::{Described, NoModel};
pub use metadata::Value;
pub use types::TensorType;

use super::{
    FieldProblem, FileKind, HeaderError, TensorProblem, TypeTotal, Unread, by_place, elements, repeated, totals,
};
use metadata::{Reader, read_fields};
use ridgepoint_core::Bytes;

/// The first four bytes.
pub const MAGIC: &[u8; 4] = b"GGUF";
/// The longest header that we read. Those of the largest vocabularies have 20 MB.
pub const LONGEST_HEADER: u64 = 1 << 27;
/// The alignment of files that do not say: `GGUF_DEFAULT_ALIGNMENT`.
const DEFAULT_ALIGNMENT: u64 = 32;
/// `GGML_MAX_DIMS`.
const MOST_DIMENSIONS: u32 = 4;
/// A tensor without name and dimensions: a length, a count, a type and an offset.
const SHORTEST_TENSOR: u64 = 8 + 4 + 4 + 8;
/// A field with no name and one byte of value.
const SHORTEST_FIELD: u64 = 8 + 4 + 1;

/// What the header of a GGUF file says.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// 2 or 3.
    pub version: u32,
    /// The metadata in the order of the file.
    pub fields: Vec<(String, Value)>,
    /// The tensors in the order of the file.
    pub tensors: Vec<Tensor>,
    /// Where the data of the tensors starts: the length of the header.
    pub data_start: Bytes,
    /// What the data of a tensor starts at a multiple of.
    pub alignment: u64,
}

/// A tensor of a GGUF file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// The length of a row first, as ggml counts dimensions.
    pub shape: Vec<u64>,
    /// How its numbers are stored.
    pub kind: TensorType,
    /// Its elements.
    pub elements: u64,
    /// Its bytes.
    pub bytes: Bytes,
    /// Where its data is, counted from the start of the data.
    pub offset: Bytes,
}

/// Reads the header from the first bytes of a file.
///
/// # Errors
/// [`Unread::NeedMore`] as long as the header goes on, [`Unread::Broken`] when it cannot be read.
pub fn parse(start: &[u8]) -> Result<Header, Unread> {
    let mut reader = Reader::new(start);
    if reader.bytes(4)? != MAGIC {
        return Err(HeaderError::NotA(FileKind::Gguf).into());
    }
    let version = reader.u32()?;
    match version {
        2 | 3 => {}
        // Versions are small: a large one has its bytes the other way round.
        version if version.swap_bytes() < 1 << 16 && version >= 1 << 16 => return Err(HeaderError::BigEndian.into()),
        version => return Err(HeaderError::Version(version).into()),
    }
    let (n_tensors, n_fields) = (reader.u64()?, reader.u64()?);
    // Counts that cannot be true end here, before any work.
    let shortest = n_tensors.saturating_mul(SHORTEST_TENSOR).saturating_add(n_fields.saturating_mul(SHORTEST_FIELD));
    reader.expect(shortest)?;

    let fields = read_fields(&mut reader, n_fields)?;
    let mut tensors = Vec::new();
    for _ in 0..n_tensors {
        tensors.push(read_tensor(&mut reader)?);
    }
    if let Some(name) = repeated(tensors.iter().map(|tensor| tensor.name.as_str())) {
        return Err(problem(name, TensorProblem::Twice).into());
    }

    let alignment = alignment(&fields)?;
    // Without tensors nothing follows, not even padding.
    let end = reader.position();
    let data_start = if tensors.is_empty() { end } else { end.next_multiple_of(alignment) };
    check_places(&tensors, alignment)?;
    Ok(Header { version, fields, tensors, data_start: Bytes::new(data_start), alignment })
}

fn problem(name: &str, problem: TensorProblem) -> HeaderError {
    HeaderError::Tensor { name: name.to_owned(), problem }
}

fn read_tensor(reader: &mut Reader) -> Result<Tensor, Unread> {
    let name = reader.text()?;
    let name = name.map_err(|lossy| HeaderError::Tensor { name: lossy, problem: TensorProblem::NotUtf8 })?;
    let n_dimensions = reader.u32()?;
    if n_dimensions > MOST_DIMENSIONS {
        return Err(problem(&name, TensorProblem::TooManyDimensions).into());
    }
    let mut shape = Vec::new();
    for _ in 0..n_dimensions {
        shape.push(reader.u64()?);
    }
    let id = reader.u32()?;
    let offset = Bytes::new(reader.u64()?);
    let kind = TensorType::of_id(id).ok_or_else(|| problem(&name, TensorProblem::UnknownType))?;
    let elements = elements(&shape).ok_or_else(|| problem(&name, TensorProblem::TooLarge))?;
    let (block, block_bytes) = kind.block();
    if !shape.first().copied().unwrap_or(1).is_multiple_of(block) {
        return Err(problem(&name, TensorProblem::PartialBlock).into());
    }
    let bytes = (elements / block).checked_mul(block_bytes).filter(|bytes| *bytes <= i64::MAX as u64);
    let bytes = Bytes::new(bytes.ok_or_else(|| problem(&name, TensorProblem::TooLarge))?);
    Ok(Tensor { name, shape, kind, elements, bytes, offset })
}

fn alignment(fields: &[(String, Value)]) -> Result<u64, HeaderError> {
    const KEY: &str = "general.alignment";
    // Far more than a page of memory; the sums with it cannot overflow.
    const MOST: u64 = 1 << 24;
    let Some((_, value)) = fields.iter().find(|(name, _)| name == KEY) else { return Ok(DEFAULT_ALIGNMENT) };
    let bad = || HeaderError::Field { name: KEY.to_owned(), problem: FieldProblem::BadValue };
    value.whole().filter(|alignment| alignment.is_power_of_two() && *alignment <= MOST).ok_or_else(bad)
}

/// Checks that each tensor starts at a multiple of `alignment` and behind the end of the one before it.
fn check_places(tensors: &[Tensor], alignment: u64) -> Result<(), HeaderError> {
    let mut end = 0_u64;
    for index in by_place(tensors.iter().map(|tensor| (tensor.offset, tensor.bytes))) {
        let tensor = &tensors[index];
        let offset = tensor.offset.get();
        if !offset.is_multiple_of(alignment) {
            return Err(problem(&tensor.name, TensorProblem::Misplaced));
        }
        if offset < end {
            return Err(problem(&tensor.name, TensorProblem::Overlap));
        }
        end = offset.checked_add(tensor.bytes.get()).ok_or_else(|| problem(&tensor.name, TensorProblem::Misplaced))?;
    }
    Ok(())
}

impl Header {
    /// The value of a field of the metadata.
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
    }

    /// The text of a field of the metadata.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.field(name)? {
            Value::Text(text) => Some(text),
            Value::Unsigned(_) | Value::Signed(_) | Value::Float(_) | Value::Bool(_) | Value::List { .. } => None,
        }
    }

    /// The tensor of this name.
    pub fn tensor(&self, name: &str) -> Option<&Tensor> {
        self.tensors.iter().find(|tensor| tensor.name == name)
    }

    /// Totals by number format, largest first.
    pub fn totals(&self) -> Vec<TypeTotal> {
        totals(self.tensors.iter().map(|tensor| (tensor.kind.name(), tensor.elements, tensor.bytes)))
    }

    /// Bytes of all tensors.
    pub fn bytes(&self) -> Bytes {
        self.tensors.iter().map(|tensor| tensor.bytes).sum()
    }

    /// Elements of all tensors. llama.cpp calls this the number of parameters, tables of rotary frequencies included.
    pub fn elements(&self) -> u64 {
        self.tensors.iter().fold(0, |sum, tensor| sum.saturating_add(tensor.elements))
    }

    /// The shortest that the file can be: where its last tensor ends. A shorter one is cut; padding may follow.
    pub fn file_size(&self) -> Bytes {
        let end = self.tensors.iter().map(|tensor| tensor.offset + tensor.bytes).max();
        self.data_start + end.unwrap_or(Bytes::ZERO)
    }

    /// Tensors of the whole model, where this file is one part of several.
    pub fn split(&self) -> Option<Split> {
        let whole = |name| self.field(name).and_then(Value::whole);
        let parts = whole("split.count").filter(|&parts| parts > 1)?;
        Some(Split { part: whole("split.no")?, parts, tensors: whole("split.tensors.count")? })
    }

    /// Adds the tensors of another part of the same model. Their places remain those in their own file.
    ///
    /// # Errors
    /// A tensor that both parts have.
    pub fn add_part(&mut self, part: Self) -> Result<(), HeaderError> {
        self.tensors.extend(part.tensors);
        match repeated(self.tensors.iter().map(|tensor| tensor.name.as_str())) {
            Some(name) => Err(problem(name, TensorProblem::Twice)),
            None => Ok(()),
        }
    }
}

/// Which part of a model a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// Its number, from 0.
    pub part: u64,
    /// The number of parts.
    pub parts: u64,
    /// Tensors in all parts together.
    pub tensors: u64,
}
