//! llama.cpp: every buffer is allocated once, for exactly what the command line asks for.

use super::activations::MlpWidth;
use super::{Cells, Demand, DeviceRam, Profile, Reservation, StoredReach, padded};
use crate::attention::{Attention, Reach};
use crate::format::{CacheFormat, KvFormat, Packing};
use crate::kv_cache;
use crate::memory::{DeviceMemory, Overhead};
use crate::model::{CacheOwner, Layer, Mixer, Model};
use crate::tensor::{Role, Tensor};
use crate::units::{Bytes, Tokens};
use crate::weights::Weights;

/// Constants of a build of llama.cpp.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LlamaCpp {
    /// Part of the memory that CUDA does not hand out.
    pub driver_reserve: Bytes,
    /// Tokens in one pass (`n_ubatch`).
    pub tokens_per_pass: Tokens,
    /// Tokens to a multiple of which a slot's cache is padded.
    pub cells: Tokens,
    /// The same without flash attention.
    pub cells_unfused: Tokens,
    /// CUDA context and other residue of the process.
    pub context: Bytes,
    /// The same beyond that where matrices are cut over devices.
    pub context_cut: Bytes,
    /// Copies of the inputs where layers are spread over devices and passes overlap.
    pub pipeline_copies: u64,
    /// Whether room for the logits of every token of a pass is set aside, rather than of one for each sequence.
    pub logits_of_all: bool,
    /// Whether a quantised cache is unpacked into the compute buffer.
    pub unpacks_cache: bool,
    /// Whether the slots share one cache, so that a pass of one slot may see the cells of all.
    pub unified: bool,
    /// Whether sliding layers stay in 16 bit when the cache is quantised.
    pub sliding_16_bit: bool,
}

/// Whether sliding layers keep all tokens: on request, and in models that have no other layers, which llama.cpp takes
/// for models with full attention (Mistral 7B v0.1, Phi-3 mini).
pub(super) fn stored_reach(model: &Model, full_sliding_cache: bool) -> StoredReach {
    let kinds = model.layers.kinds().iter();
    let has_full = kinds.filter_map(|layer| layer.mixer.reach()).any(|reach| reach == Reach::Full);
    if full_sliding_cache || !has_full { StoredReach::Full } else { StoredReach::AsPublished }
}

/// What the parts of a pass depend on.
struct Pass {
    /// Tokens.
    tokens: Tokens,
    /// Cells of cache that full layers see.
    cells: Tokens,
    /// Bytes of one vector of the residual stream for each token, in 32 bit.
    stream: Bytes,
}

/// The buffer of the compute graph, by what lies in it at its widest points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComputeBuffer {
    /// The widest point of a layer.
    pub widest: Bytes,
    /// The masks of attention.
    pub masks: Bytes,
    /// Copies of them where passes overlap.
    pub copies: u64,
    /// The residual stream of the passes that overlap.
    pub overlap: Bytes,
    /// The logits and what lies beside them.
    pub logits: Bytes,
}

impl ComputeBuffer {
    /// The wider of the two points.
    pub fn bytes(&self) -> Bytes {
        (self.widest + self.masks * self.copies + self.overlap).max(self.logits)
    }
}

impl LlamaCpp {
    /// What llama.cpp keeps for `demand`.
    pub fn reserve(&self, demand: &Demand) -> Reservation {
        let memory = DeviceMemory {
            weights: demand.weights,
            kv_cache: self.kv_cache(demand),
            state: demand.state(Profile::LlamaCpp(*self).state_rules()),
            activations: self.compute_buffer(demand).bytes(),
            overhead: self.overhead(demand),
            minimum: demand.minimum(),
        };
        let fraction = demand.knobs.memory_fraction.unwrap_or(1.0);
        Reservation::with_share(memory, demand.free(self.driver_reserve), fraction, Bytes::ZERO)
    }

