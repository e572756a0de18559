//! From a scenario to a layout over real devices: which ranks exist, what each is, how the model is cut.

use std::sync::Arc;

use ridgepoint_catalog::devices::{Device, DeviceClass, Missing, Supplied, UsableSource, find_device};
use ridgepoint_catalog::{Evidence, calibration, engine_profile, find_model, has_versions, version_number};
use ridgepoint_core::{
    Accelerator, Arithmetic, Bytes, CacheFormat, Calibrated, ComputePrecision, Demand, Deployment, DeviceRam, Engine,
    GgufFile, HostWeights, Knobs, KvFormat, LatentCache, Model, Number, Numerics, OnHost, Packing, Parallelism,
    Profile, Reservation, Role, Site, Stage, StageSplit, Tensor, Tokens, WeightFormat, Weights, Workload, memory,
};

use crate::capacity::Capacity;
use crate::media::{self, Encoded};
use crate::names;
use crate::placement;
use crate::scenario::{Degree, DeviceCount, Layout, ModelChoice, Scenario};
use crate::warning::Warning;

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
        let without_effect = settings_without_effect(scenario, &model, knobs);
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

    /// Weights that a rank of a stage holds.
    pub fn stage_weights(&self, stage: Stage) -> Bytes {
        memory::stage_weights(&self.model, stage, self.numerics.weights, self.parallelism, self.knobs.host)
    }

    /// Whether two stages hold the same bytes. In a GGUF file, and where experts stay on the host, the place of a layer
    /// counts too.
    fn hold_the_same(&self, one: Stage, other: Stage) -> bool {
        let place_counts = self.numerics.weights.gguf().is_some() || self.knobs.host.expert_layers > 0;
        !place_counts && one.is_like(other, &self.model)
    }

    /// The arithmetic of most of the weights.
    pub fn arithmetic(&self) -> Arithmetic {
        Weights::new(&self.model, self.numerics.weights).arithmetic()
    }

    /// Runs of ranks that are the same device in the same pipeline stage, in rank order.
    ///
    /// Ranks count tensor-parallel neighbours first, then stages, then replicas; devices that the layout does not use
    /// do not appear.
    pub fn runs(&self) -> Vec<Run> {
        let Parallelism { tensor, data, .. } = self.parallelism;
        let stages = self.spans.len() as u64;
        let mut runs: Vec<Run> = Vec::new();
        let mut first_rank = 0;
        for (index, &(device, count)) in self.devices.iter().enumerate() {
            let end = first_rank + count;
            while first_rank < end.min(tensor * stages * data) {
                // A run ends with its stage or with its devices.
                let stage = first_rank / tensor % stages;
                let stage_end = (first_rank / tensor + 1) * tensor;
                let ranks = stage_end.min(end) - first_rank;
                match runs.last_mut() {
                    // Without a pipeline the replicas follow each other in one run.
                    Some(run) if run.stage == stage && run.device_index == index => run.ranks += ranks,
                    Some(_) | None => runs.push(Run { device, device_index: index, stage, first_rank, ranks }),
                }
                first_rank += ranks;
            }
            first_rank = end;
        }
        runs
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
        // Nobody has measured what is left to the host.
        let measured = self.devices.iter().map(evidence).max();
        measured.filter(|_| self.on_host().is_none()).unwrap_or(Evidence::None)
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
            passes_in_flight: schedule.passes_in_flight.unwrap_or(u64::MAX),
            groups_experts: schedule.groups_experts,
            schedules_stages: schedule.schedules_stages,
            host: self.on_host(),
            most_sequences: self.most_requests.or(schedule.most_requests).map_or(held, |most| most.min(held)),
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

    /// What the engine is to hold on a device with a stage of such weights.
    pub fn demand_of(&self, stage: Stage, weights: Bytes, device: &Device, workload: Workload) -> Demand<'_> {
        let batch = memory::sequences_per_replica(workload, self.parallelism.data);
        Demand {
            model: &self.model,
            stored: &self.stored,
            stage,
            weights,
            numerics: self.numerics,
            parallelism: self.parallelism,
            workload: Workload { batch, ..workload },
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
        self.demand(run, workload).map_or_else(Reservation::default, |demand| self.profile.reserve(&demand))
    }

    /// The runs that differ in device or stage, one of each.
    pub fn distinct_runs(&self) -> Vec<Run> {
        if let &[(device, count)] = self.devices.as_slice() {
            // However many replicas there are, the stages of the first are all.
            let ranks = self.parallelism.tensor;
            let stages = (0..self.spans.len() as u64).take_while(|stage| stage * ranks < count);
            let run = |stage| Run { device, device_index: 0, stage, first_rank: stage * ranks, ranks };
            return stages.map(run).collect();
        }
        let mut distinct: Vec<Run> = Vec::new();
        for run in self.runs() {
            let same = |other: &Run| other.stage == run.stage && other.device_index == run.device_index;
            if !distinct.iter().any(same) {
                distinct.push(run);
            }
        }
        distinct
    }

    /// The runs of which two neighbours differ in what they hold or in the device: enough to see whether all fit.
    pub fn unlike_runs(&self) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for run in self.distinct_runs() {
            let held = |run: &Run| self.stages.get(run.stage as usize).copied();
            let same = |other: &Run| {
                run.device_index == other.device_index
                    && held(&run).zip(held(other)).is_some_and(|((stage, weights), (other_stage, other_weights))| {
                        weights == other_weights && self.hold_the_same(stage, other_stage)
                    })
            };
            if !runs.last().is_some_and(same) {
                runs.push(run);
            }
        }
        runs
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

/// Whether programs on the device use the memory of the host.
fn is_host(device: &Device) -> bool {
    device.memory.unified || device.class == DeviceClass::Cpu
}

/// The settings of a scenario in the terms of the engines.
fn knobs(scenario: &Scenario, model: &Model, devices: &[(&Device, u64)]) -> Knobs {
    let settings = scenario.settings;
    Knobs {
        memory_fraction: settings.memory_fraction,
        tokens_per_pass: settings.tokens_per_pass,
        max_sequences: settings.max_sequences,
        eager: settings.eager == Some(true),
        flash_attention: settings.flash_attention != Some(false),
        full_sliding_cache: settings.full_sliding_cache == Some(true),
        unified_cache: settings.unified_cache,
        latent_cache: match settings.latent_cache {
            Some(0) => LatentCache::Heads,
            Some(1) => LatentCache::WithCopy,
            Some(_) | None => LatentCache::Latent,
        },
        host: host_weights(scenario, model, devices),
    }
}

/// What llama.cpp leaves on the host of a device with memory of its own: the embedding, always, the layers that
/// `-ngl` does not reach, and the experts that `--n-cpu-moe` names.
fn host_weights(scenario: &Scenario, model: &Model, devices: &[(&Device, u64)]) -> HostWeights {
    if scenario.engine != Engine::LlamaCpp || devices.iter().any(|(device, _)| is_host(device)) {
        return HostWeights::default();
    }
    let layers = scenario.settings.cpu_expert_layers.unwrap_or(0);
    let whole = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let there = scenario.settings.device_layers.map_or(0, |layers| model.layers.len().saturating_sub(whole(layers)));
    HostWeights { lookups: true, expert_layers: whole(layers), layers: there }
}

/// Keys of settings that a scenario sets and that change nothing here.
fn settings_without_effect(scenario: &Scenario, model: &Model, knobs: Knobs) -> Vec<&'static str> {
    let settings = scenario.settings;
    let on_llama_cpp = scenario.engine == Engine::LlamaCpp;
    let (limits_requests, captures_graphs) = match scenario.engine {
        Engine::Vllm | Engine::Sglang => (true, true),
        Engine::TensorRtLlm => (true, false),
        Engine::LlamaCpp | Engine::Transformers | Engine::Mlx => (false, false),
    };
    let moved = settings.cpu_expert_layers.is_some_and(|layers| layers > 0);
    let has_latent = model.has_latent_cache();
    let unread = |version: &String| version_number(version).is_none() || !has_versions(scenario.engine);
    [
        ("ev", scenario.engine_version.as_ref().is_some_and(unread)),
        ("max-seqs", settings.max_sequences.is_some() && !limits_requests),
        ("eager", settings.eager.is_some() && !captures_graphs),
        ("fa", settings.flash_attention.is_some() && !on_llama_cpp),
        ("swa-full", settings.full_sliding_cache.is_some() && !on_llama_cpp),
        ("the second format of kv", settings.value_cache.is_some() && !on_llama_cpp),
        ("kvu", settings.unified_cache.is_some() && !on_llama_cpp),
        ("mla", settings.latent_cache.is_some() && !(on_llama_cpp && has_latent)),
        ("ngl", settings.device_layers.is_some() && !knobs.host.lookups),
        ("cpu-moe", moved && (knobs.host.expert_layers == 0 || model.experts() == 0)),
    ]
    .into_iter()
    .filter_map(|(key, is_idle)| is_idle.then_some(key))
    .collect()
}

