//! Weight formats take exactly the bytes that published files and the tools that write them say.

use ridgepoint_calculator::link;
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::{names, options};
use ridgepoint_catalog::find_model;
use ridgepoint_core::{GgufLayout, Model, Role, Tensor, WeightFormat, memory};
use ridgepoint_reader::parse_config;
use ridgepoint_tests::configs::configs;
use serde_json::{Map, Value};
use std::sync::Arc;

fn cases(text: &str) -> Value {
    serde_json::from_str(text).expect("the cases are valid JSON")
}

fn model(id: &str) -> Arc<Model> {
    find_model(id).unwrap_or_else(|| panic!("{id} is not in the catalogue")).model()
}

fn format(id: &str) -> WeightFormat {
    link::weight_format(id).unwrap_or_else(|| panic!("{id} is not a format"))
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().expect("an object")
}

fn count(value: &Value) -> u64 {
    value.as_u64().expect("a whole number")
}

#[test]
fn llama_quantize_makes_the_bits_per_weight_of_its_own_table() {
    let table = cases(include_str!("cases/formats/quantize.json"));
    let model = model(table["model"].as_str().expect("a model"));
    let bits_per_weight = object(&table["bits_per_weight"]);
    for (id, expected) in bits_per_weight {
        let bits = memory::weights(&model, format(id)).as_f64() * 8.0 / count(&table["parameters"]) as f64;
        // The table has four decimals.
        assert_eq!(format!("{bits:.4}"), format!("{:.4}", expected.as_f64().expect("a number")), "{id}");
    }
    assert_eq!(bits_per_weight.len(), 23);
    for (id, expected) in object(&table["tensor_bytes"]) {
        assert_eq!(memory::weights(&model, format(id)).get(), count(expected), "{id}");
    }
}

