//! Models and devices as bytes: how the catalogue stores them, and how a model passes from one WebAssembly module to
//! another.
//!
//! Numbers stand once each in a table in front, in the order of their first use, and the structure behind it names
//! them by their place in that table. So two models of one architecture differ in their tables alone, and a list of
//! models compresses to little more than its dimensions. Nothing marks the version: writer and reader are of one build.

use crate::accelerator::Peaks;
use crate::attention::{Attention, Indexer, Reach, Selection};
use crate::feed_forward::FeedForward;
use crate::format::{GgmlType, GgufLayout, GgufRules, Number, Packing};
use crate::latent::Latent;
use crate::model::{CacheOwner, Head, Layer, Layers, Mixer, Model, Source};
use crate::picture::{Picture, Sound};
use crate::state::{State, StateFormat};
use crate::tensor::{Kind, Role, Tensor};
use crate::units::{Bytes, BytesPerSecond, FlopsPerSecond};
use crate::vision::VisionEncoder;

/// What can be written and read back. What borrows from the bytes lives as long as they do.
///
/// Structs and enums get it from [`packed_struct!`](crate::packed_struct) and [`packed_enum!`](crate::packed_enum).
pub trait Packed<'a>: Sized {
    /// Appends itself.
    fn pack(&self, to: &mut Writer);
    /// Reads itself; `None` if the bytes are not what [`Packed::pack`] wrote.
    fn unpack(from: &mut Reader<'a>) -> Option<Self>;
}

/// A value as bytes.
///
/// ```
/// # use ridgepoint_core::packed;
/// let sizes: Vec<u64> = vec![4096, 4096, 128_256];
/// let bytes = packed::pack(&sizes);
/// assert_eq!(packed::unpack::<Vec<u64>>(&bytes), Some(sizes));
/// assert_eq!(packed::unpack::<Vec<u64>>(&bytes[1..]), None);
/// ```
pub fn pack<'a>(value: &impl Packed<'a>) -> Vec<u8> {
    let mut writer = Writer { numbers: Vec::new(), structure: Vec::new() };
    value.pack(&mut writer);
    let mut bytes = Vec::new();
    push_varint(&mut bytes, writer.numbers.len() as u64);
    writer.numbers.iter().for_each(|&number| push_varint(&mut bytes, number));
    bytes.extend(writer.structure);
    bytes
}

/// Reads what [`pack`] wrote; `None` for anything else.
pub fn unpack<'a, T: Packed<'a>>(bytes: &'a [u8]) -> Option<T> {
    let mut reader = Reader { numbers: Vec::new(), rest: bytes };
    for _ in 0..reader.varint()? {
        let number = reader.varint()?;
        reader.numbers.push(number);
    }
    let value = T::unpack(&mut reader)?;
    reader.rest.is_empty().then_some(value)
}

/// Where values are written.
pub struct Writer {
    numbers: Vec<u64>,
    structure: Vec<u8>,
}

impl Writer {
    /// Appends a byte, such as the number of an enum's variant.
    pub fn byte(&mut self, byte: u8) {
        self.structure.push(byte);
    }
}

/// Where values are read.
pub struct Reader<'a> {
    numbers: Vec<u64>,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// The next byte.
    pub fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn slice(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.varint()?).ok()?;
        let (slice, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(slice)
    }
}

/// Seven bits to a byte, lowest first; the eighth says that more follow.
fn push_varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

impl<'a> Packed<'a> for u64 {
    fn pack(&self, to: &mut Writer) {
        let place = to.numbers.iter().position(|known| known == self).unwrap_or_else(|| {
            to.numbers.push(*self);
            to.numbers.len() - 1
        });
        push_varint(&mut to.structure, place as u64);
    }

    fn unpack(from: &mut Reader<'a>) -> Option<Self> {
        let place = usize::try_from(from.varint()?).ok()?;
        from.numbers.get(place).copied()
    }
}

impl<'a> Packed<'a> for bool {
    fn pack(&self, to: &mut Writer) {
        to.byte(u8::from(*self));
    }

    fn unpack(from: &mut Reader<'a>) -> Option<Self> {
        match from.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl<'a, T: Packed<'a>> Packed<'a> for Option<T> {
    fn pack(&self, to: &mut Writer) {
        self.is_some().pack(to);
        if let Some(value) = self {
            value.pack(to);
        }
    }

    fn unpack(from: &mut Reader<'a>) -> Option<Self> {
        if bool::unpack(from)? { T::unpack(from).map(Some) } else { Some(None) }
    }
}

impl<'a, T: Packed<'a>> Packed<'a> for Vec<T> {
    fn pack(&self, to: &mut Writer) {
        (self.len() as u64).pack(to);
        self.iter().for_each(|item| item.pack(to));
    }

    fn unpack(from: &mut Reader<'a>) -> Option<Self> {
        let len = u64::unpack(from)?;
        // Pushed one by one: collecting options is as much code again for each kind of item.
        let mut items = Self::new();
        for _ in 0..len {
            items.push(T::unpack(from)?);
        }
        Some(items)
    }
}

