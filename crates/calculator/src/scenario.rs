//! The chosen inputs: what a link encodes and everything else is computed from.

mod extras;

use ridgepoint_catalog::find_model;
use ridgepoint_core::{Bytes, Engine, KvFormat, Seconds, Tokens, WeightFormat, Workload};

use crate::custom::CustomModel;

pub use extras::{Disaggregation, Draft, Drafter, Extras, MOST_CACHED, PriceChoice};

/// A model on some hardware under some load.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// The model.
    pub model: ModelChoice,
    /// Devices in rank order; never empty, counts never zero.
    pub devices: Vec<DeviceCount>,
    /// The inference engine.
    pub engine: Engine,
    /// The engine's version as typed; `None` for the newest known.
    pub engine_version: Option<String>,
    /// The weight format; `None` for the model's native one.
    pub weights: Option<WeightFormat>,
    /// The KV-cache format.
    pub kv: KvFormat,
    /// Concurrent sequences and their lengths.
    pub workload: Workload,
    /// What each prompt holds beside its tokens of text.
    pub media: Media,
    /// Degrees of parallelism.
    pub layout: Layout,
    /// Engine settings that differ from the engine's defaults.
    pub settings: Settings,
    /// What the service has beside all that.
    pub extras: Extras,
    /// What it promises. Plans and rankings look for it; the report of the scenario is the same without.
    pub targets: Targets,
}

/// What a service promises (SLO): times that requests may take, at the load of the scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Targets {
    /// Longest time to first token under load.
    pub ttft: Option<Seconds>,
    /// Longest time per output token.
    pub tpot: Option<Seconds>,
}

/// Which model.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelChoice {
    /// One of the catalogue, by its id.
    Catalogue(String),
    /// One that was pasted, dropped or fetched.
    Custom(CustomModel),
}

impl Scenario {
    /// Takes a custom model, and the format in which its file stores the weights if that says more than its
    /// configuration: such files are llama.cpp's.
    pub fn take_custom(&mut self, model: CustomModel, format: Option<WeightFormat>) {
        self.model = ModelChoice::Custom(model);
        if format.is_some() {
            self.weights = format;
            self.engine = Engine::LlamaCpp;
        }
    }
}

impl ModelChoice {
    /// What stands in links for a custom model.
    pub const CUSTOM_ID: &'static str = "custom";

    /// The id in links.
    pub fn id(&self) -> &str {
        match self {
            Self::Catalogue(id) => id,
            Self::Custom(_) => Self::CUSTOM_ID,
        }
    }

    /// What a selector of models shows: the id of one that it has, the name of one that it does not have.
    pub fn selected(&self) -> String {
        match self {
            Self::Catalogue(id) => id.clone(),
            // Some repositories are called like a model of the list, and need not hold it.
            Self::Custom(custom) if find_model(custom.name()).is_some() => format!("{} (custom)", custom.name()),
            Self::Custom(custom) => custom.name().to_owned(),
        }
    }
}

/// So many devices of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceCount {
    /// Catalogue id of the device.
    pub id: String,
    /// How many.
    pub count: u64,
}

/// A degree of parallelism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Degree {
    /// Chosen by the calculator.
    Auto,
    /// Fixed.
    Of(u64),
}

/// The four degrees of parallelism as asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Layout {
    /// TP.
    pub tensor: Degree,
    /// PP.
    pub pipeline: Degree,
    /// EP.
    pub expert: Degree,
    /// DP.
    pub data: Degree,
}

impl Layout {
    /// Everything chosen by the calculator.
    pub const AUTO: Self =
        Self { tensor: Degree::Auto, pipeline: Degree::Auto, expert: Degree::Auto, data: Degree::Auto };
}

