//! From a scenario to a layout over real devices: which ranks exist, what each is, how the model is cut.

mod beside;
mod formats;
mod layout;
mod runs;
mod settings;

use std::sync::Arc;

use ridgepoint_catalog::calibration::Schedule;
use ridgepoint_catalog::devices::{Device, Missing, Supplied, UsableSource, find_device};
use ridgepoint_catalog::{Evidence, calibration, engine_profile, find_model};
use ridgepoint_core::{
    Accelerator, Arithmetic, Bytes, Calibrated, ComputePrecision, Demand, Deployment, DeviceRam, Engine, Feed,
    HostWeights, Knobs, KvFormat, Model, Numerics, OnHost, Parallelism, Profile, Reservation, Site, Stage, Tokens,
    Weights, Workload, memory,
};

use crate::capacity::Capacity;
use crate::media::{self, Encoded};
use crate::names;
use crate::placement;
use crate::scenario::{Degree, DeviceCount, Layout, ModelChoice, Scenario};
use crate::warning::Warning;

use formats::{cache_format, foreign_format, weights_in};
use layout::choose_layout;
use settings::{is_host, knobs, settings_without_effect};

pub use beside::{Beside, Drafting};
pub use formats::published_in;
pub(crate) use layout::{fast_domain, undividable_heads};
pub use runs::Run;

/// A scenario with its names looked up and its layout chosen: everything that the physics needs.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The model's id in links.
    pub model_id: String,
    /// The model's name.
    pub model_name: String,
    /// The model, with as many vectors for its cross-attention as the pictures of a prompt become.
    pub model: Arc<Model>,
    /// The load, with the media of each prompt counted among its tokens.
    pub workload: Workload,
    /// Tokens of the media of each prompt.
    pub media_tokens: Tokens,
    /// The model as the engine stores its cache, which may be wider than it has to be.
    pub stored: Arc<Model>,
    /// The devices in rank order.
    pub devices: Vec<(&'static Device, u64)>,
    /// Formats of weights and cache.
    pub numerics: Numerics,
    /// The layout in use.
    pub parallelism: Parallelism,
    /// The engine with the constants of its version.
    pub profile: &'static Profile,
    /// The engine's settings.
    pub knobs: Knobs,
    /// The pipeline stages as far as devices hold them, each with the weights of one rank.
    pub stages: Vec<(Stage, Bytes)>,
    /// The same without the weights.
    pub spans: Vec<Stage>,
    /// The engine and its version as typed.
    pub runtime: (Engine, Option<String>),
    /// Requests at once at most, where the scenario says.
    pub most_requests: Option<u64>,
    /// What stands on the devices beside the model.
    pub beside: Beside,
    /// Figures of the devices that the scenario supplies itself.
    pub supplied: Supplied,
    /// What was odd about the layout.
    pub warnings: Vec<Warning>,
}

impl Resolved {
    /// Looks everything up. Ids that are not in the catalogue fall back to those of the default scenario; links are
    /// checked before, so that happens only to scenarios made by hand.
    pub fn of(scenario: &Scenario) -> Self {
        let (name, model) = match &scenario.model {
            ModelChoice::Catalogue(id) => {
                let entry = find_model(id)
                    .or_else(|| find_model(Scenario::default().model.id()))
                    .expect("the default model is in the catalogue, as a test makes sure");
                (entry.name.to_string(), entry.model())
            }
            ModelChoice::Custom(custom) => (custom.name().to_string(), custom.model()),
        };
        let mut resolved = Self::with_model(scenario, name, model);
        if let ModelChoice::Custom(custom) = &scenario.model {
            resolved.warnings.extend(custom.warnings().iter().cloned().map(Warning::Configuration));
        }
        resolved
    }

    /// The same model laid out as another scenario asks.
    pub fn with_layout(&self, scenario: &Scenario) -> Self {
        Self::with_model(scenario, self.model_name.clone(), Arc::clone(&self.model))
    }

    /// The layout in which the engine gives the most output, where that is another than this one: attention
    /// data-parallel. Each device of a tensor-parallel group holds attention, its cache and dense matrices whole and
    /// serves sequences of its own; together they hold the experts once.
    pub fn for_throughput(&self, scenario: &Scenario) -> Option<Self> {
        let Parallelism { tensor, pipeline, data, .. } = self.parallelism;
        let ranks = tensor.saturating_mul(data);
        let can = calibration::schedule(self.runtime.0).attention_data_parallel && self.devices.len() == 1;
        if !can || tensor < 2 || self.model.experts() < ranks {
            return None;
        }
        let [tensor, pipeline, expert, data] = [1, pipeline, ranks, ranks].map(Degree::Of);
        let layout = Layout { tensor, pipeline, expert, data };
        Some(self.with_layout(&Scenario { layout, ..scenario.clone() }).as_run())
    }