impl<'a> Packed<'a> for Layers {
    fn pack(&self, to: &mut Writer) {
        self.kinds().to_vec().pack(to);
        (self.len() as u64).pack(to);
        self.order().for_each(|kind| push_varint(&mut to.structure, kind as u64));
    }

    fn unpack(from: &mut Reader<'a>) -> Option<Self> {
        let kinds = Vec::<Layer>::unpack(from)?;
        let len = u64::unpack(from)?;
        let order = (0..len).map(|_| from.varint()).collect::<Option<Vec<_>>>()?;
        Self::of_kinds(kinds, order)
    }
}

impl<'a> Packed<'a> for &'a [u8] {
    fn pack(&self, to: &mut Writer) {
        push_varint(&mut to.structure, self.len() as u64);
        to.structure.extend_from_slice(self);
    }

    fn unpack(from: &mut Reader<'a>) -> Option<Self> {
        from.slice()
    }
}

impl<'a> Packed<'a> for &'a str {
    fn pack(&self, to: &mut Writer) {
        self.as_bytes().pack(to);
    }

    fn unpack(from: &mut Reader<'a>) -> Option<Self> {
        core::str::from_utf8(from.slice()?).ok()
    }
}

impl<'a, A: Packed<'a>, B: Packed<'a>> Packed<'a> for (A, B) {
    fn pack(&self, to: &mut Writer) {
        self.0.pack(to);
        self.1.pack(to);
    }

    fn unpack(from: &mut Reader<'a>) -> Option<Self> {
        Some((A::unpack(from)?, B::unpack(from)?))
    }
}

/// The other whole numbers, and quantities that wrap a number.
macro_rules! packed_as {
    ($($type:ty as $number:ty: $write:expr, $read:expr;)*) => {$(
        impl<'a> Packed<'a> for $type {
            fn pack(&self, to: &mut Writer) {
                let write: fn($type) -> $number = $write;
                write(*self).pack(to);
            }

            fn unpack(from: &mut Reader<'a>) -> Option<Self> {
                let read: fn($number) -> Option<$type> = $read;
                read(<$number>::unpack(from)?)
            }
        }
    )*};
}

packed_as! {
    u8 as u64: u64::from, |number| number.try_into().ok();
    u16 as u64: u64::from, |number| number.try_into().ok();
    f64 as u64: f64::to_bits, |bits| Some(f64::from_bits(bits));
    Bytes as u64: Bytes::get, |bytes| Some(Bytes::new(bytes));
    BytesPerSecond as f64: BytesPerSecond::get, |rate| Some(BytesPerSecond::new(rate));
    FlopsPerSecond as f64: FlopsPerSecond::get, |rate| Some(FlopsPerSecond::new(rate));
}

