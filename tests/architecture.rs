//! The crates depend on each other as ARCHITECTURE.md says, and on nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// What each crate of the product may use, apart from what only its tests and build scripts use.
const ALLOWED: [(&str, &[&str]); 8] = [
    ("ridgepoint-core", &[]),
    ("ridgepoint-reader", &["ridgepoint-core", "serde", "serde_json"]),
    ("ridgepoint-catalog", &["ridgepoint-core"]),
    ("ridgepoint-calculator", &["ridgepoint-core", "ridgepoint-catalog", "serde", "serde_json"]),
    (
        "ridgepoint-importer",
        &["ridgepoint-core", "ridgepoint-reader", "ridgepoint-calculator", "base64", "miniz_oxide"],
    ),
    (
        "ridgepoint-cli",
        &[
            "ridgepoint-core",
            "ridgepoint-reader",
            "ridgepoint-catalog",
            "ridgepoint-calculator",
            "ridgepoint-importer",
            "clap",
            "serde_json",
        ],
    ),
    ("ridgepoint-bindings", &["ridgepoint-catalog", "ridgepoint-calculator", "ridgepoint-importer", "wasm-bindgen"]),
    (
        "ridgepoint-calibrate",
        &[
            "ridgepoint-core",
            "ridgepoint-catalog",
            "ridgepoint-calculator",
            "levenberg-marquardt",
            "nalgebra",
            "serde",
            "serde_json",
        ],
    ),
];

#[test]
fn crates_depend_on_what_they_may() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .output()
        .expect("cargo describes the workspace");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let packages = metadata["packages"].as_array().expect("a list of packages");
    let found: BTreeMap<&str, BTreeSet<&str>> = packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().expect("a list of dependencies");
            let normal = dependencies.iter().filter(|dependency| dependency["kind"].is_null());
            let names = normal.map(|dependency| dependency["name"].as_str().expect("a name")).collect();
            (package["name"].as_str().expect("a name"), names)
        })
        .collect();
    for (name, allowed) in ALLOWED {
        let uses = found.get(name).unwrap_or_else(|| panic!("{name} is in the workspace"));
        let surprising: Vec<_> = uses.iter().filter(|used| !allowed.contains(used)).collect();
        assert!(surprising.is_empty(), "{name} uses {surprising:?}; if it should, say so in ARCHITECTURE.md");
    }
}
