//! How many sequences at once: the load at which a layout still meets its targets, and what more users cost each of them.

use ridgepoint_core::{Parallelism, Workload};

use super::{Plan, Proposal, Search, Times, times};
use crate::capacity;
use crate::deployment::Resolved;
use crate::link::{self, MAX_BATCH};
use crate::numbers;
use crate::scenario::{Presentation, Scenario, Targets};
use crate::table::{Column, Row, Table};

/// A layout under a load of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// The degrees.
    pub parallelism: Parallelism,
    /// The counts in words.
    pub words: String,
    /// Sequences at once, in all replicas.
    pub batch: u64,
    /// What is predicted then.
    pub times: Times,
    /// The scenario in this layout under this load, as a query.
    pub query: String,
}

/// For each layout of the scenario's devices the most sequences at once that fit and meet its targets, the one with the
/// most output first; nothing for a scenario without targets. Layouts in which a single sequence is too slow do not appear.
pub fn within(scenario: &Scenario) -> Vec<Service> {
    if scenario.targets == Targets::default() {
        return Vec::new();
    }
    let mut services = each_layout(scenario, &mut |lone, held, run| {
        let batch = most_within(held, run, scenario.targets)?;
        service(scenario, lone, run, batch)
    });
    services.sort_by(|a, b| b.times.output.get().total_cmp(&a.times.output.get()));
    services
}

/// The Pareto front of tokens per second for each user against those of each device: over the layouts of the scenario's
/// devices, with 1, 2, 4 ... sequences at once in each replica for as long as they fit. Fastest for each user first.
pub fn front(scenario: &Scenario) -> Vec<Service> {
    let mut services = Vec::new();
    each_layout(scenario, &mut |lone, held, run| {
        let mut batch = lone.parallelism.data.max(1);
        while batch <= MAX_BATCH && fits(held, batch) {
            services.extend(service(scenario, lone, run, batch));
            batch *= 2;
        }
        None
    });
    services.sort_by(|a, b| b.times.per_user.get().total_cmp(&a.times.per_user.get()));
    let mut best = 0.0;
    services.retain(|service| {
        let rate = service.times.per_device.get();
        let is_better = rate > best;
        best = rate.max(best);
        is_better
    });
    services
}

/// Most sequences at once that fit in a layout and meet the targets. `None` if one is too many, or no time is known.
/// `held` is the layout as memory has it, and `run` as times take it: see [`Resolved::as_run`].
///
/// Both times grow with the number of sequences, so the last that meets the targets is found by doubling and halving.
fn most_within(held: &Resolved, run: &Resolved, targets: Targets) -> Option<u64> {
    let passes = |batch| {
        let workload = Workload { batch, ..run.workload };
        fits(held, batch) && times(run, workload).is_some_and(|times| targets.are_met(&times))
    };
    let batch = capacity::largest(1, MAX_BATCH, passes);
    (batch > 0).then_some(batch)
}

fn each_layout(
    scenario: &Scenario,
    visit: &mut dyn FnMut(&Proposal, &Resolved, &Resolved) -> Option<Service>,
) -> Vec<Service> {
    let lone = Scenario { workload: Workload { batch: 1, ..scenario.workload }, ..scenario.clone() };
    let search = Search::new(&lone);
    let plan = Plan::of(&lone);
    let visited = plan.proposals.iter().filter_map(|proposal| {
        let held = search.resolved.laid_out(proposal.parallelism);
        let run = search.run.as_ref().map(|run| run.laid_out(proposal.parallelism));
        visit(proposal, &held, run.as_ref().unwrap_or(&held))
    });
    visited.collect()
}

fn fits(resolved: &Resolved, batch: u64) -> bool {
    let workload = Workload { batch, ..resolved.workload };
    capacity::headroom(resolved, workload).is_some_and(|headroom| headroom >= 0)
}

fn service(scenario: &Scenario, proposal: &Proposal, resolved: &Resolved, batch: u64) -> Option<Service> {
    let loaded = Scenario { workload: Workload { batch, ..scenario.workload }, ..scenario.clone() };
    Some(Service {
        parallelism: proposal.parallelism,
        words: proposal.words.clone(),
        batch,
        times: times(resolved, Workload { batch, ..resolved.workload })?,
        query: link::encode(&proposal.scenario(&loaded), &Presentation::default()),
    })
}

/// Services as a table.
pub fn table(services: &[Service], caption: &str) -> Table {
    let row = |service: &Service| {
        let Times { ttft, tpot, per_user, output, per_device, .. } = service.times;
        let mut cells = vec![service.words.clone(), numbers::count(service.batch)];
        cells.extend([ttft, tpot].map(|time| numbers::seconds(time).to_string()));
        cells.extend([per_user, output, per_device].map(|rate| numbers::significant(rate.get())));
        Row { query: Some(service.query.clone()), cells, ..Row::default() }
    };
    let mut columns = vec![Column::text("Layout")];
    let figures = ["Sequences", "TTFT, loaded", "TPOT", "Tokens/s each user", "Tokens/s", "Tokens/s per device"];
    columns.extend(figures.map(Column::figures));
    Table { caption: caption.into(), columns, rows: services.iter().map(row).collect() }
}