/// The name of a format in use that the engine cannot read, of the weights or else of the cache.
fn foreign_format(scenario: &Scenario, weights: WeightFormat, model: &Model) -> Option<String> {
    let is_llama_cpp = scenario.engine == Engine::LlamaCpp;
    if is_llama_cpp && weights.gguf().is_none() {
        let label = if weights == WeightFormat::Native {
            names::published(model).label
        } else {
            names::weight_format(weights).label.to_string()
        };
        return Some(format!("{label} weights"));
    }
    // Without flash attention llama.cpp has no use for packed values.
    let unfused = scenario.settings.flash_attention == Some(false);
    let is_foreign = |format, of_values: bool| match format {
        KvFormat::Fp32 | KvFormat::Fp16 | KvFormat::Bf16 => false,
        KvFormat::Fp8 | KvFormat::Int8 => is_llama_cpp,
        KvFormat::Q8_0 | KvFormat::Q5_1 | KvFormat::Q5_0 | KvFormat::Q4_1 | KvFormat::Q4_0 => {
            !is_llama_cpp || of_values && unfused
        }
    };
    let CacheFormat { keys, values } = cache_format(scenario);
    let label = |format| names::kv_format(format).label;
    if is_foreign(keys, false) {
        return Some(format!("a {} KV cache", label(keys)));
    }
    let how = if unfused { " without flash attention" } else { "" };
    is_foreign(values, true).then(|| format!("values of the KV cache in {}{how}", label(values)))
}

