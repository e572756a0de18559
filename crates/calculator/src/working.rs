//! How each figure of memory comes about: its formula, the same with the scenario's own numbers, and where the constants
//! in it come from.
//!
//! Numbers in a sum are written without loss, so that the arithmetic as it stands gives the result as it stands.

use ridgepoint_catalog::{Basis, engine_origin};
use ridgepoint_core::{
    Attention, Bytes, CacheFormat, CacheOwner, Cells, Demand, DeviceRam, Engine, GgmlType, Layer, Mixer, Number, Offer,
    Packing, Paging, Peak, Profile, Reservation, Selection, kv_cache, memory,
};

use crate::deployment::{Resolved, Run};
use crate::names;
use crate::numbers;
use crate::scenario::Scenario;

/// How one figure comes about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Working {
    /// The figure.
    pub figure: &'static str,
    /// The formula in words.
    pub formula: String,
    /// The same with numbers: `+ − × ÷`, parentheses, `⌊ ⌋` for rounding down, `max( ; )` and `min( ; )`.
    pub substituted: String,
    /// What that gives, as it is shown elsewhere.
    pub result: String,
    /// How the least certain of its constants is known; `None` where it has none.
    pub basis: Option<Basis>,
    /// Where its constants come from.
    pub sources: Vec<&'static str>,
}

/// What a basis is called.
pub const fn basis(basis: Option<Basis>) -> &'static str {
    match basis {
        None => "derived",
        Some(Basis::Documented) => "documented",
        Some(Basis::Measured) => "measured",
        Some(Basis::Fitted) => "fitted",
        Some(Basis::Assumed) => "assumed",
    }
}

/// The workings of each figure of memory: on the device that has least to spare, and what a replica offers on the one that
/// offers least.
pub fn of(scenario: &Scenario) -> Vec<Working> {
    let resolved = Resolved::of(scenario);
    let desk = |run: &Run| {
        let demand = resolved.demand(run, resolved.workload)?;
        let origins = Origins { engine: scenario.engine, version: scenario.engine_version.as_deref() };
        Some(Desk { resolved: &resolved, demand, reservation: resolved.profile.reserve(&demand), origins })
    };
    let desks: Vec<Desk> = resolved.distinct_runs().iter().filter_map(desk).collect();
    let headroom = |desk: &&Desk| {
        let Reservation { memory, limit } = desk.reservation;
        limit.map_or(i64::MAX, |limit| limit.minus(memory.total()))
    };
    let Some(desk) = desks.iter().min_by_key(headroom) else { return Vec::new() };
    let mut workings = vec![desk.weights(), desk.cache_per_token()];
    workings.extend(desk.page());
    workings.push(desk.cache());
    workings.extend(desk.state());
    workings.push(desk.activations());
    workings.extend(desk.overhead());
    workings.push(desk.total());
    workings.extend(desk.limit());
    if desks.iter().all(|desk| desk.reservation.limit.is_some()) {
        let offers = || desks.iter().filter_map(|desk| Some((desk, desk.offer()?)));
        let fewest = offers().min_by(|(_, one), (_, other)| one.concurrency.total_cmp(&other.concurrency));
        workings.extend(fewest.map(|(desk, offer)| desk.concurrency(offer)));
        workings.extend(offers().min_by_key(|(_, offer)| offer.tokens).map(|(desk, offer)| desk.tokens(offer)));
    }
    workings
}

/// An expression in words and in numbers, side by side.
#[derive(Clone, Default, PartialEq)]
struct Terms {
    words: String,
    numbers: String,
}

impl Terms {
    fn new(words: impl Into<String>, numbers: impl Into<String>) -> Self {
        Self { words: words.into(), numbers: numbers.into() }
    }

    /// Adds a term.
    fn plus(&mut self, words: &str, numbers: &str) {
        for (text, term) in [(&mut self.words, words), (&mut self.numbers, numbers)] {
            if !text.is_empty() {
                text.push_str(" + ");
            }
            text.push_str(term);
        }
    }

