//! Every model of the catalogue has exactly the parameters and the cache that an independent count found.

use ridgepoint_catalog::catalogue::{BYTES, OtherCatalogue, VERSION, install};
use ridgepoint_catalog::{find_model, models};
use ridgepoint_core::{Component, KvFormat, Tokens, bytes_at_context, state};
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
/// window. What cross-attention keeps is for the tokens of an image.
fn cached_numbers(groups: &Value, context: Tokens) -> u64 {
    let of_group = |group: &Value| {
        let tokens = group["window"].as_u64().map_or(context, |window| window.min(context));
        if group["kind"] == "cross" { 0 } else { count(group, "layers") * count(group, "per_token") * tokens }
    };
    groups.as_array().expect("cache is a list of groups").iter().map(of_group).sum()
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
        let mut bytes = BYTES.to_vec();
        change(&mut bytes);
        install(bytes)
    };
    let version = BYTES.windows(VERSION.len()).position(|window| window == VERSION.as_bytes()).expect("it is in there");
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
