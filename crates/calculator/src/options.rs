//! What can be chosen: models, devices, formats and the stops of the sliders, worded for selectors.

use ridgepoint_catalog::devices::{Device, devices as all_devices};
use ridgepoint_catalog::{ModelEntry, find_model, models as all_models};
use ridgepoint_core::{Engine, Packing, Role, Tensor, WeightFormat, Workload, memory};

use crate::names::{self, Name, Published};
use crate::numbers;
use crate::report::Report;
use crate::scenario::Scenario;

/// Choices under one heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The heading: a publisher, a vendor and class.
    pub label: String,
    /// The choices.
    pub choices: Vec<Choice>,
}

/// One choice of a selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What goes into the link.
    pub id: String,
    /// What is shown.
    pub name: String,
    /// Size, year and the like, shown beside the name: "8.03 B", "80 GB, 2022".
    pub detail: String,
    /// Further words that find it, in lower case: aliases, family, architecture.
    pub keywords: String,
}

/// A stop of a slider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The value there.
    pub value: u64,
}

const fn stops<const N: usize>(values: [u64; N]) -> [Stop; N] {
    let mut stops = [Stop { value: 0 }; N];
    let mut index = 0;
    while index < N {
        stops[index] = Stop { value: values[index] };
        index += 1;
    }
    stops
}

/// Stops of the batch slider.
pub const BATCH: &[Stop] =
    &stops([1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096]);
/// Stops of the prompt-length slider.
pub const PROMPT_TOKENS: &[Stop] = &stops([
    16, 32, 64, 128, 256, 512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192, 12288, 16384, 24576, 32768, 49152, 65536,
    98304, 131072, 196608, 262144, 524288, 1_048_576,
]);
/// Stops of the output-length slider.
pub const OUTPUT_TOKENS: &[Stop] = &stops([
    1, 16, 32, 64, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192, 12288, 16384, 32768, 65536,
    131_072,
]);
/// Stops of the device-count slider.
pub const DEVICES: &[Stop] =
    &stops([1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 32, 40, 48, 64, 72, 96, 128, 192, 256, 512, 1024]);

/// All models by publisher, family and size.
pub fn models() -> Vec<Group> {
    grouped(all_models().iter().map(|entry| {
        let parameters = entry.model().parameters();
        let (total, active) = (parameters.total(), parameters.active);
        let size = numbers::parameters(total).to_string();
        let detail = if active == total { size } else { format!("{size}, {} active", numbers::parameters(active)) };
        let aliases = entry.aliases.join(" ");
        let kind = if active == total { "dense" } else { "moe mixture of experts" };
        let keywords = format!("{} {} {kind} {aliases}", entry.organisation, entry.family).to_ascii_lowercase();
        (entry.organisation.to_string(), Choice { id: entry.id.into(), name: entry.name.into(), detail, keywords })
    }))
}

/// All devices by vendor and class.
pub fn devices() -> Vec<Group> {
    grouped(all_devices().iter().map(|device| {
        let heading = format!("{}, {}", device.vendor, device.class.label());
        (heading, device_choice(device))
    }))
}

fn device_choice(device: &Device) -> Choice {
    let memory = match device.memory.nominal {
        Some(nominal) => format!("{} GB", nominal.get() >> 30),
        None => "any memory".into(),
    };
    Choice {
        id: device.id.into(),
        name: device.name.into(),
        detail: format!("{memory}, {}", device.year),
        keywords: format!("{} {} {}", device.architecture, device.class.label(), device.aliases.join(" "))
            .to_ascii_lowercase(),
    }
}

/// The choice that leaves the weights as they are published.
fn native_format(native: &Published) -> Choice {
    Choice {
        id: names::weight_format(WeightFormat::Native).id.into(),
        name: format!("{}, as published", native.label),
        detail: bits_of(native.packing),
        keywords: "native default original".into(),
    }
}

/// What the weights of a report's model can be stored in: as published, or in any format.
pub fn weight_formats_for(report: &Report) -> Vec<Group> {
    let mut groups = vec![Group { label: String::new(), choices: vec![native_format(&report.model.native_format)] }];
    groups.extend(weight_formats());
    groups
}

