//! vLLM: a share of the device, of which the cache gets what a profiling run leaves, in pages of 16 tokens.

use super::activations::{EncoderPeak, TorchPeak};
use super::{Demand, DeviceRam, Offer, Profile, Reservation, StateRules, StoredReach, padded};
use crate::attention::{Attention, Reach};
use crate::format::{Arithmetic, ComputePrecision, Packing};
use crate::kv_cache;
use crate::memory::{DeviceMemory, Overhead, rank_bytes};
use crate::model::{Layer, Model};
use crate::tensor::{Component, Role};
use crate::units::{Bytes, Tokens};
use crate::weights::Weights;

/// Constants of a version of vLLM.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Vllm {
    /// Part of the memory that CUDA does not hand out.
    pub driver_reserve: Bytes,
    /// `gpu_memory_utilization`.
    pub memory_fraction: f64,
    /// Tokens in one pass at most (`max_num_batched_tokens`).
    pub tokens_per_pass: Tokens,
    /// Memory from which a device that multiplies in FP8 counts as large.
    pub large: Bytes,
    /// Tokens in one pass at most on large devices.
    pub tokens_per_pass_large: Tokens,
    /// Longest context whose prompts are read whole, in one pass; 0 where prompts are always read in chunks.
    pub whole_prompts: Tokens,
    /// Requests in one pass at most (`max_num_seqs`).
    pub max_sequences: u64,
    /// The same on large devices.
    pub max_sequences_large: u64,
    /// Bytes for each row and vocabulary entry while the sampler sorts or filters the logits.
    pub sampler_bytes: u64,
    /// Tokens that a mixture's kernels take at a time.
    pub moe_chunk: Tokens,
    /// Bytes that attention of a vision encoder with rotated positions keeps for each patch and number of its width, beside
    /// two vectors of its residual stream; 0 where the profiling run of the encoder follows no rule that we know.
    pub encoder_attention: u64,
    /// Whether the profiling run takes a picture more where its budget does not divide, and none beyond one for each request.
    pub encoder_rounds_up: bool,
    /// CUDA context, outside the share.
    pub context: Bytes,
    /// What libraries allocate beside PyTorch during the profiling run.
    pub non_torch: Bytes,
    /// The same for each further device on the host bus.
    pub peer: Bytes,
    /// The same for each further device on a fast link.
    pub fast_peer: Bytes,
    /// CUDA graphs of a layer: they hold launches, not numbers, so the width of the model does not matter.
    pub layer_graphs: Bytes,
    /// Whether the graphs count inside the share.
    pub graphs_in_share: bool,
    /// Numbers to a multiple of which the latent vector of MLA is padded.
    pub latent_granule: u64,
    /// Whether the products of latent attention's projections are kept beside them.
    pub absorbs_latent: bool,
    /// Whether quantised projections of latent attention are kept in 16 bit too.
    pub unpacks_latent: bool,
    /// Numbers to a multiple of which the kernels for MXFP4 pad the residual stream.
    pub mxfp4_stream: u64,
    /// The same for each rank's part of an expert's intermediate vector.
    pub mxfp4_width: u64,
    /// Tokens of a page.
    pub block: Tokens,
    /// Whether sliding and recurrent layers have pages of their own, in groups of equal size.
    pub page_groups: bool,
    /// Whether the last pipeline stage takes the layers that do not divide.
    pub rest_on_last_stage: bool,
    /// Whether the printed tokens are the pages divided by the groups, rather than concurrency times length.
    pub tokens_by_group: bool,
}

/// How the pages of a stage are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paging {
    /// A page in all layers of one table.
    pub page: Bytes,
    /// Pages that a sequence of the workload holds at its full length, in all tables.
    pub of_sequence: u64,
    /// Those of them that hold recurrent state.
    pub of_state: u64,
    /// Pages that a request may hold on its way, where a window also holds one more pass.
    pub of_request: u64,
    /// Tables, each of which has its own page for the same tokens.
    pub tables: u64,
    /// Tokens of the smallest page of cache; `None` where there is only state.
    pub block: Option<Tokens>,
}

