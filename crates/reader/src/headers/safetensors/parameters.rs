//! How many parameters the tensors of a safetensors file stand for: packed weights are unpacked, and what only serves
//! to unpack them is left out.
//!
//! Layouts: GPTQ, AWQ, compressed-tensors, bitsandbytes, gpt-oss, ModelOpt and MLX as their libraries write them.

use super::{Dtype, Header, Tensor};
use serde_json::Value;

/// Parameters that a file stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogicalParameters {
    /// The header decides.
    Exact(u64),
    /// The header leaves open how many bits a packed weight has: so many if it has those that it usually has, 4 or, in
    /// MLX's files, those that make groups of 64.
    Assumed(u64),
    /// A tensor is packed in a way that a header does not tell.
    Unknown {
        /// Its name.
        tensor: String,
    },
}

/// What a `config.json` says about packed weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PackingHint {
    /// Bits of a weight.
    pub bits: Option<u64>,
    /// Weights of a row that share a scale.
    pub group: Option<u64>,
}

impl PackingHint {
    /// The first widths that the quantisation of a configuration names; nothing where there are none.
    pub fn of_config(config: &str) -> Self {
        let Ok(config) = serde_json::from_str::<Value>(config) else { return Self::default() };
        let places = ["quantization_config", "compression_config", "quantization"];
        let parts = [Some(&config), config.get("text_config")];
        let mut found = parts.into_iter().flatten().flat_map(|part| places.iter().filter_map(|place| part.get(place)));
        let Some(quantisation) = found.next() else { return Self::default() };
        // compressed-tensors describes groups of modules; one is nearly always all there is.
        let groups = quantisation.get("config_groups").and_then(Value::as_object);
        let weights = groups.and_then(|groups| groups.values().next()).and_then(|group| group.get("weights"));
        let whole = |key| weights.unwrap_or(quantisation).get(key).and_then(Value::as_u64).filter(|&value| value > 0);
        Self { bits: whole("bits").or_else(|| whole("num_bits")).filter(|bits| *bits <= 8), group: whole("group_size") }
    }
}

/// The width of packed weights where nothing says it: what Hugging Face's own counter assumes.
const USUAL_BITS: u64 = 4;
/// The group of MLX where nothing says it: the default of `mlx.core.quantize`.
const MLX_GROUP: u64 = 64;

/// What a tensor counts for.
enum Count {
    /// So many parameters.
    Parameters(u64),
    /// So many if packed weights have [`USUAL_BITS`] or groups the usual length.
    Assumed(u64),
    /// Nothing: it serves another tensor.
    Nothing,
    /// Nobody knows.
    Unknown,
}

use Count::{Assumed, Nothing, Parameters, Unknown};

impl Header {
    /// Parameters that the tensors stand for. `hint` decides where the header leaves the width of a weight open.
    pub fn parameters(&self, hint: PackingHint) -> LogicalParameters {
        let (mut parameters, mut assumed) = (0_u64, false);
        for tensor in &self.tensors {
            let count = match self.count(tensor, hint) {
                Parameters(count) => count,
                Assumed(count) => {
                    assumed = true;
                    count
                }
                Nothing => 0,
                Unknown => return LogicalParameters::Unknown { tensor: tensor.name.clone() },
            };
            parameters = parameters.saturating_add(count);
        }
        if assumed { LogicalParameters::Assumed(parameters) } else { LogicalParameters::Exact(parameters) }
    }

