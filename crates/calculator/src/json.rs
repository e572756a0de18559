//! The report for programs: schema 1, SI bytes and seconds as plain numbers.
//!
//! Plans and lists have views of their own below. Scripts read exactly these fields. What this version does not compute is null, never absent and never invented.

mod extras;
mod lists;
mod plans;

use std::collections::BTreeMap;

use ridgepoint_catalog::Metric;
use ridgepoint_core::{Bytes, Component, Engine, Parallelism, PassTime, Seconds, Speed, TokensPerSecond};
use serde::{Serialize, Serializer};

use crate::fixes;
use crate::ink::Ink;
use crate::link::Notice;
use crate::names;
use crate::prediction::Predicted;
use crate::report::{self, DeviceReport, Report};

pub use lists::{candidates, choices};
pub use plans::plan;

/// The whole report as JSON, on one line.
pub fn to_string(report: &Report, notices: &[Notice]) -> String {
    serde_json::to_string(&view(report, notices)).unwrap_or_else(|error| failure(&error.to_string()))
}

/// The whole report as JSON, indented.
pub fn to_string_pretty(report: &Report, notices: &[Notice]) -> String {
    serde_json::to_string_pretty(&view(report, notices)).unwrap_or_else(|error| failure(&error.to_string()))
}

/// What stands in the place of a report that cannot be made.
pub fn failure(message: &str) -> String {
    serde_json::json!({ "error": message }).to_string()
}

#[derive(Serialize)]
struct View<'a> {
    schema: u32,
    link: &'a str,
    model: Model<'a>,
    memory: Memory<'a>,
    capacity: Capacity,
    latency: Latency,
    throughput: Throughput,
    roofline: RooflineView,
    parallelism: Layout,
    extras: Option<extras::Extras<'a>>,
    warnings: Vec<String>,
    notices: Vec<String>,
}

#[derive(Serialize)]
struct Model<'a> {
    id: &'a str,
    name: &'a str,
    parameters: Parameters,
    components: Components,
    mtp_parameters: u64,
    kv_bytes_per_token: u64,
    kv_bytes_at_context: u64,
    state_bytes_per_sequence: u64,
    weights_bytes: u64,
}

#[derive(Serialize)]
struct Parameters {
    total: u64,
    active: u64,
    embedding: u64,
    lm_head: u64,
    attention: u64,
    mlp: u64,
    routed_experts: u64,
    shared_experts: u64,
    router: u64,
    norms: u64,
    other: u64,
}

/// Parameters of every component, those that [`Parameters`] sums up as others included.
struct Components(ridgepoint_core::Parameters);

impl Serialize for Components {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(Component::ALL.map(|part| (names::component(part).id, self.0.of(part))))
    }
}

#[derive(Serialize)]
struct Memory<'a> {
    fits: Option<bool>,
    minimum_bytes: u64,
    devices: Vec<Device<'a>>,
    shortfall: Option<Shortfall<'a>>,
    fixes: Vec<Fix<'a>>,
}

/// What keeps it from fitting: the device that lacks most, and what takes most of that.
#[derive(Serialize)]
struct Shortfall<'a> {
    bytes: u64,
    id: &'a str,
    rank: u64,
    component: &'static str,
    component_bytes: u64,
}

#[derive(Serialize)]
struct Device<'a> {
    id: &'a str,
    rank: u64,
    nominal_bytes: Option<u64>,
    usable_bytes: Option<u64>,
    weights_bytes: u64,
    kv_cache_bytes: u64,
    state_bytes: u64,
    activation_bytes: u64,
    overhead_bytes: u64,
    total_bytes: u64,
    headroom_bytes: Option<i64>,
    components: BTreeMap<&'static str, u64>,
}

/// A change that makes it fit.
#[derive(Serialize)]
struct Fix<'a> {
    change: &'a str,
    query: &'a str,
    headroom_bytes: i64,
}

#[derive(Serialize)]
struct Capacity {
    kv_cache_bytes: Option<u64>,
    kv_cache_tokens: Option<u64>,
    max_concurrency: Option<f64>,
    max_context_tokens: Option<u64>,
    max_batch: Option<u64>,
    min_devices: Option<u64>,
    best_weights: Option<&'static str>,
    best_kv: Option<&'static str>,
    best_formats: Option<Formats>,
}

/// A format of the weights with one of the KV cache.
#[derive(Serialize)]
struct Formats {
    weights: &'static str,
    kv: &'static str,
}

/// A prediction with its interval, and the speed of light.
#[derive(Serialize)]
struct Figure {
    value: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    ideal: Option<f64>,
}

impl Figure {
    fn of(predicted: Option<Predicted>, ideal: Option<f64>) -> Self {
        Self {
            value: predicted.map(|predicted| predicted.value),
            low: predicted.map(|predicted| predicted.low),
            high: predicted.map(|predicted| predicted.high),
            ideal,
        }
    }
}

#[derive(Serialize)]
struct Latency {
    ttft_s: Figure,
    ttft_loaded_s: Figure,
    tpot_s: Figure,
    e2e_s: Figure,
    prefill_s: Figure,
    decode_step_s: Figure,
    static_batch_s: Figure,
}

