//! What is asked of the model: how many sequences, how long.

use crate::units::Tokens;

/// Concurrent sequences of equal length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Workload {
    /// Sequences in flight at the same time.
    pub batch: u64,
    /// Prompt tokens of each sequence.
    pub prompt_tokens: Tokens,
    /// Tokens generated for each sequence.
    pub output_tokens: Tokens,
}

impl Workload {
    /// Tokens of one finished sequence: prompt and answer.
    pub const fn context_tokens(self) -> Tokens {
        self.prompt_tokens.saturating_add(self.output_tokens)
    }
}
