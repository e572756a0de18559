//! Headers of weight files: which tensors a file holds and what they weigh, from its first bytes alone.
//!
//! The readers take slices of bytes and never a file, so that a browser and a terminal share them. A caller reads the
//! first [`FIRST_BYTES`], asks [`FileKind::of`] what they begin, and hands the reader ever longer beginnings until it
//! stops asking for more:
//!
//! ```
//! # use ridgepoint_reader::headers::{FIRST_BYTES, FileKind, HeaderError, Unread, gguf};
//! # fn read(file: &[u8]) -> Result<gguf::Header, HeaderError> {
//! let mut have = FIRST_BYTES.min(file.len() as u64);
//! loop {
//!     match gguf::parse(&file[..have as usize]) {
//!         Ok(header) => return Ok(header),
//!         Err(Unread::Broken(error)) => return Err(error),
//!         Err(Unread::NeedMore { bytes }) if have < file.len() as u64 => have = bytes.min(file.len() as u64),
//!         Err(Unread::NeedMore { .. }) => return Err(HeaderError::Cut),
//!     }
//! }
//! # }
//! # assert_eq!(FileKind::of(b"GGUF\x03\0\0\0"), Some(FileKind::Gguf));
//! # assert_eq!(read(b"GGUF\x03\0\0\0"), Err(HeaderError::Cut));
//! ```

pub mod gguf;
pub mod index;
pub mod safetensors;

use ridgepoint_core::Bytes;
use std::fmt;

/// How much of a file to read first: the whole header of most files that have no tokeniser in it.
pub const FIRST_BYTES: u64 = 1 << 16;

/// A kind of file that describes a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// Weights as Hugging Face publishes them, read by [`safetensors::parse`].
    Safetensors,
    /// Weights as llama.cpp reads them, read by [`gguf::parse`].
    Gguf,
    /// Text: a `model.safetensors.index.json`, read by [`index::parse`], or a `config.json`. It has to be read whole.
    Json,
}

impl FileKind {
    /// What a file is that starts with these bytes; sixteen are enough but for white space in front of JSON.
    pub fn of(start: &[u8]) -> Option<Self> {
        if start.starts_with(gguf::MAGIC) {
            return Some(Self::Gguf);
        }
        let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
        if text.first() == Some(&b'{') {
            // A length of 123 reads as "{" too, but then zeros follow.
            let length = start.first_chunk().map(|length| u64::from_le_bytes(*length));
            if length.is_none_or(|length| length > safetensors::LONGEST_HEADER) {
                return Some(Self::Json);
            }
        }
        let is_safetensors = start.get(8) == Some(&b'{') && safetensors::header_length(start).is_ok();
        is_safetensors.then_some(Self::Safetensors)
    }
}

/// Why a header has not been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It is longer than the bytes at hand.
    NeedMore {
        /// How many bytes to try next, counted from the start of the file: at least as many as are surely missing and,
        /// so that reading takes few rounds, at least twice as many as before. A file with fewer is cut short.
        bytes: u64,
    },
    /// It cannot be read.
    Broken(HeaderError),
}

impl From<HeaderError> for Unread {
    fn from(error: HeaderError) -> Self {
        Self::Broken(error)
    }
}

/// Why a header cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderError {
    /// The file is of another kind.
    NotA(FileKind),
    /// A GGUF file of a version that we do not read.
    Version(u32),
    /// A GGUF file for computers that store the highest byte first.
    BigEndian,
    /// The file ends before its header does.
    Cut,
    /// The header claims to be longer than any header is.
    TooLong {
        /// Bytes that it claims.
        claimed: u64,
        /// The most that we read.
        most: u64,
    },
    /// The header is not the JSON that it should be: what is wrong and where.
    NotJson(String),
    /// A field of the metadata is wrong.
    Field {
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: FieldProblem,
    },
    /// A tensor is wrong.
    Tensor {
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: TensorProblem,
    },
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldProblem {
    /// Its name or its text is not UTF-8.
    NotUtf8,
    /// It occurs twice.
    Twice,
    /// Its type is not one of the format.
    UnknownType,
    /// Its lists are nested too deep.
    TooDeep,
    /// Its value is not allowed.
    BadValue,
}

