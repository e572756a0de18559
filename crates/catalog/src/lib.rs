//! The facts: models with their exact architecture, devices, what engines keep, and what they make of devices.
//!
//! The build checks `data/`, reads each model's configuration and packs the results into one file; see [`catalogue`].

pub mod calibration;
pub mod catalogue;
mod cell;
mod device;
pub mod devices;
pub mod engines;
mod entry;
pub mod evidence;
pub mod models;
mod origin;

pub use calibration::{Evidence, Metric};
pub use devices::{
    Device, DeviceClass, HostLink, Missing, PcieGeneration, Price, Supplied, UsableRule, devices, find_device,
};
pub use engines::{Basis, engine_origin, engine_profile, engine_versions, has_versions, version_number};
pub use models::{ModelEntry, find_model, models};
