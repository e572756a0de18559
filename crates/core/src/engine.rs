//! Inference engines and what each of them reserves on a device: one module for each, all answering with one structure.

pub mod activations;
pub mod llama_cpp;
pub mod mlx;
pub mod sglang;
pub mod tensorrt_llm;
pub mod transformers;
pub mod vllm;

use crate::attention::{Attention, Reach};
use crate::format::CacheFormat;
use crate::kv_cache;
use crate::memory::{self, DeviceMemory, Least, Stage, rank_bytes};
use crate::model::{Layer, Mixer, Model};
use crate::operation::Numerics;
use crate::parallelism::Parallelism;
use crate::state::{State, StateFormat};
use crate::units::{Bytes, Tokens};
use crate::workload::Workload;

pub use activations::{EncoderPeak, LayerPeak, TorchPeak};
pub use llama_cpp::{ComputeBuffer, LlamaCpp};
pub use mlx::Mlx;
pub use sglang::Sglang;
pub use tensorrt_llm::TensorRtLlm;
pub use transformers::Transformers;
pub use vllm::{Paging, Vllm};

/// An inference engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Engine {
    /// vLLM.
    Vllm,
    /// SGLang.
    Sglang,
    /// TensorRT-LLM.
    TensorRtLlm,
    /// llama.cpp.
    LlamaCpp,
    /// Hugging Face transformers.
    Transformers,
    /// Apple MLX.
    Mlx,
}

impl Engine {
    /// Every engine.
    pub const ALL: [Self; 6] =
        [Self::Vllm, Self::Sglang, Self::TensorRtLlm, Self::LlamaCpp, Self::Transformers, Self::Mlx];

    /// Whether several devices share each layer by default (tensor parallelism), rather than each holding some layers.
    pub const fn cuts_layers(self) -> bool {
        match self {
            Self::Vllm | Self::Sglang | Self::TensorRtLlm => true,
            Self::LlamaCpp | Self::Transformers | Self::Mlx => false,
        }
    }
}

/// An engine with the constants of one of its versions. The figures and their sources are in the catalogue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Profile {
    /// vLLM.
    Vllm(Vllm),
    /// SGLang.
    Sglang(Sglang),
    /// TensorRT-LLM.
    TensorRtLlm(TensorRtLlm),
    /// llama.cpp.
    LlamaCpp(LlamaCpp),
    /// Hugging Face transformers.
    Transformers(Transformers),
    /// Apple MLX.
    Mlx(Mlx),
}

/// Settings that an engine is started with; `None` leaves its default.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Knobs {
    /// Fraction of the memory that it may take, in the engine's own sense.
    pub memory_fraction: Option<f64>,
    /// Tokens that it runs through the model in one pass at most.
    pub tokens_per_pass: Option<Tokens>,
    /// Requests in flight at most.
    pub max_sequences: Option<u64>,
    /// Whether it runs without CUDA graphs.
    pub eager: bool,
    /// Whether attention is fused and never stores its scores (llama.cpp).
    pub flash_attention: bool,
    /// Whether sliding layers keep a cache of full length (llama.cpp).
    pub full_sliding_cache: bool,
    /// Whether all slots share one cache (llama.cpp); `None` as the build does where their number is given.
    pub unified_cache: Option<bool>,
    /// How the latent cache of MLA is laid out (llama.cpp).
    pub latent_cache: LatentCache,
    /// Weights that stay in the memory of the host.
    pub host: HostWeights,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            memory_fraction: None,
            tokens_per_pass: None,
            max_sequences: None,
            eager: false,
            flash_attention: true,
            full_sliding_cache: false,
            unified_cache: None,
            latent_cache: LatentCache::Latent,
            host: HostWeights::default(),
        }
    }
}

/// What llama.cpp caches of multi-head latent attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LatentCache {
    /// Keys and values of every head: files without the absorbed projections.
    Heads,
    /// The latent vector and a transposed copy of it.
    WithCopy,
    /// The latent vector alone.
    Latent,
}