/// What is wrong with a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TensorProblem {
    /// Its name is not UTF-8.
    NotUtf8,
    /// It occurs twice.
    Twice,
    /// Its number format is not one of the file format.
    UnknownType,
    /// It has more dimensions than the format allows.
    TooManyDimensions,
    /// Its dimensions make more elements than can be counted.
    TooLarge,
    /// Its rows are not whole blocks of its number format.
    PartialBlock,
    /// Its bytes are not what its shape and number format need.
    WrongSize,
    /// Its data does not start where the format wants it.
    Misplaced,
    /// Its data overlaps with that of another.
    Overlap,
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotA(FileKind::Safetensors) => f.write_str("this is not a safetensors file"),
            Self::NotA(FileKind::Gguf) => f.write_str("this is not a GGUF file"),
            Self::NotA(FileKind::Json) => f.write_str("this is not a model.safetensors.index.json"),
            Self::Version(version) => {
                write!(f, "versions 2 and 3 of GGUF can be read; convert the file again, its version is: {version}")
            }
            Self::BigEndian => f.write_str("this GGUF file is for big-endian computers; use the ordinary one"),
            Self::Cut => f.write_str("the file ends inside its header; fetch it again"),
            Self::TooLong { claimed, most } => {
                write!(f, "a header has at most {most} bytes, and this one claims: {claimed}")
            }
            Self::NotJson(reason) => write!(f, "the header is not the JSON that it should be: {}", shown(reason)),
            Self::Field { name, problem } => write!(f, "{problem}: {}", shown(name)),
            Self::Tensor { name, problem } => write!(f, "{problem}: {}", shown(name)),
        }
    }
}

impl std::error::Error for HeaderError {}

impl fmt::Display for FieldProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotUtf8 => "a field of the metadata is not UTF-8 text",
            Self::Twice => "a field of the metadata occurs twice",
            Self::UnknownType => "a field of the metadata has an unknown type",
            Self::TooDeep => "the lists of a field of the metadata are nested too deep",
            Self::BadValue => "a field of the metadata has a value that it cannot have",
        })
    }
}

impl fmt::Display for TensorProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotUtf8 => "the name of a tensor is not UTF-8 text",
            Self::Twice => "a tensor occurs twice",
            Self::UnknownType => "a tensor has an unknown number format",
            Self::TooManyDimensions => "a tensor has too many dimensions",
            Self::TooLarge => "a tensor has more elements than can be counted",
            Self::PartialBlock => "the rows of a tensor are not whole blocks of its number format",
            Self::WrongSize => "a tensor has another size than its shape says",
            Self::Misplaced => "the data of a tensor is not where it should be",
            Self::Overlap => "the data of a tensor overlaps with another's",
        })
    }
}

/// Reads JSON as all of this crate does, from text: one from bytes would be a second parser in the page.
fn from_json<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, HeaderError> {
    let text = std::str::from_utf8(bytes).map_err(|error| HeaderError::NotJson(error.to_string()))?;
    serde_json::from_str(text).map_err(|error| HeaderError::NotJson(error.to_string()))
}

/// Text of a foreign file, fit for one line: escaped, and cut where it is long.
fn shown(text: &str) -> String {
    const LONGEST: usize = 120;
    let mut shown: String = text.escape_debug().take(LONGEST).collect();
    if shown.len() >= LONGEST {
        shown.push('…');
    }
    shown
}

/// What the tensors of one number format add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeTotal {
    /// The number format, as the file format calls it.
    pub name: &'static str,
    /// Tensors stored in it.
    pub tensors: u64,
    /// Their elements as stored: a pack of eight 4-bit weights is one.
    pub elements: u64,
    /// Their bytes.
    pub bytes: Bytes,
}

/// Totals by number format, largest first.
fn totals(tensors: impl Iterator<Item = (&'static str, u64, Bytes)>) -> Vec<TypeTotal> {
    let mut totals: Vec<TypeTotal> = Vec::new();
    for (name, elements, bytes) in tensors {
        let index = totals.iter().position(|total| total.name == name).unwrap_or_else(|| {
            totals.push(TypeTotal { name, tensors: 0, elements: 0, bytes: Bytes::ZERO });
            totals.len() - 1
        });
        let total = &mut totals[index];
        total.tensors += 1;
        total.elements = total.elements.saturating_add(elements);
        total.bytes += bytes;
    }
    // Few enough to be put in order one by one.
    let mut sorted: Vec<TypeTotal> = Vec::new();
    for total in totals {
        let place = sorted.partition_point(|other| other.bytes >= total.bytes);
        sorted.insert(place, total);
    }
    sorted
}

/// The order in which the data of tensors lies in a file, given where each starts and its bytes.
fn by_place(places: impl Iterator<Item = (Bytes, Bytes)>) -> Vec<usize> {
    let mut places: Vec<(Bytes, Bytes, usize)> =
        places.enumerate().map(|(index, (offset, bytes))| (offset, bytes, index)).collect();
    places.sort_unstable();
    places.into_iter().map(|(_, _, index)| index).collect()
}

/// The product of `shape`, if it can be counted.
fn elements(shape: &[u64]) -> Option<u64> {
    // A dimension of zero makes the product zero, wherever it stands.
    if shape.contains(&0) {
        return Some(0);
    }
    shape.iter().try_fold(1_u64, |product, &dimension| product.checked_mul(dimension))
}

/// A name that occurs twice in `names`.
fn repeated<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
}