    fn with_model(scenario: &Scenario, model_name: String, model: Arc<Model>) -> Self {
        let fallback = Scenario::default();
        let device = |devices: &DeviceCount| {
            find_device(&devices.id)
                .or_else(|| find_device(&fallback.devices[0].id))
                .map(|device| (device, devices.count.max(1)))
                .expect("the default device is in the catalogue, as a test makes sure")
        };
        let devices: Vec<_> = scenario.devices.iter().map(device).collect();
        let Encoded { model, tokens: media_tokens, mut warnings } = media::encode(&model, scenario.media);
        let prompt_tokens = scenario.workload.prompt_tokens.saturating_add(media_tokens);
        let workload = Workload { prompt_tokens, ..scenario.workload };
        let profile = engine_profile(scenario.engine, scenario.engine_version.as_deref());
        let parallelism = choose_layout(scenario, profile, &model, &devices, &mut warnings);
        let knobs = knobs(scenario, &model, &devices);
        if knobs.host.expert_layers > 0 && model.experts() > 0 {
            let layers = knobs.host.expert_layers.min(model.layers.len()) as u64;
            let host = devices.first().map(|(device, _)| calibration::host(device.class).accelerator);
            warnings.extend(host.map(|host| Warning::HostExperts { layers, bandwidth: host.bandwidth }));
        }
        let beside = Beside::of(scenario, &model);
        let without_effect = settings_without_effect(scenario, &model, knobs, &beside);
        if !without_effect.is_empty() {
            warnings.push(Warning::NoEffect { keys: without_effect.join(", ") });
        }
        let weights = weights_in(scenario.engine, scenario.weights, &model);
        if let Some(format) = foreign_format(scenario, weights, &model) {
            let engine = names::engine(scenario.engine).label;
            warnings.push(Warning::FormatNotOfEngine { engine, format });
        }
        let mut resolved = Self {
            model_id: scenario.model.id().to_string(),
            model_name,
            numerics: Numerics { weights, kv: cache_format(scenario) },
            stored: profile.stored(&model, knobs).map_or_else(|| Arc::clone(&model), Arc::new),
            stages: Vec::new(),
            spans: Vec::new(),
            model,
            workload,
            media_tokens,
            devices,
            parallelism,
            profile,
            knobs,
            most_requests: scenario.settings.max_sequences,
            beside,
            runtime: (scenario.engine, scenario.engine_version.clone()),
            supplied: Supplied { memory: scenario.settings.device_memory, bandwidth: None },
            warnings,
        };
        resolved.cut();
        resolved
    }

    /// The same with other degrees of parallelism, which have to be possible for the model and its devices.
    pub fn laid_out(&self, parallelism: Parallelism) -> Self {
        let mut resolved = Self { parallelism, warnings: Vec::new(), ..self.clone() };
        resolved.cut();
        resolved
    }

    /// The same with pipeline stages of so many layers on their devices.
    pub fn with_stages(&self, sizes: &[usize]) -> Self {
        let mut resolved = self.clone();
        resolved.cut_into(sizes);
        resolved
    }

    /// Cuts the layers into stages: as the engine does, or, over devices that differ, so that most room is left.
    fn cut(&mut self) {
        let sizes = Stage::on_devices(&self.model, self.parallelism, self.knobs.host);
        let sizes: Vec<usize> = sizes.into_iter().map(|stage| stage.layers).collect();
        self.cut_into(&sizes);
        if let Some(sizes) = placement::roomiest(self) {
            self.cut_into(&sizes);
        }
    }

    fn cut_into(&mut self, sizes: &[usize]) {
        let first_layer = self.knobs.host.layers.min(self.model.layers.len());
        let mut known: Option<(Stage, Bytes)> = None;
        let weighed = |stage: Stage| {
            // Neighbours in a long pipeline mostly hold the same.
            let same = known.filter(|(other, _)| self.hold_the_same(stage, *other));
            let weights = same.map_or_else(|| self.stage_weights(stage), |(_, weights)| weights);
            known = Some((stage, weights));
            (stage, weights)
        };
        let stages = Stage::of_sizes(sizes, first_layer).into_iter().map(weighed).collect();
        self.stages = stages;
        self.spans = Stage::of_sizes(sizes, first_layer);
    }

