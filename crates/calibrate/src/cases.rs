//! Published measurements, and which of them the fit may see.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ridgepoint_calculator::capacity::Capacity;
use ridgepoint_calculator::deployment::Resolved;
use ridgepoint_calculator::link;
use ridgepoint_calculator::report::saturating_batch;
use ridgepoint_catalog::Metric;
use ridgepoint_catalog::calibration::Kind;
use ridgepoint_core::{Calibrated, Efficiency, Pace, Speed, Workload};
use serde::Deserialize;

/// One sweep in this many is kept from the fit.
const ONE_IN: u64 = 5;

#[derive(Deserialize)]
struct File {
    fields: BTreeMap<String, String>,
    sources: Vec<String>,
    cases: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    query: String,
    group: String,
    measured: f64,
    source: usize,
}

/// A measurement with the scenario that it was made in.
pub(crate) struct Case {
    pub(crate) query: String,
    pub(crate) group: String,
    pub(crate) source: String,
    pub(crate) measured: f64,
    pub(crate) kind: Kind,
    pub(crate) metric: Metric,
    /// Whether the fit must not see it.
    pub(crate) is_validation: bool,
    field: Field,
    workload: Workload,
    saturating: Option<u64>,
    resolved: Resolved,
    capacity: Capacity,
    stages: Vec<Vec<Calibrated>>,
}

/// What was measured: a field of the report.
#[derive(Clone, Copy)]
enum Field {
    DecodeStep,
    PrefillRate,
    Ttft,
    LoadedTtft,
    Tpot,
    OutputRate,
    StaticBatch,
    SaturatedRate,
}

/// Reads every case.
pub(crate) fn read(path: &Path) -> Result<Vec<Case>, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let file: File = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let File { fields, sources, cases } = file;
    cases.into_iter().map(|entry| case(entry, &fields, &sources)).collect()
}

fn case(entry: Entry, fields: &BTreeMap<String, String>, sources: &[String]) -> Result<Case, String> {
    let Entry { query, group, measured, source } = entry;
    let read = link::decode(&query);
    if let Some(notice) = read.notices.first() {
        return Err(format!("{query}: {notice}"));
    }
    let field = match fields.get(&group).map(String::as_str) {
        Some("latency.decode_step_s") => Field::DecodeStep,
        Some("throughput.prefill_tokens_per_s") => Field::PrefillRate,
        Some("latency.ttft_s") => Field::Ttft,
        Some("latency.ttft_loaded_s") => Field::LoadedTtft,
        Some("latency.tpot_s") => Field::Tpot,
        Some("throughput.output_tokens_per_s") => Field::OutputRate,
        Some("latency.static_batch_s") => Field::StaticBatch,
        Some("throughput.max_output_tokens_per_s") => Field::SaturatedRate,
        Some(_) | None => return Err(format!("{group}: no such group")),
    };
    let scenario = read.scenario;
    let workload = scenario.workload;
    let resolved = Resolved::of(&scenario).as_run();
    let (device, _) = *resolved.devices.first().ok_or("a scenario has devices")?;
    let stages = resolved.stages().ok_or_else(|| format!("{query}: the device lacks a figure"))?;
    let capacity = Capacity::of(&resolved, workload);
    let metric = match field {
        Field::DecodeStep if workload.batch <= 1 => Metric::SingleStreamDecode,
        Field::DecodeStep => Metric::BatchedDecode,
        Field::PrefillRate => Metric::Prefill,
        Field::Ttft => Metric::Ttft,
        Field::LoadedTtft => Metric::LoadedTtft,
        Field::Tpot | Field::OutputRate if workload.batch <= 32 => Metric::TpotUpTo32,
        Field::Tpot | Field::OutputRate => Metric::TpotAbove32,
        Field::StaticBatch => Metric::StaticBatch,
        Field::SaturatedRate => Metric::SaturatedThroughput,
    };
    Ok(Case {
        kind: resolved.kind(device),
        is_validation: hash(&sweep(&query)).is_multiple_of(ONE_IN),
        saturating: saturating_batch(&resolved, &capacity),
        source: sources.get(source).cloned().ok_or_else(|| format!("{query}: no such source"))?,
        query,
        group,
        measured,
        metric,
        field,
        workload,
        resolved,
        capacity,
        stages,
    })
}

impl Case {
    /// Whether it is a rate whose interval is that of a time.
    pub(crate) fn is_inverse_of_time(&self) -> bool {
        match self.field {
            Field::PrefillRate | Field::OutputRate => true,
            Field::DecodeStep
            | Field::Ttft
            | Field::LoadedTtft
            | Field::Tpot
            | Field::StaticBatch
            | Field::SaturatedRate => false,
        }
    }

    /// What `efficiency` predicts.
    pub(crate) fn predict(&self, efficiency: Efficiency) -> Option<f64> {
        let calibrated = |device: &Calibrated| Calibrated { efficiency, ..*device };
        let stages: Vec<Vec<Calibrated>> =
            self.stages.iter().map(|devices| devices.iter().map(calibrated).collect()).collect();
        let deployment = self.resolved.deployment(&stages, &self.capacity);
        if let Field::SaturatedRate = self.field {
            let workload = Workload { batch: self.saturating?, ..self.workload };
            return deployment.saturated_output(workload, Pace::Predicted).map(|rate| rate.get());
        }
        let Speed { ttft, ttft_loaded, tpot, static_batch, output, prompt, decode, .. } =
            deployment.speed(self.workload, Pace::Predicted)?;
        Some(match self.field {
            Field::DecodeStep => decode.time.get(),
            Field::PrefillRate => prompt.get(),
            Field::Ttft => ttft.get(),
            Field::LoadedTtft => ttft_loaded.get(),
            Field::Tpot => tpot.get(),
            Field::OutputRate | Field::SaturatedRate => output.get(),
            Field::StaticBatch => static_batch.get(),
        })
    }
}

/// What neighbours of one sweep share: everything but the load.
fn sweep(query: &str) -> String {
    let is_load = |pair: &&str| ["batch=", "in=", "out=", "kv="].iter().any(|key| pair.starts_with(key));
    query.split('&').filter(|pair| !is_load(pair)).collect::<Vec<_>>().join("&")
}

/// FNV-1a with a last mixing step (Fowler, Noll, Vo; MurmurHash3's finaliser): the same on every machine.
fn hash(text: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}
