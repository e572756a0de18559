//! The models of Zyphra: Zamba 1 and 2, whose attention layers share the weights of a block, and Zaya with its
//! compressed convolutional attention.

use super::keys::Config;
use super::parts::{Experts, Norm, Shape, gated_mlp, vector};
use super::recurrent::{Mamba1, Mamba2, Recurrent, rank_or_auto};
use super::state_space::expanded;
use ridgepoint_core::{
    Attention, AttentionBias, FeedForward, Layer, Layers, Mixer, MlpRoles, MlpShape, Model, Reach, Role, State,
    StateFormat, Tensor, attention_tensors, linear, mlp_tensors,
};

/// A decoder of one of the families below.
pub(super) fn read(config: Config, model_type: &str) -> Option<Model> {
    match model_type {
        "zamba" => Some(zamba(config)),
        "zamba2" => Some(zamba2(config)),
        "zaya" => Some(zaya(config)),
        _ => None,
    }
}

/// For each layer, whether the shared block stands before its Mamba mixer.
fn hybrid_layers(config: Config, layers: u64, usual: impl Fn(u64) -> bool) -> Vec<bool> {
    match config.layer_words("layers_block_type", layers) {
        Some(types) => types.into_iter().map(|kind| kind == "hybrid").collect(),
        None => (0..layers).map(usual).collect(),
    }
}

/// The blocks whose weights the hybrid layers take in turn, and what each use of one has of its own.
struct SharedBlocks {
    attention: Attention,
    /// Weights of one block.
    block: Vec<Tensor>,
    /// How many blocks there are.
    blocks: usize,
    /// Weights of each use: the projection into the Mamba mixer, and adapters.
    own: Vec<Tensor>,
    /// The Mamba mixer of every layer with its norm.
    mamba: Recurrent,
}

impl SharedBlocks {
    fn layers(&self, hybrid: &[bool]) -> Layers {
        let mut uses = 0;
        let layer = |&is_hybrid: &bool| {
            let state = self.mamba.state;
            if !is_hybrid {
                let tensors = self.mamba.tensors.clone();
                let mixer = Mixer::Recurrent(state);
                return Layer { mixer, feed_forward: FeedForward::None, tensors, reused: Vec::new() };
            }
            uses += 1;
            let (new, reused) =
                if uses <= self.blocks { (&self.block[..], &[][..]) } else { (&[][..], &self.block[..]) };
            Layer {
                mixer: Mixer::Parallel { attention: self.attention, reach: Reach::Full, state },
                feed_forward: FeedForward::Dense,
                tensors: [&self.mamba.tensors, &self.own, new].concat(),
                reused: reused.to_vec(),
            }
        };
        hybrid.iter().map(layer).collect()
    }
}

/// Attention over the hidden state beside the embedding, which makes its input twice as wide as the model.
fn wide_attention(config: Config, hidden: u64) -> (Attention, Vec<Tensor>) {
    let heads = config.size("num_attention_heads");
    let kv_heads = config.size_or("num_key_value_heads", heads);
    let width = config.optional("attention_head_dim").unwrap_or(2 * hidden / heads);
    let attention = Attention::Grouped { heads, kv_heads, key_dim: width, value_dim: width };
    let mut tensors = attention_tensors(attention, 2 * hidden, AttentionBias::default());
    tensors.retain(|tensor| tensor.role != Role::AttentionOutput);
    tensors.push(Tensor::matrix(Role::AttentionOutput, hidden, heads * width));
    // One norm for that input, one before the MLP.
    tensors.extend(Norm::Rms.tensors(3 * hidden, 1));
    (attention, tensors)
}

/// Zamba (arXiv:2405.16712): one block, used in every sixth layer.
fn zamba(config: Config) -> Model {
    let shape = Shape::read_without_attention(config);
    let hidden = shape.hidden;
    let (attention, mut block) = wide_attention(config, hidden);
    block.extend(gated_mlp(MlpRoles::DENSE, hidden, config.size("intermediate_size"), 1));
    let mixer = Mamba1 {
        hidden,
        inner: hidden * config.size("mamba_expand"),
        state: config.size("mamba_d_state"),
        kernel: config.size("mamba_d_conv"),
        rank: rank_or_auto(config, "mamba_dt_rank", hidden),
        conv_bias: config.flag_or("mamba_conv_bias", true),
        bias: config.flag("mamba_proj_bias"),
    };
    let mut mamba = mixer.build(config);
    mamba.tensors.extend(Norm::Rms.tensors(hidden, 1));
    let blocks =
        SharedBlocks { attention, block, blocks: 1, own: vec![Tensor::matrix(Role::Other, hidden, hidden)], mamba };
    let (period, offset) = (config.size("attn_layer_period"), config.count("attn_layer_offset"));
    let hybrid = hybrid_layers(config, shape.layers, |index| match index {
        0 | 1 => false,
        2 => true,
        later => (later - 3) % period == offset,
    });
    shape.model(blocks.layers(&hybrid), Norm::Rms)
}