/// Both directions of a struct from the list of its fields. `static` stands before the name of one that borrows.
#[macro_export]
macro_rules! packed_struct {
    ($type:ident $fields:tt) => {
        $crate::packed_struct! { @ [<'a>] 'a $type $fields }
    };
    (static $type:ident $fields:tt) => {
        $crate::packed_struct! { @ [] 'static $type $fields }
    };
    (@ [$($generic:tt)*] $life:lifetime $type:ident { $($field:ident),* $(,)? }) => {
        impl $($generic)* $crate::packed::Packed<$life> for $type {
            fn pack(&self, to: &mut $crate::packed::Writer) {
                let Self { $($field),* } = self;
                $($field.pack(to);)*
            }

            fn unpack(from: &mut $crate::packed::Reader<$life>) -> Option<Self> {
                Some(Self { $($field: $crate::packed::Packed::unpack(from)?),* })
            }
        }
    };
}

/// Both directions of an enum from the list of its variants, each with a number of its own.
#[macro_export]
macro_rules! packed_enum {
    ($type:ident { $($tag:literal $variant:ident $({ $($field:ident),* })? $(($inner:ident))?),* $(,)? }) => {
        impl<'a> $crate::packed::Packed<'a> for $type {
            fn pack(&self, to: &mut $crate::packed::Writer) {
                match self {
                    $(Self::$variant $({ $($field),* })? $(($inner))? => {
                        to.byte($tag);
                        $($($field.pack(to);)*)?
                        $($inner.pack(to);)?
                    })*
                }
            }

            fn unpack(from: &mut $crate::packed::Reader<'a>) -> Option<Self> {
                match from.byte()? {
                    $($tag => Some(Self::$variant $({ $($field: $crate::packed::Packed::unpack(from)?),* })? $(({
                        let $inner = $crate::packed::Packed::unpack(from)?;
                        $inner
                    }))?),)*
                    _ => None,
                }
            }
        }
    };
}

packed_struct!(Model {
    hidden_size,
    vocab_size,
    context_limit,
    input,
    layers,
    output,
    head,
    mtp_parameters,
    gguf,
    picture,
    vision,
    sound,
    latent,
});
packed_struct!(Layer { mixer, feed_forward, tensors, reused });
packed_struct!(Tensor { role, kind, outputs, inputs, copies, native });
packed_struct!(Indexer { heads, dim, top });
packed_struct!(Peaks { fp32, fp16, bf16, fp8, int8, fp4 });
packed_struct!(State { conv_channels, conv_kernel, recurrent, format });
packed_struct!(GgufLayout { rules, fused_qkv, recurrent_qkv, whole_kv_b, unread_kv, rope_factors });

packed_enum!(Head { 0 None, 1 Own(tensor), 2 Tied(tensor) });
packed_enum!(Mixer {
    0 None,
    1 Attention { attention, reach, cache, selection },
    2 Recurrent(state),
    3 Parallel { attention, reach, state },
});
packed_enum!(Attention {
    0 Grouped { heads, kv_heads, key_dim, value_dim },
    1 Latent { heads, kv_rank, rope_dim, nope_dim, value_dim, query_rank },
    2 Shared { heads, dim },
});
packed_enum!(Reach { 0 Full, 1 Sliding(window), 2 Chunked(chunk) });
packed_enum!(Selection { 0 All, 1 Indexed(indexer), 2 AsEarlier { top }, 3 Compressed { ratio, indexer } });
packed_enum!(CacheOwner { 0 Own, 1 Earlier, 2 Encoder(source), 3 Nobody });
packed_enum!(Picture {
    0 Fixed(tokens),
    1 Scaled { unit, fewest, most },
    2 Rows { unit, longest },
    3 Tiles { side, most, each },
    4 Crops { side, most, each },
    5 Enlarged { unit, fewest, most },
    6 Aligned { unit, fewest, most },
    7 Filled(tokens),
    8 Padded { patch, merge, most, along },
    9 Split { side, most, each },
    10 Grids { side, each, grids },
    11 Mosaic { unit, fewest, most, side, tiles },
});
packed_enum!(Latent { 0 Image { channels, scale, finest, coarsest }, 1 Sound { semantic, coarse, fine } });
packed_struct!(VisionEncoder { hidden, inner, rotary, pixels, patches, most, frames, vectors });
packed_struct!(Sound { window, tokens });
packed_enum!(Source { 0 Image, 1 Prompt, 2 Frames(tokens) });
packed_enum!(StateFormat { 0 Bits16, 1 Bits32 });
packed_enum!(FeedForward { 0 None, 1 Dense, 2 Experts { experts, active } });
packed_enum!(Kind { 0 Matrix, 1 Vector });
packed_enum!(GgufRules { 0 General, 1 Falcon, 2 SeventyB });
packed_enum!(Role {
    0 TokenEmbedding,
    1 PositionEmbedding,
    2 PerLayerEmbedding,
    3 Head,
    4 Query,
    5 Key,
    6 Value,
    7 AttentionOutput,
    8 AttentionGate,
    9 LatentDown,
    10 LatentUp,
    11 AttentionOther,
    12 AttentionSink,
    13 Mixer,
    14 Gate,
    15 Up,
    16 Down,
    17 DenseOther,
    18 ExpertGate,
    19 ExpertUp,
    20 ExpertDown,
    21 SharedGate,
    22 SharedUp,
    23 SharedDown,
    24 Router,
    25 Norm,
    26 Vision,
    27 Audio,
    28 Projector,
    29 Other,
});
packed_enum!(Number { 0 Fp32, 1 Fp16, 2 Bf16, 3 Fp8, 4 Fp4, 5 Int { bits } });
packed_enum!(Packing {
    0 Absent,
    1 Plain { number },
    2 PerTensor { number },
    3 PerRow { number, scale_bytes },
    4 PerGroup { number, group, scale_bits },
    5 PerTile { number, rows, columns },
    6 Nvfp4 { weight_only },
    7 Gptq { bits, group },
    8 BitsAndBytes4 { double },
    9 Codebooks { books, bits, group },
    10 Ggml(kind),
    11 GgmlLatent { keys, key_dim, values, value_dim },
    12 GgmlRows { first, rows, rest },
});
packed_enum!(GgmlType {
    0 F32,
    1 F16,
    2 Bf16,
    3 Q4_0,
    4 Q4_1,
    5 Q5_0,
    6 Q5_1,
    7 Q8_0,
    8 Q2K,
    9 Q3K,
    10 Q4K,
    11 Q5K,
    12 Q6K,
    13 Iq1S,
    14 Iq1M,
    15 Iq2Xxs,
    16 Iq2Xs,
    17 Iq2S,
    18 Iq3Xxs,
    19 Iq3S,
    20 Iq4Nl,
    21 Iq4Xs,
    22 Tq1_0,
    23 Tq2_0,
    24 Mxfp4,
    25 Nvfp4,
    26 Q1_0,
    27 Q2_0,
});
