//! Attention: which heads exist, how far they look back, and the weights that they need.

use crate::tensor::{Role, Tensor};
use crate::units::Tokens;

/// The shape of an attention layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Attention {
    /// Multi-head, grouped-query and multi-query attention in one: MHA has as many KV heads as heads, MQA has one.
    Grouped {
        /// Query heads.
        heads: u64,
        /// Key and value heads; each serves `heads / kv_heads` query heads.
        kv_heads: u64,
        /// Width of a query and a key.
        key_dim: u64,
        /// Width of a value; equal to `key_dim` in nearly all models.
        value_dim: u64,
    },
    /// Multi-head latent attention (DeepSeek-V2, arXiv:2405.04434, section 2.1).
    Latent {
        /// Query heads.
        heads: u64,
        /// Width of the latent vector that stands for all keys and values.
        kv_rank: u64,
        /// Width of the rotary key that all heads share.
        rope_dim: u64,
        /// Width of the rest of a query and a key.
        nope_dim: u64,
        /// Width of a value.
        value_dim: u64,
        /// Width of the latent query; `None` where queries are projected directly.
        query_rank: Option<u64>,
    },
    /// Multi-query attention in which one vector of each token is key and value at once (DeepSeek-V4).
    Shared {
        /// Query heads.
        heads: u64,
        /// Width of a query and of the shared vector.
        dim: u64,
    },
}

impl Attention {
    /// Query heads.
    pub const fn heads(self) -> u64 {
        match self {
            Self::Grouped { heads, .. } | Self::Latent { heads, .. } | Self::Shared { heads, .. } => heads,
        }
    }

    /// Width of a head's key where each head has one.
    pub const fn key_width(self) -> Option<u64> {
        match self {
            Self::Grouped { key_dim, .. } => Some(key_dim),
            Self::Latent { .. } | Self::Shared { .. } => None,
        }
    }

    /// Heads over which the KV cache can be cut. One vector for all heads cannot be cut.
    pub const fn kv_heads(self) -> u64 {
        match self {
            Self::Grouped { kv_heads, .. } => kv_heads,
            Self::Latent { .. } | Self::Shared { .. } => 1,
        }
    }
}

/// A small attention of its own that scores the cache and lets the best through (DeepSeek-V3.2's lightning indexer).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Indexer {
    /// Query heads.
    pub heads: u64,
    /// Width of its one key, which it caches for everything that it scores.
    pub dim: u64,
    /// How many it lets through.
    pub top: Tokens,
}

/// Which of the tokens within reach a query attends to, and what the layer caches in order to choose them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Selection {
    /// All of them.
    All,
    /// Those that an indexer lets through.
    Indexed(Indexer),
    /// The tokens that the indexer of an earlier layer chose.
    AsEarlier {
        /// Tokens that it lets through.
        top: Tokens,
    },
    /// All of them, and beyond them a summary of each `ratio` tokens, back to the first (DeepSeek-V4).
    Compressed {
        /// Tokens in a summary.
        ratio: u64,
        /// What chooses among the summaries; `None` where all of them are attended to.
        indexer: Option<Indexer>,
    },
}

/// How far back a token looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reach {
    /// To the first token.
    Full,
    /// To the last so many tokens.
    Sliding(Tokens),
    /// To the start of its chunk of so many tokens (Llama 4).
    Chunked(Tokens),
}

impl Reach {
    /// Tokens that stay in the cache at a context of `context` tokens.
    pub const fn cached_tokens(self, context: Tokens) -> Tokens {
        match self {
            Self::Full => context,
            Self::Sliding(limit) | Self::Chunked(limit) => {
                if limit < context {
                    limit
                } else {
                    context
                }
            }
        }
    }

