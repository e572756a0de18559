//! The models of the catalogue.

use crate::config::parse_config;
use ridgepoint_core::{Model, Tokens};
use std::sync::{Arc, LazyLock, OnceLock};

/// A model of the catalogue: who made it and how large it is. The architecture is read on demand.
#[derive(Clone, Debug)]
pub struct ModelEntry {
    /// What links and commands call it. It never changes.
    pub id: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// Who published it.
    pub organisation: &'static str,
    /// The release that it belongs to.
    pub family: &'static str,
    /// Its repository on the Hugging Face Hub.
    pub hub_id: &'static str,
    /// Other names that find it.
    pub aliases: Vec<&'static str>,
    /// All parameters, exactly.
    pub parameters: u64,
    /// Parameters that one text token uses.
    pub active_parameters: u64,
    /// The longest context that its configuration names.
    pub context_limit: Option<Tokens>,
    /// Whether the dimensions come from publications instead of the published file, with no independent total.
    pub reconstructed: bool,
    config: &'static str,
    model: OnceLock<Arc<Model>>,
}

impl ModelEntry {
    /// The model, read at the first call. `build.rs` and the tests have parsed the same text.
    pub fn model(&self) -> Arc<Model> {
        let read = || match parse_config(self.config) {
            Ok(parsed) => Arc::new(parsed.model),
            Err(error) => panic!("the catalogue has a broken entry, {}: {error}", self.id),
        };
        Arc::clone(self.model.get_or_init(read))
    }

    /// Its configuration: the fields of the published file that the architecture depends on.
    pub fn config(&self) -> &'static str {
        self.config
    }
}

/// Two lines for each model: fields separated by tabs, then the configuration.
static CATALOGUE: LazyLock<Vec<ModelEntry>> = LazyLock::new(|| {
    let mut lines = include_str!(concat!(env!("OUT_DIR"), "/models.txt")).lines();
    let mut entries = Vec::new();
    while let (Some(line), Some(config)) = (lines.next(), lines.next()) {
        entries.push(read_entry(line, config));
    }
    entries
});

/// Reads back what `build/models.rs` wrote, in the order in which it wrote it.
fn read_entry(line: &'static str, config: &'static str) -> ModelEntry {
    let mut fields = line.split('\t');
    let mut next = || fields.next().unwrap_or_default();
    ModelEntry {
        id: next(),
        name: next(),
        organisation: next(),
        family: next(),
        hub_id: next(),
        aliases: next().split('|').filter(|alias| !alias.is_empty()).collect(),
        parameters: next().parse().unwrap_or_default(),
        active_parameters: next().parse().unwrap_or_default(),
        context_limit: next().parse().ok(),
        reconstructed: next() == "reconstructed",
        config,
        model: OnceLock::new(),
    }
}

/// All models, by organisation and in the order of each organisation's file.
pub fn models() -> &'static [ModelEntry] {
    &CATALOGUE
}

/// The model with this id, alias or Hugging Face id, in any case of letters.
pub fn find_model(name: &str) -> Option<&'static ModelEntry> {
    let name = name.trim();
    let is_named = |entry: &&ModelEntry| {
        [entry.id, entry.hub_id].iter().chain(&entry.aliases).any(|known| known.eq_ignore_ascii_case(name))
    };
    // Ids first: they are exact, and nearly all look-ups are by id.
    models().iter().find(|entry| entry.id == name).or_else(|| models().iter().find(is_named))
}
