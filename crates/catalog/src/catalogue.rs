//! Where the models and devices come from: bytes that the build has packed.
//!
//! Programs carry them inside (feature `embedded`). The page fetches them as a file beside its WebAssembly and hands
//! them over before it asks for anything, so that facts and program travel side by side and are cached apart.

use std::sync::OnceLock;

use ridgepoint_core::{packed, packed_struct};

use crate::cell::{Cell, Host, Schedule, Spread};
use crate::device::Device;
use crate::entry::ModelEntry;
use crate::evidence::Evidence;
use crate::origin::Origin;

/// Everything in the file.
pub(crate) struct Catalogue {
    /// The version that [`VERSION`] names.
    pub(crate) version: &'static str,
    pub(crate) models: Vec<ModelEntry>,
    pub(crate) devices: Vec<Device>,
    /// Keys in [`Device::sources`] and what they stand for.
    pub(crate) citations: Vec<(&'static str, &'static str)>,
    /// What engines make of devices, the narrowest cells first.
    pub(crate) cells: Vec<Cell>,
    /// How far measurements lie from predictions, those of single engines first.
    pub(crate) spreads: Vec<Spread>,
    /// How each engine schedules, in the order of `Engine::ALL`.
    pub(crate) schedules: Vec<Schedule>,
    /// What works on weights in host memory, in the order of `HOSTS`.
    pub(crate) hosts: Vec<Host>,
}

packed_struct! { static Catalogue { version, models, devices, citations, cells, spreads, schedules, hosts } }

/// Where the figures of engines come from: a file of its own, because only those ask who look behind a figure.
struct Origins {
    version: &'static str,
    /// In the order of `Engine::ALL`.
    engines: Vec<Vec<Origin>>,
}

packed_struct! { static Origins { version, engines } }

static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
static ORIGINS: OnceLock<Origins> = OnceLock::new();

/// What tells this catalogue from others: a hash of its contents.
pub const VERSION: &str = include_str!(concat!(env!("OUT_DIR"), "/catalogue.version"));

/// The catalogue as a file.
#[cfg(feature = "embedded")]
pub const CATALOGUE_FILE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/catalogue.bin"));

/// Where the figures of engines come from, as a file.
#[cfg(feature = "embedded")]
pub const ORIGINS_FILE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/origins.bin"));

/// The evidence as a file.
#[cfg(feature = "embedded")]
pub const EVIDENCE_FILE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/evidence.bin"));

/// The bytes are not the catalogue of this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherCatalogue;

/// Uses this file from now on. Only the first call counts.
///
/// # Errors
/// If it is not the file that was built with this program.
pub fn install(bytes: Vec<u8>) -> Result<(), OtherCatalogue> {
    let read = packed::unpack(bytes.leak()).filter(|read: &Catalogue| read.version == VERSION);
    let read = read.ok_or(OtherCatalogue)?;
    CATALOGUE.get_or_init(|| read);
    Ok(())
}

/// Uses this file of the origins of engines' figures from now on. Only the first call counts.
///
/// # Errors
/// If it is not the file that was built with this program.
pub fn install_origins(bytes: Vec<u8>) -> Result<(), OtherCatalogue> {
    let read = packed::unpack(bytes.leak()).filter(|read: &Origins| read.version == VERSION);
    let read = read.ok_or(OtherCatalogue)?;
    ORIGINS.get_or_init(|| read);
    Ok(())
}

impl Evidence {
    /// Reads the file; `None` if it is not the one that was built with this program.
    pub fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        packed::unpack(bytes.leak()).filter(|read: &Self| read.version == VERSION)
    }
}

pub(crate) fn catalogue() -> &'static Catalogue {
    CATALOGUE.get_or_init(embedded)
}

/// Where the figures of each engine come from, in the order of `Engine::ALL`; nothing in a page that has not fetched it.
pub(crate) fn origins() -> &'static [Vec<Origin>] {
    #[cfg(feature = "embedded")]
    ORIGINS.get_or_init(|| packed::unpack(ORIGINS_FILE).expect("the build has packed it"));
    ORIGINS.get().map_or(&[], |origins| &origins.engines)
}

#[cfg(feature = "embedded")]
fn embedded() -> Catalogue {
    packed::unpack(CATALOGUE_FILE).expect("the build has packed it")
}

#[cfg(not(feature = "embedded"))]
fn embedded() -> Catalogue {
    panic!("a program without a catalogue of its own calls catalogue::install first")
}