/// All weight formats by kind.
pub fn weight_formats() -> Vec<Group> {
    let reference = find_model(Scenario::default().model.id()).map(ModelEntry::model);
    grouped(names::weight_formats().map(|format| {
        let Name { id, label } = names::weight_format(format);
        let kind = match format {
            WeightFormat::Native | WeightFormat::Fp32 | WeightFormat::Bf16 | WeightFormat::Fp16 => "Unquantised",
            WeightFormat::Fp8
            | WeightFormat::Int8
            | WeightFormat::BitsAndBytes8
            | WeightFormat::GptqInt8
            | WeightFormat::GptqInt4
            | WeightFormat::AwqInt4
            | WeightFormat::Int4
            | WeightFormat::HqqInt4
            | WeightFormat::Nf4
            | WeightFormat::Nf4Double
            | WeightFormat::Mxfp4
            | WeightFormat::Nvfp4 => "Quantised",
            WeightFormat::Mlx4 | WeightFormat::Mlx6 | WeightFormat::Mlx8 => "MLX",
            WeightFormat::Gguf(_) => "GGUF",
        };
        // The recipes of GGUF files mix types, so the bits are those of a whole model, as llama.cpp's own table has it.
        let detail = match (&reference, format.gguf()) {
            (Some(model), Some(_)) => {
                let parameters = model.parameters().total().max(1);
                bits(memory::weights(model, format).as_f64() * 8.0 / parameters as f64)
            }
            (Some(_) | None, _) => bits_of(format.packing(LARGE, false)),
        };
        (kind.to_string(), Choice { id: id.into(), name: label.into(), detail, keywords: String::new() })
    }))
}

/// A large matrix.
const LARGE: Tensor = Tensor::matrix(Role::Up, 8192, 8192);

/// Bits of a weight in a large matrix, scales included.
fn bits_of(packing: Packing) -> String {
    bits(packing.bytes(LARGE.outputs, LARGE.inputs).as_f64() * 8.0 / LARGE.parameters() as f64)
}

fn bits(bits: f64) -> String {
    format!("{} bit", numbers::decimal((bits * 100.0).round() / 100.0))
}

/// All KV-cache formats.
pub fn kv_formats() -> Vec<Group> {
    let choices = names::KV_FORMATS.map(|format| {
        const VALUES: u64 = 1024;
        let Name { id, label } = names::kv_format(format);
        let bits = format.bytes(VALUES).as_f64() * 8.0 / VALUES as f64;
        Choice {
            id: id.into(),
            name: label.into(),
            detail: format!("{} bit", numbers::decimal(bits)),
            keywords: String::new(),
        }
    });
    vec![Group { label: "KV cache".into(), choices: choices.into() }]
}

/// The choice that stores values as keys are stored.
pub const SAME: &str = "same";

/// The formats of values in the KV cache.
pub fn value_formats() -> Vec<Group> {
    let same = Choice { id: SAME.into(), name: "As the keys".into(), detail: String::new(), keywords: String::new() };
    let mut groups = kv_formats();
    for group in &mut groups {
        group.choices.insert(0, same.clone());
    }
    groups
}

/// A kind of use with a load that is usual for it: ours, to start from.
struct Preset {
    id: &'static str,
    name: &'static str,
    workload: Workload,
}

const fn preset(id: &'static str, name: &'static str, batch: u64, prompt_tokens: u64, output_tokens: u64) -> Preset {
    Preset { id, name, workload: Workload { batch, prompt_tokens, output_tokens } }
}

const PRESETS: [Preset; 6] = [
    preset("chat", "Chat", 16, 1024, 256),
    preset("rag", "Answers from documents (RAG)", 16, 8192, 512),
    preset("long", "Long context", 1, 131_072, 1024),
    preset("code", "Code completion", 16, 2048, 64),
    preset("offline", "Offline batch", 256, 1024, 512),
    preset("device", "On a device of one's own", 1, 512, 256),
];

/// The choice that stands for any other load.
const OTHER_LOAD: &str = "other";

