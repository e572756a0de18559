//! How far back each layer of a model looks.

use super::keys::Config;
use ridgepoint_core::{Reach, Tokens};

/// Which layers have a window, where the file has no `layer_types`.
#[derive(Clone, Copy)]
enum Windowed {
    /// All layers, once the window is a number.
    All,
    /// Layers 0, 2, 4 and so on.
    Even,
    /// All but the last of each group of so many, unless `sliding_window_pattern` says otherwise.
    ButEvery(u64),
    /// All but the first of each group of so many.
    ButFirstOf(u64),
    /// All but the last layer and each so many layers before it.
    ButEveryFromLast(u64),
    /// From `max_window_layers` on, once `use_sliding_window` is set.
    Late,
    /// As `sliding_window_pattern` says (a number, or a text such as "LLLG"); the last layer is always full.
    Pattern,
}

const FAMILIES: &[(&str, Windowed)] = &[
    ("cohere2", Windowed::ButEvery(4)),
    ("exaone4", Windowed::Pattern),
    ("gemma2", Windowed::Even),
    ("gemma3_text", Windowed::ButEvery(6)),
    ("gemma3n_text", Windowed::ButEvery(5)),
    ("gemma4_text", Windowed::ButEvery(6)),
    ("gpt_oss", Windowed::Even),
    ("granite_swa", Windowed::ButFirstOf(4)),
    ("granitemoe_swa", Windowed::ButFirstOf(4)),
    ("inkling2_text", Windowed::ButEvery(6)),
    ("kolibri1", Windowed::ButEvery(5)),
    ("minimax_m2", Windowed::All),
    ("ministral3", Windowed::All),
    ("mistral", Windowed::All),
    ("mixtral", Windowed::All),
    ("muse_glimmer_text", Windowed::ButEveryFromLast(4)),
    ("muse_spark_text", Windowed::ButEveryFromLast(4)),
    ("olmo3", Windowed::ButEvery(4)),
    ("phi3", Windowed::All),
    ("phimoe", Windowed::All),
    ("qwen2", Windowed::Late),
    ("qwen2_moe", Windowed::Late),
    ("qwen3", Windowed::Late),
    ("qwen3_moe", Windowed::Late),
    ("starcoder2", Windowed::All),
];

/// `max_window_layers` where a file has none: the default of Qwen2Config in transformers 5.23.0.
const MAX_WINDOW_LAYERS: Tokens = 28;

/// Which way a layer looks back, whatever the widths are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Full,
    Sliding,
    Chunked,
}

/// The reach of each of `layers` layers.
pub(super) fn of_layers(config: Config, model_type: &str, layers: u64) -> Vec<Reach> {
    looks(config, model_type, layers).into_iter().map(|look| reach(config, look)).collect()
}

/// How far a look goes. A width of `null` or 0 stands for none.
pub(super) fn reach(config: Config, look: Look) -> Reach {
    let width = |key| config.optional(key).filter(|&tokens| tokens > 0);
    match look {
        Look::Full => Reach::Full,
        Look::Sliding => width("sliding_window").map_or(Reach::Full, Reach::Sliding),
        Look::Chunked => width("attention_chunk_size").map_or(Reach::Full, Reach::Chunked),
    }
}

/// The look of each of `layers` layers: as `layer_types` says, else by the rule of the family.
pub(super) fn looks(config: Config, model_type: &str, layers: u64) -> Vec<Look> {
    if let Some(types) = config.layer_words("layer_types", layers) {
        let look = |kind| match kind {
            "sliding_attention" | "hybrid_sliding" => Look::Sliding,
            "chunked_attention" => Look::Chunked,
            _ => Look::Full,
        };
        return types.into_iter().map(look).collect();
    }
    let windowed: Box<dyn Fn(u64) -> bool> = match FAMILIES.iter().find(|(name, _)| *name == model_type) {
        None => Box::new(|_| false),
        Some((_, Windowed::All)) => Box::new(|_| true),
        Some((_, Windowed::Even)) => Box::new(|layer| layer.is_multiple_of(2)),
        Some((_, Windowed::ButEvery(usual))) => {
            let group = config.size_or("sliding_window_pattern", *usual);
            Box::new(move |layer| !(layer + 1).is_multiple_of(group))
        }
        Some((_, Windowed::ButFirstOf(group))) => Box::new(|layer| !layer.is_multiple_of(*group)),
        Some((_, Windowed::ButEveryFromLast(group))) => {
            Box::new(move |layer| !(layers - 1 - layer).is_multiple_of(*group))
        }
        Some((_, Windowed::Late)) => {
            let on = config.flag("use_sliding_window");
            let first = config.optional("max_window_layers").unwrap_or(MAX_WINDOW_LAYERS);
            Box::new(move |layer| on && layer >= first)
        }
        Some((_, Windowed::Pattern)) => {
            let group = if config.is_text("sliding_window_pattern") {
                config.text("sliding_window_pattern").map_or(0, |pattern| pattern.len() as u64)
            } else {
                config.count("sliding_window_pattern")
            };
            Box::new(move |layer| group > 0 && !(layer + 1).is_multiple_of(group) && layer + 1 != layers)
        }
    };
    (0..layers).map(|layer| if windowed(layer) { Look::Sliding } else { Look::Full }).collect()
}
