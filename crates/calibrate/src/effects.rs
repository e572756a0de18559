//! The effects that add up to the constants of an engine on a kind of device.

use std::collections::BTreeMap;

use ridgepoint_catalog::calibration::{CONSTANTS, Kind};
use ridgepoint_core::Engine;

use crate::cases::Case;
use crate::fit::{self, Free, Member, Sample};
use crate::kernels::Kernel;

/// What a cell or an effect speaks of; `None` for any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) engine: Option<u8>,
    pub(crate) before: Option<u64>,
    pub(crate) format: Option<u8>,
    pub(crate) memory: Option<u8>,
    pub(crate) family: Option<&'static str>,
}

pub(crate) const ANY: Key = Key { engine: None, before: None, format: None, memory: None, family: None };

/// Where the fit starts, in the order of `CONSTANTS`: shares, then microseconds. They are those of a server GPU of
/// 2025: kernel measurements of github.com/ai-dynamo/aiconfigurator at 095f58a51c for the shares and launches, 5 ms to
/// the first token from docs.nvidia.com/nim/benchmarking/llm/latest/performance.html.
const START: Free = [0.6, 0.8, 0.6, 0.7, 0.5, 0.8, 0.75, 0.3, 0.9, 0.85, 4.0, 6.0, 500.0, 10.0, 5000.0, 10_000.0];

/// Releases, as `1000 x major + minor`, before which an engine scheduled and launched differently: vLLM's V1 engine and
/// its asynchronous scheduling, TensorRT-LLM's in-flight batching and its PyTorch backend.
const ERAS: [(Engine, u64); 4] =
    [(Engine::Vllm, 9), (Engine::Vllm, 13), (Engine::TensorRtLlm, 10), (Engine::TensorRtLlm, 1000)];

/// How far effects may go, as logarithms of costs or odds of shares: the narrower what they speak of, the less.
const WIDTH_OF_ENGINE: f64 = 1.0;
const WIDTH_OF_ONE: f64 = 0.7;
const WIDTH_OF_FAMILY: f64 = 0.35;
const WIDTH_OF_TWO: f64 = 0.25;

/// The release before which the engine of `kind` was of its own kind.
pub(crate) fn era(kind: &Kind) -> Option<u64> {
    let version = kind.version?;
    let ended = ERAS.iter().filter(|(engine, before)| *engine as u8 == kind.engine && version < *before);
    ended.map(|(_, before)| *before).min()
}

/// The effects on a case within its engine, each with its width.
fn effects(kind: &Kind) -> Vec<(Key, f64)> {
    let engine = Key { engine: Some(kind.engine), ..ANY };
    let format = Key { format: Some(kind.format), ..engine };
    let memory = Key { memory: Some(kind.memory), ..engine };
    let family = Key { family: Some(kind.family), ..memory };
    let mut effects = vec![
        (engine, WIDTH_OF_ENGINE),
        (format, WIDTH_OF_ONE),
        (memory, WIDTH_OF_ONE),
        (family, WIDTH_OF_FAMILY),
        (Key { format: Some(kind.format), ..family }, WIDTH_OF_TWO),
    ];
    if let Some(before) = era(kind) {
        effects.push((Key { before: Some(before), ..engine }, WIDTH_OF_ONE));
        effects.push((Key { before: Some(before), ..format }, WIDTH_OF_TWO));
    }
    effects
}

/// All effects, fitted.
pub(crate) struct Effects {
    centre: Free,
    by_key: BTreeMap<Key, Free>,
}

/// Fits what `list` names for each sample around `centre`.
fn fitted<'a>(
    samples: impl Iterator<Item = Sample<'a>>,
    engine: Option<Engine>,
    list: fn(&Kind) -> Vec<(Key, f64)>,
    centre: &Free,
) -> BTreeMap<Key, Free> {
    let mut keys: Vec<(Key, f64)> = Vec::new();
    let mut place = |effect: (Key, f64)| {
        keys.iter().position(|known| *known == effect).unwrap_or_else(|| {
            keys.push(effect);
            keys.len() - 1
        })
    };
    let members: Vec<Member<'_>> = samples
        .map(|sample| Member::new(sample, list(&sample.kind()).into_iter().map(&mut place).collect(), centre))
        .collect();
    let widths: Vec<f64> = keys.iter().map(|(_, width)| *width).collect();
    let effects = fit::fit(&members, engine, centre, &widths);
    keys.into_iter().map(|(key, _)| key).zip(effects).collect()
}

impl Effects {
    /// Fits the effects on the kernels and on the cases outside one part: first what all engines share, then each
    /// engine's own.
    pub(crate) fn of(cases: &[Case], kernels: &[Kernel], held_out: u64) -> Self {
        let of_cases = || cases.iter().filter(|case| case.fold != held_out).map(Sample::Case);
        let seen = || of_cases().chain(kernels.iter().map(Sample::Kernel));
        let start: Free = core::array::from_fn(|index| fit::free(index, START[index]));
        let of_all = fitted(of_cases(), None, |_| vec![(ANY, WIDTH_OF_ENGINE)], &start);
        let moved = of_all.get(&ANY).copied().unwrap_or_default();
        let centre: Free = core::array::from_fn(|index| start[index] + moved[index]);
        let of_engine = |engine: Engine| {
            fitted(seen().filter(|sample| sample.kind().engine == engine as u8), Some(engine), effects, &centre)
        };
        let by_key = Engine::ALL.into_iter().flat_map(of_engine).collect();
        Self { centre, by_key }
    }

    /// The constants of a cell in stored units: the effects of every key that holds wherever `key` does.
    pub(crate) fn constants(&self, key: &Key) -> Vec<u64> {
        let holds = |effect: &Key| {
            let same = |effect: Option<u64>, key: Option<u64>| effect.is_none() || effect == key;
            same(effect.engine.map(u64::from), key.engine.map(u64::from))
                && same(effect.before, key.before)
                && same(effect.format.map(u64::from), key.format.map(u64::from))
                && same(effect.memory.map(u64::from), key.memory.map(u64::from))
                && (effect.family.is_none() || effect.family == key.family)
        };
        let known: Vec<&Free> = self.by_key.iter().filter(|(effect, _)| holds(effect)).map(|(_, free)| free).collect();
        (0..CONSTANTS.len())
            .map(|index| fit::stored(index, self.centre[index] + known.iter().map(|effect| effect[index]).sum::<f64>()))
            .collect()
    }
}
