//! How the KV cache and the recurrent state of a device come about.

use ridgepoint_core::{
    Attention, Bytes, CacheFormat, CacheOwner, Cells, Layer, Mixer, Paging, Profile, Selection, kv_cache,
};

use super::terms::{Known, Terms, exact};
use super::{Desk, Working};
use crate::numbers;

impl Desk<'_> {
    /// The cache that one token adds over all layers, before sharding.
    pub(super) fn cache_per_token(&self) -> Working {
        let (model, format) = (self.demand.model, self.demand.numerics.kv);
        let mut terms = Terms::default();
        terms.plus_layers(model.layers.all().into_iter().filter_map(|(layer, count)| {
            let bytes = kv_cache::layer_bytes(layer, 1, format, 1);
            let each = match layer_values(layer).filter(|_| keeps_nothing_else(layer)) {
                Some(values) => values_times(values, 1, format),
                None => Terms::new("bytes of a layer", exact(bytes)),
            };
            (bytes > Bytes::ZERO).then_some((count, each))
        }));
        let result = numbers::bytes(kv_cache::bytes_per_token(model, format)).to_string();
        terms.working("KV cache per token", result, Known::default())
    }

    /// A page of the cache, where all layers keep the same kind of it.
    pub(super) fn page(&self) -> Option<Working> {
        let Self { demand, .. } = self;
        let Paging { page, tables: 1, of_state: 0, block: Some(block), .. } = self.paging()? else { return None };
        let format = demand.numerics.kv;
        let mut terms = Terms::default();
        terms.plus_layers(demand.stage.layers(demand.stored).into_iter().filter_map(|(layer, count)| {
            let bytes = kv_cache::layer_bytes(layer, block, format, demand.tensor());
            let each = match layer_values(layer).filter(|_| keeps_nothing_else(layer)) {
                Some(values) => {
                    let Terms { words, numbers } = values_times(values, demand.tensor(), format);
                    Terms::new(format!("tokens of a page × {words}"), format!("{block} × {numbers}"))
                }
                None => Terms::new("bytes of a layer", exact(bytes)),
            };
            (bytes > Bytes::ZERO).then_some((count, each))
        }));
        Some(terms.working("Cache page", numbers::bytes(page).to_string(), self.origins.of(self.of_pages())))
    }

    /// Cache of what drafts tokens.
    pub(super) fn drafted(&self) -> Bytes {
        self.resolved.draft_cache(self.demand.stage, self.demand.workload)
    }

    pub(super) fn cache(&self) -> Working {
        let Self { resolved, demand, reservation, .. } = self;
        let result = numbers::bytes(reservation.memory.kv_cache).to_string();
        let batch = demand.workload.batch;
        let drafted = self.drafted();
        if let Some(Paging { page, of_sequence, of_state, .. }) = self.paging() {
            let mut terms = Terms::new(
                "sequences × pages of a sequence × bytes of a page",
                format!("{} × {} × {}", numbers::count(batch), numbers::count(of_sequence - of_state), exact(page)),
            );
            terms.plus_bytes("drafter's cache", drafted);
            return terms.working("KV cache", result, self.origins.of(self.of_pages()));
        }
        let mut terms = Terms::default();
        let layers = || demand.stage.layers(demand.stored).into_iter();
        terms.plus_layers(layers().filter_map(|(layer, count)| {
            let Cells { streams, tokens, format } = resolved.profile.cells(demand, layer);
            let values = layer_values(layer).filter(|_| tokens > 0)?;
            let Terms { words, numbers } = values_times(values, demand.tensor(), format);
            let cells = format!("{} × {}", numbers::count(streams), numbers::count(tokens));
            Some((count, Terms::new(format!("caches × tokens kept × {words}"), format!("{cells} × {numbers}"))))
        }));
        // What a layer keeps to choose among tokens does not forget with its window.
        let length = resolved.profile.padded_length(demand);
        let beside = layers().map(|(layer, count)| {
            let format = resolved.profile.cells(demand, layer).format;
            kv_cache::layer_selection_bytes(layer, length, format) * count
        });
        let beside = beside.sum();
        let mut beside_terms = Terms::default();
        beside_terms.plus_bytes("what layers keep to choose among tokens", beside);
        beside_terms.plus_bytes("what cross-attention reads", demand.source());
        let Terms { words, numbers } = beside_terms.times("sequences", batch);
        if !numbers.is_empty() {
            terms.plus(&words, &numbers);
        }
        terms.plus_bytes("drafter's cache", drafted);
        let names: &[&str] = match resolved.profile {
            Profile::LlamaCpp(_) if demand.knobs.flash_attention => &["cells"],
            Profile::LlamaCpp(_) => &["cells_unfused"],
            Profile::Mlx(_) => &["cache_step"],
            Profile::Vllm(_) | Profile::TensorRtLlm(_) => &["block"],
            Profile::Sglang(_) | Profile::Transformers(_) => &[],
        };
        terms.working("KV cache", result, self.origins.of(names))
    }

    /// The constants in the size of a page.
    fn of_pages(&self) -> &'static [&'static str] {
        if self.demand.model.has_latent_cache() {
            &["block", "page_groups", "latent_granule"]
        } else {
            &["block", "page_groups"]
        }
    }

    pub(super) fn state(&self) -> Option<Working> {
        let Self { resolved, demand, reservation, .. } = self;
        let state = reservation.memory.state;
        if state == Bytes::ZERO {
            return None;
        }
        let (result, batch) = (numbers::bytes(state).to_string(), demand.workload.batch);
        if let Some(Paging { page, of_state, .. }) = self.paging() {
            let terms = Terms::new(
                "sequences × pages of state × bytes of a page",
                format!("{} × {} × {}", numbers::count(batch), numbers::count(of_state), exact(page)),
            );
            return Some(terms.working("Recurrent state", result, self.origins.of(&["page_groups"])));
        }
        let rules = resolved.profile.state_rules();
        let mut terms = Terms::default();
        for (layer, count) in demand.stage.layers(demand.model) {
            if let Some(state) = layer.mixer.state() {
                let bytes = exact(rules.bytes(state, demand.tensor()));
                terms.plus("layers × state of a layer", &format!("{count} × {bytes}"));
            }
        }
        Some(terms.times("sequences", batch).working("Recurrent state", result, Known::default()))
    }
}

