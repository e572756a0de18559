//! Published measurements against predictions, through the same report that everybody gets.
//!
//! How good the predictions are is in `docs/ACCURACY.md`; this makes sure that what the page shows is what was scored.

use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::{json, link};
use serde_json::Value;

const MEASURED: &str = include_str!("measured/performance.json");

#[test]
fn four_in_five_measurements_lie_in_their_intervals() {
    let file: Value = serde_json::from_str(MEASURED).expect("JSON");
    let cases = file["cases"].as_array().expect("a list");
    let mut inside = 0;
    for case in cases {
        let query = case["query"].as_str().expect("a query");
        let read = link::decode(query);
        assert_eq!(read.notices, vec![], "{query}");
        let report: Value = serde_json::from_str(&json::to_string(&Report::of(&read.scenario), &[])).expect("JSON");
        let field = file["fields"][case["group"].as_str().expect("a group")].as_str().expect("a field");
        let figure = report.pointer(&format!("/{}", field.replace('.', "/"))).expect("a field of the report");
        let [value, low, high] = ["value", "low", "high"].map(|key| figure[key].as_f64());
        assert!(low < value && value < high, "{query}: {figure}");
        let measured = case["measured"].as_f64();
        inside += usize::from(low <= measured && measured <= high);
    }
    let share = inside as f64 / cases.len() as f64;
    // The intervals hold 80 % of what was kept from the fit, and so a little more of everything.
    assert!((0.75..0.92).contains(&share), "{share}");
}

#[test]
fn constants_of_other_devices_come_with_a_warning_and_a_wider_interval() {
    let figure = |gpu: &str| {
        let report = Report::of(&link::decode(&format!("model=llama-3.1-8b&gpu={gpu}&engine=vllm&w=bf16")).scenario);
        let warned = report.warnings.iter().any(|warning| warning.to_string().starts_with("no measurement of vLLM"));
        let read: Value = serde_json::from_str(&json::to_string(&report, &[])).expect("JSON");
        let [low, high] = ["low", "high"].map(|key| read["latency"]["tpot_s"][key].as_f64().expect("a time"));
        (warned, high / low)
    };
    let (known, unknown) = (figure("h100-sxm-80gb"), figure("tpu-v5p"));
    assert!(!known.0 && unknown.0);
    assert!(unknown.1 > known.1, "{unknown:?} against {known:?}");
}

/// M1 and M3 were measured; M2 is a relative of M1, M4 of M3, and M5 has matrix units that neither has.
#[test]
fn chips_of_apple_are_known_by_the_generation_of_their_gpu() {
    let is_known = |gpu: &str| {
        let report =
            Report::of(&link::decode(&format!("model=llama-3.1-8b&gpu={gpu}&engine=llama.cpp&w=q4_k_m")).scenario);
        !report.warnings.iter().any(|warning| warning.to_string().starts_with("no measurement of llama.cpp"))
    };
    for (gpu, known) in [("apple-m2-max", true), ("apple-m4-max", true), ("apple-m5-max", false)] {
        assert_eq!(is_known(gpu), known, "{gpu}");
    }
}
