//! Models without any attention: Mamba, Mamba-2 and RWKV.

use super::keys::Config;
use super::parts::{Norm, Shape, vector};
use super::recurrent::{Mamba1, Mamba2, Recurrent, rank_or_auto};
use ridgepoint_core::{FeedForward, Layer, Layers, Mixer, Model, Role, State, StateFormat, Tensor};

/// A model of one of the families below.
pub(super) fn read(config: Config, model_type: &str) -> Option<Model> {
    match model_type {
        "falcon_mamba" | "mamba" => Some(mamba(config)),
        "mamba2" => Some(mamba2(config)),
        "rwkv" => Some(rwkv4(config)),
        "rwkv5" => Some(rwkv5(config)),
        _ => None,
    }
}

/// The model in which every layer is this mixer behind one norm.
fn only(shape: &Shape, mixer: Recurrent) -> Model {
    let mut tensors = mixer.tensors;
    tensors.extend(Norm::Rms.tensors(shape.hidden, 1));
    let layer = Layer { mixer: Mixer::Recurrent(mixer.state), feed_forward: FeedForward::None, tensors };
    repeated(shape, &layer, Norm::Rms)
}

fn repeated(shape: &Shape, layer: &Layer, norm: Norm) -> Model {
    let layers: Layers = (0..shape.layers).map(|_| layer.clone()).collect();
    shape.model(layers, norm)
}

fn mamba(config: Config) -> Model {
    let shape = Shape::read_without_attention(config);
    let mixer = Mamba1 {
        hidden: shape.hidden,
        inner: config.optional("intermediate_size").unwrap_or_else(|| expanded(config, "expand", shape.hidden)),
        state: config.size_or("state_size", 16),
        kernel: config.size_or("conv_kernel", 4),
        rank: rank_or_auto(config, "time_step_rank", shape.hidden),
        conv_bias: config.flag_or("use_conv_bias", true),
        bias: config.flag("use_bias"),
    };
    only(&shape, mixer.build(config))
}

/// The hidden size times a factor that need not be whole; 2 where the file says nothing.
pub(super) fn expanded(config: Config, key: &'static str, hidden: u64) -> u64 {
    let factor = config.factor(key).unwrap_or(2.0).clamp(0.0, 64.0);
    ((factor * hidden as f64) as u64).max(1)
}

fn mamba2(config: Config) -> Model {
    let shape = Shape::read_without_attention(config);
    let inner = expanded(config, "expand", shape.hidden);
    let mixer = Mamba2 {
        hidden: shape.hidden,
        inner,
        heads: config.size_or("num_heads", (inner / config.size_or("head_dim", 64)).max(1)),
        groups: config.size_or("n_groups", 8),
        state: config.size_or("state_size", 128),
        kernel: config.size_or("conv_kernel", 4),
        conv_bias: config.flag_or("use_conv_bias", true),
        bias: config.flag("use_bias"),
        normed: true,
    };
    only(&shape, mixer.build(config))
}

/// RWKV-4 (arXiv:2305.13048): sums with a decay for each channel, and a gated MLP that also looks at the last token.
fn rwkv4(config: Config) -> Model {
    let shape = Shape::read_without_attention(config);
    let hidden = shape.hidden;
    let width = config.size_or("attention_hidden_size", hidden);
    let mut tensors = vec![
        Tensor::matrix(Role::Mixer, 3 * width, hidden),
        Tensor::matrix(Role::Mixer, hidden, width),
        // Decay and bonus of each channel, and how much of the last token key, value and receptance take.
        Tensor::vector(Role::Mixer, 2 * width + 3 * hidden),
    ];
    tensors.extend(channel_mix(hidden, config.size_or("intermediate_size", 4 * hidden)));
    tensors.extend(Norm::Layer.tensors(hidden, 2));
    // The last input of both halves; numerator, denominator and exponent of the sums.
    let state = State { conv_channels: 2 * hidden, conv_kernel: 1, recurrent: 3 * hidden, format: StateFormat::Bits32 };
    let layer = Layer { mixer: Mixer::Recurrent(state), feed_forward: FeedForward::Dense, tensors };
    let mut model = repeated(&shape, &layer, Norm::Layer);
    model.input.extend(Norm::Layer.tensors(hidden, 1));
    model
}

/// RWKV-5 (arXiv:2404.05892): a matrix of state for each head.
fn rwkv5(config: Config) -> Model {
    let shape = Shape { tied: false, ..Shape::read_without_attention(config) };
    let hidden = shape.hidden;
    let width = config.size_or("attention_hidden_size", hidden);
    let head = config.size_or("head_size", 64);
    let heads = (width / head).max(1);
    // Python's int((hidden * 3.5) // 32 * 32).
    let intermediate = config.size_or("intermediate_size", (hidden * 7 / 2 / 32 * 32).max(1));
    let mut tensors = vec![
        Tensor::matrix(Role::Mixer, 4 * width, hidden),
        Tensor::matrix(Role::Mixer, hidden, width),
        Tensor::vector(Role::Mixer, 4 * hidden + 2 * heads * head),
    ];
    tensors.extend(vector(Role::Norm, 2 * width));
    tensors.extend(channel_mix(hidden, intermediate));
    tensors.extend(Norm::Layer.tensors(hidden, 2));
    let recurrent = heads * head * head;
    let state = State { conv_channels: 2 * hidden, conv_kernel: 1, recurrent, format: StateFormat::Bits32 };
    let layer = Layer { mixer: Mixer::Recurrent(state), feed_forward: FeedForward::Dense, tensors };
    let mut model = repeated(&shape, &layer, Norm::Layer);
    model.input.extend(Norm::Layer.tensors(hidden, 1));
    model
}

/// RWKV's MLP: up, down, and a gate as wide as the hidden state, with two vectors that mix in the last token.
fn channel_mix(hidden: u64, intermediate: u64) -> Vec<Tensor> {
    vec![
        Tensor::matrix(Role::Up, intermediate, hidden),
        Tensor::matrix(Role::Down, hidden, intermediate),
        Tensor::matrix(Role::Gate, hidden, hidden),
        Tensor::vector(Role::DenseOther, 2 * hidden),
    ]
}
