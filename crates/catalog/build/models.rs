//! Checks `data/models/*.json`, reads each configuration and packs the models that come of them.

use ridgepoint_core::{Model, packed};
use ridgepoint_reader::parse_config;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::entry::{ModelEntry, PackedModel};

/// Reads and checks every file in `folder`.
pub(crate) fn read(folder: &Path) -> Vec<ModelEntry> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("data/models is a folder").map(|file| file.expect("readable").path()).collect();
    files.sort();
    let mut models = Vec::new();
    let mut owners = BTreeMap::new();
    for path in files {
        let file = read_file(&path);
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
            models.push(entry.read());
        }
    }
    models.sort_by_cached_key(|model: &ModelEntry| {
        (model.organisation.to_lowercase(), model.family, model.model().parameters().total())
    });
    models
}

/// A model of the catalogue, and where it stands.
struct Entry<'a> {
    place: String,
    fields: &'a Value,
}

impl<'a> Entry<'a> {
    fn text(&self, key: &str) -> &'a str {
        match self.fields[key].as_str() {
            Some(text) if !text.is_empty() && !text.contains(char::is_control) => text,
            _ => panic!("{}: this should be a text without control characters: {key}", self.place),
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

    fn read(&self) -> ModelEntry {
        // What only the reader of the data wants is checked here and stays behind.
        self.text("checked");
        self.text("source");
        ModelEntry {
            id: self.leaked("id"),
            name: self.leaked("name"),
            organisation: self.leaked("organisation"),
            family: self.leaked("family"),
            hub_id: self.leaked("hub_id"),
            aliases: self.aliases().into_iter().map(|alias| &*alias.to_owned().leak()).collect(),
            reconstructed: self.fields["reconstructed"].as_bool().unwrap_or(false),
            model: PackedModel::new(packed::pack(&self.model()).leak()),
        }
    }

    /// A text that stays: the build ends soon.
    fn leaked(&self, key: &str) -> &'static str {
        self.text(key).to_owned().leak()
    }
}

fn read_file(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
