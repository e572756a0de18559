//! Reading: each key of a link into a scenario, with a notice for what cannot be taken as it stands.

use ridgepoint_catalog::devices::find_device;
use ridgepoint_catalog::find_model;
use ridgepoint_core::{Bytes, Engine, KvFormat, WeightFormat};

use super::{
    Link, MAX_AUDIO_SECONDS, MAX_BATCH, MAX_DEVICE_GIB, MAX_DEVICES, MAX_IMAGES, MAX_LAYERS, MAX_TOKENS, Notice,
    Severity, shown,
};
use crate::custom::CustomModel;
use crate::names;
use crate::numbers;
use crate::options;
use crate::scenario::{Degree, DeviceCount, Media, ModelChoice, Presentation, Scenario, Theme, View};

/// Most entries of a list of devices: each becomes a run of devices of its own, or a notice with a suggestion.
const MOST_ENTRIES: usize = 100;

/// What has been read of a link so far.
#[derive(Clone, Default)]
pub(super) struct Reader {
    pub(super) scenario: Scenario,
    presentation: Presentation,
    count: Option<u64>,
    /// The custom model, should the text ask for it; `None` where the model is given whatever the text says.
    custom: Option<Result<CustomModel, String>>,
    /// What could not be taken as it stands.
    pub(super) notices: Vec<Notice>,
}

impl Reader {
    /// Reads for a link in which the custom model, if it asks for one, is this one or cannot be read for this reason.
    pub(super) fn with_custom(custom: Result<CustomModel, String>) -> Self {
        Self { custom: Some(custom), ..Self::default() }
    }

    /// Reads for a model that is known, whatever the text says.
    pub(super) fn about(model: CustomModel) -> Self {
        let scenario = Scenario { model: ModelChoice::Custom(model), ..Scenario::default() };
        Self { scenario, ..Self::default() }
    }

    /// Reads changes to a scenario.
    pub(super) fn changing(scenario: Scenario) -> Self {
        Self { scenario, ..Self::default() }
    }

    /// Notes what was ignored or moved to the nearest valid value.
    pub(super) fn adjusted(&mut self, problem: String, instead: impl Into<String>) {
        self.notices.push(Notice { severity: Severity::Adjusted, problem, instead: instead.into() });
    }

    pub(super) fn replaced(&mut self, problem: String, instead: impl Into<String>) {
        self.notices.push(Notice { severity: Severity::Replaced, problem, instead: instead.into() });
    }

    /// Takes the value of a key.
    pub(super) fn read(&mut self, key: &str, value: &str) {
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
            _ if self.extra(key, value) => {}
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
        for (index, item) in value.split(',').filter(|item| !item.trim().is_empty()).enumerate() {
            if index == MOST_ENTRIES {
                self.adjusted(format!("gpu: more than {MOST_ENTRIES} entries"), "the rest of the list is left out");
                break;
            }
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
            // Of pictures that are not there a link does not say the size.
            Some(_) if self.scenario.media.images == 0 => {}
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

    pub(super) fn number(&mut self, key: &str, value: &str, least: u64, most: u64, fallback: u64) -> u64 {
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

    pub(super) fn flag(&mut self, key: &str, value: &str, fallback: bool) -> bool {
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

    pub(super) fn choice<T: Copy>(
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

    /// The link, once all keys are read: some values hang together.
    pub(super) fn finish(mut self) -> Link {
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
        self.check_extras();
        let Self { scenario, presentation, notices, .. } = self;
        Link { scenario, others: Vec::new(), presentation, notices }
    }
}

/// The nearest millionth: what a link can hold of a fraction.
pub(super) fn millionths(fraction: f64) -> f64 {
    (fraction * 1e6).round() / 1e6
}

/// What may have been meant, in parentheses.
pub(super) fn hint(nearest: Option<&str>) -> String {
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