/// Weights that an engine leaves in the memory of the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HostWeights {
    /// Whether tables in which tokens look up rows stay there: llama.cpp reads them with the CPU. A head that is the
    /// embedding used again then has a copy on the device.
    pub lookups: bool,
    /// Layers, counted from the first, whose routed experts stay there.
    pub expert_layers: usize,
    /// Layers, counted from the first, that stay there whole, with their cache and state. Where there are any, the head
    /// stays too.
    pub layers: usize,
}

/// A device as an engine finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site {
    /// What programs can have of its memory; `None` where its size is not known.
    pub usable: Option<Bytes>,
    /// What the memory is.
    pub memory: DeviceRam,
    /// Whether it multiplies in 8-bit floating point: how engines tell an H100 from an A100.
    pub has_fp8: bool,
    /// Whether it reaches its neighbours by a link faster than the host bus.
    pub has_fast_link: bool,
}

/// What the memory of a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeviceRam {
    /// Its own, of which `nvidia-smi` shows a part that CUDA does not hand out.
    Own {
        /// Whether `usable` is the reading of `nvidia-smi`, that part included.
        with_reserve: bool,
    },
    /// That of the host.
    Host,
}

/// What is to be held on one device.
#[derive(Clone, Copy, Debug)]
pub struct Demand<'a> {
    /// The model.
    pub model: &'a Model,
    /// The model with the cache that the engine keeps for it: see [`Profile::stored`].
    pub stored: &'a Model,
    /// The device's pipeline stage.
    pub stage: Stage,
    /// Weights of the stage's rank, from [`memory::stage_weights`].
    pub weights: Bytes,
    /// Formats of weights and cache.
    pub numerics: Numerics,
    /// The layout.
    pub parallelism: Parallelism,
    /// The load of one replica.
    pub workload: Workload,
    /// The engine's settings.
    pub knobs: Knobs,
    /// The device.
    pub site: Site,
}

impl Demand<'_> {
    /// Degree of tensor parallelism.
    pub fn tensor(&self) -> u64 {
        self.parallelism.tensor.max(1)
    }

    /// Devices that share the work of one replica, beside this one.
    pub fn peers(&self) -> u64 {
        let Parallelism { tensor, pipeline, expert, .. } = self.parallelism;
        tensor.max(1).saturating_mul(pipeline.max(1)).max(expert) - 1
    }

    /// What the engine finds free before it starts; `None` where the size of the device is not known.
    pub fn free(&self, driver_reserve: Bytes) -> Option<Bytes> {
        let reserve = match self.site.memory {
            DeviceRam::Own { with_reserve: true } => driver_reserve,
            DeviceRam::Own { with_reserve: false } | DeviceRam::Host => Bytes::ZERO,
        };
        self.site.usable.map(|usable| usable.saturating_sub(reserve))
    }

    /// Tokens of a sequence at its full length whose keys and values the model keeps: where an encoder reads the prompt,
    /// those of the answer.
    pub fn length(&self) -> Tokens {
        let Workload { prompt_tokens, output_tokens, .. } = self.workload;
        self.model.stack().decoder_prompt(prompt_tokens).saturating_add(output_tokens)
    }

    /// What cross-attention keeps of the input of one sequence.
    pub fn source(&self) -> Bytes {
        let tokens = self.model.source_tokens(self.workload.prompt_tokens);
        memory::stage_source_cache(self.stored, self.stage, 1, tokens, self.numerics.kv, self.tensor())
    }

    /// Cache of the workload in layers whose sequences hold `tokens` each, given the layer.
    pub(crate) fn cache(&self, tokens: impl Fn(&Layer) -> Tokens) -> Bytes {
        let Self { numerics, workload, .. } = self;
        let one = self
            .stage
            .layers(self.stored)
            .into_iter()
            .map(|(layer, count)| kv_cache::layer_bytes(layer, tokens(layer), numerics.kv, self.tensor()) * count);
        (one.sum::<Bytes>() + self.source()) * workload.batch
    }

    /// Recurrent state of the workload.
    pub(crate) fn state(&self, rules: StateRules) -> Bytes {
        rules.stage_bytes(self.model, self.stage, self.tensor()) * self.workload.batch
    }

    /// Weights, cache and state without anything that an engine rounds up or adds.
    pub fn least(&self) -> Least {
        let Self { model, stage, numerics, workload, .. } = *self;
        let tensor = self.tensor();
        Least {
            weights: self.weights,
            cache: memory::stage_cache(model, stage, workload.batch, workload, numerics.kv, tensor),
            state: memory::stage_state(model, stage, workload.batch, tensor),
        }
    }

    pub(crate) fn minimum(&self) -> Bytes {
        let Least { weights, cache, state } = self.least();
        weights + cache + state
    }

    /// Rows that the vocabulary matrices of vLLM and its relatives have beyond the vocabulary, which they pad to a
    /// multiple of 64 (`DEFAULT_VOCAB_PADDING_SIZE` in vLLM's `vocab_parallel_embedding.py`), as published.
    pub(crate) fn vocabulary_padding(&self) -> Bytes {
        const ROWS: u64 = 64;
        let Self { model, stage, parallelism, .. } = self;
        let more = padded(model.vocab_size, ROWS) - model.vocab_size;
        let tables = stage.ends(model).into_iter().filter(|tensor| tensor.outputs == model.vocab_size);
        let padding = tables.map(|tensor| {
            let rows = crate::tensor::Tensor { outputs: more, ..tensor };
            rank_bytes(rows, tensor.native, 1, *parallelism)
        });
        padding.sum()
    }
}

