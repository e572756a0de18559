//! Charts and bars of time, which say nothing that the report does not.

use ridgepoint_calculator::chart::{Chart, Scale};
use ridgepoint_calculator::ink::Ink;
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::scenario::Scenario;
use ridgepoint_calculator::{charts, compare, link, numbers, spent};
use ridgepoint_core::{Bound, OperationKind, PassTime, Workload};

/// Small and large, dense and sparse, one device and many, one that does not fit, one without arithmetic figures.
const QUERIES: [&str; 8] = [
    "model=llama-3.1-8b&gpu=h100-sxm-80gb&batch=16",
    "model=llama-3.3-70b&gpu=h100-sxm-80gb&n=4&w=fp8&batch=32&in=8192",
    "model=deepseek-v3&gpu=h200-sxm-141gb&n=8&batch=100&engine=sglang",
    "model=qwen3-30b-a3b&gpu=rtx-4090&n=2&pp=2&w=awq-int4&batch=4",
    "model=mixtral-8x7b&gpu=a100-sxm-80gb&n=2&tp=2&engine=tensorrt-llm&batch=7",
    "model=llama-3.1-8b&gpu=apple-m3-max&engine=llama.cpp&w=q4_k_m&in=333",
    "model=llama-3.1-405b&gpu=h100-sxm-80gb&n=8",
    "model=mamba-codestral-7b&gpu=l4&batch=3",
];

fn scenario(query: &str) -> Scenario {
    let link = link::decode(query);
    assert!(link.notices.is_empty(), "{query}: {:?}", link.notices);
    link.scenario
}

fn with_workload(scenario: &Scenario, change: impl Fn(Workload) -> Workload) -> Scenario {
    Scenario { workload: change(scenario.workload), ..scenario.clone() }
}

fn assert_sound(chart: &Chart, query: &str) {
    for axis in [&chart.x, &chart.y] {
        assert_eq!(axis.scale, Scale::Logarithmic);
        assert!(0.0 < axis.min && axis.min < axis.max && axis.max.is_finite(), "{query}: {axis:?}");
        assert!(axis.ticks.len() >= 2, "{query}: {axis:?}");
        assert!(axis.ticks.iter().all(|tick| (axis.min..=axis.max).contains(&tick.value)), "{query}: {axis:?}");
    }
    for series in &chart.series {
        assert!(series.points.is_sorted_by(|one, other| one.x <= other.x), "{query}: {}", series.name);
        let is_within =
            |x: f64, y: f64| (0.0..=1.0).contains(&chart.x.position(x)) && (0.0..=1.0).contains(&chart.y.position(y));
        assert!(series.points.iter().all(|point| is_within(point.x, point.y)), "{query}: {}", series.name);
    }
    for row in &chart.table.rows {
        assert_eq!(row.cells.len(), chart.table.columns.len(), "{query}");
    }
}

/// Each row of the chart of serving is the report of a scenario with so many sequences.
#[test]
fn serving_more_sequences_is_what_reports_of_them_say() {
    for query in QUERIES {
        let scenario = scenario(query);
        let report = Report::of(&scenario);
        let chart = charts::serving(&scenario, &report);
        assert_sound(&chart, query);
        assert_eq!(chart.table.rows.len() > 2, report.capacity.max_batch > Some(0), "{query}");
        for row in &chart.table.rows {
            let batch = numbers::parse_count(&row.cells[0]).expect("a count");
            let report = Report::of(&with_workload(&scenario, |workload| Workload { batch, ..workload }));
            let speed = &report.prediction.as_ref().expect("a prediction").speed;
            assert_eq!(row.cells[1], numbers::tokens_per_second(speed.per_user).to_string(), "{query}, {batch}");
            assert_eq!(row.cells[2], numbers::tokens_per_second(speed.output).to_string(), "{query}, {batch}");
            assert_eq!(row.cells[6], if report.fits() == Some(true) { "yes" } else { "no" }, "{query}, {batch}");
        }
        let now = chart.marks.iter().find(|mark| mark.label == "now");
        assert_eq!(now.is_some(), report.fits() == Some(true), "{query}");
        if let Some(now) = now {
            let speed = &report.prediction.as_ref().expect("a prediction").speed;
            assert_eq!((now.x, now.y), (speed.per_user.get(), speed.output.get()), "{query}");
        }
    }
}

/// Each row of the chart of first tokens is the report of a scenario with such a prompt.
#[test]
fn first_tokens_are_what_reports_of_other_prompts_say() {
    for query in QUERIES {
        let scenario = scenario(query);
        let chart = charts::first_token(&scenario, &Report::of(&scenario));
        assert_sound(&chart, query);
        assert!(chart.table.rows.len() > 4, "{query}");
        for row in &chart.table.rows {
            let prompt_tokens = numbers::parse_count(&row.cells[0]).expect("a count");
            let report = Report::of(&with_workload(&scenario, |workload| Workload { prompt_tokens, ..workload }));
            let speed = &report.prediction.as_ref().expect("a prediction").speed;
            let ideal = report.speed.as_ref().expect("a speed");
            assert_eq!(row.cells[1], numbers::seconds(speed.ttft).to_string(), "{query}, {prompt_tokens}");
            assert_eq!(row.cells[3], numbers::seconds(ideal.ttft).to_string(), "{query}, {prompt_tokens}");
        }
    }
}

