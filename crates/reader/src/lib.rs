//! From the files that models are published in to the models.
//!
//! [`config`] reads a `config.json`, [`headers`] what stands in front of the weights in safetensors and GGUF files.
//! Nothing here touches a file or the network: callers bring bytes.

pub mod config;
pub mod headers;

pub use config::{ConfigError, ConfigWarning, ParsedConfig, normalise_config, parse_config};
