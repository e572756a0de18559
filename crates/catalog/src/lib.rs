//! The facts: models with their exact architecture, devices, and what engines keep.
//!
//! The build checks `data/`, reads each model's configuration and packs the results, so that nothing is parsed at run
//! time but the few bytes of a chosen model.

pub mod devices;
pub mod engines;
pub mod models;

pub use devices::{Device, DeviceClass, Missing, Supplied, devices, find_device};
pub use engines::engine_memory;
pub use models::{ModelEntry, find_model, models};
