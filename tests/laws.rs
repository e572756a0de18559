//! Laws that hold for every scenario, not for examples: parts add up, nothing is lost in sharding, more is never less.

use proptest::prelude::*;
use ridgepoint_calculator::link;
use ridgepoint_calculator::options;
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::scenario::{Degree, DeviceCount, Layout, ModelChoice, Presentation, Scenario};
use ridgepoint_calculator::{charts, json, names};
use ridgepoint_core::{Engine, GgufFile, KvFormat, WeightFormat, Workload, bytes_at_context, memory, state};

fn ids(groups: Vec<options::Group>) -> Vec<String> {
    groups.into_iter().flat_map(|group| group.choices).map(|choice| choice.id).collect()
}

fn degree() -> impl Strategy<Value = Degree> {
    prop_oneof![4 => Just(Degree::Auto), 1 => (1_u64..=16).prop_map(Degree::Of)]
}

fn weights() -> impl Strategy<Value = Option<WeightFormat>> {
    let formats: Vec<_> = names::weight_formats().collect();
    proptest::option::of(proptest::sample::select(formats))
}

fn scenario() -> impl Strategy<Value = Scenario> {
    let hardware = (proptest::sample::select(ids(options::devices())), 1_u64..=64)
        .prop_map(|(id, count)| DeviceCount { id, count });
    (
        proptest::sample::select(ids(options::models())),
        proptest::collection::vec(hardware, 1..=2),
        proptest::sample::select(Engine::ALL.to_vec()),
        weights(),
        proptest::sample::select(names::KV_FORMATS.to_vec()),
        (1_u64..=4096, 1_u64..=1 << 20, 1_u64..=65_536),
        (degree(), degree(), degree(), degree()),
    )
        .prop_map(|(model, devices, engine, weights, kv, (batch, prompt_tokens, output_tokens), degrees)| {
            Scenario {
                model: ModelChoice::Catalogue(model),
                devices,
                engine,
                weights,
                kv,
                workload: Workload { batch, prompt_tokens, output_tokens },
                layout: Layout { tensor: degrees.0, pipeline: degrees.1, expert: degrees.2, data: degrees.3 },
                ..Scenario::default()
            }
        })
}

