//! What an engine makes of a device: the constants between the speed of light and the predicted time.
//!
//! The constants are fitted on published measurements and live in the catalogue. Whatever they are, as long as each
//! share is at most 1 and each time at least 0, no prediction is faster than the speed of light.

use crate::accelerator::Accelerator;
use crate::interconnect::{Interconnect, Topology};
use crate::operation::{Operation, OperationKind, Pass};
use crate::roofline::Bound;
use crate::units::{Bytes, Seconds};

/// Shares of a device's peaks that an engine reaches, and what it adds to each piece of work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Efficiency {
    /// Share of the peak arithmetic that large matrix products reach.
    pub compute: f64,
    /// Share of the memory bandwidth at which weights and activations are read.
    pub bandwidth: f64,
    /// Part of the shorter of computing and reading that is not hidden behind the longer, where both take equally
    /// long; see [`Efficiency::join`].
    pub exposed: f64,
    /// Share of the memory bandwidth at which the KV cache is read.
    pub cache: f64,
    /// Share of the peak arithmetic that attention reaches.
    pub attention: f64,
    /// Share of the efficiency of dense matrices that routed experts reach: grouped products, uneven loads.
    pub experts: f64,
    /// Share of the link bandwidth that collectives reach.
    pub link: f64,
    /// Least time of a collective: of each on a switch, of each further rank on a ring.
    pub hop: Seconds,
    /// Time that each operation takes beside its work: launch, ramp-up and tail of its kernels.
    pub launch: Seconds,
    /// Time that each pass takes beside its operations: scheduling, sampling, detokenising.
    pub step: Seconds,
    /// Time that each sequence adds to a pass.
    pub sequence: Seconds,
    /// Time between the arrival of a request and its first pass, and from that to its first token.
    pub first_token: Seconds,
    /// Time that a request waits for the scheduler while others are running.
    pub wait: Seconds,
    /// Share of the other sequences' prompts that a new request finds in front of its own.
    pub queue: f64,
    /// Share of the other sequences' prompts that are read between the output tokens of a sequence; the rest comes
    /// before its first.
    pub interleaved: f64,
    /// Share of steady throughput that is left once requests start, end and wait for cache.
    pub saturation: f64,
}

impl Efficiency {
    /// No loss at all.
    pub const IDEAL: Self = Self {
        compute: 1.0,
        bandwidth: 1.0,
        exposed: 0.0,
        cache: 1.0,
        attention: 1.0,
        experts: 1.0,
        link: 1.0,
        hop: Seconds::ZERO,
        launch: Seconds::ZERO,
        step: Seconds::ZERO,
        sequence: Seconds::ZERO,
        first_token: Seconds::ZERO,
        wait: Seconds::ZERO,
        queue: 0.0,
        interleaved: 0.0,
        saturation: 1.0,
    };

    /// Time of two kinds of work that overlap: `longer + exposed x shorter^2 / (longer + shorter)`.
    ///
    /// It grows with both, is the maximum where one is much longer, and never more than the sum for `exposed` up to 2.
    ///
    /// ```
    /// # use ridgepoint_core::{Efficiency, Seconds};
    /// let half = Efficiency { exposed: 0.5, ..Efficiency::IDEAL };
    /// assert_eq!(half.join(Seconds::new(4.0), Seconds::new(4.0)), Seconds::new(5.0));
    /// assert_eq!(Efficiency::IDEAL.join(Seconds::new(4.0), Seconds::new(3.0)), Seconds::new(4.0));
    /// ```
    pub fn join(&self, one: Seconds, other: Seconds) -> Seconds {
        let (longer, shorter) = (one.max(other), one.min(other));
        if shorter == Seconds::ZERO {
            return longer;
        }
        longer + shorter * (self.exposed * (shorter / (longer + shorter)))
    }

    /// Time of all occurrences of an operation on one device, and what sets it. `None` where the device lacks a figure
    /// that it needs.
    ///
    /// ```
    /// # use ridgepoint_core::*;
    /// // 2 GB of weights at half of 1 TB/s, in 40 launches of 10 us.
    /// let device = Accelerator {
    ///     nominal_memory: Bytes::gib(80), usable_memory: Bytes::gib(80),
    ///     bandwidth: BytesPerSecond::tera(1.0),
    ///     peaks: Peaks { bf16: Some(FlopsPerSecond::tera(500.0)), ..Peaks::default() },
    ///     interconnect: Interconnect { scale_up: None, host: None },
    /// };
    /// let operation = Operation {
    ///     kind: OperationKind::DenseMlp, count: 40, ranks: 1,
    ///     cost: Cost { traffic: Bytes::new(2_000_000_000), ..Cost::default() },
    ///     arithmetic: Some(Arithmetic::WeightOnly),
    /// };
    /// let engine = Efficiency { bandwidth: 0.5, launch: Seconds::new(10e-6), ..Efficiency::IDEAL };
    /// let (time, bound) = engine.time(operation, &device).expect("all is known");
    /// assert_eq!((time, bound), (Seconds::new(0.0044), Bound::Memory));
    /// ```
    pub fn time(&self, operation: Operation, accelerator: &Accelerator) -> Option<(Seconds, Bound)> {
        let Operation { kind, count, cost, arithmetic, ranks } = operation;
        let (compute, bandwidth) = self.shares(kind);
        let reading = (cost.traffic / accelerator.bandwidth) * (1.0 / bandwidth);
        let computing = match arithmetic {
            Some(arithmetic) => (cost.flops / accelerator.roofline(arithmetic)?.1.peak) * (1.0 / compute),
            None => Seconds::ZERO,
        };
        let (local, bound) = (
            self.join(computing, reading),
            if arithmetic.is_some() && computing >= reading { Bound::Compute } else { Bound::Memory },
        );
        if cost.communication > Bytes::ZERO {
            let sending = self.sending(cost.communication, ranks, count, accelerator.interconnect)?;
            return Some(if sending > local { (sending, Bound::Interconnect) } else { (local, bound) });
        }
        Some((local + self.launch * count as f64, bound))
    }

    /// What a pass takes beside its operations: once, and for its sequences.
    pub fn around(&self, pass: Pass) -> (Seconds, Seconds) {
        (self.step, self.sequence * pass.sequences as f64)
    }

    /// Shares of arithmetic and bandwidth that an operation reaches.
    fn shares(&self, kind: OperationKind) -> (f64, f64) {
        match kind {
            OperationKind::FullAttention | OperationKind::WindowedAttention => (self.attention, self.cache),
            OperationKind::RoutedExperts => (self.compute * self.experts, self.bandwidth * self.experts),
            OperationKind::Embedding
            | OperationKind::AttentionProjections
            | OperationKind::Mixer
            | OperationKind::DenseMlp
            | OperationKind::Router
            | OperationKind::SharedExperts
            | OperationKind::Norms
            | OperationKind::Head
            | OperationKind::AllReduce
            | OperationKind::AllToAll
            | OperationKind::StageTransfer => (self.compute, self.bandwidth),
        }
    }

    /// Alpha-beta model of a collective: a least time for each, and the bytes over the link (Thakur et al. 2005,
    /// section 3). On a switch every rank reaches every other at once; on a ring each rank adds a hop.
    fn sending(&self, bytes: Bytes, ranks: u64, count: u64, links: Interconnect) -> Option<Seconds> {
        let hops = match links.topology(ranks) {
            Topology::Switch => 1,
            Topology::Ring => ranks.saturating_sub(1).max(1),
        };
        let beta = (bytes / links.bandwidth_between(ranks)?) * (1.0 / self.link);
        Some(beta + self.hop * count as f64 * hops as f64)
    }
}
