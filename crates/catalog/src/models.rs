//! The models that Ridgepoint knows.
//!
//! The facts are in `data/models/*.json`; the build checks them, reads each configuration and packs what comes of it.

use crate::catalogue::catalogue;
pub use crate::entry::ModelEntry;

/// All models, by organisation, family and size.
pub fn models() -> &'static [ModelEntry] {
    &catalogue().models
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
