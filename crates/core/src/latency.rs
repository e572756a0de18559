//! How long a pass takes, and what that makes of a request: TTFT, TPOT and tokens per second.
//!
//! Everything comes at two paces: the speed of light, which is the roofline with perfect overlap inside each operation,
//! no launch cost, no queue and no scheduler; and the prediction, with what the engine makes of the device.

use crate::accelerator::Accelerator;
use crate::efficiency::Efficiency;
use crate::engine::HostWeights;
use crate::memory::{Stage, sequences_per_replica};
use crate::model::{Model, Stack};
use crate::operation::{self, Numerics, Operation, OperationKind, Pass};
use crate::parallelism::Parallelism;
use crate::pipeline::{self, Feed};
use crate::roofline::{Bound, Cost};
use crate::speculation::Draft;
use crate::units::{Seconds, Tokens, TokensPerSecond, tokens_per_second};
use crate::workload::Workload;

/// A device, and what the engine makes of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibrated {
    /// The device.
    pub accelerator: Accelerator,
    /// The engine's shares of its peaks.
    pub efficiency: Efficiency,
}

/// How fast things are taken to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pace {
    /// As fast as physics allows.
    Ideal,
    /// As fast as the engine has been measured to go.
    Predicted,
}

/// A model laid out over devices.
#[derive(Clone, Copy, Debug)]
pub struct Deployment<'a> {
    /// The model.
    pub model: &'a Model,
    /// Formats of weights and cache.
    pub numerics: Numerics,
    /// The pipeline stages.
    pub spans: &'a [Stage],
    /// The distinct kinds of device in each of them.
    pub stages: &'a [Vec<Calibrated>],
    /// Degrees of parallelism.
    pub parallelism: Parallelism,
    /// Prompt tokens that the engine runs through the model in one pass at most.
    pub tokens_per_pass: Tokens,
    /// How passes over prompts follow each other through the stages.
    pub feed: Feed,
    /// Whether the engine multiplies all experts of a layer in one launch, rather than one after the other.
    pub groups_experts: bool,
    /// Whether each pipeline stage schedules and prepares its own passes, rather than one host for all.
    pub schedules_stages: bool,
    /// What stays in host memory.
    pub host: Option<OnHost>,
    /// Sequences that one replica has memory for; further requests wait for one of them to end.
    pub most_sequences: u64,
    /// Share of each prompt whose keys and values are in the cache already (prefix caching), 0 to less than 1.
    pub cached_share: f64,
    /// What drafts tokens for the model to check.
    pub draft: Option<Draft<'a>>,
}

/// What an engine leaves in host memory, and what works on it there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OnHost {
    /// Which weights.
    pub weights: HostWeights,
    /// The processor and memory of the host.
    pub processor: Calibrated,
}

/// An operation with its time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimedOperation {
    /// The work.
    pub operation: Operation,
    /// Time of all its occurrences.
    pub time: Seconds,
    /// What sets that time.
    pub bound: Bound,
}

/// One pass through all stages.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PassTime {
    /// Its operations; those of a kind in several stages are summed.
    pub operations: Vec<TimedOperation>,
    /// What scheduling and sampling add to them: [`Efficiency::step`].
    pub step: Seconds,
    /// What its sequences add to them: [`Efficiency::sequence`].
    pub per_sequence: Seconds,
    /// The sum of these: time from the first stage's start to the last stage's end.
    pub time: Seconds,
    /// Time of the slowest stage: how soon another pass can follow.
    pub slowest_stage: Seconds,
}

impl PassTime {
    /// The same with all times stretched or shrunk so that they add up to `time`.
    fn lasting(mut self, time: Seconds) -> Self {
        if self.time > Seconds::ZERO {
            let factor = time / self.time;
            self.operations.iter_mut().for_each(|timed| timed.time = timed.time * factor);
            (self.step, self.per_sequence) = (self.step * factor, self.per_sequence * factor);
            (self.time, self.slowest_stage) = (time, self.slowest_stage * factor);
        }
        self
    }

