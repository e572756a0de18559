//! Links: a scenario as a query string and back. Reading never fails: what cannot be used gives a notice and the
//! nearest valid value.

mod extras;
mod reader;
mod writer;

use crate::custom::CustomModel;
use crate::scenario::{ModelChoice, Presentation, Scenario};

use reader::Reader;

pub use reader::weight_format;
pub use writer::{custom_of, differences, encode, encode_all, sharable, value};

/// Most devices that a scenario may have.
pub const MAX_DEVICES: u64 = 100_000;
/// Most memory of a device, in GiB.
pub const MAX_DEVICE_GIB: u64 = 1 << 20;
/// Most concurrent sequences.
pub const MAX_BATCH: u64 = 1_000_000;
/// Most pictures in a prompt.
pub const MAX_IMAGES: u64 = 10_000;
/// Most seconds of sound in a prompt: a day.
pub const MAX_AUDIO_SECONDS: u64 = 86_400;
/// Most layers that a setting can name.
pub const MAX_LAYERS: u64 = 10_000;
/// Most tokens of a prompt, an answer or a forward pass.
pub const MAX_TOKENS: u64 = 10_000_000;

/// Most settings that are read of a link: what has more was made to keep its reader busy.
const MOST_SETTINGS: usize = 1000;

/// What a link says.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// The scenario.
    pub scenario: Scenario,
    /// Up to three others to compare it with.
    pub others: Vec<Scenario>,
    /// How to show it.
    pub presentation: Presentation,
    /// What could not be taken as it stands.
    pub notices: Vec<Notice>,
}

/// What stands before the keys of each scenario that the first one is compared with: `b.gpu=h200-sxm-141gb`. A key that
/// is not given is as in the first scenario, and one without a value is as in no link at all.
pub const OTHERS: [&str; 3] = ["b", "c", "d"];

/// Something in a link that could not be taken as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// How much of the intention is lost.
    pub severity: Severity,
    /// What was wrong, and perhaps what was meant.
    pub problem: String,
    /// What was done about it.
    pub instead: String,
}

impl core::fmt::Display for Notice {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}; {}", self.problem, self.instead)
    }
}

/// How much of the reader's intention a notice says is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// A detail was ignored or moved to the nearest valid value.
    Adjusted,
    /// The model or device asked for is not known: the answer is about another one.
    Replaced,
}

/// Reads a query string, with or without a leading `?`, or a whole link.
///
/// It cannot read a custom model, only say that it is missing: [`custom_model`] finds it, and [`decode_with`] takes
/// what came of it.
///
/// ```
/// # use ridgepoint_calculator::link::decode;
/// let link = decode("https://example.org/ridgepoint/?model=qwen3-30b-a3b&batch=16");
/// assert_eq!(link.scenario.model.id(), "qwen3-30b-a3b");
/// assert_eq!(link.scenario.workload.batch, 16);
/// assert!(link.notices.is_empty());
/// assert_eq!(decode("batch=lots").notices[0].to_string(), "batch: “lots” is not a whole number; 1 is used");
/// ```
pub fn decode(text: &str) -> Link {
    decode_with(text, Err("the custom model is missing: it stands behind # in the link".into()))
}

/// Reads a query or link, in which the custom model, if it asks for one, is this one or cannot be read for this reason.
pub fn decode_with(text: &str, custom: Result<CustomModel, String>) -> Link {
    read(text, Reader::with_custom(custom))
}

/// Reads a query or link for a model that is already known: what the text says about the model does not count.
pub fn decode_for(text: &str, model: CustomModel) -> Link {
    read(text, Reader::about(model))
}

/// Takes what a link would say of one key into a scenario, or says what is wrong with it: what a link would have to adjust
/// is not taken. No value is as in a link without the key.
///
/// ```
/// # use ridgepoint_calculator::{link, scenario::Scenario};
/// let mut scenario = Scenario::default();
/// assert_eq!(link::set(&mut scenario, "prefix", "0.5"), Ok(()));
/// assert_eq!(link::value(&scenario, "prefix"), "0.5");
/// assert_eq!(link::set(&mut scenario, "prefix", "2"), Err("prefix: 2 is more than 0.99".into()));
/// ```
///
/// # Errors
/// What is wrong with the value.
pub fn set(scenario: &mut Scenario, key: &str, value: &str) -> Result<(), String> {
    let mut reader = Reader::changing(scenario.clone());
    reader.clear(key);
    if !value.is_empty() {
        reader.read(key, value);
    }
    let Link { scenario: changed, notices, .. } = reader.finish();
    match notices.into_iter().next() {
        Some(Notice { problem, .. }) => Err(problem),
        None => {
            *scenario = changed;
            Ok(())
        }
    }
}