/// What an engine sets aside on one device for a [`Demand`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reservation {
    /// What the device must hold.
    pub memory: DeviceMemory,
    /// What it may hold of that: the engine's share of the device and what lies outside it. `None` where the size of
    /// the device is not known.
    pub limit: Option<Bytes>,
}

impl Reservation {
    /// Memory left for cache and state below the limit.
    pub fn pool(&self) -> Option<Bytes> {
        let memory = self.memory;
        Some(self.limit?.saturating_sub(memory.weights + memory.activations + memory.overhead.total()))
    }

    /// What the engine takes: all of its share where it fills that with cache, else what it was asked for. `None` where
    /// that is not known, or where it does not start.
    pub fn reserved(&self, engine: Engine) -> Option<Bytes> {
        let total = self.memory.total();
        let limit = self.limit.filter(|limit| total <= *limit)?;
        match engine {
            Engine::Vllm | Engine::Sglang | Engine::TensorRtLlm => Some(limit),
            Engine::LlamaCpp | Engine::Transformers | Engine::Mlx => Some(total),
        }
    }

    /// The reservation of an engine that fills `fraction` of what is free, and keeps `outside` beyond that.
    pub(crate) fn with_share(memory: DeviceMemory, free: Option<Bytes>, fraction: f64, outside: Bytes) -> Self {
        Self { memory, limit: free.map(|free| (free.scaled(fraction) + outside).min(free)) }
    }
}

/// What one replica of an engine offers, as its log prints it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Offer {
    /// Tokens of KV cache.
    pub tokens: Tokens,
    /// Sequences of the workload's length whose cache and state fit at once.
    pub concurrency: f64,
}

impl DeviceMemory {
    /// What a pool of this size offers if it is shared evenly, given what the sequences of `workload` keep.
    pub(crate) fn even_offer(&self, workload: Workload, pool: Bytes) -> Option<Offer> {
        let all = (self.kv_cache + self.state).as_f64();
        let offered = pool.as_f64() * workload.batch.max(1) as f64;
        // Divided last, so that a quotient without a remainder is exact.
        let tokens = offered * workload.context_tokens() as f64 / all;
        (all > 0.0).then_some(Offer { tokens: tokens as Tokens, concurrency: offered / all })
    }
}

