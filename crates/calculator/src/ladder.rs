//! The formats that people choose among for an engine, widest first: what to store weights and cache in, backwards from
//! the memory that there is.

use ridgepoint_core::{Engine, GgufFile, KvFormat, WeightFormat, memory};

use crate::capacity::{self, Formats};
use crate::deployment::{self, Resolved};
use crate::scenario::{Scenario, Settings};

/// Weight formats that an engine runs well, widest first, each clearly smaller than the one before.
pub const fn weight_formats(engine: Engine) -> &'static [WeightFormat] {
    match engine {
        Engine::Vllm | Engine::Sglang | Engine::TensorRtLlm => {
            &[WeightFormat::Bf16, WeightFormat::Fp8, WeightFormat::AwqInt4]
        }
        Engine::Transformers => &[WeightFormat::Bf16, WeightFormat::BitsAndBytes8, WeightFormat::Nf4],
        Engine::Mlx => &[WeightFormat::Bf16, WeightFormat::Mlx8, WeightFormat::Mlx6, WeightFormat::Mlx4],
        Engine::LlamaCpp => &[
            WeightFormat::Gguf(GgufFile::Bf16),
            WeightFormat::Gguf(GgufFile::Q8_0),
            WeightFormat::Gguf(GgufFile::Q6K),
            WeightFormat::Gguf(GgufFile::Q5KM),
            WeightFormat::Gguf(GgufFile::Q4KM),
            WeightFormat::Gguf(GgufFile::Q3KM),
            WeightFormat::Gguf(GgufFile::Q2K),
        ],
    }
}

/// Formats of the KV cache that an engine runs well, widest first.
pub const fn kv_formats(engine: Engine) -> &'static [KvFormat] {
    match engine {
        Engine::LlamaCpp => &[KvFormat::Bf16, KvFormat::Q8_0, KvFormat::Q4_0],
        Engine::Vllm | Engine::Sglang | Engine::TensorRtLlm => &[KvFormat::Bf16, KvFormat::Fp8],
        Engine::Transformers | Engine::Mlx => &[KvFormat::Bf16, KvFormat::Int8],
    }
}

/// What the weights of a model can sensibly be stored in for an engine, widest first: as published, where the engine
/// reads that, and every format of the engine's that is clearly smaller.
///
/// Where it does not, what holds the published numbers in a tenth more bits at most: Q8_0 for FP8.
pub fn weight_choices(resolved: &Resolved, engine: Engine) -> impl Iterator<Item = WeightFormat> {
    let bytes = |format| memory::weights(&resolved.model, format);
    let published = deployment::published_in(engine, &resolved.model);
    let most = published.map_or_else(|| bytes(WeightFormat::Native).scaled(1.1), |format| bytes(format).scaled(0.95));
    let narrower = weight_formats(engine).iter().copied().filter(move |&format| bytes(format) <= most);
    published.into_iter().chain(narrower)
}

/// The widest of [`weight_choices`] that fits `scenario` with everything else as it is; `None` if none does.
pub fn best_weights(scenario: &Scenario, resolved: &Resolved) -> Option<WeightFormat> {
    let fits = |&format: &WeightFormat| fits(&Scenario { weights: Some(format), ..scenario.clone() }, resolved);
    weight_choices(resolved, scenario.engine).find(fits)
}

/// The widest of [`kv_formats`] that fits `scenario` with everything else as it is; `None` if none does.
pub fn best_kv(scenario: &Scenario, resolved: &Resolved) -> Option<KvFormat> {
    let settings = Settings { value_cache: None, ..scenario.settings };
    let fits = |&kv: &KvFormat| fits(&Scenario { kv, settings, ..scenario.clone() }, resolved);
    kv_formats(scenario.engine).iter().copied().find(fits)
}

/// The widest of [`weight_choices`] with which any of [`kv_formats`] fits `scenario`, with the widest of those that do.
pub fn best_formats(scenario: &Scenario, resolved: &Resolved) -> Option<Formats> {
    let narrowest = kv_formats(scenario.engine).last().copied()?;
    let settings = Settings { value_cache: None, ..scenario.settings };
    weight_choices(resolved, scenario.engine).find_map(|weights| {
        let scenario = Scenario { weights: Some(weights), kv: narrowest, settings, ..scenario.clone() };
        // Where the narrowest cache does not fit, no other needs trying.
        let kv = fits(&scenario, resolved).then(|| best_kv(&scenario, resolved))??;
        Some(Formats { weights, kv })
    })
}

fn fits(scenario: &Scenario, resolved: &Resolved) -> bool {
    let resolved = resolved.with_layout(scenario);
    capacity::headroom(&resolved, resolved.workload).is_some_and(|headroom| headroom >= 0)
}