#[derive(Serialize)]
struct Throughput {
    output_tokens_per_s: Figure,
    output_tokens_per_s_per_device: Figure,
    tokens_per_s_per_user: Figure,
    prefill_tokens_per_s: Figure,
    max_output_tokens_per_s: Figure,
    requests_per_s: Figure,
}

#[derive(Serialize)]
struct RooflineView {
    ridge_flop_per_byte: Option<f64>,
    phases: Vec<Phase>,
}

#[derive(Serialize)]
struct Phase {
    phase: String,
    intensity: Option<f64>,
    attainable_flop_per_s: Option<f64>,
    bound: &'static str,
    predicted_time_s: Option<f64>,
    predicted_step_s: Option<f64>,
    predicted_sequences_s: Option<f64>,
    operations: Vec<Operation>,
}

#[derive(Serialize)]
struct Operation {
    name: &'static str,
    count: u64,
    flops: f64,
    bytes: u64,
    intensity: Option<f64>,
    time_s: f64,
    predicted_time_s: Option<f64>,
    bound: &'static str,
}

#[derive(Serialize)]
struct Layout {
    tp: u64,
    pp: u64,
    ep: u64,
    dp: u64,
}

fn view<'a>(report: &'a Report, notices: &[Notice]) -> View<'a> {
    View {
        schema: 1,
        link: &report.link,
        model: model(report),
        memory: Memory {
            fits: report.fits(),
            minimum_bytes: report.minimum().get(),
            devices: report.devices.iter().flat_map(|run| devices(run, report.engine)).collect(),
            shortfall: report.shortfall().map(shortfall),
            fixes: report.fixes.iter().map(fix).collect(),
        },
        capacity: capacity(report),
        latency: latency(report),
        throughput: throughput(report),
        roofline: roofline(report),
        parallelism: layout(report.parallelism),
        extras: extras::of(report),
        warnings: report.warnings.iter().map(ToString::to_string).collect(),
        notices: notices.iter().map(ToString::to_string).collect(),
    }
}

fn model(report: &Report) -> Model<'_> {
    let model = &report.model;
    let count = |component| model.parameters.of(component);
    let other = [Component::Mixer, Component::Vision, Component::Audio, Component::Projector, Component::Other];
    Model {
        id: &model.id,
        name: &model.name,
        parameters: Parameters {
            total: model.parameters.total(),
            active: model.parameters.active,
            embedding: count(Component::Embedding),
            lm_head: count(Component::Head),
            attention: count(Component::Attention),
            mlp: count(Component::DenseMlp),
            routed_experts: count(Component::RoutedExperts),
            shared_experts: count(Component::SharedExperts),
            router: count(Component::Router),
            norms: count(Component::Norms),
            other: other.into_iter().map(count).fold(0, u64::saturating_add),
        },
        components: Components(model.parameters),
        mtp_parameters: model.mtp_parameters,
        kv_bytes_per_token: model.kv_bytes_per_token.get(),
        kv_bytes_at_context: model.kv_bytes_at_context.get(),
        state_bytes_per_sequence: model.state_bytes_per_sequence.get(),
        weights_bytes: model.weights_bytes.get(),
    }
}

/// One entry for each rank of a run.
fn devices(run: &DeviceReport, engine: Engine) -> impl Iterator<Item = Device<'_>> {
    let memory = run.memory;
    (0..run.ranks).map(move |offset| Device {
        id: run.id,
        rank: run.first_rank + offset,
        nominal_bytes: run.room.map(|room| room.nominal.get()),
        usable_bytes: run.room.map(|room| room.usable.get()),
        weights_bytes: memory.weights.get(),
        kv_cache_bytes: memory.kv_cache.get(),
        state_bytes: memory.state.get(),
        activation_bytes: memory.activations.get(),
        overhead_bytes: memory.overhead.total().get(),
        total_bytes: memory.total().get(),
        headroom_bytes: run.headroom(),
        components: names::overhead(engine, memory.overhead)
            .into_iter()
            .chain([(names::activations(engine), memory.activations)])
            .map(|(name, bytes)| (name, bytes.get()))
            .collect(),
    })
}

fn shortfall(shortfall: report::Shortfall<'_>) -> Shortfall<'_> {
    let report::Shortfall { device, missing, largest: (component, bytes) } = shortfall;
    Shortfall {
        bytes: missing.get(),
        id: device.id,
        rank: device.first_rank,
        component: component.id,
        component_bytes: bytes.get(),
    }
}

fn fix(fix: &fixes::Fix) -> Fix<'_> {
    Fix { change: &fix.change, query: &fix.query, headroom_bytes: fix.headroom }
}

