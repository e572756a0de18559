//! Every model of the catalogue has exactly the parameters and the cache that an independent count found.

use ridgepoint_catalog::{ModelEntry, find_model, models, parse_config};
use ridgepoint_core::{Component, KvFormat, Tokens, bytes_at_context};
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

/// Numbers that one sequence of `context` tokens keeps: in each group of layers, so many per token within the window.
fn cached_numbers(groups: &Value, context: Tokens) -> u64 {
    let groups = groups.as_array().expect("cache is a list of groups");
    let count = |group: &Value, key: &str| group[key].as_u64().unwrap_or(0);
    groups
        .iter()
        .map(|group| {
            let tokens = group["window"].as_u64().map_or(context, |window| window.min(context));
            count(group, "layers") * count(group, "per_token") * tokens
        })
        .sum()
}

/// All that differs between a model and its independent count.
fn differences(entry: &ModelEntry, expected: &Value) -> Vec<String> {
    let model = match parse_config(entry.config()) {
        Ok(parsed) => parsed.model,
        Err(error) => return vec![format!("{}: {error}", entry.id)],
    };
    let mut found = Vec::new();
    let mut compare = |what: String, ours: u64, theirs: u64| {
        if ours != theirs {
            found.push(format!("{}: {what} is {ours} and should be {theirs}", entry.id));
        }
    };
    let parameters = model.parameters();
    let count = |key: &str| expected[key].as_u64().unwrap_or(0);

    compare("total".into(), parameters.total(), count("total"));
    compare("total in the data file".into(), entry.parameters, count("total"));
    compare("active".into(), parameters.active, count("active"));
    compare("active in the data file".into(), entry.active_parameters, count("active"));
    compare("mtp".into(), model.mtp_parameters, count("mtp"));
    compare("context limit".into(), entry.context_limit.unwrap_or(0), model.context_limit.unwrap_or(0));
    for component in Component::ALL {
        let theirs = expected["components"][name(component)].as_u64().unwrap_or(0);
        compare(name(component).to_owned(), parameters.of(component), theirs);
    }
    for context in [1, 100, 5_000, 131_072] {
        let ours = bytes_at_context(&model, context, KvFormat::Bf16).get() / 2;
        compare(format!("cache of {context} tokens"), ours, cached_numbers(&expected["cache"], context));
    }
    found
}

#[test]
fn every_model_has_the_counted_parameters_and_cache() {
    let oracle = oracle();
    let mut found = Vec::new();
    for entry in models() {
        match oracle.get(entry.id) {
            Some(expected) => found.extend(differences(entry, expected)),
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
    for entry in models() {
        let parsed = parse_config(entry.config()).expect("the catalogue parses");
        let open = parsed.warnings.iter().filter(|warning| warning.to_string().contains("quantisation")).count();
        assert_eq!(open, 0, "{}", entry.id);
    }
}
