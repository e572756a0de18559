//! The words of the field: ids that go into links, and names that people read.

use ridgepoint_core::{
    Bound, Bytes, Component, ComputePrecision, DeviceMemory, Engine, GgufFile, Kind, KvFormat, Model, Number,
    OperationKind, Overhead, Packing, Quantisable, ServedTargets, WeightFormat,
};

use crate::order::sort_by_key;

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

/// A weight format in words; as published, the format of the publisher.
pub fn weights_of(model: &Model, format: WeightFormat) -> String {
    if format == WeightFormat::Native { published(model).label } else { weight_format(format).label.to_owned() }
}

/// What the memory of a device goes to, each part with its name in sentences.
pub fn parts(memory: DeviceMemory) -> [(Name, Bytes); 5] {
    [
        (name("weights", "weights"), memory.weights),
        (name("kv_cache", "KV cache"), memory.kv_cache),
        (name("state", "recurrent state"), memory.state),
        (name("activations", "activations"), memory.activations),
        (name("overhead", "engine overhead"), memory.overhead.total()),
    ]
}

/// What an engine calls the peak of its activations.
pub const fn activations(engine: Engine) -> &'static str {
    match engine {
        Engine::Vllm | Engine::Sglang | Engine::Transformers | Engine::Mlx => "activation_peak",
        Engine::TensorRtLlm => "activation_buffers",
        Engine::LlamaCpp => "compute_buffer",
    }
}

/// What an engine keeps for itself, under the names that it has for it.
pub fn overhead(engine: Engine, overhead: Overhead) -> Vec<(&'static str, Bytes)> {
    let Overhead { context, communication, graphs, outputs } = overhead;
    match engine {
        Engine::Vllm | Engine::Sglang => {
            vec![("non_torch", communication), ("cuda_graphs", graphs), ("context", context)]
        }
        Engine::TensorRtLlm => {
            vec![("runtime_buffers", outputs), ("communication", communication), ("context", context)]
        }
        Engine::LlamaCpp => vec![("output_buffer", outputs), ("context", context)],
        Engine::Transformers | Engine::Mlx => vec![("context", context)],
    }
}

/// The name of a weight format.
pub const fn weight_format(format: WeightFormat) -> Name {
    match format {
        WeightFormat::Native => name("native", "As published"),
        WeightFormat::Fp32 => name("fp32", "FP32"),
        WeightFormat::Fp16 => name("fp16", "FP16"),
        WeightFormat::Bf16 => name("bf16", "BF16"),
        WeightFormat::Fp8 => name("fp8", "FP8"),
        WeightFormat::Int8 => name("int8", "INT8 (W8A8)"),
        WeightFormat::BitsAndBytes8 => name("bnb-int8", "bitsandbytes INT8"),
        WeightFormat::GptqInt8 => name("gptq-int8", "GPTQ INT8"),
        WeightFormat::GptqInt4 => name("gptq-int4", "GPTQ INT4"),
        WeightFormat::AwqInt4 => name("awq-int4", "AWQ INT4"),
        WeightFormat::Int4 => name("int4", "INT4 (W4A16)"),
        WeightFormat::HqqInt4 => name("hqq-int4", "HQQ INT4"),
        WeightFormat::Nf4 => name("nf4", "NF4"),
        WeightFormat::Nf4Double => name("nf4-double", "NF4, double quantisation"),
        WeightFormat::Mxfp4 => name("mxfp4", "MXFP4"),
        WeightFormat::Nvfp4 => name("nvfp4", "NVFP4"),
        WeightFormat::Mlx4 => name("mlx-4bit", "MLX 4 bit"),
        WeightFormat::Mlx6 => name("mlx-6bit", "MLX 6 bit"),
        WeightFormat::Mlx8 => name("mlx-8bit", "MLX 8 bit"),
        WeightFormat::Gguf(file) => gguf(file),
    }
}