    fn count(&self, tensor: &Tensor, hint: PackingHint) -> Count {
        let (module, leaf) = tensor.name.rsplit_once('.').unwrap_or(("", &tensor.name));
        let beside = |leaf: &str| self.tensor(&format!("{module}.{leaf}"));
        if self.serves_another(tensor, module, leaf) {
            return Nothing;
        }
        match (leaf, tensor.dtype) {
            ("qweight", Dtype::I32) => gptq_or_awq(tensor, beside, hint),
            ("weight_packed", Dtype::I32) => {
                let groups = beside("weight_scale").and_then(|scale| scale.shape.get(1));
                packed_in_words(tensor, hint.bits.or_else(|| bits_of_groups(tensor, groups, hint.group?)))
            }
            ("weight", Dtype::U32) => mlx(tensor, beside("scales"), hint),
            ("weight" | "weight_packed", Dtype::U8 | Dtype::I8) => {
                if self.tensor(&format!("{}.absmax", tensor.name)).is_some() {
                    return Parameters(tensor.elements.saturating_mul(2));
                }
                let scale = beside("weight_scale").or_else(|| beside("scale")).or_else(|| beside("SCB"));
                packed_in_bytes(tensor, scale)
            }
            (leaf, Dtype::U8) if leaf.ends_with("_blocks") => Parameters(tensor.elements.saturating_mul(2)),
            // AQLM, EXL2, EXL3, HQQ, torchao: the shape of the matrix is elsewhere.
            ("codes" | "q_weight" | "trellis" | "W_q", _) => Unknown,
            (leaf, Dtype::U8 | Dtype::I32) if leaf.ends_with("qdata") => Unknown,
            _ => Parameters(tensor.elements),
        }
    }

    /// Whether a tensor is no parameter: it unpacks another, or holds a table that is computed anyway.
    fn serves_another(&self, tensor: &Tensor, module: &str, leaf: &str) -> bool {
        const ALWAYS: &[&str] = &[
            "SCB",
            "absmax",
            "g_idx",
            "input_global_scale",
            "input_scale",
            "input_scale_ub",
            "inv_freq",
            "k_scale",
            "kv_scale",
            "masked_bias",
            "nested_absmax",
            "nested_quant_map",
            "pre_quant_scale",
            "q_scale",
            "quant_map",
            "qzeros",
            "v_scale",
            "weight_format",
            "weight_g_idx",
            "weight_global_scale",
            "weight_scale",
            "weight_scale_2",
            "weight_scale_inv",
            "weight_shape",
            "weight_zero_point",
        ];
        if ALWAYS.contains(&leaf) || tensor.name.contains(".quant_state.") {
            return true;
        }
        let beside = |leaf: &str| self.tensor(&format!("{module}.{leaf}"));
        let is_narrow = |tensor: &Tensor| tensor.dtype.bits() <= 8 || tensor.dtype == Dtype::U32;
        match leaf {
            "scales" => beside("qweight").or_else(|| beside("weight").filter(|weight| is_narrow(weight))).is_some(),
            "biases" => beside("weight").is_some_and(|weight| weight.dtype == Dtype::U32),
            "scale" => beside("weight").is_some_and(is_narrow),
            // The causal mask of GPT-2 and GPT-NeoX, which has the name of a bias.
            "bias" => tensor.shape.len() == 4 && (module.ends_with(".attn") || module.ends_with(".attention")),
            _ => {
                // Fused experts have their scales beside them: gate_up_proj and gate_up_proj_scale.
                let served = ["_scale", "_scale_inv", "_scale_2"].iter().find_map(|end| leaf.strip_suffix(end));
                let blocks = leaf.strip_suffix("_scales").map(|stem| format!("{stem}_blocks"));
                served.and_then(beside).is_some_and(is_narrow) || blocks.is_some_and(|blocks| beside(&blocks).is_some())
            }
        }
    }
}

/// Weights packed along the words of a tensor: `bits` each, or as many as usual.
fn packed_in_words(tensor: &Tensor, bits: Option<u64>) -> Count {
    let at = |bits| tensor.bytes.get().saturating_mul(8) / bits;
    match bits.filter(|&bits| bits > 0) {
        Some(bits) => Parameters(at(bits)),
        None => Assumed(at(USUAL_BITS)),
    }
}

