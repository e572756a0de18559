//! Laws that hold for every scenario, not for examples: parts add up, nothing is lost in sharding, more is never less.

mod scenarios;

use proptest::prelude::*;
use ridgepoint_calculator::capacity::{Capacity, with_context};
use ridgepoint_calculator::deployment::Resolved;
use ridgepoint_calculator::link;
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::scenario::{Degree, DeviceCount, Layout, Presentation, Scenario, Settings};
use ridgepoint_calculator::{charts, json};
use ridgepoint_catalog::calibration;
use ridgepoint_core::{
    Accelerator, Calibrated, Engine, FlopsPerSecond, GgufFile, KvFormat, Pace, Peaks, Speed, Stack, WeightFormat,
    Workload, bytes_at_context, memory, state,
};
use scenarios::scenario;
use serde_json::Value;

/// Memory of all devices of a report.
fn total(report: &Report) -> u64 {
    report.devices.iter().map(|device| device.memory.total().get() * device.ranks).sum()
}

/// Predicted speeds on the scenario's devices and on devices that are changed. `None` where a figure is not known.
fn predicted_with(scenario: &Scenario, change: impl Fn(&mut Accelerator)) -> Option<(Speed, Speed)> {
    let resolved = Resolved::of(scenario);
    let capacity = Capacity::of(&resolved, scenario.workload);
    let stages = resolved.stages()?;
    let mut changed = stages.clone();
    changed.iter_mut().flatten().for_each(|device| change(&mut device.accelerator));
    let speed =
        |stages: &[Vec<Calibrated>]| resolved.deployment(stages, &capacity).speed(scenario.workload, Pace::Predicted);
    Some((speed(&stages)?, speed(&changed)?))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn parts_add_up_and_the_verdict_agrees_with_them(scenario in scenario()) {
        let report: Value = serde_json::from_str(&json::to_string(&Report::of(&scenario), &[])).expect("JSON");
        let devices = report["memory"]["devices"].as_array().expect("a list");
        let bytes = |device: &Value, field: &str| device[field].as_i64().expect("a number of bytes");
        let fields = ["weights_bytes", "kv_cache_bytes", "state_bytes", "activation_bytes", "overhead_bytes"];
        for device in devices {
            let parts: i64 = fields.iter().map(|field| bytes(device, field)).sum();
            prop_assert_eq!(parts, bytes(device, "total_bytes"));
            if let (Some(headroom), Some(usable)) = (device["headroom_bytes"].as_i64(), device["usable_bytes"].as_i64()) {
                prop_assert!(headroom + parts <= usable, "the limit is above what the device has");
            }
        }
        let headrooms: Vec<Option<i64>> = devices.iter().map(|device| device["headroom_bytes"].as_i64()).collect();
        let expected = if headrooms.iter().flatten().any(|&headroom| headroom < 0) {
            Some(false)
        } else {
            headrooms.iter().all(Option::is_some).then_some(true)
        };
        prop_assert_eq!(report["memory"]["fits"].as_bool(), expected);
        let parameters = report["model"]["parameters"].as_object().expect("an object");
        let count = |name: &str| parameters[name].as_u64().expect("a count");
        let sum: u64 = parameters.keys().filter(|name| !["total", "active"].contains(&name.as_str())).map(|name| count(name)).sum();
        prop_assert_eq!(sum, count("total"));
        prop_assert!(count("active") <= count("total"));
    }

    #[test]
    fn every_rank_is_listed_once(scenario in scenario()) {
        let report: Value = serde_json::from_str(&json::to_string(&Report::of(&scenario), &[])).expect("JSON");
        let devices = report["memory"]["devices"].as_array().expect("a list");
        let ranks: Vec<u64> = devices.iter().filter_map(|device| device["rank"].as_u64()).collect();
        let degree = |name: &str| report["parallelism"][name].as_u64().expect("a degree");
        prop_assert_eq!(ranks, (0..degree("tp") * degree("pp") * degree("dp")).collect::<Vec<_>>());
    }

    #[test]
    fn as_many_requests_are_in_flight_as_are_asked_for(scenario in scenario()) {
        let report: Value = serde_json::from_str(&json::to_string(&Report::of(&scenario), &[])).expect("JSON");
        let ideal = |group: &str, name: &str| report[group][name]["ideal"].as_f64();
        let (Some(rate), Some(time)) = (ideal("throughput", "requests_per_s"), ideal("latency", "e2e_s")) else { return Ok(()) };
        // Little's law.
        let in_flight = rate * time;
        prop_assert!((in_flight / scenario.workload.batch as f64 - 1.0).abs() < 1e-9, "{in_flight}");
        if ideal("throughput", "max_output_tokens_per_s").is_some_and(|rate| rate > 0.0) {
            prop_assert!(report["capacity"]["max_batch"].as_u64() > Some(0));
        }
    }

    #[test]
    fn whole_experts_never_move_more_than_cut_ones(scenario in scenario(), tensor in 1_u32..=3) {
        let tensor = 2_u64.pow(tensor);
        let devices = vec![DeviceCount { id: "h100-sxm-80gb".into(), count: tensor }];
        let with = |expert| {
            let [tensor, one] = [tensor, 1].map(Degree::Of);
            let layout = Layout { tensor, pipeline: one, expert: Degree::Of(expert), data: one };
            let report = Report::of(&Scenario { devices: devices.clone(), layout, ..scenario.clone() });
            (report.parallelism.expert, report.speed.map(|speed| speed.prefill.cost().traffic))
        };
        let ((_, cut), (used, whole)) = (with(1), with(tensor));
        if used == tensor {
            // Shares are rounded up: of the visits to a matrix, and of its bytes.
            prop_assert!(whole.map(|bytes| bytes.scaled(0.999)) <= cut, "{whole:?} against {cut:?}");
        }
    }

    #[test]
    fn sharding_never_loses_a_byte(scenario in scenario()) {
        let report = Report::of(&scenario);
        let held: u64 = report.devices.iter().map(|device| device.memory.weights.get() * device.ranks).sum();
        let held = held + report.model.host_weights_bytes.get();
        prop_assert!(held >= report.model.weights_bytes.get(), "{held} of {}", report.model.weights_bytes);
        let cached: u64 = report.devices.iter().map(|device| device.memory.kv_cache.get() * device.ranks).sum();
        let asked = report.model.kv_bytes_at_context.get() * scenario.workload.batch;
        let kept: u64 = report.devices.iter().map(|device| device.memory.state.get() * device.ranks).sum();
        let on_host = report.model.host_cache_bytes.get() * report.parallelism.data;
        let asked_state = report.model.state_bytes_per_sequence.get() * scenario.workload.batch;
        prop_assert!(cached + on_host >= asked, "{cached} of {asked}");
        prop_assert!(cached + kept + on_host >= asked + asked_state, "{cached} and {kept} of {asked} and {asked_state}");
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
    fn no_prediction_is_faster_than_light(scenario in scenario()) {
        let report: Value = serde_json::from_str(&json::to_string(&Report::of(&scenario), &[])).expect("JSON");
        for (group, is_rate) in [("latency", false), ("throughput", true)] {
            for (name, figure) in report[group].as_object().expect("an object") {
                let (Some(value), Some(ideal)) = (figure["value"].as_f64(), figure["ideal"].as_f64()) else { continue };
                let holds = if is_rate { value <= ideal * (1.0 + 1e-9) } else { value >= ideal * (1.0 - 1e-9) };
                prop_assert!(holds, "{name}: {value} against {ideal}");
                let (low, high) = (figure["low"].as_f64(), figure["high"].as_f64());
                prop_assert!(low <= Some(value) && high >= Some(value), "{name}: {low:?} to {high:?}");
                let end = if is_rate { high.map(|high| high / ideal) } else { low.map(|low| ideal / low) };
                prop_assert!(end <= Some(1.0 + 1e-9), "{name}: {low:?} to {high:?} against {ideal}");
            }
        }
    }

    #[test]
    fn predicted_operations_and_fixed_costs_add_up_to_their_phase(scenario in scenario()) {
        let report: Value = serde_json::from_str(&json::to_string(&Report::of(&scenario), &[])).expect("JSON");
        for phase in report["roofline"]["phases"].as_array().expect("a list") {
            let Some(time) = phase["predicted_time_s"].as_f64() else { continue };
            let operations = phase["operations"].as_array().expect("a list");
            let predicted: Option<f64> = operations.iter().map(|one| one["predicted_time_s"].as_f64()).sum();
            let fixed = ["predicted_step_s", "predicted_sequences_s"].map(|part| phase[part].as_f64().expect("a time"));
            let parts = predicted.expect("each operation has a time") + fixed.iter().sum::<f64>();
            prop_assert!((parts - time).abs() <= time * 1e-9, "{}: {parts} of {time}", phase["phase"]);
            let whole = if phase["phase"] == "decode" { "decode_step_s" } else { "prefill_s" };
            let whole = report["latency"][whole]["value"].as_f64().expect("a time");
            prop_assert!((time - whole).abs() <= whole * 1e-9, "{}: {time} of {whole}", phase["phase"]);
        }
    }

    #[test]
    fn what_stays_in_the_memory_of_a_desktop_is_never_faster_than_on_its_card(scenario in scenario(), layers in 1_u64..=64) {
        let card = Scenario {
            engine: Engine::LlamaCpp,
            devices: vec![DeviceCount { id: "rtx-4090".into(), count: 1 }],
            layout: Layout::AUTO,
            ..scenario.clone()
        };
        let with = |settings| Report::of(&Scenario { settings, ..card.clone() });
        let here = with(Settings { device_layers: None, cpu_expert_layers: None, ..scenario.settings });
        for settings in [
            Settings { device_layers: None, cpu_expert_layers: Some(layers), ..scenario.settings },
            Settings { device_layers: Some(layers), cpu_expert_layers: None, ..scenario.settings },
        ] {
            if let (Some(here), Some(there)) = (&here.prediction, with(settings).prediction) {
                // Where both take as long, sums in another order differ in the last digits.
                prop_assert!(there.speed.decode.time.get() >= here.speed.decode.time.get() * (1.0 - 1e-12));
            }
        }
    }

    #[test]
    fn a_faster_device_is_never_slower(scenario in scenario(), bandwidth in 1.0..4.0, arithmetic in 1.0..4.0) {
        let Some((before, after)) = predicted_with(&scenario, |device| {
            device.bandwidth = device.bandwidth * bandwidth;
            let faster = |peak: Option<FlopsPerSecond>| peak.map(|peak| peak * arithmetic);
            let Peaks { fp32, fp16, bf16, fp8, int8, fp4 } = device.peaks;
            device.peaks = Peaks {
                fp32: faster(fp32), fp16: faster(fp16), bf16: faster(bf16), fp8: faster(fp8), int8: faster(int8), fp4: faster(fp4),
            };
        }) else { return Ok(()) };
        prop_assert!(after.ttft <= before.ttft && after.tpot <= before.tpot && after.static_batch <= before.static_batch);
        prop_assert!(after.output >= before.output);
    }

    #[test]
    fn links_through_the_host_are_never_faster(scenario in scenario()) {
        let Some((before, after)) = predicted_with(&scenario, |device| {
            // NVLink is at least as fast as the host bus on every device that has both.
            let host = device.interconnect.host.zip(device.interconnect.scale_up);
            if host.is_some_and(|(host, fast)| fast.pair.unwrap_or(fast.bandwidth) >= host) {
                device.interconnect.scale_up = None;
            }
        }) else { return Ok(()) };
        prop_assert!(after.ttft >= before.ttft && after.tpot >= before.tpot);
    }

    #[test]
    fn a_longer_context_never_shortens_the_time_per_token(scenario in scenario(), more in 1_u64..=10_000) {
        let workload = scenario.workload;
        let longer = Workload { prompt_tokens: workload.prompt_tokens + more, ..workload };
        let [before, after] = [workload, longer].map(|workload| Report::of(&Scenario { workload, ..scenario.clone() }));
        // Where not all sequences fit, fewer of them run at once, and those are faster.
        if after.fits() == Some(true)
            && let (Some(before), Some(after)) = (before.prediction, after.prediction)
        {
            prop_assert!(after.speed.tpot >= before.speed.tpot, "{:?} after {:?}", after.speed.tpot, before.speed.tpot);
            prop_assert!(after.speed.decode.time >= before.speed.decode.time);
        }
    }

    #[test]
    fn twice_the_concurrency_never_lowers_the_throughput(scenario in scenario()) {
        let workload = scenario.workload;
        let doubled = Workload { batch: workload.batch * 2, ..workload };
        let [before, after] = [workload, doubled].map(|workload| Report::of(&Scenario { workload, ..scenario.clone() }));
        // Up to saturation: beyond it requests wait, for the cache or because the engine serves no more at once.
        let most = scenario.settings.max_sequences.or(calibration::schedule(scenario.engine).most_requests);
        let each = doubled.batch.div_ceil(after.parallelism.data.max(1));
        if after.fits() == Some(true)
            && most.is_none_or(|most| each <= most)
            && let (Some(before), Some(after)) = (before.prediction, after.prediction)
        {
            let (before, after) = (before.speed.output.get(), after.speed.output.get());
            prop_assert!(after >= before * (1.0 - 1e-9), "{after} after {before}");
        }
    }

    #[test]
    fn the_capacity_fits_and_one_more_does_not(scenario in scenario()) {
        let capacity = Report::of(&scenario).capacity;
        let fits = |workload| Report::of(&Scenario { workload, ..scenario.clone() }).fits();
        if let Some(batch) = capacity.max_batch {
            if batch > 0 {
                prop_assert_eq!(fits(Workload { batch, ..scenario.workload }), Some(true));
            }
            if batch < link::MAX_BATCH {
                prop_assert_eq!(fits(Workload { batch: batch + 1, ..scenario.workload }), Some(false));
            }
        }
    }

    #[test]
    fn the_longest_context_fits_and_one_token_more_does_not(scenario in scenario()) {
        let report = Report::of(&scenario);
        // The context holds the media of the prompt too, which do not get shorter.
        let fits = |tokens: u64| {
            let text = tokens.checked_sub(report.model.media_tokens).filter(|&text| text > 1)?;
            let workload = with_context(scenario.workload, text);
            Some(Report::of(&Scenario { workload, ..scenario.clone() }).fits())
        };
        if let Some(tokens) = report.capacity.max_context_tokens {
            // There is no scenario with less text than two tokens to try.
            if let Some(fits) = fits(tokens).filter(|_| tokens > 0) {
                prop_assert_eq!(fits, Some(true));
            }
            if let Some(fits) = fits(tokens.max(1) + 1).filter(|_| tokens < link::MAX_TOKENS) {
                prop_assert_eq!(fits, Some(false));
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
    fn a_link_gives_compared_scenarios_back(scenario in scenario(), others in proptest::collection::vec(scenario(), 1..4)) {
        let query = link::encode_all(&scenario, &others, &Presentation::default());
        let read = link::decode(&query);
        prop_assert_eq!(&read.notices, &vec![], "{}", &query);
        prop_assert_eq!(read.scenario, scenario);
        prop_assert_eq!(read.others, others, "{}", &query);
    }

    #[test]
    fn every_scenario_has_charts_and_finite_json(scenario in scenario()) {
        let report = Report::of(&scenario);
        let all = [
            charts::kv_cache(&scenario),
            charts::roofline(&report),
            charts::serving(&scenario, &report),
            charts::first_token(&scenario, &report),
        ];
        for chart in all {
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
    fn any_values_are_a_link(pairs in proptest::collection::vec(("[a-z-]{1,8}", "[-+0-9a-z.:%,_ ]{0,24}"), 0..12), keys in proptest::collection::vec(0_usize..26, 12)) {
        let known = ["v", "model", "gpu", "n", "engine", "ev", "w", "kv", "batch", "in", "out", "tp", "pp", "ep", "dp", "util", "chunk", "mem", "view", "theme", "prefix", "draft", "lora", "disagg", "price", "energy"];
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

proptest! {
    // Each fix is a report of its own.
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn every_fix_fits_with_what_it_says_to_spare(scenario in scenario()) {
        let report = Report::of(&scenario).with_fixes(&scenario);
        prop_assert!(report.fixes.is_empty() || report.fits() == Some(false));
        for fix in &report.fixes {
            let read = link::decode(&fix.query);
            prop_assert_eq!(&read.notices, &vec![], "{}", &fix.change);
            let changed = Report::of(&read.scenario);
            prop_assert_eq!(changed.fits(), Some(true), "{}", &fix.change);
            let spare = changed.tightest().and_then(|device| device.headroom());
            prop_assert_eq!(spare, Some(fix.headroom), "{}", &fix.change);
        }
    }
}

#[test]
fn decoding_a_mixture_slows_down_until_all_experts_are_read() {
    for (model, engine) in [("mixtral-8x7b", "vllm"), ("qwen3-30b-a3b", "sglang"), ("gpt-oss-120b", "tensorrt-llm")] {
        let step = |batch: u64| {
            let query = format!("model={model}&gpu=h200-sxm-141gb&n=2&engine={engine}&in=128&out=128&batch={batch}");
            Report::of(&link::decode(&query).scenario).prediction.expect("an H200 is fully known").speed.decode.time
        };
        let steps = [1, 2, 4, 8, 16, 32, 64].map(step);
        assert!(steps.is_sorted_by(|fewer, more| fewer < more), "{model}: {steps:?}");
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

/// The models in which every layer works in every pass.
fn decoders() -> impl Iterator<Item = &'static ridgepoint_catalog::ModelEntry> {
    ridgepoint_catalog::models().iter().filter(|entry| entry.model().stack() == Stack::Decoder)
}

#[test]
fn a_token_takes_two_operations_for_each_parameter_that_multiplies_it() {
    for entry in decoders() {
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
    for entry in decoders() {
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
