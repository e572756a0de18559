//! Low-rank adapters that stay on the devices.

use ridgepoint_core::{Adapters, Bytes, Engine, Parallelism, Stage};

use super::Block;
use crate::deployment::Resolved;
use crate::facts::Fact;
use crate::names;
use crate::numbers;
use crate::report::Report;

/// What adapters take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdaptersReport {
    /// Which adapters.
    pub adapters: Adapters,
    /// One of them, before sharding.
    pub one: Bytes,
    /// All of them on the device that holds most of them.
    pub held: Bytes,
}

impl AdaptersReport {
    pub(super) fn of(run: &Resolved, adapters: Adapters) -> Self {
        let one = Adapters { count: 1, ..adapters };
        let held = run.spans.iter().map(|&stage| run.adapter_bytes(stage)).max();
        Self {
            adapters,
            one: one.stage_bytes(&run.model, Stage::whole(&run.model), Parallelism::SINGLE),
            held: held.unwrap_or(Bytes::ZERO),
        }
    }

    pub(super) fn block(&self, report: &Report) -> Block {
        let Adapters { count, rank, on } = self.adapters;
        let [count, rank] = [count, rank].map(numbers::count);
        let facts = vec![
            Fact {
                label: "Adapters",
                value: format!("{count} of rank {rank} on {}", names::adapter_targets(on).label),
            },
            Fact { label: "One adapter", value: numbers::bytes(self.one).to_string() },
            Fact { label: "All of them on a device", value: numbers::bytes(self.held).to_string() },
        ];
        let mut notes = vec!["In 16 bit. The time that adapters take is not counted.".to_owned()];
        notes.extend(limits(report.engine).map(str::to_owned));
        Block { key: "lora", title: "LoRA adapters", facts, notes }
    }
}

/// What an engine asks of adapters that stay on the devices, as its documentation says.
const fn limits(engine: Engine) -> Option<&'static str> {
    match engine {
        // docs.vllm.ai/en/v0.14.0/api/vllm/config/lora
        Engine::Vllm => Some(
            "vLLM keeps as many as --max-loras says (1 unless told otherwise) and makes room for --max-lora-rank (16), \
             which is 1, 8, 16, 32, 64, 128, 256, 320 or 512, in all matrices that can have adapters.",
        ),
        // docs.sglang.io/advanced_features/lora.html
        Engine::Sglang => Some("SGLang keeps as many as --max-loras-per-batch says, 8 unless told otherwise."),
        // nvidia.github.io/TensorRT-LLM/features/lora.html
        Engine::TensorRtLlm => Some("TensorRT-LLM takes max_loras and max_lora_rank from its lora_config."),
        Engine::LlamaCpp | Engine::Transformers | Engine::Mlx => None,
    }
}
