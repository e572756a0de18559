//! What the engine may take, what is left of it, and what that offers.

use ridgepoint_core::{Bytes, DeviceRam, Least, Offer, Paging, Profile};

use super::terms::{Known, Terms, exact, less};
use super::{Desk, HEADROOM, LIMIT, MINIMUM, RESERVED, TOTAL, Working};
use crate::names;
use crate::numbers;

impl Desk<'_> {
    pub(super) fn total(&self, parts: Known) -> Working {
        let memory = self.reservation.memory;
        let mut terms = Terms::default();
        for (part, bytes) in names::parts(memory) {
            terms.plus_bytes(part.label, bytes);
        }
        terms.working(TOTAL, numbers::bytes(memory.total()).to_string(), parts)
    }

    /// What nobody could do without, whatever the engine.
    pub(super) fn minimum(&self) -> Working {
        let Self { demand, reservation, .. } = self;
        let Least { weights, cache, state } = demand.least();
        let mut terms = Terms::default();
        for (part, bytes) in [("weights", weights), ("keys and values", cache), ("recurrent state", state)] {
            terms.plus_bytes(part, bytes);
        }
        terms.plus_bytes("drafter's cache", self.drafted());
        terms.working(MINIMUM, numbers::bytes(reservation.memory.minimum).to_string(), Known::default())
    }

    /// What the engine may take and what is left of that, given what is known of the parts of the total, with what is
    /// known of the room for cache; nothing where the size of the device is not known.
    pub(super) fn limit(&self, parts: &Known) -> (Vec<Working>, Known) {
        let Self { demand, reservation, .. } = self;
        let memory = reservation.memory;
        let (Some(limit), Some(usable)) = (reservation.limit, demand.site.usable) else {
            return (Vec::new(), Known::default());
        };
        let (terms, names) = self.share(usable);
        let own = self.origins.of(&names);
        let known = match self.resolved.profile {
            // These limits have activations and overhead in them.
            Profile::Sglang(_) | Profile::TensorRtLlm(_) => own.and(parts),
            Profile::Vllm(_) | Profile::LlamaCpp(_) | Profile::Transformers(_) | Profile::Mlx(_) => own,
        };
        let of_rest = known.and(parts);
        let reserved = reservation.reserved(self.resolved.profile.engine()).map(|reserved| {
            let (words, known) =
                if reserved == limit { ("engine limit, filled with cache", &known) } else { ("total", parts) };
            let terms = Terms::new(words, exact(reserved));
            terms.working(RESERVED, numbers::bytes(reserved).to_string(), known.clone())
        });
        let mut workings = vec![terms.working(LIMIT, numbers::bytes(limit).to_string(), known)];
        let spare = limit.minus(memory.total());
        let sign = if spare < 0 { "-" } else { "" };
        let headroom = Terms::new("engine limit − total", format!("{} − {}", exact(limit), exact(memory.total())));
        let result = format!("{sign}{}", numbers::bytes(Bytes::new(spare.unsigned_abs())));
        workings.push(headroom.working(HEADROOM, result, of_rest.clone()));
        workings.extend(reserved);
        let held = memory.weights + memory.activations + memory.overhead.total();
        let Some(pool) = reservation.pool() else { return (workings, of_rest) };
        let room = Terms::new("engine limit − weights − activations − overhead", less(limit, held));
        workings.push(room.working("Room for cache", numbers::bytes(pool).to_string(), of_rest.clone()));
        (workings, of_rest)
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
                names.extend((graphs > Bytes::ZERO).then_some("layer_graphs"));
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
    pub(super) fn offer(&self) -> Option<Offer> {
        self.resolved.offer(&self.demand)
    }

    /// Room for the model's own cache, in words and bytes.
    fn room(&self) -> (&'static str, Bytes) {
        let drafted = self.drafted();
        let words = if drafted > Bytes::ZERO { "room beside the drafter's cache" } else { "room" };
        (words, self.resolved.pool(&self.demand).unwrap_or(Bytes::ZERO))
    }

    pub(super) fn concurrency(&self, offer: Offer, room: &Known) -> Working {
        let terms = match self.paging() {
            Some(paging) => {
                let request = numbers::count(paging.of_request.max(1));
                let pages = self.pages(paging);
                Terms::new(format!("{} ÷ pages of a request", pages.words), format!("{} ÷ {request}", pages.numbers))
            }
            None => self.even_share("", ""),
        };
        terms.working("Concurrency", numbers::significant(offer.concurrency), self.origins.of(&["block"]).and(room))
    }

    pub(super) fn tokens(&self, offer: Offer, room: &Known) -> Working {
        let Self { resolved, demand, .. } = self;
        let result = numbers::count(offer.tokens);
        let known = self.origins.of(&["block", "tokens_by_group"]).and(room);
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
        let (room, pool) = self.room();
        Terms::new(format!("⌊{room} ÷ page⌋"), format!("⌊{} ÷ {}⌋", exact(pool), exact(paging.page)))
    }

    /// Sequences like those of the workload in the room for cache, times something.
    fn even_share(&self, words: &str, number: &str) -> Terms {
        let memory = self.resolved.profile.reserve(&self.demand).memory;
        let (room, pool) = self.room();
        let pool = exact(pool);
        let batch = numbers::count(self.demand.workload.batch.max(1));
        let all = exact(memory.kv_cache + memory.state);
        let words = format!("{room} × sequences{words} ÷ (cache + state)");
        Terms::new(words, format!("{pool} × {batch}{number} ÷ {all}"))
    }
}
