//! The highest output rate: requests always waiting, as many of them in flight as the cache holds.

use ridgepoint_core::{Pace, TokensPerSecond, Workload};

use crate::capacity::Capacity;
use crate::deployment::Resolved;
use crate::scenario::Scenario;

/// A layout with as many sequences in flight as it holds.
#[derive(Clone, Debug)]
pub struct Saturated {
    /// The layout, with the cache as the engine keeps it.
    pub layout: Resolved,
    /// What it offers.
    pub capacity: Capacity,
    /// The scenario's load with so many sequences.
    pub workload: Workload,
}

impl Saturated {
    /// A layout that can hold `capacity`. `None` if that is not one sequence with everything that it needs, or not
    /// known.
    pub fn of(layout: &Resolved, capacity: Capacity) -> Option<Self> {
        let replicas = layout.parallelism.data.max(1);
        let held = capacity.max_concurrency.map_or(u64::MAX, |held| (held as u64).saturating_mul(replicas));
        let batch = held.min(capacity.max_batch?);
        let workload = Workload { batch, ..layout.workload };
        (batch > 0).then(|| Self { layout: layout.clone(), capacity, workload })
    }

    /// The layout in which the engine gives the most output from the devices of `layout`, if it is another one and
    /// holds a sequence.
    pub fn elsewhere(scenario: &Scenario, layout: &Resolved) -> Option<Self> {
        let other = layout.for_throughput(scenario)?;
        Self::of(&other, Capacity::of(&other, other.workload))
    }

    /// Output tokens of all sequences, `None` where a device lacks a figure that it needs.
    pub fn output(&self, pace: Pace) -> Option<TokensPerSecond> {
        self.layout.deployment(&self.layout.stages()?, &self.capacity).saturated_output(self.workload, pace)
    }
}
