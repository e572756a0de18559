//! The arithmetic of LLM inference: what a model weighs, what it remembers, how much work a token is, and how long
//! that work takes at least on a device.
//!
//! Read it in this order: [`units`] for the quantities, [`tensor`], [`attention`], [`feed_forward`] and [`model`] for
//! what a model is, [`format`] and [`weights`] for how its numbers are stored, [`kv_cache`], [`state`] and [`memory`]
//! for what a device holds, [`operation`], [`roofline`], [`efficiency`], [`pipeline`] and [`latency`] for time. [`placement`]
//! deals layers out over devices that differ, [`speculation`] and [`adapters`] stand beside a served model, and [`training`]
//! is the memory of fine-tuning. [`first_principles`] has the same ideas in seven small functions over plain numbers.
//!
//! No IO, no clock, no text for people and no dependency: `+ - * /` and comparisons only, so that a browser and a
//! server compute the same bits.

pub mod accelerator;
pub mod adapters;
pub mod attention;
pub mod efficiency;
pub mod engine;
pub mod feed_forward;
pub mod first_principles;
pub mod format;
pub mod interconnect;
pub mod kv_cache;
pub mod latency;
pub mod latent;
pub mod memory;
pub mod model;
pub mod operation;
pub mod packed;
pub mod parallelism;
pub mod picture;
pub mod pipeline;
pub mod placement;
pub mod roofline;
pub mod speculation;
pub mod state;
pub mod tensor;
pub mod training;
pub mod units;
pub mod vision;
pub mod weights;
pub mod workload;

pub use accelerator::{Accelerator, Peaks};
pub use adapters::{Adapters, ServedTargets};
pub use attention::{Attention, AttentionBias, Indexer, Reach, Selection, attention_tensors, linear};
pub use efficiency::Efficiency;
pub use engine::{
    Cells, ComputeBuffer, Demand, DeviceRam, EncoderPeak, Engine, HostWeights, Knobs, LatentCache, LayerPeak, LlamaCpp,
    Mlx, Offer, Paging, Peak, Profile, Reservation, Sglang, Site, StateRules, TensorRtLlm, TorchPeak, Transformers,
    Vllm,
};
pub use feed_forward::{FeedForward, MlpRoles, MlpShape, expected_experts, mlp_tensors};
pub use format::{
    Arithmetic, CacheFormat, ComputePrecision, GgmlType, GgufFile, GgufLayout, GgufRules, KvFormat, Number, Packing,
    Quantisable, WeightFormat,
};
pub use interconnect::{Interconnect, ScaleUp, Topology, all_reduce_bytes};
pub use kv_cache::{
    bytes_at_context, bytes_of_sequence, bytes_per_token, layer_bytes, layer_source_bytes, selection_bytes,
    source_bytes, token_bytes, values_per_token, values_per_token_and_rank,
};
pub use latency::{
    Calibrated, Deployment, OnHost, Pace, PassTime, Prefill, Speed, TimedOperation, cached_tokens,
    time_per_output_token,
};
pub use latent::Latent;
pub use memory::{DeviceMemory, Least, Overhead, Stage};
pub use model::{CacheOwner, Head, Layer, Layers, Mixer, Model, Parameters, Source, Stack};
pub use operation::{Numerics, Operation, OperationKind, Pass};
pub use parallelism::{Parallelism, StageSplit, stage_sizes};
pub use picture::{Picture, Sound};
pub use pipeline::Feed;
pub use roofline::{Bound, Cost, Roofline};
pub use speculation::Draft;
pub use state::{State, StateFormat};
pub use tensor::{Component, Kind, Role, Sharding, Tensor};
pub use units::{
    Bytes, BytesPerSecond, Flops, FlopsPerByte, FlopsPerSecond, Seconds, Tokens, TokensPerSecond, tokens_per_second,
};
pub use vision::VisionEncoder;
pub use weights::{PackedLayers, Weights};
pub use workload::Workload;
