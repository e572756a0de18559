//! The methods of quantisation: what each stores, as the fields of its config say.

use super::super::keys::Config;
use super::patterns::Pattern;
use ridgepoint_core::{Number, Packing};
use serde_json::Value;

/// What a part of a quantisation config applies to.
#[derive(Clone, Debug)]
pub(super) enum Targets {
    /// Routed experts.
    Experts,
    /// Linear layers and experts.
    Linear,
    /// The same and the head.
    LinearAndHead,
    /// Every matrix: embedding, head and routers too.
    Everything,
    /// The modules that these patterns name.
    Named(Vec<Pattern>),
}

/// What a quantisation config says.
#[derive(Clone, Debug, Default)]
pub(super) struct Scheme {
    /// Packings with what they apply to; the first that applies wins. `None` leaves the module as it is.
    pub(super) groups: Vec<(Targets, Option<Packing>)>,
    /// Modules that stay as they are.
    pub(super) ignored: Vec<Pattern>,
}

impl Scheme {
    fn of(targets: Targets, packing: Packing) -> Self {
        Self { groups: vec![(targets, Some(packing))], ignored: Vec::new() }
    }

    /// Whether two layers with the same tensors can differ.
    pub(super) fn depends_on_layer(&self) -> bool {
        let named = self.groups.iter().flat_map(|(targets, _)| match targets {
            Targets::Named(patterns) => patterns.as_slice(),
            Targets::Experts | Targets::Linear | Targets::LinearAndHead | Targets::Everything => &[],
        });
        named.chain(&self.ignored).any(Pattern::depends_on_layer)
    }
}

/// One scale for each row, as a group that no row is longer than: weight-only formats without groups.
const WHOLE_ROW: u64 = u64::MAX;

const fn integer(bits: u64) -> Number {
    Number::Int { bits }
}

const fn groups(number: Number, group: u64, scale_bits: u64) -> Packing {
    Packing::PerGroup { number, group, scale_bits }
}

/// 8-bit floating point with one 8-bit scale for 32 values.
const MXFP8: Packing = groups(Number::Fp8, 32, 8);
/// 4-bit floating point with one 8-bit scale for 32 values.
pub(super) const MXFP4: Packing = groups(Number::Fp4, 32, 8);
/// DeepSeek-V3's tiles.
pub(super) const FP8_TILES: Packing = Packing::PerTile { number: Number::Fp8, rows: 128, columns: 128 };

/// What `quantised` says, or the name of a method that we have no sizes for.
pub(super) fn read(quantised: Config) -> Result<Scheme, String> {
    let algorithm = quantised.text("quant_algo");
    // MLX writes a bit width and nothing else; older ModelOpt files only name an algorithm.
    let method = match (quantised.text("quant_method"), algorithm) {
        (Some(method), _) => method,
        (None, Some(_)) => "modelopt",
        (None, None) if quantised.says("bits") => "mlx",
        (None, None) => return Err("no quant_method".to_owned()),
    };
    let linear = |packing| Scheme::of(Targets::Linear, packing);
    let mut scheme = match method {
        "fp8" => linear(fp8(quantised)),
        "fbgemm_fp8" | "ptpc_fp8" => linear(Packing::PerRow { number: Number::Fp8, scale_bytes: 4 }),
        "mxfp4" => Scheme::of(Targets::Experts, MXFP4),
        "mxfp8" => linear(MXFP8),
        "nvfp4" => linear(Packing::Nvfp4 { weight_only: false }),
        "gptq" | "gptq_marlin" | "auto-round" | "auto_round" => gptq(quantised),
        "awq" | "awq_marlin" => {
            let bits = bits(quantised, 4);
            linear(groups(integer(bits), group_size(quantised, 128), 16 + bits))
        }
        "bitsandbytes" => linear(bits_and_bytes(quantised)),
        "hqq" => {
            let nested = quantised.child("quant_config").unwrap_or(quantised);
            let nested = nested.child("weight_quant_params").unwrap_or(nested);
            linear(groups(integer(nested.size_or("nbits", 4)), group_size(nested, 64), 16 + 16))
        }
        "aqlm" => linear(Packing::Codebooks {
            books: quantised.size_or("num_codebooks", 1),
            bits: quantised.size_or("nbits_per_codebook", 16).min(32),
            group: quantised.size_or("in_group_size", 8),
        }),
        "eetq" => linear(groups(integer(8), WHOLE_ROW, 16)),
        "bitnet" => linear(Packing::PerTensor { number: integer(2) }),
        "quanto" => match quantised.text("weights") {
            Some("int8") => linear(groups(integer(8), WHOLE_ROW, 16)),
            Some("float8") => linear(groups(Number::Fp8, WHOLE_ROW, 16)),
            Some("int4") => linear(groups(integer(4), 128, 16 + 16)),
            Some("int2") => linear(groups(integer(2), 128, 16 + 16)),
            Some(_) | None => return Err(method.to_owned()),
        },
        "quark" => linear(quark(quantised).ok_or(method)?),
        "torchao" => linear(torchao(quantised).ok_or(method)?),
        "mlx" => mlx(quantised),
        "compressed-tensors" => config_groups(quantised)?,
        // Newer ModelOpt files have the groups of compressed-tensors, mixed ones a list of layers.
        "modelopt" | "modelopt_fp4" => match algorithm {
            Some("MIXED_PRECISION") if quantised.says("quantized_layers") => mixed(quantised),
            _ if quantised.says("config_groups") => config_groups(quantised)?,
            Some(algorithm) => {
                let packing = model_opt(algorithm, group_size(quantised, 128));
                Scheme::of(Targets::LinearAndHead, packing.ok_or_else(|| format!("{method} {algorithm}"))?)
            }
            None => return Err(method.to_owned()),
        },
        other => return Err(other.to_owned()),
    };
    for key in
        ["modules_to_not_convert", "ignored_layers", "ignore", "exclude_modules", "llm_int8_skip_modules", "exclude"]
    {
        scheme.ignored.extend(patterns(quantised, key));
    }
    Ok(scheme)
}

