//! Every key at its limits at once, on every engine: sums of the largest numbers that a link can hold.

use ridgepoint_calculator::link::{MAX_BATCH, MAX_DEVICES, MAX_TOKENS};
use ridgepoint_calculator::names;
use ridgepoint_calculator::scenario::{Degree, ModelChoice, Scenario};
use ridgepoint_core::Engine;
use ridgepoint_importer::{decode, read_config};
use serde_json::{Value, json};

use crate::checks::check;

/// Ways to share out the devices: as the calculator chooses, all of one kind of parallelism, and some of each.
const LAYOUTS: [&str; 6] = [
    "",
    "&tp=100000",
    "&pp=100000",
    "&dp=100000",
    "&tp=10&pp=10&ep=100&dp=10",
    "&tp=100000&pp=100000&ep=100000&dp=100000",
];

/// Links that ask for more than any key takes, so that each is taken at its limit.
fn most(model: &str, engine: Engine) -> impl Iterator<Item = String> {
    let (model, fragment) = model.split_once('#').unwrap_or((model, ""));
    let keys =
        ["n", "mem", "batch", "in", "out", "audio", "chunk", "max-seqs", "ngl", "cpu-moe", "ttft", "tpot", "price"];
    let numbers: String = keys.iter().map(|key| format!("&{key}=999999999999")).collect();
    let engine = names::engine(engine).id;
    let rest = "&util=1&images=999999:65536x65536&fa=0&swa-full=1&mla=0&w=fp32&kv=fp32&energy=1&prefix=0.99\
                &draft=llama-3.1-405b:999:1&lora=999999:999999:all&disagg=999999:999999";
    let query = format!("model={model}&gpu=b200&engine={engine}{numbers}{rest}");
    let fragment = if fragment.is_empty() { String::new() } else { format!("#{fragment}") };
    LAYOUTS.iter().map(move |layout| format!("{query}{layout}{fragment}"))
}

/// The same with the least that each key takes.
fn least(model: &str, engine: Engine) -> String {
    let (model, fragment) = model.split_once('#').unwrap_or((model, ""));
    let keys =
        ["n", "mem", "batch", "in", "out", "audio", "chunk", "max-seqs", "ngl", "cpu-moe", "ttft", "tpot", "price"];
    let numbers: String = keys.iter().map(|key| format!("&{key}=-1")).collect();
    let engine = names::engine(engine).id;
    let rest = "&util=0.000001&images=1:1x1&prefix=0&draft=smollm2-135m:0:0&lora=0:0&disagg=0:0";
    let fragment = if fragment.is_empty() { String::new() } else { format!("#{fragment}") };
    format!("model={model}&gpu=rtx-4090&engine={engine}{numbers}{rest}{fragment}")
}

/// A custom model as a link has it.
fn custom(config: &Value) -> String {
    let model = read_config(&config.to_string(), None).expect("a configuration");
    format!("custom#c={}", model.fragment())
}

/// Models of each kind, and two that nobody has made.
fn models() -> Vec<String> {
    let dense: Value = serde_json::from_str(include_str!("../hostile/configs/ten-trillion.json")).expect("JSON");
    let mixture = json!({
        "model_type": "mixtral", "num_hidden_layers": 100, "hidden_size": 8192, "intermediate_size": 4096,
        "num_attention_heads": 64, "num_key_value_heads": 64, "vocab_size": 1 << 20, "num_local_experts": 1 << 10,
        "num_experts_per_tok": 1 << 10,
    });
    let published = ["deepseek-v3", "qwen2.5-vl-7b", "whisper-large-v3", "mamba-2.8b", "gemma-3-27b"];
    published.into_iter().map(str::to_owned).chain([custom(&dense), custom(&mixture)]).collect()
}

/// Checks the queries, with the slower views in turn.
fn hold_up(queries: impl Iterator<Item = String>) {
    for (case, query) in (0..).zip(queries) {
        assert_eq!(check(&query, case), Ok(()), "case {case}: {query}");
    }
}

fn all() -> impl Iterator<Item = String> {
    let pairs = models().into_iter().flat_map(|model| Engine::ALL.map(|engine| (model.clone(), engine)));
    pairs.flat_map(|(model, engine)| most(&model, engine).chain([least(&model, engine)]).collect::<Vec<_>>())
}

#[test]
fn the_limits_are_reached() {
    let Scenario { model, devices, workload, layout, .. } =
        decode(&most(&models()[5], Engine::Vllm).last().expect("a link")).scenario;
    assert!(matches!(model, ModelChoice::Custom(custom) if custom.model().parameters().total() > 10_000_000_000_000));
    assert_eq!(devices[0].count, MAX_DEVICES);
    assert_eq!((workload.batch, workload.prompt_tokens, workload.output_tokens), (MAX_BATCH, MAX_TOKENS, MAX_TOKENS));
    assert_eq!(layout.tensor, Degree::Of(MAX_DEVICES));
}

#[test]
fn nothing_overflows_at_all_limits_at_once() {
    // One in 37 of them here; the soak takes all.
    hold_up(all().step_by(37));
}

#[test]
#[ignore = "minutes: cargo xtask soak"]
fn nothing_overflows_at_any_limits_at_once() {
    hold_up(all());
}
