//! The answer in numbers: everything that the page, the command line and other programs show.

use ridgepoint_catalog::devices::{Missing, UsableSource};
use ridgepoint_catalog::{Evidence, calibration};
use ridgepoint_core::{
    Arithmetic, Bytes, Component, ComputePrecision, DeviceMemory, Engine, Latent, Numerics, Pace, Parallelism,
    Parameters, PassTime, Profile, Reservation, Roofline, Speed, Stack, Stage, TokensPerSecond, Workload, kv_cache,
    memory,
};

use crate::capacity::Capacity;
use crate::deployment::{Resolved, Run};
use crate::extras::Outcome;
use crate::fixes::{self, Fix};
use crate::ink::Ink;
use crate::link;
use crate::names::{self, Name, Published};
use crate::prediction::Prediction;
use crate::saturation::Saturated;
use crate::scenario::{Media, Presentation, Scenario};
use crate::warning::Warning;

/// Everything that there is to say about a scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The scenario, as a query string.
    pub link: String,
    /// The model.
    pub model: ModelReport,
    /// Runs of devices that hold the same, in rank order.
    pub devices: Vec<DeviceReport>,
    /// The load.
    pub workload: Workload,
    /// What the engine could offer.
    pub capacity: Capacity,
    /// Speed of light; `None` where a figure of a device is missing.
    pub speed: Option<Speed>,
    /// Highest output rate at the speed of light, with as many sequences as the cache holds.
    pub saturated_output: Option<TokensPerSecond>,
    /// What the engine is predicted to do; `None` where the speed of light is.
    pub prediction: Option<Prediction>,
    /// Rooflines of the first device at each precision in use, that of the weights first.
    pub rooflines: Vec<(ComputePrecision, Roofline)>,
    /// The engine.
    pub engine: Engine,
    /// The layout in use.
    pub parallelism: Parallelism,
    /// Formats in use.
    pub numerics: Numerics,
    /// Changes that would make it fit, best first; empty where it fits or its fit is not known.
    pub fixes: Vec<Fix>,
    /// What follows from the optional parts of the scenario.
    pub extras: Outcome,
    /// What its reader should know.
    pub warnings: Vec<Warning>,
}

/// The model of a report.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelReport {
    /// Id in links.
    pub id: String,
    /// Name.
    pub name: String,
    /// Which way information flows through it.
    pub stack: Stack,
    /// Exact parameters.
    pub parameters: Parameters,
    /// Parameters of the multi-token-prediction layers, which plain decoding never runs.
    pub mtp_parameters: u64,
    /// Cache that one token adds, over all layers and before sharding.
    pub kv_bytes_per_token: Bytes,
    /// Cache of one sequence of prompt and output tokens, before sharding.
    pub kv_bytes_at_context: Bytes,
    /// Recurrent state of one sequence, before sharding.
    pub state_bytes_per_sequence: Bytes,
    /// Weights in the format in use, before sharding.
    pub weights_bytes: Bytes,
    /// Those of them that the engine leaves in the memory of the host.
    pub host_weights_bytes: Bytes,
    /// Cache and state of the layers that the engine leaves there.
    pub host_cache_bytes: Bytes,
    /// Context that the model was made for.
    pub context_limit: Option<u64>,
    /// Whether it is known how many tokens a picture becomes.
    pub sees: bool,
    /// Whether it is known how many tokens sound becomes.
    pub hears: bool,
    /// Tokens of the media of a prompt, beside those of its text.
    pub media_tokens: u64,
    /// What it makes pictures or sound from, and the width and height of a picture.
    pub latent: Option<(Latent, [u64; 2])>,
    /// The format in which the model is published.
    pub native_format: Published,
}

/// Devices of one kind that hold the same.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceReport {
    /// Catalogue id.
    pub id: &'static str,
    /// Name.
    pub name: &'static str,
    /// First rank.
    pub first_rank: u64,
    /// Number of ranks.
    pub ranks: u64,
    /// Pipeline stage.
    pub stage: u64,
    /// What each of them holds.
    pub memory: DeviceMemory,
    /// What each of them has; `None` where its size is not known.
    pub room: Option<Room>,
}

/// The memory of a device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Room {
    /// As the name on the box says.
    pub nominal: Bytes,
    /// As programs can have it.
    pub usable: Bytes,
    /// How the usable size is known.
    pub source: UsableSource,
    /// What the engine may take of it.
    pub limit: Bytes,
}

/// What keeps a scenario from fitting.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shortfall<'a> {
    /// The devices that lack most.
    pub device: &'a DeviceReport,
    /// Bytes missing on each of them.
    pub missing: Bytes,
    /// What most of their memory goes to, and how much that is.
    pub largest: (Name, Bytes),
}

