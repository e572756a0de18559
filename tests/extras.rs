//! Prefix caches, drafts, adapters, disaggregation, cost and energy: laws that hold for all scenarios, and that one
//! without them is as if they did not exist.

mod scenarios;

use proptest::prelude::*;
use ridgepoint_calculator::extras::{Power, Rent};
use ridgepoint_calculator::link;
use ridgepoint_calculator::plan::{Objective, Plan};
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::scenario::{
    DeviceCount, Disaggregation, Draft, Drafter, Extras, ModelChoice, PriceChoice, Scenario,
};
use ridgepoint_calculator::warning::Warning;
use ridgepoint_catalog::{Metric, devices::citation, devices::devices, find_model};
use ridgepoint_core::{Adapters, ServedTargets, Speed};
use scenarios::scenario;

/// Times and rates at both paces.
fn speeds(report: &Report) -> Vec<Speed> {
    report.speed.clone().into_iter().chain(report.prediction.clone().map(|prediction| prediction.speed)).collect()
}

/// The smallest headroom of a report's devices.
fn headroom(report: &Report) -> Option<i64> {
    report.tightest().and_then(|device| device.headroom())
}

fn with(scenario: &Scenario, change: impl FnOnce(&mut Extras)) -> Report {
    let mut changed = scenario.clone();
    change(&mut changed.extras);
    Report::of(&changed)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn what_more_is_found_in_the_cache_never_takes_longer(scenario in scenario(), share in 0.0..0.9) {
        let less_report = with(&scenario, |extras| extras.prefix = 0.0);
        let more_report = with(&scenario, |extras| extras.prefix = share);
        for (less, more) in speeds(&less_report).into_iter().zip(speeds(&more_report)) {
            // One token behind a long prefix is computed as a step of decoding is, fewer passes fill a pipeline worse, and
            // a pass stands for all that differ from it by a rounded token.
            if scenario.workload.prompt_tokens > 1000 && more_report.parallelism.pipeline == 1 {
                prop_assert!(more.ttft.get() <= less.ttft.get() * 1.001, "{:?} after {:?}", more.ttft, less.ttft);
                prop_assert!(more.prefill_batch.get() <= less.prefill_batch.get() * 1.001);
            }
            prop_assert_eq!(more.decode.time, less.decode.time);
        }
        prop_assert_eq!(headroom(&less_report), headroom(&more_report));
    }

    #[test]
    fn drafts_that_are_refused_bring_nothing(scenario in scenario(), tokens in 1_u64..=8) {
        let drafter = Drafter::Model("llama-3.2-1b".into());
        let plain_report = with(&scenario, |extras| extras.draft = None);
        let refused_report =
            with(&scenario, |extras| extras.draft = Some(Draft { drafter: drafter.clone(), tokens, acceptance: 0.0 }));
        let half =
            with(&scenario, |extras| extras.draft = Some(Draft { drafter: drafter.clone(), tokens, acceptance: 0.5 }));
        // Where some sequences wait for room, fewer prompts are read between the steps of those that run.
        let all_run = refused_report.capacity.max_concurrency.is_none_or(|held| held >= scenario.workload.batch as f64);
        for (plain, refused) in speeds(&plain_report).into_iter().zip(speeds(&refused_report)) {
            prop_assert!(refused.decode.time.get() >= plain.decode.time.get() * (1.0 - 1e-9));
            prop_assert!(!all_run || refused.tpot.get() >= plain.tpot.get() * (1.0 - 1e-9));
        }
        for (refused, half) in speeds(&refused_report).into_iter().zip(speeds(&half)) {
            prop_assert!(half.tpot <= refused.tpot && half.output >= refused.output);
        }
        if let Some(draft) = &half.extras.draft {
            prop_assert!((1.5..=1.0 + tokens as f64).contains(&draft.expected_tokens), "{}", draft.expected_tokens);
            prop_assert!(headroom(&half) <= headroom(&plain_report) || scenario.devices.len() > 1);
        }
    }

    #[test]
    fn more_adapters_never_free_memory(mut scenario in scenario(), count in 1_u64..=64, rank in 1_u64..=256) {
        // Over devices that differ, layers move with what each of them has left.
        scenario.devices.truncate(1);
        let with = |count, rank, on| with(&scenario, |extras| extras.adapters = Some(Adapters { count, rank, on }));
        let none = self::with(&scenario, |extras| extras.adapters = None);
        let few = with(count, rank, ServedTargets::Attention);
        for more in [
            with(count + 1, rank, ServedTargets::Attention),
            with(count, rank + 1, ServedTargets::Attention),
            with(count, rank, ServedTargets::All),
        ] {
            prop_assert!(more.minimum() >= few.minimum() && headroom(&more) <= headroom(&few));
            prop_assert!(more.capacity.max_batch <= few.capacity.max_batch);
        }
        prop_assert!(few.minimum() >= none.minimum() && headroom(&few) <= headroom(&none));
    }

    #[test]
    fn ranks_hold_at_least_what_adapters_are(scenario in scenario(), rank in 1_u64..=256) {
        let adapters = Adapters { count: 1, rank, on: ServedTargets::All };
        let none = with(&scenario, |extras| extras.adapters = None);
        let report = with(&scenario, |extras| extras.adapters = Some(adapters));
        let weights = |report: &Report| -> u64 {
            report.devices.iter().map(|device| device.memory.weights.get() * device.ranks).sum()
        };
        let on_host = report.model.host_weights_bytes.get() > 0;
        let one = report.extras.adapters.map_or(0, |adapters| adapters.one.get());
        prop_assert!(on_host || weights(&report) - weights(&none) >= one);
    }

    #[test]
    fn neither_side_of_a_disaggregated_service_is_exceeded(scenario in scenario(), prefill in 1_u64..=4, decode in 1_u64..=4) {
        let with = |prefill, decode| {
            with(&scenario, |extras| extras.disaggregation = Some(Disaggregation { prefill, decode })).extras.disaggregation
        };
        let Some(served) = with(prefill, decode) else { return Ok(()) };
        for service in [served.ideal, served.predicted].into_iter().flatten() {
            let written = service.written.map_or(f64::INFINITY, |each| each * decode as f64);
            let sides = (service.read * prefill as f64, written);
            prop_assert!(service.requests <= sides.0 && service.requests <= sides.1);
            prop_assert!(service.requests == sides.0 || service.requests == sides.1);
        }
        if let (Some(ideal), Some(predicted)) = (served.ideal, served.predicted) {
            prop_assert!(predicted.ttft >= ideal.ttft && predicted.requests <= ideal.requests * (1.0 + 1e-9));
        }
        let more = with(prefill + 1, decode + 1).and_then(|served| served.predicted);
        prop_assert!(more.map(|more| more.requests) >= served.predicted.map(|served| served.requests));
    }

    #[test]
    fn who_writes_one_token_leaves_nothing_to_decode(scenario in scenario()) {
        let mut scenario = scenario;
        scenario.workload.output_tokens = 1;
        let report = with(&scenario, |extras| extras.disaggregation = Some(Disaggregation { prefill: 2, decode: 1 }));
        let Some(served) = report.extras.disaggregation else { return Ok(()) };
        for service in [served.ideal, served.predicted].into_iter().flatten() {
            prop_assert_eq!((service.written, service.balance()), (None, None));
            prop_assert_eq!(service.requests, service.read * 2.0);
        }
    }

    #[test]
    fn cost_and_energy_are_inverse_to_throughput(scenario in scenario(), price in 0.01..100.0) {
        let report = with(&scenario, |extras| (extras.price, extras.energy) = (Some(PriceChoice::Given(price)), true));
        let rate = report.predicted_rate(report.tpot_metric(), |speed| speed.output.get()).filter(|_| report.writes());
        let rent = report.extras.rent.as_ref().expect("a price is given");
        let cost = rent.of_output(&report);
        prop_assert_eq!(rate.is_some(), cost.is_some());
        if let (Some(rate), Some(cost)) = (rate, cost) {
            // What the tokens of an hour cost is what the devices cost.
            let devices = report.device_count() as f64;
            let hour = cost.value * rate.value * 3600.0 / 1e6;
            prop_assert!((hour / (price * devices) - 1.0).abs() < 1e-9, "{hour}");
            prop_assert!(cost.low <= cost.value && cost.value <= cost.high);
            if let Some((Power::Known(watts), energy)) = report.extras.power.zip(report.extras.power.and_then(|power| power.of_output(&report))) {
                prop_assert!((energy.value * rate.value / watts - 1.0).abs() < 1e-9);
            }
        }
    }
}

