//! Published measurements, and which of them the fit may see.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ridgepoint_calculator::capacity::Capacity;
use ridgepoint_calculator::deployment::Resolved;
use ridgepoint_calculator::saturation::Saturated;
use ridgepoint_calculator::{link, names};
use ridgepoint_catalog::Metric;
use ridgepoint_catalog::calibration::Kind;
use ridgepoint_core::{Calibrated, Deployment, Efficiency, Feed, OnHost, Pace, Tokens, Workload, tokens_per_second};
use serde::Deserialize;

/// Parts into which sweeps fall by a hash of what they share.
pub(crate) const FOLDS: u64 = 5;

/// The part that is kept from the fit of the published constants.
pub(crate) const HELD_OUT: u64 = 0;

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
    /// Which of the [`FOLDS`] parts of the measurements it is in.
    pub(crate) fold: u64,
    field: Field,
    workload: Workload,
    layout: Resolved,
    stages: Vec<Vec<Calibrated>>,
    tokens_per_pass: Tokens,
    feed: Feed,
    groups_experts: bool,
    schedules_stages: bool,
    host: Option<OnHost>,
    most_sequences: u64,
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
    let mut workload = scenario.workload;
    let mut layout = Resolved::of(&scenario).as_run();
    let mut capacity = Capacity::of(&layout, workload);
    let (device, _) = *layout.devices.first().ok_or("a scenario has devices")?;
    if let Field::SaturatedRate = field {
        let saturated = Saturated::elsewhere(&scenario, &layout).or_else(|| Saturated::of(&layout, capacity));
        let saturated = saturated.ok_or_else(|| format!("{query}: not one sequence fits"))?;
        Saturated { layout, capacity, workload } = saturated;
    }
    let stages = layout.stages().ok_or_else(|| format!("{query}: the device lacks a figure"))?;
    let Deployment { tokens_per_pass, feed, groups_experts, schedules_stages, host, most_sequences, .. } =
        layout.deployment(&[], &capacity);
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
        kind: layout.kind(device),
        fold: hash(&sweep(&query)) % FOLDS,
        source: sources.get(source).cloned().ok_or_else(|| format!("{query}: no such source"))?,
        query,
        group,
        measured,
        metric,
        field,
        workload,
        layout,
        stages,
        tokens_per_pass,
        feed,
        groups_experts,
        schedules_stages,
        host,
        most_sequences,
    })
}

impl Case {
    /// What it was measured on, in a few words.
    pub(crate) fn label(&self) -> String {
        let Resolved { runtime: (engine, version), model_name, devices, .. } = &self.layout;
        let mut label = names::engine(*engine).label.to_owned();
        label.extend(version.iter().flat_map(|version| [" ", version]));
        let devices = devices.iter().map(|(device, count)| match count {
            1 => device.name.to_owned(),
            count => format!("{count} x {}", device.name),
        });
        let devices = devices.collect::<Vec<_>>().join(" and ");
        format!("{label}, {model_name}, {devices}")
    }

    /// Whether it is measured in tokens per second.
    pub(crate) fn is_rate(&self) -> bool {
        match self.field {
            Field::PrefillRate | Field::OutputRate | Field::SaturatedRate => true,
            Field::DecodeStep | Field::Ttft | Field::LoadedTtft | Field::Tpot | Field::StaticBatch => false,
        }
    }

    /// Whether the fit of the published constants must not see it.
    pub(crate) fn is_validation(&self) -> bool {
        self.fold == HELD_OUT
    }

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

    /// Its layout, without devices.
    fn deployment(&self) -> Deployment<'_> {
        Deployment {
            model: &self.layout.model,
            numerics: self.layout.numerics,
            spans: &self.layout.spans,
            stages: &[],
            parallelism: self.layout.parallelism,
            tokens_per_pass: self.tokens_per_pass,
            feed: self.feed,
            groups_experts: self.groups_experts,
            schedules_stages: self.schedules_stages,
            host: self.host,
            most_sequences: self.most_sequences,
            cached_share: 0.0,
            draft: None,
        }
    }

    /// What `efficiency` predicts.
    pub(crate) fn predict(&self, efficiency: Efficiency) -> Option<f64> {
        let calibrated = |device: &Calibrated| Calibrated { efficiency, ..*device };
        let stages: Vec<Vec<Calibrated>> =
            self.stages.iter().map(|devices| devices.iter().map(calibrated).collect()).collect();
        let deployment = Deployment { stages: &stages, ..self.deployment() };
        let speed = || deployment.speed(self.workload, Pace::Predicted);
        let Workload { batch, prompt_tokens, .. } = self.workload;
        let sequences = batch.div_ceil(self.layout.parallelism.data.max(1));
        // Half of the measurements need one kind of pass only, and the fit asks for each a hundred times.
        Some(match self.field {
            Field::DecodeStep => deployment.decode_step(sequences, self.workload, Pace::Predicted)?.time.get(),
            Field::PrefillRate => {
                let prefill = deployment.prefill(sequences, prompt_tokens, Pace::Predicted)?;
                tokens_per_second((batch * prompt_tokens) as f64, prefill.time).get()
            }
            Field::Ttft => speed()?.ttft.get(),
            Field::LoadedTtft => speed()?.ttft_loaded.get(),
            Field::Tpot => speed()?.tpot.get(),
            Field::OutputRate => speed()?.output.get(),
            Field::StaticBatch => deployment.static_batch(self.workload, Pace::Predicted)?.get(),
            Field::SaturatedRate => deployment.saturated_output(self.workload, Pace::Predicted)?.get(),
        })
    }
}

/// What neighbours of one sweep share: everything but the load.
pub(crate) fn sweep(query: &str) -> String {
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
