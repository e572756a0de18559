//! A custom model in a link: `#c=z1:` and the deflated, base64url-encoded name and configuration. It stands in the
//! fragment, so that no server ever sees it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ridgepoint_calculator::custom::CustomModel;
use ridgepoint_reader::{ConfigError, normalise_config, parse_config};

/// What marks the encoding of a fragment.
const ENCODING: &str = "z1:";
/// What separates the name from the configuration inside the compressed text. JSON never starts with it.
const SEPARATOR: char = '\n';
/// Largest configuration that a link may unpack to: a bomb stops here.
const MOST_BYTES: usize = 1 << 20;
/// Longest name that is kept.
const LONGEST_NAME: usize = 80;

/// Reads a `config.json`. The name is what people see; without one the configuration names itself.
///
/// # Errors
/// What is wrong with the configuration, and what to do about it.
pub fn read_config(config: &str, name: Option<&str>) -> Result<CustomModel, ConfigError> {
    let parsed = parse_config(config)?;
    let config = normalise_config(config)?;
    let name: String = name.unwrap_or("custom model").chars().filter(|&c| is_shown(c)).take(LONGEST_NAME).collect();
    let warnings = parsed.warnings.iter().map(ToString::to_string).collect();
    let fragment = fragment(&name, &config);
    Ok(CustomModel::new(name, fragment, parsed.model, warnings))
}

/// Whether a character of a name is shown where it stands: controls are not, nor are those that turn the text after them
/// around (embeddings, overrides and isolates of Unicode's bidirectional algorithm, UAX #9).
fn is_shown(character: char) -> bool {
    !character.is_control() && !matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The value of `c` in a fragment.
fn fragment(name: &str, config: &str) -> String {
    let text = format!("{name}{SEPARATOR}{config}");
    let packed = miniz_oxide::deflate::compress_to_vec(text.as_bytes(), 9);
    format!("{ENCODING}{}", URL_SAFE_NO_PAD.encode(packed))
}

/// Reads the value of `c` in a fragment.
///
/// # Errors
/// One sentence that says why it cannot be read.
pub fn read_fragment(value: &str) -> Result<CustomModel, String> {
    let damaged = || "the custom model in the link is damaged: copy the link again, whole".to_string();
    let packed =
        value.strip_prefix(ENCODING).ok_or("the custom model in the link is of a newer kind than this page")?;
    let packed = URL_SAFE_NO_PAD.decode(packed).map_err(|_| damaged())?;
    let bytes = miniz_oxide::inflate::decompress_to_vec_with_limit(&packed, MOST_BYTES).map_err(|_| damaged())?;
    let text = String::from_utf8(bytes).map_err(|_| damaged())?;
    let (name, config) = text.split_once(SEPARATOR).ok_or_else(damaged)?;
    read_config(config, Some(name)).map_err(|error| format!("the custom model in the link cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = r#"{"model_type": "llama", "num_hidden_layers": 32, "hidden_size": 4096,
        "intermediate_size": 14336, "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128256}"#;

    #[test]
    fn a_model_survives_its_fragment() {
        let custom = read_config(CONFIG, Some("Mine")).expect("a configuration");
        assert_eq!(read_fragment(custom.fragment()).as_ref(), Ok(&custom));
        assert_eq!(CustomModel::from_bytes(&custom.to_bytes()).as_ref(), Some(&custom));
        assert_eq!(custom.model().parameters().total(), 8_030_261_248);
    }

    #[test]
    fn a_damaged_fragment_is_an_error() {
        let custom = read_config(CONFIG, None).expect("a configuration");
        let whole = custom.fragment();
        for cut in 0..whole.len() {
            assert!(read_fragment(&whole[..cut]).is_err(), "{cut}");
        }
        assert!(read_fragment("z2:abc").is_err());
        let bomb = miniz_oxide::deflate::compress_to_vec(&vec![b'a'; 64 << 20], 9);
        assert!(read_fragment(&format!("z1:{}", URL_SAFE_NO_PAD.encode(bomb))).is_err());
    }
}
