//! What follows from the optional parts of a scenario: a prefix cache, drafts, adapters, disaggregation, cost and energy.
//!
//! Prefix cache and drafts change the times of the whole report, drafts and adapters its memory
//! ([`Beside`](crate::deployment::Beside)); here is what there is to say of each of them.

pub mod adapters;
pub mod cost;
pub mod disaggregation;
pub mod draft;
pub mod energy;
pub mod prefix;

use ridgepoint_core::{Deployment, Pace};

use crate::deployment::Resolved;
use crate::facts::Fact;
use crate::report::Report;
use crate::scenario::Scenario;

pub use adapters::AdaptersReport;
pub use cost::Rent;
pub use disaggregation::Disaggregated;
pub use draft::DraftReport;
pub use energy::Power;
pub use prefix::PrefixReport;

/// What follows from the extras of a scenario; `None` for each that is off.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// The prefix cache.
    pub prefix: Option<PrefixReport>,
    /// Speculative decoding.
    pub draft: Option<DraftReport>,
    /// Adapters.
    pub adapters: Option<AdaptersReport>,
    /// Disaggregation.
    pub disaggregation: Option<Disaggregated>,
    /// What the devices cost.
    pub rent: Option<Rent>,
    /// What they draw at most.
    pub power: Option<Power>,
}

impl Outcome {
    /// What follows for a scenario as it is run, with the times of `deployment` where its devices have all figures.
    pub(crate) fn of(scenario: &Scenario, run: &Resolved, deployment: Option<Deployment>) -> Self {
        let workload = run.workload;
        let plain = |deployment: Deployment| deployment.speed(workload, Pace::Predicted);
        let without_prefix = || plain(Deployment { cached_share: 0.0, ..deployment? });
        let without_draft = || plain(Deployment { draft: None, ..deployment? });
        let disaggregation = scenario.extras.disaggregation;
        Self {
            prefix: (run.beside.prefix > 0.0).then(|| PrefixReport::of(run, without_prefix())),
            draft: run.beside.drafting.as_ref().map(|drafting| DraftReport::of(run, drafting, without_draft())),
            adapters: run.beside.adapters.map(|adapters| AdaptersReport::of(run, adapters)),
            disaggregation: disaggregation.and_then(|replicas| Disaggregated::of(run, replicas, deployment)),
            rent: scenario.extras.price.map(|price| Rent::of(run, price)),
            power: scenario.extras.energy.then(|| Power::of(run)),
        }
    }

    /// Whether nothing is on.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What there is to say of one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its key in links.
    pub key: &'static str,
    /// Its name.
    pub title: &'static str,
    /// Its figures.
    pub facts: Vec<Fact>,
    /// What is assumed, and what is left out.
    pub notes: Vec<String>,
}

impl Report {
    /// What there is to say of each extra that is on.
    pub fn extras(&self) -> Vec<Block> {
        let Outcome { prefix, draft, adapters, disaggregation, rent, power } = &self.extras;
        [
            prefix.as_ref().map(|prefix| prefix.block(self)),
            draft.as_ref().map(|draft| draft.block(self)),
            adapters.as_ref().map(|adapters| adapters.block(self)),
            disaggregation.as_ref().map(|replicas| replicas.block(self)),
            rent.as_ref().map(|rent| rent.block(self)),
            power.as_ref().map(|power| power.block(self)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// What is said of figures that rest on a share which the scenario states.
const TAKEN_AS_GIVEN: &str = "as given, not measured: intervals are as wide as for devices that nobody has measured";