/// Memory of all devices of a report.
fn total(report: &Report) -> u64 {
    report.devices.iter().map(|device| device.memory.total().get() * device.ranks).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn parts_add_up_and_the_verdict_agrees_with_them(scenario in scenario()) {
        let report = Report::of(&scenario);
        for device in &report.devices {
            let memory = device.memory;
            let parts = memory.weights + memory.kv_cache + memory.state + memory.activations + memory.overhead;
            prop_assert_eq!(parts, memory.total());
        }
        let overfull = report.devices.iter().any(|device| device.headroom().is_some_and(|headroom| headroom < 0));
        if let Some(fits) = report.fits() {
            prop_assert_eq!(fits, !overfull);
        }
        let parameters = report.model.parameters;
        prop_assert!(parameters.active <= parameters.total());
    }

    #[test]
    fn sharding_never_loses_a_byte(scenario in scenario()) {
        let report = Report::of(&scenario);
        let held: u64 = report.devices.iter().map(|device| device.memory.weights.get() * device.ranks).sum();
        let held = held + report.model.host_weights_bytes.get();
        prop_assert!(held >= report.model.weights_bytes.get(), "{held} of {}", report.model.weights_bytes);
        let cached: u64 = report.devices.iter().map(|device| device.memory.kv_cache.get() * device.ranks).sum();
        let asked = report.model.kv_bytes_at_context.get() * scenario.workload.batch;
        prop_assert!(cached >= asked, "{cached} of {asked}");
    }

    #[test]
    fn more_work_never_takes_less_memory(scenario in scenario(), more in 1_u64..=10_000) {
        let before = total(&Report::of(&scenario));
        let workload = scenario.workload;
        for workload in [
            Workload { batch: workload.batch + more, ..workload },
            Workload { prompt_tokens: workload.prompt_tokens + more, ..workload },
            Workload { output_tokens: workload.output_tokens + more, ..workload },
        ] {
            let after = total(&Report::of(&Scenario { workload, ..scenario.clone() }));
            prop_assert!(after >= before, "{after} after {before}");
        }
    }

    #[test]
    fn more_work_never_takes_less_time(scenario in scenario(), more in 1_u64..=10_000) {
        let Some(before) = Report::of(&scenario).speed else { return Ok(()) };
        let workload = scenario.workload;
        let longer = Workload { prompt_tokens: workload.prompt_tokens + more, ..workload };
        let after = Report::of(&Scenario { workload: longer, ..scenario.clone() }).speed.expect("same devices");
        prop_assert!(after.ttft >= before.ttft);
        prop_assert!(after.decode.time >= before.decode.time);
        let larger = Workload { batch: workload.batch + more, ..workload };
        let after = Report::of(&Scenario { workload: larger, ..scenario.clone() }).speed.expect("same devices");
        prop_assert!(after.prefill.time >= before.prefill.time);
        prop_assert!(after.decode.time >= before.decode.time);
    }

    #[test]
    fn the_capacity_fits_and_one_more_does_not(scenario in scenario()) {
        let capacity = Report::of(&scenario).capacity;
        let fits = |workload| Report::of(&Scenario { workload, ..scenario.clone() }).fits();
        if let Some(batch) = capacity.max_batch {
            prop_assert_eq!(fits(Workload { batch, ..scenario.workload }), Some(true));
            if batch < link::MAX_BATCH {
                prop_assert_eq!(fits(Workload { batch: batch + 1, ..scenario.workload }), Some(false));
            }
        }
    }

    #[test]
    fn a_link_gives_the_scenario_back(scenario in scenario()) {
        let query = link::encode(&scenario, &Presentation::default());
        let read = link::decode(&query);
        prop_assert_eq!(&read.notices, &vec![]);
        prop_assert_eq!(read.scenario, scenario);
    }

    #[test]
    fn every_scenario_has_charts_and_finite_json(scenario in scenario()) {
        let report = Report::of(&scenario);
        for chart in [charts::kv_cache(&scenario), charts::roofline(&report)] {
            for axis in [&chart.x, &chart.y] {
                prop_assert!(axis.min > 0.0 && axis.min < axis.max && axis.max.is_finite(), "{}: {:?}", chart.id, axis);
            }
            let points = chart.series.iter().flat_map(|series| &series.points);
            for point in points {
                prop_assert!(point.x.is_finite() && point.y.is_finite(), "{}: {}", chart.id, point.reading);
            }
        }
        let text = json::to_string(&report, &[]);
        let read: serde_json::Value = serde_json::from_str(&text).expect("the report is JSON");
        prop_assert!(read.get("error").is_none(), "{}", text);
    }

    #[test]
    fn any_text_is_a_link(text in ".{0,200}") {
        let read = link::decode(&text);
        Report::of(&read.scenario);
    }

    #[test]
    fn any_values_are_a_link(pairs in proptest::collection::vec(("[a-z-]{1,8}", "[-+0-9a-z.:%,_ ]{0,24}"), 0..12), keys in proptest::collection::vec(0_usize..20, 12)) {
        let known = ["v", "model", "gpu", "n", "engine", "ev", "w", "kv", "batch", "in", "out", "tp", "pp", "ep", "dp", "util", "chunk", "mem", "view", "theme"];
        let query: Vec<String> = pairs
            .iter()
            .zip(keys)
            .map(|((key, value), index)| format!("{}={value}", known.get(index).copied().unwrap_or(key)))
            .collect();
        let read = link::decode(&query.join("&"));
        let report = Report::of(&read.scenario);
        prop_assert_eq!(link::decode(&report.link).scenario, read.scenario);
    }
}

