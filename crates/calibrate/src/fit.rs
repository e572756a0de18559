//! Constants that explain measurements: nonlinear least squares with a prior.
//!
//! The constants of an engine on a kind of device are a sum of effects: of the engine, of its release, of the format,
//! of the kind of memory, of the family of devices, and of these together. So what was measured for one format on one
//! device and for another on another says something about the pairs that nobody measured.
//!
//! Times are fitted as logarithms and shares as complementary log-logs, which are logarithms for small shares and never
//! reach 1, so that no step leaves physics: an efficiency stays between 0 and 1, a cost above 0. The residual of a
//! measurement is its relative error, softened so that one wild row pulls little harder than a bad one; the residual of
//! an effect is its distance from zero.

use nalgebra::{DMatrix, DVector};
use ridgepoint_catalog::calibration::{CONSTANTS, Kind};
use ridgepoint_core::{Efficiency, Engine, Seconds};

use crate::cases::Case;
use crate::kernels::Kernel;

/// How many constants a cell has.
const N: usize = CONSTANTS.len();
/// Constants on the scale on which they are fitted.
pub(crate) type Free = [f64; N];

/// Scatter of repeated measurements, as a logarithm: about 10 %.
const SCATTER: f64 = 0.1;

/// What a kernel counts, where a scenario counts 1: there are many alike, and what an engine runs is not one of them.
const WEIGHT_OF_KERNEL: f64 = 0.3;

/// How much further than others each constant may go: what kernels reach differs less between devices and engines than
/// what schedulers cost. For matrix products by an engine's own kernels, anything from 0.3 to 0.7 predicts sweeps that
/// were not seen equally well.
const LOOSENESS: Free = [0.5, 0.6, 0.5, 1.5, 0.7, 1.0, 1.0, 2.0, 1.5, 1.0, 1.5, 1.2, 1.5, 3.0, 0.5, 1.0];

/// The same for engines of servers: their matrix products are the vendor's kernels, which reach 0.5 to 0.8 of the peak
/// wherever they have been measured (see `START`). What is slower has another reason.
const LOOSENESS_OF_SERVERS: Free = {
    let mut looseness = LOOSENESS;
    looseness[0] = 0.1;
    looseness
};

/// How far each constant may go for an engine.
fn looseness(engine: Option<Engine>) -> &'static Free {
    match engine {
        Some(Engine::Vllm | Engine::Sglang | Engine::TensorRtLlm) => &LOOSENESS_OF_SERVERS,
        Some(Engine::LlamaCpp | Engine::Transformers | Engine::Mlx) | None => &LOOSENESS,
    }
}

/// What the fit looks at.
#[derive(Clone, Copy)]
pub(crate) enum Sample<'a> {
    /// A scenario.
    Case(&'a Case),
    /// A single kernel.
    Kernel(&'a Kernel),
}

impl Sample<'_> {
    /// What calibration looks at in it.
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Case(case) => case.kind,
            Self::Kernel(kernel) => kernel.kind,
        }
    }

    /// How much a miss counts.
    fn weight(self) -> f64 {
        match self {
            Self::Case(_) => 1.0,
            Self::Kernel(_) => WEIGHT_OF_KERNEL,
        }
    }

    /// The logarithm of predicted over measured. What cannot be predicted is a miss by a factor of e.
    fn miss(self, efficiency: Efficiency) -> f64 {
        let (predicted, measured) = match self {
            Self::Case(case) => (case.predict(efficiency), case.measured),
            Self::Kernel(kernel) => (kernel.predict(efficiency), kernel.measured),
        };
        predicted.filter(|value| *value > 0.0).map_or(1.0, |value| (value / measured).ln())
    }
}

/// A sample with the effects that add up to its constants, by their places.
pub(crate) struct Member<'a> {
    sample: Sample<'a>,
    effects: Vec<usize>,
    depends_on: [bool; N],
}

impl<'a> Member<'a> {
    /// A sample whose prediction starts from `centre`.
    pub(crate) fn new(sample: Sample<'a>, effects: Vec<usize>, centre: &Free) -> Self {
        let here = sample.miss(efficiency(centre));
        // What makes no difference in some other place either never does: a link on one device, experts without any.
        let depends_on = core::array::from_fn(|index| {
            let beside = core::array::from_fn(|other| centre[other] - if other == index { 0.5 } else { 0.0 });
            sample.miss(efficiency(&beside)) != here
        });
        Self { sample, effects, depends_on }
    }
}

/// Fits effects around `centre`. `widths` says for each effect how far it may go before that counts like a measurement
/// that is off by [`SCATTER`].
///
/// Levenberg and Marquardt's method on the normal equations, which the prior keeps well posed.
pub(crate) fn fit(members: &[Member<'_>], engine: Option<Engine>, centre: &Free, widths: &[f64]) -> Vec<Free> {
    const STEPS: usize = 60;
    /// Relative gain below which a step is the last.
    const ENOUGH: f64 = 1e-5;
    let problem = Problem { members, centre, widths, looseness: looseness(engine) };
    let mut at = DVector::zeros(widths.len() * N);
    let mut misfit = problem.misfit(&at);
    let mut damping = 1e-2;
    for _ in 0..STEPS {
        let (curvature, slope) = problem.linearised(&at);
        let mut gain = 0.0;
        while gain <= 0.0 && damping < 1e8 {
            let mut damped = curvature.clone();
            for index in 0..at.len() {
                damped[(index, index)] *= 1.0 + damping;
            }
            let Some(step) = damped.cholesky().map(|factors| factors.solve(&slope)) else { break };
            let next = &at - step;
            let left = problem.misfit(&next);
            gain = (misfit - left) / misfit;
            if gain > 0.0 {
                (at, misfit) = (next, left);
                damping = (damping / 5.0).max(1e-6);
            } else {
                damping *= 4.0;
            }
        }
        if gain < ENOUGH {
            break;
        }
    }
    at.as_slice().chunks_exact(N).map(|chunk| core::array::from_fn(|index| chunk[index])).collect()
}

struct Problem<'a> {
    members: &'a [Member<'a>],
    centre: &'a Free,
    widths: &'a [f64],
    looseness: &'static Free,
}

