//! What each engine keeps and how it schedules, unless told otherwise.

use std::sync::OnceLock;

use ridgepoint_core::{Bytes, Engine, EngineMemory, Tokens};
use serde::Deserialize;

/// An engine with its defaults.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineProfile {
    /// Which engine.
    pub engine: Engine,
    /// Its name as its makers write it.
    pub name: String,
    /// Its defaults.
    pub memory: EngineMemory,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    memory_fraction: f64,
    tokens_per_pass: Option<Tokens>,
    context_mib: u64,
    collectives_mib: u64,
}

/// The defaults of an engine.
pub fn engine_profile(engine: Engine) -> &'static EngineProfile {
    static PROFILES: OnceLock<[EngineProfile; 6]> = OnceLock::new();
    let profiles = PROFILES.get_or_init(|| Engine::ALL.map(read));
    &profiles[engine as usize]
}

fn read(engine: Engine) -> EngineProfile {
    let text = match engine {
        Engine::Vllm => include_str!("../data/engines/vllm.json"),
        Engine::Sglang => include_str!("../data/engines/sglang.json"),
        Engine::TensorRtLlm => include_str!("../data/engines/tensorrt-llm.json"),
        Engine::LlamaCpp => include_str!("../data/engines/llama.cpp.json"),
        Engine::Transformers => include_str!("../data/engines/transformers.json"),
        Engine::Mlx => include_str!("../data/engines/mlx.json"),
    };
    let entry: Entry = serde_json::from_str(text).expect("the embedded engine data is checked by the tests below");
    EngineProfile {
        engine,
        name: entry.name,
        memory: EngineMemory {
            memory_fraction: entry.memory_fraction,
            tokens_per_pass: entry.tokens_per_pass.unwrap_or(Tokens::MAX),
            context: Bytes::mib(entry.context_mib),
            collectives: Bytes::mib(entry.collectives_mib),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_engine_has_a_profile_with_possible_figures() {
        for engine in Engine::ALL {
            let profile = engine_profile(engine);
            assert_eq!(profile.engine, engine);
            assert!(profile.memory.memory_fraction > 0.0 && profile.memory.memory_fraction <= 1.0, "{}", profile.name);
            assert!(profile.memory.tokens_per_pass >= 512, "{}", profile.name);
        }
    }
}
