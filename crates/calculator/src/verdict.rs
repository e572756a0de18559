//! The answer in one sentence and a few large figures.

use ridgepoint_core::{Bound, Bytes, Speed, WeightFormat};

use crate::names;
use crate::numbers;
use crate::report::{DeviceReport, Report};
use crate::warning::Warning;

/// The answer to "does it run, and how well".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it fits.
    pub fit: Fit,
    /// One sentence: whether it fits, on what, with how much to spare or missing.
    pub sentence: String,
    /// One sentence: what limits it.
    pub limit: String,
    /// At most four figures.
    pub figures: Vec<Figure>,
}

/// Whether a scenario fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fit {
    /// With room to spare.
    Fits,
    /// With less than 5 % of the capacity to spare.
    Tight,
    /// Not.
    TooLarge,
    /// The engine does not start with this layout, whatever the memory.
    Refused,
    /// It cannot be told: a figure of the device is not known.
    Unknown,
}

/// A large figure with its label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// A short name for element ids: "memory", "ttft".
    pub id: &'static str,
    /// What it is.
    pub label: &'static str,
    /// The number.
    pub value: String,
    /// Its unit.
    pub unit: String,
    /// A few words of context below: "of 79.6 GiB usable".
    pub note: String,
}

impl Fit {
    /// The word for it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Fits => "Fits",
            Self::Tight => "Barely fits",
            Self::TooLarge => "Does not fit",
            Self::Refused => "Does not start",
            Self::Unknown => "Cannot be told",
        }
    }
}

impl Report {
    /// The answer in one sentence and four figures.
    pub fn verdict(&self) -> Verdict {
        Verdict { fit: self.fit(), sentence: self.sentence(), limit: self.limit(), figures: self.figures() }
    }

    /// Whether it fits, and whether with room to spare.
    pub fn fit(&self) -> Fit {
        match (self.fits(), self.devices.iter().any(DeviceReport::is_tight)) {
            _ if self.refusal().is_some() => Fit::Refused,
            (Some(false), _) => Fit::TooLarge,
            (Some(true), true) => Fit::Tight,
            (Some(true), false) => Fit::Fits,
            (None, _) => Fit::Unknown,
        }
    }

    /// Why the engine does not start with this layout.
    pub fn refusal(&self) -> Option<&Warning> {
        let refuses = |warning: &&Warning| matches!(warning, Warning::HeadsDoNotDivide { .. });
        self.warnings.iter().find(refuses).filter(|_| self.engine.cuts_layers())
    }

    fn sentence(&self) -> String {
        let model = &self.model.name;
        let format = self.weights_label();
        let hardware = self.hardware();
        let Some((device, headroom)) = self.tightest().and_then(|device| Some((device, device.headroom()?))) else {
            return format!("Whether {model} in {format} fits on {hardware} depends on a figure that is not known.");
        };
        let each = if self.device_count() > 1 { " on the fullest device" } else { "" };
        let amount = numbers::bytes(Bytes::new(headroom.unsigned_abs()));
        match self.fit() {
            Fit::Refused => {
                format!("{} does not start {model} like this on {hardware}.", names::engine(self.engine).label)
            }
            Fit::Fits | Fit::Unknown => format!("{model} in {format} fits on {hardware} with {amount} to spare{each}."),
            Fit::Tight => {
                // The device with least to spare may be a small one with more than a twentieth of its own.
                let tight = self.devices.iter().filter(|device| device.is_tight()).filter_map(DeviceReport::headroom);
                let amount = tight.min().map_or(amount, |spare| numbers::bytes(Bytes::new(spare.unsigned_abs())));
                format!("{model} in {format} barely fits on {hardware}: {amount} to spare{each}, less than 5 %.")
            }
            Fit::TooLarge => {
                let weights_alone = device.room.is_some_and(|room| device.memory.weights > room.limit);
                let why = if weights_alone {
                    ": the weights alone are too large".into()
                } else {
                    let (part, bytes) = device.largest_part();
                    format!("; the largest part is {} of {}", numbers::bytes(bytes), part.label)
                };
                let enough = match self.capacity.min_devices {
                    Some(devices) if devices > self.device_count() => format!(" {devices} such devices would do."),
                    Some(_) | None => String::new(),
                };
                format!("{model} in {format} does not fit on {hardware}: {amount} missing{each}{why}.{enough}")
            }
        }
    }

