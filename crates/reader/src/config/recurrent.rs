//! Recurrent and convolutional mixers: their weights and what they remember.

use super::keys::Config;
use super::parts::vector;
use ridgepoint_core::{Role, State, StateFormat, Tensor, linear};

/// The weights of a mixer and its state.
#[derive(Clone)]
pub(super) struct Recurrent {
    pub(super) tensors: Vec<Tensor>,
    pub(super) state: State,
}

/// A matrix of a mixer.
const fn matrix(outputs: u64, inputs: u64) -> Tensor {
    Tensor::matrix(Role::Mixer, outputs, inputs)
}

/// Small weights of a mixer that are not multiplied as a matrix.
fn small(len: u64) -> Vec<Tensor> {
    vector(Role::Mixer, len)
}

fn norm(len: u64) -> Tensor {
    Tensor::vector(Role::Norm, len)
}

/// How the file wants the recurrent state stored.
fn format(config: Config) -> StateFormat {
    match config.text("mamba_ssm_dtype") {
        Some("float32") => StateFormat::Bits32,
        Some(_) | None => StateFormat::Bits16,
    }
}

/// Dimensions of a Mamba-1 mixer (arXiv:2312.00752).
pub(super) struct Mamba1 {
    pub(super) hidden: u64,
    /// Channels: usually twice the hidden size.
    pub(super) inner: u64,
    /// Numbers in the state of a channel.
    pub(super) state: u64,
    /// Width of the convolution.
    pub(super) kernel: u64,
    /// Rank of the step size.
    pub(super) rank: u64,
    pub(super) conv_bias: bool,
    pub(super) bias: bool,
}

impl Mamba1 {
    pub(super) fn build(&self, config: Config) -> Recurrent {
        let &Self { hidden, inner, state, kernel, rank, conv_bias, bias } = self;
        let mut tensors = linear(Role::Mixer, 2 * inner, hidden, bias);
        tensors.extend(small(inner * kernel + if conv_bias { inner } else { 0 }));
        // From the channels: the step size, B and C. The step size then widens to the channels again.
        tensors.extend([matrix(rank + 2 * state, inner), matrix(inner, rank)]);
        // The bias of the step size, A and D.
        tensors.extend(small(inner + inner * state + inner));
        tensors.extend(linear(Role::Mixer, hidden, inner, bias));
        let state =
            State { conv_channels: inner, conv_kernel: kernel, recurrent: inner * state, format: format(config) };
        Recurrent { tensors, state }
    }
}

/// A rank that may be written as "auto": a sixteenth of the hidden size.
pub(super) fn rank_or_auto(config: Config, key: &'static str, hidden: u64) -> u64 {
    if config.is_text(key) { hidden.div_ceil(16) } else { config.size_or(key, hidden.div_ceil(16)) }
}

/// Dimensions of a Mamba-2 mixer (arXiv:2405.21060).
pub(super) struct Mamba2 {
    pub(super) hidden: u64,
    /// Channels: heads times their width.
    pub(super) inner: u64,
    pub(super) heads: u64,
    /// Groups of heads that share B and C.
    pub(super) groups: u64,
    /// Numbers in the state of a channel.
    pub(super) state: u64,
    /// Width of the convolution.
    pub(super) kernel: u64,
    pub(super) conv_bias: bool,
    pub(super) bias: bool,
    /// Whether the output passes through a gated norm.
    pub(super) normed: bool,
}

impl Mamba2 {
    pub(super) fn build(&self, config: Config) -> Recurrent {
        let &Self { hidden, inner, heads, groups, state, kernel, conv_bias, bias, normed } = self;
        let channels = inner + 2 * groups * state;
        let mut tensors = linear(Role::Mixer, inner + channels + heads, hidden, bias);
        tensors.extend(small(channels * kernel + if conv_bias { channels } else { 0 }));
        // A, D and the bias of the step size, one number each for a head.
        tensors.extend(small(3 * heads));
        tensors.extend(linear(Role::Mixer, hidden, inner, bias));
        if normed {
            tensors.push(norm(inner));
        }
        let state =
            State { conv_channels: channels, conv_kernel: kernel, recurrent: inner * state, format: format(config) };
        Recurrent { tensors, state }
    }
}

/// Gated DeltaNet (arXiv:2412.06464) with the fields of Qwen3-Next.
pub(super) fn gated_delta_net(config: Config, hidden: u64) -> Recurrent {
    let heads = DeltaHeads {
        key_heads: config.size("linear_num_key_heads"),
        value_heads: config.size("linear_num_value_heads"),
        key_dim: config.size("linear_key_head_dim"),
        value_dim: config.size("linear_value_head_dim"),
    };
    heads.build(config, hidden)
}