/// AMD Quark: 8-bit floating point with one scale for a matrix, or MXFP4. A config with groups for some layers says more
/// than we read.
fn quark(quantised: Config) -> Option<Packing> {
    if quantised.entries("layer_quant_config") > 0 || quantised.entries("layer_type_quant_config") > 0 {
        return None;
    }
    let weight = quantised.child("global_quant_config")?.child("weight")?;
    match (weight.text("dtype")?, weight.text("qscheme")?) {
        ("fp8_e4m3", "per_tensor") => Some(Packing::PerTensor { number: Number::Fp8 }),
        ("fp4" | "mxfp4", "per_group")
            if weight.count("group_size") == 32 && weight.text("scale_format") == Some("e8m0") =>
        {
            Some(MXFP4)
        }
        _ => None,
    }
}

/// The names in a list.
fn patterns(config: Config, key: &'static str) -> Vec<Pattern> {
    let names = config.list(key).unwrap_or_default();
    names.iter().filter_map(Value::as_str).map(Pattern::new).collect()
}

fn bits(config: Config, usual: u64) -> u64 {
    config.size_or("bits", usual).min(32)
}

/// The width of a group; -1 stands for whole rows.
fn group_size(config: Config, usual: u64) -> u64 {
    if config.is_negative("group_size") { WHOLE_ROW } else { config.size_or("group_size", usual) }
}

/// Tiles of `weight_block_size`; null or static scales mean one for each matrix. Left out altogether it is 128 x 128,
/// as in `FineGrainedFP8Config` of transformers 5.23.0.
fn fp8(config: Config) -> Packing {
    match config.numbers("weight_block_size")[..] {
        [1, 32] => MXFP8,
        [rows, columns] => Packing::PerTile { number: Number::Fp8, rows, columns },
        _ if config.is_null("weight_block_size") || config.text("activation_scheme") == Some("static") => {
            Packing::PerTensor { number: Number::Fp8 }
        }
        _ => FP8_TILES,
    }
}

