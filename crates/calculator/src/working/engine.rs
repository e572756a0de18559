//! How the activations and what the engine keeps for itself come about.

use ridgepoint_core::{Bytes, DeviceRam, Peak, Profile};

use super::terms::{Known, Terms, exact};
use super::{Desk, OVERHEAD, Working};
use crate::names;
use crate::numbers;

impl Desk<'_> {
    pub(super) fn activations(&self) -> Working {
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
                let mut of_encoder: &[&str] = &[];
                if let Some(encoder) = peak.encoder {
                    let reads = format!(
                        "{} × {} × (2 B × (2 × {} + {}) + {})",
                        n(encoder.tokens),
                        encoder.patches,
                        n(encoder.hidden),
                        n(encoder.pixels),
                        exact(encoder.widest)
                    );
                    terms.plus_bytes("encoder’s output", encoder.outputs);
                    terms = Terms::new(
                        format!(
                            "max(encoder’s tokens × patches × (2 B × (2 × width + pixels) + attention or MLP) ; {})",
                            terms.words
                        ),
                        format!("max({reads} ; {})", terms.numbers),
                    );
                    of_encoder = &["encoder_attention", "encoder_rounds_up"];
                }
                // An engine has those of these that it needs.
                let of_scheduler: &[&str] = match demand.knobs.tokens_per_pass {
                    None => &["tiers", "tokens_per_pass", "tokens_per_pass_large", "whole_prompts", "large"],
                    Some(_) => &[],
                };
                let of_requests: &[&str] = match demand.knobs.max_sequences {
                    None => &["max_sequences", "max_sequences_large"],
                    Some(_) => &[],
                };
                let of_mixture: &[&str] = if layer.chunk > 0 { &["moe_chunk"] } else { &[] };
                let names =
                    [of_scheduler, of_requests, of_mixture, &["sampler_bytes", "logit_bytes"], of_encoder].concat();
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
    pub(super) fn overhead(&self) -> Vec<Working> {
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
                        "per layer × layers",
                        format!("{} × {}", exact(rules.layer_graphs), demand.stage.layers),
                    ),
                    vec!["layer_graphs"],
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
        let mut sum = Terms::default();
        for (name, bytes) in names::overhead(resolved.profile.engine(), overhead) {
            sum.plus_bytes(name, bytes);
        }
        let known = Known::least(&workings);
        workings.push(sum.working(OVERHEAD, numbers::bytes(overhead.total()).to_string(), known));
        workings
    }
}
