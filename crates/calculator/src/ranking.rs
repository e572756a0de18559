//! Which device for a model, and which model for a device.

use core::cmp::Reverse;

use ridgepoint_catalog::devices::{Device, devices};
use ridgepoint_catalog::{DeviceClass, ModelEntry, models};
use ridgepoint_core::{Engine, Parallelism};

use crate::capacity;
use crate::deployment::Resolved;
use crate::link;
use crate::numbers;
use crate::order::sort_by_key;
use crate::plan::serving::{self, Service};
use crate::plan::{self, Times};
use crate::scenario::{DeviceCount, Layout, ModelChoice, Presentation, Scenario, Targets};
use crate::table::{Column, Row, Table};

/// A scenario with another device or another model.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Catalogue id of what is other.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// How it does.
    pub standing: Standing,
    /// The scenario with it, as a query.
    pub query: String,
}

/// How a model does on devices.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// The layout.
    pub parallelism: Parallelism,
    /// Bytes to spare on the fullest device, negative where it does not fit; `None` where a size is not known.
    pub headroom: Option<i64>,
    /// What is predicted; `None` where it does not fit and where a figure is not known.
    pub times: Option<Times>,
    /// Fewest devices of the kind that hold the workload.
    pub min_devices: Option<u64>,
    /// The layout with the most output within the targets, under the load at which it has that.
    pub within: Option<Service>,
}

impl Standing {
    /// The scenario as it is, laid out as its degrees say.
    pub fn of(scenario: &Scenario) -> Self {
        let resolved = Resolved::of(scenario);
        let headroom = capacity::headroom(&resolved, resolved.workload);
        let fits = headroom.is_some_and(|headroom| headroom >= 0);
        let run = resolved.as_run();
        Self {
            parallelism: resolved.parallelism,
            headroom,
            times: if fits { plan::times(&run, resolved.workload) } else { None },
            min_devices: capacity::min_devices(scenario, &resolved),
            within: serving::within(scenario).into_iter().next(),
        }
    }

    /// What a higher place in a ranking is for: output within the targets where there are any, else output, else room.
    fn merit(&self) -> (bool, f64, i64) {
        let times = self.within.as_ref().map(|service| service.times).or(self.times);
        let output = times.map_or(0.0, |times| times.output.get());
        let headroom = self.headroom.unwrap_or(i64::MIN);
        (headroom >= 0, output, headroom)
    }
}

/// All devices that run the scenario's engine, with as many of each as the scenario has. Those come first that hold the
/// workload, and among them those with the most output.
pub fn devices_for(scenario: &Scenario) -> Vec<Candidate> {
    let usable = devices().iter().filter(|device| runs_on(scenario.engine, device));
    let candidate = |device: &'static Device| candidate(device.id, device.name, with_device(scenario, device));
    let mut candidates: Vec<Candidate> = usable.map(candidate).collect();
    sort_by_key(&mut candidates, |candidate| {
        let (fits, output, room) = candidate.standing.merit();
        (Reverse(fits), -output, Reverse(room))
    });
    candidates
}

/// All models of the catalogue on the scenario's devices, each in the scenario's format. Those come first that fit, and
/// meet the targets if there are any, and among them the largest.
pub fn models_for(scenario: &Scenario) -> Vec<Candidate> {
    let has_targets = scenario.targets != Targets::default();
    let mut sized: Vec<(bool, u64, Candidate)> = Vec::new();
    for model in models() {
        let candidate = candidate(model.id, model.name, with_model(scenario, model));
        let Standing { headroom, within, .. } = &candidate.standing;
        let is_good = headroom.is_some_and(|headroom| headroom >= 0) && (!has_targets || within.is_some());
        sized.push((is_good, model.model().parameters().total(), candidate));
    }
    sized.sort_by_key(|&(is_good, parameters, _)| Reverse((is_good, parameters)));
    sized.into_iter().map(|(.., candidate)| candidate).collect()
}

/// Whether an engine runs on a device at all.
///
/// MLX is for Apple silicon (github.com/ml-explore/mlx), TensorRT-LLM for NVIDIA's GPUs; vLLM and SGLang have no
/// backend for Apple's GPUs (docs.vllm.ai, "Installation"; docs.sglang.io, "Hardware platforms").
pub fn runs_on(engine: Engine, device: &Device) -> bool {
    let is_apple = device.class == DeviceClass::AppleSilicon;
    match engine {
        Engine::Mlx => is_apple,
        Engine::TensorRtLlm => device.vendor == "NVIDIA" && device.class != DeviceClass::Cpu,
        Engine::Vllm | Engine::Sglang => !is_apple,
        Engine::LlamaCpp | Engine::Transformers => true,
    }
}

/// The scenario on other devices, laid out as suits them.
pub(crate) fn with_device(scenario: &Scenario, device: &Device) -> Scenario {
    let devices = vec![DeviceCount { id: device.id.into(), count: scenario.device_count().max(1) }];
    Scenario { devices, layout: Layout::AUTO, ..scenario.clone() }
}

/// The scenario with another model, laid out as suits it.
pub(crate) fn with_model(scenario: &Scenario, model: &ModelEntry) -> Scenario {
    Scenario { model: ModelChoice::Catalogue(model.id.into()), layout: Layout::AUTO, ..scenario.clone() }
}

fn candidate(id: &'static str, name: &'static str, scenario: Scenario) -> Candidate {
    let query = link::encode(&scenario, &Presentation::default());
    Candidate { id, name, standing: Standing::of(&scenario), query }
}

/// A ranking as a table.
pub fn table(candidates: &[Candidate], caption: &str) -> Table {
    let unknown = || "–".to_string();
    let row = |candidate: &Candidate| {
        let Standing { headroom, times, min_devices, within, parallelism } = &candidate.standing;
        let rate =
            |rate: fn(&Times) -> f64| times.as_ref().map_or_else(unknown, |times| numbers::significant(rate(times)));
        let within = within.as_ref().map_or_else(unknown, |Service { batch, times, words, .. }| {
            format!("{} on {words}: {}", numbers::count(*batch), numbers::significant(times.output.get()))
        });
        let cells = vec![
            candidate.name.to_string(),
            headroom.map_or_else(unknown, numbers::signed_gib),
            plan::degrees(*parallelism),
            rate(|times| times.per_user.get()),
            rate(|times| times.output.get()),
            min_devices.map_or_else(unknown, numbers::count),
            within,
        ];
        Row { query: Some(candidate.query.clone()), cells, ..Row::default() }
    };
    let mut columns = vec![Column::text("Name"), Column::figures("GiB to spare"), Column::text("Layout")];
    columns.extend(["Tokens/s each user", "Tokens/s", "Fewest devices"].map(Column::figures));
    columns.push(Column::text("Sequences in time, and tokens/s"));
    Table { caption: caption.into(), columns, rows: candidates.iter().map(row).collect() }
}