fn capacity(report: &Report) -> Capacity {
    let capacity = report.capacity;
    Capacity {
        kv_cache_bytes: capacity.kv_cache.map(Bytes::get),
        kv_cache_tokens: capacity.kv_cache_tokens,
        max_concurrency: capacity.max_concurrency,
        max_context_tokens: capacity.max_context_tokens,
        max_batch: capacity.max_batch,
        min_devices: capacity.min_devices,
        best_weights: capacity.best_weights.map(|format| names::weight_format(format).id),
        best_kv: capacity.best_kv.map(|format| names::kv_format(format).id),
        best_formats: capacity.best_formats.map(|formats| Formats {
            weights: names::weight_format(formats.weights).id,
            kv: names::kv_format(formats.kv).id,
        }),
    }
}

fn latency(report: &Report) -> Latency {
    let speed = report.speed.as_ref();
    let figure = |metric, time: fn(&Speed) -> Seconds| {
        Figure::of(report.predicted_time(metric, time), speed.map(|speed| time(speed).get()))
    };
    // An encoder only reads.
    let writing = |metric, time| if report.writes() { figure(metric, time) } else { Figure::of(None, None) };
    Latency {
        ttft_s: figure(Metric::Ttft, |speed| speed.ttft),
        ttft_loaded_s: figure(Metric::LoadedTtft, |speed| speed.ttft_loaded),
        tpot_s: writing(report.tpot_metric(), |speed| speed.tpot),
        e2e_s: writing(report.tpot_metric(), |speed| speed.end_to_end),
        prefill_s: figure(Metric::Prefill, |speed| speed.prefill_batch),
        decode_step_s: writing(report.decode_metric(), |speed| speed.decode.time),
        static_batch_s: writing(Metric::StaticBatch, |speed| speed.static_batch),
    }
}

fn throughput(report: &Report) -> Throughput {
    let figure = |metric, rate: fn(&Speed) -> TokensPerSecond, share: f64| {
        let predicted = report.predicted_rate(metric, |speed| rate(speed).get() * share);
        Figure::of(predicted, report.speed.as_ref().map(|speed| rate(speed).get() * share))
    };
    let prefill_tokens_per_s = figure(Metric::Prefill, |speed| speed.prompt, 1.0);
    if !report.writes() {
        let none = || Figure::of(None, None);
        return Throughput {
            output_tokens_per_s: none(),
            output_tokens_per_s_per_device: none(),
            tokens_per_s_per_user: none(),
            prefill_tokens_per_s,
            max_output_tokens_per_s: none(),
            requests_per_s: none(),
        };
    }
    let tpot = report.tpot_metric();
    Throughput {
        output_tokens_per_s: figure(tpot, |speed| speed.output, 1.0),
        output_tokens_per_s_per_device: figure(tpot, |speed| speed.output, 1.0 / report.device_count().max(1) as f64),
        tokens_per_s_per_user: figure(tpot, |speed| speed.per_user, 1.0),
        prefill_tokens_per_s,
        max_output_tokens_per_s: Figure::of(
            report.predicted_saturation(),
            report.saturated_output.map(TokensPerSecond::get),
        ),
        requests_per_s: figure(tpot, |speed| speed.output, 1.0 / report.workload.output_tokens as f64),
    }
}

fn roofline(report: &Report) -> RooflineView {
    let ridge = report.roofline();
    let phase = |(name, ink, pass): (&str, Ink, &PassTime)| {
        let predicted = report.predicted_parts(ink);
        let part = |time: fn(&PassTime) -> Seconds| predicted.map(|pass| time(pass).get());
        let intensity = pass.cost().intensity();
        Phase {
            phase: name.to_ascii_lowercase(),
            intensity: intensity.map(|intensity| intensity.get()),
            attainable_flop_per_s: ridge
                .zip(intensity)
                .map(|((_, roofline), intensity)| roofline.attainable(intensity).get()),
            bound: names::bound(pass.bound()).id,
            predicted_time_s: part(|pass| pass.time),
            predicted_step_s: part(|pass| pass.step),
            predicted_sequences_s: part(|pass| pass.per_sequence),
            operations: operations(pass, predicted),
        }
    };
    RooflineView {
        ridge_flop_per_byte: ridge.map(|(_, roofline)| roofline.ridge_point().get()),
        phases: report.phases().into_iter().rev().map(phase).collect(),
    }
}

fn operations(pass: &PassTime, predicted: Option<&PassTime>) -> Vec<Operation> {
    let view = |timed: &ridgepoint_core::TimedOperation| {
        let cost = timed.operation.cost;
        Operation {
            name: names::operation(timed.operation.kind).id,
            count: timed.operation.count,
            flops: cost.flops.get(),
            bytes: (cost.traffic + cost.communication).get(),
            intensity: cost.intensity().map(|intensity| intensity.get()),
            time_s: timed.time.get(),
            predicted_time_s: predicted.and_then(|pass| pass.time_of(timed.operation)).map(Seconds::get),
            bound: names::bound(timed.bound).id,
        }
    };
    pass.operations.iter().map(view).collect()
}

const fn layout(parallelism: Parallelism) -> Layout {
    let Parallelism { tensor, pipeline, expert, data, .. } = parallelism;
    Layout { tp: tensor, pp: pipeline, ep: expert, dp: data }
}
