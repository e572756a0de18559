//! The shortest configuration that describes the same model: what travels in a link.

use serde_json::{Map, Value};

use super::{ConfigError, ParsedConfig, fields_of, parse_fields};

/// The fields of a configuration that its model depends on, as compact JSON.
///
/// A field matters if the model is another one, or none, without it. That is tried, field by field, so it cannot
/// disagree with how configurations are read.
///
/// ```
/// # use ridgepoint_reader::normalise_config;
/// let text = r#"{ "model_type": "llama", "num_hidden_layers": 2, "hidden_size": 64, "intermediate_size": 128,
///     "num_attention_heads": 4, "vocab_size": 1000, "rope_theta": 10000.0, "transformers_version": "4.40.0" }"#;
/// let short = normalise_config(text)?;
/// assert!(short.contains("hidden_size") && !short.contains("rope_theta"));
/// # Ok::<(), ridgepoint_reader::ConfigError>(())
/// ```
///
/// # Errors
/// Those of [`parse_config`](super::parse_config).
pub fn normalise_config(text: &str) -> Result<String, ConfigError> {
    let mut fields = fields_of(text)?;
    let whole = parse_fields(&fields)?;
    drop_unused(&mut fields, &mut Vec::new(), &whole);
    let mut text = String::new();
    write(&Value::Object(fields), &mut text);
    Ok(text)
}

/// Writes compact JSON. The library's own writer brings 10 kB of tables for the shortest digits of a number.
fn write(value: &Value, text: &mut String) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(whole), _) => text.push_str(&whole.to_string()),
            (None, Some(whole)) => text.push_str(&whole.to_string()),
            // Seventeen digits after the point give back every fraction that a dimension can be.
            (None, None) => {
                let digits = format!("{:.17}", number.as_f64().unwrap_or_default());
                let digits = digits.trim_end_matches('0');
                text.push_str(digits);
                // 2.0 stays a fraction: some fields are whole numbers only without a point.
                if digits.ends_with('.') {
                    text.push('0');
                }
            }
        },
        Value::String(words) => write_string(words, text),
        Value::Array(items) => write_members(items.iter().map(|item| (None, item)), ['[', ']'], text),
        Value::Object(fields) => {
            write_members(fields.iter().map(|(key, item)| (Some(key.as_str()), item)), ['{', '}'], text);
        }
    }
}

fn write_members<'a>(
    members: impl Iterator<Item = (Option<&'a str>, &'a Value)>,
    [open, close]: [char; 2],
    text: &mut String,
) {
    text.push(open);
    for (index, (key, item)) in members.enumerate() {
        if index > 0 {
            text.push(',');
        }
        if let Some(key) = key {
            write_string(key, text);
            text.push(':');
        }
        write(item, text);
    }
    text.push(close);
}

fn write_string(words: &str, text: &mut String) {
    text.push('"');
    for letter in words.chars() {
        match letter {
            '"' | '\\' => text.extend(['\\', letter]),
            control if control.is_control() => text.push_str(&format!("\\u{:04x}", u32::from(control))),
            letter => text.push(letter),
        }
    }
    text.push('"');
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
