//! The metadata of a GGUF file: named values, and the bytes that they are read from.

use super::super::{FieldProblem, HeaderError, Unread, repeated};
use super::LONGEST_HEADER;

/// A value of the metadata.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A whole number of an unsigned type.
    Unsigned(u64),
    /// A whole number of a signed type.
    Signed(i64),
    /// A number of a floating-point type.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// A text.
    Text(String),
    /// A list. Vocabularies have hundreds of thousands of entries, so only short lists of numbers are kept.
    List {
        /// Its entries.
        length: u64,
        /// The entries themselves, true as 1, where all are whole numbers and not too many to be one for each layer;
        /// else empty.
        numbers: Vec<u64>,
    },
}

impl Value {
    /// The value as a whole number that is not negative.
    pub fn whole(&self) -> Option<u64> {
        match self {
            Self::Unsigned(value) => Some(*value),
            Self::Signed(value) => u64::try_from(*value).ok(),
            Self::Float(_) | Self::Bool(_) | Self::Text(_) | Self::List { .. } => None,
        }
    }
}

/// Lists of numbers up to this length are kept. No model has more layers.
const MOST_KEPT: u64 = 10_000;
/// How deep lists may be nested. llama.cpp writes no nested lists at all.
const DEEPEST: u32 = 4;

/// Types of values, as `gguf_type` numbers them.
mod id {
    pub(super) const BOOL: u32 = 7;
    pub(super) const TEXT: u32 = 8;
    pub(super) const LIST: u32 = 9;
}