/// How the scenario's cache is stored.
fn cache_format(scenario: &Scenario) -> CacheFormat {
    let values = scenario.settings.value_cache.filter(|_| scenario.engine == Engine::LlamaCpp);
    CacheFormat { keys: scenario.kv, values: values.unwrap_or(scenario.kv) }
}

/// The format in which an engine holds the weights.
///
/// llama.cpp reads GGUF files only: 16-bit and MXFP4 weights are the file types of that name, which keep norms and
/// routers in 32 bit and, beside MXFP4 experts, everything else in 8 bit.
fn weights_in(engine: Engine, asked: Option<WeightFormat>, model: &Model) -> WeightFormat {
    const FILES: [(Packing, GgufFile); 4] = [
        (Packing::Plain { number: Number::Fp32 }, GgufFile::F32),
        (Packing::Plain { number: Number::Fp16 }, GgufFile::F16),
        (Packing::BF16, GgufFile::Bf16),
        (Packing::MXFP4, GgufFile::Mxfp4Moe),
    ];
    let asked = asked.unwrap_or(WeightFormat::Native);
    if engine != Engine::LlamaCpp || asked.gguf().is_some() {
        return asked;
    }
    let packing = if asked == WeightFormat::Native {
        names::published(model).packing
    } else {
        asked.packing(Tensor::matrix(Role::ExpertUp, 1, 1), true)
    };
    FILES.into_iter().find(|(known, _)| *known == packing).map_or(asked, |(_, file)| WeightFormat::Gguf(file))
}

/// What an engine makes of a model as it is published; `None` where it cannot read that.
pub fn published_in(engine: Engine, model: &Model) -> Option<WeightFormat> {
    let format = weights_in(engine, None, model);
    (engine != Engine::LlamaCpp || format.gguf().is_some()).then_some(format)
}

/// Ranks that are the same device in the same stage.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// The device.
    pub device: &'static Device,
    /// Its place in the scenario's list.
    pub device_index: usize,
    /// The pipeline stage.
    pub stage: u64,
    /// The first of its ranks.
    pub first_rank: u64,
    /// How many ranks.
    pub ranks: u64,
}

