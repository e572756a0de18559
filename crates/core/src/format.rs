//! How numbers are stored: formats of weights and of the KV cache, and what arithmetic they feed.

use crate::tensor::{Component, Kind, Role, Tensor};
use crate::units::Bytes;

/// Precision of a matrix product on the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ComputePrecision {
    /// 32-bit floating point.
    Fp32,
    /// 16-bit IEEE floating point.
    Fp16,
    /// 16-bit brain floating point.
    Bf16,
    /// 8-bit floating point.
    Fp8,
    /// 8-bit integers.
    Int8,
    /// 4-bit floating point with block scales.
    Fp4,
}

/// How one tensor is laid out in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Packing {
    /// Each value by itself.
    Plain {
        /// Bits of a value.
        bits: u64,
    },
    /// Values with one scale for each row of the matrix.
    PerRow {
        /// Bits of a value.
        bits: u64,
        /// Bytes of a scale.
        scale_bytes: u64,
    },
    /// Values with one scale (and perhaps a zero point) for each group of columns in a row.
    PerGroup {
        /// Bits of a value.
        bits: u64,
        /// Columns that share a scale.
        group: u64,
        /// Bits of a scale and its zero point together.
        scale_bits: u64,
    },
    /// Values with one 4-byte scale for each square tile of the matrix.
    PerTile {
        /// Bits of a value.
        bits: u64,
        /// Side of a tile.
        side: u64,
    },
    /// Blocks of a ggml type along the columns.
    Ggml(GgmlType),
}

impl Packing {
    /// Bytes of one copy of an `outputs x inputs` matrix.
    ///
    /// ```
    /// # use ridgepoint_core::{Bytes, GgmlType, Packing};
    /// assert_eq!(Packing::Plain { bits: 16 }.bytes(4096, 4096), Bytes::mib(32));
    /// // 144 bytes hold 256 weights in Q4_K: 4.5 bits each.
    /// assert_eq!(Packing::Ggml(GgmlType::Q4K).bytes(4096, 4096), Bytes::new(4096 * 16 * 144));
    /// // fp8 with one 4-byte scale for each 128 x 128 tile.
    /// assert_eq!(Packing::PerTile { bits: 8, side: 128 }.bytes(256, 129), Bytes::new(256 * 129 + 4 * 2 * 2));
    /// ```
    pub fn bytes(self, outputs: u64, inputs: u64) -> Bytes {
        let values = outputs.saturating_mul(inputs);
        match self {
            Self::Plain { bits } => Bytes::of_values(values, bits),
            Self::PerRow { bits, scale_bytes } => Bytes::of_values(values, bits) + Bytes::new(outputs) * scale_bytes,
            Self::PerGroup { bits, group, scale_bits } => {
                Bytes::of_values(values, bits)
                    + Bytes::of_values(outputs.saturating_mul(inputs.div_ceil(group)), scale_bits)
            }
            Self::PerTile { bits, side } => {
                Bytes::of_values(values, bits)
                    + Bytes::new(outputs.div_ceil(side).saturating_mul(inputs.div_ceil(side))) * 4
            }
            Self::Ggml(kind) => {
                let (block, bytes) = kind.block();
                Bytes::new(outputs.saturating_mul(inputs.div_ceil(block))) * bytes
            }
        }
    }
}

/// A tensor type of ggml, the library under llama.cpp.
///
/// Block sizes are those of `GGML_QUANT_SIZES` in gguf-py 0.19.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the documentation: ggml's own")]
pub enum GgmlType {
    F32,
    F16,
    Bf16,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q2K,
    Q3K,
    Q4K,
    Q5K,
    Q6K,
    Iq1S,
    Iq1M,
    Iq2Xxs,
    Iq2Xs,
    Iq2S,
    Iq3Xxs,
    Iq3S,
    Iq4Nl,
    Iq4Xs,
    Tq1_0,
    Tq2_0,
    Mxfp4,
}

impl GgmlType {
    /// Every type, widest first.
    pub const ALL: [Self; 25] = [
        Self::F32,
        Self::F16,
        Self::Bf16,
        Self::Q8_0,
        Self::Q6K,
        Self::Q5_1,
        Self::Q5_0,
        Self::Q5K,
        Self::Q4_1,
        Self::Q4_0,
        Self::Q4K,
        Self::Iq4Nl,
        Self::Iq4Xs,
        Self::Mxfp4,
        Self::Q3K,
        Self::Iq3S,
        Self::Iq3Xxs,
        Self::Q2K,
        Self::Iq2S,
        Self::Iq2Xs,
        Self::Iq2Xxs,
        Self::Tq2_0,
        Self::Tq1_0,
        Self::Iq1M,
        Self::Iq1S,
    ];

