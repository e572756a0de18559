//! Prompts through the stages of a pipeline: what overlaps, and what the queues of the devices prevent.

use proptest::prelude::*;
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::{json, link};
use ridgepoint_catalog::find_model;
use ridgepoint_core::{Feed, GgufFile, Seconds, Stage, WeightFormat, pipeline};
use serde_json::Value;

/// Predicted prompt tokens per second of a link.
fn prefill(query: &str) -> f64 {
    let read = link::decode(query);
    assert_eq!(read.notices, vec![], "{query}");
    let report: Value = serde_json::from_str(&json::to_string(&Report::of(&read.scenario), &[])).expect("JSON");
    report["throughput"]["prefill_tokens_per_s"]["value"].as_f64().expect("a rate")
}

#[test]
fn a_quarter_of_llama_3_70b_is_a_thousand_kernels_in_four_bit_and_fewer_in_sixteen() {
    let model = find_model("llama-3-70b").expect("a model").model();
    let stage = Stage { first_layer: 20, layers: 20, is_first: false, is_last: false };
    // 20 layers x (24 + 7 matrices x 4), and x 3 where nothing is unpacked.
    let kernels = |file| pipeline::kernels(&model, stage, WeightFormat::Gguf(file));
    assert_eq!((kernels(GgufFile::Q4KM), kernels(GgufFile::F16)), (1040, 900));
}

/// Measured on four RTX A6000 and four RTX 4090 at 512 and 1024 tokens, that is one and two passes:
/// github.com/XiongjieDai/GPU-Benchmarks-on-LLM-Inference/blob/aa72e0ec86/README.md.
#[test]
fn a_second_pass_overlaps_with_the_first_where_the_queues_hold_both() {
    let gain = |query: &str| prefill(&format!("{query}&in=1024&out=1")) / prefill(&format!("{query}&in=512&out=1"));
    for (query, measured) in [
        ("model=llama-3-70b&gpu=rtx-a6000&n=4&engine=llama.cpp&w=q4_k_m&kv=fp16&tp=1&pp=4", 539.0 / 496.0),
        ("model=llama-3-70b&gpu=rtx-4090&n=4&engine=llama.cpp&w=q4_k_m&kv=fp16&tp=1&pp=4", 898.0 / 835.0),
        ("model=llama-3-70b&gpu=rtx-a6000&n=4&engine=llama.cpp&w=fp16&kv=fp16&tp=1&pp=4", 792.0 / 510.0),
        ("model=llama-3-8b&gpu=rtx-a6000&n=4&engine=llama.cpp&w=q4_k_m&kv=fp16&tp=1&pp=4", 5340.0 / 3713.0),
    ] {
        let predicted = gain(query);
        assert!((predicted / measured - 1.0).abs() < 0.12, "{query}: {predicted} against {measured}");
    }
}

proptest! {
    #[test]
    fn passes_take_no_longer_than_one_after_the_other_and_no_less_than_the_slowest_stage(
        passes_in_flight in 1_u64..10,
        queue in proptest::option::of(1_u64..5000),
        kernels in 0_u64..3000,
        passes in 1.0..50.0,
        slowest in 0.01..1.0,
        stages in 1.0..10.0,
    ) {
        let (slowest, pass) = (Seconds::new(slowest), Seconds::new(slowest * stages));
        let feed = Feed { passes_in_flight, queue };
        let time = |feed: Feed, passes| feed.time(kernels, passes, pass, slowest).get();
        let took = time(feed, passes);
        prop_assert!(took >= (pass + slowest * (passes - 1.0)).get() * (1.0 - 1e-9));
        prop_assert!(took <= (pass * passes.ceil()).get() * (1.0 + 1e-9));
        // More passes take longer; longer queues and more passes in flight never do.
        prop_assert!(time(feed, passes + 1.0) > took);
        let longer = Feed { queue: queue.map(|queue| queue * 2), ..feed };
        let more = Feed { passes_in_flight: passes_in_flight + 1, ..feed };
        prop_assert!(time(longer, passes) <= took * (1.0 + 1e-9));
        prop_assert!(time(more, passes) <= took * (1.0 + 1e-9));
    }
}
