//! The number formats of GGUF files: ggml's types by their numbers, with the blocks that they store.

use ridgepoint_core::GgmlType;

/// How a tensor of a GGUF file is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TensorType(&'static Row);

/// A line of the table: the number in the file, ggml's name, and the layout.
#[derive(Debug, PartialEq, Eq)]
struct Row(u32, &'static str, Layout);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// One that weights are quantised to.
    Weights(GgmlType),
    /// One that only few tensors have: values in a block, and its bytes.
    Other(u64, u64),
}

use Layout::{Other, Weights};

/// `ggml_type` of ggml.h; sizes that core does not have are those of `GGML_QUANT_SIZES` in gguf-py 0.19.0.
///
/// Numbers that are missing stood for types that were removed, and for Q8_1, which no file has.
const TYPES: &[Row] = &[
    Row(0, "F32", Weights(GgmlType::F32)),
    Row(1, "F16", Weights(GgmlType::F16)),
    Row(2, "Q4_0", Weights(GgmlType::Q4_0)),
    Row(3, "Q4_1", Weights(GgmlType::Q4_1)),
    Row(6, "Q5_0", Weights(GgmlType::Q5_0)),
    Row(7, "Q5_1", Weights(GgmlType::Q5_1)),
    Row(8, "Q8_0", Weights(GgmlType::Q8_0)),
    Row(10, "Q2_K", Weights(GgmlType::Q2K)),
    Row(11, "Q3_K", Weights(GgmlType::Q3K)),
    Row(12, "Q4_K", Weights(GgmlType::Q4K)),
    Row(13, "Q5_K", Weights(GgmlType::Q5K)),
    Row(14, "Q6_K", Weights(GgmlType::Q6K)),
    Row(15, "Q8_K", Other(256, 292)),
    Row(16, "IQ2_XXS", Weights(GgmlType::Iq2Xxs)),
    Row(17, "IQ2_XS", Weights(GgmlType::Iq2Xs)),
    Row(18, "IQ3_XXS", Weights(GgmlType::Iq3Xxs)),
    Row(19, "IQ1_S", Weights(GgmlType::Iq1S)),
    Row(20, "IQ4_NL", Weights(GgmlType::Iq4Nl)),
    Row(21, "IQ3_S", Weights(GgmlType::Iq3S)),
    Row(22, "IQ2_S", Weights(GgmlType::Iq2S)),
    Row(23, "IQ4_XS", Weights(GgmlType::Iq4Xs)),
    Row(24, "I8", Other(1, 1)),
    Row(25, "I16", Other(1, 2)),
    Row(26, "I32", Other(1, 4)),
    Row(27, "I64", Other(1, 8)),
    Row(28, "F64", Other(1, 8)),
    Row(29, "IQ1_M", Weights(GgmlType::Iq1M)),
    Row(30, "BF16", Weights(GgmlType::Bf16)),
    Row(34, "TQ1_0", Weights(GgmlType::Tq1_0)),
    Row(35, "TQ2_0", Weights(GgmlType::Tq2_0)),
    Row(39, "MXFP4", Weights(GgmlType::Mxfp4)),
    Row(40, "NVFP4", Weights(GgmlType::Nvfp4)),
    Row(41, "Q1_0", Weights(GgmlType::Q1_0)),
    // Not in gguf-py yet; from ggml's master.
    Row(42, "Q2_0", Weights(GgmlType::Q2_0)),
];

impl TensorType {
    /// The type with this number in `ggml_type`.
    pub fn of_id(id: u32) -> Option<Self> {
        TYPES.iter().find(|row| row.0 == id).map(Self)
    }

    /// ggml's name.
    pub const fn name(self) -> &'static str {
        self.0.1
    }

    /// The type in which a scenario can store weights, where it is one.
    pub const fn weights(self) -> Option<GgmlType> {
        match self.0.2 {
            Weights(kind) => Some(kind),
            Other(..) => None,
        }
    }

    /// Values in a block, and bytes that the block takes.
    pub const fn block(self) -> (u64, u64) {
        match self.0.2 {
            Weights(kind) => kind.block(),
            Other(values, bytes) => (values, bytes),
        }
    }
}
