//! Parameters of audio encoders.
//!
//! As with vision towers, no text token visits them, so one total each is all that the calculator needs. The formulas
//! follow the modules of transformers 5.23.0.

use super::keys::Config;
use super::towers::{linear, matrix, plain_mlp, sum, times};

/// The encoder of Whisper, as Voxtral has it: no bias on keys, two convolutions, a table of positions.
pub(super) fn whisper(tower: Config) -> u64 {
    let (hidden, width) = (tower.size("hidden_size"), tower.size("intermediate_size"));
    let (mel, kernel) = (tower.size("num_mel_bins"), 3);
    let attention = sum(&[times(3, linear(hidden, hidden)), matrix(hidden, hidden)]);
    let block = sum(&[attention, plain_mlp(hidden, width), 4 * hidden]);
    sum(&[
        linear(hidden, times(kernel, mel)),
        linear(hidden, times(kernel, hidden)),
        matrix(tower.size("max_source_positions"), hidden),
        times(tower.size("num_hidden_layers"), block),
        2 * hidden,
    ])
}

/// Voxtral's projector: vectors of the encoder side by side, as many as fill the width of its MLP.
pub(super) fn voxtral_projector(tower: Config, hidden: u64) -> u64 {
    sum(&[matrix(hidden, tower.size("intermediate_size")), matrix(hidden, hidden)])
}

/// Gemma 4's audio encoder (a Conformer) with its projection to the language model.
pub(super) fn gemma4(tower: Config, hidden: u64) -> u64 {
    let width = tower.size("hidden_size");
    let head_dim = width / tower.size("num_attention_heads");
    let channels = tower.numbers("subsampling_conv_channels");
    let (first, second) = match channels[..] {
        [first, second] => (first, second),
        _ => (128, 32),
    };
    let kernel = 9;
    let convolutions = sum(&[linear(first, kernel), linear(second, times(first, kernel))]);
    // Two half-step MLPs of four times the width, attention with relative positions, a gated convolution, nine norms.
    let conformer =
        sum(&[times(24, matrix(width, width)), 9 * width, matrix(tower.size("conv_kernel_size"), width), head_dim]);
    let out = tower.size("output_proj_dims");
    sum(&[
        convolutions,
        // The convolutions leave a quarter of 128 mel bins in each of the second's channels.
        matrix(width, times(second, 32)),
        times(tower.size("num_hidden_layers"), conformer),
        linear(out, width),
        matrix(hidden, out),
    ])
}

/// Muse Spark's audio encoder: stages of convolutions and MLPs, each on longer patches of the one before.
pub(super) fn muse(tower: Config) -> u64 {
    let list = |key, usual: [u64; 4]| {
        let numbers = tower.numbers(key);
        if numbers.is_empty() { usual.to_vec() } else { numbers }
    };
    let patches = list("patch_sizes", [16, 6, 5, 4]);
    let widths = list("hidden_sizes", [256, 512, 1024, 2048]);
    let depths = list("depths", [2; 4]);
    let kernel = tower.size_or("conv_kernel_size", 7);
    let ratio = tower.factor("mlp_ratio").unwrap_or(4.0).clamp(0.0, 64.0);
    let mut before = 1;
    let mut total = 0_u64;
    for ((&patch, &width), &depth) in patches.iter().zip(&widths).zip(&depths) {
        // A convolution for each channel with a bias, a norm and an MLP.
        let block = sum(&[times(kernel, width), times(2, width), plain_mlp(width, (width as f64 * ratio) as u64)]);
        total = sum(&[total, linear(width, times(patch, before)), width, times(depth, block)]);
        before = width;
    }
    let out = tower.size_or("out_hidden_size", 8192);
    sum(&[total, before, linear(out, before), out])
}