    /// What the engine adds to its operations.
    pub fn around(&self) -> Seconds {
        self.step + self.per_sequence
    }

    /// Work of all operations on one device of each stage.
    pub fn cost(&self) -> Cost {
        self.operations.iter().fold(Cost::default(), |sum, timed| sum + timed.operation.cost)
    }

    /// Time of the operations of the same kind and arithmetic as `operation`.
    pub fn time_of(&self, operation: Operation) -> Option<Seconds> {
        let is_it = |timed: &&TimedOperation| timed.operation.is_like(operation);
        self.operations.iter().find(is_it).map(|timed| timed.time)
    }

    /// What most of the time is spent waiting for.
    pub fn bound(&self) -> Bound {
        let spent = |bound| -> Seconds {
            self.operations.iter().filter(|timed| timed.bound == bound).map(|timed| timed.time).sum()
        };
        let (compute, memory, interconnect) = (spent(Bound::Compute), spent(Bound::Memory), spent(Bound::Interconnect));
        if interconnect > compute && interconnect > memory {
            Bound::Interconnect
        } else if memory > compute {
            Bound::Memory
        } else {
            Bound::Compute
        }
    }
}

impl Deployment<'_> {
    /// Time of one pass. `None` where a device lacks a figure that the pass needs.
    ///
    /// Stages work one after another; ranks of a stage together, so the slowest sets the pace.
    pub fn pass(&self, pass: Pass, pace: Pace) -> Option<PassTime> {
        let (step, per_sequence) = self.engine(pace)?.around(pass);
        let mut result = PassTime::default();
        let there = self.host.map_or_else(HostWeights::default, |host| host.weights);
        let first_on_device = there.layers.min(self.model.layers.len());
        let mut stages = self.spans.to_vec();
        if first_on_device > 0
            && let Some(host) = self.host
        {
            let whole = Stage { first_layer: 0, layers: first_on_device, is_first: false, is_last: true };
            let ours = operation::of_stage(self.model, whole, pass, self.numerics, Parallelism::SINGLE);
            for operation in ours {
                let timed = self.on_host(operation, host, self.stages.first()?, pace)?;
                result.time += timed.time;
                result.add(timed);
            }
            result.slowest_stage = result.time;
            // The last device has nobody to hand over to but the host, which needs microseconds.
            if let Some(last) = stages.last_mut() {
                last.is_last = true;
            }
        }
        let mut work: Option<(Stage, Vec<(Operation, bool)>)> = None;
        for (stage, devices) in stages.into_iter().zip(self.stages) {
            // Neighbours in a long pipeline mostly do the same.
            let operations = match work.take() {
                Some((before, operations)) if self.do_the_same(stage, before) => operations,
                Some(_) | None => self.operations(stage, pass, there),
            };
            let mut stage_time = Seconds::ZERO;
            // One host schedules and samples once for all stages, at the end of the pipeline.
            if stage.is_last || self.schedules_stages {
                stage_time = step + per_sequence;
                (result.step, result.per_sequence) = (result.step + step, result.per_sequence + per_sequence);
                result.time += stage_time;
            }
            for &(operation, is_on_host) in &operations {
                let timed = match self.host {
                    Some(host) if is_on_host => self.on_host(operation, host, devices, pace)?,
                    Some(_) | None => slowest(operation, self.launches(operation), devices, pace)?,
                };
                stage_time += timed.time;
                result.time += timed.time;
                result.add(timed);
            }
            result.slowest_stage = result.slowest_stage.max(stage_time);
            work = Some((stage, operations));
        }
        Some(result)
    }

    /// Whether two stages have the same operations. In a GGUF file the place of a layer decides how it is packed,
    /// and beside a host where its experts are.
    fn do_the_same(&self, one: Stage, other: Stage) -> bool {
        self.host.is_none() && self.numerics.weights.gguf().is_none() && one.is_like(other, self.model)
    }

    /// The operations of a stage on devices, and whether the host holds the weights: those of the experts of the first
    /// layers.
    fn operations(&self, stage: Stage, pass: Pass, there: HostWeights) -> Vec<(Operation, bool)> {
        let of = |stage, parallelism| operation::of_stage(self.model, stage, pass, self.numerics, parallelism);
        let split = there.expert_layers.clamp(stage.first_layer, stage.first_layer + stage.layers);
        let layers = split - stage.first_layer;
        let is_expert = |operation: &Operation| operation.kind == OperationKind::RoutedExperts;
        // The head is where all layers are on devices.
        let is_here = |operation: &Operation| there.layers == 0 || operation.kind != OperationKind::Head;
        let rest = Stage {
            first_layer: split,
            layers: stage.layers - layers,
            is_first: stage.is_first && layers == 0,
            ..stage
        };
        let mut all: Vec<_> = of(rest, self.parallelism).into_iter().filter(is_here).map(|one| (one, false)).collect();
        if layers > 0 {
            let first = Stage { layers, is_last: false, ..stage };
            let is_inside = |one: &Operation| !is_expert(one) && one.kind != OperationKind::StageTransfer;
            all.extend(of(first, self.parallelism).into_iter().filter(is_inside).map(|one| (one, false)));
            all.extend(of(first, Parallelism::SINGLE).into_iter().filter(is_expert).map(|one| (one, true)));
        }
        all
    }

    /// An operation on weights or a cache in host memory: the host does it, or its weights pass over the host bus to
    /// the devices for as long as it takes, whichever is sooner. llama.cpp does the latter from 32 tokens on
    /// (`ggml_backend_cuda_device_offload_op`,
    /// github.com/ggml-org/llama.cpp/blob/b6100/ggml/src/ggml-cuda/ggml-cuda.cu). Replicas share one host.
    fn on_host(
        &self,
        operation: Operation,
        host: OnHost,
        devices: &[Calibrated],
        pace: Pace,
    ) -> Option<TimedOperation> {
        let launches = self.launches(operation);
        let replicas = self.parallelism.data.max(1) as f64;
        let there = slowest(operation, launches, &[host.processor], pace)?;
        let there = TimedOperation { time: there.time * replicas, ..there };
        let here = slowest(operation, launches, devices, pace)?;
        // What kernels lose on a device, at long contexts say, they are not taken to gain on a host.
        let there = if here.time > there.time { here } else { there };
        if operation.kind.is_attention() {
            return Some(there);
        }
        let link = devices.first()?.accelerator.interconnect.host;
        let Some(link) = link.filter(|_| operation.arithmetic.is_some()) else { return Some(there) };
        let streaming = (operation.cost.traffic / link) * replicas;
        let time = match pace {
            Pace::Ideal => here.time.max(streaming),
            Pace::Predicted => here.time + streaming,
        };
        let bound = if streaming > here.time { Bound::Interconnect } else { here.bound };
        Some(if time < there.time { TimedOperation { operation, time, bound } } else { there })
    }

    /// How often the engine launches an operation.
    fn launches(&self, operation: Operation) -> u64 {
        if operation.kind == OperationKind::RoutedExperts && !self.groups_experts {
            operation.count.saturating_mul(self.model.experts())
        } else {
            operation.count
        }
    }

    /// What the engine makes of the first device: its costs around each pass are those of one host.
    fn engine(&self, pace: Pace) -> Option<Efficiency> {
        match pace {
            Pace::Ideal => Some(Efficiency::IDEAL),
            Pace::Predicted => self.stages.first()?.first().map(|device| device.efficiency),
        }
    }

    /// Reading the prompts of `sequences` sequences.
    ///
    /// The engine cuts long prompts into chunks and puts short ones together, as many tokens to a pass as it takes. At
    /// the speed of light all prompts share one reading of the weights, and no pipeline stage waits for another.
    pub fn prefill(&self, sequences: u64, prompt_tokens: Tokens, pace: Pace) -> Option<Prefill> {
        if sequences == 0 {
            return Some(Prefill::default());
        }
        match pace {
            Pace::Ideal => {
                let pass = self.pass(self.reading(sequences, prompt_tokens), pace)?;
                let busy = pass.slowest_stage;
                Some(Prefill { time: busy, busy, pass })
            }
            Pace::Predicted => {
                let (pass, count) = self.chunked(sequences, prompt_tokens);
                let pass = self.pass(pass, pace)?;
                let time = self.feed.time(self.kernels(), count, pass.time, pass.slowest_stage);
                Some(Prefill { time, busy: pass.slowest_stage * count, pass })
            }
        }
    }

    /// Tokens at the start of a prompt that the cache holds already. The tokens of an encoder see each other, so it reads all
    /// of them.
    pub fn cached_tokens(&self, prompt_tokens: Tokens) -> Tokens {
        match self.model.stack() {
            Stack::Decoder => cached_tokens(prompt_tokens, self.cached_share),
            Stack::Encoder | Stack::EncoderDecoder | Stack::None => 0,
        }
    }

    /// Reading all of `sequences` prompts that the cache does not hold.
    fn reading(&self, sequences: u64, prompt_tokens: Tokens) -> Pass {
        Pass::reading(self.model, sequences, prompt_tokens).behind(self.cached_tokens(prompt_tokens))
    }

    /// Kernels of a pass on the devices of the stage that has most of them, where a queue limits them.
    fn kernels(&self) -> u64 {
        let of_stage = |&stage| pipeline::kernels(self.model, stage, self.numerics.weights);
        let spans = if self.feed.queue.is_some() && self.spans.len() > 1 { self.spans } else { &[] };
        spans.iter().map(of_stage).max().unwrap_or(0)
    }

    /// The passes in which the engine reads prompts: one of them, which stands for all, and how many there are. The
    /// last one may be a part of a pass. An encoder reads a prompt whole, because its tokens see each other.
    fn chunked(&self, sequences: u64, prompt_tokens: Tokens) -> (Pass, f64) {
        let limit = match self.model.stack() {
            Stack::Decoder => self.tokens_per_pass.max(1),
            Stack::Encoder | Stack::EncoderDecoder | Stack::None => self.tokens_per_pass.max(prompt_tokens).max(1),
        };
        let cached_tokens = self.cached_tokens(prompt_tokens);
        let missed_tokens = prompt_tokens - cached_tokens;
        if missed_tokens > limit {
            let chunks = missed_tokens.div_ceil(limit);
            let new_tokens = missed_tokens.div_ceil(chunks);
            // On average a chunk finds half of the rest in front of it.
            let past_tokens = cached_tokens + missed_tokens.saturating_sub(new_tokens).div_ceil(2);
            let chunk = Pass { new_tokens, past_tokens, ..Pass::prefill(1, prompt_tokens) };
            (chunk, chunks as f64 * sequences as f64)
        } else {
            let together = (limit / missed_tokens.max(1)).clamp(1, sequences);
            (self.reading(together, prompt_tokens), sequences as f64 / together as f64)
        }
    }

    /// A decode step of the whole replica: every sequence gets one token, or with a drafter as many as are accepted.
    ///
    /// With `pipeline` stages, as many groups of sequences are in flight, so that no stage waits; each group passes
    /// all stages once per step.
    pub fn decode_step(&self, sequences: u64, workload: Workload, pace: Pace) -> Option<PassTime> {
        let group = sequences.div_ceil(self.parallelism.pipeline.max(1));
        let Workload { prompt_tokens, output_tokens, .. } = workload;
        // On average half of the answer is written.
        let pass = Pass::writing(self.model, group, prompt_tokens, output_tokens / 2);
        let Some(draft) = self.draft else { return self.pass(pass, pace) };
        let mut step = self.pass(pass.verifying(draft.tokens), pace)?;
        draft.propose(self, group, workload, pace, &mut step)?;
        Some(step)
    }

    /// Time from one token of a sequence to the next, given that of a step.
    pub fn token_time(&self, step: Seconds) -> Seconds {
        self.draft.map_or(step, |draft| step / draft.expected_tokens())
    }

    /// One static batch: `prefill + (output - 1) x decode step`. What the memory does not hold at once is written in turn.
    pub fn static_batch(&self, workload: Workload, pace: Pace) -> Option<Seconds> {
        let sequences = sequences_per_replica(workload, self.parallelism.data);
        let running = self.running(sequences);
        let prefill = self.prefill(sequences, workload.prompt_tokens, pace)?.time;
        let step = self.token_time(self.decode_step(running, workload, pace)?.time);
        Some(prefill + written(step, sequences, running, workload.output_tokens))
    }

    /// How many of `sequences` sequences a server runs at once: as many as it can hold.
    pub fn running(&self, sequences: u64) -> u64 {
        sequences.min(self.most_sequences.max(1))
    }

    /// Times and rates for a workload. `None` where a device lacks a figure that it needs, and for a model of which
    /// only the weights are known.
    pub fn speed(&self, workload: Workload, pace: Pace) -> Option<Speed> {
        if self.model.stack() == Stack::None {
            return None;
        }
        let engine = self.engine(pace)?;
        let Workload { batch, prompt_tokens, output_tokens } = workload;
        let sequences = sequences_per_replica(workload, self.parallelism.data);
        let ttft = engine.first_token + self.prefill(1, prompt_tokens, pace)?.time;
        let Prefill { time: prefill_batch, pass: chunk, .. } = self.prefill(sequences, prompt_tokens, pace)?;
        let decode = self.decode_step(sequences, workload, pace)?;
        let running = self.running(sequences);
        let step = if running < sequences { self.decode_step(running, workload, pace)?.time } else { decode.time };
        // Between two steps other prompts occupy each stage in turn, not the whole pipeline.
        let others = self.prefill(running.saturating_sub(1), prompt_tokens, pace)?.busy;
        let wait = if running > 1 { engine.wait + (others + step) * engine.queue } else { Seconds::ZERO };
        let step = self.token_time(step);
        let tpot = time_per_output_token(step, others * engine.interleaved, output_tokens);
        let later_tokens = output_tokens.saturating_sub(1) as f64;
        // Whenever they are read, the others' prompts take their time. And all requests together wait until the running
        // ones have made room.
        let one_round = ttft + time_per_output_token(step, others, output_tokens) * later_tokens;
        let end_to_end = one_round * (sequences as f64 / running as f64);
        Some(Speed {
            ttft,
            ttft_loaded: ttft + wait,
            tpot,
            end_to_end,
            prefill_batch,
            static_batch: prefill_batch + written(step, sequences, running, output_tokens),
            // Little's law: each of `batch` sequences is replaced when it ends.
            output: tokens_per_second(batch as f64 * output_tokens as f64, end_to_end),
            per_user: tokens_per_second(1.0, tpot),
            prompt: tokens_per_second(batch as f64 * prompt_tokens as f64, prefill_batch),
            prefill: self.pass(self.reading(sequences, prompt_tokens), pace)?,
            prefill_parts: chunk.lasting(prefill_batch),
            decode,
        })
    }

    /// Output rate with requests always waiting, as many sequences of `workload` in flight as it says.
    pub fn saturated_output(&self, workload: Workload, pace: Pace) -> Option<TokensPerSecond> {
        let kept = self.engine(pace)?.saturation;
        self.speed(workload, pace).map(|speed| speed.output * kept)
    }
}

