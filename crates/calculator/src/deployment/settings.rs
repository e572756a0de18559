//! The settings of a scenario in the terms of the engines, and those that change nothing.

use ridgepoint_catalog::devices::{Device, DeviceClass};
use ridgepoint_catalog::{has_versions, version_number};
use ridgepoint_core::{Engine, HostWeights, Knobs, LatentCache, Model, Stack};

use super::Beside;
use crate::scenario::Scenario;

/// Whether programs on the device use the memory of the host.
pub(super) fn is_host(device: &Device) -> bool {
    device.memory.unified || device.class == DeviceClass::Cpu
}

/// The settings of a scenario in the terms of the engines.
pub(super) fn knobs(scenario: &Scenario, model: &Model, devices: &[(&Device, u64)]) -> Knobs {
    let settings = scenario.settings;
    Knobs {
        memory_fraction: settings.memory_fraction,
        tokens_per_pass: settings.tokens_per_pass,
        max_sequences: settings.max_sequences,
        eager: settings.eager == Some(true),
        flash_attention: settings.flash_attention != Some(false),
        full_sliding_cache: settings.full_sliding_cache == Some(true),
        unified_cache: settings.unified_cache,
        latent_cache: match settings.latent_cache {
            Some(0) => LatentCache::Heads,
            Some(1) => LatentCache::WithCopy,
            Some(_) | None => LatentCache::Latent,
        },
        host: host_weights(scenario, model, devices),
    }
}

/// What llama.cpp leaves on the host of a device with memory of its own: the embedding, always, the layers that
/// `-ngl` does not reach, and the experts that `--n-cpu-moe` names.
fn host_weights(scenario: &Scenario, model: &Model, devices: &[(&Device, u64)]) -> HostWeights {
    if scenario.engine != Engine::LlamaCpp || devices.iter().any(|(device, _)| is_host(device)) {
        return HostWeights::default();
    }
    let layers = scenario.settings.cpu_expert_layers.unwrap_or(0);
    let whole = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let there = scenario.settings.device_layers.map_or(0, |layers| model.layers.len().saturating_sub(whole(layers)));
    HostWeights { lookups: true, expert_layers: whole(layers), layers: there }
}

/// Keys of settings that a scenario sets and that change nothing here.
pub(super) fn settings_without_effect(
    scenario: &Scenario,
    model: &Model,
    knobs: Knobs,
    beside: &Beside,
) -> Vec<&'static str> {
    let extras = &scenario.extras;
    let settings = scenario.settings;
    let on_llama_cpp = scenario.engine == Engine::LlamaCpp;
    let (limits_requests, captures_graphs) = match scenario.engine {
        Engine::Vllm | Engine::Sglang => (true, true),
        Engine::TensorRtLlm => (true, false),
        Engine::LlamaCpp | Engine::Transformers | Engine::Mlx => (false, false),
    };
    let moved = settings.cpu_expert_layers.is_some_and(|layers| layers > 0);
    let has_latent = model.has_latent_cache();
    let writes = match model.stack() {
        Stack::Decoder | Stack::EncoderDecoder => true,
        Stack::Encoder | Stack::None => false,
    };
    let unread = |version: &String| version_number(version).is_none() || !has_versions(scenario.engine);
    [
        ("ev", scenario.engine_version.as_ref().is_some_and(unread)),
        ("max-seqs", settings.max_sequences.is_some() && !limits_requests),
        ("eager", settings.eager.is_some() && !captures_graphs),
        ("fa", settings.flash_attention.is_some() && !on_llama_cpp),
        ("swa-full", settings.full_sliding_cache.is_some() && !on_llama_cpp),
        ("the second format of kv", settings.value_cache.is_some() && !on_llama_cpp),
        ("kvu", settings.unified_cache.is_some() && !on_llama_cpp),
        ("mla", settings.latent_cache.is_some() && !(on_llama_cpp && has_latent)),
        ("ngl", settings.device_layers.is_some() && !knobs.host.lookups),
        ("prefix", extras.prefix > 0.0 && beside.prefix == 0.0),
        ("draft", extras.draft.is_some() && beside.drafting.is_none()),
        ("disagg", extras.disaggregation.is_some() && !writes),
        ("cpu-moe", moved && (knobs.host.expert_layers == 0 || model.experts() == 0)),
    ]
    .into_iter()
    .filter_map(|(key, is_idle)| is_idle.then_some(key))
    .collect()
}
