//! Odd input that still has an answer, and what a reader should know about that answer.

use ridgepoint_catalog::devices::Missing;
use ridgepoint_core::{Bytes, BytesPerSecond, ComputePrecision};

use crate::names;
use crate::numbers;

/// Something about a scenario that its reader should know.
#[derive(Clone, Debug, PartialEq)]
pub enum Warning {
    /// Something that a custom configuration leaves open.
    Configuration(String),
    /// The degrees of parallelism ask for more devices than there are.
    TooFewDevices {
        /// Devices that the degrees multiply to.
        asked: u64,
        /// Devices that there are.
        available: u64,
    },
    /// The layout leaves devices idle.
    UnusedDevices {
        /// Devices in use.
        used: u64,
        /// Devices that there are.
        available: u64,
    },
    /// More pipeline stages than layers.
    MoreStagesThanLayers {
        /// Stages asked for.
        stages: u64,
        /// Layers of the model.
        layers: u64,
    },
    /// The attention heads cannot be dealt out evenly.
    HeadsDoNotDivide {
        /// Tensor-parallel degree.
        tensor: u64,
        /// Query heads.
        heads: u64,
        /// KV heads.
        kv_heads: u64,
    },
    /// Settings that change nothing here.
    NoEffect {
        /// Their keys.
        keys: String,
    },
    /// Predictions rest on a hit rate or an acceptance that the scenario states.
    TakenAsGiven,
    /// A format that the engine cannot read.
    FormatNotOfEngine {
        /// The engine.
        engine: &'static str,
        /// What of which format.
        format: String,
    },
    /// The expert-parallel degree is not possible.
    ExpertsDoNotDivide {
        /// Degree asked for.
        asked: u64,
        /// Degree used.
        used: u64,
        /// Devices of a stage.
        ranks: u64,
        /// Routed experts.
        experts: u64,
    },
    /// KV heads are replicated because there are fewer than tensor-parallel ranks.
    ReplicatedKvHeads {
        /// Tensor-parallel degree.
        tensor: u64,
        /// KV heads.
        kv_heads: u64,
    },
    /// The latent vectors of MLA are replicated on every tensor-parallel rank.
    ReplicatedLatentCache {
        /// Tensor-parallel degree.
        tensor: u64,
    },
    /// The sequence is longer than the model was made for.
    BeyondContextLimit {
        /// Prompt and output tokens.
        tokens: u64,
        /// The model's limit.
        limit: u64,
    },
    /// More sequences than the engine serves at once.
    RequestsWait {
        /// Sequences of one replica.
        sequences: u64,
        /// Requests that it serves at once.
        most: u64,
    },
    /// The peak of an image or audio encoder, which the engine also sets aside.
    EncoderNotCounted,
    /// The device lacks the precision that the format asks for.
    PrecisionFallback {
        /// Name of the device.
        device: String,
        /// Precision asked for.
        asked: ComputePrecision,
        /// Precision used.
        used: ComputePrecision,
    },
    /// Routed experts that stay on the host, whose speed is assumed.
    HostExperts {
        /// Layers, counted from the first, whose experts those are.
        layers: u64,
        /// What the memory of the host is taken to move.
        bandwidth: BytesPerSecond,
    },
    /// Pictures or sound for a model that has none, or of which it is not known what it makes of them.
    MediaNotCounted {
        /// Which of them.
        what: &'static str,
    },
    /// A picture that image processors refuse.
    PictureRefused {
        /// Width in pixels.
        width: u64,
        /// Height in pixels.
        height: u64,
    },
    /// Layers that stay on the host, whose speed is assumed.
    HostLayers {
        /// Layers, counted from the first.
        layers: u64,
        /// What they take there, with their cache and state.
        held: Bytes,
        /// What the memory of the host is taken to move.
        bandwidth: BytesPerSecond,
    },
    /// Devices of different kinds hold as many layers as leaves most room.
    PlacedLayers {
        /// Layers of each stage.
        layers: String,
    },
    /// The usable memory is a rule of thumb.
    AssumedMemory {
        /// Name of the device.
        device: String,
    },
    /// A figure that nothing can be computed without is not known.
    UnknownDevice {
        /// Name of the device.
        device: String,
        /// What is missing.
        missing: Missing,
    },
    /// No peak arithmetic of the device is known.
    UnknownPeak {
        /// Name of the device.
        device: String,
    },
    /// Times assume a narrower cache than the scenario's default, as checkpoints for the engine have it.
    NarrowCache,
    /// The highest output rate is that of another layout.
    AttentionDataParallel {
        /// Devices that each serve sequences of their own.
        devices: u64,
    },
    /// Nothing that was measured on such a device stands behind the predicted speed.
    Extrapolated {
        /// Name of the device.
        device: String,
        /// Name of the engine.
        engine: &'static str,
    },
    /// The link between devices is not known.
    UnknownLink {
        /// Name of the device.
        device: String,
    },
    /// The model has no layers that tokens pass: an image generator, a vision encoder alone.
    WeightsOnly,
}