impl Profile {
    /// The engine.
    pub const fn engine(&self) -> Engine {
        match self {
            Self::Vllm(_) => Engine::Vllm,
            Self::Sglang(_) => Engine::Sglang,
            Self::TensorRtLlm(_) => Engine::TensorRtLlm,
            Self::LlamaCpp(_) => Engine::LlamaCpp,
            Self::Transformers(_) => Engine::Transformers,
            Self::Mlx(_) => Engine::Mlx,
        }
    }

    /// What the engine sets aside for `demand`.
    pub fn reserve(&self, demand: &Demand) -> Reservation {
        match self {
            Self::Vllm(rules) => rules.reserve(demand),
            Self::Sglang(rules) => rules.reserve(demand),
            Self::TensorRtLlm(rules) => rules.reserve(demand),
            Self::LlamaCpp(rules) => rules.reserve(demand),
            Self::Transformers(rules) => rules.reserve(demand),
            Self::Mlx(rules) => rules.reserve(demand),
        }
    }

    /// What a pool of this size offers. `None` for a model that keeps neither cache nor state.
    pub fn offer(&self, demand: &Demand, pool: Bytes) -> Option<Offer> {
        match self {
            Self::Vllm(rules) => rules.offer(demand, pool),
            Self::Sglang(_) | Self::TensorRtLlm(_) | Self::LlamaCpp(_) | Self::Transformers(_) | Self::Mlx(_) => {
                self.reserve(demand).memory.even_offer(demand.workload, pool)
            }
        }
    }

    /// Most tokens that one pass reads.
    pub fn tokens_per_pass(&self, demand: &Demand) -> Tokens {
        let default = match self {
            Self::Vllm(rules) => return rules.tokens(demand),
            Self::Sglang(rules) => rules.tier(demand.site.usable).chunk,
            Self::TensorRtLlm(rules) => rules.tokens_per_pass,
            Self::LlamaCpp(rules) => rules.tokens_per_pass,
            Self::Mlx(rules) => rules.tokens_per_pass,
            // It reads any prompt whole.
            Self::Transformers(_) => Tokens::MAX,
        };
        demand.knobs.tokens_per_pass.unwrap_or(default)
    }

    /// Longest context whose prompts the engine reads whole although it reads longer ones in chunks, so that a longer
    /// context can take less memory.
    pub fn longest_whole(&self, model: &Model) -> Option<Tokens> {
        match self {
            Self::Vllm(rules) => Some(rules.whole_prompts).filter(|&most| most > 0 && !model.has_latent_cache()),
            Self::Sglang(_) | Self::TensorRtLlm(_) | Self::LlamaCpp(_) | Self::Transformers(_) | Self::Mlx(_) => None,
        }
    }

    /// What makes up the activations at their peak.
    pub fn peak(&self, demand: &Demand) -> Peak {
        match self {
            Self::Vllm(rules) => Peak::Torch(rules.peak(demand)),
            Self::Sglang(rules) => Peak::Torch(rules.peak(demand)),
            Self::TensorRtLlm(rules) => Peak::Torch(rules.peak(demand)),
            Self::LlamaCpp(rules) => Peak::Graph(rules.compute_buffer(demand)),
            Self::Transformers(rules) => Peak::Torch(rules.peak(demand)),
            Self::Mlx(rules) => Peak::Torch(rules.peak(demand)),
        }
    }

    /// What a layer of `demand.stored` keeps, where the cache is not counted in pages.
    pub fn cells(&self, demand: &Demand, layer: &Layer) -> Cells {
        match self {
            Self::LlamaCpp(rules) => rules.cells(demand, layer),
            Self::Vllm(_) | Self::Sglang(_) | Self::TensorRtLlm(_) | Self::Transformers(_) | Self::Mlx(_) => {
                let tokens = self.padded_length(demand);
                let tokens = layer.mixer.reach().map_or(tokens, |reach| reach.cached_tokens(tokens));
                Cells { streams: demand.workload.batch, tokens, format: demand.numerics.kv }
            }
        }
    }