/// Heads of a gated delta net and their widths.
pub(super) struct DeltaHeads {
    pub(super) key_heads: u64,
    pub(super) value_heads: u64,
    pub(super) key_dim: u64,
    pub(super) value_dim: u64,
}

impl DeltaHeads {
    pub(super) fn build(&self, config: Config, hidden: u64) -> Recurrent {
        let &Self { key_heads, value_heads, key_dim, value_dim } = self;
        let kernel = config.size_or("linear_conv_kernel_dim", 4);
        let (keys, values) = (key_heads * key_dim, value_heads * value_dim);
        let channels = 2 * keys + values;
        let mut tensors = vec![
            // Queries, keys, values and the output gate; then the decay and the write strength of each head.
            matrix(2 * keys + 2 * values, hidden),
            matrix(2 * value_heads, hidden),
            matrix(hidden, values),
            norm(value_dim),
        ];
        tensors.extend(small(channels * kernel + 2 * value_heads));
        let recurrent = value_heads * key_dim * value_dim;
        let state = State { conv_channels: channels, conv_kernel: kernel, recurrent, format: format(config) };
        Recurrent { tensors, state }
    }
}

/// How a gate is computed from the hidden state.
#[derive(Clone, Copy)]
pub(super) enum Gate {
    /// Through a bottleneck as wide as a head.
    LowRank,
    /// By one full matrix.
    FullRank,
}

impl Gate {
    fn tensors(self, hidden: u64, head_dim: u64, width: u64) -> Vec<Tensor> {
        match self {
            Self::LowRank => vec![matrix(head_dim, hidden), matrix(width, head_dim)],
            Self::FullRank => vec![matrix(width, hidden)],
        }
    }
}

/// Dimensions of Kimi Delta Attention (arXiv:2510.26692).
pub(super) struct DeltaAttention {
    pub(super) hidden: u64,
    pub(super) heads: u64,
    pub(super) head_dim: u64,
    /// Width of the convolution.
    pub(super) kernel: u64,
    pub(super) forget: Gate,
    pub(super) output: Gate,
}

impl DeltaAttention {
    /// The dimensions, which stand at the top or in `linear_attn_config`.
    pub(super) fn read(config: Config, hidden: u64) -> Self {
        let nested = config.child("linear_attn_config");
        let either = |flat, key| match nested {
            Some(nested) if !config.says(flat) => nested.size(key),
            Some(_) | None => config.size(flat),
        };
        Self {
            hidden,
            heads: either("linear_num_heads", "num_heads"),
            head_dim: either("linear_head_dim", "head_dim"),
            kernel: either("linear_conv_kernel_dim", "short_conv_kernel_size"),
            forget: Gate::LowRank,
            output: Gate::LowRank,
        }
    }

    pub(super) fn build(&self) -> Recurrent {
        let &Self { hidden, heads, head_dim, kernel, forget, output } = self;
        let width = heads * head_dim;
        let mut tensors = vec![matrix(3 * width, hidden), matrix(heads, hidden), matrix(hidden, width), norm(head_dim)];
        tensors.extend(forget.tensors(hidden, head_dim, width));
        tensors.extend(output.tensors(hidden, head_dim, width));
        // The convolution, the bias of the decay and its scale for each head.
        tensors.extend(small(3 * width * kernel + width + heads));
        let recurrent = heads * head_dim * head_dim;
        // vLLM's `kda_state_dtype` keeps this state in 32 bit whatever the model's format.
        let state = State { conv_channels: 3 * width, conv_kernel: kernel, recurrent, format: StateFormat::Bits32 };
        Recurrent { tensors, state }
    }
}

/// Lightning attention (arXiv:2401.04658) as MiniMax-Text-01 has it: decayed linear attention with an output gate.
pub(super) fn lightning(config: Config, hidden: u64, heads: u64, head_dim: u64) -> Recurrent {
    let width = heads * head_dim;
    let tensors = vec![matrix(3 * width, hidden), matrix(width, hidden), matrix(hidden, width), norm(width)];
    let recurrent = heads * head_dim * head_dim;
    Recurrent { tensors, state: State { conv_channels: 0, conv_kernel: 0, recurrent, format: format(config) } }
}

/// The gated short convolution of LFM2: three projections, a convolution and a projection back.
pub(super) fn short_convolution(hidden: u64, kernel: u64, bias: bool) -> Recurrent {
    let mut tensors = linear(Role::Mixer, 3 * hidden, hidden, bias);
    tensors.extend(small(hidden * kernel + if bias { hidden } else { 0 }));
    tensors.extend(linear(Role::Mixer, hidden, hidden, bias));
    let state = State { conv_channels: hidden, conv_kernel: kernel, recurrent: 0, format: StateFormat::Bits16 };
    Recurrent { tensors, state }
}
