//! Links: a scenario as a query string and back. Reading never fails: what cannot be used gives a notice and the
//! nearest valid value.

use ridgepoint_catalog::devices::find_device;
use ridgepoint_catalog::find_model;
use ridgepoint_core::{Bytes, Engine, KvFormat, WeightFormat};

use crate::custom::CustomModel;
use crate::names;
use crate::numbers;
use crate::options;
use crate::scenario::{Degree, DeviceCount, Media, ModelChoice, Presentation, Scenario, Theme, View};

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
    read(text, Reader { custom: Some(custom), ..Reader::default() })
}

/// Reads a query or link for a model that is already known: what the text says about the model does not count.
pub fn decode_for(text: &str, model: CustomModel) -> Link {
    let mut reader = Reader::default();
    reader.scenario.model = ModelChoice::Custom(model);
    read(text, reader)
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
    for (key, value) in pairs(split(text).0) {
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

#[derive(Clone, Default)]
struct Reader {
    scenario: Scenario,
    presentation: Presentation,
    count: Option<u64>,
    /// The custom model, should the text ask for it; `None` where the model is given whatever the text says.
    custom: Option<Result<CustomModel, String>>,
    notices: Vec<Notice>,
}

impl Reader {
    fn adjusted(&mut self, problem: String, instead: impl Into<String>) {
        self.notices.push(Notice { severity: Severity::Adjusted, problem, instead: instead.into() });
    }

    fn replaced(&mut self, problem: String, instead: impl Into<String>) {
        self.notices.push(Notice { severity: Severity::Replaced, problem, instead: instead.into() });
    }

    fn read(&mut self, key: &str, value: &str) {
        let workload = self.scenario.workload;
        match key {
            "v" => {
                if value != "1" {
                    self.adjusted(format!("v: “{}” is not a version of links", shown(value)), "version 1 is assumed");
                }
            }
            "model" => {
                if let Some(custom) = self.custom.take() {
                    self.model(value, custom);
                }
            }
            "gpu" => self.devices(value),
            "n" => self.count = Some(self.number(key, value, 1, MAX_DEVICES, 1)),
            "mem" => {
                let gib = self.setting(key, value, 1, MAX_DEVICE_GIB);
                self.scenario.settings.device_memory = gib.map(Bytes::gib);
            }
            "engine" => {
                let fallback = self.scenario.engine;
                self.scenario.engine =
                    self.choice(key, value, Engine::ALL, |engine| names::engine(engine).id, fallback);
            }
            "ev" => {
                let version = shown(value).trim().to_owned();
                self.scenario.engine_version = Some(version).filter(|version| !version.is_empty());
            }
            "w" => self.weights(value),
            "kv" => self.cache(value),
            "batch" => self.scenario.workload.batch = self.number(key, value, 1, MAX_BATCH, workload.batch),
            "in" => {
                self.scenario.workload.prompt_tokens = self.number(key, value, 1, MAX_TOKENS, workload.prompt_tokens)
            }
            "out" => {
                self.scenario.workload.output_tokens = self.number(key, value, 1, MAX_TOKENS, workload.output_tokens)
            }
            "images" => self.images(value),
            "audio" => self.scenario.media.audio_seconds = self.number(key, value, 0, MAX_AUDIO_SECONDS, 0),
            "tp" => self.scenario.layout.tensor = self.degree(key, value),
            "pp" => self.scenario.layout.pipeline = self.degree(key, value),
            "ep" => self.scenario.layout.expert = self.degree(key, value),
            "dp" => self.scenario.layout.data = self.degree(key, value),
            "util" => self.memory_fraction(value),
            "chunk" => self.scenario.settings.tokens_per_pass = self.setting(key, value, 1, MAX_TOKENS),
            "max-seqs" => self.scenario.settings.max_sequences = self.setting(key, value, 1, MAX_BATCH),
            "eager" => self.scenario.settings.eager = Some(self.flag(key, value, false)),
            "fa" => self.scenario.settings.flash_attention = Some(self.flag(key, value, true)),
            "swa-full" => self.scenario.settings.full_sliding_cache = Some(self.flag(key, value, false)),
            "kvu" => self.scenario.settings.unified_cache = Some(self.flag(key, value, false)),
            "ngl" => self.scenario.settings.device_layers = self.setting(key, value, 0, MAX_LAYERS),
            "cpu-moe" => self.scenario.settings.cpu_expert_layers = self.setting(key, value, 0, MAX_LAYERS),
            "mla" => self.scenario.settings.latent_cache = self.setting(key, value, 0, 2).map(|layout| layout as u8),
            "view" => {
                self.presentation.view = self.choice(key, value, View::ALL, View::id, View::Memory);
            }
            "embed" => self.presentation.embed = self.flag(key, value, false),
            "theme" => {
                self.presentation.theme = self.choice(key, value, Theme::ALL, Theme::id, Theme::Auto);
            }
            _ => self.adjusted(format!("{}: not a setting of Ridgepoint", shown(key)), "it is ignored"),
        }
    }

    fn model(&mut self, value: &str, custom: Result<CustomModel, String>) {
        let problem = if value == ModelChoice::CUSTOM_ID {
            match custom {
                Ok(custom) => {
                    self.scenario.model = ModelChoice::Custom(custom);
                    return;
                }
                Err(problem) => problem,
            }
        } else {
            match find_model(value) {
                Some(entry) => {
                    self.scenario.model = ModelChoice::Catalogue(entry.id.into());
                    return;
                }
                None => {
                    let hint = hint(options::nearest_model(value));
                    format!("model: “{}” is not in the catalogue{hint}", shown(value))
                }
            }
        };
        let instead = format!("{} is used", self.scenario.model.id());
        self.replaced(problem, instead);
    }

    /// One device id, or a list of `id:count`.
    fn devices(&mut self, value: &str) {
        let mut devices: Vec<DeviceCount> = Vec::new();
        let mut left = MAX_DEVICES;
        for item in value.split(',').filter(|item| !item.trim().is_empty()) {
            let (id, count) = item.split_once(':').map_or((item, None), |(id, count)| (id, Some(count)));
            let Some(device) = find_device(id.trim()) else {
                let problem =
                    format!("gpu: “{}” is not in the catalogue{}", shown(id), hint(options::nearest_device(id)));
                self.replaced(problem, "it is left out");
                continue;
            };
            let asked = count.map_or(1, |count| self.number("gpu", count.trim(), 1, MAX_DEVICES, 1));
            let count = asked.min(left);
            left -= count;
            match devices.last_mut() {
                _ if count == 0 => {}
                Some(last) if last.id == device.id => last.count += count,
                Some(_) | None => devices.push(DeviceCount { id: device.id.to_string(), count }),
            }
            if count < asked {
                self.adjusted(format!("gpu: more than {MAX_DEVICES} devices"), "the rest of the list is left out");
                break;
            }
        }
        if devices.is_empty() {
            let used = self.scenario.devices.iter().map(|device| device.id.as_str()).collect::<Vec<_>>().join(", ");
            self.adjusted("gpu: no device is left".into(), format!("{used} is used"));
        } else {
            self.scenario.devices = devices;
        }
    }

    /// How many pictures, and perhaps their size: "2" or "2:1024x768".
    fn images(&mut self, value: &str) {
        let (count, size) = value.split_once(':').map_or((value, None), |(count, size)| (count, Some(size)));
        self.scenario.media.images = self.number("images", count, 0, MAX_IMAGES, 0);
        let Some(size) = size else { return };
        match Media::size(size) {
            Some((width, height)) => {
                self.scenario.media.width = width;
                self.scenario.media.height = height;
            }
            None => {
                let Media { width, height, .. } = self.scenario.media;
                let problem = format!("images: “{}” is not a size in pixels such as 1024x768", shown(size));
                self.adjusted(problem, format!("{width}x{height} is used"));
            }
        }
    }

    fn weights(&mut self, value: &str) {
        if value.is_empty() || value == "native" {
            return;
        }
        match weight_format(value) {
            Some(format) => self.scenario.weights = Some(format),
            None => {
                self.adjusted(
                    format!("w: “{}” is not a known weight format", shown(value)),
                    "the model's native one is used",
                );
            }
        }
    }

    /// One format, or those of keys and values.
    fn cache(&mut self, value: &str) {
        let (keys, values) = value.split_once(',').map_or((value, None), |(keys, values)| (keys, Some(values)));
        let id = |format| names::kv_format(format).id;
        self.scenario.kv = self.choice("kv", keys.trim(), names::KV_FORMATS, id, KvFormat::Bf16);
        let keys = self.scenario.kv;
        let values = values.map(|values| self.choice("kv", values.trim(), names::KV_FORMATS, id, keys));
        self.scenario.settings.value_cache = values.filter(|&values| values != keys);
    }

    fn memory_fraction(&mut self, value: &str) {
        match numbers::parse_decimal(value).map(millionths) {
            Some(fraction) if fraction > 0.0 && fraction <= 1.0 => {
                self.scenario.settings.memory_fraction = Some(fraction);
            }
            Some(fraction) if fraction > 1.0 => {
                self.scenario.settings.memory_fraction = Some(1.0);
                self.adjusted(format!("util: {} is more than all of the memory", shown(value)), "1 is used");
            }
            Some(_) | None => {
                let problem = format!("util: “{}” is not a fraction between 0 and 1", shown(value));
                self.adjusted(problem, "the engine's default is used");
            }
        }
    }

    fn degree(&mut self, key: &str, value: &str) -> Degree {
        if value == "auto" || value.is_empty() {
            return Degree::Auto;
        }
        match whole(value) {
            Some(_) => Degree::Of(self.number(key, value, 1, MAX_DEVICES, 1)),
            None => {
                self.adjusted(format!("{key}: “{}” is neither a whole number nor auto", shown(value)), "auto is used");
                Degree::Auto
            }
        }
    }

    fn number(&mut self, key: &str, value: &str, least: u64, most: u64, fallback: u64) -> u64 {
        match whole(value) {
            Some(number) if number < i128::from(least) => {
                self.adjusted(format!("{key}: {} is too small", shown(value)), format!("{least} is used"));
                least
            }
            Some(number) if number > i128::from(most) => {
                self.adjusted(format!("{key}: {} is too large", shown(value)), format!("{most} is used"));
                most
            }
            Some(number) => u64::try_from(number).unwrap_or(fallback),
            None => {
                self.adjusted(
                    format!("{key}: “{}” is not a whole number", shown(value)),
                    format!("{fallback} is used"),
                );
                fallback
            }
        }
    }

    /// A number that the engine has a default for: what cannot be read leaves that default.
    fn setting(&mut self, key: &str, value: &str, least: u64, most: u64) -> Option<u64> {
        if whole(value).is_some() {
            return Some(self.number(key, value, least, most, least));
        }
        self.adjusted(format!("{key}: “{}” is not a whole number", shown(value)), "the default is used");
        None
    }

    fn flag(&mut self, key: &str, value: &str, fallback: bool) -> bool {
        match value {
            "1" | "true" => true,
            "0" | "false" => false,
            _ => {
                let used = u8::from(fallback);
                self.adjusted(format!("{key}: “{}” is neither 0 nor 1", shown(value)), format!("{used} is used"));
                fallback
            }
        }
    }

    fn choice<T: Copy>(
        &mut self,
        key: &str,
        value: &str,
        choices: impl IntoIterator<Item = T>,
        id: impl Fn(T) -> &'static str,
        fallback: T,
    ) -> T {
        match choices.into_iter().find(|&choice| id(choice).eq_ignore_ascii_case(value)) {
            Some(choice) => choice,
            None => {
                self.adjusted(format!("{key}: “{}” is not known", shown(value)), format!("{} is used", id(fallback)));
                fallback
            }
        }
    }

    fn finish(mut self) -> Link {
        if let Some(count) = self.count {
            match self.scenario.devices.as_mut_slice() {
                [only] if only.count == 1 => only.count = count,
                _ => self.adjusted("n: the list in gpu has its own counts".into(), "n is ignored"),
            }
        }
        let settings = &mut self.scenario.settings;
        if self.scenario.engine != Engine::LlamaCpp && settings.value_cache.take().is_some() {
            let used = names::kv_format(self.scenario.kv).id;
            self.adjusted("kv: only llama.cpp has a format for values".into(), format!("{used} is used for both"));
        }
        let Self { scenario, presentation, notices, .. } = self;
        Link { scenario, others: Vec::new(), presentation, notices }
    }
}

/// The nearest millionth: what a link can hold of a fraction.
fn millionths(fraction: f64) -> f64 {
    (fraction * 1e6).round() / 1e6
}

/// What may have been meant, in parentheses.
fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |id| format!(" (did you mean {id}?)"))
}

/// A whole number, whatever its size: beyond the range of the type it saturates.
fn whole(value: &str) -> Option<i128> {
    let digits = value.strip_prefix(['-', '+']).unwrap_or(value);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let size = digits.parse::<i128>().unwrap_or(i128::MAX);
    Some(if value.starts_with('-') { -size } else { size })
}

/// The weight format with this id, in any case of letters.
pub fn weight_format(id: &str) -> Option<WeightFormat> {
    let alias = names::WEIGHT_FORMAT_ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(id));
    let id = alias.map_or(id, |(_, id)| id);
    names::weight_formats().find(|&format| names::weight_format(format).id.eq_ignore_ascii_case(id))
}

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
fn custom_of<'a>(scenario: &'a Scenario, others: &'a [Scenario]) -> Option<&'a CustomModel> {
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
    keys
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
