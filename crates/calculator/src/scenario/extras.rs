//! What a service may have beside a model and an engine. All of it is off unless a scenario asks for it.

use ridgepoint_core::{Adapters, Tokens};

/// Largest share of a prompt that may be found in the cache: something is always new.
pub const MOST_CACHED: f64 = 0.99;

/// The optional parts of a scenario.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extras {
    /// Share of each prompt that is found in the prefix cache, up to [`MOST_CACHED`]; 0 for none.
    pub prefix: f64,
    /// Speculative decoding.
    pub draft: Option<Draft>,
    /// Low-rank adapters that stay on the devices.
    pub adapters: Option<Adapters>,
    /// Replicas that only read prompts and replicas that only write answers.
    pub disaggregation: Option<Disaggregation>,
    /// What devices cost.
    pub price: Option<PriceChoice>,
    /// Whether energy is asked for.
    pub energy: bool,
}

/// How tokens are drafted.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// What drafts them.
    pub drafter: Drafter,
    /// Tokens drafted in each step.
    pub tokens: Tokens,
    /// Chance that the model accepts a drafted token where it has accepted those before it, 0 to 1.
    pub acceptance: f64,
}

/// What drafts tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drafter {
    /// A smaller model of the catalogue, by its id, as it is published.
    Model(String),
    /// The model's own multi-token-prediction layer.
    Prediction,
}

impl Drafter {
    /// What stands in links for the prediction layer.
    pub const PREDICTION_ID: &'static str = "mtp";

    /// The id in links.
    pub fn id(&self) -> &str {
        match self {
            Self::Model(id) => id,
            Self::Prediction => Self::PREDICTION_ID,
        }
    }
}

/// How many replicas do what. Each has the layout of the scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Disaggregation {
    /// Replicas that read prompts.
    pub prefill: u64,
    /// Replicas that write answers.
    pub decode: u64,
}

/// What an hour of a device costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PriceChoice {
    /// The middle of the dated quotes in the catalogue.
    Listed,
    /// So many US dollars, for each device.
    Given(f64),
}

impl PriceChoice {
    /// What stands in links for the catalogue's quotes.
    pub const LISTED_ID: &'static str = "listed";
}
