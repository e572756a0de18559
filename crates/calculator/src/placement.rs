//! Devices that differ: how many layers each of them gets.

use core::ops::Range;

use ridgepoint_core::placement::{self, LayerLoad, Room};
use ridgepoint_core::{Bytes, Calibrated, Deployment, Pace, Reservation, Seconds, Stage, Workload, memory};

use crate::capacity::Capacity;
use crate::deployment::{Resolved, Run};
use crate::numbers;
use crate::plan::{self, Times};
use crate::scenario::Scenario;
use crate::table::{Column, Row, Table};

/// The sequence whose cache is weighed against weights when layers are placed. It does not follow the workload, so that
/// a layout does not change while somebody tries how much it holds.
const SEQUENCE: Workload = Workload { batch: 1, prompt_tokens: 7936, output_tokens: 256 };

/// The sizes of the pipeline stages that leave most room for sequences. `None` where the devices are all of one kind,
/// where there is nothing to choose, and where the size of one is not known.
pub fn roomiest(resolved: &Resolved) -> Option<Vec<usize>> {
    if resolved.devices.len() < 2 || resolved.stages.len() < 2 {
        return None;
    }
    let one = Workload { batch: resolved.parallelism.data, ..SEQUENCE };
    // What activations take with two such sequences' tokens in one is more than with one by what each further one adds.
    let two = Workload { prompt_tokens: one.prompt_tokens + one.context_tokens(), ..one };
    let growing = rooms(resolved, one)?.into_iter().zip(rooms(resolved, two)?).map(|(one, two)| {
        let growth = one.bytes.saturating_sub(two.bytes).max(0);
        Room { bytes: one.bytes.saturating_add(growth), growth }
    });
    Some(placement::roomiest(&loads(resolved, one)?, &growing.collect::<Vec<_>>()))
}

/// What a placement of layers aims at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Aim {
    /// As the engine does, where all devices are of one kind.
    Even,
    /// Most room for sequences, and so the longest context.
    Room,
    /// The slowest device as fast as possible, with the load of the scenario in memory.
    Speed,
}

impl Aim {
    /// Its name for programs.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Even => "even",
            Self::Room => "room",
            Self::Speed => "speed",
        }
    }

    /// Its name for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Even => "as the engine does",
            Self::Room => "most room for context",
            Self::Speed => "fastest",
        }
    }
}

/// Layers on devices that differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Placement {
    /// What it aims at.
    pub aim: Aim,
    /// What each device of the first replica holds, in rank order.
    pub stages: Vec<Holding>,
    /// llama.cpp's `--tensor-split`: layers of each device, to the last of which the head counts as one more.
    pub tensor_split: String,
    /// For each module, as accelerate's `device_map` names them, the device that holds it.
    pub device_map: Vec<(String, u64)>,
    /// Share of the model that each device holds, the head counted as a layer.
    pub shares: Vec<f64>,
    /// Longest sequence that fits at the batch of the scenario.
    pub max_context: Option<u64>,
    /// Largest batch that fits at the sequence length of the scenario.
    pub max_batch: Option<u64>,
    /// What it is predicted to do with the load of the scenario.
    pub times: Option<Times>,
}

/// What one device holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Holding {
    /// Name of the device.
    pub device: &'static str,
    /// Its layers, counted from the first.
    pub layers: Range<usize>,
    /// All that it must hold.
    pub total: Bytes,
    /// What it may hold of that; `None` where its size is not known.
    pub limit: Option<Bytes>,
}

impl Holding {
    /// Bytes to spare; negative where it does not fit.
    pub fn headroom(&self) -> Option<i64> {
        Some(self.limit?.minus(self.total))
    }
}

impl Placement {
    /// The placements of a scenario: where devices differ one for each aim, else that of the engine. None where no layers
    /// are dealt out.
    pub fn all(scenario: &Scenario) -> Vec<Self> {
        let resolved = Resolved::of(scenario);
        if resolved.devices.len() == 1 && resolved.stages.len() > 1 {
            return vec![Self::of(&resolved, Aim::Even)];
        }
        let aims = [(Aim::Room, roomiest(&resolved)), (Aim::Speed, fastest(&resolved))];
        aims.into_iter().filter_map(|(aim, sizes)| Some(Self::of(&resolved.with_stages(&sizes?), aim))).collect()
    }

