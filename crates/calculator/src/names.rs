//! The words of the field: ids that go into links, and names that people read.

use ridgepoint_core::{Bound, ComputePrecision, Engine, GgmlType, KvFormat, OperationKind, WeightFormat};

/// An id for links and a name for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    /// As in links.
    pub id: &'static str,
    /// As on the screen.
    pub label: &'static str,
}

const fn name(id: &'static str, label: &'static str) -> Name {
    Name { id, label }
}

/// The name of a weight format.
pub const fn weight_format(format: WeightFormat) -> Name {
    match format {
        WeightFormat::Fp32 => name("fp32", "FP32"),
        WeightFormat::Fp16 => name("fp16", "FP16"),
        WeightFormat::Bf16 => name("bf16", "BF16"),
        WeightFormat::Fp8 => name("fp8", "FP8"),
        WeightFormat::Int8 => name("int8", "INT8"),
        WeightFormat::Int4 => name("int4", "INT4"),
        WeightFormat::Mxfp4 => name("mxfp4", "MXFP4"),
        WeightFormat::Ggml(kind) => ggml(kind),
    }
}

const fn ggml(kind: GgmlType) -> Name {
    match kind {
        GgmlType::F32 => name("gguf-f32", "GGUF F32"),
        GgmlType::F16 => name("gguf-f16", "GGUF F16"),
        GgmlType::Bf16 => name("gguf-bf16", "GGUF BF16"),
        GgmlType::Q8_0 => name("q8_0", "GGUF Q8_0"),
        GgmlType::Q6K => name("q6_k", "GGUF Q6_K"),
        GgmlType::Q5_1 => name("q5_1", "GGUF Q5_1"),
        GgmlType::Q5_0 => name("q5_0", "GGUF Q5_0"),
        GgmlType::Q5K => name("q5_k", "GGUF Q5_K"),
        GgmlType::Q4_1 => name("q4_1", "GGUF Q4_1"),
        GgmlType::Q4_0 => name("q4_0", "GGUF Q4_0"),
        GgmlType::Q4K => name("q4_k", "GGUF Q4_K"),
        GgmlType::Iq4Nl => name("iq4_nl", "GGUF IQ4_NL"),
        GgmlType::Iq4Xs => name("iq4_xs", "GGUF IQ4_XS"),
        GgmlType::Mxfp4 => name("gguf-mxfp4", "GGUF MXFP4"),
        GgmlType::Q3K => name("q3_k", "GGUF Q3_K"),
        GgmlType::Iq3S => name("iq3_s", "GGUF IQ3_S"),
        GgmlType::Iq3Xxs => name("iq3_xxs", "GGUF IQ3_XXS"),
        GgmlType::Q2K => name("q2_k", "GGUF Q2_K"),
        GgmlType::Iq2S => name("iq2_s", "GGUF IQ2_S"),
        GgmlType::Iq2Xs => name("iq2_xs", "GGUF IQ2_XS"),
        GgmlType::Iq2Xxs => name("iq2_xxs", "GGUF IQ2_XXS"),
        GgmlType::Tq2_0 => name("tq2_0", "GGUF TQ2_0"),
        GgmlType::Tq1_0 => name("tq1_0", "GGUF TQ1_0"),
        GgmlType::Iq1M => name("iq1_m", "GGUF IQ1_M"),
        GgmlType::Iq1S => name("iq1_s", "GGUF IQ1_S"),
    }
}

/// Every weight format, widest first within its kind.
pub fn weight_formats() -> impl Iterator<Item = WeightFormat> {
    [
        WeightFormat::Fp32,
        WeightFormat::Bf16,
        WeightFormat::Fp16,
        WeightFormat::Fp8,
        WeightFormat::Int8,
        WeightFormat::Int4,
        WeightFormat::Mxfp4,
    ]
    .into_iter()
    .chain(GgmlType::ALL.map(WeightFormat::Ggml))
}

/// Every KV-cache format, widest first.
pub const KV_FORMATS: [KvFormat; 10] = [
    KvFormat::Fp32,
    KvFormat::Bf16,
    KvFormat::Fp16,
    KvFormat::Fp8,
    KvFormat::Int8,
    KvFormat::Q8_0,
    KvFormat::Q5_1,
    KvFormat::Q5_0,
    KvFormat::Q4_1,
    KvFormat::Q4_0,
];

/// The name of a KV-cache format.
pub const fn kv_format(format: KvFormat) -> Name {
    match format {
        KvFormat::Fp32 => name("fp32", "FP32"),
        KvFormat::Fp16 => name("fp16", "FP16"),
        KvFormat::Bf16 => name("bf16", "BF16"),
        KvFormat::Fp8 => name("fp8", "FP8"),
        KvFormat::Int8 => name("int8", "INT8"),
        KvFormat::Q8_0 => name("q8_0", "Q8_0"),
        KvFormat::Q5_1 => name("q5_1", "Q5_1"),
        KvFormat::Q5_0 => name("q5_0", "Q5_0"),
        KvFormat::Q4_1 => name("q4_1", "Q4_1"),
        KvFormat::Q4_0 => name("q4_0", "Q4_0"),
    }
}

/// The name of an engine.
pub const fn engine(engine: Engine) -> Name {
    match engine {
        Engine::Vllm => name("vllm", "vLLM"),
        Engine::Sglang => name("sglang", "SGLang"),
        Engine::TensorRtLlm => name("tensorrt-llm", "TensorRT-LLM"),
        Engine::LlamaCpp => name("llama.cpp", "llama.cpp"),
        Engine::Transformers => name("transformers", "Transformers"),
        Engine::Mlx => name("mlx", "MLX"),
    }
}

/// A compute precision as people write it.
pub const fn precision(precision: ComputePrecision) -> &'static str {
    match precision {
        ComputePrecision::Fp32 => "FP32",
        ComputePrecision::Fp16 => "FP16",
        ComputePrecision::Bf16 => "BF16",
        ComputePrecision::Fp8 => "FP8",
        ComputePrecision::Int8 => "INT8",
        ComputePrecision::Fp4 => "FP4",
    }
}

/// What an operation waits for.
pub const fn bound(bound: Bound) -> Name {
    match bound {
        Bound::Compute => name("compute", "compute"),
        Bound::Memory => name("memory", "memory bandwidth"),
        Bound::Interconnect => name("interconnect", "interconnect"),
    }
}

/// The name of an operation.
pub const fn operation(kind: OperationKind) -> Name {
    match kind {
        OperationKind::Embedding => name("embedding", "Embedding"),
        OperationKind::AttentionProjections => name("attention_projections", "Attention projections"),
        OperationKind::FullAttention => name("attention", "Attention"),
        OperationKind::WindowedAttention => name("windowed_attention", "Windowed attention"),
        OperationKind::Mixer => name("mixer", "Recurrent mixer"),
        OperationKind::DenseMlp => name("mlp", "MLP"),
        OperationKind::Router => name("router", "Router"),
        OperationKind::RoutedExperts => name("routed_experts", "Routed experts"),
        OperationKind::SharedExperts => name("shared_experts", "Shared experts"),
        OperationKind::Norms => name("norms", "Norms and residuals"),
        OperationKind::Head => name("lm_head", "LM head"),
        OperationKind::AllReduce => name("all_reduce", "All-reduce"),
        OperationKind::AllToAll => name("all_to_all", "All-to-all"),
        OperationKind::StageTransfer => name("stage_transfer", "Stage transfer"),
    }
}