    /// Weights that a rank of a stage holds, those of drafter and adapters included.
    pub fn stage_weights(&self, stage: Stage) -> Bytes {
        memory::stage_weights(&self.model, stage, self.numerics.weights, self.parallelism, self.knobs.host)
            + self.draft_weights(stage)
            + self.adapter_bytes(stage)
    }

    /// Whether two stages hold the same bytes. In a GGUF file, and where experts or the head stay on the host, the place of
    /// a layer counts too.
    fn hold_the_same(&self, one: Stage, other: Stage) -> bool {
        let host = self.knobs.host;
        let ends_alike = self.beside.drafting.is_none() || host.layers == 0;
        let place_counts = self.numerics.weights.gguf().is_some() || host.expert_layers > 0 || !ends_alike;
        !place_counts && one.is_like(other, &self.model)
    }

    /// The arithmetic of most of the weights.
    pub fn arithmetic(&self) -> Arithmetic {
        Weights::new(&self.model, self.numerics.weights).arithmetic()
    }

    /// A device as the physics sees it.
    ///
    /// # Errors
    /// The figure that neither the catalogue nor the scenario has.
    pub fn accelerator(&self, device: &Device) -> Result<Accelerator, Missing> {
        device.accelerator(self.supplied)
    }

    /// A device as far as time goes, which does not depend on how much memory there is. `None` where the bandwidth is
    /// not known.
    pub fn paced(&self, device: &Device) -> Option<Accelerator> {
        let memory = self.supplied.memory.or(device.memory.nominal).or(Some(Bytes::ZERO));
        device.accelerator(Supplied { memory, ..self.supplied }).ok()
    }

    /// What calibration looks at in this scenario on a device.
    pub fn kind(&self, device: &Device) -> calibration::Kind {
        let (engine, version) = &self.runtime;
        calibration::kind(*engine, version.as_deref(), self.arithmetic(), device)
    }

    /// How close the measurements behind the predictions are: that of the device with the least.
    pub fn evidence(&self) -> Evidence {
        let evidence = |(device, _): &(&'static Device, u64)| calibration::efficiency(&self.kind(device)).1;
        // Nobody has measured what is left to the host, or what a scenario takes as given.
        let measured = self.devices.iter().map(evidence).max();
        measured.filter(|_| self.on_host().is_none() && !self.is_assumed()).unwrap_or(Evidence::None)
    }

    /// The distinct devices of each stage with what the engine makes of them, for times. `None` where a bandwidth is
    /// missing.
    pub fn stages(&self) -> Option<Vec<Vec<Calibrated>>> {
        let mut stages: Vec<Vec<Calibrated>> = vec![Vec::new(); self.spans.len()];
        let mut known: Option<(usize, Calibrated)> = None;
        for run in self.distinct_runs() {
            let calibrated = match known {
                Some((index, calibrated)) if index == run.device_index => calibrated,
                Some(_) | None => self.calibrated(run.device)?,
            };
            known = Some((run.device_index, calibrated));
            if let Some(stage) = stages.get_mut(run.stage as usize)
                && !stage.contains(&calibrated)
            {
                stage.push(calibrated);
            }
        }
        Some(stages)
    }

    /// A device with what the engine makes of it. `None` where its bandwidth is missing.
    pub fn calibrated(&self, device: &Device) -> Option<Calibrated> {
        let (efficiency, _) = calibration::efficiency(&self.kind(device));
        Some(Calibrated { accelerator: self.paced(device)?, efficiency })
    }

    /// The same with the cache as the engine really keeps it.
    ///
    /// Checkpoints with FP8 or FP4 weights for TensorRT-LLM carry scales for an FP8 cache, and the engine follows them
    /// (`kv_cache_qformat` in examples/llm_ptq of github.com/NVIDIA/TensorRT-Model-Optimizer is fp8 by default). A cache
    /// that a scenario leaves at its default is taken to be like that as far as time goes; `kv=fp16` says otherwise.
    pub fn as_run(&self) -> Self {
        let is_narrow = matches!(self.arithmetic(), Arithmetic::Native(ComputePrecision::Fp8 | ComputePrecision::Fp4));
        let mut run = self.clone();
        if self.runtime.0 == Engine::TensorRtLlm && is_narrow && self.numerics.kv == KvFormat::Bf16.into() {
            run.numerics.kv = KvFormat::Fp8.into();
        }
        run
    }

    /// The layout as the physics takes it, with what `capacity` says that a replica can hold.
    pub fn deployment<'a>(&'a self, stages: &'a [Vec<Calibrated>], capacity: &Capacity) -> Deployment<'a> {
        let schedule = calibration::schedule(self.runtime.0);
        let held = capacity.max_concurrency.map_or(u64::MAX, |held| held as u64);
        let runs = self.distinct_runs();
        let first = runs.first().and_then(|run| self.demand(run, self.workload));
        Deployment {
            model: &self.model,
            numerics: self.numerics,
            spans: &self.spans,
            stages,
            parallelism: self.parallelism,
            tokens_per_pass: first.map_or(Tokens::MAX, |demand| self.profile.tokens_per_pass(&demand)),
            feed: self.feed(schedule),
            groups_experts: schedule.groups_experts,
            schedules_stages: schedule.schedules_stages,
            host: self.on_host(),
            most_sequences: self.most_requests.or(schedule.most_requests).map_or(held, |most| most.min(held)),
            cached_share: self.beside.prefix,
            draft: self.draft(),
        }
    }

    /// How the engine feeds the stages. The queue is CUDA's: what other vendors' take is not known.
    fn feed(&self, schedule: Schedule) -> Feed {
        let is_cuda = self.devices.iter().any(|(device, _)| device.vendor == "NVIDIA");
        Feed {
            passes_in_flight: schedule.passes_in_flight.unwrap_or(u64::MAX),
            queue: schedule.kernels_queued.filter(|_| is_cuda),
        }
    }

    /// What works on layers and experts in host memory, if any are there.
    pub fn on_host(&self) -> Option<OnHost> {
        let weights = self.knobs.host;
        let (device, _) = self.devices.first()?;
        let moves = weights.layers > 0 || (weights.expert_layers > 0 && self.model.experts() > 0);
        moves.then(|| OnHost { weights, processor: calibration::host(device.class) })
    }

    /// The memory of a device: as sold, as programs can have it, and how that is known. `None` where its size is open.
    pub fn memory(&self, device: &Device) -> Option<(Bytes, Bytes, UsableSource)> {
        let nominal = self.supplied.memory.or(device.memory.nominal)?;
        let (usable, source) = device.usable_memory(nominal);
        Some((nominal, usable, source))
    }

    /// What the engine is to hold on the devices of `run`.
    pub fn demand(&self, run: &Run, workload: Workload) -> Option<Demand<'_>> {
        let &(stage, weights) = self.stages.get(run.stage as usize)?;
        Some(self.demand_of(stage, weights, run.device, workload))
    }