    /// Values in a block, and bytes that the block takes.
    pub const fn block(self) -> (u64, u64) {
        match self {
            Self::F32 => (1, 4),
            Self::F16 | Self::Bf16 => (1, 2),
            Self::Q4_0 | Self::Iq4Nl => (32, 18),
            Self::Q4_1 => (32, 20),
            Self::Q5_0 => (32, 22),
            Self::Q5_1 => (32, 24),
            Self::Q8_0 => (32, 34),
            Self::Q2K => (256, 84),
            Self::Q3K | Self::Iq3S => (256, 110),
            Self::Q4K => (256, 144),
            Self::Q5K => (256, 176),
            Self::Q6K => (256, 210),
            Self::Iq1S => (256, 50),
            Self::Iq1M => (256, 56),
            Self::Iq2Xxs | Self::Tq2_0 => (256, 66),
            Self::Iq2Xs => (256, 74),
            Self::Iq2S => (256, 82),
            Self::Iq3Xxs => (256, 98),
            Self::Iq4Xs => (256, 136),
            Self::Tq1_0 => (256, 54),
            Self::Mxfp4 => (32, 17),
        }
    }

    /// What `llama-quantize` stores instead when a row is not a whole number of blocks
    /// (`tensor_type_fallback` in llama.cpp's `src/llama-quant.cpp`).
    pub const fn for_rows_of(self, inputs: u64) -> Self {
        if inputs.is_multiple_of(self.block().0) {
            return self;
        }
        let fallback = match self {
            Self::Iq1S
            | Self::Iq1M
            | Self::Iq2Xxs
            | Self::Iq2Xs
            | Self::Iq2S
            | Self::Iq3Xxs
            | Self::Iq3S
            | Self::Iq4Xs => Self::Iq4Nl,
            Self::Q2K | Self::Q3K | Self::Tq1_0 | Self::Tq2_0 => Self::Q4_0,
            Self::Q4K => Self::Q5_0,
            Self::Q5K => Self::Q5_1,
            Self::Q6K => Self::Q8_0,
            Self::F32
            | Self::F16
            | Self::Bf16
            | Self::Q4_0
            | Self::Q4_1
            | Self::Q5_0
            | Self::Q5_1
            | Self::Q8_0
            | Self::Iq4Nl
            | Self::Mxfp4 => Self::F16,
        };
        if inputs.is_multiple_of(fallback.block().0) { fallback } else { Self::F16 }
    }
}

/// A way of storing a whole model: which tensors are packed how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WeightFormat {
    /// Everything in 32 bit.
    Fp32,
    /// Everything in 16-bit IEEE floating point.
    Fp16,
    /// Everything in 16-bit brain floating point.
    Bf16,
    /// Linear layers in 8-bit floating point with a scale for each 128 x 128 tile (DeepSeek-V3's layout).
    Fp8,
    /// Linear layers in 8-bit integers with a 16-bit scale for each output channel (W8A8).
    Int8,
    /// Linear layers in 4-bit integers, a 16-bit scale for each 128 inputs (compressed-tensors W4A16, symmetric).
    Int4,
    /// Linear layers in 4-bit floating point, an 8-bit scale for each 32 inputs; of a mixture only the experts.
    Mxfp4,
    /// All matrices in one ggml type, as `llama-quantize --pure` writes it.
    Ggml(GgmlType),
}

/// Which arithmetic a format asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arithmetic {
    /// The format's own precision: weights and activations both in it.
    Native(ComputePrecision),
    /// 16 bit: weights are unpacked on the way to the arithmetic units.
    WeightOnly,
}

impl WeightFormat {
    /// How this format stores `tensor`. `mixture` says whether the model has routed experts.
    pub const fn packing(self, tensor: Tensor, mixture: bool) -> Packing {
        let wide = Packing::Plain { bits: 16 };
        match self {
            Self::Fp32 => Packing::Plain { bits: 32 },
            Self::Fp16 | Self::Bf16 => wide,
            Self::Fp8 => match Quantisable::of(tensor) {
                Quantisable::Linear | Quantisable::Expert => Packing::PerTile { bits: 8, side: 128 },
                Quantisable::Vocabulary | Quantisable::Never => wide,
            },
            Self::Int8 => match Quantisable::of(tensor) {
                Quantisable::Linear | Quantisable::Expert => Packing::PerRow { bits: 8, scale_bytes: 2 },
                Quantisable::Vocabulary | Quantisable::Never => wide,
            },
            Self::Int4 => match Quantisable::of(tensor) {
                Quantisable::Linear | Quantisable::Expert => Packing::PerGroup { bits: 4, group: 128, scale_bits: 16 },
                Quantisable::Vocabulary | Quantisable::Never => wide,
            },
            Self::Mxfp4 => match Quantisable::of(tensor) {
                Quantisable::Expert => Packing::PerGroup { bits: 4, group: 32, scale_bits: 8 },
                Quantisable::Linear if !mixture => Packing::PerGroup { bits: 4, group: 32, scale_bits: 8 },
                Quantisable::Linear | Quantisable::Vocabulary | Quantisable::Never => wide,
            },
            Self::Ggml(kind) => match Quantisable::of(tensor) {
                Quantisable::Linear | Quantisable::Expert | Quantisable::Vocabulary => {
                    Packing::Ggml(kind.for_rows_of(tensor.inputs))
                }
                Quantisable::Never => Packing::Ggml(GgmlType::F32),
            },
        }
    }

