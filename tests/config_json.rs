//! Reading a pasted `config.json`: plain words for what is wrong, and no text that breaks the reader.

use ridgepoint_core::{Head, Number, Packing, Role};
use ridgepoint_reader::{ConfigError, parse_config};
use ridgepoint_tests::configs::configs;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn llama() -> Value {
    json!({
        "model_type": "llama", "num_hidden_layers": 32, "hidden_size": 4096, "intermediate_size": 14336,
        "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128_256, "tie_word_embeddings": false,
    })
}

/// Llama 3.1 8B with one field replaced.
fn llama_with(key: &str, value: Value) -> String {
    let mut config = llama();
    config[key] = value;
    config.to_string()
}

fn total(text: &str) -> u64 {
    parse_config(text).expect("a configuration").model.parameters().total()
}

fn error(text: &str) -> ConfigError {
    parse_config(text).expect_err("a broken configuration")
}

#[test]
fn what_is_not_a_config_says_what_to_do() {
    let message = |text: &str| error(text).to_string();
    assert_eq!(
        message("meta-llama/Llama-3.1-8B"),
        "this is not JSON; paste the whole config.json. First mistake at line 1, column 1"
    );
    assert_eq!(message(""), "this is not JSON; paste the whole config.json. First mistake at line 1, column 0");
    assert_eq!(message("[1, 2]"), "a config.json is an object: it starts with { and ends with }");
    assert_eq!(message("{}"), "add what is missing: model_type");
    assert_eq!(
        message(r#"{"model_type": "baichuan", "hidden_size": 4096}"#),
        "add what is missing: num_attention_heads, num_hidden_layers, vocab_size, intermediate_size"
    );
    assert_eq!(
        message(r#"{"model_type": "resnet"}"#),
        "there are no rules for this model_type; for an estimate as a decoder like Llama add hidden_size, \
         num_hidden_layers, num_attention_heads, num_key_value_heads, intermediate_size, vocab_size: resnet"
    );
    assert_eq!(message(&llama_with("hidden_size", json!("4096"))), "hidden_size should be a whole number");
    assert_eq!(message(&llama_with("tie_word_embeddings", json!("no"))), "tie_word_embeddings should be true or false");
    assert_eq!(
        message(&llama_with("num_hidden_layers", json!(1e18))),
        "num_hidden_layers should be a whole number from 1 to 10000, and is: 1e+18"
    );
    assert_eq!(
        message(&llama_with("hidden_size", json!(-4096))),
        "hidden_size should be a whole number from 1 to 16777216, and is: -4096"
    );
    assert_eq!(
        message(&llama_with("hidden_size", json!(4096.5))),
        "hidden_size should be a whole number from 1 to 16777216, and is: 4096.5"
    );
    assert_eq!(
        message(&llama_with("num_attention_heads", json!(0))),
        "num_attention_heads should be a whole number from 1 to 65536, and is: 0"
    );
    assert_eq!(
        message(&llama_with("num_attention_heads", json!(40))),
        "without head_dim, hidden_size should be a multiple of num_attention_heads: 4096 is not one of 40"
    );
    assert_eq!(
        message(&llama_with("num_key_value_heads", json!(5))),
        "num_attention_heads should be a multiple of num_key_value_heads: 32 is not one of 5"
    );
    assert_eq!(
        message(&llama_with("layer_types", json!(["full_attention"]))),
        "layer_types has fewer entries than the model has layers: 1 for 32"
    );
    assert_eq!(
        message(&llama_with("dtype", json!("int3"))),
        "dtype should be float32, float16 or bfloat16, and is: int3"
    );
    assert_eq!(
        message(r#"{"model_type": "mixtral", "num_local_experts": 4, "num_experts_per_tok": 8}"#),
        "num_experts_per_tok should be at most the number of experts: 8 of 4"
    );
}

#[test]
fn an_absent_field_is_the_default_of_its_class_and_null_means_derive() {
    // MistralConfig assumes 8 KV heads and a window of 4096; null asks for as many as heads, and for no window.
    let mut config = llama();
    config["model_type"] = json!("mistral");
    config.as_object_mut().expect("an object").remove("num_key_value_heads");
    let absent = parse_config(&config.to_string()).expect("a configuration").model;
    config["num_key_value_heads"] = Value::Null;
    config["sliding_window"] = Value::Null;
    let null = parse_config(&config.to_string()).expect("a configuration").model;
    assert_eq!(absent.parameters().total(), 8_030_261_248);
    // 32 layers, keys and values, 24 more heads of 128.
    assert_eq!(null.parameters().total() - absent.parameters().total(), 32 * 2 * 24 * 128 * 4096);

    let cache = |model, context| ridgepoint_core::bytes_at_context(model, context, ridgepoint_core::KvFormat::Bf16);
    assert_eq!(cache(&absent, 8192), cache(&absent, 4096));
    assert_eq!(cache(&null, 8192), cache(&null, 4096) * 2);
}

#[test]
fn a_default_dimension_is_reported() {
    let mut config = llama();
    config.as_object_mut().expect("an object").remove("vocab_size");
    let warnings = parse_config(&config.to_string()).expect("a configuration").warnings;
    let warnings: Vec<_> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings, ["vocab_size is absent, so the default of its class is used: 32000"]);
}

/// The fields of Llama under a name that nobody has used, and with experts.
#[test]
fn an_unknown_family_with_the_fields_of_a_decoder_is_counted_with_a_warning() {
    let mut config = llama();
    config["model_type"] = json!("zebra");
    let parsed = parse_config(&config.to_string()).expect("an estimate");
    assert_eq!(parsed.model.parameters().total(), 8_030_261_248);
    let warnings: Vec<_> = parsed.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings, ["not verified for this architecture, which is counted as a decoder like Llama: zebra"]);

    config["num_experts"] = json!(8);
    config["num_experts_per_tok"] = json!(2);
    let parsed = parse_config(&config.to_string()).expect("an estimate");
    // 32 layers: seven more experts of 3 x 4096 x 14336 and a router.
    let experts = 32 * (7 * 3 * 4096 * 14_336 + 8 * 4096);
    assert_eq!(parsed.model.parameters().total(), 8_030_261_248 + experts);
    assert!(parsed.warnings[0].to_string().contains("a mixture of experts like Mixtral"));

    // What is no plain decoder is not guessed.
    let refused = |key: &str, value: Value| {
        let mut config = config.clone();
        config[key] = value;
        error(&config.to_string()).to_string()
    };
    let refusal = "there are no rules for this model_type; use that of a model with the same layers: zebra";
    assert_eq!(refused("kv_lora_rank", json!(512)), refusal);
    assert_eq!(refused("layer_types", json!(vec!["mamba"; 32])), refusal);
    assert_eq!(refused("is_encoder_decoder", json!(true)), refusal);
}

/// What we have no rules for, and why. A name leaves the list when its family is counted.
#[test]
fn what_cannot_be_counted_is_refused_by_name() {
    let refused = |config: Value| {
        let name = config.get("model_type").or(config.get("_class_name")).cloned().unwrap_or_default();
        let error = error(&config.to_string());
        assert!(matches!(error, ConfigError::UnknownModelType { .. }), "{name}: {error}");
    };
    // Speech models with a second decoder for each frame and a codec of convolutions.
    let mut csm = llama();
    csm["model_type"] = json!("csm");
    csm["num_codebooks"] = json!(32);
    refused(csm);
    // One set of weights for all layers.
    refused(json!({ "model_type": "albert", "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12,
        "intermediate_size": 3072, "vocab_size": 30000 }));
    // Networks of image and video generators whose layers we have not read.
    for class in [
        "AuraFlowTransformer2DModel",
        "ChromaTransformer2DModel",
        "CogVideoXTransformer3DModel",
        "Flux2Transformer2DModel",
        "HunyuanVideoTransformer3DModel",
        "LTXVideoTransformer3DModel",
        "MochiTransformer3DModel",
        "PixArtTransformer2DModel",
        "QwenImageTransformer2DModel",
        "SanaTransformer2DModel",
        "WanTransformer3DModel",
        "ZImageTransformer2DModel",
    ] {
        refused(json!({ "_class_name": class, "num_layers": 2, "attention_head_dim": 8, "num_attention_heads": 2 }));
    }
}

#[test]
fn a_composite_without_rules_counts_its_language_model_and_says_so() {
    let config = json!({ "model_type": "some_vl", "text_config": llama(), "vision_config": { "depth": 3 } });
    let parsed = parse_config(&config.to_string()).expect("a configuration");
    assert_eq!(parsed.model.parameters().total(), 8_030_261_248);
    let warnings: Vec<_> = parsed.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings, ["the weights of this encoder are not counted: vision_config"]);
}

