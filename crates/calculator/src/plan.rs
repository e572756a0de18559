//! Plans: every way to lay a model over the devices of a scenario, what each layout holds, how fast it is, and why
//! others are not possible.

pub mod answers;
mod rules;
pub mod serving;

use ridgepoint_core::{Pace, Parallelism, Seconds, Speed, Stack, TokensPerSecond, Workload};

use crate::capacity::{self, Capacity};
use crate::deployment::Resolved;
use crate::extras::Rent;
use crate::link;
use crate::numbers;
use crate::order::sort_by_key;
use crate::scenario::{Degree, DeviceCount, Layout, Presentation, Scenario, Targets};
use crate::table::{Column, Row, Table};

pub use rules::Reason;

/// The layouts of a scenario's devices.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Layouts that fit, those that meet the targets first, and among them those with the most output.
    pub proposals: Vec<Proposal>,
    /// Layouts that do not fit or that the engine refuses.
    pub rejected: Vec<Rejected>,
    /// The best layout by each objective, as its place among the proposals. None where nothing fits, for throughput and cost
    /// where none meets the targets, and for the cost where no price is known.
    pub best: Vec<(Objective, usize)>,
}

/// What a layout can be best at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Objective {
    /// Shortest time from a request to the end of its answer.
    Latency,
    /// Most output tokens per second of all sequences, within the targets.
    Throughput,
    /// Fewest devices that hold the workload, and then most output.
    FewestDevices,
    /// Fewest US dollars for each output token, within the targets. Devices that stay idle cost nothing here.
    Cost,
}

impl Objective {
    /// Every objective.
    pub const ALL: [Self; 4] = [Self::Latency, Self::Throughput, Self::FewestDevices, Self::Cost];

    /// Its name for programs.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::Throughput => "throughput",
            Self::FewestDevices => "fewest-devices",
            Self::Cost => "cost",
        }
    }

    /// Its name for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Latency => "lowest latency",
            Self::Throughput => "highest throughput",
            Self::FewestDevices => "fewest devices",
            Self::Cost => "lowest cost",
        }
    }
}

impl Targets {
    /// Whether these times are short enough.
    pub fn are_met(&self, times: &Times) -> bool {
        self.ttft.is_none_or(|most| times.ttft <= most) && self.tpot.is_none_or(|most| times.tpot <= most)
    }
}

/// A layout that fits.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// The degrees.
    pub parallelism: Parallelism,
    /// The counts in words: "16 devices = 2 replicas x TP 8".
    pub words: String,
    /// Devices that are there for it, which may be more than it uses.
    pub given: u64,
    /// The scenario with this layout, as a query.
    pub query: String,
    /// Bytes to spare on the fullest device.
    pub headroom: i64,
    /// Predicted times; `None` where a figure of a device is not known.
    pub times: Option<Times>,
    /// US dollars for a million output tokens; `None` where the scenario asks for no price, or none is known.
    pub cost: Option<f64>,
    /// Whether the targets are met; they are not where no time is known.
    pub meets: bool,
    /// Whether no other proposal is better both for each user and for each device.
    pub on_front: bool,
}

/// What a layout is predicted to do with the scenario's load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Times {
    /// Time to first token, under load.
    pub ttft: Seconds,
    /// Time per output token.
    pub tpot: Seconds,
    /// Time of a whole request.
    pub end_to_end: Seconds,
    /// Output of all sequences. For an encoder, which writes nothing: the tokens that it reads.
    pub output: TokensPerSecond,
    /// The same for each device in use.
    pub per_device: TokensPerSecond,
    /// Output of each sequence; for an encoder its share of what is read.
    pub per_user: TokensPerSecond,
}

/// A layout that is not possible, or all layouts with some degree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Which: "PP 2 x TP 8", "TP 3".
    pub words: String,
    /// Why.
    pub reason: Reason,
}

impl Proposal {
    /// The scenario that it was made for, with its layout.
    pub fn scenario(&self, scenario: &Scenario) -> Scenario {
        with_layout(scenario, self.parallelism, self.given)
    }
}

impl Proposal {
    /// Whether it answers sooner than another one, or gives more output.
    fn is_better(&self, other: &Self) -> bool {
        let pair = self.times.zip(other.times);
        pair.is_some_and(|(own, other)| own.end_to_end < other.end_to_end || own.output > other.output)
    }
}