    /// Pairs of a query and a key when `new` tokens follow `past` cached ones, each seeing itself and what it may
    /// see of its past.
    ///
    /// ```
    /// # use ridgepoint_core::Reach;
    /// assert_eq!(Reach::Full.pairs(4, 0), 1.0 + 2.0 + 3.0 + 4.0);
    /// assert_eq!(Reach::Sliding(2).pairs(4, 0), 1.0 + 2.0 + 2.0 + 2.0);
    /// assert_eq!(Reach::Chunked(2).pairs(4, 0), 1.0 + 2.0 + 1.0 + 2.0);
    /// assert_eq!(Reach::Full.pairs(1, 9), 10.0);
    /// ```
    pub fn pairs(self, new: Tokens, past: Tokens) -> f64 {
        let up_to = |end: Tokens| -> f64 {
            let n = end as f64;
            match self {
                Self::Full => n * (n + 1.0) / 2.0,
                Self::Sliding(window) => {
                    let ramp = end.min(window) as f64;
                    ramp * (ramp + 1.0) / 2.0 + (n - ramp) * window as f64
                }
                Self::Chunked(chunk) => {
                    let chunk = chunk.max(1);
                    let (whole, rest) = ((end / chunk) as f64, (end % chunk) as f64);
                    let size = chunk as f64;
                    whole * size * (size + 1.0) / 2.0 + rest * (rest + 1.0) / 2.0
                }
            }
        };
        up_to(past.saturating_add(new)) - up_to(past)
    }
}

/// Which projections carry a bias.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct AttentionBias {
    /// Query, key and value projections.
    pub qkv: bool,
    /// Output projection.
    pub output: bool,
}

/// Weights of attention: its projections and, for MLA, the norms of the latent vectors.
///
/// ```
/// # use ridgepoint_core::{attention_tensors, Attention, AttentionBias};
/// // Llama 3.1 8B: 2 x 4096 x 4096 for query and output, 2 x 1024 x 4096 for keys and values.
/// let attention = Attention::Grouped { heads: 32, kv_heads: 8, key_dim: 128, value_dim: 128 };
/// let parameters: u64 = attention_tensors(attention, 4096, AttentionBias::default()).iter().map(|t| t.parameters()).sum();
/// assert_eq!(parameters, 41_943_040);
/// ```
pub fn attention_tensors(attention: Attention, hidden_size: u64, bias: AttentionBias) -> Vec<Tensor> {
    match attention {
        Attention::Grouped { heads, kv_heads, key_dim, value_dim } => {
            let mut tensors = linear(Role::Query, heads * key_dim, hidden_size, bias.qkv);
            tensors.extend(linear(Role::Key, kv_heads * key_dim, hidden_size, bias.qkv));
            tensors.extend(linear(Role::Value, kv_heads * value_dim, hidden_size, bias.qkv));
            tensors.extend(linear(Role::AttentionOutput, hidden_size, heads * value_dim, bias.output));
            tensors
        }
        // As plain projections; a model that factors them lists its own tensors.
        Attention::Shared { heads, dim } => {
            let mut tensors = linear(Role::Query, heads * dim, hidden_size, bias.qkv);
            tensors.extend(linear(Role::LatentDown, dim, hidden_size, bias.qkv));
            tensors.extend(linear(Role::AttentionOutput, hidden_size, heads * dim, bias.output));
            tensors
        }
        // The latent vectors have norms of their own.
        Attention::Latent { heads, kv_rank, rope_dim, nope_dim, value_dim, query_rank } => {
            let query_width = heads * (nope_dim + rope_dim);
            let mut tensors = match query_rank {
                Some(rank) => {
                    let mut query = linear(Role::LatentDown, rank, hidden_size, bias.qkv);
                    query.push(Tensor::vector(Role::Norm, rank));
                    query.push(Tensor::matrix(Role::LatentUp, query_width, rank));
                    query
                }
                None => vec![Tensor::matrix(Role::Query, query_width, hidden_size)],
            };
            tensors.extend(linear(Role::LatentDown, kv_rank + rope_dim, hidden_size, bias.qkv));
            tensors.push(Tensor::vector(Role::Norm, kv_rank));
            tensors.push(Tensor::matrix(Role::LatentUp, heads * (nope_dim + value_dim), kv_rank));
            tensors.extend(linear(Role::AttentionOutput, hidden_size, heads * value_dim, bias.output));
            tensors
        }
    }
}

/// A matrix with an optional bias.
pub fn linear(role: Role, outputs: u64, inputs: u64, bias: bool) -> Vec<Tensor> {
    let mut tensors = vec![Tensor::matrix(role, outputs, inputs)];
    if bias {
        tensors.push(Tensor::vector(role, outputs));
    }
    tensors
}
