//! The shortest configuration that describes the same model: what travels in a link.

use serde_json::{Map, Value};

use super::{ConfigError, ParsedConfig, fields_of, parse_fields};

/// The fields of a configuration that its model depends on, as compact JSON.
///
/// A field matters if the model is another one, or none, without it. That is tried, field by field, so it cannot
/// disagree with how configurations are read.
///
/// ```
/// # use ridgepoint_catalog::normalise_config;
/// let text = r#"{ "model_type": "llama", "num_hidden_layers": 2, "hidden_size": 64, "intermediate_size": 128,
///     "num_attention_heads": 4, "vocab_size": 1000, "rope_theta": 10000.0, "transformers_version": "4.40.0" }"#;
/// let short = normalise_config(text)?;
/// assert!(short.contains("hidden_size") && !short.contains("rope_theta"));
/// # Ok::<(), ridgepoint_catalog::ConfigError>(())
/// ```
///
/// # Errors
/// Those of [`parse_config`](super::parse_config).
pub fn normalise_config(text: &str) -> Result<String, ConfigError> {
    let mut fields = fields_of(text)?;
    let whole = parse_fields(&fields)?;
    drop_unused(&mut fields, &mut Vec::new(), &whole);
    Ok(Value::Object(fields).to_string())
}

/// Removes what does not matter from the object at `path` and from the objects in it.
fn drop_unused(fields: &mut Map<String, Value>, path: &mut Vec<String>, whole: &ParsedConfig) {
    let keys: Vec<String> = object_at(fields, path).map_or_else(Vec::new, |object| object.keys().cloned().collect());
    for key in keys {
        let Some(value) = object_at(fields, path).and_then(|object| object.remove(&key)) else { continue };
        let is_object = value.is_object();
        if parse_fields(fields).is_ok_and(|parsed| parsed == *whole) {
            continue;
        }
        if let Some(object) = object_at(fields, path) {
            object.insert(key.clone(), value);
        }
        if is_object {
            path.push(key);
            drop_unused(fields, path, whole);
            path.pop();
        }
    }
}

fn object_at<'a>(fields: &'a mut Map<String, Value>, path: &[String]) -> Option<&'a mut Map<String, Value>> {
    path.iter().try_fold(fields, |object, key| object.get_mut(key)?.as_object_mut())
}
