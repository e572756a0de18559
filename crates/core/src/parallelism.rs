//! How the work of one model is spread over devices.

/// Degrees of parallelism. `tensor x pipeline x data` devices take part; experts are spread inside a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Parallelism {
    /// TP: each matrix is cut over this many devices.
    pub tensor: u64,
    /// PP: the layers are cut into this many consecutive stages.
    pub pipeline: u64,
    /// EP: whole experts are dealt out over this many of the `tensor x data` devices of a stage.
    pub expert: u64,
    /// DP: this many replicas serve different sequences.
    pub data: u64,
    /// How layers are dealt out over stages.
    pub split: StageSplit,
}

/// How engines deal layers out over pipeline stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StageSplit {
    /// As evenly as possible; extra layers go to the stages just before the last one, which also holds the output head
    /// (the rule of vLLM's `get_pp_indices`).
    Layers,
    /// As evenly as possible, and the last stage takes what is left (vLLM before 0.7.4).
    LayersThenRest,
    /// The head counts as one more layer, and extra ones go to the front (llama.cpp with `--split-mode layer` on
    /// devices of one size: the layer-to-device table in its `load_tensors`).
    LayersAndHead,
}

impl Parallelism {
    /// One device.
    pub const SINGLE: Self = Self { tensor: 1, pipeline: 1, expert: 1, data: 1, split: StageSplit::Layers };

    /// Devices that take part.
    pub const fn devices(self) -> u64 {
        self.tensor.saturating_mul(self.pipeline).saturating_mul(self.data)
    }

    /// Share of each expert's matrices that one device holds under TP, once whole experts are dealt out over EP.
    ///
    /// With TP 8 and EP 2 the experts are halved in number and each is still cut in 4.
    pub const fn tensor_within_expert(self) -> u64 {
        let degree = self.tensor / if self.expert == 0 { 1 } else { self.expert };
        if degree == 0 { 1 } else { degree }
    }
}

/// Splits `layers` into `stages` consecutive runs.
///
/// ```
/// # use ridgepoint_core::{StageSplit, stage_sizes};
/// assert_eq!(stage_sizes(61, 4, StageSplit::Layers), [15, 15, 16, 15]);
/// assert_eq!(stage_sizes(80, 2, StageSplit::Layers), [40, 40]);
/// assert_eq!(stage_sizes(61, 4, StageSplit::LayersThenRest), [15, 15, 15, 16]);
/// // 48 layers and a head: 24.5 units each, and a layer that begins in the first half belongs to it.
/// assert_eq!(stage_sizes(48, 2, StageSplit::LayersAndHead), [25, 23]);
/// ```
pub fn stage_sizes(layers: usize, stages: usize, split: StageSplit) -> Vec<usize> {
    let stages = stages.max(1);
    match split {
        StageSplit::Layers => {
            let mut sizes = vec![layers / stages; stages];
            for extra in 0..layers % stages {
                // With two or more stages, `extra + 2` is at most `stages`: the remainder is smaller than it.
                let from_the_end = (extra + 2).min(stages);
                sizes[stages - from_the_end] += 1;
            }
            sizes
        }
        StageSplit::LayersThenRest => {
            let mut sizes = vec![layers / stages; stages];
            sizes[stages - 1] += layers % stages;
            sizes
        }
        StageSplit::LayersAndHead => {
            let begins = |stage: usize| (stage * (layers + 1)).div_ceil(stages).min(layers);
            (0..stages).map(|stage| begins(stage + 1) - begins(stage)).collect()
        }
    }
}
