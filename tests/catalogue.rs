//! Every model of the catalogue has exactly the parameters and the cache that an independent count found.

use ridgepoint_catalog::catalogue::{CATALOGUE_FILE, OtherCatalogue, VERSION, install};
use ridgepoint_catalog::{find_model, models};
use ridgepoint_core::{
    Component, KvFormat, Numerics, Parallelism, Pass, Stack, Stage, Tokens, WeightFormat, Workload, bytes_at_context,
    bytes_of_sequence, memory, operation, source_bytes, state,
};
use ridgepoint_reader::parse_config;
use ridgepoint_tests::configs::configs;
use serde_json::Value;

/// The counts to meet, and how they were made, are in this file.
fn oracle() -> Value {
    let text = include_str!("cases/models/oracle.json");
    serde_json::from_str(text).expect("the counts are JSON")
}

/// What the file of counts calls each component.
const fn name(component: Component) -> &'static str {
    match component {
        Component::Embedding => "embedding",
        Component::Head => "lm_head",
        Component::Attention => "attention",
        Component::Mixer => "ssm",
        Component::DenseMlp => "dense_mlp",
        Component::RoutedExperts => "routed_experts",
        Component::SharedExperts => "shared_experts",
        Component::Router => "router",
        Component::Norms => "norms",
        Component::Vision => "vision",
        Component::Audio => "audio",
        Component::Projector => "projector",
        Component::Other => "other",
    }
}

/// Numbers that one sequence of `context` text tokens keeps: in each group of layers, so many for each token within the
/// window. What cross-attention keeps is for what an encoder made.
fn cached_numbers(groups: &Value, context: Tokens) -> u64 {
    let of_group = |group: &Value| {
        let tokens = group["window"].as_u64().map_or(context, |window| window.min(context));
        if group["kind"] == "cross" { 0 } else { count(group, "layers") * count(group, "per_token") * tokens }
    };
    groups.as_array().expect("cache is a list of groups").iter().map(of_group).sum()
}

/// Numbers that cross-attention keeps for each vector that an encoder made.
fn cross_numbers(groups: &Value) -> u64 {
    let groups = groups.as_array().expect("cache is a list of groups").iter();
    groups
        .filter(|group| group["kind"] == "cross")
        .map(|group| count(group, "layers") * count(group, "per_token"))
        .sum()
}

/// Numbers that one sequence keeps however long it is.
fn state_numbers(groups: &Value) -> u64 {
    let groups = groups.as_array().expect("cache is a list of groups");
    groups.iter().map(|group| count(group, "layers") * count(group, "per_sequence")).sum()
}

fn count(fields: &Value, key: &str) -> u64 {
    fields[key].as_u64().unwrap_or(0)
}

/// All that differs between the model of a configuration and its independent count.
fn differences(who: &str, config: &str, expected: &Value) -> Vec<String> {
    let model = match parse_config(config) {
        Ok(parsed) => parsed.model,
        Err(error) => return vec![format!("{who}: {error}")],
    };
    let mut found = Vec::new();
    let mut compare = |what: &str, ours: u64, theirs: u64| {
        if ours != theirs {
            found.push(format!("{who}: {what} is {ours} and should be {theirs}"));
        }
    };
    let parameters = model.parameters();
    compare("total", parameters.total(), count(expected, "total"));
    compare("active", parameters.active, count(expected, "active"));
    compare("mtp", model.mtp_parameters, count(expected, "mtp"));
    compare("state", state::values_per_sequence(&model), state_numbers(&expected["cache"]));
    let crossing = source_bytes(&model, 1500, KvFormat::Bf16).get() / 2;
    compare("cross-attention to 1500 vectors", crossing, 1500 * cross_numbers(&expected["cache"]));
    for component in Component::ALL {
        let theirs = count(&expected["components"], name(component));
        compare(name(component), parameters.of(component), theirs);
    }
    for context in [1, 100, 5_000, 131_072] {
        let ours = bytes_at_context(&model, context, KvFormat::Bf16).get() / 2;
        compare(&format!("cache of {context} tokens"), ours, cached_numbers(&expected["cache"], context));
    }
    found
}

