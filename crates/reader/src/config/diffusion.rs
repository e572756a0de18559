//! The networks of image generators, as the configurations of the diffusers library describe them: their weights, and the
//! latents that they work on.
//!
//! They have neither a context nor a cache, so their tensors stand in front of no layers. The formulas follow the modules
//! of diffusers 0.42.1; `tests/cases/models/modules.json` has their counts.

use super::keys::Config;
use super::{ConfigError, architecture};
use ridgepoint_core::{GgufLayout, Head, Latent, Layers, Model, Role, Tensor};

/// The network that `config` describes, if it names a class of diffusers. What it names and we do not know is an error.
pub(super) fn read(config: Config) -> Option<Model> {
    let class = architecture(config)?;
    let config = config.of_class(class);
    let mut network = Network::default();
    let (width, latent) = match class {
        "AutoencoderKL" => (autoencoder(config, &mut network), autoencoder_latent(config)),
        "FluxTransformer2DModel" => (flux(config, &mut network), Some(flux_latent(config))),
        "SD3Transformer2DModel" => (stable_diffusion_3(config, &mut network), Some(stable_diffusion_3_latent(config))),
        "UNet2DConditionModel" => (unet(config, &mut network), Some(unet_latent(config))),
        _ => {
            let (model_type, missing) = (class.to_owned(), Vec::new());
            config.problems().error(ConfigError::UnknownModelType { model_type, missing });
            return None;
        }
    };
    Some(Model {
        hidden_size: width,
        vocab_size: 0,
        context_limit: None,
        input: network.0,
        layers: Layers::default(),
        output: Vec::new(),
        head: Head::None,
        mtp_parameters: 0,
        gguf: GgufLayout::default(),
        picture: None,
        vision: None,
        sound: None,
        latent,
    })
}

/// Pixels of a picture along a side of a latent one. The autoencoder decides; all those of these families have four
/// blocks, and pipelines without one assume it too (`vae_scale_factor`).
const SCALE: u64 = 8;

/// FLUX.1's pipeline packs 2 x 2 pixels into a token. FLUX.1-Fill reads more channels than it makes.
fn flux_latent(config: Config) -> Latent {
    let channels = config.size_or("out_channels", config.size("in_channels")) / 4;
    Latent::Image { channels, scale: SCALE, finest: 2, coarsest: 2 }
}

fn stable_diffusion_3_latent(config: Config) -> Latent {
    let channels = config.size_or("out_channels", config.size("in_channels"));
    let side = config.size("patch_size");
    Latent::Image { channels, scale: SCALE, finest: side, coarsest: side }
}

/// Each block of a U-Net but the last halves both sides, and attention is in the middle at least.
fn unet_latent(config: Config) -> Latent {
    let blocks = channels(config).len();
    let down = config.words("down_block_types").unwrap_or_default();
    let up = config.words("up_block_types").unwrap_or_default();
    let levels = down.into_iter().zip(up.into_iter().rev());
    let first = levels.take(blocks).position(|(down, up)| down.starts_with("Cross") || up.starts_with("Cross"));
    let along = |halvings: usize| 1 << halvings.min(MOST_BLOCKS - 1);
    let (finest, coarsest) = (along(first.unwrap_or(blocks - 1)), along(blocks - 1));
    Latent::Image { channels: config.size("out_channels"), scale: SCALE, finest, coarsest }
}

/// Attention of an autoencoder is between its halves, where there is nothing but the latent.
fn autoencoder_latent(config: Config) -> Option<Latent> {
    let scale = 1 << (channels(config).len() - 1).min(MOST_BLOCKS - 1);
    let latent = Latent::Image { channels: config.size("latent_channels"), scale, finest: 1, coarsest: 1 };
    config.flag_or("mid_block_add_attention", true).then_some(latent)
}

/// The weights of a network, equal ones counted together.
#[derive(Default)]
struct Network(Vec<Tensor>);

impl Network {
    /// `n` matrices with biases.
    fn linear(&mut self, role: Role, n: u64, outputs: u64, inputs: u64) {
        if n > 0 {
            self.matrix(role, n, outputs, inputs);
            self.0.push(Tensor::vector(role, outputs).times(n));
        }
    }

