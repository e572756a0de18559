//! Fine-tuning memory: the arithmetic of ZeRO, laws, and published measurements.

use std::path::Path;

use proptest::prelude::*;
use ridgepoint_calculator::finetune::Finetuning;
use ridgepoint_calculator::link;
use ridgepoint_core::WeightFormat;
use ridgepoint_core::training::{AdapterTargets, Offload, Optimizer, Trained, Training, Zero};
use serde_json::Value;

const STAGES: [Zero; 4] = [Zero::None, Zero::States, Zero::Gradients, Zero::Weights];

#[test]
fn model_states_are_those_of_the_zero_paper() {
    // arXiv:1910.02054, figure 1: 7.5 billion parameters on 64 devices, mixed precision with Adam, GB on each device.
    let published = [120.0, 31.4, 16.6, 1.9];
    let model = ridgepoint_catalog::find_model("llama-2-7b").expect("a model").model();
    let scale = 7.5e9 / model.parameters().total() as f64;
    for (zero, gigabytes) in STAGES.into_iter().zip(published) {
        let training = Training { mixed: true, zero, ranks: 64, ..Training::default() };
        let memory = training.memory(&model, WeightFormat::Bf16);
        let states = (memory.weights + memory.gradients + memory.states).as_f64() * scale / 1e9;
        assert!((states / gigabytes - 1.0).abs() < 0.015, "{zero:?}: {states} GB");
    }
}

#[test]
fn adapters_are_as_many_as_published() {
    // PEFT prints 4,194,304 trainable parameters for Llama 2 7B with rank 8 on queries and values, and 19,988,480 with
    // rank 8 on all linear layers: 32 x 8 x (4 x 8192 + 3 x 15,104).
    let model = ridgepoint_catalog::find_model("llama-2-7b").expect("a model").model();
    let count = |on| {
        Training { trained: Trained::Adapters { rank: 8, on, dropout: false }, ..Training::default() }
            .parameters(&model)
    };
    assert_eq!(count(AdapterTargets::QueryAndValue), 4_194_304);
    assert_eq!(count(AdapterTargets::AllLinear), 32 * 8 * (4 * 8192 + 3 * 15_104));
}

fn training() -> impl Strategy<Value = Training> {
    let trained = prop_oneof![
        Just(Trained::All),
        (1_u64..=64, any::<bool>()).prop_map(|(rank, dropout)| Trained::Adapters {
            rank,
            on: AdapterTargets::AllLinear,
            dropout
        })
    ];
    let optimizer = proptest::sample::select(vec![Optimizer::Sgd, Optimizer::AdamW, Optimizer::AdamW8Bit]);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (trained, optimizer, proptest::sample::select(STAGES.to_vec()), 1_u64..=64, 1_u64..=16, 1_u64..=8192, flags)
        .prop_map(
            |(trained, optimizer, zero, ranks, sequences, tokens, (mixed, checkpointing, fused_update, compiled))| {
                Training {
                    trained,
                    optimizer,
                    mixed,
                    zero,
                    ranks,
                    offload: Offload::None,
                    sequences,
                    tokens,
                    checkpointing,
                    fused_update,
                    compiled,
                    loss_chunks: 1,
                }
            },
        )
}

proptest! {
    #[test]
    fn every_saving_saves(training in training(), index in 0_usize..1000, more in 1_u64..4096) {
        let models = ridgepoint_catalog::models();
        let model = models[index % models.len()].model();
        let memory = |training: Training| training.memory(&model, WeightFormat::Bf16);
        let total = |training| memory(training).total();
        let kept = |zero| {
            let memory = memory(Training { zero, ..training });
            memory.weights + memory.gradients + memory.states
        };
        prop_assert!(STAGES.is_sorted_by(|less, more| kept(*more) <= kept(*less)));
        let [lazy, joined, apart] = [
            Training { offload: Offload::States, ..training },
            Training { compiled: true, ..training },
            Training { compiled: false, ..training },
        ];
        prop_assert!(total(lazy) <= total(training));
        prop_assert!(total(joined) <= total(apart));
        let longer = Training { tokens: training.tokens + more, ..training };
        prop_assert!(total(longer) >= total(training));
        let [narrow, wide] = [false, true].map(|mixed| total(Training { mixed, ..training }));
        prop_assert!(wide >= narrow);
        let now = memory(training);
        let parts = now.weights + now.gradients + now.states + now.activations + now.loss + now.gathered;
        prop_assert_eq!(parts, now.total());
    }
}

/// How a case of the measurements trains.
fn of_case(case: &Value) -> Training {
    let is = |key: &str| case[key].as_bool().unwrap_or(false);
    let on = match case["targets"].as_str() {
        Some("all-linear") => AdapterTargets::AllLinear,
        Some("query-value") | None => AdapterTargets::QueryAndValue,
        Some(other) => panic!("unknown targets: {other}"),
    };
    Training {
        trained: match case["lora"].as_u64() {
            Some(rank) => Trained::Adapters { rank, on, dropout: is("dropout") },
            None => Trained::All,
        },
        optimizer: match case["optimizer"].as_str() {
            Some("adamw") => Optimizer::AdamW,
            Some("adamw-8bit") => Optimizer::AdamW8Bit,
            other => panic!("unknown optimiser: {other:?}"),
        },
        zero: if case["zero"].as_u64() == Some(3) { Zero::Weights } else { Zero::None },
        offload: match case["offload"].as_str() {
            Some("all") => Offload::All,
            Some("states") => Offload::States,
            Some(other) => panic!("unknown offload: {other}"),
            None => Offload::None,
        },
        checkpointing: is("checkpointing"),
        fused_update: is("fused_update"),
        compiled: is("compiled"),
        loss_chunks: case["loss_chunks"].as_u64().expect("a number of parts"),
        ..Training::default()
    }
}

#[test]
fn peaks_are_near_those_that_recipes_publish() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("measured/finetuning.json");
    let text = std::fs::read_to_string(path).expect("the measurements");
    let cases: Vec<Value> = serde_json::from_str(&text).expect("a list");
    let (mut near, mut near_documented, mut documented) = (0, 0, 0);
    for case in &cases {
        let read = link::decode(case["query"].as_str().expect("a query"));
        assert!(read.notices.is_empty(), "{:?}", read.notices);
        assert!(case["source"].as_str().is_some_and(|source| source.starts_with("https://")));
        // What these tables give is the peak of the allocator, without the context of the driver.
        let predicted = Finetuning::of(&read.scenario, of_case(case)).memory.total().as_f64();
        let off = predicted / case["measured_bytes"].as_f64().expect("bytes") - 1.0;
        let is_near = off.abs() <= 0.15;
        println!("{:+5.0} %  {}", off * 100.0, case["id"]);
        near += u32::from(is_near);
        if case["inferred"] == false {
            documented += 1;
            near_documented += u32::from(is_near);
        }
    }
    println!(
        "{near} of {} within 15 %; {near_documented} of {documented} whose settings are all documented",
        cases.len()
    );
    // Four are not: QLoRA of litgpt takes 16 to 20 % more than is counted here, for a reason that is not known, and its
    // Gemma 2B on four devices more than twice as much.
    assert_eq!((near, cases.len(), near_documented, documented), (15, 19, 11, 15));
}