/// Bytes of a value of a type of fixed size.
const fn size(kind: u32) -> Option<u64> {
    match kind {
        0 | 1 | id::BOOL => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

/// A place in the first bytes of a file.
pub(super) struct Reader<'a> {
    start: &'a [u8],
    position: u64,
}

impl<'a> Reader<'a> {
    pub(super) fn new(start: &'a [u8]) -> Self {
        Self { start, position: 0 }
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Checks that `count` more bytes are here.
    pub(super) fn expect(&self, count: u64) -> Result<(), Unread> {
        let needed = self.position.saturating_add(count);
        let have = self.start.len() as u64;
        if needed > LONGEST_HEADER {
            Err(HeaderError::TooLong { claimed: needed, most: LONGEST_HEADER }.into())
        } else if needed > have {
            Err(Unread::NeedMore { bytes: needed.max(have * 2).min(LONGEST_HEADER) })
        } else {
            Ok(())
        }
    }

    pub(super) fn bytes(&mut self, count: u64) -> Result<&'a [u8], Unread> {
        self.expect(count)?;
        // What is here fits into memory.
        let from = self.position as usize;
        self.position += count;
        Ok(&self.start[from..from + count as usize])
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Unread> {
        let mut array = [0; N];
        array.copy_from_slice(self.bytes(N as u64)?);
        Ok(array)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Unread> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Unread> {
        self.array().map(u64::from_le_bytes)
    }

    /// A length and so many bytes of text; the inner error is the nearest text where they are not UTF-8.
    pub(super) fn text(&mut self) -> Result<Result<String, String>, Unread> {
        let length = self.u64()?;
        let bytes = self.bytes(length)?;
        let text = core::str::from_utf8(bytes).map(str::to_owned);
        Ok(text.map_err(|_| String::from_utf8_lossy(&bytes[..bytes.len().min(64)]).into_owned()))
    }
}

/// Reads `n` fields.
pub(super) fn read_fields(reader: &mut Reader, n: u64) -> Result<Vec<(String, Value)>, Unread> {
    let mut fields = Vec::new();
    for _ in 0..n {
        let name = reader.text()?;
        let name = name.map_err(|name| HeaderError::Field { name, problem: FieldProblem::NotUtf8 })?;
        let kind = reader.u32()?;
        let value = read_value(reader, kind, &name)?;
        fields.push((name, value));
    }
    match repeated(fields.iter().map(|(name, _)| name.as_str())) {
        Some(name) => Err(HeaderError::Field { name: name.to_owned(), problem: FieldProblem::Twice }.into()),
        None => Ok(fields),
    }
}

fn read_value(reader: &mut Reader, kind: u32, name: &str) -> Result<Value, Unread> {
    let problem = |problem| Unread::from(HeaderError::Field { name: name.to_owned(), problem });
    match kind {
        id::TEXT => reader.text()?.map(Value::Text).map_err(|_| problem(FieldProblem::NotUtf8)),
        id::LIST => {
            let (kind, length) = (reader.u32()?, reader.u64()?);
            let numbers = match size(kind) {
                Some(size) if length <= MOST_KEPT => {
                    reader.expect(size * length)?;
                    read_numbers(reader, kind, length, name)?
                }
                Some(_) | None => {
                    skip(reader, kind, length, DEEPEST).map_err(|reason| match reason {
                        Skipped::Unread(unread) => unread,
                        Skipped::Problem(reason) => problem(reason),
                    })?;
                    Vec::new()
                }
            };
            Ok(Value::List { length, numbers })
        }
        0 => reader.array().map(|value| Value::Unsigned(u8::from_le_bytes(value).into())),
        1 => reader.array().map(|value| Value::Signed(i8::from_le_bytes(value).into())),
        2 => reader.array().map(|value| Value::Unsigned(u16::from_le_bytes(value).into())),
        3 => reader.array().map(|value| Value::Signed(i16::from_le_bytes(value).into())),
        4 => reader.u32().map(|value| Value::Unsigned(value.into())),
        5 => reader.array().map(|value| Value::Signed(i32::from_le_bytes(value).into())),
        6 => reader.array().map(|value| Value::Float(f32::from_le_bytes(value).into())),
        id::BOOL => match reader.bytes(1)? {
            [0] => Ok(Value::Bool(false)),
            [1] => Ok(Value::Bool(true)),
            _ => Err(problem(FieldProblem::BadValue)),
        },
        10 => reader.u64().map(Value::Unsigned),
        11 => reader.array().map(|value| Value::Signed(i64::from_le_bytes(value))),
        12 => reader.array().map(|value| Value::Float(f64::from_le_bytes(value))),
        _ => Err(problem(FieldProblem::UnknownType)),
    }
}

/// A list of whole numbers, or nothing where one of them is not.
fn read_numbers(reader: &mut Reader, kind: u32, length: u64, name: &str) -> Result<Vec<u64>, Unread> {
    let mut numbers = Some(Vec::new());
    for _ in 0..length {
        let number = match read_value(reader, kind, name)? {
            Value::Bool(value) => Some(u64::from(value)),
            value @ (Value::Unsigned(_) | Value::Signed(_) | Value::Float(_) | Value::Text(_) | Value::List { .. }) => {
                value.whole()
            }
        };
        numbers = numbers.zip(number).map(|(mut numbers, number)| {
            numbers.push(number);
            numbers
        });
    }
    Ok(numbers.unwrap_or_default())
}

enum Skipped {
    Unread(Unread),
    Problem(FieldProblem),
}

impl From<Unread> for Skipped {
    fn from(unread: Unread) -> Self {
        Self::Unread(unread)
    }
}

/// Passes over `n` entries of a list without looking at them.
fn skip(reader: &mut Reader, kind: u32, n: u64, deepest: u32) -> Result<(), Skipped> {
    match kind {
        id::TEXT => {
            reader.expect(n.saturating_mul(8))?;
            for _ in 0..n {
                let length = reader.u64()?;
                reader.bytes(length)?;
            }
        }
        id::LIST => {
            if deepest == 0 {
                return Err(Skipped::Problem(FieldProblem::TooDeep));
            }
            reader.expect(n.saturating_mul(12))?;
            for _ in 0..n {
                let (kind, length) = (reader.u32()?, reader.u64()?);
                skip(reader, kind, length, deepest - 1)?;
            }
        }
        kind => {
            let size = size(kind).ok_or(Skipped::Problem(FieldProblem::UnknownType))?;
            reader.bytes(n.saturating_mul(size))?;
        }
    }
    Ok(())
}