/// Zamba 2 (arXiv:2411.15242): one or two blocks in turn, told apart by adapters of low rank.
fn zamba2(config: Config) -> Model {
    let shape = Shape::read_without_attention(config);
    let hidden = shape.hidden;
    let (attention, mut block) = wide_attention(config, hidden);
    let bias = config.flag("add_bias_linear");
    let intermediate_size = config.size_or("intermediate_size", 4 * hidden);
    let mlp = MlpShape { hidden_size: hidden, intermediate_size, gated: true, bias };
    block.extend(mlp_tensors(MlpRoles::DENSE, mlp, 1));

    let rank = config.size("adapter_rank");
    let mut own = vec![
        Tensor::matrix(Role::Other, hidden, hidden),
        Tensor::matrix(Role::DenseOther, rank, hidden),
        Tensor::matrix(Role::DenseOther, 2 * intermediate_size, rank),
    ];
    if config.flag("use_shared_attention_adapter") {
        let pair = [
            Tensor::matrix(Role::AttentionOther, rank, 2 * hidden),
            Tensor::matrix(Role::AttentionOther, 2 * hidden, rank),
        ];
        own.extend([pair; 3].concat());
    }
    let inner = expanded(config, "mamba_expand", hidden);
    let mixer = Mamba2 {
        hidden,
        inner,
        heads: config.size("n_mamba_heads"),
        groups: config.size("mamba_ngroups"),
        state: config.size("mamba_d_state"),
        kernel: config.size("mamba_d_conv"),
        conv_bias: config.flag_or("use_conv_bias", true),
        bias,
        normed: true,
    };
    let mut mamba = mixer.build(config);
    mamba.tensors.extend(Norm::Rms.tensors(hidden, 1));
    let blocks = usize::try_from(config.size("num_mem_blocks")).unwrap_or(usize::MAX);
    let blocks = SharedBlocks { attention, block, blocks, own, mamba };
    if !config.says("layers_block_type") {
        config.contradiction("layers_block_type should say which layers are hybrid".to_owned());
    }
    shape.model(blocks.layers(&hybrid_layers(config, shape.layers, |_| false)), Norm::Rms)
}

/// Zaya (arXiv:2510.04476): queries and keys pass two convolutions, half of the values is of the last token, and the
/// router is an MLP that also sees the logits of the layer before.
fn zaya(config: Config) -> Model {
    let shape = Shape::read(config);
    let hidden = shape.hidden;
    let (query_width, kv_width) = (shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim);
    let biased = config.flag("attention_bias");
    let bias = AttentionBias { qkv: biased, output: biased };
    let mut attention = attention_tensors(shape.attention(), hidden, bias);
    let channels = query_width + kv_width;
    let (first, second) = (config.size("cca_time0"), config.size("cca_time1"));
    attention.extend(vector(Role::AttentionOther, channels * first + channels));
    attention.extend(vector(Role::AttentionOther, channels.saturating_mul(shape.head_dim * second + 1)));
    // Norms of the layer, and a temperature for each KV head.
    attention.extend(vector(Role::Norm, 2 * hidden + shape.kv_heads));
    // Scales and shifts of what each half gives and of the residual stream that it is added to.
    attention.extend(vector(Role::Other, 8 * hidden));

    let (experts, active) = Experts::counted(config);
    let width = config.size("router_hidden_size");
    let experts = |index: u64| {
        let mut tensors = gated_mlp(MlpRoles::ROUTED, hidden, config.size("moe_intermediate_size"), experts);
        tensors.extend(linear(Role::Router, width, hidden, true));
        tensors.extend([linear(Role::Router, width, width, true), linear(Role::Router, width, width, true)].concat());
        // One more choice than there are experts: to skip them. A norm, and a scale for the logits of the layer before.
        tensors.push(Tensor::matrix(Role::Router, experts + 1, width));
        tensors.extend(vector(Role::Router, if index == 0 { width } else { 2 * width }));
        Experts { experts, active, tensors }
    };
    // What the convolutions remember of queries and keys, and the half of the values that is a token late.
    let state = State {
        conv_channels: channels,
        conv_kernel: first + second - 2,
        recurrent: kv_width / 2,
        format: StateFormat::Bits16,
    };
    let sliding = config.layer_words("layer_types", shape.layers).unwrap_or_default();
    let layers: Layers = (0..shape.layers)
        .map(|index| {
            let is_sliding = sliding.get(index as usize) == Some(&"hybrid_sliding");
            let window = config.optional("sliding_window").filter(|_| is_sliding);
            let reach = window.map_or(Reach::Full, Reach::Sliding);
            let mixer = Mixer::Parallel { attention: shape.attention(), reach, state };
            experts(index).layer(mixer, &attention)
        })
        .collect();
    let mut model = shape.model(layers, Norm::Rms);
    model.input.extend(vector(Role::Other, 2 * hidden));
    if config.flag("lm_head_bias") {
        model.output.push(Tensor::vector(Role::Head, shape.vocab));
    }
    model
}