    /// `n` matrices without.
    fn matrix(&mut self, role: Role, n: u64, outputs: u64, inputs: u64) {
        if n > 0 {
            self.0.push(Tensor::matrix(role, outputs, inputs).times(n));
        }
    }

    /// A convolution of `side` x `side` pixels with biases.
    fn convolution(&mut self, outputs: u64, inputs: u64, side: u64) {
        self.0.push(Tensor::vector(Role::Other, outputs.saturating_mul(inputs * side * side + 1)));
    }

    /// Norms of `len` weights together.
    fn norm(&mut self, len: u64) {
        if len > 0 {
            self.0.push(Tensor::vector(Role::Norm, len));
        }
    }

    /// A two-layer MLP that makes a vector of the width of the network from `inputs` numbers.
    fn embedder(&mut self, width: u64, inputs: u64) {
        self.linear(Role::Other, 1, width, inputs);
        self.linear(Role::Other, 1, width, width);
    }

    /// `n` MLPs four times as wide as the network.
    fn mlp(&mut self, n: u64, width: u64) {
        self.linear(Role::Up, n, 4 * width, width);
        self.linear(Role::Down, n, width, 4 * width);
    }

    /// A block of convolutions, conditioned on the time step where that has a width.
    fn residual(&mut self, inputs: u64, outputs: u64, time: u64) {
        self.norm(2 * inputs + 2 * outputs);
        self.convolution(outputs, inputs, 3);
        if time > 0 {
            self.linear(Role::Other, 1, outputs, time);
        }
        self.convolution(outputs, outputs, 3);
        if inputs != outputs {
            self.convolution(outputs, inputs, 1);
        }
    }

    /// `n` transformer blocks over pixels, with cross-attention to `context` wide vectors, between two projections.
    fn spatial_transformer(&mut self, n: u64, width: u64, context: u64) {
        self.norm(2 * width + n * 6 * width);
        self.linear(Role::Other, 2, width, width);
        // Self-attention, then cross-attention; only the projections behind them have biases.
        self.matrix(Role::Query, 2 * n, width, width);
        self.matrix(Role::Key, n, width, width);
        self.matrix(Role::Value, n, width, width);
        self.matrix(Role::Key, n, width, context);
        self.matrix(Role::Value, n, width, context);
        self.linear(Role::AttentionOutput, 2 * n, width, width);
        // A gate and an up-projection in one, then back.
        self.linear(Role::Up, n, 8 * width, width);
        self.linear(Role::Down, n, width, 4 * width);
    }
}

/// Heads times their width.
fn inner(config: Config) -> (u64, u64) {
    let head_dim = config.size("attention_head_dim");
    (config.size("num_attention_heads") * head_dim, head_dim)
}

/// Width of the sinusoids that stand for a time step.
const TIME_CHANNELS: u64 = 256;

/// FLUX.1: blocks with weights of their own for text and image, then blocks with common ones.
fn flux(config: Config, network: &mut Network) -> u64 {
    let (width, head_dim) = inner(config);
    let (double, single) = (config.size("num_layers"), config.size("num_single_layers"));
    let channels = config.size("in_channels");
    network.embedder(width, TIME_CHANNELS);
    if config.flag("guidance_embeds") {
        network.embedder(width, TIME_CHANNELS);
    }
    network.embedder(width, config.size("pooled_projection_dim"));
    network.linear(Role::Other, 1, width, config.size("joint_attention_dim"));
    network.linear(Role::Other, 1, width, channels);

    // Shift, scale and gate of both halves, for either kind of token.
    network.linear(Role::Other, 2 * double, 6 * width, width);
    for (role, n) in [(Role::Query, 2), (Role::Key, 2), (Role::Value, 2), (Role::AttentionOutput, 2)] {
        network.linear(role, n * double, width, width);
    }
    network.norm(4 * head_dim * double);
    network.mlp(2 * double, width);

    network.linear(Role::Other, single, 3 * width, width);
    for role in [Role::Query, Role::Key, Role::Value] {
        network.linear(role, single, width, width);
    }
    network.norm(2 * head_dim * single);
    network.linear(Role::Up, single, 4 * width, width);
    // Attention and MLP end in one projection.
    network.linear(Role::Down, single, width, 5 * width);

    network.linear(Role::Other, 1, 2 * width, width);
    let side = config.size_or("patch_size", 1);
    network.linear(Role::Other, 1, side * side * config.size_or("out_channels", channels), width);
    width
}

