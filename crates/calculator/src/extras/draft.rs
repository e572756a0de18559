//! Speculative decoding: what a drafter costs, and what its drafts bring.

use ridgepoint_core::{Bytes, Engine, Seconds, Speed, speculation};

use super::{Block, TAKEN_AS_GIVEN};
use crate::deployment::{Drafting, Resolved};
use crate::facts::Fact;
use crate::numbers;
use crate::report::Report;

/// What follows from drafting.
#[derive(Clone, Debug, PartialEq)]
pub struct DraftReport {
    /// Id of the drafter in links.
    pub id: String,
    /// Name of the drafter.
    pub name: String,
    /// Tokens drafted in each step.
    pub tokens: u64,
    /// Chance that a drafted token is accepted.
    pub acceptance: f64,
    /// Tokens that a step is expected to give.
    pub expected_tokens: f64,
    /// Ranks that share each layer of the drafter.
    pub tensor: u64,
    /// Weights of the drafter on each device of the last stage.
    pub weights: Bytes,
    /// Its cache there, for the scenario's load.
    pub kv_cache: Bytes,
    /// Predicted decode step and TPOT without drafts.
    pub without: Option<[Seconds; 2]>,
    /// Entries of the vocabularies of model and drafter, where they differ.
    pub vocabularies: Option<[u64; 2]>,
}

impl DraftReport {
    pub(super) fn of(run: &Resolved, drafting: &Drafting, without: Option<Speed>) -> Self {
        let last = run.spans.last().copied();
        let workload = run.per_replica(run.workload);
        let sizes = [run.model.vocab_size, drafting.model.vocab_size];
        Self {
            id: drafting.id.clone(),
            name: drafting.name.clone(),
            tokens: drafting.tokens,
            acceptance: drafting.acceptance,
            expected_tokens: speculation::expected_tokens(drafting.tokens, drafting.acceptance),
            tensor: run.draft_parallelism(drafting).tensor,
            weights: last.map_or(Bytes::ZERO, |stage| run.draft_weights(stage)),
            kv_cache: last.map_or(Bytes::ZERO, |stage| run.draft_cache(stage, workload)),
            without: without.map(|speed| [speed.decode.time, speed.tpot]),
            vocabularies: (sizes[0] != sizes[1]).then_some(sizes),
        }
    }

    /// How many times shorter TPOT is than without drafts.
    pub fn speedup(&self, report: &Report) -> Option<f64> {
        let [_, without] = self.without?;
        Some(without / report.prediction.as_ref()?.speed.tpot)
    }

    pub(super) fn block(&self, report: &Report) -> Block {
        let chance = numbers::decimal(self.acceptance);
        let mut facts = vec![
            Fact { label: "Drafter", value: self.name.clone() },
            Fact { label: "Drafted in a step", value: format!("{}, each accepted at {chance}", self.tokens) },
            Fact {
                label: "Tokens of a step",
                value: format!("{} expected", numbers::significant(self.expected_tokens)),
            },
        ];
        let speed = report.prediction.as_ref().map(|prediction| &prediction.speed);
        if let Some((speed, [step, tpot])) = speed.zip(self.without) {
            let both = |now, without| format!("{}; {} without", numbers::seconds(now), numbers::seconds(without));
            facts.push(Fact { label: "Decode step, drafts included", value: both(speed.decode.time, step) });
            facts.push(Fact { label: "TPOT", value: both(speed.tpot, tpot) });
        }
        if let Some(speedup) = self.speedup(report) {
            facts.push(Fact { label: "Speed-up", value: format!("{} ×", numbers::significant(speedup)) });
        }
        facts.push(Fact { label: "Its weights on a device", value: numbers::bytes(self.weights).to_string() });
        facts.push(Fact { label: "Its KV cache on a device", value: numbers::bytes(self.kv_cache).to_string() });
        let cut = if self.tensor > 1 { format!("cut over {} ranks", self.tensor) } else { "whole on each rank".into() };
        let mut notes = vec![
            format!("The acceptance is {TAKEN_AS_GIVEN}."),
            format!("The drafter is taken to be on the devices of the last pipeline stage, {cut}."),
        ];
        if let Some([own, drafted]) = self.vocabularies {
            let [own, drafted] = [own, drafted].map(numbers::count);
            let engine = match report.engine {
                Engine::LlamaCpp => "llama.cpp accepts only small differences",
                Engine::Vllm | Engine::Sglang | Engine::TensorRtLlm | Engine::Transformers | Engine::Mlx => {
                    "drafts are tokens of the model, so engines ask for the same vocabulary"
                }
            };
            notes.push(format!("The vocabularies differ, {own} and {drafted} entries: {engine}."));
        }
        Block { key: "draft", title: "Speculative decoding", facts, notes }
    }
}
