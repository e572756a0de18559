//! What attention remembers: bytes per token, at a context, and what one rank holds of them.

use crate::attention::{Attention, Selection};
use crate::format::CacheFormat;
use crate::model::{CacheOwner, Layer, Mixer, Model};
use crate::units::{Bytes, Tokens};
use crate::workload::Workload;

/// Numbers that one token adds to one layer's cache, before sharding.
pub const fn values_per_token(attention: Attention) -> u64 {
    match attention {
        // A key and a value for each KV head.
        Attention::Grouped { kv_heads, key_dim, value_dim, .. } => kv_heads * (key_dim + value_dim),
        // One compressed vector and one rotary key, shared by all heads.
        Attention::Latent { kv_rank, rope_dim, .. } => kv_rank + rope_dim,
        // One vector that is key and value.
        Attention::Shared { dim, .. } => dim,
    }
}

/// The same, those in keys and those in values; vectors that are both count as keys.
pub const fn parts_per_token_and_rank(attention: Attention, tensor: u64) -> [u64; 2] {
    match attention {
        Attention::Grouped { kv_heads, key_dim, value_dim, .. } => {
            let heads = kv_heads.div_ceil(if tensor == 0 { 1 } else { tensor });
            [heads * key_dim, heads * value_dim]
        }
        Attention::Latent { .. } | Attention::Shared { .. } => [values_per_token(attention), 0],
    }
}

/// Numbers that one token adds to the cache of one of `tensor` ranks.
///
/// KV heads are dealt out until each rank holds one and are replicated beyond that; the latent vector of MLA is
/// needed whole on every rank.
///
/// ```
/// # use ridgepoint_core::{values_per_token_and_rank, Attention};
/// let gqa = Attention::Grouped { heads: 32, kv_heads: 8, key_dim: 128, value_dim: 128 };
/// assert_eq!(values_per_token_and_rank(gqa, 4), 2 * 256);
/// assert_eq!(values_per_token_and_rank(gqa, 16), 256);
/// ```
pub const fn values_per_token_and_rank(attention: Attention, tensor: u64) -> u64 {
    let [keys, values] = parts_per_token_and_rank(attention, tensor);
    keys + values
}

/// What one token adds to the cache of a layer on one of `tensor` ranks.
pub fn token_bytes(attention: Attention, format: impl Into<CacheFormat>, tensor: u64) -> Bytes {
    format.into().bytes(parts_per_token_and_rank(attention, tensor))
}

/// Cache of one sequence of `context` tokens in one layer, on one of `tensor` ranks.
///
/// In an encoder-decoder those are the tokens of the decoder; what the encoder made of the prompt is
/// [`layer_source_bytes`].
pub fn layer_bytes(layer: &Layer, context: Tokens, format: impl Into<CacheFormat>, tensor: u64) -> Bytes {
    let format = format.into();
    match layer.mixer {
        Mixer::Attention { attention, reach, cache: CacheOwner::Own, selection } => {
            token_bytes(attention, format, tensor) * reach.cached_tokens(context)
                + selection_bytes(attention, selection, context, format)
        }
        Mixer::Parallel { attention, reach, .. } => {
            token_bytes(attention, format, tensor) * reach.cached_tokens(context)
        }
        Mixer::Attention { cache: CacheOwner::Earlier | CacheOwner::Encoder(_) | CacheOwner::Nobody, .. }
        | Mixer::Recurrent(_)
        | Mixer::None => Bytes::ZERO,
    }
}

/// What one layer of cross-attention keeps for a sequence: keys and values of each of the `tokens` vectors that an
/// encoder made, on one of `tensor` ranks. Nothing in other layers.
///
/// The encoder decides how many there are: [`Model::source_tokens`], or the patches of an image.
pub fn layer_source_bytes(layer: &Layer, tokens: Tokens, format: impl Into<CacheFormat>, tensor: u64) -> Bytes {
    let format = format.into();
    match (layer.mixer.source(), layer.mixer.attention()) {
        (Some(_), Some(attention)) => token_bytes(attention, format, tensor) * tokens,
        (None, _) | (_, None) => Bytes::ZERO,
    }
}

