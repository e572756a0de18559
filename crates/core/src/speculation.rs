//! Speculative decoding: a cheap drafter proposes tokens one by one, and the model checks all of them in one pass.
//!
//! Leviathan et al. 2023, arXiv:2211.17192.

use crate::latency::{Deployment, Pace, PassTime, TimedOperation};
use crate::memory::Stage;
use crate::model::{Head, Layers, Model};
use crate::operation::{Numerics, Operation, Pass};
use crate::parallelism::Parallelism;
use crate::tensor::{Role, Tensor};
use crate::units::Tokens;
use crate::workload::Workload;

/// A drafter beside a deployment. It runs on the devices of the last pipeline stage, because the tokens come out there.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    /// The drafter.
    pub model: &'a Model,
    /// All of it as one stage.
    pub span: &'a [Stage],
    /// Formats of its weights and cache.
    pub numerics: Numerics,
    /// How it is cut: never into stages.
    pub parallelism: Parallelism,
    /// Tokens that it proposes in a step.
    pub tokens: Tokens,
    /// Chance that the model accepts a proposed token where it has accepted those before it, 0 to 1.
    pub acceptance: f64,
}

impl Draft<'_> {
    /// Tokens that a step is expected to give: see [`expected_tokens`].
    pub fn expected_tokens(&self) -> f64 {
        expected_tokens(self.tokens, self.acceptance)
    }

    /// Adds to a `step` of `target` what proposing takes: a pass of the drafter for each token. `None` where a device lacks a
    /// figure.
    ///
    /// The groups of sequences in a pipeline take turns on its last stage, where the drafter is. What the engine does around
    /// a pass (scheduling, sampling) it does once in a step: drafts come out of one loop on the device.
    pub(crate) fn propose(
        &self,
        target: &Deployment,
        sequences: u64,
        workload: Workload,
        pace: Pace,
        step: &mut PassTime,
    ) -> Option<()> {
        let last = target.stages.len().checked_sub(1)?;
        let drafter = Deployment {
            model: self.model,
            numerics: self.numerics,
            spans: self.span,
            stages: target.stages.get(last..)?,
            parallelism: self.parallelism,
            host: None,
            cached_share: 0.0,
            draft: None,
            ..*target
        };
        let Workload { prompt_tokens, output_tokens, .. } = workload;
        let one = drafter.pass(Pass::writing(self.model, sequences, prompt_tokens, output_tokens / 2), pace)?;
        let turns = target.parallelism.pipeline.max(1) as f64;
        for timed in one.operations {
            let Operation { count, cost, .. } = timed.operation;
            let operation =
                Operation { count: count.saturating_mul(self.tokens), cost: cost * self.tokens, ..timed.operation };
            let alone = timed.time * self.tokens as f64;
            step.time += alone * turns;
            step.slowest_stage += alone;
            step.add(TimedOperation { operation, time: alone * turns, ..timed });
        }
        Some(())
    }
}

/// Tokens that a step with `drafted` proposed tokens is expected to give each sequence: those that are accepted before
/// the first refusal, and one of the model's own, `1 + A + A² + ... + A^K = (1 − A^(K+1)) / (1 − A)` (arXiv:2211.17192,
/// equation 1).
///
/// ```
/// # use ridgepoint_core::speculation::expected_tokens;
/// // 1 + 0.5 + 0.25 + 0.125.
/// assert_eq!(expected_tokens(3, 0.5), 1.875);
/// assert_eq!(expected_tokens(3, 0.0), 1.0);
/// assert_eq!(expected_tokens(3, 1.0), 4.0);
/// ```
pub fn expected_tokens(drafted: Tokens, acceptance: f64) -> f64 {
    let (mut sum, mut power) = (1.0, 1.0);
    for _ in 0..drafted {
        power *= acceptance;
        sum += power;
    }
    sum
}

/// The multi-token-prediction layer of a model as a drafter, and how many such layers the checkpoint holds by their
/// parameters. `None` for a model without any.
///
/// It is a layer like the last one of the model behind a matrix that joins the hidden state with the embedding of the next
/// token, and it shares embedding and head with the model (DeepSeek-V3, arXiv:2412.19437, section 2.2). Models whose
/// prediction layers are of another kind are taken to have as many parameters more or less of this one.
pub fn prediction_layer(model: &Model) -> Option<(Model, f64)> {
    let hidden = model.hidden_size;
    let kind = model.layers.order().last().filter(|_| model.mtp_parameters > 0)?;
    let layer = model.layers.kinds().get(kind)?.clone();
    let join = Tensor::matrix(Role::Other, hidden, hidden.saturating_mul(2));
    let norms = Tensor::vector(Role::Norm, hidden.saturating_mul(3));
    let drafter = Model {
        input: vec![join],
        layers: Layers::from_iter([layer]),
        output: vec![norms],
        head: model.head.matrix().map_or(Head::None, Head::Tied),
        mtp_parameters: 0,
        picture: None,
        sound: None,
        latent: None,
        ..model.clone()
    };
    let own = drafter.parameters().total().max(1);
    Some((drafter, model.mtp_parameters as f64 / own as f64))
}
