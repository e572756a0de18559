//! The facts: models with their exact architecture, and the reader of `config.json` behind them.

pub mod config;
pub mod devices;
pub mod engines;
pub mod headers;
pub mod models;

pub use config::{ConfigError, ConfigWarning, ParsedConfig, normalise_config, parse_config};
pub use devices::{Device, DeviceClass, Missing, Supplied, devices, find_device};
pub use engines::engine_memory;
pub use models::{ModelEntry, find_model, models};
