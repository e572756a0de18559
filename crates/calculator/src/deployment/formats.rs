//! What an engine makes of the formats that a scenario asks for.

use ridgepoint_core::{CacheFormat, Engine, GgufFile, KvFormat, Model, Number, Packing, Role, Tensor, WeightFormat};

use crate::names;
use crate::scenario::Scenario;

/// The name of a format in use that the engine cannot read, of the weights or else of the cache.
pub(super) fn foreign_format(scenario: &Scenario, weights: WeightFormat, model: &Model) -> Option<String> {
    let is_llama_cpp = scenario.engine == Engine::LlamaCpp;
    if is_llama_cpp && weights.gguf().is_none() {
        let label = if weights == WeightFormat::Native {
            names::published(model).label
        } else {
            names::weight_format(weights).label.to_string()
        };
        return Some(format!("{label} weights"));
    }
    // Without flash attention llama.cpp has no use for packed values.
    let unfused = scenario.settings.flash_attention == Some(false);
    let is_foreign = |format, of_values: bool| match format {
        KvFormat::Fp32 | KvFormat::Fp16 | KvFormat::Bf16 => false,
        KvFormat::Fp8 | KvFormat::Int8 => is_llama_cpp,
        KvFormat::Q8_0 | KvFormat::Q5_1 | KvFormat::Q5_0 | KvFormat::Q4_1 | KvFormat::Q4_0 => {
            !is_llama_cpp || of_values && unfused
        }
    };
    let CacheFormat { keys, values } = cache_format(scenario);
    let label = |format| names::kv_format(format).label;
    if is_foreign(keys, false) {
        return Some(format!("a {} KV cache", label(keys)));
    }
    let how = if unfused { " without flash attention" } else { "" };
    is_foreign(values, true).then(|| format!("values of the KV cache in {}{how}", label(values)))
}

/// How the scenario's cache is stored.
pub(super) fn cache_format(scenario: &Scenario) -> CacheFormat {
    let values = scenario.settings.value_cache.filter(|_| scenario.engine == Engine::LlamaCpp);
    CacheFormat { keys: scenario.kv, values: values.unwrap_or(scenario.kv) }
}

/// The format in which an engine holds the weights.
///
/// llama.cpp reads GGUF files only: 16-bit and MXFP4 weights are the file types of that name, which keep norms and
/// routers in 32 bit and, beside MXFP4 experts, everything else in 8 bit.
pub(super) fn weights_in(engine: Engine, asked: Option<WeightFormat>, model: &Model) -> WeightFormat {
    const FILES: [(Packing, GgufFile); 4] = [
        (Packing::Plain { number: Number::Fp32 }, GgufFile::F32),
        (Packing::Plain { number: Number::Fp16 }, GgufFile::F16),
        (Packing::BF16, GgufFile::Bf16),
        (Packing::MXFP4, GgufFile::Mxfp4Moe),
    ];
    let asked = asked.unwrap_or(WeightFormat::Native);
    if engine != Engine::LlamaCpp || asked.gguf().is_some() {
        return asked;
    }
    let packing = if asked == WeightFormat::Native {
        names::published(model).packing
    } else {
        asked.packing(Tensor::matrix(Role::ExpertUp, 1, 1), true)
    };
    FILES.into_iter().find(|(known, _)| *known == packing).map_or(asked, |(_, file)| WeightFormat::Gguf(file))
}

/// What an engine makes of a model as it is published; `None` where it cannot read that.
pub fn published_in(engine: Engine, model: &Model) -> Option<WeightFormat> {
    let format = weights_in(engine, None, model);
    (engine != Engine::LlamaCpp || format.gguf().is_some()).then_some(format)
}