#[test]
fn nothing_is_as_no_key_at_all() {
    for query in
        ["model=llama-3.3-70b&n=4&batch=16", "model=deepseek-v3&n=16&batch=64", "model=mixtral-8x7b&engine=llama.cpp"]
    {
        let plain = link::decode(query);
        let off = link::decode(&format!("{query}&prefix=0&energy=0"));
        assert_eq!(off.notices, []);
        assert_eq!(Report::of(&off.scenario), Report::of(&plain.scenario), "{query}");
        assert!(Report::of(&plain.scenario).extras().is_empty());
    }
}

/// A lone token of a prompt, behind whatever prefix, and a step of decoding are the same work.
#[test]
fn a_whole_hit_leaves_one_token() {
    let report = |query| Report::of(&link::decode(query).scenario);
    let hit = report("in=100&out=2&prefix=0.99").speed.expect("all is known").prefill;
    let step = report("in=99&out=2&prefix=0").speed.expect("all is known").decode;
    assert_eq!(hit.cost(), step.cost());
}

#[test]
fn what_a_scenario_states_is_said_and_widens_the_intervals() {
    let width = |query: &str| {
        let report = Report::of(&link::decode(query).scenario);
        let stated = report.warnings.contains(&Warning::TakenAsGiven);
        let ttft = report.predicted_time(Metric::Ttft, |speed| speed.ttft).expect("a prediction");
        (stated, ttft.high / ttft.value)
    };
    let (stated, plain) = width("w=fp8&batch=4");
    assert!(!stated);
    for query in ["w=fp8&batch=4&prefix=0.3", "w=fp8&batch=4&draft=llama-3.2-1b:2:0.6"] {
        let (stated, wide) = width(query);
        assert!(stated && wide > plain * 1.1, "{query}: {wide} against {plain}");
    }
    // Adapters and prices change no time.
    assert_eq!(width("w=fp8&batch=4&lora=2:8&price=2"), (false, plain));
}