impl DeviceReport {
    /// Memory left below the engine's limit; negative when it does not fit.
    pub fn headroom(&self) -> Option<i64> {
        self.room.map(|room| room.limit.minus(self.memory.total()))
    }

    /// Whether it holds its share with less than a twentieth of the engine's limit to spare.
    pub fn is_tight(&self) -> bool {
        let spare = self.headroom().and_then(|headroom| u64::try_from(headroom).ok());
        spare.zip(self.room).is_some_and(|(spare, room)| spare.saturating_mul(20) < room.limit.get())
    }

    /// What most of its memory goes to.
    pub fn largest_part(&self) -> (Name, Bytes) {
        let [first, rest @ ..] = names::parts(self.memory);
        rest.into_iter().fold(first, |largest, part| if part.1 > largest.1 { part } else { largest })
    }

    /// What the engine takes: all of its share where it fills that with cache, else what it was asked for. `None` where
    /// that is not known, or where it does not start.
    pub fn reserved(&self, engine: Engine) -> Option<Bytes> {
        Reservation { memory: self.memory, limit: self.room.map(|room| room.limit) }.reserved(engine)
    }
}

impl Report {
    /// Computes the report, without fixes.
    pub fn of(scenario: &Scenario) -> Self {
        let resolved = Resolved::of(scenario);
        let run = resolved.as_run();
        let stages = run.stages();
        let workload = resolved.workload;
        let capacity = Capacity::of(&resolved, workload).with_choices(scenario, &resolved);
        let held = if run.numerics == resolved.numerics { capacity } else { Capacity::of(&run, workload) };
        let deployment = stages.as_ref().map(|stages| run.deployment(stages, &held));
        let at = |workload, pace| deployment.and_then(|deployment| deployment.speed(workload, pace));
        // As many sequences as fit with everything that each of them needs, however many are asked for.
        let saturated = Saturated::of(&run, held).filter(|_| capacity.max_batch > Some(0));
        let elsewhere = saturated.as_ref().and_then(|_| Saturated::elsewhere(scenario, &run));
        let output = |saturated: &Option<Saturated>, pace| saturated.as_ref()?.output(pace);
        // Of the best that both layouts could do, the better.
        let most_output = match (output(&saturated, Pace::Ideal), output(&elsewhere, Pace::Ideal)) {
            (Some(here), Some(there)) => Some(here.max(there)),
            (here, there) => here.or(there),
        };
        let prediction = at(workload, Pace::Predicted).map(|speed| Prediction {
            speed,
            saturated_output: output(if elsewhere.is_some() { &elsewhere } else { &saturated }, Pace::Predicted),
            evidence: resolved.evidence(),
        });
        let mut report = Self {
            link: link::encode(scenario, &Presentation::default()),
            model: model_report(&resolved, workload, scenario.media),
            devices: device_reports(&resolved, workload),
            workload,
            capacity,
            speed: at(workload, Pace::Ideal),
            saturated_output: most_output,
            prediction,
            engine: scenario.engine,
            rooflines: rooflines(&resolved),
            parallelism: resolved.parallelism,
            numerics: resolved.numerics,
            fixes: Vec::new(),
            extras: Outcome::of(scenario, &run, deployment),
            warnings: Vec::new(),
        };
        report.warnings = warnings(&resolved, &report);
        if let Some(Saturated { layout, .. }) = elsewhere {
            report.warnings.push(Warning::AttentionDataParallel { devices: layout.parallelism.data });
        }
        if run.numerics != resolved.numerics {
            report.warnings.push(Warning::NarrowCache);
        }
        report
    }

    /// The same report with what would make the scenario fit, which takes many reports to find out.
    pub fn with_fixes(mut self, scenario: &Scenario) -> Self {
        self.fixes = fixes::of(scenario, &self);
        self
    }

    /// Whether every device holds its share. One that does not settles it; otherwise it is `None` where the size of one
    /// is not known.
    pub fn fits(&self) -> Option<bool> {
        let headroom = || self.devices.iter().map(DeviceReport::headroom);
        if headroom().flatten().any(|headroom| headroom < 0) {
            return Some(false);
        }
        headroom().all(|headroom| headroom.is_some()).then_some(true)
    }

    /// The devices with the least headroom.
    pub fn tightest(&self) -> Option<&DeviceReport> {
        self.devices.iter().min_by_key(|device| device.headroom().unwrap_or(i64::MAX))
    }

