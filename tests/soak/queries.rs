//! Queries that nobody would write: valid ones with damage, and custom models whose configuration was changed.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use ridgepoint_calculator::link;
use ridgepoint_calculator::scenario::Presentation;
use ridgepoint_importer::read_config;
use ridgepoint_tests::configs::configs;
use serde_json::{Value, json};

use crate::scenarios::scenario;

const ACCEPTED: &str = include_str!("../links/v1/accepted.txt");

/// Strings that have broken readers of links somewhere.
const HOSTILE: [&str; 14] = [
    "",
    "?",
    "#",
    "&&&===&=1&%3D&+",
    "?%E0%A4%A=%ZZ&model=%00%FF%3Cscript%3Ealert(1)%3C/script%3E",
    "?model=custom#c=z1:!!!!",
    "?model=custom&b.model=custom&c.model=custom#c=z1:AAAA",
    "b.=&c.&d.gpu=,,,&b.b.b=1",
    "gpu=h100-sxm-80gb:0,rtx-4090:-1,b200:3,:,::",
    "util=nan&price=inf&prefix=-0&energy=1e309",
    "draft=mtp:16:1&model=deepseek-v3&lora=64:512:all&disagg=8:8",
    "model=\u{1F999}&batch=\u{0663}",
    "https://example.org/#?model=phi-4",
    "draft=:::::&lora=:&disagg=:&images=:x&kv=:",
];

/// Keys of links.
const KEYS: [&str; 39] = [
    "v", "model", "gpu", "n", "mem", "engine", "ev", "w", "kv", "batch", "in", "out", "images", "audio", "tp", "pp",
    "ep", "dp", "util", "chunk", "max-seqs", "eager", "fa", "swa-full", "kvu", "ngl", "cpu-moe", "mla", "prefix",
    "draft", "lora", "disagg", "price", "energy", "ttft", "tpot", "view", "b.n", "c.gpu",
];

/// Values at the ends of what keys take, and beyond.
const VALUES: [&str; 40] = [
    "",
    "0",
    "1",
    "2",
    "3",
    "7",
    "16",
    "1000",
    "10000",
    "99999",
    "100000",
    "1000000",
    "10000000",
    "1048576",
    "-1",
    "18446744073709551615",
    "340282366920938463463374607431768211456",
    "1e9",
    "0.000001",
    "0.5",
    "1.0",
    "0.999999",
    "nan",
    "inf",
    "auto",
    "true",
    "custom",
    "native",
    "q4_k_m",
    "fp8",
    "nvfp4",
    "q4_0:f16",
    "10000:65536x65536",
    "mtp:16:0",
    "llama-3.1-8b:16:1",
    "64:512:all",
    "8:1",
    "llama.cpp",
    "sglang",
    "m2-ultra:3,rtx-4090:7,cpu",
];

/// One way to damage a query. Places are shares of its length.
#[derive(Clone, Debug)]
enum Damage {
    /// Another character.
    Replace(Index, char),
    /// A part is lost.
    Cut(Index, Index),
    /// A part stands there twice.
    Repeat(Index, Index),
    /// A key gets another value. It goes first, because of two values the first counts.
    Set(&'static str, &'static str),
}

fn damage() -> impl Strategy<Value = Damage> {
    let characters: Vec<char> = "&=#?%+:,.-x019aZ \u{0}\u{7f}é\u{1F999}".chars().collect();
    prop_oneof![
        1 => (any::<Index>(), select(characters)).prop_map(|(at, with)| Damage::Replace(at, with)),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Damage::Cut(from, to)),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Damage::Repeat(from, to)),
        3 => (select(KEYS.to_vec()), select(VALUES.to_vec())).prop_map(|(key, value)| Damage::Set(key, value)),
    ]
}

fn damaged(query: String, damage: Damage) -> String {
    let characters: Vec<char> = query.chars().collect();
    let range = |from: Index, to: Index| {
        let (from, to) = (from.index(characters.len() + 1), to.index(characters.len() + 1));
        from.min(to)..from.max(to)
    };
    match damage {
        Damage::Replace(at, with) if !characters.is_empty() => {
            let at = at.index(characters.len());
            characters.iter().enumerate().map(|(index, &own)| if index == at { with } else { own }).collect()
        }
        Damage::Replace(_, with) => with.to_string(),
        Damage::Cut(from, to) => {
            let cut = range(from, to);
            characters[..cut.start].iter().chain(&characters[cut.end..]).collect()
        }
        Damage::Repeat(from, to) => {
            let twice = range(from, to);
            characters[..twice.end].iter().chain(&characters[twice.start..]).collect()
        }
        Damage::Set(key, value) => {
            let rest = query.split_once('?').map_or(query.as_str(), |(_, rest)| rest);
            format!("{key}={value}&{rest}")
        }
    }
}

/// Valid, published and hostile queries, damaged in up to four ways.
pub(crate) fn mutated() -> impl Strategy<Value = String> {
    let published = ACCEPTED.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once("=> "));
    let fixed = published.flat_map(|(given, canonical)| [given.trim(), canonical]).chain(HOSTILE);
    let fixed: Vec<String> = fixed.map(str::to_owned).collect();
    let whole = prop_oneof![
        1 => select(fixed),
        1 => scenario().prop_map(|scenario| link::encode(&scenario, &Presentation::default())),
    ];
    (whole, proptest::collection::vec(damage(), 1..=4))
        .prop_map(|(query, damages)| damages.into_iter().fold(query, damaged))
}

/// Links with a custom model: a configuration of the catalogue in which some numbers are others.
pub(crate) fn custom() -> impl Strategy<Value = String> {
    let configs: Vec<Value> =
        configs().values().map(|text| serde_json::from_str(text).expect("the catalogue is JSON")).collect();
    // As layers, up to 1024: docs/RELIABILITY.md says what thousands take.
    let numbers = [1, 2, 3, 7, 64, 1 << 10, 1 << 16, 1 << 20, 1 << 24, 1 << 26];
    let change = (any::<Index>(), select(numbers.to_vec()));
    (select(configs), proptest::collection::vec(change, 1..=3), scenario()).prop_map(|(config, changes, scenario)| {
        let query = link::encode(&scenario, &Presentation::default());
        let mut changed = config.clone();
        for (place, number) in changes {
            let mut numbers = Vec::new();
            number_fields(&mut changed, &mut numbers);
            if !numbers.is_empty() {
                let place = place.index(numbers.len());
                *numbers.swap_remove(place) = json!(number);
            }
        }
        // What the reader refuses is none the less a model: the one that it was.
        let model = [changed, config].iter().find_map(|config| read_config(&config.to_string(), None).ok());
        match model {
            Some(model) => format!("model=custom&{query}#c={}", model.fragment()),
            None => query,
        }
    })
}

/// All whole numbers of a configuration, nested ones included.
fn number_fields<'a>(value: &'a mut Value, found: &mut Vec<&'a mut Value>) {
    match value {
        Value::Number(number) if number.is_u64() => found.push(value),
        Value::Array(items) => items.iter_mut().for_each(|item| number_fields(item, found)),
        Value::Object(fields) => fields.values_mut().for_each(|field| number_fields(field, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