const fn gguf(file: GgufFile) -> Name {
    match file {
        GgufFile::F32 => name("gguf-f32", "GGUF F32"),
        GgufFile::F16 => name("gguf-f16", "GGUF F16"),
        GgufFile::Bf16 => name("gguf-bf16", "GGUF BF16"),
        GgufFile::Q8_0 => name("q8_0", "GGUF Q8_0"),
        GgufFile::Q6K => name("q6_k", "GGUF Q6_K"),
        GgufFile::Q5_1 => name("q5_1", "GGUF Q5_1"),
        GgufFile::Q5KM => name("q5_k_m", "GGUF Q5_K_M"),
        GgufFile::Q5KS => name("q5_k_s", "GGUF Q5_K_S"),
        GgufFile::Q5_0 => name("q5_0", "GGUF Q5_0"),
        GgufFile::Q4_1 => name("q4_1", "GGUF Q4_1"),
        GgufFile::Q4KM => name("q4_k_m", "GGUF Q4_K_M"),
        GgufFile::Q4KS => name("q4_k_s", "GGUF Q4_K_S"),
        GgufFile::Iq4Nl => name("iq4_nl", "GGUF IQ4_NL"),
        GgufFile::Q4_0 => name("q4_0", "GGUF Q4_0"),
        GgufFile::Nvfp4 => name("gguf-nvfp4", "GGUF NVFP4"),
        GgufFile::Iq4Xs => name("iq4_xs", "GGUF IQ4_XS"),
        GgufFile::Mxfp4Moe => name("mxfp4_moe", "GGUF MXFP4_MOE"),
        GgufFile::Q3KL => name("q3_k_l", "GGUF Q3_K_L"),
        GgufFile::Q3KM => name("q3_k_m", "GGUF Q3_K_M"),
        GgufFile::Iq3M => name("iq3_m", "GGUF IQ3_M"),
        GgufFile::Iq3S => name("iq3_s", "GGUF IQ3_S"),
        GgufFile::Q3KS => name("q3_k_s", "GGUF Q3_K_S"),
        GgufFile::Iq3Xs => name("iq3_xs", "GGUF IQ3_XS"),
        GgufFile::Iq3Xxs => name("iq3_xxs", "GGUF IQ3_XXS"),
        GgufFile::Q2K => name("q2_k", "GGUF Q2_K"),
        GgufFile::Q2KS => name("q2_k_s", "GGUF Q2_K_S"),
        GgufFile::Iq2M => name("iq2_m", "GGUF IQ2_M"),
        GgufFile::Iq2S => name("iq2_s", "GGUF IQ2_S"),
        GgufFile::Iq2Xs => name("iq2_xs", "GGUF IQ2_XS"),
        GgufFile::Q2_0 => name("q2_0", "GGUF Q2_0"),
        GgufFile::Iq2Xxs => name("iq2_xxs", "GGUF IQ2_XXS"),
        GgufFile::Tq2_0 => name("tq2_0", "GGUF TQ2_0"),
        GgufFile::Tq1_0 => name("tq1_0", "GGUF TQ1_0"),
        GgufFile::Iq1M => name("iq1_m", "GGUF IQ1_M"),
        GgufFile::Iq1S => name("iq1_s", "GGUF IQ1_S"),
        GgufFile::Q1_0 => name("q1_0", "GGUF Q1_0"),
    }
}

/// Every weight format that can be chosen, widest first within its kind.
pub fn weight_formats() -> impl Iterator<Item = WeightFormat> {
    [
        WeightFormat::Fp32,
        WeightFormat::Bf16,
        WeightFormat::Fp16,
        WeightFormat::Fp8,
        WeightFormat::Int8,
        WeightFormat::BitsAndBytes8,
        WeightFormat::GptqInt8,
        WeightFormat::Nvfp4,
        WeightFormat::Nf4,
        WeightFormat::HqqInt4,
        WeightFormat::Mxfp4,
        WeightFormat::GptqInt4,
        WeightFormat::AwqInt4,
        WeightFormat::Nf4Double,
        WeightFormat::Int4,
        WeightFormat::Mlx8,
        WeightFormat::Mlx6,
        WeightFormat::Mlx4,
    ]
    .into_iter()
    .chain(GgufFile::ALL.map(WeightFormat::Gguf))
}

/// Other ids of weight formats: those of `llama-quantize`, and those that older links have.
pub const WEIGHT_FORMAT_ALIASES: [(&str, &str); 10] = [
    ("f32", "gguf-f32"),
    ("f16", "gguf-f16"),
    ("q3_k", "q3_k_m"),
    ("q4_k", "q4_k_m"),
    ("q5_k", "q5_k_m"),
    ("gguf-mxfp4", "mxfp4_moe"),
    ("awq", "awq-int4"),
    ("gptq", "gptq-int4"),
    ("w8a8", "int8"),
    ("w4a16", "int4"),
];