/// Bits of a weight when each row has so many groups of `group` weights.
fn bits_of_groups(tensor: &Tensor, groups: Option<&u64>, group: u64) -> Option<u64> {
    let row_bits = tensor.shape.last()?.checked_mul(tensor.dtype.bits())?;
    let weights = groups?.checked_mul(group).filter(|&weights| weights > 0)?;
    let bits = row_bits / weights;
    (row_bits.is_multiple_of(weights) && matches!(bits, 2 | 3 | 4 | 5 | 6 | 8)).then_some(bits)
}

/// GPTQ packs the inputs of `qweight`, AWQ its outputs; the scales have an entry for each output.
fn gptq_or_awq<'a>(tensor: &Tensor, beside: impl Fn(&str) -> Option<&'a Tensor>, hint: PackingHint) -> Count {
    let columns = |name| beside(name).and_then(|tensor: &Tensor| tensor.shape.get(1)).copied();
    let &[rows, packed_columns] = tensor.shape.as_slice() else { return Unknown };
    let Some(outputs) = columns("scales").filter(|&outputs| outputs > 0) else {
        return packed_in_words(tensor, hint.bits);
    };
    let bits = if packed_columns == outputs {
        let inputs = beside("g_idx").and_then(|order| order.shape.first().copied()).filter(|&inputs| inputs > 0);
        let of_inputs = inputs.map(|inputs| rows.saturating_mul(32) / inputs);
        of_inputs.or_else(|| columns("qzeros").map(|zeros| zeros.saturating_mul(32) / outputs)).or(hint.bits)
    } else {
        Some(packed_columns.saturating_mul(32) / outputs)
    };
    packed_in_words(tensor, bits.filter(|bits| matches!(bits, 2 | 3 | 4 | 8)))
}

/// MLX: groups of 64 unless the configuration says otherwise; mixes give some layers more bits.
fn mlx(tensor: &Tensor, scales: Option<&Tensor>, hint: PackingHint) -> Count {
    let Some(scales) = scales else { return packed_in_words(tensor, hint.bits) };
    let of_group = |group| bits_of_groups(tensor, scales.shape.last(), group);
    if scales.dtype == Dtype::U8 {
        // The microscaling formats: groups of 32, or of 16 for NVFP4.
        let bits = of_group(32).filter(|&bits| bits >= USUAL_BITS).or_else(|| of_group(16));
        return packed_in_words(tensor, bits);
    }
    match hint.group {
        Some(group) => packed_in_words(tensor, of_group(group).or(hint.bits)),
        None => match of_group(MLX_GROUP) {
            Some(bits) => match packed_in_words(tensor, Some(bits)) {
                Parameters(count) => Assumed(count),
                other @ (Assumed(_) | Nothing | Unknown) => other,
            },
            None => packed_in_words(tensor, hint.bits),
        },
    }
}

/// Weights in bytes: one or two in each, by how many bytes of a row share a scale.
fn packed_in_bytes(tensor: &Tensor, scale: Option<&Tensor>) -> Count {
    let Some(scale) = scale else {
        return if tensor.dtype == Dtype::I8 { Parameters(tensor.elements) } else { Unknown };
    };
    let (columns, groups) = match (tensor.shape.last(), scale.shape.last()) {
        (Some(&columns), Some(&groups)) if scale.shape.len() == tensor.shape.len() => (columns, groups),
        (Some(_) | None, _) => (1, 1),
    };
    let of_group = if groups > 1 && columns.is_multiple_of(groups) { columns / groups } else { 0 };
    let each = match (of_group, tensor.dtype) {
        // Groups of 16 in NVFP4 and of 32 in MXFP4, two weights to the byte; groups of 32 in MXFP8.
        (8 | 16, _) => 2,
        (32, _) => 1,
        // BitNet: four weights to the byte and one scale for all.
        (0, Dtype::U8) if scale.elements == 1 => 4,
        // INT8: a scale for each row.
        (0, Dtype::I8) if groups <= 1 => 1,
        _ => return Unknown,
    };
    Parameters(tensor.elements.saturating_mul(each))
}
