//! The models of the catalogue.

use ridgepoint_core::{Model, packed};
use std::sync::{Arc, LazyLock, OnceLock};

/// A model of the catalogue: what it is called and who made it. The architecture is unpacked on demand.
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
    /// Whether the dimensions come from publications instead of the published file, with no independent total.
    pub reconstructed: bool,
    packed: &'static [u8],
    model: OnceLock<Arc<Model>>,
}

impl ModelEntry {
    /// The model, unpacked at the first call. `build.rs` has packed it and the tests have unpacked it.
    pub fn model(&self) -> Arc<Model> {
        let unpack = || match packed::unpack(self.packed) {
            Some(model) => Arc::new(model),
            None => panic!("the catalogue has a broken entry: {}", self.id),
        };
        Arc::clone(self.model.get_or_init(unpack))
    }
}

/// A line for each model, with fields separated by tabs, and the packed models one after the other.
static CATALOGUE: LazyLock<Vec<ModelEntry>> = LazyLock::new(|| {
    let lines = include_str!(concat!(env!("OUT_DIR"), "/models.txt")).lines();
    let mut packed: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/models.bin"));
    lines.map(|line| read_entry(line, &mut packed)).collect()
});

/// Reads back what `build/models.rs` wrote, in the order in which it wrote it.
fn read_entry(line: &'static str, packed: &mut &'static [u8]) -> ModelEntry {
    let mut fields = line.split('\t');
    let mut next = || fields.next().unwrap_or_default();
    let (own, others) = packed.split_at_checked(next().parse().unwrap_or_default()).unwrap_or_default();
    *packed = others;
    ModelEntry {
        id: next(),
        name: next(),
        organisation: next(),
        family: next(),
        hub_id: next(),
        aliases: next().split('|').filter(|alias| !alias.is_empty()).collect(),
        reconstructed: next() == "reconstructed",
        packed: own,
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