/// Stable Diffusion 3 and 3.5 (arXiv:2403.03206). Some layers attend to the image a second time.
fn stable_diffusion_3(config: Config, network: &mut Network) -> u64 {
    let (width, head_dim) = inner(config);
    let layers = config.size("num_layers");
    let dual = config.numbers("dual_attention_layers").into_iter().filter(|&index| index < layers).count() as u64;
    let (side, channels) = (config.size("patch_size"), config.size("in_channels"));
    network.linear(Role::Other, 1, width, channels * side * side);
    network.embedder(width, TIME_CHANNELS);
    network.embedder(width, config.size("pooled_projection_dim"));
    network.linear(Role::Other, 1, config.size("caption_projection_dim"), config.size("joint_attention_dim"));

    // The last layer makes nothing of the text any more.
    let with_text = layers.saturating_sub(1);
    network.linear(Role::Other, layers - dual, 6 * width, width);
    network.linear(Role::Other, dual, 9 * width, width);
    network.linear(Role::Other, with_text, 6 * width, width);
    network.linear(Role::Other, 1, 2 * width, width);
    for role in [Role::Query, Role::Key, Role::Value] {
        network.linear(role, 2 * layers + dual, width, width);
    }
    network.linear(Role::AttentionOutput, layers + with_text + dual, width, width);
    if config.says("qk_norm") {
        network.norm(head_dim * (4 * layers + 2 * dual));
    }
    network.mlp(layers + with_text, width);

    network.linear(Role::Other, 1, 2 * width, width);
    network.linear(Role::Other, 1, side * side * config.size_or("out_channels", channels), width);
    width
}

/// A list with a number for each of `n` blocks, or one number for all.
fn of_blocks(config: Config, key: &'static str, n: usize, usual: u64) -> Vec<u64> {
    if config.is_list(key) {
        let mut numbers = config.numbers(key);
        numbers.resize(n, usual);
        numbers.iter_mut().for_each(|number| *number = (*number).min(MOST_LAYERS));
        numbers
    } else {
        vec![config.size_or(key, usual).min(MOST_LAYERS); n]
    }
}

/// Channels of each block, kept to what can be.
fn channels(config: Config) -> Vec<u64> {
    let mut widths = config.numbers("block_out_channels");
    widths.truncate(MOST_BLOCKS);
    if widths.is_empty() || widths.iter().any(|&width| width == 0 || width > WIDEST) {
        config.contradiction("block_out_channels should list the channels of each block".to_owned());
        widths = vec![1];
    }
    widths
}

/// Blocks that a network may have.
const MOST_BLOCKS: usize = 64;
/// Channels that a block may have.
const WIDEST: u64 = 1 << 16;

