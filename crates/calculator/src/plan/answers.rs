//! Everything that is said when somebody asks how to lay a model over a scenario's devices.

use crate::placement::Placement;
use crate::scenario::Scenario;

use super::Plan;
use super::serving::{self, Service};

/// A plan with what is asked beside it.
pub struct Answers {
    /// Every layout.
    pub plan: Plan,
    /// Which layers go where, if the devices differ.
    pub placements: Vec<Placement>,
    /// The layouts and loads of which no other is better both for each user and for all.
    pub front: Vec<Service>,
    /// The most sequences at once that each layout serves within the scenario's targets.
    pub within: Vec<Service>,
}

impl Answers {
    /// All of it for a scenario.
    pub fn of(scenario: &Scenario) -> Self {
        Self {
            plan: Plan::of(scenario),
            placements: Placement::all(scenario),
            front: serving::front(scenario),
            within: serving::within(scenario),
        }
    }
}