    /// Tokens for which the engine sets cache aside in a layer that reaches all of a sequence.
    pub fn padded_length(&self, demand: &Demand) -> Tokens {
        let length = demand.length();
        match self {
            Self::Vllm(rules) => padded(length, rules.block),
            Self::TensorRtLlm(rules) => padded(length, rules.block),
            Self::LlamaCpp(rules) => rules.slot(demand),
            Self::Mlx(rules) => padded(length, rules.cache_step),
            Self::Sglang(_) | Self::Transformers(_) => length,
        }
    }

    /// How the engine stores recurrent state.
    pub const fn state_rules(&self) -> StateRules {
        match self {
            // The newest input of a convolution is at hand, so the kernel's width less one is kept.
            Self::Vllm(_) | Self::TensorRtLlm(_) => {
                StateRules { keeps_newest: false, conv_bits: 16, recurrent: StoredState::AsPublished }
            }
            Self::Sglang(_) => StateRules { keeps_newest: false, conv_bits: 16, recurrent: StoredState::Bits32 },
            Self::LlamaCpp(_) => StateRules { keeps_newest: false, conv_bits: 32, recurrent: StoredState::Bits32 },
            Self::Transformers(_) | Self::Mlx(_) => StateRules::PUBLISHED,
        }
    }

    /// The model with the cache that the engine keeps for it, where that is not what the mathematics asks for.
    pub fn stored(&self, model: &Model, knobs: Knobs) -> Option<Model> {
        let (reach, latent) = match self {
            Self::Vllm(rules) => (rules.stored_reach(), StoredLatent::Granule(rules.latent_granule)),
            Self::LlamaCpp(_) => {
                (llama_cpp::stored_reach(model, knobs.full_sliding_cache), StoredLatent::LlamaCpp(knobs.latent_cache))
            }
            Self::Sglang(_) | Self::TensorRtLlm(_) | Self::Transformers(_) | Self::Mlx(_) => return None,
        };
        let change = |layer: Layer| Layer { mixer: stored_mixer(layer.mixer, reach, latent), ..layer };
        let mut stored = Model::clone(model);
        stored.layers = stored.layers.map_kinds(change);
        (stored.layers != model.layers).then_some(stored)
    }
}

/// What a layer keeps of the tokens of all sequences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cells {
    /// Caches: one for each sequence, or one for all.
    pub streams: u64,
    /// Tokens in each of them.
    pub tokens: Tokens,
    /// How they are stored.
    pub format: CacheFormat,
}

/// What makes up the activations of an engine at their peak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peak {
    /// A pass of a PyTorch engine.
    Torch(TorchPeak),
    /// The compute graph of llama.cpp.
    Graph(ComputeBuffer),
}

/// How an engine stores recurrent state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateRules {
    /// Whether a convolution also keeps its newest input.
    pub keeps_newest: bool,
    /// Bits of a convolution's inputs.
    pub conv_bits: u64,
    /// Numbers of the recurrence.
    pub recurrent: StoredState,
}

/// How the numbers of a recurrence are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoredState {
    /// As the model's configuration says.
    AsPublished,
    /// In 32 bit, whatever the model says.
    Bits32,
}

impl StateRules {
    /// As the model is published.
    pub const PUBLISHED: Self = Self { keeps_newest: true, conv_bits: 16, recurrent: StoredState::AsPublished };

