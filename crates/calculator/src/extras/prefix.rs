//! Prefix caching: the part of a prompt whose keys and values the engine has kept from earlier requests is not read
//! again. Attention of the rest still reads all of it.

use ridgepoint_core::{Seconds, Speed, Tokens, cached_tokens};

use super::{Block, TAKEN_AS_GIVEN};
use crate::deployment::Resolved;
use crate::facts::Fact;
use crate::numbers;
use crate::report::Report;

/// What the prefix cache spares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PrefixReport {
    /// Share of each prompt that it holds.
    pub share: f64,
    /// Tokens of each prompt that it holds.
    pub cached_tokens: Tokens,
    /// Tokens of each prompt that are read.
    pub read_tokens: Tokens,
    /// Predicted TTFT alone, and prefill of all sequences, without it.
    pub without: Option<[Seconds; 2]>,
    /// Whether layers keep a state instead of a cache.
    pub has_state: bool,
}

impl PrefixReport {
    pub(super) fn of(run: &Resolved, without: Option<Speed>) -> Self {
        let prompt_tokens = run.workload.prompt_tokens;
        let cached_tokens = cached_tokens(prompt_tokens, run.beside.prefix);
        Self {
            share: run.beside.prefix,
            cached_tokens,
            read_tokens: prompt_tokens - cached_tokens,
            without: without.map(|speed| [speed.ttft, speed.prefill_batch]),
            has_state: run.model.layers.kinds().iter().any(|layer| layer.mixer.state().is_some()),
        }
    }

    pub(super) fn block(&self, report: &Report) -> Block {
        let [found, read] = [self.cached_tokens, self.read_tokens].map(numbers::count);
        let mut facts = vec![
            Fact { label: "Found in the cache", value: format!("{found} tokens of each prompt") },
            Fact { label: "Read", value: format!("{read} tokens of each prompt") },
        ];
        let speed = report.prediction.as_ref().map(|prediction| &prediction.speed);
        if let Some((speed, [ttft, prefill])) = speed.zip(self.without) {
            let both = |now, without| format!("{}; {} without", numbers::seconds(now), numbers::seconds(without));
            facts.push(Fact { label: "TTFT, alone", value: both(speed.ttft, ttft) });
            facts.push(Fact { label: "Prefill of all sequences", value: both(speed.prefill_batch, prefill) });
        }
        let mut notes = vec![
            format!("The hit rate is {TAKEN_AS_GIVEN}."),
            "What is found stays in the engine's KV pool: no memory is saved, none added.".to_owned(),
        ];
        if self.has_state {
            notes.push("The engine is taken to keep the recurrent state at the end of what is found.".to_owned());
        }
        Block { key: "prefix", title: "Prefix cache", facts, notes }
    }
}
