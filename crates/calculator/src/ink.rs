//! Role colours: what a mark means, not how it looks. Each has a token of the same name in the style sheet.

/// The meaning of a coloured mark, the same in bars, charts and tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ink {
    /// Model weights.
    Weights,
    /// KV cache.
    KvCache,
    /// Recurrent state.
    State,
    /// Activations and workspace.
    Activations,
    /// What the engine and its libraries keep.
    Overhead,
    /// Room that the engine keeps for more cache.
    Pool,
    /// Memory left free.
    Free,
    /// A limit that must not be crossed.
    Limit,
    /// What goes from device to device.
    Link,
    /// Processing of prompts.
    Prefill,
    /// Generation of tokens.
    Decode,
    /// The scenario as it stands.
    Current,
    /// The first, second, third and fourth of several comparable lines.
    Series(u8),
}

impl Ink {
    /// The name of its style token.
    pub const fn token(self) -> &'static str {
        match self {
            Self::Weights => "weights",
            Self::KvCache => "kv-cache",
            Self::State => "state",
            Self::Activations => "activations",
            Self::Overhead => "overhead",
            Self::Pool => "pool",
            Self::Free => "free",
            Self::Limit => "limit",
            Self::Link => "link",
            Self::Prefill => "prefill",
            Self::Decode => "decode",
            Self::Current => "current",
            Self::Series(0) => "series-0",
            Self::Series(1) => "series-1",
            Self::Series(2) => "series-2",
            Self::Series(_) => "series-3",
        }
    }
}
