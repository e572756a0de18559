//! The tensor types of ggml, the library under llama.cpp.

use crate::units::Bytes;

/// A tensor type of ggml, the library under llama.cpp.
///
/// Block sizes are those of `GGML_QUANT_SIZES` in gguf-py 0.19.0; of `Q2_0`, that of ggml's own `ggml-common.h`.
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
    Nvfp4,
    Q1_0,
    Q2_0,
}

impl GgmlType {
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
            Self::Nvfp4 => (64, 36),
            Self::Q1_0 => (128, 18),
            Self::Q2_0 => (64, 18),
        }
    }

    /// Bytes of `rows` rows of `row` values; each row is a whole number of blocks.
    pub fn bytes(self, rows: u64, row: u64) -> Bytes {
        let (block, bytes) = self.block();
        Bytes::new(rows.saturating_mul(row.div_ceil(block))) * bytes
    }

    /// Whether values are stored by themselves.
    pub const fn is_plain(self) -> bool {
        matches!(self, Self::F32 | Self::F16 | Self::Bf16)
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
            Self::Q2_0 | Self::Q2K | Self::Q3K | Self::Tq1_0 | Self::Tq2_0 => Self::Q4_0,
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
            | Self::Mxfp4
            | Self::Nvfp4
            | Self::Q1_0 => Self::F16,
        };
        if inputs.is_multiple_of(fallback.block().0) { fallback } else { Self::F16 }
    }
}