/// What a model is published in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its name for people: "BF16", "FP8", "MXFP4 experts".
    pub label: String,
    /// How most of the weights that are quantised are stored, or most of them where none is.
    pub packing: Packing,
}

/// What a model is published in.
pub fn published(model: &Model) -> Published {
    // For each name: how stored, parameters, and whether only experts are stored like that.
    let mut found: Vec<(String, Packing, u64, bool)> = Vec::new();
    let mut has_plain_layers = false;
    for (layer, count) in model.layers.all() {
        for tensor in layer.tensors.iter().filter(|tensor| tensor.kind == Kind::Matrix) {
            let is_expert = tensor.role.component() == Component::RoutedExperts;
            if tensor.native.is_plain() {
                has_plain_layers |= !is_expert && Quantisable::of(*tensor) == Quantisable::Linear;
                continue;
            }
            let (label, parameters) = (packing(tensor.native), tensor.parameters().saturating_mul(count));
            match found.iter_mut().find(|(known, ..)| *known == label) {
                Some((_, _, sum, only_experts)) => {
                    *sum = sum.saturating_add(parameters);
                    *only_experts &= is_expert;
                }
                None => found.push((label, tensor.native, parameters, is_expert)),
            }
        }
    }
    sort_by_key(&mut found, |&(_, _, parameters, _)| core::cmp::Reverse(parameters));
    let several = found.len() > 1;
    let labels: Vec<String> = found
        .iter()
        .map(|(label, _, _, only_experts)| {
            let experts = if *only_experts && (several || has_plain_layers) { " experts" } else { "" };
            format!("{label}{experts}")
        })
        .collect();
    match found.first() {
        Some(&(_, packing, ..)) => Published { label: labels.join(" + "), packing },
        None => {
            let plain = model.input.first().map_or(Packing::BF16, |tensor| tensor.native);
            Published { label: packing(plain), packing: plain }
        }
    }
}

/// The name of a way to store a tensor.
fn packing(packing: Packing) -> String {
    let number = |number| match number {
        Number::Fp32 => "FP32".to_owned(),
        Number::Fp16 => "FP16".to_owned(),
        Number::Bf16 => "BF16".to_owned(),
        Number::Fp8 => "FP8".to_owned(),
        Number::Fp4 => "FP4".to_owned(),
        Number::Int { bits } => format!("INT{bits}"),
    };
    match packing {
        Packing::PerGroup { number: Number::Fp8, group: 32, .. } => "MXFP8".to_owned(),
        Packing::PerGroup { number: Number::Fp4, .. } => "MXFP4".to_owned(),
        Packing::Plain { number: kind }
        | Packing::PerTensor { number: kind }
        | Packing::PerRow { number: kind, .. }
        | Packing::PerGroup { number: kind, .. }
        | Packing::PerTile { number: kind, .. } => number(kind),
        Packing::Nvfp4 { .. } => "NVFP4".to_owned(),
        Packing::Gptq { bits, .. } => format!("GPTQ INT{bits}"),
        Packing::BitsAndBytes4 { .. } => "NF4".to_owned(),
        Packing::Codebooks { .. } => "AQLM".to_owned(),
        Packing::Absent | Packing::Ggml(_) | Packing::GgmlLatent { .. } | Packing::GgmlRows { .. } => "GGUF".to_owned(),
    }
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

/// A part of a model.
pub const fn component(component: Component) -> Name {
    match component {
        Component::Embedding => name("embedding", "Embedding"),
        Component::Head => name("lm_head", "Output head"),
        Component::Attention => name("attention", "Attention"),
        Component::Mixer => name("mixer", "Recurrent mixers"),
        Component::DenseMlp => name("mlp", "Dense MLP"),
        Component::RoutedExperts => name("routed_experts", "Routed experts"),
        Component::SharedExperts => name("shared_experts", "Shared experts"),
        Component::Router => name("router", "Routers"),
        Component::Norms => name("norms", "Norms"),
        Component::Vision => name("vision", "Vision tower"),
        Component::Audio => name("audio", "Audio tower"),
        Component::Projector => name("projector", "Projectors"),
        Component::Other => name("other", "Other"),
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

/// The name of what adapters change.
pub const fn adapter_targets(on: ServedTargets) -> Name {
    match on {
        ServedTargets::Attention => name("attention", "attention"),
        ServedTargets::Mlp => name("mlp", "MLPs"),
        ServedTargets::All => name("all", "all layers' matrices"),
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
