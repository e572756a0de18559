//! GGUF: the file types of llama.cpp, and how its converter lays models out.

use super::ggml::GgmlType;
use super::{Arithmetic, ComputePrecision};

/// A file type of `llama-quantize`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the documentation: llama.cpp's own")]
pub enum GgufFile {
    F32,
    F16,
    Bf16,
    Q8_0,
    Q6K,
    Q5_1,
    Q5KM,
    Q5KS,
    Q5_0,
    Q4_1,
    Q4KM,
    Q4KS,
    Iq4Nl,
    Q4_0,
    Nvfp4,
    Iq4Xs,
    Mxfp4Moe,
    Q3KL,
    Q3KM,
    Iq3M,
    Iq3S,
    Q3KS,
    Iq3Xs,
    Iq3Xxs,
    Q2K,
    Q2KS,
    Iq2M,
    Iq2S,
    Iq2Xs,
    Q2_0,
    Iq2Xxs,
    Tq2_0,
    Tq1_0,
    Iq1M,
    Iq1S,
    Q1_0,
}

impl GgufFile {
    /// Every file type, widest first.
    pub const ALL: [Self; 36] = [
        Self::F32,
        Self::F16,
        Self::Bf16,
        Self::Q8_0,
        Self::Q6K,
        Self::Q5_1,
        Self::Q5KM,
        Self::Q5KS,
        Self::Q5_0,
        Self::Q4_1,
        Self::Q4KM,
        Self::Q4KS,
        Self::Iq4Nl,
        Self::Q4_0,
        Self::Nvfp4,
        Self::Iq4Xs,
        Self::Mxfp4Moe,
        Self::Q3KL,
        Self::Q3KM,
        Self::Iq3M,
        Self::Iq3S,
        Self::Q3KS,
        Self::Iq3Xs,
        Self::Iq3Xxs,
        Self::Q2K,
        Self::Q2KS,
        Self::Iq2M,
        Self::Iq2S,
        Self::Iq2Xs,
        Self::Q2_0,
        Self::Iq2Xxs,
        Self::Tq2_0,
        Self::Tq1_0,
        Self::Iq1M,
        Self::Iq1S,
        Self::Q1_0,
    ];

    /// The type of tensors for which the recipe says nothing else.
    pub const fn default_type(self) -> GgmlType {
        match self {
            Self::F32 => GgmlType::F32,
            Self::F16 => GgmlType::F16,
            Self::Bf16 => GgmlType::Bf16,
            Self::Q8_0 => GgmlType::Q8_0,
            Self::Q6K => GgmlType::Q6K,
            Self::Q5_1 => GgmlType::Q5_1,
            Self::Q5KM | Self::Q5KS => GgmlType::Q5K,
            Self::Q5_0 => GgmlType::Q5_0,
            Self::Q4_1 => GgmlType::Q4_1,
            Self::Q4KM | Self::Q4KS => GgmlType::Q4K,
            Self::Iq4Nl => GgmlType::Iq4Nl,
            Self::Q4_0 => GgmlType::Q4_0,
            Self::Nvfp4 => GgmlType::Nvfp4,
            Self::Iq4Xs => GgmlType::Iq4Xs,
            Self::Mxfp4Moe => GgmlType::Mxfp4,
            Self::Q3KL | Self::Q3KM | Self::Q3KS => GgmlType::Q3K,
            Self::Iq3M | Self::Iq3S | Self::Iq3Xs => GgmlType::Iq3S,
            Self::Iq3Xxs => GgmlType::Iq3Xxs,
            Self::Q2K | Self::Q2KS => GgmlType::Q2K,
            Self::Iq2M => GgmlType::Iq2S,
            Self::Iq2S | Self::Iq2Xs => GgmlType::Iq2Xs,
            Self::Q2_0 => GgmlType::Q2_0,
            Self::Iq2Xxs => GgmlType::Iq2Xxs,
            Self::Tq2_0 => GgmlType::Tq2_0,
            Self::Tq1_0 => GgmlType::Tq1_0,
            Self::Iq1M => GgmlType::Iq1M,
            Self::Iq1S => GgmlType::Iq1S,
            Self::Q1_0 => GgmlType::Q1_0,
        }
    }

    /// The arithmetic of its matrices: weights in few bits are unpacked.
    pub fn arithmetic(self) -> Arithmetic {
        let plain = [
            (Self::F32, ComputePrecision::Fp32),
            (Self::F16, ComputePrecision::Fp16),
            (Self::Bf16, ComputePrecision::Bf16),
        ];
        let native = plain.into_iter().find(|(file, _)| *file == self);
        native.map_or(Arithmetic::WeightOnly, |(_, precision)| Arithmetic::Native(precision))
    }
}

/// Families for which the recipes make an exception.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum GgufRules {
    /// None.
    #[default]
    General,
    /// Falcon.
    Falcon,
    /// What llama.cpp calls a 70B: the 80 layers of Llama 70B, Qwen 72B and Nemotron 51B.
    SeventyB,
}

/// How llama.cpp's converter lays a model out, where that differs from the list of tensors.
///
/// Multi-token-prediction layers are never counted. The converter leaves out those of DeepSeek-V3 and Kimi K2
/// (`skip_mtp`), but writes those of GLM-4.5, whose files are larger by them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct GgufLayout {
    /// Exceptions of the family.
    pub rules: GgufRules,
    /// Whether query, key and value projections are one tensor.
    pub fused_qkv: bool,
    /// Whether the first projection of a recurrent mixer is stored in two: what passes through the convolution under
    /// the name `attn_qkv`, and the rest.
    pub recurrent_qkv: bool,
    /// Whether the matrix that widens MLA's latent vector into keys and values is kept whole (MiniCPM3).
    pub whole_kv_b: bool,
    /// Whether layers that read an earlier layer's keys and values have projections of their own all the same, which
    /// nothing reads (Gemma 3n and 4).
    pub unread_kv: bool,
    /// Scales of rotary frequencies that the file keeps in 32 bit (`rope_freqs`).
    pub rope_factors: u64,
}
