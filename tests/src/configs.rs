//! The configurations behind the catalogue, as its data files hold them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

/// The text of each model's configuration, by the model's id.
pub fn configs() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/catalog/data/models");
    let mut configs = BTreeMap::new();
    for file in fs::read_dir(folder).expect("the catalogue is in the repository") {
        let text = fs::read_to_string(file.expect("a file").path()).expect("text");
        let entries: Vec<Value> = serde_json::from_str(&text).expect("a list of models");
        for entry in entries {
            let id = entry["id"].as_str().expect("an id").to_owned();
            configs.insert(id, entry["config"].to_string());
        }
    }
    configs
}