impl Plan {
    /// Every layout of the scenario's devices, whatever degrees it asks for.
    ///
    /// Replicas share nothing and split the batch, so as many are used as there is room for; devices stay idle only
    /// where they are too few for another one. Beyond [`EVERY_PIPELINE`] devices, of the pipelines that leave devices
    /// idle only the shortest that fits is looked at. The layout on the fewest devices is added if it is none of those.
    pub fn of(scenario: &Scenario) -> Self {
        let search = Search::new(scenario);
        let (mut proposals, mut rejected) = (Vec::new(), search.rules.refused.clone());
        for (tensor, whole_experts) in search.rules.kinds(search.devices) {
            let mut has_shortest = false;
            for pipeline in 1..=search.rules.longest_pipeline(search.devices / tensor) {
                let replica = tensor * pipeline;
                let data = (search.devices / replica).min(search.rules.most_replicas(tensor, whole_experts));
                let layout = search.rules.layout(tensor, pipeline, data, whole_experts);
                let Some(layout) = layout else { continue };
                let is_full = pipeline * data == search.devices / tensor;
                if !is_full && has_shortest && search.devices > EVERY_PIPELINE {
                    continue;
                }
                match search.proposal(layout, search.devices) {
                    Ok(proposal) => {
                        has_shortest = true;
                        // Where replicas share their experts, fewer of them can have more even shares.
                        let fewer =
                            if layout.expert > tensor && search.devices <= EVERY_PIPELINE { 1..data } else { 0..0 };
                        for data in fewer {
                            let layout = search.rules.layout(tensor, pipeline, data, whole_experts);
                            let other = layout.and_then(|layout| search.proposal(layout, search.devices).ok());
                            proposals.extend(other.filter(|other| other.is_better(&proposal)));
                        }
                        proposals.push(proposal);
                    }
                    Err(reason) => rejected.push(Rejected { words: degrees(layout), reason }),
                }
            }
        }
        if let Some(fewest) = search.fewest(&proposals) {
            proposals.push(fewest);
        }
        for proposal in &mut proposals {
            proposal.meets = proposal.times.is_some_and(|times| scenario.targets.are_met(&times));
        }
        let output = |proposal: &Proposal| proposal.times.map_or(0.0, |times| times.output.get());
        sort_by_key(&mut proposals, |proposal| (!proposal.meets, -output(proposal)));
        mark_front(&mut proposals);
        let best = best(&proposals);
        Self { proposals, rejected, best }
    }

    /// The best layout by an objective.
    pub fn best(&self, objective: Objective) -> Option<&Proposal> {
        let (_, index) = self.best.iter().find(|(known, _)| *known == objective)?;
        self.proposals.get(*index)
    }

    /// What a proposal is best at.
    pub fn merits(&self, index: usize) -> impl Iterator<Item = Objective> + '_ {
        self.best.iter().filter(move |(_, best)| *best == index).map(|(objective, _)| *objective)
    }

    /// What is not possible, and why, as a table.
    pub fn refusals(&self) -> Table {
        let row = |rejected: &Rejected| Row {
            cells: vec![rejected.words.clone(), rejected.reason.to_string()],
            ..Row::default()
        };
        Table {
            caption: "Layouts that are not possible".into(),
            columns: vec![Column::text("Layout"), Column::text("Why not")],
            rows: self.rejected.iter().map(row).collect(),
        }
    }

    /// The proposals as a table.
    pub fn table(&self) -> Table {
        let has_cost = self.proposals.iter().any(|proposal| proposal.cost.is_some());
        let row = |(index, proposal): (usize, &Proposal)| {
            let mut cells = vec![proposal.words.clone(), numbers::signed_gib(proposal.headroom)];
            match proposal.times {
                Some(times) => {
                    cells.extend([times.ttft, times.tpot].map(|time| numbers::seconds(time).to_string()));
                    let rates = [times.per_user, times.output, times.per_device];
                    cells.extend(rates.map(|rate| numbers::significant(rate.get())));
                }
                None => cells.extend(core::iter::repeat_n("–".to_string(), 5)),
            }
            if has_cost {
                cells.push(proposal.cost.map_or_else(|| "–".to_string(), numbers::significant));
            }
            let mut merits: Vec<&str> = self.merits(index).map(Objective::label).collect();
            if proposal.on_front {
                merits.push("on the front");
            }
            cells.push(merits.join(", "));
            Row { query: Some(proposal.query.clone()), cells, ..Row::default() }
        };
        let mut columns = vec![Column::text("Layout")];
        let figures = ["GiB to spare", "TTFT, loaded", "TPOT", "Tokens/s each user", "Tokens/s", "Tokens/s per device"];
        columns.extend(figures.map(Column::figures));
        columns.extend(has_cost.then(|| Column::figures("USD per million tokens")));
        columns.push(Column::text("Best at"));
        Table {
            caption: "Layouts that fit, with predicted times".into(),
            columns,
            rows: self.proposals.iter().enumerate().map(row).collect(),
        }
    }
}