/// Chooses what the scenario leaves open.
///
/// Engines that cut layers get the widest tensor parallelism that divides the attention heads and stays inside the
/// fast domain, then pipeline stages, then replicas; the others get one run of layers for each device.
fn choose_layout(
    scenario: &Scenario,
    profile: &Profile,
    model: &Model,
    devices: &[(&'static Device, u64)],
    warnings: &mut Vec<Warning>,
) -> Parallelism {
    let available = devices.iter().fold(0_u64, |sum, (_, count)| sum.saturating_add(*count)).max(1);
    let asked = [scenario.layout.tensor, scenario.layout.pipeline, scenario.layout.data];
    let fixed = asked.iter().fold(1_u64, |product, &degree| product.saturating_mul(at_least_one(degree)));
    let layers = (model.layers.len() as u64).max(1);
    let [tensor, pipeline, data] = if fixed > available {
        warnings.push(Warning::TooFewDevices { asked: fixed, available });
        [Degree::Auto; 3]
    } else {
        asked
    };
    // What is left open shares the devices that the fixed degrees leave: tensor parallelism first, then the pipeline.
    let mut open = available / if fixed > available { 1 } else { fixed };
    let mut settle = |degree: Degree, wanted: &dyn Fn(u64) -> u64| match degree {
        Degree::Of(degree) => degree.max(1),
        Degree::Auto => {
            let wanted = wanted(open).max(1);
            open /= wanted;
            wanted
        }
    };
    let domain = devices.iter().map(|(device, _)| fast_domain(device)).min().unwrap_or(1);
    let cuts_layers = scenario.engine.cuts_layers() && devices.len() == 1;
    let widest = |open: u64| {
        let divides = |degree: &u64| open.is_multiple_of(*degree) && undividable_heads(model, *degree).is_none();
        (1..=open.min(domain)).rev().find(divides).unwrap_or(1)
    };
    let tensor = settle(tensor, &|open| if cuts_layers { widest(open) } else { 1 });
    let pipeline = settle(pipeline, &|open| if open <= layers { open } else { 1 });
    let data = settle(data, &|open| open);
    let mut layout = Parallelism {
        tensor,
        pipeline,
        expert: 1,
        data,
        split: match profile {
            Profile::LlamaCpp(_) => StageSplit::LayersAndHead,
            Profile::Vllm(vllm) if vllm.rest_on_last_stage => StageSplit::LayersThenRest,
            Profile::Vllm(_)
            | Profile::Sglang(_)
            | Profile::TensorRtLlm(_)
            | Profile::Transformers(_)
            | Profile::Mlx(_) => StageSplit::Layers,
        },
    };
    if layout.pipeline > layers {
        warnings.push(Warning::MoreStagesThanLayers { stages: layout.pipeline, layers });
        layout.pipeline = layers;
    }
    layout.expert = expert_degree(scenario.layout.expert, &layout, model, warnings);
    if layout.devices() < available {
        warnings.push(Warning::UnusedDevices { used: layout.devices(), available });
    }
    if let Some((heads, kv_heads)) = undividable_heads(model, layout.tensor) {
        warnings.push(Warning::HeadsDoNotDivide { tensor: layout.tensor, heads, kv_heads });
    }
    layout
}

/// Devices that tensor parallelism should stay within: the fast domain, or the slots of one host.
pub(crate) fn fast_domain(device: &Device) -> u64 {
    const SLOTS_OF_A_HOST: u64 = 8;
    device.interconnect().scale_up.map_or(SLOTS_OF_A_HOST, |fast| fast.domain.max(SLOTS_OF_A_HOST))
}

const fn at_least_one(degree: Degree) -> u64 {
    match degree {
        Degree::Auto | Degree::Of(0) => 1,
        Degree::Of(degree) => degree,
    }
}

/// The query and KV heads of an attention layer that cannot be dealt out over `tensor` ranks, if there is one: query
/// heads have to divide evenly, and KV heads either divide or are replicated evenly.
pub(crate) fn undividable_heads(model: &Model, tensor: u64) -> Option<(u64, u64)> {
    let attentions = model.layers.kinds().iter().filter_map(|layer| layer.mixer.attention());
    attentions.map(|attention| (attention.heads(), attention.kv_heads())).find(|&(heads, kv_heads)| {
        !heads.is_multiple_of(tensor) || !(kv_heads.is_multiple_of(tensor) || tensor.is_multiple_of(kv_heads.max(1)))
    })
}

/// The expert-parallel degree: it divides the ranks of a stage and does not exceed the experts.
fn expert_degree(asked: Degree, layout: &Parallelism, model: &Model, warnings: &mut Vec<Warning>) -> u64 {
    let wanted = at_least_one(asked);
    let ranks = layout.tensor.saturating_mul(layout.data);
    let experts = model.experts();
    if wanted == 1 {
        return 1;
    }
    let possible = |degree: u64| {
        ranks.is_multiple_of(degree)
            && degree <= experts.max(1)
            && (degree.is_multiple_of(layout.tensor) || layout.tensor.is_multiple_of(degree))
    };
    if possible(wanted) {
        return wanted;
    }
    let used = (1..wanted.min(ranks)).rev().find(|&degree| possible(degree)).unwrap_or(1);
    warnings.push(Warning::ExpertsDoNotDivide { asked: wanted, used, ranks, experts });
    used
}
