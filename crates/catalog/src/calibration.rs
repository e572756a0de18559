//! What engines make of devices, fitted on published measurements.
//!
//! `cargo xtask calibrate` writes `data/calibration/*.json`; the build checks and packs them.

use ridgepoint_core::{
    Accelerator, Arithmetic, Bytes, BytesPerSecond, Calibrated, ComputePrecision, Efficiency, Engine, FlopsPerSecond,
    Interconnect, Peaks, Seconds,
};

use crate::catalogue::catalogue;
pub use crate::cell::{CONSTANTS, Cell, HOSTS, Host, Kind, METRICS, Schedule, Spread};
use crate::device::{Device, DeviceClass};

/// How close to a scenario the measurements are that its constants come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// This engine with this kind of weights on this family of devices.
    Family,
    /// This engine on other devices.
    Engine,
    /// Other engines.
    None,
}

/// What is predicted, as far as the spread of measurements around it differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the documentation")]
pub enum Metric {
    SingleStreamDecode,
    BatchedDecode,
    Prefill,
    Ttft,
    LoadedTtft,
    TpotUpTo32,
    TpotAbove32,
    StaticBatch,
    SaturatedThroughput,
}

/// What calibration looks at in a scenario.
pub fn kind(engine: Engine, version: Option<&str>, arithmetic: Arithmetic, device: &Device) -> Kind {
    let format = match arithmetic {
        Arithmetic::Native(ComputePrecision::Fp32 | ComputePrecision::Fp16 | ComputePrecision::Bf16) => 0,
        Arithmetic::Native(ComputePrecision::Fp8 | ComputePrecision::Int8) => 1,
        Arithmetic::Native(ComputePrecision::Fp4) => 2,
        Arithmetic::WeightOnly => 3,
    };
    let memory = match device.memory.kind {
        Some(kind) if kind.starts_with("HBM") => 0,
        Some(kind) if kind.starts_with("GDDR") => match device.class {
            DeviceClass::ConsumerGpu | DeviceClass::LaptopGpu => 1,
            DeviceClass::DatacenterGpu
            | DeviceClass::WorkstationGpu
            | DeviceClass::AppleSilicon
            | DeviceClass::AiAccelerator
            | DeviceClass::Tpu
            | DeviceClass::Edge
            | DeviceClass::Cpu => 2,
        },
        Some(_) | None => 3,
    };
    let family = family(device.architecture);
    Kind { engine: engine as u8, version: version.and_then(release), format, memory, family }
}

/// The family of an architecture: its first word, or the generation of an Apple GPU, which is another design with M3 and
/// again with M5 (Apple7 and Apple8, Apple9, Apple10 in developer.apple.com/metal/Metal-Feature-Set-Tables.pdf).
fn family(architecture: &'static str) -> &'static str {
    let mut words = architecture.split(' ');
    match (words.next().unwrap_or_default(), words.next()) {
        ("Apple", Some("M1" | "M2")) => "Apple7",
        ("Apple", Some("M3" | "M4")) => "Apple9",
        ("Apple", Some("M5")) => "Apple10",
        (first, _) => first,
    }
}

/// A version as `1000 x major + minor`: 9 of "0.9.1". Builds of llama.cpp ("b10644") are not ordered like that.
fn release(version: &str) -> Option<u64> {
    let mut parts = version.trim_start_matches('v').split('.').map(|part| part.parse::<u64>().ok());
    let (major, minor) = (parts.next()??, parts.next().flatten().unwrap_or(0));
    Some(major.saturating_mul(1000).saturating_add(minor))
}

/// How an engine schedules unless told otherwise.
///
/// ```
/// # use ridgepoint_catalog::calibration::schedule;
/// # use ridgepoint_core::Engine;
/// // Copies of the inputs of a pass: GGML_SCHED_MAX_COPIES.
/// assert_eq!(schedule(Engine::LlamaCpp).passes_in_flight, Some(4));
/// ```
pub fn schedule(engine: Engine) -> Schedule {
    catalogue().schedules[engine as usize]
}

/// The processor and memory of the host that a device usually has: a server's or a desktop's. Its figures are those of
/// one common machine, and the shares that an engine reaches of them are assumed.
///
/// ```
/// # use ridgepoint_catalog::{DeviceClass, calibration::host};
/// // Two channels of DDR5-5600: 2 x 8 B x 5.6 GT/s.
/// assert_eq!(host(DeviceClass::ConsumerGpu).accelerator.bandwidth.get(), 89.6e9);
/// ```
pub fn host(class: DeviceClass) -> Calibrated {
    let place = match class {
        DeviceClass::DatacenterGpu | DeviceClass::AiAccelerator | DeviceClass::Tpu => 1,
        DeviceClass::WorkstationGpu
        | DeviceClass::ConsumerGpu
        | DeviceClass::LaptopGpu
        | DeviceClass::AppleSilicon
        | DeviceClass::Edge
        | DeviceClass::Cpu => 0,
    };
    let host = catalogue().hosts[place];
    let peak = Some(FlopsPerSecond::new(host.arithmetic as f64 * 1e9));
    let share = |stored: u64| stored as f64 / 1e4;
    Calibrated {
        accelerator: Accelerator {
            nominal_memory: Bytes::ZERO,
            usable_memory: Bytes::ZERO,
            bandwidth: BytesPerSecond::new(host.bandwidth as f64 * 1e6),
            // Whatever the format, the cores multiply in 32 bit.
            peaks: Peaks { fp32: peak, bf16: peak, ..Peaks::default() },
            interconnect: Interconnect { scale_up: None, host: None },
        },
        efficiency: Efficiency {
            compute: share(host.compute_share),
            attention: share(host.compute_share),
            bandwidth: share(host.bandwidth_share),
            cache: share(host.bandwidth_share),
            launch: Seconds::new(host.launch as f64 / 1e8),
            ..Efficiency::IDEAL
        },
    }
}

/// The constants of the narrowest cell that speaks of `kind`, and how narrow that is.
pub fn efficiency(kind: &Kind) -> (Efficiency, Evidence) {
    let cells = &catalogue().cells;
    // The cells stand in the order of the data: the narrowest first.
    cells.iter().find(|cell| cell.matches(kind)).map_or((Efficiency::IDEAL, Evidence::None), |cell| {
        let evidence = match (cell.family, cell.engine) {
            (Some(_), _) => Evidence::Family,
            (None, Some(_)) => Evidence::Engine,
            (None, None) => Evidence::None,
        };
        (cell.efficiency(), evidence)
    })
}

/// The spread of measurements around predictions of `metric` by `engine`, as factors on the prediction: 80 % of the
/// measurements lie between them. Twice as wide where the constants come from other devices.
pub fn spread(engine: Engine, metric: Metric, evidence: Evidence) -> (f64, f64) {
    let is_it =
        |spread: &&Spread| spread.metric == metric as u8 && spread.engine.is_none_or(|known| known == engine as u8);
    let found = catalogue().spreads.iter().find(is_it);
    let (low, high) = found.map_or((0.5, 2.0), |spread| (spread.low as f64 / 1e3, spread.high as f64 / 1e3));
    match evidence {
        Evidence::Family => (low, high),
        Evidence::Engine | Evidence::None => (low * low, high * high),
    }
}
