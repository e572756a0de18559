//! Writing: what a scenario says of itself, and what sets others apart from it.

use ridgepoint_core::{Engine, KvFormat};

use super::{OTHERS, extras};
use crate::custom::CustomModel;
use crate::names;
use crate::numbers;
use crate::scenario::{Degree, Media, ModelChoice, Presentation, Scenario};

/// Writes a scenario as a query string: what every scenario has, then what differs from the defaults, always in this
/// order.
///
/// ```
/// # use ridgepoint_calculator::{link, scenario::{Presentation, Scenario}};
/// assert_eq!(
///     link::encode(&Scenario::default(), &Presentation::default()),
///     "v=1&model=llama-3.1-8b&gpu=h100-sxm-80gb&n=1&engine=vllm&kv=bf16&batch=1&in=2048&out=256"
/// );
/// ```
pub fn encode(scenario: &Scenario, presentation: &Presentation) -> String {
    encode_all(scenario, &[], presentation)
}

/// The same with the scenarios that it is compared with, of which only the first three count, by what sets them apart.
///
/// A link holds one custom model: a scenario with a second one is left out.
pub fn encode_all(scenario: &Scenario, others: &[Scenario], presentation: &Presentation) -> String {
    let mut query = Query(String::from("v=1"));
    for (key, value) in keys(scenario) {
        query.add(key, &value);
    }
    let custom = custom_of(scenario, others);
    for (letter, other) in OTHERS.into_iter().zip(others.iter().filter(|other| is_sharable(other, custom))) {
        let differences = differences(other, scenario);
        for (key, value) in &differences {
            query.add(&format!("{letter}.{key}"), value);
        }
        if differences.is_empty() {
            // The same scenario again: any of its keys says that it is there.
            query.add(&format!("{letter}.model"), other.model.id());
        }
    }
    let shown = Presentation::default();
    query.add_some("view", (presentation.view != shown.view).then(|| presentation.view.id()));
    query.add_some("embed", presentation.embed.then_some("1"));
    query.add_some("theme", (presentation.theme != shown.theme).then(|| presentation.theme.id()));
    match custom {
        None => query.0,
        Some(custom) => format!("{}#c={}", query.0, custom.fragment()),
    }
}

/// What sets a scenario apart from another one: keys and values of links, the values empty where only the other one has
/// the key.
pub fn differences(scenario: &Scenario, other: &Scenario) -> Vec<(&'static str, String)> {
    let (own, others) = (keys(scenario), keys(other));
    let lacks = |key: &str| own.iter().all(|(own, _)| *own != key);
    let missing = others.iter().filter(|(key, _)| lacks(key)).map(|(key, _)| (*key, String::new()));
    own.iter().filter(|pair| !others.contains(pair)).cloned().chain(missing).collect()
}

/// The scenarios of a comparison that a link can hold beside the first: those without a second custom model.
pub fn sharable(scenario: &Scenario, others: &[Scenario]) -> Vec<Scenario> {
    let custom = custom_of(scenario, others);
    others.iter().filter(|other| is_sharable(other, custom)).take(OTHERS.len()).cloned().collect()
}

fn is_sharable(other: &Scenario, custom: Option<&CustomModel>) -> bool {
    match &other.model {
        ModelChoice::Catalogue(_) => true,
        ModelChoice::Custom(own) => Some(own) == custom,
    }
}

/// The custom model of a link: the first there is.
pub fn custom_of<'a>(scenario: &'a Scenario, others: &'a [Scenario]) -> Option<&'a CustomModel> {
    core::iter::once(scenario).chain(others).find_map(|scenario| match &scenario.model {
        ModelChoice::Custom(custom) => Some(custom),
        ModelChoice::Catalogue(_) => None,
    })
}

/// What a link says of a scenario, in its order: what every scenario has, and what differs from the defaults.
fn keys(scenario: &Scenario) -> Vec<(&'static str, String)> {
    let mut keys = vec![("model", scenario.model.id().to_owned())];
    let mut add_some = |key, value: Option<String>| keys.extend(value.map(|value| (key, value)));
    match scenario.devices.as_slice() {
        [only] => {
            add_some("gpu", Some(only.id.clone()));
            add_some("n", Some(only.count.to_string()));
        }
        several => {
            let list: Vec<String> = several.iter().map(|device| format!("{}:{}", device.id, device.count)).collect();
            add_some("gpu", Some(list.join(",")));
        }
    }
    let settings = scenario.settings;
    let Media { images, width, height, audio_seconds } = scenario.media;
    let workload = scenario.workload;
    for (key, value) in [
        ("mem", settings.device_memory.map(|memory| (memory.get() >> 30).to_string())),
        ("engine", Some(names::engine(scenario.engine).id.to_owned())),
        ("ev", scenario.engine_version.clone()),
        ("w", scenario.weights.map(|format| names::weight_format(format).id.to_owned())),
        ("kv", Some(cache_formats(scenario))),
        ("batch", Some(workload.batch.to_string())),
        ("in", Some(workload.prompt_tokens.to_string())),
        ("out", Some(workload.output_tokens.to_string())),
        ("images", (images > 0).then(|| format!("{images}:{width}x{height}"))),
        ("audio", (audio_seconds > 0).then(|| audio_seconds.to_string())),
    ] {
        add_some(key, value);
    }
    let degree = |degree: Degree| match degree {
        Degree::Auto => None,
        Degree::Of(degree) => Some(degree),
    };
    let flag = |flag: Option<bool>| flag.map(u64::from);
    for (key, value) in [
        ("tp", degree(scenario.layout.tensor)),
        ("pp", degree(scenario.layout.pipeline)),
        ("ep", degree(scenario.layout.expert)),
        ("dp", degree(scenario.layout.data)),
    ] {
        add_some(key, value.map(|value| value.to_string()));
    }
    add_some("util", settings.memory_fraction.map(numbers::decimal));
    for (key, value) in [
        ("chunk", settings.tokens_per_pass),
        ("max-seqs", settings.max_sequences),
        ("eager", flag(settings.eager)),
        ("fa", flag(settings.flash_attention)),
        ("swa-full", flag(settings.full_sliding_cache)),
        ("kvu", flag(settings.unified_cache)),
        ("ngl", settings.device_layers),
        ("cpu-moe", settings.cpu_expert_layers),
        ("mla", settings.latent_cache.map(u64::from)),
    ] {
        add_some(key, value.map(|value| value.to_string()));
    }
    for (key, value) in extras::keys(scenario) {
        add_some(key, value);
    }
    keys
}

/// What a link says of one key of the extras; nothing where they are off.
pub fn value(scenario: &Scenario, key: &str) -> String {
    extras::keys(scenario).into_iter().find(|(known, _)| *known == key).and_then(|(_, value)| value).unwrap_or_default()
}

/// The format of the KV cache; for llama.cpp that of the values too, where it is another one.
fn cache_formats(scenario: &Scenario) -> String {
    let keys = names::kv_format(scenario.kv).id;
    let has_two = |values: &KvFormat| scenario.engine == Engine::LlamaCpp && *values != scenario.kv;
    match scenario.settings.value_cache.filter(has_two) {
        Some(values) => format!("{keys},{}", names::kv_format(values).id),
        None => keys.to_owned(),
    }
}

struct Query(String);

impl Query {
    fn add(&mut self, key: &str, value: &str) {
        self.0.push('&');
        self.0.push_str(key);
        self.0.push('=');
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' | b',' | b'/' => {
                    self.0.push(char::from(byte));
                }
                _ => self.0.push_str(&format!("%{byte:02X}")),
            }
        }
    }

    fn add_some(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.add(key, value);
        }
    }
}
