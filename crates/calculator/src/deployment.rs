//! From a scenario to a layout over real devices: which ranks exist, what each is, how the model is cut.

use std::sync::Arc;

use ridgepoint_catalog::devices::{Device, DeviceClass, Missing, Supplied, find_device};
use ridgepoint_catalog::{engine_memory, find_model};
use ridgepoint_core::{
    Accelerator, Arithmetic, Bytes, Deployment, Engine, EngineMemory, GgufFile, HostWeights, Model, Number, Numerics,
    Packing, Parallelism, Role, Stage, StageSplit, Tensor, WeightFormat, Weights,
};

use crate::capacity;
use crate::names;
use crate::scenario::{Degree, DeviceCount, ModelChoice, Scenario};
use crate::warning::Warning;

/// A scenario with its names looked up and its layout chosen: everything that the physics needs.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The model's id in links.
    pub model_id: String,
    /// The model's name.
    pub model_name: String,
    /// The model.
    pub model: Arc<Model>,
    /// The devices in rank order.
    pub devices: Vec<(&'static Device, u64)>,
    /// Formats of weights and cache.
    pub numerics: Numerics,
    /// The layout in use.
    pub parallelism: Parallelism,
    /// Engine defaults with the scenario's settings applied.
    pub engine: EngineMemory,
    /// Whether the engine allocates the cache that it is asked for, rather than all that is left.
    pub allocates_on_request: bool,
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

    fn with_model(scenario: &Scenario, model_name: String, model: Arc<Model>) -> Self {
        let fallback = Scenario::default();
        let device = |devices: &DeviceCount| {
            find_device(&devices.id)
                .or_else(|| find_device(&fallback.devices[0].id))
                .map(|device| (device, devices.count.max(1)))
                .expect("the default device is in the catalogue, as a test makes sure")
        };
        let devices: Vec<_> = scenario.devices.iter().map(device).collect();
        let mut warnings = Vec::new();
        let parallelism = choose_layout(scenario, &model, &devices, &mut warnings);
        let mut engine = engine_memory(scenario.engine);
        if let Some(fraction) = scenario.settings.memory_fraction {
            engine.memory_fraction = fraction;
        }
        if let Some(tokens) = scenario.settings.tokens_per_pass {
            engine.tokens_per_pass = tokens;
        }
        engine.host = host_weights(scenario, &devices);
        if engine.host.expert_layers > 0 {
            warnings.push(Warning::HostExperts { layers: engine.host.expert_layers.min(model.layers.len()) as u64 });
        }
        Self {
            model_id: scenario.model.id().to_string(),
            model_name,
            numerics: Numerics { weights: weights_in(scenario.engine, scenario.weights, &model), kv: scenario.kv },
            model,
            devices,
            parallelism,
            engine,
            allocates_on_request: capacity::allocates_on_request(scenario.engine),
            supplied: Supplied { memory: scenario.settings.device_memory, bandwidth: None },
            warnings,
        }
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
        let stages = Stage::all(&self.model, self.parallelism).len() as u64;
        let mut runs: Vec<Run> = Vec::new();
        let mut first_rank = 0;
        for (index, &(device, count)) in self.devices.iter().enumerate() {
            let end = first_rank + count;
            while first_rank < end.min(tensor * stages * data) {
                // A run ends with its stage or with its devices.
                let stage = first_rank / tensor % stages;
                let stage_end = (first_rank / tensor + 1) * tensor;
                let ranks = stage_end.min(end) - first_rank;
                match runs.iter_mut().find(|run| run.stage == stage && run.device_index == index) {
                    // Replicas repeat what the first one holds.
                    Some(run) => run.ranks += ranks,
                    None => runs.push(Run { device, device_index: index, stage, first_rank, ranks }),
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

    /// The distinct accelerators of each stage, for times. `None` where a bandwidth is missing.
    pub fn stages(&self) -> Option<Vec<Vec<Accelerator>>> {
        let mut stages = vec![Vec::new(); Stage::all(&self.model, self.parallelism).len()];
        for run in self.runs() {
            let accelerator = self.paced(run.device)?;
            if let Some(stage) = stages.get_mut(run.stage as usize) {
                stage.push(accelerator);
            }
        }
        Some(stages)
    }

    /// The layout as the physics takes it.
    pub fn deployment<'a>(&'a self, stages: &'a [Vec<Accelerator>]) -> Deployment<'a> {
        Deployment { model: &self.model, numerics: self.numerics, stages, parallelism: self.parallelism }
    }

    /// What the engine may take of a device's memory.
    pub fn limit(&self, device: &Device) -> Option<Bytes> {
        self.accelerator(device).ok().map(|accelerator| accelerator.usable_memory.scaled(self.engine.memory_fraction))
    }
}

/// What llama.cpp leaves on the host of a device with memory of its own: the embedding, always, and the experts that
/// `--n-cpu-moe` names.
fn host_weights(scenario: &Scenario, devices: &[(&Device, u64)]) -> HostWeights {
    let is_host = |device: &Device| device.memory.unified || device.class == DeviceClass::Cpu;
    if scenario.engine != Engine::LlamaCpp || devices.iter().any(|(device, _)| is_host(device)) {
        return HostWeights::default();
    }
    let layers = scenario.settings.cpu_expert_layers.unwrap_or(0);
    HostWeights { lookups: true, expert_layers: usize::try_from(layers).unwrap_or(usize::MAX) }
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
        (Packing::PerGroup { number: Number::Fp4, group: 32, scale_bits: 8 }, GgufFile::Mxfp4Moe),
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
    model: &Model,
    devices: &[(&'static Device, u64)],
    warnings: &mut Vec<Warning>,
) -> Parallelism {
    let available = devices.iter().fold(0_u64, |sum, (_, count)| sum.saturating_add(*count)).max(1);
    let asked = [scenario.layout.tensor, scenario.layout.pipeline, scenario.layout.data];
    let fixed = asked.iter().fold(1_u64, |product, &degree| product.saturating_mul(at_least_one(degree)));
    let layers = (model.layers.len() as u64).max(1);
    let (mut tensor, mut pipeline, mut data) = if fixed > available {
        warnings.push(Warning::TooFewDevices { asked: fixed, available });
        (Degree::Auto, Degree::Auto, Degree::Auto)
    } else {
        (asked[0], asked[1], asked[2])
    };
    let mut rest = available / (at_least_one(tensor) * at_least_one(pipeline) * at_least_one(data));
    let mut take = |degree: &mut Degree, wanted: u64| match *degree {
        Degree::Auto => {
            *degree = Degree::Of(wanted);
            rest /= wanted.max(1);
        }
        Degree::Of(_) => {}
    };
    let heads = head_divisor(model);
    let domain = devices.iter().map(|(device, _)| fast_domain(device)).min().unwrap_or(1);
    let uniform = devices.len() == 1;
    let widest = |rest: u64| {
        (1..=rest.min(domain).min(MAX_TENSOR))
            .rev()
            .find(|&degree| rest.is_multiple_of(degree) && heads.is_multiple_of(degree))
            .unwrap_or(1)
    };
    let open = available / fixed.min(available).max(1);
    let wanted = if scenario.engine.cuts_layers() && uniform { widest(open) } else { 1 };
    take(&mut tensor, wanted);
    let open = open / if asked[0] == Degree::Auto || fixed > available { wanted } else { 1 };
    let stages = if open <= layers { open } else { 1 };
    take(&mut pipeline, stages);
    let replicas = open / if asked[1] == Degree::Auto || fixed > available { stages } else { 1 };
    take(&mut data, replicas.max(1));
    let mut layout = Parallelism {
        tensor: at_least_one(tensor),
        pipeline: at_least_one(pipeline),
        expert: 1,
        data: at_least_one(data),
        split: if scenario.engine == Engine::LlamaCpp { StageSplit::LayersAndHead } else { StageSplit::Layers },
    };
    if layout.pipeline > layers {
        warnings.push(Warning::MoreStagesThanLayers { stages: layout.pipeline, layers });
        layout.pipeline = layers;
    }
    layout.expert = expert_degree(scenario.layout.expert, &layout, model, warnings);
    if layout.devices() < available {
        warnings.push(Warning::UnusedDevices { used: layout.devices(), available });
    }
    if !heads.is_multiple_of(layout.tensor) {
        warnings.push(Warning::HeadsDoNotDivide { tensor: layout.tensor, heads });
    }
    layout
}

/// Devices that tensor parallelism should stay within: the fast domain, or the slots of one host.
fn fast_domain(device: &Device) -> u64 {
    const SLOTS_OF_A_HOST: u64 = 8;
    device.interconnect().scale_up.map_or(SLOTS_OF_A_HOST, |fast| fast.domain.max(SLOTS_OF_A_HOST))
}

/// No engine documents tensor parallelism over more devices than this as useful.
const MAX_TENSOR: u64 = 64;

const fn at_least_one(degree: Degree) -> u64 {
    match degree {
        Degree::Auto | Degree::Of(0) => 1,
        Degree::Of(degree) => degree,
    }
}

/// The number that the tensor-parallel degree has to divide: the query heads of every attention layer.
fn head_divisor(model: &Model) -> u64 {
    let mut divisor = 0;
    for (layer, _) in model.layers.all() {
        if let Some(attention) = layer.mixer.attention() {
            divisor = greatest_common_divisor(divisor, attention.heads());
        }
    }
    divisor.max(1)
}

const fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
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