/// Up to so many devices every length of a pipeline is looked at.
pub const EVERY_PIPELINE: u64 = 16;

/// What all layouts of a scenario share.
struct Search<'a> {
    scenario: &'a Scenario,
    /// The scenario with its names looked up, in whatever layout.
    resolved: Resolved,
    /// The same as it is run, where its cache is kept otherwise than the scenario says.
    run: Option<Resolved>,
    rules: rules::Rules,
    devices: u64,
}

impl<'a> Search<'a> {
    fn new(scenario: &'a Scenario) -> Self {
        let resolved = Resolved::of(scenario);
        let run = resolved.as_run();
        let run = (run.numerics != resolved.numerics).then_some(run);
        let devices = scenario.device_count();
        Self { scenario, rules: rules::Rules::of(&resolved), resolved, run, devices }
    }

    /// A layout that fits, or why it does not. `devices` are to be there for it, of a list all.
    fn proposal(&self, layout: Parallelism, devices: u64) -> Result<Proposal, Reason> {
        let given = if self.scenario.devices.len() > 1 { self.devices } else { devices };
        let laid_out = self.resolved.laid_out(layout);
        let headroom = capacity::headroom(&laid_out, laid_out.workload).ok_or(Reason::UnknownMemory)?;
        if headroom < 0 {
            return Err(Reason::TooLarge { short: headroom.unsigned_abs() });
        }
        let run = self.run.as_ref().map(|run| run.laid_out(layout));
        let times = times(run.as_ref().unwrap_or(&laid_out), laid_out.workload);
        let rent = self.scenario.extras.price.map(|price| Rent::of(&laid_out, price));
        Ok(Proposal {
            cost: rent.zip(times).and_then(|(rent, times)| rent.per_million(times.output.get())),
            parallelism: layout,
            words: words(layout, given),
            given,
            query: link::encode(&with_layout(self.scenario, layout, given), &Presentation::default()),
            headroom,
            times,
            meets: true,
            on_front: false,
        })
    }

    /// The layout on the fewest devices, unless one of the `proposals` is that. Where none of those fits, no smaller one
    /// does.
    fn fewest(&self, proposals: &[Proposal]) -> Option<Proposal> {
        let mut fewest = proposals.iter().map(|proposal| proposal.parallelism.devices()).min()? - 1;
        let mut layouts: Vec<Parallelism> = Vec::new();
        for (tensor, experts) in self.rules.kinds(fewest) {
            for pipeline in 1..=self.rules.longest_pipeline(fewest / tensor) {
                let replica = tensor * pipeline;
                let layout = |data| self.rules.layout(tensor, pipeline, data, experts);
                // More replicas hold fewer sequences each, and less of experts that they share.
                let fits = |data| layout(data).is_some_and(|layout| self.fits(layout));
                let most = self.rules.most_replicas(tensor, experts).min(fewest / replica);
                let Some(layout) = capacity::least(1, most, fits).and_then(layout) else { continue };
                if layout.devices() < fewest {
                    fewest = layout.devices();
                    layouts.clear();
                }
                layouts.push(layout);
            }
        }
        layouts.retain(|layout| layout.devices() == fewest);
        let fitting = layouts.into_iter().filter_map(|layout| self.proposal(layout, fewest).ok());
        let output = |proposal: &Proposal| proposal.times.map_or(0.0, |times| times.output.get());
        fitting.max_by(|a, b| output(a).total_cmp(&output(b)))
    }

    fn fits(&self, layout: Parallelism) -> bool {
        let laid_out = self.resolved.laid_out(layout);
        capacity::headroom(&laid_out, laid_out.workload).is_some_and(|headroom| headroom >= 0)
    }
}

/// What a layout is predicted to do. `None` where a figure is missing.
pub(crate) fn times(resolved: &Resolved, workload: Workload) -> Option<Times> {
    let stages = resolved.stages()?;
    let held = Capacity { max_concurrency: capacity::concurrency(resolved, workload), ..Capacity::default() };
    let speed = resolved.deployment(&stages, &held).speed(workload, Pace::Predicted)?;
    Some(Times::of(&speed, resolved, workload))
}

