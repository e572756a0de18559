//! How each figure of memory comes about: its formula, the same with the scenario's own numbers, and where the constants
//! in it come from.
//!
//! Numbers in a sum are written without loss, so that the arithmetic as it stands gives the result as it stands.

mod cache;
mod engine;
mod limit;
mod terms;
mod weights;

use ridgepoint_catalog::Basis;
use ridgepoint_core::{Demand, Paging, Profile, Reservation};

use crate::deployment::{Resolved, Run};
use crate::scenario::Scenario;

use terms::{Known, Origins};

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
    /// How the least certain of its constants is known, and of those of the figures that it is made of; `None` where there
    /// are none.
    pub basis: Option<Basis>,
    /// Where its constants come from, or the least certain of those of the figures that it is made of.
    pub sources: Vec<&'static str>,
}

/// Names of figures that tables have too.
pub const OVERHEAD: &str = "Engine overhead";
/// Everything that a device holds.
pub const TOTAL: &str = "Total";
/// What it would hold without anything that the engine rounds up or adds.
pub const MINIMUM: &str = "Minimum";
/// What the engine takes.
pub const RESERVED: &str = "Reserved by the engine";
/// What it may take.
pub const LIMIT: &str = "Engine limit";
/// What it may still take.
pub const HEADROOM: &str = "Headroom";

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
        Some(Desk { resolved: &resolved, demand, reservation: resolved.reservation(&demand), origins })
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
    let parts = Known::least(&workings);
    workings.push(desk.total(parts.clone()));
    workings.push(desk.minimum());
    let (limit, room) = desk.limit(&parts);
    workings.extend(limit);
    if desks.iter().all(|desk| desk.reservation.limit.is_some()) {
        let offers = || desks.iter().filter_map(|desk| Some((desk, desk.offer()?)));
        let fewest = offers().min_by(|(_, one), (_, other)| one.concurrency.total_cmp(&other.concurrency));
        workings.extend(fewest.map(|(desk, offer)| desk.concurrency(offer, &room)));
        workings.extend(offers().min_by_key(|(_, offer)| offer.tokens).map(|(desk, offer)| desk.tokens(offer, &room)));
    }
    workings
}

/// The workings as Markdown, to go into an issue or a document.
///
/// ```
/// # use ridgepoint_calculator::{scenario::Scenario, working};
/// let text = working::markdown(&working::of(&Scenario::default()));
/// assert!(text.starts_with("**Weights: 15.0 GiB** (derived)\n\n= 16-bit values × 2 B  \n= 8,030,261,248 × 2 B\n"));
/// ```
pub fn markdown(workings: &[Working]) -> String {
    let mut text = String::new();
    for Working { figure, formula, substituted, result, basis: known, sources } in workings {
        let known = basis(*known);
        text += &format!("**{figure}: {result}** ({known})\n\n= {formula}  \n= {substituted}\n\n");
        for source in sources {
            text += &format!("- {source}\n");
        }
        if !sources.is_empty() {
            text.push('\n');
        }
    }
    text
}

/// What all workings of a scenario are made of.
struct Desk<'a> {
    resolved: &'a Resolved,
    demand: Demand<'a>,
    reservation: Reservation,
    origins: Origins<'a>,
}

impl Desk<'_> {
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
