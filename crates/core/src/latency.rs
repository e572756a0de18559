//! How long a pass takes at least, and what that makes of a request: TTFT, TPOT and tokens per second.
//!
//! Everything here is the speed of light: the roofline with perfect overlap inside each operation, no launch cost,
//! no queue, no scheduler.

use crate::accelerator::Accelerator;
use crate::interconnect::transfer_time;
use crate::memory::{Stage, sequences_per_replica};
use crate::model::{Model, Stack};
use crate::operation::{self, Numerics, Operation, Pass};
use crate::parallelism::Parallelism;
use crate::roofline::{Bound, Cost};
use crate::units::{Seconds, Tokens, TokensPerSecond, tokens_per_second};
use crate::workload::Workload;

/// A model laid out over devices.
#[derive(Clone, Copy, Debug)]
pub struct Deployment<'a> {
    /// The model.
    pub model: &'a Model,
    /// Formats of weights and cache.
    pub numerics: Numerics,
    /// The distinct kinds of device in each pipeline stage.
    pub stages: &'a [Vec<Accelerator>],
    /// Degrees of parallelism.
    pub parallelism: Parallelism,
}

/// An operation with its least time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimedOperation {
    /// The work.
    pub operation: Operation,
    /// Least time of all its occurrences.
    pub time: Seconds,
    /// What sets that time.
    pub bound: Bound,
}

/// One pass through all stages.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PassTime {
    /// Its operations; those of a kind in several stages are summed.
    pub operations: Vec<TimedOperation>,
    /// Least time from the first stage's start to the last stage's end.
    pub time: Seconds,
    /// Least time of the slowest stage: how soon another pass can follow.
    pub slowest_stage: Seconds,
}

