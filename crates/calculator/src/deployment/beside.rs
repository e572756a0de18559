//! What stands on the devices beside the model: a drafter with its cache, and adapters.

use std::sync::Arc;

use ridgepoint_catalog::find_model;
use ridgepoint_core::{
    Adapters, Bytes, Demand, Draft, HostWeights, Model, Numerics, Offer, Parallelism, Reservation, Stack, Stage,
    StageSplit, Tokens, Workload, memory, speculation,
};

use super::Resolved;
use super::formats::{cache_format, weights_in};
use super::layout::undividable_heads;
use crate::scenario::{Drafter, Scenario};

/// What stands beside a model.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// Share of each prompt that the prefix cache holds.
    pub prefix: f64,
    /// What drafts tokens.
    pub drafting: Option<Drafting>,
    /// Adapters on the devices.
    pub adapters: Option<Adapters>,
}

/// A drafter.
#[derive(Clone, Debug)]
pub struct Drafting {
    /// Its id in links.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What runs for each drafted token.
    pub model: Arc<Model>,
    /// All of it as one stage.
    span: [Stage; 1],
    /// Formats of its weights, as it is published, and of its cache, that of the model's.
    pub numerics: Numerics,
    /// How many of it the devices hold: prediction layers may be several, of which one runs at a time.
    held: f64,
    /// Tokens drafted in each step.
    pub tokens: Tokens,
    /// Chance that a drafted token is accepted.
    pub acceptance: f64,
}

impl Beside {
    /// What a scenario puts beside `model`, as far as that can use it.
    pub(super) fn of(scenario: &Scenario, model: &Model) -> Self {
        let extras = &scenario.extras;
        let (reads_on, writes) = match model.stack() {
            Stack::Decoder => (true, true),
            Stack::EncoderDecoder => (false, true),
            Stack::Encoder | Stack::None => (false, false),
        };
        Self {
            prefix: if reads_on { extras.prefix } else { 0.0 },
            drafting: if writes { Drafting::of(scenario, model) } else { None },
            adapters: extras.adapters,
        }
    }
}

impl Drafting {
    fn of(scenario: &Scenario, model: &Model) -> Option<Self> {
        let draft = scenario.extras.draft.as_ref()?;
        let (name, drafter, held) = match &draft.drafter {
            Drafter::Prediction => {
                let (drafter, held) = speculation::prediction_layer(model)?;
                ("its own prediction layer".to_owned(), Arc::new(drafter), held)
            }
            Drafter::Model(id) => {
                let entry = find_model(id)?;
                (entry.name.to_owned(), entry.model(), 1.0)
            }
        };
        if drafter.stack() != Stack::Decoder {
            return None;
        }
        let weights = match draft.drafter {
            // It is a part of the model's checkpoint.
            Drafter::Prediction => weights_in(scenario.engine, scenario.weights, model),
            Drafter::Model(_) => weights_in(scenario.engine, None, &drafter),
        };
        Some(Self {
            id: draft.drafter.id().to_owned(),
            name,
            span: [Stage::whole(&drafter)],
            numerics: Numerics { weights, kv: cache_format(scenario) },
            model: drafter,
            held,
            tokens: draft.tokens,
            acceptance: draft.acceptance,
        })
    }
}

impl Resolved {
    /// How the drafter is cut: as many ways as the layers of the model where its heads divide, else each rank holds all of
    /// it. Every replica has its own.
    pub fn draft_parallelism(&self, drafting: &Drafting) -> Parallelism {
        let Parallelism { tensor, expert, data, .. } = self.parallelism;
        let divides = undividable_heads(&drafting.model, tensor.max(1)).is_none();
        let tensor = if divides { tensor.max(1) } else { 1 };
        // Its experts are dealt out like the model's where there are as many.
        let expert = if divides && drafting.model.experts() >= self.model.experts() { expert } else { 1 };
        Parallelism { tensor, pipeline: 1, expert, data, split: StageSplit::Layers }
    }

    /// The drafter as the physics takes it.
    pub(super) fn draft(&self) -> Option<Draft<'_>> {
        let drafting = self.beside.drafting.as_ref()?;
        Some(Draft {
            model: &drafting.model,
            span: &drafting.span,
            numerics: drafting.numerics,
            parallelism: self.draft_parallelism(drafting),
            tokens: drafting.tokens,
            acceptance: drafting.acceptance,
        })
    }

    /// Whether a stage is the last one on devices, where the drafter is.
    fn has_drafter(&self, stage: Stage) -> bool {
        let ends = stage.first_layer + stage.layers == self.model.layers.len();
        stage.is_last || (self.knobs.host.layers > 0 && stage.layers > 0 && ends)
    }

    /// Weights of the drafter on each rank of a stage.
    pub fn draft_weights(&self, stage: Stage) -> Bytes {
        let drafting = self.beside.drafting.as_ref().filter(|_| self.has_drafter(stage));
        drafting.map_or(Bytes::ZERO, |drafting| {
            let Drafting { model, numerics, held, .. } = drafting;
            let layout = self.draft_parallelism(drafting);
            let weights =
                memory::stage_weights(model, Stage::whole(model), numerics.weights, layout, HostWeights::default());
            weights.scaled(*held)
        })
    }

    /// Cache of the drafter on each rank of a stage, for the sequences of one replica at their full length. Pages and what
    /// engines round up are left out.
    pub fn draft_cache(&self, stage: Stage, workload: Workload) -> Bytes {
        let drafting = self.beside.drafting.as_ref().filter(|_| self.has_drafter(stage));
        drafting.map_or(Bytes::ZERO, |drafting| {
            let Drafting { model, numerics, held, .. } = drafting;
            let tensor = self.draft_parallelism(drafting).tensor;
            let whole = Stage::whole(model);
            let cache = memory::stage_cache(model, whole, workload.batch, workload, numerics.kv, tensor)
                + memory::stage_state(model, whole, workload.batch, tensor);
            cache.scaled(*held)
        })
    }

    /// Adapters on each rank of a stage.
    pub fn adapter_bytes(&self, stage: Stage) -> Bytes {
        let adapters = self.beside.adapters;
        adapters.map_or(Bytes::ZERO, |adapters| adapters.stage_bytes(&self.model, stage, self.parallelism))
    }

    /// What the engine sets aside for `demand`, and for the cache of the drafter.
    pub fn reservation(&self, demand: &Demand) -> Reservation {
        let mut reservation = self.profile.reserve(demand);
        let cache = self.draft_cache(demand.stage, demand.workload);
        reservation.memory.kv_cache += cache;
        reservation.memory.minimum += cache;
        reservation
    }

    /// Memory for the model's own cache on the device of `demand`: its share of what is left, where the drafter keeps a
    /// cache too. `None` where the size of the device is not known.
    pub fn pool(&self, demand: &Demand) -> Option<Bytes> {
        let own = self.profile.reserve(demand);
        let pool = own.pool()?;
        let drafted = self.draft_cache(demand.stage, demand.workload);
        if drafted == Bytes::ZERO {
            return Some(pool);
        }
        let own = (own.memory.kv_cache + own.memory.state).as_f64();
        Some(pool.scaled(own / (own + drafted.as_f64())))
    }

    /// What the memory that is left on the device of `demand` offers.
    pub fn offer(&self, demand: &Demand) -> Option<Offer> {
        self.profile.offer(demand, self.pool(demand)?)
    }

    /// Whether predictions rest on more than measurements: on shares that a scenario states.
    pub fn is_assumed(&self) -> bool {
        self.beside.prefix > 0.0 || self.beside.drafting.is_some()
    }
}
