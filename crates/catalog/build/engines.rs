//! Checks `data/engines/*.json` and writes the defaults of each engine as a table, in the order of `Engine::ALL`.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// The files, in the order of `Engine::ALL`.
const ENGINES: [&str; 6] = ["vllm", "sglang", "tensorrt-llm", "llama.cpp", "transformers", "mlx"];

/// Writes `engines.rs` into `out`.
pub(crate) fn generate(data: &Path, out: &Path) {
    println!("cargo::rerun-if-changed={}", data.display());
    let entries: Vec<String> = ENGINES.iter().map(|id| entry(&data.join(format!("{id}.json")), id)).collect();
    let table = format!("[{}]", entries.join(", "));
    fs::write(out.join("engines.rs"), table).unwrap_or_else(|error| panic!("engines.rs: {error}"));
}

fn entry(path: &Path, id: &str) -> String {
    let place = path.display();
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{place}: {error}"));
    let entry: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{place}: {error}"));
    assert_eq!(entry["id"], id, "{place}: the id should be that of the file");
    for figure in ["memory_fraction", "tokens_per_pass", "context", "collectives"] {
        let source = entry["sources"][figure].as_str().unwrap_or_default();
        assert!(!source.is_empty(), "{place}: a figure without a source: {figure}");
    }
    let count = |key: &str| entry[key].as_u64().unwrap_or_else(|| panic!("{place}: not a whole number: {key}"));
    let fraction = entry["memory_fraction"].as_f64().filter(|fraction| *fraction > 0.0 && *fraction <= 1.0);
    let fraction = fraction.unwrap_or_else(|| panic!("{place}: memory_fraction should be above 0 and at most 1"));
    // An engine without chunks reads any prompt whole.
    let tokens = if entry["tokens_per_pass"].is_null() { u64::MAX } else { count("tokens_per_pass") };
    format!(
        "Defaults {{ memory_fraction: {fraction:?}, tokens_per_pass: {tokens}, context_mib: {}, collectives_mib: {} }}",
        count("context_mib"),
        count("collectives_mib")
    )
}