#[test]
fn a_composite_within_a_composite_is_unpacked() {
    let mut text = llama();
    text["model_type"] = json!("qwen2_5_omni_text");
    let thinker = json!({ "text_config": text, "vision_config": { "depth": 3 }, "audio_config": { "d_model": 8 } });
    let config = json!({ "model_type": "qwen2_5_omni", "thinker_config": thinker });
    let parsed = parse_config(&config.to_string()).expect("a configuration");
    // Qwen2 has biases on queries, keys and values, although no field says so.
    assert_eq!(parsed.model.parameters().total(), 8_030_261_248 + 32 * (4096 + 2 * 1024));
    assert_eq!(parsed.warnings.len(), 2);
}

/// How the published file stores the query projections of the first layer.
fn query_packing(text: &str) -> (Packing, usize) {
    let parsed = parse_config(text).expect("a configuration");
    let tensors = &parsed.model.layers.kinds()[0].tensors;
    let query = tensors.iter().find(|tensor| tensor.role == Role::Query).expect("a query projection");
    (query.native, parsed.warnings.len())
}

#[test]
fn an_unknown_quantisation_is_reported_and_a_known_one_is_the_native_format() {
    let quantised = |quantisation: Value| query_packing(&llama_with("quantization_config", quantisation));
    assert_eq!(quantised(Value::Null), (Packing::BF16, 0));
    assert_eq!(
        quantised(json!({ "quant_method": "fp8", "weight_block_size": [128, 128] })),
        (Packing::PerTile { number: Number::Fp8, rows: 128, columns: 128 }, 0)
    );
    assert_eq!(quantised(json!({ "quant_method": "from-the-future" })), (Packing::BF16, 1));
    // MXFP4 as vLLM recognises it in `model_executor/layers/quantization/quark/quark.py`.
    let quark = |weight: Value| json!({ "quant_method": "quark", "global_quant_config": { "weight": weight } });
    let mxfp4 = json!({ "dtype": "fp4", "qscheme": "per_group", "group_size": 32, "scale_format": "e8m0" });
    assert_eq!(quantised(quark(mxfp4)), (Packing::PerGroup { number: Number::Fp4, group: 32, scale_bits: 8 }, 0));
    let fp8 = json!({ "dtype": "fp8_e4m3", "qscheme": "per_tensor" });
    assert_eq!(quantised(quark(fp8)), (Packing::PerTensor { number: Number::Fp8 }, 0));
    assert_eq!(quantised(quark(json!({ "dtype": "int4", "qscheme": "per_group" }))), (Packing::BF16, 1));
    let dtype = |name: &str| query_packing(&llama_with("torch_dtype", json!(name))).0;
    assert_eq!(dtype("float16"), Packing::Plain { number: Number::Fp16 });
    assert_eq!(dtype("torch.float32"), Packing::Plain { number: Number::Fp32 });
}