    /// What keeps the scenario from fitting; `None` where it fits or that is not known.
    pub fn shortfall(&self) -> Option<Shortfall<'_>> {
        let device = self.tightest()?;
        let short = device.headroom().filter(|&headroom| headroom < 0)?;
        Some(Shortfall { device, missing: Bytes::new(short.unsigned_abs()), largest: device.largest_part() })
    }

    /// Weights, cache and state of all devices.
    pub fn minimum(&self) -> Bytes {
        self.devices.iter().map(|device| device.memory.minimum * device.ranks).sum()
    }

    /// Whether the model writes an answer token by token: an encoder only reads.
    pub fn writes(&self) -> bool {
        match self.model.stack {
            Stack::Decoder | Stack::EncoderDecoder => true,
            Stack::Encoder | Stack::None => false,
        }
    }

    /// The passes that the model makes, each with its name in titles and its ink. None where no speed can be told.
    pub fn phases(&self) -> Vec<(&'static str, Ink, &PassTime)> {
        let Some(speed) = &self.speed else { return Vec::new() };
        let decode = self.writes().then_some(("Decode", Ink::Decode, &speed.decode));
        decode.into_iter().chain([("Prefill", Ink::Prefill, &speed.prefill)]).collect()
    }

    /// Devices in use.
    pub fn device_count(&self) -> u64 {
        self.devices.iter().map(|device| device.ranks).sum()
    }

    /// The precision of the weights' matrix products and its roofline on the first device.
    pub fn roofline(&self) -> Option<(ComputePrecision, Roofline)> {
        self.rooflines.first().copied()
    }
}

fn model_report(resolved: &Resolved, workload: Workload, media: Media) -> ModelReport {
    let Resolved { model_id, model_name, model, numerics, .. } = resolved;
    ModelReport {
        id: model_id.clone(),
        name: model_name.clone(),
        stack: model.stack(),
        parameters: model.parameters(),
        mtp_parameters: model.mtp_parameters,
        kv_bytes_per_token: kv_cache::bytes_per_token(model, numerics.kv),
        kv_bytes_at_context: kv_cache::bytes_of_sequence(model, workload, numerics.kv),
        state_bytes_per_sequence: resolved.profile.state_rules().stage_bytes(model, Stage::whole(model), 1),
        weights_bytes: memory::weights(model, numerics.weights),
        host_weights_bytes: memory::host_weights(model, numerics.weights, resolved.knobs.host),
        host_cache_bytes: resolved.held_by_host(workload).1,
        context_limit: model.context_limit,
        sees: model.picture.is_some(),
        hears: model.sound.is_some(),
        media_tokens: resolved.media_tokens,
        latent: model.latent.map(|latent| (latent, [media.width, media.height])),
        native_format: names::published(model),
    }
}

fn device_reports(resolved: &Resolved, workload: Workload) -> Vec<DeviceReport> {
    let reserved: Vec<_> =
        resolved.distinct_runs().into_iter().map(|run| (run, resolved.reserve(&run, workload))).collect();
    let of_run = |run: &Run| {
        let same =
            |(other, _): &&(Run, Reservation)| other.stage == run.stage && other.device_index == run.device_index;
        reserved.iter().find(same).map_or_else(Reservation::default, |(_, reservation)| *reservation)
    };
    let report = |run: Run| {
        let Reservation { memory, limit } = of_run(&run);
        let room = resolved.memory(run.device).zip(limit);
        DeviceReport {
            id: run.device.id,
            name: run.device.name,
            first_rank: run.first_rank,
            ranks: run.ranks,
            stage: run.stage,
            memory,
            room: room.map(|((nominal, usable, source), limit)| Room { nominal, usable, source, limit }),
        }
    };
    resolved.runs().into_iter().map(report).collect()
}

/// Rooflines at the precision of the weights and at the 16 bit of everything else.
fn rooflines(resolved: &Resolved) -> Vec<(ComputePrecision, Roofline)> {
    let Some(accelerator) = resolved.devices.first().and_then(|(device, _)| resolved.paced(device)) else {
        return Vec::new();
    };
    let mut rooflines: Vec<(ComputePrecision, Roofline)> = Vec::new();
    for arithmetic in [resolved.arithmetic(), Arithmetic::Native(ComputePrecision::Bf16)] {
        if let Some(roofline) = accelerator.roofline(arithmetic)
            && rooflines.iter().all(|(precision, _)| *precision != roofline.0)
        {
            rooflines.push(roofline);
        }
    }
    rooflines
}

