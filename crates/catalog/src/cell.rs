//! Constants of an engine on a kind of device, as the catalogue stores them.

use ridgepoint_core::{Efficiency, Seconds, packed_struct};

/// Constants that hold for an engine, as narrowly as it has been measured: [`Cell::matches`].
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The engine, by its place in `Engine::ALL`; any if `None`.
    pub engine: Option<u8>,
    /// Versions before this one, as `1000 x major + minor`; any if `None`.
    pub before: Option<u64>,
    /// The kind of weight format: [`Kind::format`].
    pub format: Option<u8>,
    /// The kind of memory: [`Kind::memory`].
    pub memory: Option<u8>,
    /// The family of devices: [`Kind::family`].
    pub family: Option<&'static str>,
    /// Constants in the order of [`CONSTANTS`], in their units.
    pub constants: Vec<u64>,
}

/// What calibration looks at in a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The engine, by its place in `Engine::ALL`.
    pub engine: u8,
    /// Its version, as `1000 x major + minor`; the newest if `None`.
    pub version: Option<u64>,
    /// 0 for 16 bit and wider, 1 for 8-bit arithmetic, 2 for 4-bit arithmetic, 3 for weights unpacked to 16 bit.
    pub format: u8,
    /// 0 for HBM, 1 for GDDR on cards for consumers, which do 16-bit arithmetic with wide sums at half rate, 2 for other
    /// GDDR, 3 for anything else.
    pub memory: u8,
    /// Devices that engines treat alike, by the first word of the architecture: Hopper, RDNA3. Apple's chips, which have
    /// no other name for it, go by their generation of GPU: Apple7, Apple9, Apple10.
    pub family: &'static str,
}

/// Names of the constants in `data/calibration/cells.json`, and how many of the stored units make one: shares are
/// stored in ten-thousandths, times, which the file gives in microseconds, in units of 10 ns.
pub const CONSTANTS: [(&str, f64); 16] = [
    ("compute", 1e4),
    ("bandwidth", 1e4),
    ("exposed", 1e4),
    ("cache", 1e4),
    ("attention", 1e4),
    ("experts", 1e4),
    ("link", 1e4),
    ("queue", 1e4),
    ("interleaved", 1e4),
    ("saturation", 1e4),
    ("hop_us", 1e2),
    ("launch_us", 1e2),
    ("step_us", 1e2),
    ("sequence_us", 1e2),
    ("first_token_us", 1e2),
    ("wait_us", 1e2),
];

impl Cell {
    /// Whether it speaks of scenarios of this kind.
    pub fn matches(&self, kind: &Kind) -> bool {
        self.engine.is_none_or(|engine| engine == kind.engine)
            && self.before.is_none_or(|before| kind.version.is_some_and(|version| version < before))
            && self.format.is_none_or(|format| format == kind.format)
            && self.memory.is_none_or(|memory| memory == kind.memory)
            && self.family.is_none_or(|family| family == kind.family)
    }

    /// Its constants as the physics takes them.
    pub fn efficiency(&self) -> Efficiency {
        let stored = |index: usize| self.constants.get(index).map_or(0.0, |&constant| constant as f64);
        let share = |index| stored(index) / 1e4;
        let time = |index| Seconds::new(stored(index) / 1e8);
        Efficiency {
            compute: share(0),
            bandwidth: share(1),
            exposed: share(2),
            cache: share(3),
            attention: share(4),
            experts: share(5),
            link: share(6),
            queue: share(7),
            interleaved: share(8),
            saturation: share(9),
            hop: time(10),
            launch: time(11),
            step: time(12),
            sequence: time(13),
            first_token: time(14),
            wait: time(15),
        }
    }
}

/// How far measurements lie from predictions: the middle 80 % of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The engine, by its place in `Engine::ALL`; any if `None`.
    pub engine: Option<u8>,
    /// What is predicted: the place of the metric in `METRICS`.
    pub metric: u8,
    /// Measured over predicted below which a tenth of the measurements lie, in thousandths.
    pub low: u64,
    /// The same above which a tenth lies.
    pub high: u64,
}

/// How an engine schedules unless told otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Requests that it runs at once at most; no limit of its own if `None`.
    pub most_requests: Option<u64>,
    /// Passes over prompts that it has in a pipeline at a time; no limit if `None`.
    pub passes_in_flight: Option<u64>,
    /// Kernels that it launches ahead of a device at most, where it launches them one by one; no limit if `None`.
    pub kernels_queued: Option<u64>,
    /// Whether it multiplies all experts of a layer in one launch, rather than one after the other.
    pub groups_experts: bool,
    /// Whether each pipeline stage is a process that schedules and prepares its own passes.
    pub schedules_stages: bool,
    /// Whether mixtures of experts are run with attention data-parallel where the most output is wanted.
    pub attention_data_parallel: bool,
}

/// A common host of devices, which works on what an engine leaves in its memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host {
    /// Bandwidth of its memory in MB/s.
    pub bandwidth: u64,
    /// Peak arithmetic of its cores in GFLOP/s.
    pub arithmetic: u64,
    /// Share of the bandwidth that an engine is assumed to reach, in ten-thousandths.
    pub bandwidth_share: u64,
    /// Share of the arithmetic, in ten-thousandths.
    pub compute_share: u64,
    /// Time that each operation takes beside its work, in units of 10 ns.
    pub launch: u64,
}

/// Names of hosts in `data/calibration/hosts.json`, in the order in which they are packed.
pub const HOSTS: [&str; 2] = ["desktop", "server"];

/// Names of what is predicted, in `data/calibration/spreads.json`.
pub const METRICS: [&str; 9] = [
    "single-stream decode",
    "batched decode",
    "prefill",
    "TTFT",
    "loaded TTFT",
    "TPOT up to 32",
    "TPOT above 32",
    "static batch",
    "saturated throughput",
];

packed_struct! { static Cell { engine, before, format, memory, family, constants } }
packed_struct! {
    Schedule {
        most_requests, passes_in_flight, kernels_queued, groups_experts, schedules_stages, attention_data_parallel
    }
}
packed_struct! { Host { bandwidth, arithmetic, bandwidth_share, compute_share, launch } }
packed_struct! { Spread { engine, metric, low, high } }