/// GPTQ, also as AutoRound writes it. `dynamic` may leave modules out or give them another width.
fn gptq(config: Config) -> Scheme {
    let group = |config: Config, usual| match group_size(config, usual) {
        WHOLE_ROW => 0,
        group => group,
    };
    let (usual_bits, usual_group) = (bits(config, 4), group(config, 128));
    let mut scheme = Scheme::default();
    for (name, module) in config.members("dynamic") {
        let expression = Pattern::new(&format!("re:{}", name.trim_start_matches(['+', '-', ':'])));
        if name.starts_with('-') {
            scheme.ignored.push(expression);
        } else if let Some(module) = module {
            let packing = Packing::Gptq { bits: bits(module, usual_bits), group: group(module, usual_group) };
            scheme.groups.push((Targets::Named(vec![expression]), Some(packing)));
        }
    }
    let only = config.list("modules_in_block_to_quantize").unwrap_or_default();
    let names = only.iter().flat_map(|names| names.as_array().map_or(core::slice::from_ref(names), Vec::as_slice));
    let names: Vec<_> = names.filter_map(Value::as_str).map(Pattern::new).collect();
    let targets = if names.is_empty() { Targets::Linear } else { Targets::Named(names) };
    scheme.groups.push((targets, Some(Packing::Gptq { bits: usual_bits, group: usual_group })));
    scheme
}

fn bits_and_bytes(config: Config) -> Packing {
    if config.flag("load_in_8bit") {
        Packing::PerRow { number: integer(8), scale_bytes: 4 }
    } else {
        Packing::BitsAndBytes4 { double: config.flag("bnb_4bit_use_double_quant") }
    }
}

/// torchao names a configuration class, or a function in older files.
fn torchao(config: Config) -> Option<Packing> {
    let default = config.child("quant_type").and_then(|kind| kind.child("default"));
    let name = default
        .and_then(|default| default.text("_type"))
        .or_else(|| if config.is_text("quant_type") { config.text("quant_type") } else { None })?;
    let data = default.and_then(|default| default.child("_data")).unwrap_or(config);
    let name = name.to_ascii_lowercase().replace('_', "");
    let holds = |part: &str| name.contains(part);
    if holds("int4") {
        Some(groups(integer(4), group_size(data, 128), 16 + 16))
    } else if holds("float8") && holds("dynamic") {
        Some(Packing::PerRow { number: Number::Fp8, scale_bytes: 4 })
    } else if holds("float8") {
        Some(groups(Number::Fp8, WHOLE_ROW, 32))
    } else if holds("int8") && holds("dynamic") {
        Some(Packing::PerRow { number: integer(8), scale_bytes: 2 })
    } else {
        holds("int8").then_some(groups(integer(8), WHOLE_ROW, 16))
    }
}

/// MLX: one width for all, and modules with their own or left as they are.
fn mlx(config: Config) -> Scheme {
    let (usual_bits, usual_group) = (bits(config, 4), config.size_or("group_size", 64));
    let packing = |bits, group| groups(integer(bits), group, 16 + 16);
    let mut scheme = Scheme::default();
    for (name, module) in config.members_or_false() {
        let packing = module.map(|module| packing(bits(module, usual_bits), module.size_or("group_size", usual_group)));
        scheme.groups.push((Targets::Named(vec![Pattern::new(name)]), packing));
    }
    scheme.groups.push((Targets::Everything, Some(packing(usual_bits, usual_group))));
    scheme
}

/// The groups of compressed-tensors: what is stored how.
fn config_groups(config: Config) -> Result<Scheme, String> {
    let mut scheme = Scheme::default();
    for (_, group) in config.members("config_groups") {
        let Some(group) = group else { continue };
        let format = group.text("format").or_else(|| config.text("format"));
        let packing = match group.child("weights") {
            Some(weights) => group_packing(weights, group.says("input_activations"), format),
            // Only activations are quantised.
            None => continue,
        };
        let packing = packing.ok_or_else(|| format!("compressed-tensors {}", format.unwrap_or("without a format")))?;
        let names: Vec<_> = group.list("targets").unwrap_or_default().iter().filter_map(Value::as_str).collect();
        let targets = if names.iter().any(|name| matches!(*name, "Linear" | "LinearBase" | "FusedMoE")) {
            Targets::LinearAndHead
        } else {
            Targets::Named(names.into_iter().map(Pattern::new).collect())
        };
        scheme.groups.push((targets, Some(packing)));
    }
    if scheme.groups.is_empty() {
        return scheme_of_format(config);
    }
    Ok(scheme)
}