/// How long prompts take.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prefill {
    /// From the first one's start to the last one's end.
    pub time: Seconds,
    /// How long they keep a pipeline stage from other work.
    pub busy: Seconds,
    /// One of the passes in which they are read, which stands for all.
    pub pass: PassTime,
}

impl PassTime {
    pub(crate) fn add(&mut self, timed: TimedOperation) {
        let same = |other: &&mut TimedOperation| other.operation.is_like(timed.operation);
        match self.operations.iter_mut().find(same) {
            Some(sum) => {
                if timed.time > sum.time {
                    sum.bound = timed.bound;
                }
                sum.operation.count += timed.operation.count;
                sum.operation.cost = sum.operation.cost + timed.operation.cost;
                sum.time += timed.time;
            }
            None => self.operations.push(timed),
        }
    }
}

/// Time of all steps after the first token of `sequences` sequences, `running` of them at a time.
fn written(step: Seconds, sequences: u64, running: u64, output_tokens: Tokens) -> Seconds {
    step * output_tokens.saturating_sub(1) as f64 * (sequences as f64 / running.max(1) as f64)
}

/// The operation on the slowest of `devices`. `None` if a figure is missing or there is no device.
fn slowest(operation: Operation, launches: u64, devices: &[Calibrated], pace: Pace) -> Option<TimedOperation> {
    let mut slowest: Option<TimedOperation> = None;
    for Calibrated { accelerator, efficiency } in devices {
        let efficiency = match pace {
            Pace::Ideal => &Efficiency::IDEAL,
            Pace::Predicted => efficiency,
        };
        let (time, bound) = efficiency.time(Operation { count: launches, ..operation }, accelerator)?;
        if slowest.is_none_or(|other| time > other.time) {
            slowest = Some(TimedOperation { operation, time, bound });
        }
    }
    slowest
}