impl PassTime {
    /// Work of all operations on one device of each stage.
    pub fn cost(&self) -> Cost {
        self.operations.iter().fold(Cost::default(), |sum, timed| sum + timed.operation.cost)
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
    /// Least time of one pass. `None` where a device lacks a figure that the pass needs.
    ///
    /// Stages work one after another; ranks of a stage together, so the slowest sets the pace.
    pub fn pass(&self, pass: Pass) -> Option<PassTime> {
        let mut result = PassTime::default();
        for (stage, devices) in Stage::all(self.model, self.parallelism).into_iter().zip(self.stages) {
            let mut stage_time = Seconds::ZERO;
            for operation in operation::of_stage(self.model, stage, pass, self.numerics, self.parallelism) {
                let timed = slowest(operation, devices)?;
                stage_time += timed.time;
                result.add(timed);
            }
            result.time += stage_time;
            result.slowest_stage = result.slowest_stage.max(stage_time);
        }
        Some(result)
    }

    /// Least time to read the prompts of `sequences` sequences.
    ///
    /// Pipeline stages work on different prompts at the same time: after the first group has passed all stages, each
    /// further one ends a slowest stage later. Prompts that share a pass share the reading of the weights, so the best
    /// of one group, one group for each stage and one for each prompt is taken.
    fn prefill_time(&self, sequences: u64, prompt_tokens: Tokens) -> Option<Seconds> {
        let stages = self.parallelism.pipeline.max(1);
        let mut best: Option<Seconds> = None;
        for groups in if stages > 1 { [1, stages.min(sequences), sequences] } else { [1; 3] } {
            let pass = self.pass(Pass::reading(self.model, sequences.div_ceil(groups.max(1)), prompt_tokens))?;
            let time = pass.time + pass.slowest_stage * groups.saturating_sub(1) as f64;
            best = Some(best.map_or(time, |other| other.min(time)));
        }
        best
    }

    /// A decode step of the whole replica: every sequence gets one token.
    ///
    /// With `pipeline` stages, as many groups of sequences are in flight, so that no stage waits; each group passes
    /// all stages once per step.
    pub fn decode_step(&self, sequences: u64, workload: Workload) -> Option<PassTime> {
        let group = sequences.div_ceil(self.parallelism.pipeline.max(1));
        let Workload { prompt_tokens, output_tokens, .. } = workload;
        // On average half of the answer is written.
        self.pass(Pass::writing(self.model, group, prompt_tokens, output_tokens / 2))
    }

    /// The speed of light for a workload. `None` where a device lacks a figure that it needs, and for a model of which
    /// only the weights are known.
    pub fn speed_of_light(&self, workload: Workload) -> Option<Speed> {
        if self.model.stack() == Stack::None {
            return None;
        }
        let sequences = sequences_per_replica(workload, self.parallelism.data);
        let prefill_one = self.pass(Pass::reading(self.model, 1, workload.prompt_tokens))?;
        let prefill_batch = self.prefill_time(sequences, workload.prompt_tokens)?;
        let decode = self.decode_step(sequences, workload)?;
        // Between two steps other prompts occupy each stage in turn, not the whole pipeline.
        let tpot = time_per_output_token(decode.time, prefill_one.slowest_stage, sequences, workload.output_tokens);
        let later_tokens = workload.output_tokens.saturating_sub(1) as f64;
        let end_to_end = prefill_one.time + tpot * later_tokens;
        Some(Speed {
            ttft: prefill_one.time,
            tpot,
            end_to_end,
            prefill_batch,
            static_batch: prefill_batch + decode.time * later_tokens,
            // Little's law: each of `batch` sequences is replaced when it ends.
            output: tokens_per_second(workload.batch as f64 * workload.output_tokens as f64, end_to_end),
            per_user: tokens_per_second(1.0, tpot),
            prompt: tokens_per_second(workload.batch as f64 * workload.prompt_tokens as f64, prefill_batch),
            prefill: self.pass(Pass::reading(self.model, sequences, workload.prompt_tokens))?,
            decode,
        })
    }
}

impl PassTime {
    fn add(&mut self, timed: TimedOperation) {
        let same = |other: &&mut TimedOperation| {
            other.operation.kind == timed.operation.kind && other.operation.arithmetic == timed.operation.arithmetic
        };
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

/// The operation on the slowest of `devices`. `None` if a figure is missing or there is no device.
fn slowest(operation: Operation, devices: &[Accelerator]) -> Option<TimedOperation> {
    let mut slowest: Option<TimedOperation> = None;
    for accelerator in devices {
        let (time, bound) = least_time(operation, accelerator)?;
        if slowest.is_none_or(|other| time > other.time) {
            slowest = Some(TimedOperation { operation, time, bound });
        }
    }
    slowest
}

/// Least time of an operation on one device, and what sets it.
fn least_time(operation: Operation, accelerator: &Accelerator) -> Option<(Seconds, Bound)> {
    let link = accelerator.interconnect.bandwidth_between(operation.ranks);
    let communication = transfer_time(operation.cost.communication, link)?;
    let (local, bound) = match operation.arithmetic {
        Some(arithmetic) => {
            let (_, roofline) = accelerator.roofline(arithmetic)?;
            (roofline.time(operation.cost), roofline.bound(operation.cost))
        }
        None => (operation.cost.traffic / accelerator.bandwidth, Bound::Memory),
    };
    Some(if communication > local { (communication, Bound::Interconnect) } else { (local, bound) })
}

/// Mean time between output tokens of one sequence in steady serving of `sequences` at once.
///
/// Every sequence that finishes is replaced by another, whose prompt is read between two steps: over the
/// `output_tokens` steps that one sequence takes, the other `sequences - 1` each read their prompt once.
///
/// ```
/// # use ridgepoint_core::{time_per_output_token, Seconds};
/// let tpot = time_per_output_token(Seconds::new(0.25), Seconds::new(2.0), 5, 8);
/// assert_eq!(tpot.get(), 0.25 + 2.0 * 4.0 / 8.0);
/// ```
pub fn time_per_output_token(step: Seconds, prefill: Seconds, sequences: u64, output_tokens: Tokens) -> Seconds {
    step + prefill * (sequences.saturating_sub(1) as f64 / output_tokens.max(1) as f64)
}

/// Least times and highest rates for a workload.
#[derive(Clone, Debug, PartialEq)]
pub struct Speed {
    /// Reading the prompts of a whole batch in one pass through all stages.
    pub prefill: PassTime,
    /// Least time to read the prompts of a whole batch, with every pipeline stage at work.
    pub prefill_batch: Seconds,
    /// One decode step at the mean context.
    pub decode: PassTime,
    /// Time to first token of one request alone.
    pub ttft: Seconds,
    /// Time per output token in steady serving at a concurrency of the batch.
    pub tpot: Seconds,
    /// `ttft + (output - 1) x tpot`.
    pub end_to_end: Seconds,
    /// `prefill + (output - 1) x decode step`: one static batch.
    pub static_batch: Seconds,
    /// Output tokens of all sequences in steady serving.
    pub output: TokensPerSecond,
    /// Output tokens of one sequence in steady serving.
    pub per_user: TokensPerSecond,
    /// Prompt tokens while a batch is read.
    pub prompt: TokensPerSecond,
}
