//! Models without any attention: Mamba, Mamba-2, xLSTM and RWKV.

use super::keys::Config;
use super::parts::{Norm, Shape, vector};
use super::recurrent::{Mamba1, Mamba2, Recurrent, rank_or_auto};
use ridgepoint_core::{
    FeedForward, Layer, Layers, Mixer, MlpRoles, MlpShape, Model, Role, State, StateFormat, Tensor, mlp_tensors,
};

/// A model of one of the families below.
pub(super) fn read(config: Config, model_type: &str) -> Option<Model> {
    match model_type {
        "falcon_mamba" | "mamba" => Some(mamba(config)),
        "mamba2" => Some(mamba2(config)),
        "rwkv" => Some(rwkv4(config)),
        "rwkv5" => Some(rwkv5(config)),
        "xlstm" => Some(xlstm(config)),
        _ => None,
    }
}

/// The model in which every layer is this mixer behind one norm.
fn only(shape: &Shape, mixer: Recurrent) -> Model {
    let mut tensors = mixer.tensors;
    tensors.extend(Norm::Rms.tensors(shape.hidden, 1));
    let layer =
        Layer { mixer: Mixer::Recurrent(mixer.state), feed_forward: FeedForward::None, tensors, reused: Vec::new() };
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

/// xLSTM (arXiv:2503.13427): each head keeps a matrix of keys times values, a sum of keys and a maximum.
fn xlstm(config: Config) -> Model {
    // Its class has a head of its own and a norm before it, whatever `tie_word_embeddings` and `add_out_norm` say.
    let shape = Shape { tied: false, ..Shape::read_without_attention(config) };
    let hidden = shape.hidden;
    let heads = config.size("num_heads");
    let width = |key, usual| {
        let factor = config.factor(key).unwrap_or(usual).clamp(0.0, 64.0);
        ((factor * hidden as f64) as u64).max(1).next_multiple_of(64)
    };
    let (keys, values) = (width("qk_dim_factor", 0.5), width("v_dim_factor", 1.0));
    let biased = config.flag("use_bias");
    let bias = |len| if biased { len } else { 0 };
    let mut tensors = vec![
        Tensor::matrix(Role::Mixer, 2 * keys, hidden),
        Tensor::matrix(Role::Mixer, 2 * values, hidden),
        // The input and forget gates of each head, which always have biases.
        Tensor::matrix(Role::Mixer, 2 * heads, hidden),
        Tensor::matrix(Role::Mixer, hidden, values),
    ];
    tensors.extend(vector(Role::Mixer, 2 * heads + bias(2 * keys + 2 * values + hidden)));
    tensors.extend(vector(Role::Norm, values + bias(values)));
    let factor = config.factor("ffn_proj_factor").unwrap_or(2.667).clamp(0.0, 64.0);
    // Python's int((x + m - 1) // m * m).
    let multiple = config.size_or("ffn_round_up_to_multiple_of", 64);
    let intermediate_size = ((factor * hidden as f64 + multiple as f64 - 1.0) as u64 / multiple * multiple).max(1);
    let mlp = MlpShape { hidden_size: hidden, intermediate_size, gated: true, bias: biased };
    tensors.extend(mlp_tensors(MlpRoles::DENSE, mlp, 1));
    tensors.extend(vector(Role::Norm, 2 * (hidden + bias(hidden))));
    let format = match config.text("inference_state_dtype") {
        Some("float32") | None => StateFormat::Bits32,
        Some(_) => StateFormat::Bits16,
    };
    let recurrent = keys * values / heads + keys + heads;
    let state = State { conv_channels: 0, conv_kernel: 0, recurrent, format };
    let layer = Layer { mixer: Mixer::Recurrent(state), feed_forward: FeedForward::Dense, tensors, reused: Vec::new() };
    repeated(&shape, &layer, Norm::Rms)
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
    let layer = Layer { mixer: Mixer::Recurrent(state), feed_forward: FeedForward::Dense, tensors, reused: Vec::new() };
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
    let layer = Layer { mixer: Mixer::Recurrent(state), feed_forward: FeedForward::Dense, tensors, reused: Vec::new() };
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