#[test]
fn every_recipe_chooses_as_llama_quantize_does() {
    let recipes = cases(include_str!("cases/formats/recipes.json"));
    let mut found = Vec::new();
    let mut checked = 0;
    for (id, files) in object(&recipes["bytes"]) {
        let model = model(id);
        for (file, expected) in object(files) {
            let bytes = memory::weights(&model, format(file)).get();
            checked += 1;
            if bytes != count(expected) {
                found.push(format!("{id} in {file} is {bytes} and should be {expected}"));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(checked >= 349);
}

#[test]
fn published_checkpoints_have_the_scales_that_they_are_published_with() {
    let checkpoints = cases(include_str!("cases/formats/checkpoints.json"));
    let configs = configs();
    for case in checkpoints["cases"].as_array().expect("a list") {
        let config = &configs[case["model"].as_str().expect("a model")];
        let mut config: Value = serde_json::from_str(config).expect("the catalogue is JSON");
        if let Some(instead) = case["instead"].as_object() {
            let fields = config.as_object_mut().expect("an object");
            fields.remove("quantization_config");
            fields.extend(instead.clone());
        }
        let parsed = parse_config(&config.to_string()).expect("a configuration");
        assert_eq!(parsed.warnings, [], "{}", case["name"]);
        let [parameters, quantised, bits] = ["parameters", "quantised", "bits"].map(|key| count(&case[key]));
        let scales = case["scales"].as_array().expect("a list").iter();
        let scales: u64 = scales.map(|scales| count(&scales["count"]) * count(&scales["bytes"])).sum();
        let expected = quantised * bits / 8 + (parameters - quantised) * 2 + scales;
        let bytes = memory::weights(&parsed.model, WeightFormat::Native).get();
        assert_eq!(bytes, expected, "{}: {}", case["name"], case["because"]);
    }
}

#[test]
fn a_large_matrix_has_the_bits_of_its_format() {
    let table = cases(include_str!("cases/formats/bits.json"));
    let side = count(&table["side"]);
    for case in table["bits"].as_array().expect("a list") {
        let format = format(case["format"].as_str().expect("a format"));
        let bytes = format.packing(Tensor::matrix(Role::Up, side, side), false).bytes(side, side);
        let bits = bytes.as_f64() * 8.0 / (side * side) as f64;
        assert_eq!(Some(bits), case["bits"].as_f64(), "{}: {}", case["format"], case["because"]);
    }
}

#[test]
fn a_chip_multiplies_in_the_format_if_it_can() {
    for case in cases(include_str!("cases/formats/precisions.json")).as_array().expect("a list") {
        let [gpu, w, expected] = ["gpu", "w", "precision"].map(|key| case[key].as_str().expect("a text"));
        let report = Report::of(&link::decode(&format!("model=llama-3.1-8b&gpu={gpu}&w={w}")).scenario);
        let (precision, _) = report.roofline().unwrap_or_else(|| panic!("{gpu} has no figures"));
        assert_eq!(names::precision(precision), expected, "{w} on {gpu}: {}", case["because"]);
    }
}

#[test]
fn llama_cpp_holds_plain_and_mxfp4_weights_as_gguf_files() {
    let bytes = |query: &str| Report::of(&link::decode(query).scenario).model.weights_bytes.get();
    // Norms, biases and routers in 32 bit, everything beside the experts in Q8_0: within 0.2 % of the file of
    // 12109566560 bytes at huggingface.co/ggml-org/gpt-oss-20b-GGUF, which also holds a tokenizer of 13 MB.
    let experts = bytes("model=gpt-oss-20b&engine=llama.cpp");
    assert_eq!(experts, bytes("model=gpt-oss-20b&engine=llama.cpp&w=mxfp4"));
    assert_eq!(experts, bytes("model=gpt-oss-20b&engine=llama.cpp&w=mxfp4_moe"));
    assert!((experts as f64 / 12_109_566_560.0 - 1.0).abs() < 0.002, "{experts}");
    // Llama 3.1 8B: 65 norms of 4096 and 64 rotary factors are twice as wide as in 16 bit.
    let wider = bytes("model=llama-3.1-8b&engine=llama.cpp") - bytes("model=llama-3.1-8b");
    assert_eq!(wider, 65 * 4096 * 2 + 64 * 4);
}

#[test]
fn llama_cpp_keeps_the_embedding_and_named_experts_in_host_memory() {
    let report = |query: &str| Report::of(&link::decode(&format!("gpu=rtx-3090&engine=llama.cpp&{query}")).scenario);
    for query in ["model=llama-3.1-8b&w=q4_k_m", "model=qwen3-30b-a3b&w=q8_0&cpu-moe=20"] {
        let report = report(query);
        let held = report.devices[0].memory.weights + report.model.host_weights_bytes;
        assert_eq!(held, report.model.weights_bytes, "{query}");
    }
    // token_embd in Q4_K: 128256 rows of 16 blocks of 144 bytes.
    assert_eq!(report("model=llama-3.1-8b&w=q4_k_m").model.host_weights_bytes.get(), 128_256 * 16 * 144);
    // A tied head is a copy of the table on the device.
    let tied = report("model=llama-3.2-1b&w=q4_k_m");
    assert_eq!(tied.devices[0].memory.weights, tied.model.weights_bytes);
    // On a CPU there is no other memory.
    let cpu = Report::of(&link::decode("model=llama-3.1-8b&gpu=epyc-9654&engine=llama.cpp&w=q4_k_m").scenario);
    assert_eq!(cpu.devices[0].memory.weights, cpu.model.weights_bytes);
}

/// Layers of Gemma 3n and 4 that read an earlier layer's cache have projections of their own in the published files. The
/// converter (`Gemma3NModel` and `Gemma4Model` of llama.cpp's `conversion/gemma.py`) drops none of them.
///
/// Gemma 4 E2B: 20 such layers, 1536 wide, with one head of 256 in 16 of them and of 512 in four.
#[test]
fn a_gguf_file_has_projections_that_nothing_reads() {
    let model = model("gemma-4-e2b");
    let without = Model { gguf: GgufLayout { unread_kv: false, ..model.gguf }, ..Model::clone(&model) };
    let (matrices, norms) = (2 * 1536 * (16 * 256 + 4 * 512), 16 * 256 + 4 * 512);
    assert_eq!(matrices + norms, 18_880_512);
    let bytes = |model: &Model, id| memory::weights(model, format(id)).get();
    assert_eq!(bytes(&model, "q8_0") - bytes(&without, "q8_0"), matrices / 32 * 34 + norms * 4);
    assert_eq!(bytes(&model, "bf16"), bytes(&without, "bf16"));
    // ggml-org/gemma-4-E2B-it-GGUF: the rest of the file is its header with 262,144 words and how to put them together.
    let header = 4_967_494_592 - bytes(&model, "q8_0");
    assert!((14_000_000..18_000_000).contains(&header), "{header}");
}

#[test]
fn the_published_format_has_a_name_for_people() {
    let label = |id: &str| names::published(&model(id)).label;
    for (id, expected) in [
        ("llama-3.1-8b", "BF16"),
        ("llama-2-7b", "FP16"),
        ("gpt-oss-120b", "MXFP4 experts"),
        ("deepseek-v3", "FP8"),
        ("kimi-k2.5", "INT4 experts"),
        ("llama-4-scout-fp8", "FP8"),
    ] {
        assert_eq!(label(id), expected, "{id}");
    }
}

#[test]
fn every_format_has_an_id_of_its_own_and_older_ids_still_read() {
    let ids: Vec<_> = names::weight_formats().map(|format| names::weight_format(format).id).collect();
    for (index, id) in ids.iter().enumerate() {
        assert!(!ids[..index].contains(id), "{id}");
        assert_eq!(names::weight_format(format(&id.to_uppercase())).id, *id);
    }
    for (alias, id) in names::WEIGHT_FORMAT_ALIASES {
        assert!(!ids.contains(&alias), "{alias}");
        assert_eq!(names::weight_format(format(alias)).id, id);
    }
    assert!(options::weight_formats().iter().all(|group| !group.choices.is_empty()));
    assert_eq!(link::weight_format("q4_k_xxl"), None);
}
