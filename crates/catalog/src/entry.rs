//! What is known of a model.

use std::sync::{Arc, OnceLock};

use ridgepoint_core::packed::{self, Packed, Reader, Writer};
use ridgepoint_core::{Model, packed_struct};

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
    pub(crate) model: PackedModel,
}

packed_struct! { static ModelEntry { id, name, organisation, family, hub_id, aliases, reconstructed, model } }

impl ModelEntry {
    /// The model, unpacked at the first call. `build.rs` has packed it and the tests have unpacked it.
    pub fn model(&self) -> Arc<Model> {
        let unpack = || match packed::unpack(self.model.bytes) {
            Some(model) => Arc::new(model),
            None => panic!("the catalogue has a broken entry: {}", self.id),
        };
        Arc::clone(self.model.unpacked.get_or_init(unpack))
    }
}

/// A model that is unpacked when it is wanted: most never are.
#[derive(Clone, Debug)]
pub(crate) struct PackedModel {
    bytes: &'static [u8],
    unpacked: OnceLock<Arc<Model>>,
}

impl PackedModel {
    pub(crate) const fn new(bytes: &'static [u8]) -> Self {
        Self { bytes, unpacked: OnceLock::new() }
    }
}

impl Packed<'static> for PackedModel {
    fn pack(&self, to: &mut Writer) {
        self.bytes.pack(to);
    }

    fn unpack(from: &mut Reader<'static>) -> Option<Self> {
        Packed::unpack(from).map(Self::new)
    }
}