/// Whether vLLM would let some of the sequences wait.
fn waiting(resolved: &Resolved, workload: Workload) -> Option<Warning> {
    let runs = resolved.distinct_runs();
    let demand = resolved.demand(runs.first()?, workload)?;
    let most = match resolved.profile {
        Profile::Vllm(vllm) => vllm.sequences(&demand),
        Profile::Sglang(_)
        | Profile::TensorRtLlm(_)
        | Profile::LlamaCpp(_)
        | Profile::Transformers(_)
        | Profile::Mlx(_) => return None,
    };
    let sequences = demand.workload.batch;
    (sequences > most).then_some(Warning::RequestsWait { sequences, most })
}

fn warnings(resolved: &Resolved, report: &Report) -> Vec<Warning> {
    let mut warnings = resolved.warnings.clone();
    let tokens = report.workload.context_tokens();
    if let Some(limit) = report.model.context_limit.filter(|&limit| tokens > limit) {
        warnings.push(Warning::BeyondContextLimit { tokens, limit });
    }
    let layers = resolved.knobs.host.layers as u64;
    if layers > 0 {
        let (weights, cache) = resolved.held_by_host(report.workload);
        if let Some(host) = resolved.on_host() {
            let bandwidth = host.processor.accelerator.bandwidth;
            warnings.push(Warning::HostLayers { layers, held: weights + cache, bandwidth });
        }
    }
    warnings.extend(waiting(resolved, report.workload));
    warnings.extend(resolved.is_assumed().then_some(Warning::TakenAsGiven));
    let has_encoder = Component::ALL.into_iter().any(|part| part.is_tower() && report.model.parameters.of(part) > 0);
    let is_profiled = match resolved.profile {
        Profile::Vllm(rules) => rules.profiles_encoder(&resolved.model),
        Profile::Sglang(_)
        | Profile::TensorRtLlm(_)
        | Profile::LlamaCpp(_)
        | Profile::Transformers(_)
        | Profile::Mlx(_) => false,
    };
    if has_encoder && !is_profiled && report.engine.cuts_layers() {
        warnings.push(Warning::EncoderNotCounted);
    }
    if let Some(kv_heads) = resolved.model.fewest_kv_heads() {
        let tensor = resolved.parallelism.tensor;
        if tensor > 1 && resolved.model.has_latent_cache() {
            warnings.push(Warning::ReplicatedLatentCache { tensor });
        } else if kv_heads < tensor {
            warnings.push(Warning::ReplicatedKvHeads { tensor, kv_heads });
        }
    }
    if resolved.devices.len() > 1 && resolved.stages.len() > 1 {
        let layers = resolved.stages.iter().map(|(stage, _)| stage.layers.to_string());
        warnings.push(Warning::PlacedLayers { layers: layers.collect::<Vec<_>>().join(" + ") });
    }
    let arithmetic = resolved.arithmetic();
    for &(device, _) in &resolved.devices {
        let name = || device.name.to_string();
        if report.prediction.is_some() && calibration::efficiency(&resolved.kind(device)).1 != Evidence::Family {
            warnings.push(Warning::Extrapolated { device: name(), engine: names::engine(report.engine).label });
        }
        if let Err(missing) = resolved.accelerator(device) {
            warnings.push(Warning::UnknownDevice { device: name(), missing });
        }
        match resolved.memory(device) {
            Some((_, _, UsableSource::Rule(_))) => warnings.push(Warning::AssumedMemory { device: name() }),
            Some((_, _, UsableSource::Driver | UsableSource::Documented)) | None => {}
        }
        match resolved.paced(device).map(|accelerator| (arithmetic, accelerator.roofline(arithmetic))) {
            Some((Arithmetic::Native(asked), Some((used, _)))) if asked != used => {
                warnings.push(Warning::PrecisionFallback { device: name(), asked, used });
            }
            Some((Arithmetic::Native(_) | Arithmetic::WeightOnly, None)) => {
                warnings.push(Warning::UnknownPeak { device: name() });
            }
            Some((Arithmetic::Native(_) | Arithmetic::WeightOnly, Some(_))) | None => {}
        }
    }
    let is_explained = |warning: &Warning| {
        matches!(warning, Warning::UnknownDevice { missing: Missing::Bandwidth, .. } | Warning::UnknownPeak { .. })
    };
    let knows_all = !warnings.iter().any(is_explained);
    if resolved.model.stack() == Stack::None {
        warnings.push(Warning::WeightsOnly);
    } else if report.speed.is_none() && knows_all {
        let device = resolved.devices.first().map_or_else(String::new, |(device, _)| device.name.to_string());
        warnings.push(Warning::UnknownLink { device });
    }
    warnings.dedup();
    warnings
}