/// Layers that share a table of pages.
struct Group {
    /// How many tables there are: each has one page for every slot of the group.
    tables: u64,
    /// What a page is for.
    kind: Kind,
    /// Tokens of a page.
    block: Tokens,
}

/// What a page is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Keys and values within this reach.
    Cache(Reach),
    /// The state of one sequence.
    State,
}

/// The pages of a stage.
struct Pages {
    groups: Vec<Group>,
    /// Bytes of a page in all layers of one table.
    bytes: Bytes,
}

impl Pages {
    /// Pages that one sequence holds in all tables, given those of a cache with so many tokens to a page.
    fn of_sequence(&self, cached: impl Fn(Reach, Tokens) -> u64) -> u64 {
        let pages = |group: &Group| match group.kind {
            Kind::Cache(reach) => group.tables.saturating_mul(cached(reach, group.block)),
            Kind::State => group.tables,
        };
        self.groups.iter().map(pages).fold(0, u64::saturating_add)
    }

    /// Tokens of the smallest page of a cache; `None` where there is only state.
    fn block(&self) -> Option<Tokens> {
        let blocks = self.groups.iter().filter(|group| group.kind != Kind::State).map(|group| group.block);
        blocks.min()
    }
}

impl Vllm {
    pub(super) const fn stored_reach(&self) -> StoredReach {
        if self.page_groups { StoredReach::AsPublished } else { StoredReach::Full }
    }

    /// What vLLM keeps for `demand`.
    ///
    /// The profiling run does not know the load: it takes as many tokens and sequences as the settings allow.
    pub fn reserve(&self, demand: &Demand) -> Reservation {
        let knobs = demand.knobs;
        let graphs = if knobs.eager { Bytes::ZERO } else { self.captured(demand) };
        let each = if demand.site.has_fast_link { self.fast_peer } else { self.peer };
        let overhead = Overhead {
            context: self.context,
            communication: self.non_torch + each * demand.peers(),
            graphs,
            outputs: Bytes::ZERO,
        };
        let (kv_cache, state) = self.pages_in_use(demand);
        let memory = DeviceMemory {
            weights: demand.weights
                + demand.vocabulary_padding()
                + self.mxfp4_padding(demand)
                + self.latent_copies(demand),
            kv_cache,
            state,
            activations: self.peak(demand).bytes(demand.model, demand.tensor()),
            overhead,
            minimum: demand.minimum(),
        };
        let outside = if self.graphs_in_share { self.context } else { self.context + graphs };
        let fraction = knobs.memory_fraction.unwrap_or(self.memory_fraction);
        Reservation::with_share(memory, demand.free(self.driver_reserve), fraction, outside)
    }

    pub(super) fn peak(&self, demand: &Demand) -> TorchPeak {
        TorchPeak {
            tokens: self.tokens(demand),
            moe_chunk: self.moe_chunk,
            rows: self.sequences(demand),
            row_bytes: self.sampler_bytes,
            encoder: self.encoder(demand),
        }
    }

    /// Whether what the encoder of `model` takes at its peak is known.
    pub const fn profiles_encoder(&self, model: &Model) -> bool {
        self.encoder_attention > 0 && model.vision.is_some()
    }