impl Problem<'_> {
    fn constants(&self, member: &Member<'_>, at: &DVector<f64>) -> Free {
        core::array::from_fn(|index| {
            self.centre[index] + member.effects.iter().map(|effect| at[effect * N + index]).sum::<f64>()
        })
    }

    /// What counts like a measurement that is off by [`SCATTER`].
    fn width(&self, place: usize) -> f64 {
        self.widths[place / N] * self.looseness[place % N]
    }

    /// Sum of the squares of all residuals.
    fn misfit(&self, at: &DVector<f64>) -> f64 {
        let misses = self.members.iter().map(|member| residual(member.sample, &self.constants(member, at)));
        let strays = at.iter().enumerate().map(|(place, stray)| stray / self.width(place));
        misses.chain(strays).map(|residual| residual * residual).sum()
    }

    /// Half of the second and of the first derivatives of the misfit, as if residuals were linear.
    fn linearised(&self, at: &DVector<f64>) -> (DMatrix<f64>, DVector<f64>) {
        const STEP: f64 = 1e-3;
        let widths = DVector::from_fn(at.len(), |place, _| self.width(place).powi(-2));
        let mut slope = at.component_mul(&widths);
        let mut curvature = DMatrix::from_diagonal(&widths);
        for member in self.members {
            let constants = self.constants(member, at);
            let here = residual(member.sample, &constants);
            let mut slopes = Vec::new();
            for index in (0..N).filter(|&index| member.depends_on[index]) {
                let mut beside = constants;
                beside[index] += STEP;
                let change = (residual(member.sample, &beside) - here) / STEP;
                slopes.extend(member.effects.iter().map(|effect| (effect * N + index, change)));
            }
            for &(row, along) in &slopes {
                slope[row] += along * here;
                for &(column, across) in &slopes {
                    curvature[(row, column)] += along * across;
                }
            }
        }
        (curvature, slope)
    }
}

fn residual(sample: Sample<'_>, constants: &Free) -> f64 {
    soften((sample.miss(efficiency(constants)).min(3.0).exp() - 1.0) / SCATTER) * sample.weight()
}

/// The logarithm of predicted over measured of a case.
pub(crate) fn miss(case: &Case, efficiency: Efficiency) -> f64 {
    Sample::Case(case).miss(efficiency)
}

/// Square root of the soft absolute value: quadratic near zero, linear far out.
fn soften(residual: f64) -> f64 {
    const KNEE: f64 = 2.0;
    let scaled = residual / KNEE;
    KNEE * (2.0 * ((1.0 + scaled * scaled).sqrt() - 1.0)).sqrt().copysign(residual)
}

fn is_time(index: usize) -> bool {
    CONSTANTS[index].0.ends_with("_us")
}

/// The upper bound of a share.
fn most(index: usize) -> f64 {
    if CONSTANTS[index].0 == "exposed" { 2.0 } else { 1.0 }
}

/// A constant, a share or microseconds, on the scale on which it is fitted.
pub(crate) fn free(index: usize, constant: f64) -> f64 {
    if is_time(index) {
        (constant + 0.01).ln()
    } else {
        let share = (constant / most(index)).clamp(0.002, 0.998);
        (-(1.0 - share).ln()).ln()
    }
}

/// The other way.
fn real(index: usize, at: f64) -> f64 {
    if is_time(index) { (at.exp() - 0.01).max(0.0) } else { most(index) * (1.0 - (-at.exp()).exp()) }
}

/// A fitted constant as the catalogue stores it: in whole units, rounded to what matters.
pub(crate) fn stored(index: usize, at: f64) -> u64 {
    let (name, units) = CONSTANTS[index];
    let digits = if ["compute", "bandwidth", "launch_us"].contains(&name) { 1000.0 } else { 100.0 };
    let value = real(index, at) * units;
    let mut unit = 1.0;
    while value / unit >= digits {
        unit *= 10.0;
    }
    let most = if is_time(index) { f64::MAX } else { most(index) * units };
    ((value / unit).round() * unit).min(most) as u64
}

/// Constants as the physics takes them.
fn efficiency(constants: &Free) -> Efficiency {
    let [
        compute,
        bandwidth,
        exposed,
        cache,
        attention,
        experts,
        link,
        queue,
        interleaved,
        saturation,
        hop,
        launch,
        step,
        sequence,
        first_token,
        wait,
    ] = core::array::from_fn(|index| real(index, constants[index]));
    let [hop, launch, step, sequence, first_token, wait] =
        [hop, launch, step, sequence, first_token, wait].map(|microseconds| Seconds::new(microseconds / 1e6));
    Efficiency {
        compute,
        bandwidth,
        exposed,
        cache,
        attention,
        experts,
        link,
        queue,
        interleaved,
        saturation,
        hop,
        launch,
        step,
        sequence,
        first_token,
        wait,
    }
}