    /// Cells of one slot.
    pub(super) fn slot(&self, demand: &Demand) -> Tokens {
        let multiple = if demand.knobs.flash_attention { self.cells } else { self.cells_unfused };
        padded(demand.length(), multiple)
    }

    /// Tokens of one pass.
    fn tokens(&self, demand: &Demand) -> Tokens {
        let all = self.slot(demand).saturating_mul(demand.workload.batch);
        demand.knobs.tokens_per_pass.unwrap_or(self.tokens_per_pass).min(all)
    }

    /// Caches: one for each slot, or one for all.
    fn streams(&self, demand: &Demand) -> u64 {
        if demand.knobs.unified_cache.unwrap_or(self.unified) { 1 } else { demand.workload.batch }
    }

    /// Slots of a cache.
    fn slots(&self, demand: &Demand) -> u64 {
        demand.workload.batch / self.streams(demand).max(1)
    }

    /// Cells of a cache in layers that reach everything.
    fn full_cells(&self, demand: &Demand) -> Tokens {
        self.slot(demand).saturating_mul(self.slots(demand))
    }

    /// Cells of a cache in a sliding layer: a window for each slot and one pass, padded.
    ///
    /// ```
    /// // gpt-oss, window 128 and 512 tokens in a pass: 640 cells, padded to 768; in one cache for four slots 1024.
    /// assert_eq!((128_u64 + 512).next_multiple_of(256), 768);
    /// assert_eq!((4 * 128_u64 + 512).next_multiple_of(256), 1024);
    /// ```
    fn sliding_cells(&self, demand: &Demand, window: Tokens) -> Tokens {
        let multiple = if demand.knobs.flash_attention { self.cells } else { self.cells_unfused };
        let windows = window.saturating_mul(self.slots(demand));
        let cells = padded(windows.saturating_add(self.tokens(demand)), multiple);
        cells.min(self.full_cells(demand))
    }

    /// What a layer keeps.
    pub(super) fn cells(&self, demand: &Demand, layer: &Layer) -> Cells {
        let streams = self.streams(demand);
        match layer.mixer.reach() {
            Some(Reach::Sliding(window) | Reach::Chunked(window)) => {
                let wide = |format| if is_quantised(format) && self.sliding_16_bit { KvFormat::Fp16 } else { format };
                let CacheFormat { keys, values } = demand.numerics.kv;
                let format = CacheFormat { keys: wide(keys), values: wide(values) };
                Cells { streams, tokens: self.sliding_cells(demand, window), format }
            }
            Some(Reach::Full) | None => Cells { streams, tokens: self.full_cells(demand), format: demand.numerics.kv },
        }
    }

    fn kv_cache(&self, demand: &Demand) -> Bytes {
        let (slot, batch) = (self.slot(demand), demand.workload.batch);
        let layers = demand.stage.layers(demand.stored).into_iter().map(|(layer, count)| {
            let Cells { streams, tokens, format } = self.cells(demand, layer);
            let cells = cells_bytes(layer, tokens, format, demand.tensor()) * streams;
            (cells + kv_cache::layer_selection_bytes(layer, slot, format) * batch) * count
        });
        layers.sum::<Bytes>() + demand.source() * batch
    }

    fn overhead(&self, demand: &Demand) -> Overhead {
        let cut = if demand.tensor() > 1 { self.context_cut } else { Bytes::ZERO };
        match demand.site.memory {
            DeviceRam::Own { .. } => Overhead { context: self.context + cut, ..Overhead::default() },
            // The logits of the last token of each slot lie in the memory of the host.
            DeviceRam::Host => Overhead {
                outputs: Bytes::new(demand.model.vocab_size) * demand.workload.batch * 4,
                ..Overhead::default()
            },
        }
    }

