//! The number format of the published weights.

use super::keys::Config;
use super::{ConfigError, ConfigWarning};
use ridgepoint_core::WeightFormat;

/// The format that `quantization_config` names, else the one of `dtype`.
pub(super) fn native_format(config: Config) -> WeightFormat {
    let text = config.child("text_config");
    let nested = |key| config.child(key).or_else(|| text.and_then(|text| text.child(key)));
    let wide = dtype(config).or_else(|| text.and_then(dtype)).unwrap_or(WeightFormat::Bf16);
    let Some(quantised) = nested("quantization_config") else { return wide };
    let method = quantised.text("quant_method").unwrap_or("no quant_method");
    let detail = match method {
        "compressed-tensors" => quantised.text("format"),
        "modelopt" => quantised.text("quant_algo"),
        _ => None,
    };
    match (method, detail) {
        ("fp8", _) | (_, Some("float-quantized" | "FP8")) => return WeightFormat::Fp8,
        ("mxfp4", _) => return WeightFormat::Mxfp4,
        (_, Some(_) | None) => {}
    }
    let name = detail.map_or_else(|| method.to_owned(), |detail| format!("{method} {detail}"));
    config.problems().warn(ConfigWarning::UnknownQuantisation(name));
    wide
}

fn dtype(config: Config) -> Option<WeightFormat> {
    let name = config.text("dtype").or_else(|| config.text("torch_dtype"))?;
    match name.trim_start_matches("torch.") {
        "bfloat16" | "bf16" => Some(WeightFormat::Bf16),
        "float16" | "fp16" | "half" => Some(WeightFormat::Fp16),
        "float32" | "fp32" | "float" => Some(WeightFormat::Fp32),
        "float8_e4m3fn" => Some(WeightFormat::Fp8),
        "auto" => None,
        other => {
            config.problems().error(ConfigError::UnknownDtype(other.to_owned()));
            None
        }
    }
}