    /// The format of the weights in words; that of the publisher where none is chosen.
    pub fn weights_label(&self) -> &str {
        if self.numerics.weights == WeightFormat::Native {
            &self.model.native_format.label
        } else {
            names::weight_format(self.numerics.weights).label
        }
    }

    /// The devices in words: "2 × H200 SXM 141GB".
    fn hardware(&self) -> String {
        let mut kinds: Vec<(&str, u64)> = Vec::new();
        for device in &self.devices {
            match kinds.iter_mut().find(|(name, _)| *name == device.name) {
                Some((_, count)) => *count += device.ranks,
                None => kinds.push((device.name, device.ranks)),
            }
        }
        let words = kinds.into_iter().map(|(name, count)| match count {
            1 => name.to_string(),
            count => format!("{} × {name}", numbers::count(count)),
        });
        words.collect::<Vec<_>>().join(" + ")
    }

    fn limit(&self) -> String {
        let Some(speed) = &self.speed else {
            return "Speed cannot be told: a figure that it needs is not known.".into();
        };
        let (prefill, decode) = (speed.prefill.bound(), speed.decode.bound());
        let waits = |bound: Bound| names::bound(bound).label;
        if !self.writes() {
            return format!("Its one pass over the prompt is limited by {}.", waits(prefill));
        }
        if prefill == decode {
            format!("Both prefill and decode are limited by {}.", waits(decode))
        } else {
            format!("Decode is limited by {}, prefill by {}.", waits(decode), waits(prefill))
        }
    }

    fn figures(&self) -> Vec<Figure> {
        let unknown = || ("–".to_string(), String::new());
        let split = |amount: numbers::Amount| (amount.value, amount.unit);
        let figure = |id, label, (value, unit): (String, String), note: String| Figure { id, label, value, unit, note };
        let memory = self.tightest().map_or_else(
            || figure("memory", "Memory per device", unknown(), String::new()),
            |device| {
                let note = match device.room {
                    Some(room) => format!("of {} GiB available", numbers::gib(room.limit)),
                    None => "size of the device not known".into(),
                };
                figure("memory", "Memory per device", (numbers::gib(device.memory.total()), "GiB".into()), note)
            },
        );
        let predicted = self.prediction.as_ref().map(|prediction| &prediction.speed);
        let speed = self.speed.as_ref();
        // What is predicted is the figure; what physics would allow stands beside it.
        let figure_of = |id, label, context: String, amount: fn(&Speed) -> numbers::Amount| {
            let value = predicted.map_or_else(unknown, |speed| split(amount(speed)));
            let note = match speed {
                Some(speed) => format!("{context}; best {}", amount(speed).value),
                None => context,
            };
            figure(id, label, value, note)
        };
        let tpot =
            predicted.map_or_else(|| "TPOT not known".into(), |speed| format!("TPOT {}", numbers::seconds(speed.tpot)));
        let batch = self.workload.batch;
        let together =
            if batch == 1 { "1 sequence".to_string() } else { format!("{} sequences", numbers::count(batch)) };
        if !self.writes() {
            let requests = |speed: &Speed, prompt_tokens: u64| {
                (numbers::significant(speed.prompt.get() / prompt_tokens.max(1) as f64), "per second".to_string())
            };
            let prompt_tokens = self.workload.prompt_tokens;
            let served = predicted.map_or_else(unknown, |speed| requests(speed, prompt_tokens));
            let best = speed.map(|speed| format!("; best {}", requests(speed, prompt_tokens).0)).unwrap_or_default();
            return vec![
                memory,
                figure_of("ttft", "One pass", "alone".into(), |speed| numbers::seconds(speed.ttft)),
                figure_of("per-user", "Input", together.clone(), |speed| numbers::tokens_per_second(speed.prompt)),
                figure("output", "Sequences", served, format!("{together}{best}")),
            ];
        }
        vec![
            memory,
            figure_of("ttft", "TTFT", "alone".into(), |speed| numbers::seconds(speed.ttft)),
            figure_of("per-user", "Per user", tpot, |speed| numbers::tokens_per_second(speed.per_user)),
            figure_of("output", "Total output", together, |speed| numbers::tokens_per_second(speed.output)),
        ]
    }
}
