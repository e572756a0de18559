//! Memory-bound inference on the back of an envelope: seven functions over plain numbers.
//!
//! They are what one would write on a whiteboard: one size for every weight, attention without grouping, no overhead.
//! The rest of this crate replaces each by something exact; these stay because they explain it.

/// Memory of the weights in bytes: `parameters x bytes per parameter`.
///
/// ```
/// # use ridgepoint_core::first_principles::model_memory;
/// assert_eq!(model_memory(7e9, 2.0), 14e9); // 7 billion parameters in 16 bit
/// ```
pub fn model_memory(parameters: f64, bytes_per_parameter: f64) -> f64 {
    parameters * bytes_per_parameter
}

/// Most tokens per second of one sequence: each token reads every weight once, so `bandwidth / model memory`.
///
/// ```
/// # use ridgepoint_core::first_principles::max_tokens_per_second;
/// let rate = max_tokens_per_second(14e9, 2e12); // 7B in 16 bit at 2 TB/s
/// assert!((rate - 142.857).abs() < 0.001);
/// ```
pub fn max_tokens_per_second(model_memory_bytes: f64, bandwidth_bytes_per_second: f64) -> f64 {
    bandwidth_bytes_per_second / model_memory_bytes
}

/// Operations done for each byte loaded.
///
/// ```
/// # use ridgepoint_core::first_principles::arithmetic_intensity;
/// assert_eq!(arithmetic_intensity(2e9, 1e9), 2.0);
/// ```
pub fn arithmetic_intensity(flops: f64, bytes_loaded: f64) -> f64 {
    flops / bytes_loaded
}

/// Intensity at which a device turns from memory-bound to compute-bound: `peak / bandwidth`.
///
/// ```
/// # use ridgepoint_core::first_principles::ridge_point;
/// assert_eq!(ridge_point(312e12, 2e12), 156.0); // A100 at 312 TFLOP/s and 2 TB/s
/// ```
pub fn ridge_point(peak_flops_per_second: f64, bandwidth_bytes_per_second: f64) -> f64 {
    peak_flops_per_second / bandwidth_bytes_per_second
}

/// Whether work waits for memory: its intensity lies below the ridge point. At the ridge itself it does not.
///
/// ```
/// # use ridgepoint_core::first_principles::is_memory_bound;
/// assert!(is_memory_bound(155.9, 312e12, 2e12));
/// assert!(!is_memory_bound(156.0, 312e12, 2e12));
/// ```
pub fn is_memory_bound(intensity: f64, peak_flops_per_second: f64, bandwidth_bytes_per_second: f64) -> bool {
    intensity < ridge_point(peak_flops_per_second, bandwidth_bytes_per_second)
}

/// KV cache in bytes where every query head has its own key and value:
/// `batch x tokens x layers x 2 x hidden size x bytes`. The 2 is for keys and values.
///
/// ```
/// # use ridgepoint_core::first_principles::kv_cache_memory;
/// assert_eq!(kv_cache_memory(8.0, 2048.0, 32.0, 4096.0, 2.0), 8_589_934_592.0);
/// ```
pub fn kv_cache_memory(batch: f64, tokens: f64, layers: f64, hidden_size: f64, bytes_per_value: f64) -> f64 {
    batch * tokens * layers * 2.0 * hidden_size * bytes_per_value
}

/// Operations of attention without its projections, over all heads.
///
/// Scores and weighted sums take `2 x head width` operations each for every pair of a query and a key, the softmax
/// about 5. Without a causal mask: every query sees every key.
///
/// ```
/// # use ridgepoint_core::first_principles::attention_flops;
/// // 32 heads of 128 over 1024 x 1024 pairs: 32 x 1024^2 x (256 + 5 + 256).
/// assert_eq!(attention_flops(1.0, 1024.0, 1024.0, 4096.0, 32.0), 32.0 * 1024.0 * 1024.0 * 517.0);
/// ```
pub fn attention_flops(batch: f64, queries: f64, keys: f64, hidden_size: f64, heads: f64) -> f64 {
    let pairs = batch * heads * queries * keys;
    let head_dim = hidden_size / heads;
    let scores = pairs * 2.0 * head_dim;
    let softmax = pairs * 5.0;
    let weighted_sum = pairs * 2.0 * head_dim;
    scores + softmax + weighted_sum
}

/// A dense model in five numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DenseModel {
    /// Parameters.
    pub parameters: f64,
    /// Layers.
    pub layers: f64,
    /// Width of the residual stream.
    pub hidden_size: f64,
    /// Attention heads.
    pub heads: f64,
    /// Bytes of a weight and of a cached value.
    pub bytes_per_value: f64,
}

/// A device in three numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Device {
    /// Memory in bytes.
    pub memory: f64,
    /// Memory bandwidth in bytes per second.
    pub bandwidth: f64,
    /// Peak arithmetic in operations per second.
    pub peak_flops: f64,
}

/// What limits a decode step, and by how much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bottleneck {
    /// Memory of the weights in bytes.
    pub model_memory: f64,
    /// Most tokens per second of one sequence.
    pub max_tokens_per_second: f64,
    /// KV cache in bytes.
    pub kv_cache_memory: f64,
    /// Operations per byte of the step.
    pub arithmetic_intensity: f64,
    /// Whether the step waits for memory.
    pub is_memory_bound: bool,
    /// Share of the peak arithmetic that the step can reach, 0 to 1.
    pub compute_utilization: f64,
    /// Share of the device's memory that weights and cache take; above 1 they do not fit.
    pub memory_utilization: f64,
}

/// Analyses one decode step of `batch` sequences that have `tokens` tokens each.
///
/// The step reads every weight and the whole cache once, does two operations with each weight for each sequence, and
/// attends from one query to all `tokens` keys.
///
/// ```
/// # use ridgepoint_core::first_principles::{analyze_bottleneck, DenseModel, Device};
/// let model = DenseModel { parameters: 7e9, layers: 32.0, hidden_size: 4096.0, heads: 32.0, bytes_per_value: 2.0 };
/// let a100 = Device { memory: 80e9, bandwidth: 2e12, peak_flops: 312e12 };
/// let step = analyze_bottleneck(model, a100, 1.0, 2048.0);
/// assert_eq!(step.model_memory, 14e9);
/// assert!(step.is_memory_bound);
/// assert!(step.compute_utilization < 0.01);
/// ```
pub fn analyze_bottleneck(model: DenseModel, device: Device, batch: f64, tokens: f64) -> Bottleneck {
    let model_memory = model_memory(model.parameters, model.bytes_per_value);
    let kv_cache = kv_cache_memory(batch, tokens, model.layers, model.hidden_size, model.bytes_per_value);
    let attention = model.layers * attention_flops(batch, 1.0, tokens, model.hidden_size, model.heads);
    let intensity = arithmetic_intensity(2.0 * model.parameters * batch + attention, model_memory + kv_cache);
    let ridge = ridge_point(device.peak_flops, device.bandwidth);
    Bottleneck {
        model_memory,
        max_tokens_per_second: max_tokens_per_second(model_memory, device.bandwidth),
        kv_cache_memory: kv_cache,
        arithmetic_intensity: intensity,
        is_memory_bound: is_memory_bound(intensity, device.peak_flops, device.bandwidth),
        compute_utilization: (intensity / ridge).min(1.0),
        memory_utilization: (model_memory + kv_cache) / device.memory,
    }
}