/// Engine settings; `None` means the engine's own default.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Settings {
    /// Memory of each device, where it is not what the catalogue says: CPUs, Apple silicon, prototypes.
    pub device_memory: Option<Bytes>,
    /// Fraction of device memory that the engine may take, above 0 and at most 1.
    pub memory_fraction: Option<f64>,
    /// Tokens per forward pass.
    pub tokens_per_pass: Option<Tokens>,
    /// Most requests in flight.
    pub max_sequences: Option<u64>,
    /// Whether to run without CUDA graphs.
    pub eager: Option<bool>,
    /// llama.cpp: flash attention.
    pub flash_attention: Option<bool>,
    /// llama.cpp: full-length cache in sliding-window layers.
    pub full_sliding_cache: Option<bool>,
    /// llama.cpp: the format of values in the KV cache, where it is not that of keys.
    pub value_cache: Option<KvFormat>,
    /// llama.cpp: one cache for all slots.
    pub unified_cache: Option<bool>,
    /// llama.cpp: layers on the devices, counted from the last; the others stay in host memory.
    pub device_layers: Option<u64>,
    /// llama.cpp: layers whose experts stay in host memory.
    pub cpu_expert_layers: Option<u64>,
    /// llama.cpp: layout of the latent cache: 0 full heads, 1 latent and a copy, 2 latent only.
    pub latent_cache: Option<u8>,
}

impl Default for Scenario {
    /// The scenario of an empty link, frozen for schema version 1.
    fn default() -> Self {
        Self {
            model: ModelChoice::Catalogue("llama-3.1-8b".into()),
            devices: vec![DeviceCount { id: "h100-sxm-80gb".into(), count: 1 }],
            engine: Engine::Vllm,
            engine_version: None,
            weights: None,
            kv: KvFormat::Bf16,
            workload: Workload { batch: 1, prompt_tokens: 2048, output_tokens: 256 },
            media: Media::default(),
            layout: Layout::AUTO,
            settings: Settings::default(),
            extras: Extras::default(),
            targets: Targets::default(),
        }
    }
}

impl Scenario {
    /// Devices of all kinds together.
    pub fn device_count(&self) -> u64 {
        self.devices.iter().fold(0, |sum, devices| sum.saturating_add(devices.count))
    }
}

/// Pictures and sound in each prompt, which become tokens beside those of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Media {
    /// Pictures, all of one size.
    pub images: u64,
    /// Width of a picture in pixels.
    pub width: u64,
    /// Height of a picture in pixels.
    pub height: u64,
    /// Seconds of sound.
    pub audio_seconds: u64,
}

impl Default for Media {
    /// Nothing, and a common size for when there is something. Frozen for schema version 1.
    fn default() -> Self {
        Self { images: 0, width: 1024, height: 1024, audio_seconds: 0 }
    }
}

impl Media {
    /// Reads the size of a picture, as people write it: "1024x768", "1024 × 768".
    ///
    /// ```
    /// # use ridgepoint_calculator::scenario::Media;
    /// assert_eq!(Media::size("1024 × 768"), Some((1024, 768)));
    /// assert_eq!(Media::size("1024"), None);
    /// assert_eq!(Media::size("0x768"), None);
    /// ```
    pub fn size(text: &str) -> Option<(u64, u64)> {
        let (width, height) = text.split_once(['x', 'X', '×', '*'])?;
        let pixels = |text: &str| text.trim().parse().ok().filter(|pixels| (1..=MOST_PIXELS).contains(pixels));
        Some((pixels(width)?, pixels(height)?))
    }
}

/// Most pixels along a side of a picture.
pub const MOST_PIXELS: u64 = 65_536;

/// How the page shows a scenario: part of a link, not of the physics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Presentation {
    /// The view that is open.
    pub view: View,
    /// Whether the page is embedded in another one, without its own chrome.
    pub embed: bool,
    /// Light, dark or as the reader's system.
    pub theme: Theme,
}

impl Default for Presentation {
    fn default() -> Self {
        Self { view: View::Memory, embed: false, theme: Theme::Auto }
    }
}

/// A view of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum View {
    /// Where the memory goes.
    Memory,
    /// Where the time goes.
    Speed,
    /// How to lay the model over the devices.
    Plan,
    /// Several scenarios side by side.
    Compare,
    /// How good the predictions are.
    Evidence,
}

impl View {
    /// Every view, in the order of the tabs.
    pub const ALL: [Self; 5] = [Self::Memory, Self::Speed, Self::Plan, Self::Compare, Self::Evidence];

    /// Its id in links.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Speed => "speed",
            Self::Plan => "plan",
            Self::Compare => "compare",
            Self::Evidence => "evidence",
        }
    }

    /// Its name on the screen.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Memory => "Memory",
            Self::Speed => "Speed",
            Self::Plan => "Plan",
            Self::Compare => "Compare",
            Self::Evidence => "Evidence",
        }
    }
}

/// A colour theme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Theme {
    /// As the reader's system.
    Auto,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// Every theme.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Light, Self::Dark];

    /// Its id in links.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}