    /// The buffer of the compute graph: the widest point of a pass in 32 bit.
    ///
    /// ```
    /// // Qwen2.5 14B, 16,384 cells, 512 tokens in a pass, flash attention:
    /// // 512 x (3 x 13,824 + 3 x 5120) x 4 B and a mask of 16,384 x 512 x 2 B, 127 MiB.
    /// assert_eq!(512 * (3 * 13_824 + 3 * 5120) * 4 + 16_384 * 512 * 2, 127 << 20);
    /// ```
    pub(super) fn compute_buffer(&self, demand: &Demand) -> ComputeBuffer {
        let tokens = self.tokens(demand);
        let pass =
            Pass { tokens, cells: self.full_cells(demand), stream: Bytes::new(demand.model.hidden_size) * tokens * 4 };
        let is_gpu = demand.site.memory != DeviceRam::Host;
        let overlaps = is_gpu && demand.parallelism.pipeline > 1 && !borrows(demand);
        let copies = if overlaps { self.pipeline_copies } else { 1 };
        let masks = self.masks(demand, &pass);
        let layers = demand.stage.layers(demand.stored).into_iter();
        let widest =
            layers.map(|(layer, _)| self.attention(demand, layer, &pass).max(self.feed_forward(demand, layer, &pass)));
        let widest = widest.max().unwrap_or(Bytes::ZERO);
        let rows = if self.logits_of_all { tokens } else { demand.workload.batch.min(tokens) };
        let logits = match demand.stage.is_last {
            // The masks lie on the device until the pass ends; on a CPU their place is free again.
            true if is_gpu => Bytes::new(demand.model.vocab_size) * rows * 4 + pass.stream + masks,
            true => Bytes::new(demand.model.vocab_size) * rows * 4 + pass.stream,
            false => Bytes::ZERO,
        };
        let overlap = if copies > 1 { pass.stream * copies } else { Bytes::ZERO };
        ComputeBuffer { widest, masks, copies, overlap, logits }
    }

    /// The masks of attention, one for each kind of reach: 16 bit for flash attention, else 32.
    fn masks(&self, demand: &Demand, pass: &Pass) -> Bytes {
        let mut reaches: Vec<Reach> = Vec::new();
        for layer in demand.stored.layers.kinds() {
            if let Some(reach) = layer.mixer.reach().filter(|reach| !reaches.contains(reach)) {
                reaches.push(reach);
            }
        }
        let cells = |reach| match reach {
            Reach::Full => pass.cells,
            Reach::Sliding(window) | Reach::Chunked(window) => self.sliding_cells(demand, window),
        };
        let bytes = if demand.knobs.flash_attention { 2 } else { 4 };
        reaches.into_iter().map(|reach| Bytes::new(cells(reach)) * pass.tokens * bytes).sum()
    }

    /// Attention of a layer: its scores where they are stored, or a quantised cache as it is unpacked.
    fn attention(&self, demand: &Demand, layer: &Layer, pass: &Pass) -> Bytes {
        let Some(attention) = layer.mixer.attention() else { return Bytes::ZERO };
        let cells = match layer.mixer.reach() {
            Some(Reach::Sliding(window) | Reach::Chunked(window)) => self.sliding_cells(demand, window),
            Some(Reach::Full) | None => pass.cells,
        };
        if demand.knobs.flash_attention {
            let CacheFormat { keys, values } = demand.numerics.kv;
            let parts = kv_cache::parts_per_token_and_rank(attention, 1);
            let packed = parts.into_iter().zip([keys, values]).filter(|&(_, format)| is_quantised(format));
            let unpacked: u64 = if self.unpacks_cache { packed.map(|(numbers, _)| numbers).sum() } else { 0 };
            return Bytes::new(cells) * unpacked * 2 + pass.stream * 4;
        }
        let query = attention.heads().saturating_mul(query_width(attention));
        let values = cells.saturating_mul(attention.heads()).saturating_add(query.saturating_mul(2));
        Bytes::new(values) * pass.tokens * 4 + pass.stream * 2
    }

