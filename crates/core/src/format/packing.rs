//! How one tensor is laid out in memory, to the byte.

use super::ggml::GgmlType;
use super::{Arithmetic, ComputePrecision};
use crate::units::Bytes;

/// What one stored value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Number {
    /// 32-bit floating point.
    Fp32,
    /// 16-bit IEEE floating point.
    Fp16,
    /// 16-bit brain floating point.
    Bf16,
    /// 8-bit floating point.
    Fp8,
    /// 4-bit floating point.
    Fp4,
    /// Integers.
    Int {
        /// Bits of a value.
        bits: u64,
    },
}

impl Number {
    /// Bits of a value.
    pub const fn bits(self) -> u64 {
        match self {
            Self::Fp32 => 32,
            Self::Fp16 | Self::Bf16 => 16,
            Self::Fp8 => 8,
            Self::Fp4 => 4,
            Self::Int { bits } => bits,
        }
    }
}

/// How one tensor is laid out in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Packing {
    /// Not in the file at all: GGUF keeps vision and audio towers in a file of their own.
    Absent,
    /// Each value by itself.
    Plain {
        /// What a value is.
        number: Number,
    },
    /// Values with one 4-byte scale for the whole matrix, and one for its input.
    PerTensor {
        /// What a value is.
        number: Number,
    },
    /// Values with one scale for each row of the matrix.
    PerRow {
        /// What a value is.
        number: Number,
        /// Bytes of a scale.
        scale_bytes: u64,
    },
    /// Values with one scale (and perhaps a zero point) for each group of columns in a row.
    PerGroup {
        /// What a value is.
        number: Number,
        /// Columns that share a scale.
        group: u64,
        /// Bits of a scale and its zero point together.
        scale_bits: u64,
    },
    /// Values with one 4-byte scale for each tile of the matrix.
    PerTile {
        /// What a value is.
        number: Number,
        /// Rows of a tile.
        rows: u64,
        /// Columns of a tile.
        columns: u64,
    },
    /// NVIDIA's 4-bit floating point: an 8-bit scale for each 16 columns and a 4-byte one for the whole matrix.
    Nvfp4 {
        /// Whether activations stay in 16 bit. Where they do not, their 4-byte scale is stored too.
        weight_only: bool,
    },
    /// GPTQ: a 16-bit scale and a zero point as wide as a value for each group, and a 4-byte group index per input.
    Gptq {
        /// Bits of a value.
        bits: u64,
        /// Inputs that share a scale; 0 for all of them.
        group: u64,
    },
    /// The 4-bit formats of bitsandbytes: a scale for each 64 values of the matrix, read as one long row.
    BitsAndBytes4 {
        /// Whether the scales are quantised too: one byte each, and 4 bytes for each 256 of them.
        double: bool,
    },
    /// AQLM: for each group of inputs an index into each codebook, the codebooks of 16-bit vectors, a scale per output.
    Codebooks {
        /// Codebooks.
        books: u64,
        /// Bits of an index.
        bits: u64,
        /// Inputs that share an index.
        group: u64,
    },
    /// Blocks of a ggml type along the columns.
    Ggml(GgmlType),
    /// The matrix that widens a latent vector into keys and values, as GGUF splits it: the keys of each head
    /// transposed (rows of `key_dim`), then the values (rows of the latent width).
    GgmlLatent {
        /// Type of the keys' half.
        keys: GgmlType,
        /// Width of a key without its rotary part.
        key_dim: u64,
        /// Type of the values' half.
        values: GgmlType,
        /// Width of a value.
        value_dim: u64,
    },
    /// A matrix whose first rows are a tensor of their own in GGUF.
    GgmlRows {
        /// Type of the first rows.
        first: GgmlType,
        /// How many those are.
        rows: u64,
        /// Type of the others.
        rest: GgmlType,
    },
}

/// Values that share a scale in the 4-bit formats of bitsandbytes (`blocksize=64` in `quantize_4bit`).
const BNB_BLOCK: u64 = 64;
/// Scales that share a scale when they are quantised themselves (`blocksize=256` in `quantize_4bit`).
const BNB_NESTED_BLOCK: u64 = 256;

impl Packing {
    /// Brain floating point, value by value: how models are published unless they say otherwise.
    pub const BF16: Self = Self::Plain { number: Number::Bf16 };

    /// OCP microscaling floating point: 4-bit values with an 8-bit scale for each 32.
    pub const MXFP4: Self = Self::PerGroup { number: Number::Fp4, group: 32, scale_bits: 8 };