impl core::fmt::Display for Warning {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Configuration(sentence) => f.write_str(sentence),
            Self::TooFewDevices { asked, available } => write!(
                f,
                "the layout needs {asked} devices and there are {available}: the layout is chosen automatically instead"
            ),
            Self::UnusedDevices { used, available } => write!(f, "the layout uses {used} of {available} devices"),
            Self::MoreStagesThanLayers { stages, layers } => {
                write!(f, "{stages} pipeline stages for {layers} layers: one layer per stage is used")
            }
            Self::HeadsDoNotDivide { tensor, heads, kv_heads } => write!(
                f,
                "{heads} attention heads with {kv_heads} KV heads do not divide over TP {tensor}: engines refuse this layout"
            ),
            Self::NoEffect { keys } => write!(f, "these settings change nothing here: {keys}"),
            Self::TakenAsGiven => f.write_str(
                "the hit rate of the prefix cache and the acceptance of drafts are taken as given, and no measurement has \
                 them: intervals are as wide as for devices that nobody has measured",
            ),
            Self::FormatNotOfEngine { engine, format } => {
                write!(f, "{engine} cannot read {format}: the figures are what they would be if it could")
            }
            Self::ExpertsDoNotDivide { asked, used, ranks, experts } => {
                write!(
                    f,
                    "EP {asked} is not possible with {experts} experts on {ranks} devices of a stage: EP {used} is used"
                )
            }
            Self::ReplicatedKvHeads { tensor, kv_heads } => {
                let (heads, parts) = match kv_heads {
                    1 => ("1 KV head".to_string(), "not cut at all".to_string()),
                    count => (format!("{count} KV heads"), format!("cut into {count} parts only")),
                };
                write!(f, "{heads} on TP {tensor}: heads are replicated, so the KV cache is {parts}")
            }
            Self::ReplicatedLatentCache { tensor } => write!(
                f,
                "the latent KV cache (MLA) cannot be cut: each of the {tensor} tensor-parallel devices holds all of it"
            ),
            Self::BeyondContextLimit { tokens, limit } => write!(
                f,
                "{} tokens per sequence are more than the model's context of {}",
                numbers::count(*tokens),
                numbers::count(*limit)
            ),
            Self::RequestsWait { sequences, most } => write!(
                f,
                "{} sequences are more than the {} that the engine serves at once (max-seqs): the others wait",
                numbers::count(*sequences),
                numbers::count(*most)
            ),
            Self::EncoderNotCounted => write!(
                f,
                "what the engine sets aside for its image or audio encoder is not counted: figures are for text alone"
            ),
            Self::PrecisionFallback { device, asked, used } => {
                let (asked_name, used_name) = (names::precision(*asked), names::precision(*used));
                let how = match asked {
                    ComputePrecision::Fp8 | ComputePrecision::Int8 | ComputePrecision::Fp4 => "unpacked and multiplied",
                    ComputePrecision::Fp32 | ComputePrecision::Fp16 | ComputePrecision::Bf16 => "multiplied",
                };
                write!(f, "{device} has no {asked_name} arithmetic: weights are {how} in {used_name}")
            }
            Self::HostExperts { layers, bandwidth } => write!(
                f,
                "the experts of {layers} layers stay in host memory: times assume that it has {}, and are not measured",
                numbers::bytes_per_second(*bandwidth)
            ),
            Self::MediaNotCounted { what } => {
                write!(f, "the {what} are not counted: what the model makes of them, if anything, is not known here")
            }
            Self::PictureRefused { width, height } => {
                write!(f, "images of {width} x {height} pixels are not counted: processors refuse such shapes")
            }
            Self::HostLayers { layers, held, bandwidth } => write!(
                f,
                "{} layers stay in host memory, {} with their cache: times assume that it has {}, and are not measured",
                numbers::count(*layers),
                numbers::bytes(*held),
                numbers::bytes_per_second(*bandwidth)
            ),
            Self::PlacedLayers { layers } => {
                write!(f, "the devices hold {layers} layers, which leaves most room: the engine has to be told so")
            }
            Self::AssumedMemory { device } => {
                write!(f, "usable memory of {device} is assumed: no reading of a driver is known")
            }
            Self::UnknownDevice { device, missing: Missing::Memory } => {
                write!(
                    f,
                    "{device} has no fixed memory size: say how much it has (mem=GiB) to see whether the model fits"
                )
            }
            Self::UnknownDevice { device, missing: Missing::Bandwidth } => {
                write!(f, "the memory bandwidth of {device} is not published: no speed can be told")
            }
            Self::UnknownPeak { device } => {
                write!(f, "the peak arithmetic of {device} is not published: no speed can be told")
            }
            Self::WeightsOnly => {
                write!(f, "this model reads no tokens: its weights are counted, a cache and a speed are not")
            }
            Self::NarrowCache => write!(
                f,
                "TensorRT-LLM keeps the KV cache of such checkpoints in FP8: times assume that, memory does not; choose FP8 for both, or FP16 for neither"
            ),
            Self::AttentionDataParallel { devices } => write!(
                f,
                "the output of as many sequences as fit is with attention data-parallel (enable_attention_dp): {devices} devices with sequences of their own and experts in common"
            ),
            Self::Extrapolated { device, engine } => write!(
                f,
                "no measurement of {engine} with such weights on devices like {device} is at hand: predictions follow others, and their intervals are wider"
            ),
            Self::UnknownLink { device } => {
                write!(f, "the link between devices of {device} is not known: no speed can be told")
            }
        }
    }
}