/// Tokens of a prompt that a prefix cache with a `share` of them spares, rounded down. The last token is read in any case:
/// what follows it is asked for.
///
/// ```
/// # use ridgepoint_core::cached_tokens;
/// assert_eq!([cached_tokens(1001, 0.5), cached_tokens(1, 0.99), cached_tokens(2048, 0.0)], [500, 0, 0]);
/// ```
pub fn cached_tokens(prompt_tokens: Tokens, share: f64) -> Tokens {
    ((prompt_tokens as f64 * share) as Tokens).min(prompt_tokens.saturating_sub(1))
}

/// Mean time between output tokens of one sequence in steady serving.
///
/// Every sequence that finishes is replaced by another, whose prompt is read between two steps: over the
/// `output_tokens` steps that one sequence takes, each of the others reads its prompt once. `others` is the time of all
/// those prompts.
///
/// ```
/// # use ridgepoint_core::{time_per_output_token, Seconds};
/// // Four other sequences with prompts of two seconds each, eight output tokens.
/// let tpot = time_per_output_token(Seconds::new(0.25), Seconds::new(2.0) * 4.0, 8);
/// assert_eq!(tpot.get(), 0.25 + 2.0 * 4.0 / 8.0);
/// ```
pub fn time_per_output_token(step: Seconds, others: Seconds, output_tokens: Tokens) -> Seconds {
    step + others / output_tokens.max(1) as f64
}