    /// The profiling run of the vision encoder, which the first pipeline stage has: as many of the largest pictures as the
    /// tokens of a pass hold, or the largest picture or video where that has more (`compute_encoder_budget` in
    /// vllm/v1/core/encoder_cache_manager.py and `profile_run` in vllm/v1/worker/gpu_model_runner.py). What it makes is
    /// kept while the language model is profiled.
    fn encoder(&self, demand: &Demand) -> Option<EncoderPeak> {
        let encoder = demand.model.vision.as_ref()?;
        if self.encoder_attention == 0 || demand.stage.first_layer > 0 {
            return None;
        }
        let budget = self.tokens(demand).max(encoder.largest(demand.workload.context_tokens()));
        let most = encoder.most.max(1);
        // The frames of a video belong to one request.
        let requests = self.sequences(demand).max(encoder.frames);
        let pictures = if self.encoder_rounds_up { budget.div_ceil(most).min(requests) } else { budget / most };
        let (attention, hidden) = (self.encoder_attention, demand.model.hidden_size);
        Some(EncoderPeak::of(encoder, most.saturating_mul(pictures), attention, hidden, demand.tensor()))
    }

    /// What the log prints for a cache of this size: "GPU KV cache size" and "Maximum concurrency".
    ///
    /// A request of the workload's length may hold all its full layers' pages at once and, in a sliding layer, those
    /// of the window and of one more pass.
    pub fn offer(&self, demand: &Demand, pool: Bytes) -> Option<Offer> {
        let Some(paging) = self.paging(demand) else {
            return self.reserve(demand).memory.even_offer(demand.workload, pool);
        };
        let there = pool.get() / paging.page.get().max(1);
        let concurrency = there as f64 / paging.of_request.max(1) as f64;
        let tokens = match paging.block.filter(|_| self.tokens_by_group || paging.tables == 1) {
            Some(block) => (there / paging.tables).saturating_mul(block),
            None => (there as f64 * demand.length() as f64 / paging.of_request.max(1) as f64) as Tokens,
        };
        Some(Offer { tokens, concurrency })
    }

    /// How the pages of a stage are counted; `None` where no rule of pages describes it.
    pub fn paging(&self, demand: &Demand) -> Option<Paging> {
        let pages = self.pages(demand)?;
        let length = demand.length();
        let at_rest = |reach: Reach, block: Tokens| match reach {
            Reach::Full => length.div_ceil(block),
            // A window that does not begin with a page touches one more.
            Reach::Sliding(_) | Reach::Chunked(_) => reach.cached_tokens(length).div_ceil(block) + 1,
        };
        let at_most = |reach: Reach, block: Tokens| match reach {
            Reach::Full => length.div_ceil(block),
            Reach::Sliding(window) | Reach::Chunked(window) => {
                let most = window.saturating_sub(1).saturating_add(self.tokens(demand)).min(length);
                most.div_ceil(block).saturating_add(1)
            }
        };
        Some(Paging {
            page: pages.bytes,
            of_sequence: pages.of_sequence(at_rest),
            of_state: pages.groups.iter().filter(|group| group.kind == Kind::State).map(|group| group.tables).sum(),
            of_request: pages.of_sequence(at_most),
            tables: pages.groups.iter().map(|group| group.tables).sum::<u64>().max(1),
            block: pages.block(),
        })
    }

    /// Cache and state that the sequences of the workload hold at their full length, in whole pages.
    fn pages_in_use(&self, demand: &Demand) -> (Bytes, Bytes) {
        let Some(paging) = self.paging(demand) else {
            let cells = padded(demand.length(), self.block);
            return (demand.cache(|_| cells), demand.state(Profile::Vllm(*self).state_rules()));
        };
        let bytes = |count: u64| paging.page * count * demand.workload.batch;
        (bytes(paging.of_sequence - paging.of_state), bytes(paging.of_state))
    }

