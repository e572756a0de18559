//! How passes over prompts follow each other through the stages of a pipeline.
//!
//! While a stage works on one pass, the stage in front of it can work on the next, as long as the engine has handed it
//! over. Two things limit that: how many passes an engine lets into a pipeline, and how many kernels the queue of a
//! device takes before the host, which fills the queues of all stages in turn, has to wait for one of them.

use crate::format::{Arithmetic, WeightFormat};
use crate::memory::Stage;
use crate::model::Model;
use crate::tensor::Kind;
use crate::units::Seconds;
use crate::weights::Weights;

/// Kernels of a matrix product of llama.cpp: its vectors to 16 bit, the product, and the result to 32 bit
/// (`ggml_cuda_op_mul_mat_cublas`, github.com/ggml-org/llama.cpp/blob/b6100/ggml/src/ggml-cuda/ggml-cuda.cu).
const KERNELS_OF_MATRIX: u64 = 3;

/// One more where the weights are unpacked to 16 bit first.
const KERNELS_OF_UNPACKING: u64 = 1;

/// Kernels of a layer of llama.cpp beside its matrices, counted in its graph of a Llama without flash attention: two norms
/// with their weights and two sums, 6; two rotations and two writes to the cache, 4; scores and weighted sums with
/// pointers and conversions, 8; softmax and the join of heads, 2; activation and gate, 2. That products as narrow as
/// keys and values are cut over their inputs, and so need a sum each, is assumed: 2.
const KERNELS_OF_LAYER: u64 = 24;

/// Kernels of one pass through a stage, as llama.cpp launches them one by one: 24 + 7 x 3 for a layer of Llama 3 in
/// 16 bit, 24 + 7 x 4 in Q4_K_M.
pub fn kernels(model: &Model, stage: Stage, format: WeightFormat) -> u64 {
    let weights = Weights::new(model, format);
    let layers = weights.layers(stage.first_layer..stage.first_layer + stage.layers);
    let of_layer = |layers| -> u64 {
        let matrices = weights.tensors(layers).filter(|(tensor, _)| tensor.kind == Kind::Matrix);
        let of_matrix = |packing| match weights.arithmetic_of(packing) {
            Arithmetic::Native(_) => KERNELS_OF_MATRIX,
            Arithmetic::WeightOnly => KERNELS_OF_MATRIX + KERNELS_OF_UNPACKING,
        };
        KERNELS_OF_LAYER + matrices.map(|(_, packing)| of_matrix(packing)).sum::<u64>()
    };
    layers.iter().map(|&layers| layers.count * of_layer(layers)).sum()
}

/// How an engine feeds the stages of a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feed {
    /// Passes that are in the pipeline at a time, at most.
    pub passes_in_flight: u64,
    /// Kernels that the queue of a device takes ahead of the one that runs; no limit if `None`.
    pub queue: Option<u64>,
}

impl Feed {
    /// Time of `passes` passes that each take `pass` through all stages and `slowest` in the slowest of them, where they
    /// launch `kernels` kernels.
    ///
    /// The host hands a pass to the last stage as soon as the queue there has room for all its kernels, and only then the
    /// next pass to the first stage. With room for less than one pass, the next one starts when the last stage is so far
    /// with this one that the rest fits into the queue; with room for one and a part, when it is so far with the pass
    /// before; and so on.
    ///
    /// ```
    /// # use ridgepoint_core::{Feed, Seconds};
    /// let time = |feed: Feed, kernels| feed.time(kernels, 8.0, Seconds::new(4.0), Seconds::new(1.0)).get();
    /// // Eight passes through four stages of a second: one after the other, and each a stage behind the one before.
    /// assert_eq!(time(Feed { passes_in_flight: 1, queue: None }, 0), 32.0);
    /// assert_eq!(time(Feed { passes_in_flight: u64::MAX, queue: None }, 0), 4.0 + 7.0);
    /// // Queues for half a pass: each next one starts 3.5 seconds after the one before.
    /// assert_eq!(time(Feed { passes_in_flight: 4, queue: Some(1000) }, 2000), 4.0 + 7.0 * 3.5);
    /// // For a pass and a quarter: two passes every 3.75 seconds.
    /// assert_eq!(time(Feed { passes_in_flight: 4, queue: Some(1000) }, 800), 4.0 + 3.0 * 3.75 + 1.0);
    /// ```
    pub fn time(self, kernels: u64, passes: f64, pass: Seconds, slowest: Seconds) -> Seconds {
        let most = self.passes_in_flight.max(1);
        // Whole passes that a queue holds, and the part of another.
        let (whole, part) = match self.queue {
            Some(queue) if kernels > 0 => (queue / kernels, (queue % kernels) as f64 / kernels as f64),
            Some(_) | None => (u64::MAX, 0.0),
        };
        let (together, part) = if whole < most - 1 { (whole + 1, part) } else { (most, 0.0) };
        let further = (passes - 1.0).max(0.0);
        let rounds = (further as u64 / together) as f64;
        let round = (slowest * together as f64).max(pass - slowest * part);
        pass + round * rounds + slowest * (further - rounds * together as f64)
    }
}
