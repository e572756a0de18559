//! How the published file stores each tensor: the number format, and what a quantisation config makes of it.

mod methods;
mod names;
mod patterns;

use super::composite::LANGUAGE_MODELS;
use super::keys::Config;
use super::{ConfigError, ConfigWarning};
use methods::{Scheme, Targets};
use names::Names;
use ridgepoint_core::{Head, Layer, Layers, Model, Number, Packing, Quantisable, Tensor};

/// Fields that hold a quantisation config. MLX writes the second beside a copy of it under the first; ModelOpt's
/// `hf_quant_config.json` has all of it under the second.
const QUANTISATION: [&str; 3] = ["quantization_config", "quantization", "compression_config"];

/// Notes in each tensor of `model` how the file that `config` describes stores it.
pub(super) fn note_formats(config: Config, model_type: &str, model: Model) -> Model {
    let texts: Vec<Config> = LANGUAGE_MODELS.iter().filter_map(|key| config.child(key)).collect();
    let parts = || core::iter::once(config).chain(texts.iter().copied());
    let dtype = parts().find_map(dtype);
    let wide = Packing::Plain { number: dtype.filter(|number| number.bits() > 8).unwrap_or(Number::Bf16) };

    let mut scheme = None;
    if let Some(quantised) = quantisation(&parts().collect::<Vec<_>>()) {
        match methods::read(quantised) {
            Ok(found) => scheme = Some(found),
            Err(name) => config.problems().warn(ConfigWarning::UnknownQuantisation(name)),
        }
    } else if dtype == Some(Number::Fp8) {
        scheme = Some(Scheme { groups: vec![(Targets::Linear, Some(methods::FP8_TILES))], ignored: Vec::new() });
    }
    // DeepSeek-V4 names the format of its experts beside the quantisation of everything else.
    let expert_type = parts().find_map(|part| part.text("expert_dtype"));
    if let (Some(scheme), Some("fp4")) = (&mut scheme, expert_type) {
        scheme.groups.insert(0, (Targets::Experts, Some(methods::MXFP4)));
    }
    let Some(scheme) = scheme else {
        return if wide == Packing::BF16 { model } else { stored(model, |tensor, _| tensor.stored(wide), false) };
    };
    let names = Names::of(model_type, model.hidden_size);
    let tied = matches!(model.head, Head::Tied(_));
    let packing = |tensor: Tensor, layer: Option<(&Layer, u64)>| {
        let packing =
            if tied && layer.is_none() { scheme.tied_packing(tensor) } else { scheme.packing(names, tensor, layer) };
        tensor.stored(packing.unwrap_or(wide))
    };
    stored(model, packing, scheme.depends_on_layer())
}

/// The object that says how weights are quantised. One with more to say than a copy of it comes first.
fn quantisation<'a>(parts: &[Config<'a>]) -> Option<Config<'a>> {
    let found = || parts.iter().flat_map(|part| QUANTISATION.iter().filter_map(|key| part.child(key)));
    let says_most = |quantised: &Config| quantised.says("quantized_layers");
    found().find(says_most).or_else(|| found().find(|quantised| !quantised.is_empty()))
}

fn dtype(config: Config) -> Option<Number> {
    let name = config.text("dtype").or_else(|| config.text("torch_dtype"))?;
    match name.trim_start_matches("torch.") {
        "bfloat16" | "bf16" => Some(Number::Bf16),
        "float16" | "fp16" | "half" => Some(Number::Fp16),
        "float32" | "fp32" | "float" => Some(Number::Fp32),
        "float8_e4m3fn" => Some(Number::Fp8),
        "auto" => None,
        other => {
            config.problems().error(ConfigError::UnknownDtype(other.to_owned()));
            None
        }
    }
}

/// The model with `change` applied to every tensor; `by_layer` where the layer's number matters to it.
fn stored(model: Model, change: impl Fn(Tensor, Option<(&Layer, u64)>) -> Tensor, by_layer: bool) -> Model {
    let outside = |tensors: Vec<Tensor>| tensors.into_iter().map(|tensor| change(tensor, None)).collect();
    let layer = |layer: &Layer, index| Layer {
        tensors: layer.tensors.iter().map(|&tensor| change(tensor, Some((layer, index)))).collect(),
        reused: layer.reused.iter().map(|&tensor| change(tensor, Some((layer, index)))).collect(),
        ..*layer
    };
    let layers = if by_layer {
        let kinds = model.layers.kinds();
        model.layers.order().zip(0..).map(|(kind, index)| layer(&kinds[kind], index)).collect::<Layers>()
    } else {
        model.layers.map_kinds(|kind| layer(&kind, 0))
    };
    let head = match model.head {
        Head::Own(tensor) => Head::Own(change(tensor, None)),
        Head::Tied(tensor) => Head::Tied(change(tensor, None)),
        Head::None => Head::None,
    };
    Model { input: outside(model.input), output: outside(model.output), layers, head, ..model }
}

impl Scheme {
    /// How `tensor` is stored, if it is quantised.
    fn packing(&self, names: Names, tensor: Tensor, layer: Option<(&Layer, u64)>) -> Option<Packing> {
        let kind = Quantisable::of(tensor);
        if kind == Quantisable::Never {
            return None;
        }
        let index = layer.map(|(_, index)| index);
        let paths: Vec<String> = names.paths(tensor, layer.map(|(layer, _)| layer));
        let paths: Vec<String> = match index {
            Some(index) => paths.into_iter().map(|path| format!("layers.{index}.{path}")).collect(),
            None => paths,
        };
        let is_named = |patterns: &[patterns::Pattern]| {
            patterns.iter().any(|pattern| paths.iter().any(|path| pattern.matches(index, path)))
        };
        if paths.is_empty() || is_named(&self.ignored) {
            return None;
        }
        let (_, packing) = self.groups.iter().find(|(targets, _)| match (targets, kind) {
            (Targets::Named(patterns), _) => is_named(patterns),
            (Targets::Everything, _) => true,
            (Targets::Experts, kind) => kind == Quantisable::Expert,
            (Targets::Linear | Targets::LinearAndHead, Quantisable::Linear | Quantisable::Expert) => true,
            (Targets::LinearAndHead, Quantisable::Vocabulary) => !tensor.role.is_lookup(),
            (Targets::Linear | Targets::LinearAndHead, _) => false,
        })?;
        *packing
    }

    /// The same for a matrix that is embedding and head at once: only what takes everything takes that.
    fn tied_packing(&self, tensor: Tensor) -> Option<Packing> {
        let everything = self.groups.iter().find(|(targets, _)| matches!(targets, Targets::Everything));
        let (_, packing) = everything.filter(|_| Quantisable::of(tensor) == Quantisable::Vocabulary)?;
        *packing
    }
}
