//! Where the time of a pass goes, as predicted: bars by operation, and one sentence on what limits it.

use ridgepoint_core::{Bound, OperationKind, Pace, PassTime, Seconds};

use crate::breakdown::{Bar, Marker, Segment};
use crate::capacity::{Capacity, least};
use crate::deployment::Resolved;
use crate::ink::Ink;
use crate::link::MAX_BATCH;
use crate::names;
use crate::numbers;
use crate::order;
use crate::report::Report;
use crate::scenario::Scenario;

impl Report {
    /// A bar for each pass that the model makes, with a part for each operation and one for what the engine does
    /// around them. Each is as long as its pass; a marker says where the speed of light would end.
    pub fn time_bars(&self) -> Vec<Bar> {
        let Some(ideal) = self.speed.as_ref() else { return Vec::new() };
        let prompts = match self.workload.batch {
            1 => "Prefill of one prompt".into(),
            prompts => format!("Prefill of {} prompts", numbers::count(prompts)),
        };
        let bar_of = |ink, label, ideal| self.predicted_parts(ink).map(|pass| bar(label, pass, ideal));
        let step = self.writes().then(|| bar_of(Ink::Decode, "One decode step".into(), ideal.decode.time)).flatten();
        step.into_iter().chain(bar_of(Ink::Prefill, prompts, ideal.prefill_batch)).collect()
    }
}

fn bar(label: String, pass: &PassTime, ideal: Seconds) -> Bar {
    let segment = |ink, label: &str, time: Seconds| Segment {
        ink,
        label: label.into(),
        value: numbers::seconds(time).to_string(),
        share: time / pass.time,
    };
    let operation = |kind, time| segment(ink(kind), names::operation(kind).label, time);
    let operations = pass.operations.iter().map(|timed| operation(timed.operation.kind, timed.time));
    let around = segment(Ink::Overhead, "Engine, around them", pass.around());
    let best = Marker { label: format!("at best {}", numbers::seconds(ideal)), position: ideal / pass.time };
    Bar {
        label,
        summary: numbers::seconds(pass.time).to_string(),
        segments: operations.chain([around]).filter(|segment| segment.share > 0.0).collect(),
        notes: Vec::new(),
        limit: None,
        capacity: Some(best),
    }
}

/// The colour of what an operation mostly moves.
const fn ink(kind: OperationKind) -> Ink {
    match kind {
        OperationKind::AttentionProjections
        | OperationKind::DenseMlp
        | OperationKind::Router
        | OperationKind::RoutedExperts
        | OperationKind::SharedExperts
        | OperationKind::Head => Ink::Weights,
        OperationKind::FullAttention | OperationKind::WindowedAttention => Ink::KvCache,
        OperationKind::Mixer => Ink::State,
        OperationKind::Embedding | OperationKind::Norms => Ink::Activations,
        OperationKind::AllReduce | OperationKind::AllToAll | OperationKind::StageTransfer => Ink::Link,
    }
}

/// What limits the scenario, where that changes, and what would help, in two sentences. Empty where no speed can be
/// told.
pub fn limits(scenario: &Scenario, report: &Report) -> String {
    let (name, ink) = if report.writes() { ("A decode step", Ink::Decode) } else { ("A pass", Ink::Prefill) };
    let Some(pass) = report.predicted_parts(ink) else { return String::new() };
    let spent = |bound| -> Seconds {
        pass.operations.iter().filter(|timed| timed.bound == bound).map(|timed| timed.time).sum()
    };
    let mut shares = [
        ("memory", spent(Bound::Memory), help_of_memory(pass)),
        ("arithmetic", spent(Bound::Compute), "more FLOP/s or a narrower arithmetic"),
        ("the interconnect", spent(Bound::Interconnect), "a faster link or fewer devices to a layer"),
        ("the engine around it", pass.around(), "more sequences at once"),
    ];
    order::sort_by_key(&mut shares, |(_, time, _)| -time.get());
    let share = |&(what, time, _): &(&str, Seconds, &str)| format!("{} for {what}", numbers::percent(time / pass.time));
    let parts: Vec<String> = shares.iter().filter(|(_, time, _)| time.get() > 0.0).map(share).collect();
    let help = shares[0].2;
    let turning = if report.writes() { turning_point(scenario, report) } else { String::new() };
    format!("{name} takes {}: {}. {turning}Most would be won by {help}.", numbers::seconds(pass.time), parts.join(", "))
}

/// What would shorten a pass that waits for memory: it depends on what it reads.
fn help_of_memory(pass: &PassTime) -> &'static str {
    let of = |ink_of: Ink| -> Seconds {
        pass.operations.iter().filter(|timed| ink(timed.operation.kind) == ink_of).map(|timed| timed.time).sum()
    };
    if of(Ink::KvCache) > of(Ink::Weights) {
        "more memory bandwidth or a narrower KV cache"
    } else {
        "more memory bandwidth or narrower weights"
    }
}

/// From how many sequences on the products with weights wait for arithmetic, at the speed of light. Attention reads the
/// cache of each sequence for itself, so more of them change nothing for it.
fn turning_point(scenario: &Scenario, report: &Report) -> String {
    let resolved = Resolved::of(scenario).as_run();
    let Some(stages) = resolved.stages() else { return String::new() };
    let deployment = resolved.deployment(&stages, &Capacity::default());
    let replicas = resolved.parallelism.data.max(1);
    let computes = |batch: u64| {
        let step = deployment.decode_step(batch.div_ceil(replicas), resolved.workload, Pace::Ideal);
        step.is_some_and(|step| products_wait_for_arithmetic(&step))
    };
    let fitting = report.capacity.max_batch.filter(|&most| most > 0);
    match (least(1, MAX_BATCH, computes), fitting) {
        (None, _) => "Its products with weights never turn compute-bound. ".into(),
        (Some(turn), _) if turn <= report.workload.batch => {
            format!("Its products with weights are compute-bound from {} sequences on. ", numbers::count(turn))
        }
        (Some(turn), Some(most)) if turn > most => format!(
            "Its products with weights would turn compute-bound at {} sequences, but only {} fit. ",
            numbers::count(turn),
            numbers::count(most)
        ),
        (Some(turn), _) => {
            format!("Its products with weights turn compute-bound at {} sequences. ", numbers::count(turn))
        }
    }
}

/// Whether most of the time of a pass that goes to products with weights waits for arithmetic.
fn products_wait_for_arithmetic(pass: &PassTime) -> bool {
    let products = || pass.operations.iter().filter(|timed| ink(timed.operation.kind) == Ink::Weights);
    let whole: Seconds = products().map(|timed| timed.time).sum();
    let computing: Seconds = products().filter(|timed| timed.bound == Bound::Compute).map(|timed| timed.time).sum();
    computing > whole * 0.5
}