/// The same over all layers and before sharding.
pub fn source_bytes(model: &Model, tokens: Tokens, format: impl Into<CacheFormat>) -> Bytes {
    let format = format.into();
    model.layers.all().into_iter().map(|(layer, count)| layer_source_bytes(layer, tokens, format, 1) * count).sum()
}

/// What a layer caches beside the keys and values within reach: an indexer's keys, or summaries of what lies beyond.
///
/// Every rank holds all of it. Summaries are counted by the token, although one appears only when it is complete.
///
/// ```
/// # use ridgepoint_core::{Attention, Bytes, Indexer, KvFormat, Selection, selection_bytes};
/// // DeepSeek-V4-Flash, a layer with ratio 4: a summary of 512 numbers and a key of 128 for each 4 tokens.
/// let attention = Attention::Shared { heads: 64, dim: 512 };
/// let indexer = Some(Indexer { heads: 64, dim: 128, top: 512 });
/// let selection = Selection::Compressed { ratio: 4, indexer };
/// assert_eq!(selection_bytes(attention, selection, 4000, KvFormat::Bf16), Bytes::new(1000 * (512 + 128) * 2));
/// ```
pub fn selection_bytes(
    attention: Attention,
    selection: Selection,
    context: Tokens,
    format: impl Into<CacheFormat>,
) -> Bytes {
    let format = format.into();
    match selection {
        Selection::All | Selection::AsEarlier { .. } => Bytes::ZERO,
        Selection::Indexed(indexer) => format.keys.bytes(indexer.dim) * context,
        Selection::Compressed { ratio, indexer } => {
            let key = indexer.map_or(Bytes::ZERO, |indexer| format.keys.bytes(indexer.dim));
            ((token_bytes(attention, format, 1) + key) * context).div_ceil(ratio.max(1))
        }
    }
}

/// The same for a layer: nothing where it has no cache of its own.
pub fn layer_selection_bytes(layer: &Layer, context: Tokens, format: impl Into<CacheFormat>) -> Bytes {
    match layer.mixer {
        Mixer::Attention { attention, selection, cache: CacheOwner::Own, .. } => {
            selection_bytes(attention, selection, context, format)
        }
        Mixer::Attention { cache: CacheOwner::Earlier | CacheOwner::Encoder(_) | CacheOwner::Nobody, .. }
        | Mixer::Parallel { .. }
        | Mixer::Recurrent(_)
        | Mixer::None => Bytes::ZERO,
    }
}

/// Cache that one more token adds to a sequence, over all layers and before sharding, while every layer still
/// keeps every token.
///
/// ```
/// # use ridgepoint_core::{Bytes, KvFormat};
/// // Llama 3.1 8B: 2 x 32 layers x 8 KV heads x 128 x 2 B.
/// assert_eq!(KvFormat::Bf16.bytes(8 * (128 + 128)) * 32, Bytes::new(131_072));
/// ```
pub fn bytes_per_token(model: &Model, format: impl Into<CacheFormat>) -> Bytes {
    bytes_at_context(model, 1, format)
}

/// Cache of one sequence of `context` tokens, over all layers with their own reach and before sharding.
pub fn bytes_at_context(model: &Model, context: Tokens, format: impl Into<CacheFormat>) -> Bytes {
    let format = format.into();
    model.layers.all().into_iter().map(|(layer, count)| layer_bytes(layer, context, format, 1) * count).sum()
}

/// Everything that one sequence of a workload keeps at its end, before sharding: keys and values of the decoder's tokens,
/// and those of what an encoder made of the prompt.
pub fn bytes_of_sequence(model: &Model, workload: Workload, format: impl Into<CacheFormat>) -> Bytes {
    let format = format.into();
    let prompt = workload.prompt_tokens;
    let context = model.stack().decoder_prompt(prompt).saturating_add(workload.output_tokens);
    bytes_at_context(model, context, format) + source_bytes(model, model.source_tokens(prompt), format)
}
