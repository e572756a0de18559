//! A model that is not in the catalogue. Its configuration travels in the fragment of the link, so that no server
//! ever sees it: `#c=z1:` and the deflated, base64url-encoded JSON of the fields that matter.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ridgepoint_catalog::{ConfigError, normalise_config, parse_config};
use ridgepoint_core::Model;

/// A model read from a `config.json`.
#[derive(Clone, Debug)]
pub struct CustomModel(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    name: String,
    config: String,
    model: Arc<Model>,
    warnings: Vec<String>,
}

impl PartialEq for CustomModel {
    /// Two custom models are the same if they are called and configured the same.
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name && self.0.config == other.0.config
    }
}

/// What marks the encoding of a fragment.
const ENCODING: &str = "z1:";
/// What separates the name from the configuration inside the compressed text. JSON never starts with it.
const SEPARATOR: char = '\n';
/// Largest configuration that a link may unpack to: a bomb stops here.
const MOST_BYTES: usize = 1 << 20;
/// Longest name that is kept.
const LONGEST_NAME: usize = 80;

impl CustomModel {
    /// Reads a `config.json`. The name is what people see; without one the configuration names itself.
    ///
    /// # Errors
    /// What is wrong with the configuration, and what to do about it.
    pub fn read(config: &str, name: Option<&str>) -> Result<Self, ConfigError> {
        let parsed = parse_config(config)?;
        let config = normalise_config(config)?;
        let name: String =
            name.unwrap_or("custom model").chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
        let warnings = parsed.warnings.iter().map(ToString::to_string).collect();
        Ok(Self(Arc::new(Parts { name, config, model: Arc::new(parsed.model), warnings })))
    }

    /// What people see.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The fields of the configuration that matter, as compact JSON.
    pub fn config(&self) -> &str {
        &self.0.config
    }

    /// The model.
    pub fn model(&self) -> Arc<Model> {
        Arc::clone(&self.0.model)
    }

    /// What had to be assumed to read it.
    pub fn warnings(&self) -> &[String] {
        &self.0.warnings
    }

    /// The value of `c` in a fragment.
    pub fn to_fragment(&self) -> String {
        let text = format!("{}{SEPARATOR}{}", self.0.name, self.0.config);
        let packed = miniz_oxide::deflate::compress_to_vec(text.as_bytes(), 9);
        format!("{ENCODING}{}", URL_SAFE_NO_PAD.encode(packed))
    }

    /// Reads the value of `c` in a fragment.
    ///
    /// # Errors
    /// One sentence that says why it cannot be read.
    pub fn from_fragment(value: &str) -> Result<Self, String> {
        let damaged = || "the custom model in the link is damaged: copy the link again, whole".to_string();
        let packed =
            value.strip_prefix(ENCODING).ok_or("the custom model in the link is of a newer kind than this page")?;
        let packed = URL_SAFE_NO_PAD.decode(packed).map_err(|_| damaged())?;
        let bytes = miniz_oxide::inflate::decompress_to_vec_with_limit(&packed, MOST_BYTES).map_err(|_| damaged())?;
        let text = String::from_utf8(bytes).map_err(|_| damaged())?;
        let (name, config) = text.split_once(SEPARATOR).ok_or_else(damaged)?;
        Self::read(config, Some(name)).map_err(|error| format!("the custom model in the link cannot be read: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ridgepoint_catalog::models;

    #[test]
    fn every_model_of_the_catalogue_survives_a_link_of_at_most_2000_characters() {
        for entry in models() {
            let custom = CustomModel::read(entry.config(), Some(entry.name)).expect(entry.id);
            assert_eq!(custom.model(), entry.model(), "{}", entry.id);
            let fragment = custom.to_fragment();
            assert!(fragment.len() < 2000, "{}: {}", entry.id, fragment.len());
            assert_eq!(CustomModel::from_fragment(&fragment), Ok(custom), "{}", entry.id);
        }
    }

    #[test]
    fn a_damaged_fragment_is_an_error() {
        let whole = CustomModel::read(models()[0].config(), None).expect("the catalogue is checked").to_fragment();
        for cut in 0..whole.len() {
            assert!(CustomModel::from_fragment(&whole[..cut]).is_err(), "{cut}");
        }
        assert!(CustomModel::from_fragment("z2:abc").is_err());
        let bomb = miniz_oxide::deflate::compress_to_vec(&vec![b'a'; 64 << 20], 9);
        assert!(CustomModel::from_fragment(&format!("z1:{}", URL_SAFE_NO_PAD.encode(bomb))).is_err());
    }
}