/// Files that only name a format mean what its preset does.
fn scheme_of_format(config: Config) -> Result<Scheme, String> {
    let packing = match config.text("format") {
        Some("float-quantized" | "naive-quantized") => Packing::PerRow { number: Number::Fp8, scale_bytes: 2 },
        Some("int-quantized") => Packing::PerRow { number: integer(8), scale_bytes: 2 },
        Some("nvfp4-pack-quantized") => Packing::Nvfp4 { weight_only: false },
        Some("mxfp4-pack-quantized") => MXFP4,
        Some("pack-quantized") => groups(integer(4), 128, 16),
        Some(other) => return Err(format!("compressed-tensors {other}")),
        None => return Err("compressed-tensors without groups".to_owned()),
    };
    Ok(Scheme::of(Targets::Linear, packing))
}

/// `weights` of a group. `activations` says whether those are quantised too.
fn group_packing(weights: Config, activations: bool, format: Option<&str>) -> Option<Packing> {
    let bits = weights.size_or("num_bits", 8);
    let number = match (weights.text("type"), bits) {
        (Some("float"), 8) => Number::Fp8,
        (Some("float"), 4) => Number::Fp4,
        (Some("float"), _) => return None,
        (_, 1..=8) => integer(bits),
        (_, _) => return None,
    };
    // Without a strategy the scale is for the whole matrix, unless there is a group size.
    let strategy = weights.text("strategy").unwrap_or(if weights.says("group_size") { "group" } else { "tensor" });
    let zero_point = if weights.flag_or("symmetric", true) { 0 } else { bits };
    let packed = !activations || format == Some("pack-quantized");
    match (strategy, number) {
        ("group" | "tensor_group", Number::Fp4) if weights.size_or("group_size", 16) == 16 => {
            Some(Packing::Nvfp4 { weight_only: !activations })
        }
        ("group" | "tensor_group", Number::Fp4) => Some(groups(number, weights.size_or("group_size", 32), 8)),
        ("group", Number::Fp8) => Some(groups(number, weights.size_or("group_size", 32), 8)),
        ("group", _) => Some(groups(number, group_size(weights, 128), 16 + zero_point)),
        ("channel", Number::Int { .. }) if packed => Some(groups(number, WHOLE_ROW, 16 + zero_point)),
        ("channel", _) => Some(Packing::PerRow { number, scale_bytes: 2 }),
        ("tensor", _) => Some(Packing::PerTensor { number }),
        ("block", _) => match weights.numbers("block_structure")[..] {
            [rows, columns] => Some(Packing::PerTile { number, rows, columns }),
            // The format has no usual block, so one that is not stated is not known.
            _ => None,
        },
        (_, _) => None,
    }
}

/// The algorithms of NVIDIA's ModelOpt.
fn model_opt(algorithm: &str, group: u64) -> Option<Packing> {
    Some(match algorithm {
        "FP8" => Packing::PerTensor { number: Number::Fp8 },
        "FP8_PB_WO" | "FP8_PB_REAL" => FP8_TILES,
        "FP8_PER_CHANNEL_PER_TOKEN" => Packing::PerRow { number: Number::Fp8, scale_bytes: 4 },
        "MXFP8" => MXFP8,
        "MXFP4" | "W4A8_MXFP4_FP8" => MXFP4,
        "NVFP4" | "NVFP4_AWQ" | "W4A8_NVFP4_FP8" => Packing::Nvfp4 { weight_only: false },
        "W4A16_NVFP4" => Packing::Nvfp4 { weight_only: true },
        "INT4_AWQ" | "W4A16_AWQ" | "W4A8_AWQ" | "W4A16" => groups(integer(4), group, 16),
        "INT8_SQ" | "W8A8_SQ_PER_CHANNEL" => Packing::PerRow { number: integer(8), scale_bytes: 4 },
        "W8A16" => groups(integer(8), WHOLE_ROW, 16),
        _ => return None,
    })
}

/// ModelOpt's list of modules with an algorithm each.
fn mixed(config: Config) -> Scheme {
    let mut scheme = Scheme::default();
    for (name, module) in config.members("quantized_layers") {
        // Experts are listed one by one and all alike.
        let is_repeated = name.split_once(".experts.").is_some_and(|(_, expert)| {
            expert.starts_with(|digit: char| digit.is_ascii_digit()) && !expert.starts_with("0.")
        });
        let Some(module) = module.filter(|_| !is_repeated) else { continue };
        let packing = module.text("quant_algo").and_then(|name| model_opt(name, group_size(module, 128)));
        scheme.groups.push((Targets::Named(vec![Pattern::new(name)]), packing));
    }
    scheme
}