#[test]
fn a_model_without_prediction_layers_drafts_nothing() {
    let link = link::decode("model=llama-3.1-8b&draft=mtp:1:0.8");
    let notices: Vec<String> = link.notices.iter().map(ToString::to_string).collect();
    assert_eq!(notices, ["draft: llama-3.1-8b has no multi-token-prediction layers; nothing is drafted"]);
    // On the page another model can be chosen later.
    let draft = Some(Draft { drafter: Drafter::Prediction, tokens: 1, acceptance: 0.8 });
    let scenario = Scenario { extras: Extras { draft, ..Extras::default() }, ..Scenario::default() };
    let report = Report::of(&scenario);
    assert_eq!(report.extras.draft, None);
    assert!(report.warnings.contains(&Warning::NoEffect { keys: "draft".into() }));
}

/// DeepSeek-V3 publishes 11.5 B parameters of its own for the module, beside the shared embedding and head
/// (arXiv:2412.19437; the README of the checkpoint). Every prediction layer of the catalogue is drafted from.
#[test]
fn prediction_layers_weigh_what_they_are() {
    let drafters = ridgepoint_catalog::models().iter().filter(|entry| entry.model().mtp_parameters > 0);
    let mut count = 0;
    for entry in drafters {
        let model = ModelChoice::Catalogue(entry.id.into());
        let draft = Some(Draft { drafter: Drafter::Prediction, tokens: 1, acceptance: 0.8 });
        let weights = Some(ridgepoint_core::WeightFormat::Bf16);
        let extras = Extras { draft, ..Extras::default() };
        let report = Report::of(&Scenario { model, weights, extras, ..Scenario::default() });
        let draft = report.extras.draft.unwrap_or_else(|| panic!("{}: nothing is drafted", entry.id));
        let expected = entry.model().mtp_parameters as f64 * 2.0;
        let held = draft.weights.as_f64();
        assert!((held / expected - 1.0).abs() < 0.02, "{}: {held} of {expected}", entry.id);
        count += 1;
    }
    assert!(count >= 10, "{count}");
    let deepseek = find_model("deepseek-v3").expect("it is in the catalogue").model();
    assert!((deepseek.mtp_parameters as f64 / 11.5e9 - 1.0).abs() < 0.02);
}

#[test]
fn quotes_have_a_date_and_a_source() {
    let priced: Vec<_> = devices().iter().filter_map(|device| Some((device.id, device.price?))).collect();
    for (id, price) in &priced {
        assert!(price.low <= price.middle() && price.middle() <= price.high, "{id}");
        assert!(price.date.starts_with("202") && citation(price.source).is_some(), "{id}");
    }
    assert_eq!(priced.len(), 34);
}

#[test]
fn unlike_devices_are_each_paid_for() {
    let devices =
        vec![DeviceCount { id: "rtx-5090".into(), count: 2 }, DeviceCount { id: "rtx-4090".into(), count: 1 }];
    let scenario = Scenario { devices, engine: ridgepoint_core::Engine::LlamaCpp, ..Scenario::default() };
    let report = with(&scenario, |extras| extras.price = Some(PriceChoice::Listed));
    let Some(Rent::Known { hourly, quotes, devices }) = &report.extras.rent else { panic!("both have quotes") };
    assert_eq!((*devices, quotes.len()), (3, 2));
    // 2 x (0.65 + 0.99) / 2 + (0.34 + 0.74) / 2.
    assert!((hourly.value - 2.18).abs() < 1e-9, "{}", hourly.value);
}

#[test]
fn the_cheapest_layout_has_most_output_for_each_device() {
    let read = |query: &str| link::decode(query).scenario;
    let query = "model=llama-3.3-70b&gpu=h100-sxm-80gb&n=8&batch=64";
    let plan = Plan::of(&read(&format!("{query}&price=2")));
    let best = plan.best(Objective::Cost).expect("a price is given");
    let most =
        plan.proposals.iter().filter_map(|one| one.times).map(|times| times.per_device.get()).fold(0.0, f64::max);
    let times = best.times.expect("an H100 is fully known");
    assert_eq!(times.per_device.get(), most);
    // 2 USD for 3600 x most tokens.
    let cost = best.cost.expect("a price is given");
    assert!((cost * 3600.0 * most / 2e6 - 1.0).abs() < 1e-9, "{cost}");
    // Without a price there is no cost to be best at.
    assert_eq!(Plan::of(&read(query)).best(Objective::Cost), None);
}
