//! Whether a model can be fine-tuned on the devices of a scenario.

use ridgepoint_catalog::engine_profile;
use ridgepoint_core::training::{Training, TrainingMemory};
use ridgepoint_core::{Bytes, Engine, Profile};

use crate::deployment::Resolved;
use crate::numbers;
use crate::scenario::Scenario;
use crate::table::{Column, Row, Table};

/// The memory of each device while weights are trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Finetuning {
    /// The model's name.
    pub model: String,
    /// How.
    pub training: Training,
    /// Numbers that are trained.
    pub trained: u64,
    /// What the allocator holds at its fullest.
    pub memory: TrainingMemory,
    /// Context and kernels of the driver, beside that.
    pub context: Bytes,
    /// What programs can have of the smallest device; `None` where its size is not known.
    pub usable: Option<Bytes>,
}

impl Finetuning {
    /// Trains the scenario's model, in its weight format, on its devices: prompts of the scenario's length, as many on
    /// each device as its batch says.
    pub fn of(scenario: &Scenario, training: Training) -> Self {
        let resolved = Resolved::of(scenario);
        let ranks = scenario.device_count().max(1);
        let workload = resolved.workload;
        let training = Training { ranks, sequences: workload.batch, tokens: workload.prompt_tokens, ..training };
        let (context, reserve) = match engine_profile(Engine::Transformers, None) {
            Profile::Transformers(rules) => (rules.context, rules.driver_reserve),
            Profile::Vllm(_)
            | Profile::Sglang(_)
            | Profile::TensorRtLlm(_)
            | Profile::LlamaCpp(_)
            | Profile::Mlx(_) => (Bytes::ZERO, Bytes::ZERO),
        };
        let usable = resolved.devices.iter().map(|(device, _)| resolved.memory(device).map(|(_, usable, _)| usable));
        Self {
            trained: training.parameters(&resolved.model),
            memory: training.memory(&resolved.model, scenario.weights.unwrap_or(resolved.numerics.weights)),
            training,
            context,
            usable: usable.min().flatten().map(|usable| usable.saturating_sub(reserve)),
            model: resolved.model_name,
        }
    }

    /// All that a device must hold.
    pub fn total(&self) -> Bytes {
        self.memory.total() + self.context
    }

    /// Bytes to spare on the smallest device; negative where it does not fit.
    pub fn headroom(&self) -> Option<i64> {
        Some(self.usable?.minus(self.total()))
    }

    /// The parts as a table.
    pub fn table(&self) -> Table {
        let TrainingMemory { weights, gradients, states, activations, loss, gathered } = self.memory;
        let row = |label: &str, bytes: Bytes, total: bool| Row {
            total,
            cells: vec![label.to_string(), numbers::gib(bytes)],
            ..Row::default()
        };
        let mut rows = vec![
            row("Weights", weights, false),
            row("Gradients", gradients, false),
            row("Optimiser states", states, false),
            row("Activations", activations, false),
            row("Logits and loss", loss, false),
            row("Gathered layers", gathered, false),
            row("Context of the driver", self.context, false),
            row("Total", self.total(), true),
        ];
        if let Some(usable) = self.usable {
            rows.push(row("Available", usable, false));
        }
        let caption =
            format!("{}, {} trained parameters, on each device", self.model, numbers::parameters(self.trained));
        Table { caption, columns: vec![Column::text("Part"), Column::figures("GiB")], rows }
    }
}