    /// The feed-forward block of a layer, and the matrices that a device without them borrows from the host.
    ///
    /// A mixture is widest before the experts' product, with gate and up-projection at hand, or behind it.
    fn feed_forward(&self, demand: &Demand, layer: &Layer, pass: &Pass) -> Bytes {
        let MlpWidth { dense, expert, visited, biased } = layer.mlp_width();
        let values = |count: u64| Bytes::new(count) * pass.tokens * 4;
        let borrowed = |roles: &[Role]| if borrows(demand) { largest(demand, layer, roles) } else { Bytes::ZERO };
        if visited == 0 {
            let dense_too = demand.knobs.host.layers > 0;
            let borrowed = if dense_too { borrowed(&[Role::Gate, Role::Up, Role::Down]) } else { Bytes::ZERO };
            return borrowed + values(dense.saturating_mul(3)) + pass.stream * 3;
        }
        // Some converters store the gate and the up-projection of a recurrent model's experts as one matrix.
        let fused = if demand.model.gguf.recurrent_qkv { 2 } else { 1 };
        let kept = if biased { 3 } else { 2 };
        let before = borrowed(&[Role::ExpertGate, Role::ExpertUp]) * fused
            + values(expert.saturating_mul(visited).saturating_mul(kept));
        let after = borrowed(&[Role::ExpertDown])
            + values(expert.saturating_add(demand.model.hidden_size).saturating_mul(visited));
        before.max(after) + pass.stream
    }
}

/// Keys and values of so many cells of a layer, whatever its window.
fn cells_bytes(layer: &Layer, cells: Tokens, format: CacheFormat, tensor: u64) -> Bytes {
    match layer.mixer {
        Mixer::Attention { attention, cache: CacheOwner::Own, .. } | Mixer::Parallel { attention, .. } => {
            kv_cache::token_bytes(attention, format, tensor) * cells
        }
        Mixer::Attention { cache: CacheOwner::Earlier | CacheOwner::Encoder(_) | CacheOwner::Nobody, .. }
        | Mixer::Recurrent(_)
        | Mixer::None => Bytes::ZERO,
    }
}

/// Whether the device runs large batches through matrices that stay on the host, one at a time.
const fn borrows(demand: &Demand) -> bool {
    demand.knobs.host.expert_layers > 0 || demand.knobs.host.layers > 0
}

/// The largest of a layer's matrices with these roles, all experts together.
fn largest(demand: &Demand, layer: &Layer, roles: &[Role]) -> Bytes {
    let weights = Weights::new(demand.model, demand.numerics.weights);
    let layers = weights.layers(0..demand.model.layers.len());
    let of_kind = layers.iter().filter(|packed| packed.layer.tensors == layer.tensors);
    let bytes = |tensor: Tensor, packing: Packing| packing.bytes(tensor.outputs, tensor.inputs) * tensor.copies;
    let sizes = of_kind.flat_map(|packed| {
        let chosen = weights.tensors(*packed).filter(|(tensor, _)| roles.contains(&tensor.role));
        chosen.map(|(tensor, packing)| bytes(tensor, packing)).collect::<Vec<_>>()
    });
    sizes.max().unwrap_or(Bytes::ZERO)
}

/// Width of a query of one head.
const fn query_width(attention: Attention) -> u64 {
    match attention {
        Attention::Grouped { key_dim, .. } => key_dim,
        Attention::Latent { kv_rank, rope_dim, .. } => kv_rank + rope_dim,
        Attention::Shared { dim, .. } => dim,
    }
}

/// Whether a cache is stored in blocks that attention has to unpack.
const fn is_quantised(format: KvFormat) -> bool {
    match format {
        KvFormat::Fp32 | KvFormat::Fp16 | KvFormat::Bf16 | KvFormat::Fp8 => false,
        KvFormat::Int8 | KvFormat::Q8_0 | KvFormat::Q5_1 | KvFormat::Q5_0 | KvFormat::Q4_1 | KvFormat::Q4_0 => true,
    }
}