#[test]
fn every_model_has_the_counted_parameters_and_cache() {
    let (oracle, configs) = (oracle(), configs());
    let mut found = Vec::new();
    for entry in models() {
        let config = &configs[entry.id];
        match oracle.get(entry.id) {
            Some(expected) => {
                found.extend(differences(entry.id, config, expected));
                let read = parse_config(config).map(|parsed| parsed.model);
                if read.as_ref() != Ok(&*entry.model()) {
                    found.push(format!("{}: the packed model is not the one in its configuration", entry.id));
                }
            }
            None => found.push(format!("{}: nobody has counted it", entry.id)),
        }
    }
    let counted = oracle.as_object().expect("an object").keys().filter(|id| *id != "source");
    found.extend(
        counted.filter(|id| models().iter().all(|entry| entry.id != *id)).map(|id| format!("{id}: not a model")),
    );
    println!("{} models checked, {} differences", models().len(), found.len());
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The page fetches program and catalogue as two files, and caches may bring them together from two builds.
#[test]
fn only_the_catalogue_of_the_same_build_is_taken() {
    let broken = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = CATALOGUE_FILE.to_vec();
        change(&mut bytes);
        install(bytes)
    };
    let version =
        CATALOGUE_FILE.windows(VERSION.len()).position(|window| window == VERSION.as_bytes()).expect("it is in there");
    assert_eq!(broken(&|bytes| bytes[version] ^= 1), Err(OtherCatalogue));
    assert_eq!(broken(&|bytes| bytes.truncate(bytes.len() - 1)), Err(OtherCatalogue));
    assert_eq!(broken(&|bytes| bytes.clear()), Err(OtherCatalogue));
    assert_eq!(broken(&|_| ()), Ok(()));
}