/// The attention of a layer that keeps a cache of its own.
fn layer_values(layer: &Layer) -> Option<Attention> {
    match layer.mixer {
        Mixer::Attention { attention, cache: CacheOwner::Own, .. } | Mixer::Parallel { attention, .. } => {
            Some(attention)
        }
        Mixer::Attention { cache: CacheOwner::Earlier | CacheOwner::Encoder(_) | CacheOwner::Nobody, .. }
        | Mixer::Recurrent(_)
        | Mixer::None => None,
    }
}

/// Whether a layer keeps nothing but keys and values.
fn keeps_nothing_else(layer: &Layer) -> bool {
    match layer.mixer {
        Mixer::Attention { selection: Selection::All | Selection::AsEarlier { .. }, .. }
        | Mixer::Parallel { .. }
        | Mixer::Recurrent(_)
        | Mixer::None => true,
        Mixer::Attention { selection: Selection::Indexed(_) | Selection::Compressed { .. }, .. } => false,
    }
}

/// What a token adds to a layer's cache on one of `tensor` ranks: numbers, and the bytes of each.
fn values_times(attention: Attention, tensor: u64, format: CacheFormat) -> Terms {
    let parts = kv_cache::parts_per_token_and_rank(attention, tensor);
    let bytes = format.bytes(parts);
    // Blocks have an exact size for each number where they come out even.
    let size = |bytes: Bytes, count: u64| {
        let size = bytes.as_f64() / count.max(1) as f64;
        (size * 32.0 == (size * 32.0).round()).then(|| numbers::decimal(size))
    };
    let [keys, values] = parts;
    let whole = match attention {
        Attention::Grouped { kv_heads, key_dim, value_dim, .. } => {
            let heads = kv_heads.div_ceil(tensor.max(1));
            let each = size(format.keys.bytes(keys), keys).zip(size(format.values.bytes(values), values));
            each.map(|(key, value)| {
                if format.keys == format.values {
                    let numbers = format!("{heads} × ({key_dim} + {value_dim}) × {key} B");
                    return Terms::new("KV heads × (key + value) × bytes", numbers);
                }
                let numbers = format!("{heads} × ({key_dim} × {key} B + {value_dim} × {value} B)");
                Terms::new("KV heads × (key × bytes + value × bytes)", numbers)
            })
        }
        Attention::Latent { kv_rank, rope_dim, .. } => size(bytes, keys)
            .map(|size| Terms::new("(latent + rotary) × bytes", format!("({kv_rank} + {rope_dim}) × {size} B"))),
        Attention::Shared { dim, .. } => {
            size(bytes, keys).map(|size| Terms::new("vector × bytes", format!("{} × {size} B", numbers::count(dim))))
        }
    };
    whole.unwrap_or_else(|| Terms::new("bytes of a token", exact(bytes)))
}