/// Times and rates for a workload.
#[derive(Clone, Debug, PartialEq)]
pub struct Speed {
    /// Reading the prompts of a whole batch in one pass through all stages.
    pub prefill: PassTime,
    /// Time to read the prompts of a whole batch, with every pipeline stage at work.
    pub prefill_batch: Seconds,
    /// A pass of those in which that happens, with times that add up to `prefill_batch`: each operation's share of it.
    pub prefill_parts: PassTime,
    /// One decode step at the mean context, drafts included.
    pub decode: PassTime,
    /// Time to first token of one request alone.
    pub ttft: Seconds,
    /// Time to first token behind other prompts, in steady serving at a concurrency of the batch.
    pub ttft_loaded: Seconds,
    /// Time per output token in steady serving at a concurrency of the batch.
    pub tpot: Seconds,
    /// `ttft + (output - 1) x tpot`.
    pub end_to_end: Seconds,
    /// One static batch: [`Deployment::static_batch`].
    pub static_batch: Seconds,
    /// Output tokens of all sequences in steady serving.
    pub output: TokensPerSecond,
    /// Output tokens of one sequence in steady serving.
    pub per_user: TokensPerSecond,
    /// Prompt tokens while a batch is read, those found in the cache included.
    pub prompt: TokensPerSecond,
}