    /// Adds what layers keep, given how many there are of each kind; kinds that keep the same are counted together.
    fn plus_layers(&mut self, layers: impl Iterator<Item = (u64, Self)>) {
        let mut kinds: Vec<(u64, Self)> = Vec::new();
        for (count, each) in layers {
            match kinds.iter_mut().find(|(_, known)| *known == each) {
                Some((sum, _)) => *sum += count,
                None => kinds.push((count, each)),
            }
        }
        for (count, Self { words, numbers }) in kinds {
            self.plus(&format!("layers × {words}"), &format!("{count} × {numbers}"));
        }
    }

    /// Adds an amount, if there is any.
    fn plus_bytes(&mut self, words: &str, bytes: Bytes) {
        if bytes > Bytes::ZERO {
            self.plus(words, &exact(bytes));
        }
    }

    /// The sum times `count`.
    fn times(self, words: &str, count: u64) -> Self {
        if self.numbers.is_empty() {
            return self;
        }
        let around = |text: String| if text.contains(" + ") { format!("({text})") } else { text };
        Self::new(
            format!("{words} × {}", around(self.words)),
            format!("{} × {}", numbers::count(count), around(self.numbers)),
        )
    }

    fn working(self, figure: &'static str, result: String, known: Known) -> Working {
        let Self { words, numbers } = self;
        let nothing = |text: String, instead: &str| if text.is_empty() { instead.into() } else { text };
        Working {
            figure,
            formula: nothing(words, "nothing is kept"),
            substituted: nothing(numbers, "0 B"),
            result,
            basis: known.basis,
            sources: known.sources,
        }
    }
}

/// Bytes without loss: in the largest unit that divides them.
fn exact(bytes: Bytes) -> String {
    let bytes = bytes.get();
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let unit = units.into_iter().find(|(shift, _)| bytes > 0 && bytes.trailing_zeros() >= *shift);
    let (shift, unit) = unit.unwrap_or((0, "B"));
    format!("{} {unit}", numbers::count(bytes >> shift))
}

/// A difference that stops at zero.
fn less(from: Bytes, less: Bytes) -> String {
    if from >= less { format!("({} − {})", exact(from), exact(less)) } else { "0 B".into() }
}

/// What is known of the constants in a figure.
#[derive(Default)]
struct Known {
    basis: Option<Basis>,
    sources: Vec<&'static str>,
}

/// Where the constants of an engine's version come from.
struct Origins<'a> {
    engine: Engine,
    version: Option<&'a str>,
}

impl Origins<'_> {
    /// What is known of these constants.
    fn of(&self, names: &[&str]) -> Known {
        let mut known = Known::default();
        for (basis, source) in names.iter().filter_map(|name| engine_origin(self.engine, self.version, name)) {
            known.basis = known.basis.max(Some(basis));
            if !known.sources.contains(&source) {
                known.sources.push(source);
            }
        }
        known
    }
}

/// What all workings of a scenario are made of.
struct Desk<'a> {
    resolved: &'a Resolved,
    demand: Demand<'a>,
    reservation: Reservation,
    origins: Origins<'a>,
}