/// The U-Net of Stable Diffusion 1, 2 and XL (arXiv:2112.10752).
fn unet(config: Config, network: &mut Network) -> u64 {
    let widths = channels(config);
    let blocks = widths.len();
    let (first, last) = (widths[0], widths[blocks - 1]);
    let time = config.size_or("time_embedding_dim", 4 * first);
    let context = config.size("cross_attention_dim");
    let per_block = of_blocks(config, "layers_per_block", blocks, 2);
    let depths = of_blocks(config, "transformer_layers_per_block", blocks, 1);
    let attends = |key, index: usize, word| {
        let kinds = config.words(key).unwrap_or_default();
        kinds.get(index).is_some_and(|kind| *kind == word)
    };
    for key in ["down_block_types", "up_block_types"] {
        let kinds = config.words(key).unwrap_or_default();
        let known = ["DownBlock2D", "CrossAttnDownBlock2D", "UpBlock2D", "CrossAttnUpBlock2D"];
        if kinds.len() != blocks || kinds.iter().any(|kind| !known.contains(kind)) {
            config.contradiction(format!("{key} should name a plain or an attending block for each width"));
        }
    }
    if ["encoder_hid_dim", "class_embed_type", "num_class_embeds"].iter().any(|key| config.says(key)) {
        config.contradiction("embeddings of classes and other encoders in a U-Net are not counted".to_owned());
    }

    network.convolution(first, config.size("in_channels"), 3);
    network.linear(Role::Other, 1, time, first);
    network.linear(Role::Other, 1, time, time);
    if config.text("addition_embed_type") == Some("text_time") {
        network.linear(Role::Other, 1, time, config.size("projection_class_embeddings_input_dim"));
        network.linear(Role::Other, 1, time, time);
    }
    let mut before = first;
    for (index, &width) in widths.iter().enumerate() {
        for layer in 0..per_block[index] {
            network.residual(if layer == 0 { before } else { width }, width, time);
            if attends("down_block_types", index, "CrossAttnDownBlock2D") {
                network.spatial_transformer(depths[index], width, context);
            }
        }
        if index + 1 < blocks {
            network.convolution(width, width, 3);
        }
        before = width;
    }

    network.residual(last, last, time);
    network.spatial_transformer(depths[blocks - 1], last, context);
    network.residual(last, last, time);

    for index in 0..blocks {
        // The way up mirrors the way down and takes in what that left.
        let mirrored = blocks - 1 - index;
        let width = widths[mirrored];
        let left = widths[mirrored.saturating_sub(1)];
        let layers = per_block[mirrored] + 1;
        for layer in 0..layers {
            let skipped = if layer + 1 == layers { left } else { width };
            network.residual(if layer == 0 { before } else { width } + skipped, width, time);
            if attends("up_block_types", index, "CrossAttnUpBlock2D") {
                network.spatial_transformer(depths[mirrored], width, context);
            }
        }
        if index + 1 < blocks {
            network.convolution(width, width, 3);
        }
        before = width;
    }
    network.norm(2 * first);
    network.convolution(config.size("out_channels"), first, 3);
    first
}

/// Layers that a block may have.
const MOST_LAYERS: u64 = 64;

/// The autoencoder between pixels and latents, eight times smaller along each side in all models of these families.
fn autoencoder(config: Config, network: &mut Network) -> u64 {
    let widths = channels(config);
    let (first, last) = (widths[0], widths[widths.len() - 1]);
    let layers = config.size_or("layers_per_block", 1).min(MOST_LAYERS);
    let latent = config.size("latent_channels");
    let middle = |network: &mut Network| {
        network.residual(last, last, 0);
        if config.flag_or("mid_block_add_attention", true) {
            network.norm(2 * last);
            for role in [Role::Query, Role::Key, Role::Value, Role::AttentionOutput] {
                network.linear(role, 1, last, last);
            }
        }
        network.residual(last, last, 0);
    };

    network.convolution(first, config.size("in_channels"), 3);
    let mut before = first;
    for (index, &width) in widths.iter().enumerate() {
        for layer in 0..layers {
            network.residual(if layer == 0 { before } else { width }, width, 0);
        }
        if index + 1 < widths.len() {
            network.convolution(width, width, 3);
        }
        before = width;
    }
    middle(network);
    network.norm(2 * last);
    network.convolution(2 * latent, last, 3);
    if config.flag_or("use_quant_conv", true) {
        network.convolution(2 * latent, 2 * latent, 1);
    }

    if config.flag_or("use_post_quant_conv", true) {
        network.convolution(latent, latent, 1);
    }
    network.convolution(last, latent, 3);
    middle(network);
    let mut before = last;
    for (index, &width) in widths.iter().rev().enumerate() {
        for layer in 0..=layers {
            network.residual(if layer == 0 { before } else { width }, width, 0);
        }
        if index + 1 < widths.len() {
            network.convolution(width, width, 3);
        }
        before = width;
    }
    network.norm(2 * first);
    network.convolution(config.size("out_channels"), first, 3);
    first
}