#[test]
fn narrower_formats_never_take_more() {
    let order = [WeightFormat::Fp32, WeightFormat::Bf16, WeightFormat::Fp8, WeightFormat::Int4];
    let gguf = [
        GgufFile::F32,
        GgufFile::F16,
        GgufFile::Q8_0,
        GgufFile::Q6K,
        GgufFile::Q5KM,
        GgufFile::Q4KM,
        GgufFile::Q3KM,
        GgufFile::Q2K,
        GgufFile::Iq1S,
    ]
    .map(WeightFormat::Gguf);
    for entry in ridgepoint_catalog::models() {
        let model = entry.model();
        for formats in [&order[..], &gguf[..]] {
            let sizes: Vec<u64> = formats.iter().map(|&format| memory::weights(&model, format).get()).collect();
            assert!(sizes.is_sorted_by(|wider, narrower| wider >= narrower), "{}: {sizes:?}", entry.id);
        }
    }
    let caches = [KvFormat::Fp32, KvFormat::Bf16, KvFormat::Q8_0, KvFormat::Fp8, KvFormat::Q5_1, KvFormat::Q4_0];
    assert!(caches.map(|format| format.bytes(4096)).is_sorted_by(|wider, narrower| wider >= narrower));
}

#[test]
fn a_token_takes_two_operations_for_each_parameter_that_multiplies_it() {
    for entry in ridgepoint_catalog::models() {
        let query = format!("model={}&gpu=h100-sxm-80gb&in=1&out=1&w=bf16", entry.id);
        let report = Report::of(&link::decode(&query).scenario);
        let speed = report.speed.expect("an H100 is fully known");
        let model = entry.model();
        let (experts, rest) = model.multiplied_parameters();
        let visited = model.layers.all().into_iter().find_map(|(layer, _)| {
            let experts = layer.feed_forward.experts();
            (experts > 0).then(|| layer.feed_forward.active_experts() as f64 / experts as f64)
        });
        let state = model.layers.all().into_iter().filter_map(|(layer, count)| Some((layer.mixer.state()?, count)));
        let recurrent: f64 = state.map(|(state, count)| state.flops_per_token() * count as f64).sum();
        let expected = 2.0 * (rest as f64 + experts as f64 * visited.unwrap_or(0.0)) + recurrent;
        let done = speed.decode.cost().flops.get();
        // What is left is attention at a context of one or two tokens.
        assert!(done >= expected * 0.999_999 && done <= expected * 1.02, "{}: {done} against {expected}", entry.id);
    }
}

#[test]
fn a_decode_step_alone_reads_the_weights_and_the_cache_once() {
    for entry in ridgepoint_catalog::models() {
        let query = format!("model={}&gpu=h100-sxm-80gb&in=2048&out=256&w=bf16", entry.id);
        let report = Report::of(&link::decode(&query).scenario);
        let model = entry.model();
        let (experts, rest) = model.multiplied_parameters();
        let visited = model.layers.all().into_iter().find_map(|(layer, _)| {
            let experts = layer.feed_forward.experts();
            (experts > 0).then(|| layer.feed_forward.active_experts() as f64 / experts as f64)
        });
        let weights = 2.0 * (rest as f64 + experts as f64 * visited.unwrap_or(0.0));
        let cache = bytes_at_context(&model, 2048 + 128, KvFormat::Bf16).as_f64();
        let bandwidth = report.roofline().expect("an H100 is fully known").1.bandwidth;
        // A recurrent state is read and written.
        let state = 2.0 * state::bytes_per_sequence(&model).as_f64();
        let least = (weights + cache + state) / bandwidth.get();
        let step = report.speed.expect("an H100 is fully known").decode.time.get();
        // The rest is activations: one vector for each matrix, a few per cent in the smallest models.
        assert!(step >= least && step <= least * 1.06, "{}: {step} s against {least} s", entry.id);
    }
}