impl Times {
    fn of(speed: &Speed, resolved: &Resolved, workload: Workload) -> Self {
        let devices = resolved.parallelism.devices() as f64;
        let batch = workload.batch.max(1) as f64;
        let (end_to_end, output, per_user) = match resolved.model.stack() {
            Stack::Decoder | Stack::EncoderDecoder => (speed.end_to_end, speed.output, speed.per_user),
            Stack::Encoder | Stack::None => (speed.prefill_batch, speed.prompt, speed.prompt * (1.0 / batch)),
        };
        Self {
            ttft: speed.ttft_loaded,
            tpot: speed.tpot,
            end_to_end,
            output,
            per_device: output * (1.0 / devices),
            per_user,
        }
    }
}

/// Marks the proposals that no other one beats both for each user and for each device.
fn mark_front(proposals: &mut [Proposal]) {
    let point = |proposal: &Proposal| proposal.times.map(|times| (times.per_user.get(), times.per_device.get()));
    let points: Vec<_> = proposals.iter().filter_map(point).collect();
    for proposal in proposals {
        let beaten = |(user, device): (f64, f64)| {
            points.iter().any(|other| other.0 >= user && other.1 >= device && (other.0 > user || other.1 > device))
        };
        proposal.on_front = point(proposal).is_some_and(|point| !beaten(point));
    }
}

/// The best proposals. Among equals the first counts, which has the most output.
fn best(proposals: &[Proposal]) -> Vec<(Objective, usize)> {
    let least = |value: &dyn Fn(&Proposal) -> Option<f64>| {
        let mut least: Option<(f64, usize)> = None;
        for (index, proposal) in proposals.iter().enumerate() {
            if let Some(value) = value(proposal).filter(|value| least.is_none_or(|(known, _)| *value < known)) {
                least = Some((value, index));
            }
        }
        least.map(|(_, index)| index)
    };
    let of = |objective| match objective {
        Objective::Latency => least(&|proposal| Some(proposal.times?.end_to_end.get())),
        Objective::Throughput => {
            least(&|proposal| proposal.times.filter(|_| proposal.meets).map(|times| -times.output.get()))
        }
        Objective::Cost => least(&|proposal| proposal.cost.filter(|_| proposal.meets)),
        Objective::FewestDevices => least(&|proposal| Some(proposal.parallelism.devices() as f64)),
    };
    Objective::ALL.into_iter().filter_map(|objective| Some((objective, of(objective)?))).collect()
}

/// The degrees of a layout: "2 replicas x PP 2 x TP 8", or "DP 2 x TP 8 x EP 16" where replicas share their experts.
pub fn degrees(layout: Parallelism) -> String {
    let Parallelism { tensor, pipeline, expert, data, .. } = layout;
    let replicas = if expert > tensor { format!("DP {data}") } else { format!("{data} replicas") };
    let parts = [(data, replicas), (pipeline, format!("PP {pipeline}")), (tensor, format!("TP {tensor}"))];
    let mut words = String::new();
    for (_, part) in parts.into_iter().chain([(expert, format!("EP {expert}"))]).filter(|(degree, _)| *degree > 1) {
        if !words.is_empty() {
            words += " x ";
        }
        words += &part;
    }
    if words.is_empty() { "TP 1".into() } else { words }
}

/// The counts of a layout in words. `given` devices are there for it.
fn words(layout: Parallelism, given: u64) -> String {
    let used = layout.devices();
    let plural = if used == 1 { "" } else { "s" };
    let idle = if used < given { format!(", {} idle", given - used) } else { String::new() };
    if used == 1 { format!("1 device{idle}") } else { format!("{used} device{plural} = {}{idle}", degrees(layout)) }
}

/// The scenario in this layout on `given` devices.
fn with_layout(scenario: &Scenario, layout: Parallelism, given: u64) -> Scenario {
    let Parallelism { tensor, pipeline, expert, data, .. } = layout;
    let [tensor, pipeline, expert, data] = [tensor, pipeline, expert, data].map(Degree::Of);
    let mut devices = scenario.devices.clone();
    if let [DeviceCount { count, .. }] = devices.as_mut_slice() {
        *count = given;
    }
    Scenario { devices, layout: Layout { tensor, pipeline, expert, data }, ..scenario.clone() }
}