/// What stands for the custom model in the fragment of a link, if the link asks for one.
///
/// ```
/// # use ridgepoint_calculator::link::custom_model;
/// assert_eq!(custom_model("?model=custom&gpu=h100#c=z1:abc"), Some("z1:abc"));
/// assert_eq!(custom_model("?model=phi-4#c=z1:abc"), None);
/// ```
pub fn custom_model(text: &str) -> Option<&str> {
    let (query, fragment) = split(text);
    let is_model = |key: &str| {
        key == "model" || OTHERS.iter().any(|other| key.strip_prefix(other).is_some_and(|rest| rest == ".model"))
    };
    let asks = |(key, value): (String, String)| is_model(&key) && value.trim() == ModelChoice::CUSTOM_ID;
    pairs(query).any(asks).then_some(fragment?)?.split('&').find_map(|pair| pair.strip_prefix("c="))
}

/// The settings of a query, unescaped.
fn pairs(query: &str) -> impl Iterator<Item = (String, String)> + '_ {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (unescape(key), unescape(value))
    })
}

fn read(text: &str, start: Reader) -> Link {
    let mut reader = start.clone();
    let mut seen: Vec<String> = Vec::new();
    let mut given: Vec<(String, String)> = Vec::new();
    let mut changes = OTHERS.map(|_| Vec::new());
    for (index, (key, value)) in pairs(split(text).0).enumerate() {
        if index == MOST_SETTINGS {
            reader.adjusted(format!("more than {MOST_SETTINGS} settings"), "the rest of the link is ignored");
            break;
        }
        if seen.contains(&key) {
            reader.adjusted(format!("{}: given more than once", shown(&key)), "the first value is used");
            continue;
        }
        let other = key
            .split_once('.')
            .and_then(|(letter, key)| Some((OTHERS.iter().position(|&other| other == letter)?, key)));
        match other {
            Some((index, key)) => changes[index].push((key.to_owned(), value)),
            None => {
                reader.read(&key, value.trim());
                given.push((key.clone(), value));
            }
        }
        seen.push(key);
    }
    let mut link = reader.finish();
    for (letter, changes) in OTHERS.into_iter().zip(changes).filter(|(_, changes)| !changes.is_empty()) {
        let (other, notices) = read_other(start.clone(), letter, &given, &changes);
        link.others.push(other);
        link.notices.extend(notices);
    }
    link
}

/// A scenario that differs from the one of `given` by `changes`, and what could not be taken of those.
fn read_other(
    mut reader: Reader,
    letter: &str,
    given: &[(String, String)],
    changes: &[(String, String)],
) -> (Scenario, Vec<Notice>) {
    let is_changed = |key: &str| changes.iter().any(|(changed, _)| changed == key);
    // A list of devices has counts of its own.
    let has_list = changes.iter().any(|(key, value)| key == "gpu" && value.contains([':', ',']));
    let is_replaced = |key: &str| is_changed(key) || (has_list && key == "n");
    for (key, value) in given.iter().filter(|(key, _)| !is_replaced(key)) {
        reader.read(key, value.trim());
    }
    // The first scenario has said what is wrong with its own keys.
    reader.notices.clear();
    for (key, value) in changes {
        match key.as_str() {
            "v" | "view" | "embed" | "theme" => {
                reader.adjusted(format!("{key}: not a setting of a compared scenario"), "it is ignored");
            }
            _ if value.trim().is_empty() => {}
            _ => reader.read(key, value.trim()),
        }
    }
    let Link { scenario, notices, .. } = reader.finish();
    let prefixed = |notice: Notice| Notice { problem: format!("{letter}.{}", notice.problem), ..notice };
    (scenario, notices.into_iter().map(prefixed).collect())
}

/// The query part and the fragment of a link, a query or a bare list of pairs.
fn split(text: &str) -> (&str, Option<&str>) {
    let (rest, fragment) =
        text.trim().split_once('#').map_or((text.trim(), None), |(rest, fragment)| (rest, Some(fragment)));
    let query = match rest.split_once('?') {
        Some((_, query)) => query,
        None if rest.as_bytes().windows(3).any(|part| part == b"://") => "",
        None => rest,
    };
    (query, fragment)
}

/// Undoes percent-encoding. What is not valid stays as it is; what is not UTF-8 becomes a replacement character.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, tail @ ..] = rest {
        rest = tail;
        let pair = match (byte, tail) {
            (b'%', [high, low, ..]) => char::from(*high)
                .to_digit(16)
                .zip(char::from(*low).to_digit(16))
                .map(|(high, low)| (high * 16 + low) as u8),
            _ => None,
        };
        match pair {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &tail[2..];
            }
            None if *byte == b'+' => bytes.push(b' '),
            None => bytes.push(*byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A reader's own words, short and without control characters, to quote in a notice.
fn shown(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut words: String = text.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    if text.chars().count() > LONGEST {
        words.push('…');
    }
    words
}