/// Published files are complete; pasted ones lean on what their class assumes.
#[test]
fn a_short_configuration_means_what_its_class_says() {
    let text = include_str!("cases/models/variations.json");
    let file: Value = serde_json::from_str(text).expect("the counts are JSON");
    let variations = file["variations"].as_array().expect("a list");
    let check = |variation: &Value| {
        let config = variation["config"].to_string();
        differences(&config, &config, variation)
    };
    let found: Vec<String> = variations.iter().flat_map(check).collect();
    println!("{} configurations checked, {} differences", variations.len(), found.len());
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Qwen3.5 27B: 48 delta-net layers. 2 x 16 x 128 keys and 48 x 128 values pass a convolution of 4 in 16 bit; 48 heads
/// keep a matrix of 128 x 128, for which its configuration asks 32 bit.
#[test]
fn a_recurrent_state_is_counted_in_the_format_that_its_configuration_asks_for() {
    let model = find_model("qwen3.5-27b").expect("in the catalogue").model();
    let convolution = (2 * 16 * 128 + 48 * 128) * 4 * 2;
    let recurrent = 48 * 128 * 128 * 4;
    assert_eq!(state::bytes_per_sequence(&model).get(), 48 * (convolution + recurrent));
}

#[test]
fn a_model_is_found_by_any_of_its_names() {
    for entry in models() {
        let names = [entry.id, entry.hub_id].into_iter().chain(entry.aliases.iter().copied());
        for name in names {
            for spelling in [name.to_owned(), name.to_uppercase(), format!(" {name} ")] {
                let found = find_model(&spelling).map(|entry| entry.id);
                assert_eq!(found, Some(entry.id), "{spelling}");
            }
        }
    }
    assert!(find_model("llama-5").is_none());
}

#[test]
fn no_model_of_the_catalogue_leaves_its_number_format_open() {
    for (id, config) in configs() {
        let parsed = parse_config(&config).expect("the catalogue parses");
        let open = parsed.warnings.iter().filter(|warning| warning.to_string().contains("quantisation")).count();
        assert_eq!(open, 0, "{id}");
    }
}

/// The heads of encoders, the stacks of encoder-decoders and other variations of families of which the catalogue has few.
#[test]
fn small_models_have_as_many_parameters_as_the_modules_of_their_classes() {
    let text = include_str!("cases/models/modules.json");
    let file: Value = serde_json::from_str(text).expect("the counts are JSON");
    let models = file["models"].as_array().expect("a list");
    let wrong = |model: &&Value| {
        let total = parse_config(&model["config"].to_string()).map(|parsed| parsed.model.parameters().total());
        total != Ok(count(model, "total"))
    };
    let found: Vec<String> = models.iter().filter(wrong).map(ToString::to_string).collect();
    println!("{} configurations checked, {} differences", models.len(), found.len());
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Flan-T5 XL: 24 decoder layers with 32 heads of 64 keep 2 x 2048 numbers for each token that they wrote, and as many
/// for each token of the prompt; what the encoder computed on the way is gone.
#[test]
fn an_encoder_decoder_keeps_the_prompt_once_and_its_answer() {
    let entry = find_model("flan-t5-xl").expect("in the catalogue");
    let model = entry.model();
    assert_eq!(model.stack(), Stack::EncoderDecoder);
    let each = 24 * 2 * 2048 * 2;
    let workload = Workload { batch: 3, prompt_tokens: 500, output_tokens: 20 };
    let whole = Stage { first_layer: 0, layers: model.layers.len(), is_first: true, is_last: true };
    let own = memory::stage_kv_cache(&model, whole, 3, 20, KvFormat::Fp16, 1);
    let source = memory::stage_source_cache(&model, whole, 3, model.source_tokens(500), KvFormat::Fp16, 1);
    assert_eq!((own.get(), source.get()), (3 * 20 * each, 3 * 500 * each));
    let all = memory::stage_cache(&model, whole, 3, workload, KvFormat::Fp16, 1);
    assert_eq!(all, own + source);
    assert_eq!(bytes_of_sequence(&model, workload, KvFormat::Fp16) * 3, all);
}

/// Whisper's encoder always hears 30 s: 1500 vectors, however long the prompt.
#[test]
fn whisper_keeps_a_window_of_sound() {
    let model = find_model("whisper-large-v3").expect("in the catalogue").model();
    assert_eq!((model.source_tokens(0), model.source_tokens(9000)), (1500, 1500));
    assert_eq!(source_bytes(&model, 1500, KvFormat::Fp16).get(), 1500 * 32 * 2 * 1280 * 2);
}

#[test]
fn an_encoder_keeps_nothing() {
    for name in ["bge-m3", "modernbert-base", "bert-base-uncased", "nomic-embed-text-v1.5"] {
        let model = find_model(name).expect("in the catalogue").model();
        assert_eq!(model.stack(), Stack::Encoder, "{name}");
        assert_eq!(bytes_at_context(&model, 512, KvFormat::Fp16).get(), 0, "{name}");
    }
}

/// An image generator has weights, and neither a cache nor a time for each token.
#[test]
fn of_an_image_generator_the_weights_are_known() {
    let config = r#"{ "_class_name": "FluxTransformer2DModel", "patch_size": 1, "in_channels": 64, "num_layers": 19,
        "num_single_layers": 38, "attention_head_dim": 128, "num_attention_heads": 24, "joint_attention_dim": 4096,
        "pooled_projection_dim": 768, "guidance_embeds": true }"#;
    let model = parse_config(config).expect("a configuration").model;
    assert_eq!(model.stack(), Stack::None);
    assert_eq!(memory::weights(&model, WeightFormat::Bf16).get(), 2 * 11_901_408_320);
    assert_eq!(bytes_at_context(&model, 1000, KvFormat::Bf16).get(), 0);
}

/// The work of T5 by hand, in the order of its passes: the encoder works when the prompt is read, keys and values of
/// cross-attention are made then, and later only the decoder works.
#[test]
fn an_encoder_works_once() {
    let model = find_model("t5-small").expect("in the catalogue").model();
    let flops = |pass| -> f64 {
        let whole = Stage { first_layer: 0, layers: model.layers.len(), is_first: true, is_last: true };
        let numerics = Numerics { weights: WeightFormat::Bf16, kv: KvFormat::Fp16.into() };
        let operations = operation::of_stage(&model, whole, pass, numerics, Parallelism::SINGLE);
        operations.into_iter().map(|operation| operation.cost.flops.get()).sum()
    };
    // Six layers each, 512 wide, eight heads of 64, an MLP of 2 x 512 x 2048, a vocabulary of 32128.
    let (square, mlp, head) = (512.0 * 512.0, 2.0 * 512.0 * 2048.0, 512.0 * 32_128.0);
    let scores = |pairs: f64| 2.0 * 512.0 * 2.0 * pairs;
    let step = |own: f64| 6.0 * (2.0 * (6.0 * square + mlp) + scores(own) + scores(100.0)) + 2.0 * head;
    let encoding = 6.0 * (100.0 * 2.0 * (4.0 * square + mlp) + scores(100.0 * 100.0));
    let crossing = 6.0 * 100.0 * 2.0 * 2.0 * square;
    assert_eq!(flops(Pass::reading(&model, 1, 100)), encoding + crossing + step(1.0));
    assert_eq!(flops(Pass::writing(&model, 1, 100, 7)), step(7.0));
}

/// Quantised twins, towers, text encoders and image generators, and the few that are refused, by name.
#[test]
fn every_other_published_configuration_is_counted_or_refused_for_a_reason() {
    let file: Value = serde_json::from_str(include_str!("cases/models/others.json")).expect("the counts are JSON");
    let models = file["models"].as_array().expect("a list");
    let (mut found, mut exceptions) = (Vec::new(), 0);
    for model in models {
        let name = model["name"].as_str().expect("a name");
        let config = model["config"].to_string();
        let read = parse_config(&config).map(|parsed| parsed.model);
        if let Some(reason) = model["refused"].as_str() {
            println!("{name} is refused: {reason}");
            exceptions += 1;
            if read.is_ok() {
                found.push(format!("{name} is no longer refused"));
            }
        } else if model["components"].is_object() {
            found.extend(differences(name, &config, model));
        } else if let Some(total) = model["total"].as_u64() {
            let ours = read.map(|model| model.parameters().total());
            if ours != Ok(total) {
                found.push(format!("{name}: total is {ours:?} and should be {total}"));
            }
        } else {
            println!("{name} is not compared: {}", model["apart"].as_str().expect("a reason"));
            exceptions += 1;
        }
    }
    println!("{} configurations checked, {exceptions} exceptions, {} differences", models.len(), found.len());
    assert!(found.is_empty(), "{}", found.join("\n"));
}