    /// How the layers of a stage share pages; `None` if they keep nothing, or what no rule of groups describes: summaries
    /// of what is out of reach, or what cross-attention reads.
    ///
    /// Layers of one kind are dealt into tables of as many layers as the rarest kind has, or as the commonest where the
    /// two differ by less than a quarter. Every table takes its pages from one pool, so pages of all kinds are of one
    /// size: the largest, and a page of a smaller kind holds more tokens.
    fn pages(&self, demand: &Demand) -> Option<Pages> {
        let mut kinds: Vec<(Kind, u64, Bytes)> = Vec::new();
        let rules = Profile::Vllm(*self).state_rules();
        if demand.source() > Bytes::ZERO {
            return None;
        }
        for (layer, count) in demand.stage.layers(demand.stored) {
            if layer.mixer.keeps_summaries() {
                return None;
            }
            for (kind, bytes) in kept(layer, demand, rules, self.block) {
                match kinds.iter_mut().find(|(known, ..)| *known == kind) {
                    Some((_, sum, largest)) => (*sum, *largest) = (*sum + count, bytes.max(*largest)),
                    None => kinds.push((kind, count, bytes)),
                }
            }
        }
        let fewest = kinds.iter().map(|&(_, count, _)| count).min()?;
        let most = kinds.iter().map(|&(_, count, _)| count).max()?;
        let slots = if most * 4 < fewest * 5 { most } else { fewest };
        let largest = |of_state: bool| {
            let sizes = kinds.iter().filter(|(kind, ..)| (*kind == Kind::State) == of_state);
            sizes.map(|&(.., bytes)| bytes).max().unwrap_or(Bytes::ZERO)
        };
        // A state that is larger than a page of cache makes that hold a multiple of its tokens.
        let (cache, state) = (largest(false), largest(true));
        let page = (cache * state.get().div_ceil(cache.get().max(1)).max(1)).max(state);
        let group = |&(kind, count, bytes): &(Kind, u64, Bytes)| {
            let block = self.block.saturating_mul(page.get() / bytes.get().max(1));
            Group { tables: count.div_ceil(slots), kind, block: block.max(1) }
        };
        if let [(kind @ Kind::Cache(_), ..)] = *kinds.as_slice() {
            // Layers of one kind have each a page of their own size.
            let groups = vec![Group { tables: 1, kind, block: self.block }];
            return Some(Pages { groups, bytes: demand_page(demand, self.block) });
        }
        Some(Pages { groups: kinds.iter().map(group).collect(), bytes: page * slots })
    }

    /// What MXFP4 experts take more than in the file once they are padded for their kernels.
    ///
    /// ```
    /// // gpt-oss: 2880 x 2880 becomes 3072 x 2944, 9 % more.
    /// assert_eq!((2880_u64.next_multiple_of(256), 2880_u64.next_multiple_of(128)), (3072, 2944));
    /// ```
    fn mxfp4_padding(&self, demand: &Demand) -> Bytes {
        let Demand { model, stage, parallelism, .. } = *demand;
        if model.experts() == 0 {
            return Bytes::ZERO;
        }
        let weights = Weights::new(model, demand.numerics.weights);
        let cut = parallelism.tensor_within_expert();
        let layers = weights.layers(stage.first_layer..stage.first_layer + stage.layers).into_iter();
        let more = layers.map(|layers| {
            let width = layers.layer.mlp_width().expert.div_ceil(cut);
            let grown = |size: u64, multiple: u64| padded(size, multiple) as f64 / size.max(1) as f64;
            let ratio = grown(width, self.mxfp4_width) * grown(model.hidden_size, self.mxfp4_stream) - 1.0;
            let bytes = weights.tensors(layers).filter(|(tensor, packing)| {
                tensor.role.component() == Component::RoutedExperts && *packing == Packing::MXFP4
            });
            let bytes: Bytes = bytes.map(|(tensor, packing)| rank_bytes(tensor, packing, 1, parallelism)).sum();
            bytes.scaled(ratio) * layers.count
        });
        more.sum()
    }