    /// Bytes of all copies of `tensor`.
    pub fn bytes(self, tensor: Tensor, mixture: bool) -> Bytes {
        self.packing(tensor, mixture).bytes(tensor.outputs, tensor.inputs) * tensor.copies
    }

    /// The arithmetic that engines use for matrices in this format, where the device can.
    pub const fn arithmetic(self) -> Arithmetic {
        match self {
            Self::Fp32 => Arithmetic::Native(ComputePrecision::Fp32),
            Self::Fp16 => Arithmetic::Native(ComputePrecision::Fp16),
            Self::Bf16 => Arithmetic::Native(ComputePrecision::Bf16),
            Self::Fp8 => Arithmetic::Native(ComputePrecision::Fp8),
            Self::Int8 => Arithmetic::Native(ComputePrecision::Int8),
            Self::Int4 | Self::Mxfp4 => Arithmetic::WeightOnly,
            Self::Ggml(GgmlType::F32) => Arithmetic::Native(ComputePrecision::Fp32),
            Self::Ggml(GgmlType::F16) => Arithmetic::Native(ComputePrecision::Fp16),
            Self::Ggml(GgmlType::Bf16) => Arithmetic::Native(ComputePrecision::Bf16),
            Self::Ggml(_) => Arithmetic::WeightOnly,
        }
    }
}

/// Whether quantisers touch a tensor. Norms, biases, routers, towers and small tensors stay wide in every method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantisable {
    Linear,
    Expert,
    /// Embedding and head: ggml packs them, the others keep them in 16 bit.
    Vocabulary,
    Never,
}

impl Quantisable {
    const fn of(tensor: Tensor) -> Self {
        match tensor.kind {
            Kind::Vector => return Self::Never,
            Kind::Matrix => {}
        }
        if matches!(tensor.role, Role::PositionEmbedding) {
            return Self::Never;
        }
        match tensor.role.component() {
            Component::Embedding | Component::Head => Self::Vocabulary,
            Component::Attention | Component::Mixer | Component::DenseMlp | Component::SharedExperts => Self::Linear,
            Component::RoutedExperts => Self::Expert,
            Component::Router
            | Component::Norms
            | Component::Vision
            | Component::Audio
            | Component::Projector
            | Component::Other => Self::Never,
        }
    }
}

/// How the KV cache is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KvFormat {
    /// 32-bit floating point.
    Fp32,
    /// 16-bit IEEE floating point.
    Fp16,
    /// 16-bit brain floating point.
    Bf16,
    /// 8-bit floating point.
    Fp8,
    /// 8-bit integers.
    Int8,
    /// ggml Q8_0 blocks.
    Q8_0,
    /// ggml Q5_1 blocks.
    Q5_1,
    /// ggml Q5_0 blocks.
    Q5_0,
    /// ggml Q4_1 blocks.
    Q4_1,
    /// ggml Q4_0 blocks.
    Q4_0,
}

impl KvFormat {
    /// Bytes of `values` numbers, scales included.
    ///
    /// ```
    /// # use ridgepoint_core::{Bytes, KvFormat};
    /// assert_eq!(KvFormat::Bf16.bytes(1024), Bytes::new(2048));
    /// assert_eq!(KvFormat::Q8_0.bytes(1024), Bytes::new(1024 / 32 * 34));
    /// ```
    pub fn bytes(self, values: u64) -> Bytes {
        let packing = match self {
            Self::Fp32 => Packing::Plain { bits: 32 },
            Self::Fp16 | Self::Bf16 => Packing::Plain { bits: 16 },
            Self::Fp8 | Self::Int8 => Packing::Plain { bits: 8 },
            Self::Q8_0 => Packing::Ggml(GgmlType::Q8_0),
            Self::Q5_1 => Packing::Ggml(GgmlType::Q5_1),
            Self::Q5_0 => Packing::Ggml(GgmlType::Q5_0),
            Self::Q4_1 => Packing::Ggml(GgmlType::Q4_1),
            Self::Q4_0 => Packing::Ggml(GgmlType::Q4_0),
        };
        packing.bytes(1, values)
    }
}
