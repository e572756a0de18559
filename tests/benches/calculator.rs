//! How long the calculator takes on the machine that runs it: DeepSeek-V3, 61 layers with a mixture of experts in 58 of
//! them, on 8 devices. `cargo xtask bench` runs it.

use divan::Bencher;
use ridgepoint_calculator::capacity::Capacity;
use ridgepoint_calculator::charts;
use ridgepoint_calculator::deployment::Resolved;
use ridgepoint_calculator::plan::Plan;
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::scenario::Scenario;
use ridgepoint_calculator::{grid, json, link, working};
use ridgepoint_core::Pace;
use ridgepoint_importer::{decode, read_fragment};
use ridgepoint_tests::configs::configs;
use std::hint::black_box;

const QUERY: &str = "model=deepseek-v3&gpu=h200-sxm-141gb&n=8&batch=64&in=4096&out=512";

fn main() {
    divan::main();
}

fn scenario() -> Scenario {
    link::decode(QUERY).scenario
}

/// What core computes for an estimate: the memory of a device, and the speed of light and the predicted one.
#[divan::bench]
fn core_estimate(bencher: Bencher) {
    let resolved = Resolved::of(&scenario());
    let workload = resolved.workload;
    let capacity = Capacity::of(&resolved, workload);
    let stages = resolved.stages().expect("an H200 is fully known");
    let runs = resolved.distinct_runs();
    bencher.bench_local(|| {
        let deployment = resolved.deployment(black_box(&stages), &capacity);
        let speeds = [Pace::Ideal, Pace::Predicted].map(|pace| deployment.speed(black_box(workload), pace));
        let held: Vec<_> = runs.iter().map(|run| resolved.reserve(run, workload)).collect();
        (speeds, held)
    });
}

/// The memory of a device alone.
#[divan::bench]
fn core_memory(bencher: Bencher) {
    let resolved = Resolved::of(&scenario());
    let run = resolved.distinct_runs().remove(0);
    bencher.bench_local(|| resolved.reserve(black_box(&run), resolved.workload));
}

/// One of the two speeds alone.
#[divan::bench]
fn core_speed(bencher: Bencher) {
    let resolved = Resolved::of(&scenario());
    let capacity = Capacity::of(&resolved, resolved.workload);
    let stages = resolved.stages().expect("an H200 is fully known");
    let deployment = resolved.deployment(&stages, &capacity);
    bencher.bench_local(|| deployment.speed(black_box(resolved.workload), Pace::Predicted));
}

/// The largest batch and the longest context.
#[divan::bench]
fn capacity(bencher: Bencher) {
    let resolved = Resolved::of(&scenario());
    bencher.bench_local(|| Capacity::of(black_box(&resolved), resolved.workload));
}

/// Everything that there is to say, answers backwards included.
#[divan::bench]
fn report(bencher: Bencher) {
    let scenario = scenario();
    bencher.bench_local(|| Report::of(black_box(&scenario)));
}

/// From a report to JSON.
#[divan::bench]
fn report_to_json(bencher: Bencher) {
    let report = Report::of(&scenario());
    bencher.bench_local(|| json::to_string(black_box(&report), &[]));
}

/// Every layout of as many devices.
#[divan::bench(args = [8, 16, 64])]
fn plan(bencher: Bencher, devices: u64) {
    let mut scenario = scenario();
    scenario.devices.iter_mut().for_each(|device| device.count = devices);
    bencher.bench_local(|| Plan::of(black_box(&scenario)));
}

#[divan::bench]
fn chart_of_the_cache(bencher: Bencher) {
    let scenario = scenario();
    bencher.bench_local(|| charts::kv_cache(black_box(&scenario)));
}

#[divan::bench]
fn chart_of_the_roofline(bencher: Bencher) {
    let report = Report::of(&scenario());
    bencher.bench_local(|| charts::roofline(black_box(&report)));
}

#[divan::bench]
fn chart_of_serving(bencher: Bencher) {
    let scenario = scenario();
    let report = Report::of(&scenario);
    bencher.bench_local(|| charts::serving(black_box(&scenario), &report));
}

#[divan::bench]
fn chart_of_first_tokens(bencher: Bencher) {
    let scenario = scenario();
    let report = Report::of(&scenario);
    bencher.bench_local(|| charts::first_token(black_box(&scenario), &report));
}

#[divan::bench]
fn grid_of_formats(bencher: Bencher) {
    let scenario = scenario();
    bencher.bench_local(|| grid::of(black_box(&scenario)));
}

#[divan::bench]
fn workings(bencher: Bencher) {
    let scenario = scenario();
    bencher.bench_local(|| working::of(black_box(&scenario)));
}

#[divan::bench]
fn link_to_scenario(bencher: Bencher) {
    bencher.bench_local(|| decode(black_box(QUERY)));
}

/// A link that carries a model of its own.
#[divan::bench]
fn link_with_a_model(bencher: Bencher) {
    let model = ridgepoint_importer::read_config(&configs()["deepseek-v3"], None).expect("a configuration");
    bencher.bench_local(|| read_fragment(black_box(model.fragment())));
}