/// Loads to start from, after the present one if that is another.
pub fn workloads(now: Workload) -> Vec<Group> {
    let choice = |id: &str, name: &str, detail: String| Choice {
        id: id.into(),
        name: name.into(),
        detail,
        keywords: String::new(),
    };
    let is_other = workload_id(now) == OTHER_LOAD;
    let other = is_other.then(|| choice(OTHER_LOAD, "As set below", String::new()));
    let presets = PRESETS.iter().map(|Preset { id, name, workload }| {
        let [batch, prompt, output] =
            [workload.batch, workload.prompt_tokens, workload.output_tokens].map(numbers::count);
        choice(id, name, format!("{batch} × {prompt} + {output}"))
    });
    vec![Group { label: "Sequences × prompt + output".into(), choices: other.into_iter().chain(presets).collect() }]
}

/// Which of [`workloads`] a load is.
pub fn workload_id(workload: Workload) -> &'static str {
    PRESETS.iter().find(|preset| preset.workload == workload).map_or(OTHER_LOAD, |preset| preset.id)
}

/// The load of that id, if it is one to start from.
pub fn workload(id: &str) -> Option<Workload> {
    PRESETS.iter().find(|preset| preset.id == id).map(|preset| preset.workload)
}

/// All engines.
pub fn engines() -> Vec<Group> {
    let choices = Engine::ALL.map(|engine| {
        let Name { id, label } = names::engine(engine);
        Choice { id: id.into(), name: label.into(), detail: String::new(), keywords: String::new() }
    });
    vec![Group { label: "Engine".into(), choices: choices.into() }]
}

/// What stands for the newest version of an engine.
pub const NEWEST: &str = "newest";

/// The versions at which an engine changes, newest first, and the one in use.
pub fn engine_versions(scenario: &Scenario) -> Vec<Group> {
    let mut versions = vec![NEWEST.to_owned()];
    versions.extend(ridgepoint_catalog::engine_versions(scenario.engine));
    versions.extend(scenario.engine_version.clone().filter(|version| !versions.contains(version)));
    let choice = |id: String| {
        let is_step = id != NEWEST && scenario.engine_version.as_ref() != Some(&id);
        let name = if is_step { format!("{id} and later") } else { id.clone() };
        Choice { id, name, detail: String::new(), keywords: String::new() }
    };
    vec![Group { label: "Version".into(), choices: versions.into_iter().map(choice).collect() }]
}

/// Gathers choices under their headings, in order of first appearance.
fn grouped(choices: impl Iterator<Item = (String, Choice)>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (label, choice) in choices {
        match groups.iter_mut().find(|group| group.label == label) {
            Some(group) => group.choices.push(choice),
            None => groups.push(Group { label, choices: vec![choice] }),
        }
    }
    groups
}

/// The model id most like `text`, if any is like it at all.
pub fn nearest_model(text: &str) -> Option<&'static str> {
    nearest(text, all_models().iter().map(|entry| entry.id))
}

/// The device id most like `text`, if any is like it at all.
pub fn nearest_device(text: &str) -> Option<&'static str> {
    nearest(text, all_devices().iter().map(|device| device.id))
}

/// The id that shares most pairs of neighbouring characters with `text` (Dice's coefficient), if at least half.
fn nearest(text: &str, ids: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    const LONGEST: usize = 64;
    let pairs = |text: &str| -> Vec<(char, char)> {
        let plain: Vec<char> = text.to_ascii_lowercase().chars().take(LONGEST).collect();
        plain.windows(2).map(|pair| (pair[0], pair[1])).collect()
    };
    let wanted = pairs(text);
    let likeness = |id: &str| {
        let mut left = pairs(id);
        let size = wanted.len() + left.len();
        let mut shared = 0;
        for pair in &wanted {
            if let Some(index) = left.iter().position(|other| other == pair) {
                left.swap_remove(index);
                shared += 1;
            }
        }
        if size == 0 { 0.0 } else { 2.0 * f64::from(shared) / size as f64 }
    };
    ids.map(|id| (likeness(id), id))
        .filter(|&(likeness, _)| likeness >= 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, id)| id)
}
