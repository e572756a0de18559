//! Checks `data/models/*.json` and packs it: only what the running calculator needs, in as few bytes as possible.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Writes `models.txt` and `class_defaults.json` into `out`.
pub(crate) fn generate(data: &Path, out: &Path) {
    println!("cargo::rerun-if-changed={}", data.join("models").display());
    println!("cargo::rerun-if-changed={}", data.join("class_defaults.json").display());
    let defaults = read(&data.join("class_defaults.json"));
    write(&out.join("class_defaults.json"), &defaults["classes"].to_string());
    write(&out.join("models.txt"), &models(&data.join("models")));
}

/// Two lines for each model: what identifies it, and its configuration. `src/models.rs` reads them back.
fn models(folder: &Path) -> String {
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("data/models is a folder").map(|file| file.expect("readable").path()).collect();
    files.sort();
    let mut lines = String::new();
    let mut owners = BTreeMap::new();
    for path in files {
        let file = read(&path);
        let entries = file.as_array().unwrap_or_else(|| panic!("{} should hold a list of models", path.display()));
        let mut last = "";
        for entry in entries {
            let id = entry["id"].as_str().unwrap_or_else(|| panic!("{}: a model without id", path.display()));
            let entry = Entry { place: format!("{}, {id}", path.display()), fields: entry };
            assert!(last < id, "{}: models should be sorted by id, and it follows {last}", entry.place);
            last = id;
            for name in entry.names() {
                let known = owners.insert(name.to_ascii_lowercase(), id.to_owned());
                assert!(
                    known.as_deref().is_none_or(|owner| owner == id),
                    "{}: another model already has this name: {name}",
                    entry.place
                );
            }
            lines += &entry.lines();
        }
    }
    lines
}

/// A model of the catalogue, and where it stands.
struct Entry<'a> {
    place: String,
    fields: &'a Value,
}

impl<'a> Entry<'a> {
    fn text(&self, key: &str) -> &'a str {
        match self.fields[key].as_str() {
            // Tabs, line ends and bars separate texts in the packed file.
            Some(text) if !text.is_empty() && !text.contains('|') && !text.contains(char::is_control) => text,
            _ => panic!("{}: this should be a text without bars and control characters: {key}", self.place),
        }
    }

    fn count(&self, key: &str) -> u64 {
        self.fields[key].as_u64().unwrap_or_else(|| panic!("{}: this should be a whole number: {key}", self.place))
    }

    fn aliases(&self) -> Vec<&'a str> {
        let aliases = self.fields["aliases"].as_array().map_or(&[][..], Vec::as_slice);
        aliases.iter().map(|alias| alias.as_str().unwrap_or_else(|| panic!("{}: a broken alias", self.place))).collect()
    }

    fn names(&self) -> Vec<&'a str> {
        let mut names = self.aliases();
        names.extend([self.text("id"), self.text("hub_id")]);
        names
    }

    fn config(&self) -> &'a Map<String, Value> {
        self.fields["config"].as_object().unwrap_or_else(|| panic!("{}: there is no config", self.place))
    }

    fn context_limit(&self) -> Option<u64> {
        // The spellings of src/config/keys.rs; tests/catalogue.rs compares with what the parser finds.
        let spellings = [
            "max_position_embeddings",
            "n_positions",
            "seq_length",
            "max_seq_len",
            "max_sequence_length",
            "model_max_length",
        ];
        let config = self.config();
        let text = config.get("text_config").and_then(Value::as_object).unwrap_or(config);
        spellings.iter().find_map(|name| text.get(*name)).and_then(Value::as_u64)
    }

    fn lines(&self) -> String {
        // What only the reader of the data wants is checked here and stays behind.
        self.text("checked");
        self.text("source");
        let reconstructed = self.fields["reconstructed"].as_bool().unwrap_or(false);
        let line = [
            self.text("id"),
            self.text("name"),
            self.text("organisation"),
            self.text("family"),
            self.text("hub_id"),
            &self.aliases().join("|"),
            &self.count("parameters").to_string(),
            &self.count("active_parameters").to_string(),
            &self.context_limit().map_or_else(String::new, |limit| limit.to_string()),
            if reconstructed { "reconstructed" } else { "" },
        ];
        let config = Value::Object(without_factors(self.config()));
        format!("{}\n{config}\n", line.join("\t"))
    }
}

/// A configuration without the rotary factors of a long context: that there are any matters, their values do not.
fn without_factors(config: &Map<String, Value>) -> Map<String, Value> {
    let mut config = config.clone();
    if let Some(factors) = config.get_mut("rope_scaling").and_then(|scaling| scaling.get_mut("long_factor")) {
        *factors = json!([]);
    }
    config
}

fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