    /// What latent attention keeps beside its projections, for decoding over the latent vectors themselves: the query's
    /// widened to the latent width and the output's to the same, in 8 bit where the weights are; or what makes keys and
    /// values of the latent vector, in 16 bit.
    ///
    /// ```
    /// // DeepSeek-R1 on 8 devices, 16 heads each, version 0.7: queries of 1536 become 512 + 64, outputs 7168.
    /// let layer = 16 * (512 * (1536 + 7168) + 1536 * 64);
    /// assert_eq!(61 * layer, 4_445_437_952_u64);
    /// ```
    fn latent_copies(&self, demand: &Demand) -> Bytes {
        if !(self.absorbs_latent || self.unpacks_latent) {
            return Bytes::ZERO;
        }
        let Demand { model, stage, .. } = *demand;
        let weights = Weights::new(model, demand.numerics.weights);
        let layers = weights.layers(stage.first_layer..stage.first_layer + stage.layers).into_iter();
        let copies = layers.filter_map(|layers| {
            let Attention::Latent { heads, kv_rank, rope_dim, nope_dim, value_dim, query_rank } =
                layers.layer.mixer.attention()?
            else {
                return None;
            };
            let (_, packing) = weights
                .tensors(layers)
                .find(|(tensor, _)| tensor.role == Role::LatentUp && tensor.inputs == kv_rank)?;
            let input = query_rank.unwrap_or(model.hidden_size);
            let (of_head, width) = if self.absorbs_latent {
                let is_narrow = packing.arithmetic() == Arithmetic::Native(ComputePrecision::Fp8);
                (kv_rank * (input + model.hidden_size) + input * rope_dim, if is_narrow { 1 } else { 2 })
            } else if packing.is_plain() {
                return None;
            } else {
                (kv_rank * (nope_dim + value_dim), 2)
            };
            Some(Bytes::new(of_head) * heads.div_ceil(demand.tensor()) * width * layers.count)
        });
        copies.sum()
    }

    /// CUDA graphs.
    fn captured(&self, demand: &Demand) -> Bytes {
        self.layer_graphs * demand.stage.layers as u64
    }

    fn is_large(&self, demand: &Demand) -> bool {
        demand.site.has_fp8
            && demand.site.usable.is_some_and(|usable| usable >= self.large)
            && demand.site.memory != DeviceRam::Host
    }

    /// Tokens of the profiling run, and most that one pass reads.
    pub(super) fn tokens(&self, demand: &Demand) -> Tokens {
        let longest = demand.workload.context_tokens();
        // The first versions with latent attention could not read such prompts in chunks.
        let whole = longest <= self.whole_prompts || self.whole_prompts > 0 && demand.model.has_latent_cache();
        demand.knobs.tokens_per_pass.unwrap_or(match (whole, self.is_large(demand)) {
            (true, _) => longest.max(self.tokens_per_pass),
            (false, true) => self.tokens_per_pass_large,
            (false, false) => self.tokens_per_pass,
        })
    }

    /// Sequences of the profiling run, and requests that the engine serves at once.
    pub fn sequences(&self, demand: &Demand) -> u64 {
        let default = if self.is_large(demand) { self.max_sequences_large } else { self.max_sequences };
        demand.knobs.max_sequences.unwrap_or(default)
    }
}

/// What a layer keeps: a page of cache, or a state.
fn kept(layer: &Layer, demand: &Demand, rules: StateRules, block: Tokens) -> impl Iterator<Item = (Kind, Bytes)> {
    let page = kv_cache::layer_bytes(layer, block, demand.numerics.kv, demand.tensor());
    let cache = layer.mixer.reach().filter(|_| page > Bytes::ZERO).map(|reach| (Kind::Cache(reach), page));
    let state = layer.mixer.state().map(|state| (Kind::State, rules.bytes(state, demand.tensor())));
    cache.into_iter().chain(state)
}

/// A page of every layer, where all keep the same kind of cache: each of its own size.
fn demand_page(demand: &Demand, block: Tokens) -> Bytes {
    let layers = demand.stage.layers(demand.stored).into_iter();
    let page = |layer| kv_cache::layer_bytes(layer, block, demand.numerics.kv, demand.tensor());
    layers.map(|(layer, count)| page(layer) * count).sum()
}