    fn of(resolved: &Resolved, aim: Aim) -> Self {
        let workload = resolved.workload;
        let holding = |run: Run| {
            let Reservation { memory, limit } = resolved.reserve(&run, workload);
            let layers = resolved.stages.get(run.stage as usize).map_or(0..0, |(stage, _)| stage.range());
            let holding = Holding { device: run.device.name, layers, total: memory.total(), limit };
            core::iter::repeat_n(holding, run.ranks as usize)
        };
        let replica = resolved.parallelism.tensor as usize * resolved.stages.len();
        let stages: Vec<Holding> = resolved.runs().into_iter().flat_map(holding).take(replica).collect();
        let capacity = Capacity::of(resolved, workload);
        let total_units = units(resolved).iter().sum::<usize>().max(1);
        Self {
            aim,
            tensor_split: tensor_split(resolved),
            shares: units(resolved).iter().map(|&units| units as f64 / total_units as f64).collect(),
            device_map: device_map(resolved),
            max_context: capacity.max_context_tokens,
            max_batch: capacity.max_batch,
            times: plan::times(&resolved.as_run(), workload),
            stages,
        }
    }

    /// All that the devices must hold together.
    pub fn total(&self) -> Bytes {
        self.stages.iter().map(|stage| stage.total).sum()
    }

    /// Whether every device holds its share; `None` where the size of one is not known.
    pub fn fits(&self) -> Option<bool> {
        let headrooms: Option<Vec<i64>> = self.stages.iter().map(Holding::headroom).collect();
        headrooms.map(|headrooms| headrooms.into_iter().all(|headroom| headroom >= 0))
    }

    /// The devices as a table.
    pub fn table(&self) -> Table {
        let row = |holding: &Holding| {
            let Range { start, end } = holding.layers;
            let layers = if start == end { "none".to_string() } else { format!("{start} to {}", end - 1) };
            let headroom = holding.headroom().map_or_else(|| "–".to_string(), numbers::signed_gib);
            let cells = vec![
                holding.device.to_string(),
                layers,
                (end - start).to_string(),
                numbers::gib(holding.total),
                headroom,
            ];
            Row { cells, ..Row::default() }
        };
        let mut caption = format!("Layers on devices, {}: --tensor-split {}", self.aim.label(), self.tensor_split);
        if let Some(tokens) = self.max_context {
            caption += &format!(", up to {} tokens of context", numbers::count(tokens));
        }
        if let Some(times) = self.times {
            caption += &format!(", {} each user", numbers::tokens_per_second(times.per_user));
        }
        Table {
            caption,
            columns: vec![
                Column::text("Device"),
                Column::text("Layers"),
                Column::figures("Count"),
                Column::figures("GiB"),
                Column::figures("GiB to spare"),
            ],
            rows: self.stages.iter().map(row).collect(),
        }
    }
}