/// The parts of a bar of time are the whole of it, and the speed of light is not beyond its end.
#[test]
fn bars_of_time_add_up() {
    for query in QUERIES {
        let report = Report::of(&scenario(query));
        let bars = report.time_bars();
        assert_eq!(bars.len(), 2, "{query}");
        for (bar, ink) in bars.iter().zip([Ink::Decode, Ink::Prefill]) {
            let pass = report.predicted_parts(ink).expect("a prediction");
            let whole: f64 = bar.segments.iter().map(|segment| segment.share).sum();
            assert!((whole - 1.0).abs() < 1e-9, "{query}: {whole}");
            assert_eq!(bar.summary, numbers::seconds(pass.time).to_string(), "{query}");
            let best = bar.capacity.as_ref().expect("a marker");
            assert!((0.0..=1.0).contains(&best.position), "{query}: {best:?}");
        }
    }
}

/// The product with weights that takes longest.
fn largest_product(pass: &PassTime) -> OperationKind {
    const PRODUCTS: [OperationKind; 4] = [
        OperationKind::DenseMlp,
        OperationKind::RoutedExperts,
        OperationKind::AttentionProjections,
        OperationKind::Head,
    ];
    let products = pass.operations.iter().filter(|timed| PRODUCTS.contains(&timed.operation.kind));
    let longest = products.max_by(|one, other| one.time.get().total_cmp(&other.time.get()));
    longest.expect("a product").operation.kind
}

/// The number of sequences at which decode is said to turn compute-bound is the first at which it is.
#[test]
fn decode_turns_compute_bound_where_the_sentence_says() {
    let mut turns = 0;
    for query in QUERIES {
        let scenario = scenario(query);
        let sentence = spent::limits(&scenario, &Report::of(&scenario));
        let Some((_, rest)) = sentence.split_once("compute-bound at ").or(sentence.split_once("compute-bound from "))
        else {
            assert!(sentence.contains("never turn compute-bound"), "{query}: {sentence}");
            continue;
        };
        let (count, _) = rest.split_once(" sequences").expect("a number of sequences");
        let turn = numbers::parse_count(count).expect("a count");
        let bound = |batch| {
            let report = Report::of(&with_workload(&scenario, |workload| Workload { batch, ..workload }));
            let step = report.speed.expect("a speed").decode;
            let products = step.operations.iter().filter(|timed| timed.operation.kind == largest_product(&step));
            products.map(|timed| timed.bound).next().expect("a product")
        };
        assert_eq!(bound(turn), Bound::Compute, "{query}: {sentence}");
        if turn > 1 {
            assert_eq!(bound(turn - 1), Bound::Memory, "{query}: {sentence}");
        }
        turns += 1;
    }
    assert!(turns >= 3, "{turns} of the scenarios turn");
}

/// A line of a comparison is the line of its scenario alone.
#[test]
fn compared_charts_have_the_lines_of_their_scenarios() {
    let queries = [
        "model=llama-3.1-8b&batch=4",
        "model=gemma-3-27b&gpu=h200-sxm-141gb&kv=fp8",
        "model=deepseek-v3&gpu=h200-sxm-141gb&n=8&w=fp8",
    ];
    let scenarios = queries.map(|query| link::decode(query).scenario);
    let report = Report::of(&scenarios[0]);
    let [serving, cache, first_token] = compare::of(&scenarios[0], &report, &scenarios[1..]).charts;
    for (index, scenario) in scenarios.iter().enumerate() {
        let report = Report::of(scenario);
        let pairs = [
            (&serving, charts::serving(scenario, &report), "predicted".to_owned()),
            (&cache, charts::kv_cache(scenario), format!("batch {}", numbers::count(scenario.workload.batch))),
            (&first_token, charts::first_token(scenario, &report), "alone".to_owned()),
        ];
        for (compared, alone, name) in pairs {
            let letter = compare::LETTERS[index];
            let line = |chart: &Chart, name: &str| {
                let found = chart.series.iter().find(|series| series.name == name);
                found.unwrap_or_else(|| panic!("{}: no line {name} in {}", queries[index], chart.id)).points.clone()
            };
            let (own, theirs) = (line(&alone, &name), line(compared, letter));
            let same = own.iter().filter(|point| theirs.iter().any(|other| (other.x, other.y) == (point.x, point.y)));
            assert_eq!(same.count(), own.len(), "{}: {} of {}", queries[index], compared.id, alone.id);
            let mark = compared.marks.iter().find(|mark| mark.label == letter).expect("the scenario is marked");
            let now = alone.marks.iter().find(|mark| mark.ink == Ink::Current).expect("the scenario is marked");
            assert_eq!((mark.x, mark.y), (now.x, now.y), "{}: {}", queries[index], compared.id);
        }
    }
}