    /// State of one sequence in one layer, on one of `tensor` ranks.
    ///
    /// ```
    /// # use ridgepoint_core::{Bytes, State, StateFormat};
    /// # use ridgepoint_core::engine::{StateRules, StoredState};
    /// // Mamba 2.8B in llama.cpp: (5120 x 3 + 5120 x 16) x 4 B in each of 64 layers, 23.75 MiB.
    /// let mamba = State { conv_channels: 5120, conv_kernel: 4, recurrent: 5120 * 16, format: StateFormat::Bits16 };
    /// let rules = StateRules { keeps_newest: false, conv_bits: 32, recurrent: StoredState::Bits32 };
    /// assert_eq!(rules.bytes(mamba, 1) * 64, Bytes::new(24_903_680));
    /// ```
    pub fn bytes(self, state: State, tensor: u64) -> Bytes {
        let kept = if self.keeps_newest { state.conv_kernel } else { state.conv_kernel.saturating_sub(1) };
        let bits = match self.recurrent {
            StoredState::AsPublished => state.format.bits(),
            StoredState::Bits32 => StateFormat::Bits32.bits(),
        };
        let convolution = Bytes::of_values(state.conv_channels.saturating_mul(kept), self.conv_bits);
        (convolution + Bytes::of_values(state.recurrent, bits)).div_ceil(tensor.max(1))
    }

    /// State of one sequence in the layers of `stage`, on one of `tensor` ranks.
    pub fn stage_bytes(self, model: &Model, stage: Stage, tensor: u64) -> Bytes {
        let layers = stage.layers(model).into_iter();
        let bytes = layers.filter_map(|(layer, count)| Some(self.bytes(layer.mixer.state()?, tensor) * count));
        bytes.sum()
    }
}

/// The least multiple of `multiple` that is not below `count`.
pub(crate) const fn padded(count: u64, multiple: u64) -> u64 {
    let multiple = if multiple == 0 { 1 } else { multiple };
    // Where the multiple is beyond all numbers, there is nothing to pad to.
    match count.checked_next_multiple_of(multiple) {
        Some(padded) => padded,
        None => count,
    }
}

/// Whether sliding and chunked layers forget what is out of reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StoredReach {
    /// They do.
    AsPublished,
    /// They keep every token.
    Full,
}

/// What is cached of latent attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StoredLatent {
    /// The latent vector and the rotary key, padded to a multiple of so many numbers.
    Granule(u64),
    /// One of llama.cpp's layouts.
    LlamaCpp(LatentCache),
}

fn stored_mixer(mixer: Mixer, rule: StoredReach, latent: StoredLatent) -> Mixer {
    let reach_of = |reach: Reach| match rule {
        StoredReach::AsPublished => reach,
        StoredReach::Full => Reach::Full,
    };
    match mixer {
        Mixer::Attention { attention, reach, cache, selection } => Mixer::Attention {
            attention: stored_attention(attention, latent),
            reach: reach_of(reach),
            cache,
            selection,
        },
        Mixer::Parallel { attention, reach, state } => {
            Mixer::Parallel { attention: stored_attention(attention, latent), reach: reach_of(reach), state }
        }
        Mixer::None | Mixer::Recurrent(_) => mixer,
    }
}

const fn stored_attention(attention: Attention, rule: StoredLatent) -> Attention {
    match (attention, rule) {
        (Attention::Latent { heads, kv_rank, rope_dim, nope_dim, value_dim, query_rank }, rule) => {
            let kv_rank = match rule {
                StoredLatent::Granule(numbers) => padded(kv_rank + rope_dim, numbers) - rope_dim,
                StoredLatent::LlamaCpp(LatentCache::Heads) => {
                    return Attention::Grouped { heads, kv_heads: heads, key_dim: nope_dim + rope_dim, value_dim };
                }
                StoredLatent::LlamaCpp(LatentCache::WithCopy) => kv_rank * 2,
                StoredLatent::LlamaCpp(LatentCache::Latent) => kv_rank,
            };
            Attention::Latent { heads, kv_rank, rope_dim, nope_dim, value_dim, query_rank }
        }
        (Attention::Grouped { .. } | Attention::Shared { .. }, _) => attention,
    }
}
