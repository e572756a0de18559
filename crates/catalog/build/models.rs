//! Checks `data/models/*.json`, reads each configuration and packs the models that come of them.

use ridgepoint_core::{Model, packed};
use ridgepoint_reader::parse_config;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Writes `models.txt`, a line for each model, and `models.bin`, the packed models in the same order, into `out`.
/// `src/models.rs` reads them back.
pub(crate) fn generate(data: &Path, out: &Path) {
    println!("cargo::rerun-if-changed={}", data.display());
    let (lines, models) = models(data);
    write(&out.join("models.txt"), lines.as_bytes());
    write(&out.join("models.bin"), &models);
}

fn models(folder: &Path) -> (String, Vec<u8>) {
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("data/models is a folder").map(|file| file.expect("readable").path()).collect();
    files.sort();
    let (mut lines, mut models) = (String::new(), Vec::new());
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
            let packed = packed::pack(&entry.model());
            lines += &format!("{}\t{}\n", packed.len(), entry.line());
            models.extend(packed);
        }
    }
    (lines, models)
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

    /// The model that the reader makes of the configuration; it has as many parameters as the file says.
    fn model(&self) -> Model {
        let model = match parse_config(&self.fields["config"].to_string()) {
            Ok(parsed) => parsed.model,
            Err(error) => panic!("{}: {error}", self.place),
        };
        let parameters = model.parameters();
        let counts = [("parameters", parameters.total()), ("active_parameters", parameters.active)];
        for (key, counted) in counts {
            assert_eq!(self.count(key), counted, "{}: {key} in the file, and counted from config", self.place);
        }
        model
    }

    fn line(&self) -> String {
        // What only the reader of the data wants is checked here and stays behind.
        self.text("checked");
        self.text("source");
        let reconstructed = self.fields["reconstructed"].as_bool().unwrap_or(false);
        [
            self.text("id"),
            self.text("name"),
            self.text("organisation"),
            self.text("family"),
            self.text("hub_id"),
            &self.aliases().join("|"),
            if reconstructed { "reconstructed" } else { "" },
        ]
        .join("\t")
    }
}

fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