/// What `--tensor-split` of llama.cpp is to be: the layers of each stage, and one more on the last one if that has the head.
pub fn tensor_split(resolved: &Resolved) -> String {
    units(resolved).iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// Layers of each stage, with the head as one more.
fn units(resolved: &Resolved) -> Vec<usize> {
    resolved.stages.iter().map(|(stage, _)| stage.layers + usize::from(stage.is_last)).collect()
}

/// The modules of a model of the Llama family in transformers with their devices.
fn device_map(resolved: &Resolved) -> Vec<(String, u64)> {
    let mut map = Vec::new();
    let tensor = resolved.parallelism.tensor.max(1);
    for (&stage, device) in resolved.spans.iter().zip(0_u64..) {
        let device = device * tensor;
        if stage.is_first {
            map.push(("model.embed_tokens".to_string(), device));
        }
        map.extend(stage.range().map(|layer| (format!("model.layers.{layer}"), device)));
        if stage.is_last {
            let ends = ["model.norm", "model.rotary_emb", "lm_head"];
            map.extend(ends.map(|module| (module.to_string(), device)));
        }
    }
    map
}

/// The sizes of the pipeline stages whose slowest is as fast as possible in a decode step, among those that fit. `None`
/// where the devices are all of one kind, where there is nothing to choose, and where a figure of one is not known.
pub fn fastest(resolved: &Resolved) -> Option<Vec<usize>> {
    if resolved.devices.len() < 2 || resolved.stages.len() < 2 {
        return None;
    }
    let workload = resolved.workload;
    let run = resolved.as_run();
    let stages = run.stages()?;
    let held = Capacity::default();
    let deployment = run.deployment(&stages, &held);
    let layers = run.model.layers.len();
    let hosted = run.knobs.host.layers.min(layers);
    // A layer is what a stage takes longer with it than without it.
    let part = |first_layer, layers, ends: Stage, devices: &Vec<Calibrated>| {
        let spans = [Stage { first_layer, layers, ..ends }];
        let stages = core::slice::from_ref(devices);
        let alone = Deployment { spans: &spans, stages, draft: None, ..deployment };
        let sequences = memory::sequences_per_replica(workload, run.parallelism.data);
        alone.decode_step(sequences, workload, Pace::Predicted).map(|pass| pass.time - pass.around())
    };
    let middle = Stage { first_layer: 0, layers: 0, is_first: false, is_last: false };
    let (mut times, mut ends): (Vec<Vec<Seconds>>, Vec<Seconds>) = (Vec::new(), Vec::new());
    for (index, (devices, &span)) in stages.iter().zip(&run.spans).enumerate() {
        ends.push(part(0, 0, span, devices)?);
        let known = stages.iter().take(index).position(|other| other == devices);
        let same = known.and_then(|known| times.get(known).cloned());
        let empty = part(0, 0, middle, devices)?;
        let of_layer = |layer| part(layer, 1, middle, devices).map(|time| time - empty);
        times.push(same.or_else(|| (hosted..layers).map(of_layer).collect())?);
    }
    Some(placement::fastest(&loads(resolved, workload)?, &rooms(resolved, workload)?, &times, &ends))
}

/// What each layer on the devices asks of a rank.
fn loads(resolved: &Resolved, workload: Workload) -> Option<Vec<LayerLoad>> {
    let Resolved { model, numerics, parallelism, knobs, devices, .. } = resolved;
    let weights = memory::layer_weights(model, numerics.weights, *parallelism, knobs.host);
    let &(device, _) = devices.first()?;
    // The cache of a kind of layer, as the engine would keep it for that layer alone.
    let mut caches: Vec<Option<Bytes>> = vec![None; model.layers.kinds().len()];
    let mut cache = |index: usize, kind: usize| {
        let stage = Stage { first_layer: index, layers: 1, is_first: false, is_last: false };
        let of_layer = || {
            let demand = resolved.demand_of(stage, Bytes::ZERO, device, workload);
            let memory = resolved.profile.reserve(&demand).memory;
            memory.kv_cache + memory.state
        };
        caches.get_mut(kind).map_or(Bytes::ZERO, |known| *known.get_or_insert_with(of_layer))
    };
    let layers = weights.into_iter().zip(model.layers.order()).enumerate();
    let adapters =
        |first_layer| resolved.adapter_bytes(Stage { first_layer, layers: 1, is_first: false, is_last: false });
    let loads = layers
        .map(|(index, (weights, kind))| LayerLoad { weights: weights + adapters(index), cache: cache(index, kind) });
    Some(loads.skip(knobs.host.layers).collect())
}

/// What the tightest device of each stage has for its layers and their cache at this workload, beside the ends of the
/// model and what the engine keeps. `None` where the size of a device is not known.
fn rooms(resolved: &Resolved, workload: Workload) -> Option<Vec<Room>> {
    let mut rooms: Vec<Room> = vec![Room::of(i64::MAX); resolved.stages.len()];
    for run in resolved.distinct_runs() {
        let &(stage, _) = resolved.stages.get(run.stage as usize)?;
        let ends = resolved.stage_weights(Stage { layers: 0, ..stage });
        let Reservation { memory, limit } =
            resolved.profile.reserve(&resolved.demand_of(stage, ends, run.device, workload));
        let drafted = resolved.draft_cache(stage, resolved.per_replica(workload));
        let bytes = limit?.minus(memory.weights + memory.activations + memory.overhead.total() + drafted);
        let room = rooms.get_mut(run.stage as usize)?;
        *room = if bytes < room.bytes { Room::of(bytes) } else { *room };
    }
    Some(rooms)
}