impl Desk<'_> {
    fn weights(&self) -> Working {
        let Self { resolved, demand, reservation, .. } = self;
        let mut plain = [(4, Bytes::ZERO), (2, Bytes::ZERO), (1, Bytes::ZERO)];
        let mut packed = Bytes::ZERO;
        let visit = &mut |packing: Packing, bytes: Bytes| {
            let width = whole_bytes(packing);
            match plain.iter_mut().find(|(known, _)| Some(*known) == width && bytes.get().is_multiple_of(*known)) {
                Some((_, sum)) => *sum += bytes,
                None => packed += bytes,
            }
        };
        let Demand { model, stage, parallelism, knobs, .. } = *demand;
        memory::each_stage_tensor(model, stage, resolved.numerics.weights, parallelism, knobs.host, visit);
        let mut terms = Terms::default();
        for (width, bytes) in plain.into_iter().filter(|&(_, bytes)| bytes > Bytes::ZERO) {
            let values = numbers::count(bytes.get() / width);
            terms.plus(&format!("{}-bit values × {width} B", width * 8), &format!("{values} × {width} B"));
        }
        terms.plus_bytes("quantised matrices with their scales", packed);
        let padding = reservation.memory.weights.saturating_sub(demand.weights);
        terms.plus_bytes("padding and copies of the engine", padding);
        let padded: &[&str] = match resolved.profile {
            Profile::Vllm(rules) if rules.absorbs_latent && model.has_latent_cache() => &["absorbs_latent"],
            Profile::Vllm(_) if model.has_latent_cache() => &["unpacks_latent"],
            Profile::Vllm(_) if model.experts() > 0 && padding > Bytes::ZERO => &["mxfp4_stream", "mxfp4_width"],
            Profile::Vllm(_)
            | Profile::Sglang(_)
            | Profile::TensorRtLlm(_)
            | Profile::LlamaCpp(_)
            | Profile::Transformers(_)
            | Profile::Mlx(_) => &[],
        };
        terms.working("Weights", numbers::bytes(reservation.memory.weights).to_string(), self.origins.of(padded))
    }

    /// The cache that one token adds over all layers, before sharding.
    fn cache_per_token(&self) -> Working {
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
    fn page(&self) -> Option<Working> {
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
        Some(terms.working("Cache page", numbers::bytes(page).to_string(), self.origins.of(&["block"])))
    }

    fn cache(&self) -> Working {
        let Self { resolved, demand, reservation, .. } = self;
        let result = numbers::bytes(reservation.memory.kv_cache).to_string();
        let batch = demand.workload.batch;
        if let Some(Paging { page, of_sequence, of_state, .. }) = self.paging() {
            let terms = Terms::new(
                "sequences × pages of a sequence × bytes of a page",
                format!("{} × {} × {}", numbers::count(batch), numbers::count(of_sequence - of_state), exact(page)),
            );
            return terms.working("KV cache", result, self.origins.of(&["block"]));
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
        let names: &[&str] = match resolved.profile {
            Profile::LlamaCpp(_) if demand.knobs.flash_attention => &["cells"],
            Profile::LlamaCpp(_) => &["cells_unfused"],
            Profile::Mlx(_) => &["cache_step"],
            Profile::Vllm(_) | Profile::TensorRtLlm(_) => &["block"],
            Profile::Sglang(_) | Profile::Transformers(_) => &[],
        };
        terms.working("KV cache", result, self.origins.of(names))
    }

    fn state(&self) -> Option<Working> {
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

    fn activations(&self) -> Working {
        let Self { resolved, demand, reservation, .. } = self;
        let result = numbers::bytes(reservation.memory.activations).to_string();
        match resolved.profile.peak(demand) {
            Peak::Torch(peak) => {
                let layer = peak.layer(demand.model, demand.tensor());
                let n = numbers::count;
                let mut terms = Terms::new(
                    "tokens × (vectors × hidden + 3 × MLP width) × 2 B",
                    format!(
                        "{} × ({} × {} + 3 × {}) × 2 B",
                        n(layer.tokens),
                        layer.vectors,
                        n(layer.hidden),
                        n(layer.dense)
                    ),
                );
                if layer.chunk > 0 {
                    terms.plus(
                        "tokens at a time × experts × (hidden + 3 × expert width) × 2 B",
                        &format!(
                            "{} × {} × ({} + 3 × {}) × 2 B",
                            n(layer.chunk),
                            layer.visited,
                            n(layer.hidden),
                            n(layer.expert)
                        ),
                    );
                }
                if layer.tokens == 0 {
                    terms = Terms::default();
                }
                if peak.sampler(demand.model) > Bytes::ZERO {
                    let words = "rows × vocabulary × bytes";
                    let (rows, vocabulary) = (n(peak.rows), n(demand.model.vocab_size));
                    let numbers = format!("{rows} × {vocabulary} × {} B", peak.row_bytes);
                    terms = if terms.words.is_empty() {
                        Terms::new(words, numbers)
                    } else {
                        Terms::new(
                            format!("max({} ; {words})", terms.words),
                            format!("max({} ; {numbers})", terms.numbers),
                        )
                    };
                }
                // An engine has those of these that it needs.
                let of_scheduler: &[&str] = match demand.knobs.tokens_per_pass {
                    None => &["tiers", "tokens_per_pass", "tokens_per_pass_large"],
                    Some(_) => &[],
                };
                let of_mixture: &[&str] = if layer.chunk > 0 { &["moe_chunk"] } else { &[] };
                let names = [of_scheduler, of_mixture, &["sampler_bytes", "logit_bytes"]].concat();
                terms.working("Activations", result, self.origins.of(&names))
            }
            Peak::Graph(buffer) => {
                let mut point = Terms::new("widest layer", exact(buffer.widest));
                if buffer.masks > Bytes::ZERO {
                    point.plus("masks × copies", &format!("{} × {}", exact(buffer.masks), buffer.copies));
                }
                point.plus_bytes("streams of overlapping passes", buffer.overlap);
                let words = format!("max({} ; logits and what lies beside them)", point.words);
                let numbers = format!("max({} ; {})", point.numbers, exact(buffer.logits));
                let names = ["tokens_per_pass", "pipeline_copies", "logits_of_all", "unpacks_cache"];
                Terms::new(words, numbers).working("Activations", result, self.origins.of(&names))
            }
        }
    }

    /// What the engine keeps for itself, under its own names.
    fn overhead(&self) -> Vec<Working> {
        let Self { resolved, demand, reservation, .. } = self;
        let overhead = reservation.memory.overhead;
        let peers = demand.peers();
        let of_peers = |first: Bytes, slow: Bytes, fast: Bytes| {
            let (each, name) = if demand.site.has_fast_link { (fast, "fast_peer") } else { (slow, "peer") };
            let mut terms = Terms::default();
            terms.plus_bytes("base", first);
            if peers > 0 {
                terms.plus("per peer × peers", &format!("{} × {}", exact(each), numbers::count(peers)));
            }
            (terms, if peers > 0 { name } else { "" })
        };
        let constant = || (Terms::new("constant", exact(overhead.context)), vec!["context"]);
        let mut workings = Vec::new();
        for (figure, bytes) in names::overhead(resolved.profile.engine(), overhead) {
            let (terms, names): (Terms, Vec<&str>) = match (resolved.profile, figure) {
                (Profile::Vllm(rules), "non_torch") => {
                    let (terms, peer) = of_peers(rules.non_torch, rules.peer, rules.fast_peer);
                    (terms, vec!["non_torch", peer])
                }
                (Profile::Sglang(rules), "non_torch") => {
                    let (terms, peer) = of_peers(Bytes::ZERO, rules.peer, rules.fast_peer);
                    (terms, vec![peer])
                }
                (Profile::TensorRtLlm(rules), "communication") => {
                    let (terms, peer) = of_peers(Bytes::ZERO, rules.peer, rules.peer);
                    (terms, vec![if peer.is_empty() { "" } else { "peer" }])
                }
                (Profile::TensorRtLlm(_), "runtime_buffers") => {
                    (Terms::new("constant", exact(overhead.outputs)), vec!["runtime"])
                }
                (Profile::Vllm(_) | Profile::Sglang(_), "cuda_graphs") if overhead.graphs == Bytes::ZERO => {
                    (Terms::default(), Vec::new())
                }
                (Profile::Vllm(rules), "cuda_graphs") => (
                    Terms::new(
                        "base + per layer and width × layers × hidden",
                        format!(
                            "{} + {} × {} × {}",
                            exact(rules.graphs),
                            exact(rules.graph_width),
                            demand.stage.layers,
                            numbers::count(demand.model.hidden_size)
                        ),
                    ),
                    vec!["graphs", "graph_width"],
                ),
                (Profile::Sglang(rules), "cuda_graphs") => (
                    Terms::new(
                        "per sequence × captured batch",
                        format!("{} × {}", exact(rules.reserve_graph), numbers::count(rules.captured(demand))),
                    ),
                    vec!["reserve_graph", "tiers"],
                ),
                (Profile::LlamaCpp(_), "output_buffer") if overhead.outputs > Bytes::ZERO => (
                    Terms::new(
                        "sequences × vocabulary × 4 B",
                        format!(
                            "{} × {} × 4 B",
                            numbers::count(demand.workload.batch),
                            numbers::count(demand.model.vocab_size)
                        ),
                    ),
                    Vec::new(),
                ),
                (Profile::LlamaCpp(_), "output_buffer") => (Terms::default(), Vec::new()),
                (Profile::LlamaCpp(rules), _) => match demand.site.memory {
                    DeviceRam::Host => (Terms::default(), Vec::new()),
                    DeviceRam::Own { .. } if demand.tensor() > 1 => (
                        Terms::new(
                            "constant + for cut matrices",
                            format!("{} + {}", exact(rules.context), exact(rules.context_cut)),
                        ),
                        vec!["context", "context_cut"],
                    ),
                    DeviceRam::Own { .. } => constant(),
                },
                (
                    Profile::Vllm(_)
                    | Profile::Sglang(_)
                    | Profile::TensorRtLlm(_)
                    | Profile::Transformers(_)
                    | Profile::Mlx(_),
                    _,
                ) => constant(),
            };
            workings.push(terms.working(figure, numbers::bytes(bytes).to_string(), self.origins.of(&names)));
        }
        workings
    }

    fn total(&self) -> Working {
        let memory = self.reservation.memory;
        let mut terms = Terms::default();
        for (part, bytes) in names::parts(memory) {
            terms.plus_bytes(part.label, bytes);
        }
        terms.working("Total", numbers::bytes(memory.total()).to_string(), Known::default())
    }

    /// What the engine may take and what is left of that; nothing where the size of the device is not known.
    fn limit(&self) -> Vec<Working> {
        let Self { demand, reservation, .. } = self;
        let memory = reservation.memory;
        let (Some(limit), Some(usable)) = (reservation.limit, demand.site.usable) else { return Vec::new() };
        let (terms, names) = self.share(usable);
        let mut workings =
            vec![terms.working("Engine limit", numbers::bytes(limit).to_string(), self.origins.of(&names))];
        let spare = limit.minus(memory.total());
        let sign = if spare < 0 { "-" } else { "" };
        let headroom = Terms::new("engine limit − total", format!("{} − {}", exact(limit), exact(memory.total())));
        let result = format!("{sign}{}", numbers::bytes(Bytes::new(spare.unsigned_abs())));
        workings.push(headroom.working("Headroom", result, Known::default()));
        let held = memory.weights + memory.activations + memory.overhead.total();
        let Some(pool) = reservation.pool() else { return workings };
        let room = Terms::new("engine limit − weights − activations − overhead", less(limit, held));
        workings.push(room.working("Room for cache", numbers::bytes(pool).to_string(), Known::default()));
        workings
    }

    /// What the engine may take of a device, and the constants in that.
    fn share(&self, usable: Bytes) -> (Terms, Vec<&'static str>) {
        let Self { resolved, demand, reservation, .. } = self;
        let memory = reservation.memory;
        let overhead = memory.overhead.total();
        let reserve = |reserve: Bytes| match demand.site.memory {
            DeviceRam::Own { with_reserve: true } => (reserve, vec!["driver_reserve"]),
            DeviceRam::Own { with_reserve: false } | DeviceRam::Host => (Bytes::ZERO, Vec::new()),
        };
        let asked = demand.knobs.memory_fraction;
        let decimal = |default: f64| numbers::decimal(asked.unwrap_or(default));
        let free_of = |kept: Bytes| {
            if kept > Bytes::ZERO { less(usable, kept) } else { exact(usable) }
        };
        match resolved.profile {
            Profile::Vllm(rules) => {
                let (kept, mut names) = reserve(rules.driver_reserve);
                let free = free_of(kept);
                let graphs = if rules.graphs_in_share { Bytes::ZERO } else { memory.overhead.graphs };
                let mut share = Terms::new("share × free", format!("{} × {free}", decimal(rules.memory_fraction)));
                share.plus_bytes("context", rules.context);
                share.plus_bytes("graphs", graphs);
                names.extend(["context", "graphs_in_share"]);
                names.extend(asked.is_none().then_some("memory_fraction"));
                (Terms::new(format!("min(free ; {})", share.words), format!("min({free} ; {})", share.numbers)), names)
            }
            Profile::Sglang(rules) => {
                let (kept, mut names) = reserve(rules.driver_reserve);
                let free = free_of(kept);
                let taken = rules.context + memory.overhead.communication;
                let start = less(usable.saturating_sub(kept), taken);
                let (words, fraction) = match asked {
                    Some(fraction) => ("share", numbers::decimal(fraction)),
                    None => {
                        names.extend(["reserve_metadata", "reserve_token", "reserve_graph", "reserve_rank"]);
                        let spared = less(usable, rules.default_reserve(demand));
                        ("(usable − reserve) ÷ usable", format!("{spared} ÷ {}", exact(usable)))
                    }
                };
                let mut share = Terms::new(format!("{words} × free at start"), format!("{fraction} × {start}"));
                share.plus_bytes("activations", memory.activations);
                share.plus_bytes("overhead", overhead);
                (Terms::new(format!("min(free ; {})", share.words), format!("min({free} ; {})", share.numbers)), names)
            }
            Profile::TensorRtLlm(rules) => {
                let (kept, mut names) = reserve(rules.driver_reserve);
                let engine = memory.weights + memory.activations + overhead;
                let rest = less(usable.saturating_sub(kept), engine);
                names.extend(asked.is_none().then_some("memory_fraction"));
                let numbers =
                    format!("min({} ; {} + {} × {rest})", free_of(kept), exact(engine), decimal(rules.memory_fraction));
                (Terms::new("min(free ; engine + share × (free − engine))", numbers), names)
            }
            Profile::LlamaCpp(rules) => self.whole(usable, reserve(rules.driver_reserve)),
            Profile::Transformers(rules) => self.whole(usable, reserve(rules.driver_reserve)),
            Profile::Mlx(_) => self.whole(usable, (Bytes::ZERO, Vec::new())),
        }
    }

    /// What an engine may take that is content with what is free, or with the share of it that was asked for.
    fn whole(&self, usable: Bytes, (kept, names): (Bytes, Vec<&'static str>)) -> (Terms, Vec<&'static str>) {
        let mut terms = match kept {
            Bytes::ZERO => Terms::new("usable", exact(usable)),
            kept => Terms::new("(usable − driver)", less(usable, kept)),
        };
        if let Some(fraction) = self.demand.knobs.memory_fraction {
            terms = Terms::new(
                format!("share × {}", terms.words),
                format!("{} × {}", numbers::decimal(fraction), terms.numbers),
            );
        }
        (terms, names)
    }

    /// What this device lets a replica offer.
    fn offer(&self) -> Option<Offer> {
        self.resolved.profile.offer(&self.demand, self.reservation.pool()?)
    }

    fn concurrency(&self, offer: Offer) -> Working {
        let terms = match self.paging() {
            Some(paging) => {
                let request = numbers::count(paging.of_request.max(1));
                let pages = self.pages(paging);
                Terms::new(format!("{} ÷ pages of a request", pages.words), format!("{} ÷ {request}", pages.numbers))
            }
            None => self.even_share("", ""),
        };
        terms.working("Concurrency", numbers::significant(offer.concurrency), self.origins.of(&["block"]))
    }

    fn tokens(&self, offer: Offer) -> Working {
        let Self { resolved, demand, .. } = self;
        let result = numbers::count(offer.tokens);
        let known = self.origins.of(&["block", "tokens_by_group"]);
        if let (Profile::Vllm(rules), Some(paging)) = (resolved.profile, self.paging()) {
            let pages = self.pages(paging);
            if let Some(block) = paging.block.filter(|_| rules.tokens_by_group || paging.tables == 1) {
                let words = format!("⌊{} ÷ tables⌋ × tokens of a page", pages.words);
                let numbers = format!("⌊{} ÷ {}⌋ × {}", pages.numbers, paging.tables, numbers::count(block));
                return Terms::new(words, numbers).working("KV tokens", result, known);
            }
            let request = numbers::count(paging.of_request.max(1));
            let words = format!("⌊{} × tokens of a sequence ÷ pages of a request⌋", pages.words);
            let numbers = format!("⌊{} × {} ÷ {request}⌋", pages.numbers, numbers::count(demand.length()));
            return Terms::new(words, numbers).working("KV tokens", result, known);
        }
        let length = format!(" × {}", numbers::count(demand.workload.context_tokens()));
        let Terms { words, numbers } = self.even_share(" × tokens of a sequence", &length);
        Terms::new(format!("⌊{words}⌋"), format!("⌊{numbers}⌋")).working("KV tokens", result, known)
    }

    /// Pages in the room for cache.
    fn pages(&self, paging: Paging) -> Terms {
        let pool = self.reservation.pool().unwrap_or(Bytes::ZERO);
        Terms::new("⌊room ÷ page⌋", format!("⌊{} ÷ {}⌋", exact(pool), exact(paging.page)))
    }

    /// Sequences like those of the workload in the room for cache, times something.
    fn even_share(&self, words: &str, number: &str) -> Terms {
        let memory = self.reservation.memory;
        let pool = exact(self.reservation.pool().unwrap_or(Bytes::ZERO));
        let batch = numbers::count(self.demand.workload.batch.max(1));
        let all = exact(memory.kv_cache + memory.state);
        let words = format!("room × sequences{words} ÷ (cache + state)");
        Terms::new(words, format!("{pool} × {batch}{number} ÷ {all}"))
    }

    fn paging(&self) -> Option<Paging> {
        match self.resolved.profile {
            Profile::Vllm(rules) => rules.paging(&self.demand),
            Profile::Sglang(_)
            | Profile::TensorRtLlm(_)
            | Profile::LlamaCpp(_)
            | Profile::Transformers(_)
            | Profile::Mlx(_) => None,
        }
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

/// Bytes of each value, where there is nothing beside the values.
fn whole_bytes(packing: Packing) -> Option<u64> {
    match packing {
        Packing::Plain { number: Number::Fp32 } | Packing::Ggml(GgmlType::F32) => Some(4),
        Packing::Plain { number: Number::Fp16 | Number::Bf16 } | Packing::Ggml(GgmlType::F16 | GgmlType::Bf16) => {
            Some(2)
        }
        Packing::Plain { number: Number::Fp8 } => Some(1),
        Packing::Plain { .. }
        | Packing::Absent
        | Packing::PerTensor { .. }
        | Packing::PerRow { .. }
        | Packing::PerGroup { .. }
        | Packing::PerTile { .. }
        | Packing::Nvfp4 { .. }
        | Packing::Gptq { .. }
        | Packing::BitsAndBytes4 { .. }
        | Packing::Codebooks { .. }
        | Packing::Ggml(_)
        | Packing::GgmlLatent { .. }
        | Packing::GgmlRows { .. } => None,
    }
}