    /// The share of one replica in a load.
    pub fn per_replica(&self, workload: Workload) -> Workload {
        Workload { batch: memory::sequences_per_replica(workload, self.parallelism.data), ..workload }
    }

    /// What the engine is to hold on a device with a stage of such weights.
    pub fn demand_of(&self, stage: Stage, weights: Bytes, device: &Device, workload: Workload) -> Demand<'_> {
        Demand {
            model: &self.model,
            stored: &self.stored,
            stage,
            weights,
            numerics: self.numerics,
            parallelism: self.parallelism,
            workload: self.per_replica(workload),
            knobs: self.knobs,
            site: self.site(device),
        }
    }

    /// Weights of the layers that stay in host memory, and their cache and state.
    pub fn held_by_host(&self, workload: Workload) -> (Bytes, Bytes) {
        let layers = self.knobs.host.layers.min(self.model.layers.len());
        let stage = Stage { first_layer: 0, layers, is_first: false, is_last: false };
        let whole = Parallelism { data: self.parallelism.data, ..Parallelism::SINGLE };
        let runs = self.distinct_runs();
        let demand = runs.first().and_then(|run| self.demand(run, workload));
        let cache = demand.map_or(Bytes::ZERO, |demand| {
            let memory = self.profile.reserve(&Demand { stage, parallelism: whole, ..demand }).memory;
            memory.kv_cache + memory.state
        });
        let layers = HostWeights { layers, ..HostWeights::default() };
        (memory::host_weights(&self.model, self.numerics.weights, layers), cache)
    }

    /// What the engine sets aside on the devices of `run`.
    pub fn reserve(&self, run: &Run, workload: Workload) -> Reservation {
        self.demand(run, workload).map_or_else(Reservation::default, |demand| self.reservation(&demand))
    }

    /// A device as the engine finds it.
    fn site(&self, device: &Device) -> Site {
        let memory = self.memory(device);
        let with_reserve = memory.is_some_and(|(_, _, source)| source == UsableSource::Driver);
        Site {
            usable: memory.map(|(_, usable, _)| usable),
            memory: if is_host(device) { DeviceRam::Host } else { DeviceRam::Own { with_reserve } },
            has_fp8: device.peaks.get(ComputePrecision::Fp8).is_some(),
            has_fast_link: device.interconnect().scale_up.is_some(),
        }
    }
}
