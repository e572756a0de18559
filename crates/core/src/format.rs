//! How numbers are stored: formats of weights and of the KV cache, and what arithmetic they feed.

mod ggml;
mod gguf;
mod kv;
mod packing;
pub(crate) mod recipe;

pub use ggml::GgmlType;
pub use gguf::{GgufFile, GgufLayout, GgufRules};
pub use kv::{CacheFormat, KvFormat};
pub use packing::{Number, Packing};

use crate::tensor::{Component, Kind, Role, Tensor};

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

/// Which arithmetic a format asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arithmetic {
    /// The format's own precision: weights and activations both in it.
    Native(ComputePrecision),
    /// 16 bit: weights are unpacked on the way to the arithmetic units.
    WeightOnly,
}

/// A way of storing a whole model: which tensors are packed how.
///
/// Sizes of the quantised formats are those of the files that the usual tools write: see [`Packing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WeightFormat {
    /// As the model is published, tensor by tensor.
    Native,
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
    /// Linear layers in 8-bit integers with a 32-bit scale for each output (bitsandbytes LLM.int8).
    BitsAndBytes8,
    /// GPTQ, 8 bit in groups of 128.
    GptqInt8,
    /// GPTQ, 4 bit in groups of 128.
    GptqInt4,
    /// AWQ, 4 bit in groups of 128 with a zero point each.
    AwqInt4,
    /// Linear layers in 4-bit integers, a 16-bit scale for each 128 inputs (compressed-tensors W4A16, symmetric).
    Int4,
    /// HQQ, 4 bit in groups of 64 with a 16-bit scale and zero point each.
    HqqInt4,
    /// The 4-bit NormalFloat of bitsandbytes with 32-bit scales, its default.
    Nf4,
    /// The same with its scales quantised to 8 bit (`bnb_4bit_use_double_quant`).
    Nf4Double,
    /// Linear layers in 4-bit floating point, an 8-bit scale for each 32 inputs; of a mixture only the experts.
    Mxfp4,
    /// Linear layers in NVIDIA's 4-bit floating point, an 8-bit scale for each 16 inputs.
    Nvfp4,
    /// MLX, 4 bit in groups of 64 with a 16-bit scale and bias each: embedding and head too, routers in 8 bit.
    Mlx4,
    /// The same in 6 bit.
    Mlx6,
    /// The same in 8 bit.
    Mlx8,
    /// A GGUF file of this type, as `llama-quantize` writes it.
    Gguf(GgufFile),
}

impl WeightFormat {
    /// How this format stores `tensor`, wherever it stands in the model. `mixture` says whether the model has routed
    /// experts. GGUF files choose layer by layer: this is their default type, without exceptions.
    pub fn packing(self, tensor: Tensor, mixture: bool) -> Packing {
        let kind = Quantisable::of(tensor);
        // What the methods of Python libraries quantise: linear layers, but neither embedding nor head.
        let linear = |packing| match kind {
            Quantisable::Linear | Quantisable::Expert => packing,
            Quantisable::Vocabulary | Quantisable::Router | Quantisable::Never => Packing::BF16,
        };
        let groups = |number, group, scale_bits| Packing::PerGroup { number, group, scale_bits };
        let integer = |bits| Number::Int { bits };
        match self {
            Self::Native => tensor.native,
            Self::Fp32 => Packing::Plain { number: Number::Fp32 },
            Self::Fp16 => Packing::Plain { number: Number::Fp16 },
            Self::Bf16 => Packing::BF16,
            Self::Fp8 => linear(Packing::PerTile { number: Number::Fp8, rows: 128, columns: 128 }),
            Self::Int8 => linear(Packing::PerRow { number: integer(8), scale_bytes: 2 }),
            Self::BitsAndBytes8 => linear(Packing::PerRow { number: integer(8), scale_bytes: 4 }),
            Self::GptqInt8 => linear(Packing::Gptq { bits: 8, group: 128 }),
            Self::GptqInt4 => linear(Packing::Gptq { bits: 4, group: 128 }),
            Self::AwqInt4 => linear(groups(integer(4), 128, 16 + 4)),
            Self::Int4 => linear(groups(integer(4), 128, 16)),
            Self::HqqInt4 => linear(groups(integer(4), 64, 16 + 16)),
            Self::Nf4 => linear(Packing::BitsAndBytes4 { double: false }),
            Self::Nf4Double => linear(Packing::BitsAndBytes4 { double: true }),
            Self::Mxfp4 => match kind {
                Quantisable::Linear if mixture => Packing::BF16,
                Quantisable::Linear
                | Quantisable::Expert
                | Quantisable::Vocabulary
                | Quantisable::Router
                | Quantisable::Never => linear(groups(Number::Fp4, 32, 8)),
            },
            Self::Nvfp4 => linear(Packing::Nvfp4 { weight_only: false }),
            Self::Mlx4 => mlx(tensor, 4),
            Self::Mlx6 => mlx(tensor, 6),
            Self::Mlx8 => mlx(tensor, 8),
            Self::Gguf(file) => match kind {
                Quantisable::Linear | Quantisable::Expert | Quantisable::Vocabulary => {
                    Packing::Ggml(file.default_type().for_rows_of(tensor.inputs))
                }
                Quantisable::Router | Quantisable::Never => Packing::Ggml(GgmlType::F32),
            },
        }
    }
}

impl WeightFormat {
    /// The type of GGUF file, if it is one.
    pub const fn gguf(self) -> Option<GgufFile> {
        if let Self::Gguf(file) = self { Some(file) } else { None }
    }
}

/// MLX packs every matrix whose rows are whole groups; its conversion keeps routers in 8 bit.
fn mlx(tensor: Tensor, bits: u64) -> Packing {
    let packed = |bits| Packing::PerGroup { number: Number::Int { bits }, group: MLX_GROUP, scale_bits: 16 + 16 };
    match Quantisable::of(tensor) {
        Quantisable::Linear | Quantisable::Expert | Quantisable::Vocabulary | Quantisable::Router
            if !tensor.inputs.is_multiple_of(MLX_GROUP) =>
        {
            Packing::BF16
        }
        Quantisable::Linear | Quantisable::Expert | Quantisable::Vocabulary => packed(bits),
        Quantisable::Router => packed(8),
        Quantisable::Never => Packing::BF16,
    }
}

/// Inputs that share a scale in MLX, unless a file says otherwise (`mlx_lm.convert --q-group-size`).
const MLX_GROUP: u64 = 64;

/// Whether quantisers touch a tensor. Norms, biases, towers and small tensors stay wide in every method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantisable {
    /// Linear layers.
    Linear,
    /// Routed experts.
    Expert,
    /// Embedding and head: ggml and MLX pack them, the others keep them in 16 bit.
    Vocabulary,
    /// Routers: MLX packs them.
    Router,
    /// Everything else.
    Never,
}

impl Quantisable {
    /// What `tensor` is to them.
    pub const fn of(tensor: Tensor) -> Self {
        match (tensor.kind, tensor.role) {
            (Kind::Vector, _) | (Kind::Matrix, Role::PositionEmbedding | Role::DenseOther) => return Self::Never,
            (Kind::Matrix, _) => {}
        }
        match tensor.role.component() {
            Component::Embedding | Component::Head => Self::Vocabulary,
            Component::Attention | Component::Mixer | Component::DenseMlp | Component::SharedExperts => Self::Linear,
            Component::RoutedExperts => Self::Expert,
            Component::Router => Self::Router,
            Component::Norms | Component::Vision | Component::Audio | Component::Projector | Component::Other => {
                Self::Never
            }
        }
    }
}