#[test]
fn an_embedding_model_has_no_head() {
    let with = |name: &str| parse_config(&llama_with("architectures", json!([name]))).expect("read").model.head;
    assert_eq!(with("LlamaModel"), Head::None);
    assert_ne!(with("LlamaForCausalLM"), Head::None);
    assert_ne!(with("GPT2LMHeadModel"), Head::None);
}

#[test]
fn numbers_that_only_python_writes_are_read() {
    let text = r#"{ "note": "NaN and \" Infinity", "time_step_limit": [0.0, Infinity, -Infinity], "eps": NaN, "#;
    let text = llama().to_string().replacen('{', text, 1);
    assert_eq!(total(&text), 8_030_261_248);
    // A dimension that is not a number is no dimension.
    assert_eq!(
        error(&llama().to_string().replace("4096", "NaN")),
        ConfigError::Missing(vec!["hidden_size".to_owned()])
    );
}

#[test]
fn whole_numbers_may_be_written_as_floats_and_the_last_of_two_keys_wins() {
    assert_eq!(total(&llama_with("hidden_size", json!(4096.0))), 8_030_261_248);
    assert_eq!(total(&llama().to_string().replacen('{', r#"{ "hidden_size": 1,"#, 1)), 8_030_261_248);
}

#[test]
fn deep_nesting_is_refused() {
    let text = format!("{{\"model_type\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(matches!(error(&text), ConfigError::NotJson { .. }));
}

#[test]
fn dimensions_that_are_possible_one_by_one_are_refused_together() {
    let config = json!({
        "model_type": "mixtral", "num_hidden_layers": 10_000, "hidden_size": 1 << 24, "intermediate_size": 1 << 24,
        "num_attention_heads": 1 << 16, "num_key_value_heads": 1 << 16, "head_dim": 1 << 24, "vocab_size": 1 << 26,
        "num_local_experts": 1 << 16, "num_experts_per_tok": 1 << 16,
    });
    assert_eq!(
        error(&config.to_string()).to_string(),
        "together the dimensions make more than 1000000000000000 parameters"
    );
}

/// Whatever stands in one field, the reader answers: with a model or with an error, and in reasonable time.
#[test]
fn no_value_in_any_field_breaks_the_reader() {
    let hostile = [
        json!(null),
        json!(true),
        json!(false),
        json!(-1),
        json!(0),
        json!(1),
        json!(7),
        json!(1.5),
        json!(1 << 16),
        json!(1 << 24),
        json!(u64::MAX),
        json!(1e300),
        json!(""),
        json!("sliding_attention"),
        json!([]),
        json!([0]),
        json!([[["global"], 10_000]]),
        json!({}),
        json!({ "model_type": "llama" }),
    ];
    let mut kinds = BTreeMap::new();
    let modules: Value = serde_json::from_str(include_str!("cases/models/modules.json")).expect("JSON");
    let modules = modules["models"].as_array().expect("a list").iter().map(|model| model["config"].clone());
    let configs = configs();
    let published = configs.values().map(|config| serde_json::from_str(config).expect("JSON"));
    for config in published.chain(modules) {
        let name = format!("{}{}", config["model_type"], config["_class_name"]);
        kinds.entry(name).or_insert(config);
    }
    // Few layers show as much as many, sooner. Nemotron-NAS has a list that must be as long as the model.
    for config in kinds.values_mut().filter(|config| config["model_type"] != "nemotron-nas") {
        for path in ["/num_hidden_layers", "/text_config/num_hidden_layers"] {
            if let Some(layers) = config.pointer_mut(path) {
                *layers = json!(4);
            }
        }
    }
    let mut read = 0;
    for config in kinds.values() {
        for path in paths(config) {
            for value in &hostile {
                let mut broken = config.clone();
                *broken.pointer_mut(&path).expect("a path of the configuration") = value.clone();
                if let Ok(parsed) = parse_config(&broken.to_string()) {
                    assert!(parsed.model.parameters().total() <= 1_000_000_000_000_000, "{path} = {value}");
                    read += 1;
                }
            }
        }
    }
    assert!(read > 1000, "most changes of one field still give a model: {read}");
}

/// JSON pointers of all fields, nested ones included.
fn paths(config: &Value) -> Vec<String> {
    let mut paths = Vec::new();
    for (key, value) in config.as_object().into_iter().flatten() {
        paths.push(format!("/{key}"));
        paths.extend(self::paths(value).into_iter().map(|path| format!("/{key}{path}")));
    }
    paths
}
