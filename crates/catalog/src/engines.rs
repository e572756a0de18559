//! What each engine keeps and how it schedules, unless told otherwise.
//!
//! The figures and their sources are in `data/engines/*.json`; the build checks them and writes the table behind
//! [`engine_memory`].

use ridgepoint_core::{Bytes, Engine, EngineMemory, HostWeights, Tokens};

struct Defaults {
    memory_fraction: f64,
    tokens_per_pass: Tokens,
    context_mib: u64,
    collectives_mib: u64,
}

static DEFAULTS: [Defaults; Engine::ALL.len()] = include!(concat!(env!("OUT_DIR"), "/engines.rs"));

/// The defaults of an engine.
///
/// ```
/// # use ridgepoint_catalog::engine_memory;
/// # use ridgepoint_core::Engine;
/// assert_eq!(engine_memory(Engine::Vllm).memory_fraction, 0.9);
/// assert_eq!(engine_memory(Engine::LlamaCpp).tokens_per_pass, 512);
/// assert_eq!(engine_memory(Engine::Transformers).tokens_per_pass, u64::MAX);
/// assert_eq!(engine_memory(Engine::Mlx).tokens_per_pass, 2048);
/// ```
pub fn engine_memory(engine: Engine) -> EngineMemory {
    let defaults = &DEFAULTS[engine as usize];
    EngineMemory {
        memory_fraction: defaults.memory_fraction,
        tokens_per_pass: defaults.tokens_per_pass,
        context: Bytes::mib(defaults.context_mib),
        collectives: Bytes::mib(defaults.collectives_mib),
        host: HostWeights::default(),
    }
}
