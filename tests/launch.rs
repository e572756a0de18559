//! Commands start engines as plans say: snapshots, and flags that the engines document.

use std::collections::BTreeSet;
use std::path::Path;

use ridgepoint_calculator::launch::Launch;
use ridgepoint_calculator::link;
use ridgepoint_calculator::names;
use ridgepoint_calculator::scenario::{ModelChoice, Scenario};
use serde_json::Value;

fn read(path: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("a list in JSON")
}

fn scenario(case: &Value) -> Scenario {
    let query = case["query"].as_str().expect("a query");
    let read = link::decode(query);
    assert!(read.notices.is_empty(), "{query}: {:?}", read.notices);
    read.scenario
}

/// Flags of a command, and the names of what Python and the environment are told.
fn flags(command: &str) -> Vec<&str> {
    let words = command.split_whitespace();
    words
        .filter_map(|word| match word.split_once('=') {
            Some((name, _)) if !name.starts_with('-') => {
                let name = name.rsplit('(').next().unwrap_or(name);
                (!name.is_empty() && command.contains(&format!("{name}="))).then_some(name)
            }
            Some(_) | None => word.starts_with('-').then_some(word),
        })
        .filter(|name| !name.starts_with("bnb_") && !name.starts_with("load_in_") && *name != "-m")
        .collect()
}

#[test]
fn commands_are_as_they_were_read() {
    for case in read("cases/launch/commands.json") {
        let launch = Launch::of(&scenario(&case));
        assert_eq!(launch.command, case["command"].as_str().expect("a command"), "{}", case["query"]);
        let notes: Vec<&str> = case["notes"].as_array().expect("notes").iter().filter_map(Value::as_str).collect();
        assert_eq!(launch.notes, notes, "{}", case["query"]);
    }
}

#[test]
fn every_flag_is_documented_and_every_documented_flag_is_tried() {
    let mut untried: BTreeSet<(String, String)> = BTreeSet::new();
    let documented = read("../crates/catalog/data/launch.json");
    for engine in &documented {
        for flag in engine["flags"].as_array().expect("flags") {
            assert!(flag["source"].as_str().is_some_and(|source| source.contains("https://")), "{flag}");
            let name = flag["flag"].as_str().expect("a flag");
            untried.insert((engine["engine"].as_str().expect("an id").into(), name.into()));
        }
    }
    let known = untried.clone();
    for case in read("cases/launch/commands.json") {
        let scenario = scenario(&case);
        let engine = names::engine(scenario.engine).id.to_string();
        let program = documented.iter().find(|entry| entry["engine"] == engine.as_str()).map(|entry| &entry["program"]);
        let launch = Launch::of(&scenario);
        if let Some(program) = program.and_then(Value::as_str).filter(|program| *program != "python") {
            assert!(launch.command.contains(program), "{}", launch.command);
        }
        for flag in flags(&launch.command) {
            let flag = (engine.clone(), flag.to_string());
            assert!(known.contains(&flag), "{flag:?} in {}", launch.command);
            untried.remove(&flag);
        }
    }
    assert!(untried.is_empty(), "{untried:?}");
}

#[test]
fn a_name_cannot_break_out_of_its_quotes() {
    let config = r#"{"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
        "intermediate_size": 128, "vocab_size": 100, "max_position_embeddings": 128}"#;
    for name in ["a'; rm -rf ~ #", "--port 1", "$(whoami)", "a\"b\\", "new\nline"] {
        let custom = ridgepoint_importer::read_config(config, Some(name)).expect("a model");
        for (engine, _) in [("vllm", 0), ("transformers", 0), ("sglang", 0)] {
            let base = link::decode(&format!("engine={engine}")).scenario;
            let command = Launch::of(&Scenario { model: ModelChoice::Custom(custom.clone()), ..base }).command;
            if engine == "transformers" {
                let line = command.lines().find(|line| line.starts_with("name = ")).expect("a name");
                let text: Result<String, _> = serde_json::from_str(line.trim_start_matches("name = "));
                assert!(text.is_ok(), "{line}");
            } else {
                let echoed = std::process::Command::new("sh")
                    .args(["-c", &format!("printf '%s\\n' {command}")])
                    .output()
                    .expect("a shell");
                let words = String::from_utf8_lossy(&echoed.stdout).into_owned();
                let given =
                    words.split("--max-model-len").next().unwrap_or("").split("--context-length").next().unwrap_or("");
                assert!(given.contains(custom.name().trim_start_matches('-')), "{name}: {words}");
            }
        }
    }
}