    /// Bytes of one copy of an `outputs x inputs` matrix.
    ///
    /// The layouts are those of the files: GPTQ's `qweight`, `qzeros`, `scales` and `g_idx`, AWQ's `qweight`, `qzeros`
    /// and `scales`, `weight` and `weight_scale_inv` of block-wise fp8, `*_blocks` and `*_scales` of MXFP4, `weight`,
    /// `weight_scale`, `weight_scale_2` and `input_scale` of NVFP4.
    ///
    /// ```
    /// # use ridgepoint_core::{Bytes, GgmlType, Number, Packing};
    /// assert_eq!(Packing::BF16.bytes(4096, 4096), Bytes::mib(32));
    /// // 144 bytes hold 256 weights in Q4_K: 4.5 bits each.
    /// assert_eq!(Packing::Ggml(GgmlType::Q4K).bytes(4096, 4096), Bytes::new(4096 * 16 * 144));
    /// // fp8 with one 4-byte scale for each 128 x 128 tile.
    /// let tiles = Packing::PerTile { number: Number::Fp8, rows: 128, columns: 128 };
    /// assert_eq!(tiles.bytes(256, 129), Bytes::new(256 * 129 + 4 * 2 * 2));
    /// // GPTQ, 4 bit in groups of 128: 32 groups of a 2-byte scale and half a byte of zero point for each output.
    /// let gptq = Packing::Gptq { bits: 4, group: 128 };
    /// assert_eq!(gptq.bytes(4096, 4096), Bytes::new(4096 * 4096 / 2 + 32 * 4096 * 5 / 2 + 4 * 4096));
    /// // NF4 with double quantisation: a byte for each 64 weights, 4 bytes for each 256 of those: 4.127 bits.
    /// let nf4 = Packing::BitsAndBytes4 { double: true };
    /// assert_eq!(nf4.bytes(4096, 4096), Bytes::new(8_388_608 + 262_144 + 4 * 1024));
    /// ```
    pub fn bytes(self, outputs: u64, inputs: u64) -> Bytes {
        let values = outputs.saturating_mul(inputs);
        match self {
            Self::Absent => Bytes::ZERO,
            Self::Plain { number } => Bytes::of_values(values, number.bits()),
            Self::PerTensor { number } => Bytes::of_values(values, number.bits()) + Bytes::new(4 + 4),
            Self::PerRow { number, scale_bytes } => {
                Bytes::of_values(values, number.bits()) + Bytes::new(outputs) * scale_bytes
            }
            Self::PerGroup { number, group, scale_bits } => {
                Bytes::of_values(values, number.bits())
                    + Bytes::of_values(outputs.saturating_mul(inputs.div_ceil(group.max(1))), scale_bits)
            }
            Self::PerTile { number, rows, columns } => {
                let tiles = outputs.div_ceil(rows.max(1)).saturating_mul(inputs.div_ceil(columns.max(1)));
                Bytes::of_values(values, number.bits()) + Bytes::new(tiles) * 4
            }
            Self::Nvfp4 { weight_only } => {
                let scales = outputs.saturating_mul(inputs.div_ceil(16));
                Bytes::of_values(values, 4) + Bytes::new(scales) + Bytes::new(if weight_only { 4 } else { 8 })
            }
            Self::Gptq { bits, group } => {
                let groups = if group == 0 { 1 } else { inputs.div_ceil(group) };
                Bytes::of_values(values, bits)
                    + Bytes::of_values(outputs.saturating_mul(groups), bits + 16)
                    + Bytes::new(inputs) * 4
            }
            Self::BitsAndBytes4 { double } => {
                let scales = values.div_ceil(BNB_BLOCK);
                let scale_bytes = if double {
                    Bytes::new(scales) + Bytes::new(scales.div_ceil(BNB_NESTED_BLOCK)) * 4
                } else {
                    Bytes::new(scales) * 4
                };
                Bytes::of_values(values, 4) + scale_bytes
            }
            Self::Codebooks { books, bits, group } => {
                let indices = outputs.saturating_mul(inputs.div_ceil(group.max(1))).saturating_mul(books);
                let vectors = books.saturating_mul(1 << bits.min(32)).saturating_mul(group);
                Bytes::of_values(indices, bits) + Bytes::new(vectors) * 2 + Bytes::new(outputs) * 2
            }
            Self::Ggml(kind) => kind.bytes(outputs, inputs),
            Self::GgmlLatent { keys, key_dim, values, value_dim } => {
                let heads = outputs / (key_dim + value_dim).max(1);
                let transposed = keys.bytes(heads.saturating_mul(inputs), key_dim);
                transposed + values.bytes(heads.saturating_mul(value_dim), inputs)
            }
            Self::GgmlRows { first, rows, rest } => {
                let rows = rows.min(outputs);
                first.bytes(rows, inputs) + rest.bytes(outputs - rows, inputs)
            }
        }
    }

    /// The arithmetic that engines use for a matrix in this layout, where the device can.
    ///
    /// Formats that store only weights in few bits are unpacked to 16 bit on the way to the arithmetic units; those
    /// made for quantised activations too are multiplied as they are.
    pub const fn arithmetic(self) -> Arithmetic {
        match self {
            Self::Plain { number } => match number {
                Number::Fp32 => Arithmetic::Native(ComputePrecision::Fp32),
                Number::Fp16 => Arithmetic::Native(ComputePrecision::Fp16),
                Number::Bf16 => Arithmetic::Native(ComputePrecision::Bf16),
                Number::Fp8 => Arithmetic::Native(ComputePrecision::Fp8),
                Number::Fp4 | Number::Int { .. } => Arithmetic::WeightOnly,
            },
            Self::PerTensor { number } | Self::PerRow { number, .. } | Self::PerTile { number, .. } => match number {
                Number::Fp8 => Arithmetic::Native(ComputePrecision::Fp8),
                Number::Int { bits: 8 } => Arithmetic::Native(ComputePrecision::Int8),
                Number::Fp32 | Number::Fp16 | Number::Bf16 | Number::Fp4 | Number::Int { .. } => Arithmetic::WeightOnly,
            },
            Self::PerGroup { number: Number::Fp8, .. } => Arithmetic::Native(ComputePrecision::Fp8),
            Self::Nvfp4 { weight_only: false } => Arithmetic::Native(ComputePrecision::Fp4),
            Self::Absent
            | Self::PerGroup { .. }
            | Self::Nvfp4 { weight_only: true }
            | Self::Gptq { .. }
            | Self::BitsAndBytes4 { .. }
            | Self::Codebooks { .. }
            | Self::Ggml(_)
            | Self::GgmlLatent { .. }
            | Self::GgmlRows { .. } => Arithmetic::WeightOnly,
        }
    }

    /// Whether values are stored by themselves, without scales.
    pub const fn is_plain(self) -> bool {
        matches!(self, Self::Absent | Self::Plain { .. })
    }
}
