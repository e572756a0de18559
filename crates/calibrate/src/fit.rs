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

use levenberg_marquardt::{LeastSquaresProblem, LevenbergMarquardt};
use nalgebra::{DMatrix, DVector, Dyn, Owned};
use ridgepoint_catalog::calibration::CONSTANTS;
use ridgepoint_core::{Efficiency, Engine, Seconds};

use crate::cases::Case;

/// How many constants a cell has.
const N: usize = CONSTANTS.len();
/// Constants on the scale on which they are fitted.
pub(crate) type Free = [f64; N];

/// Scatter of repeated measurements, as a logarithm: about 10 %.
const SCATTER: f64 = 0.1;

/// How much further than others each constant may go: what kernels reach differs less between devices and engines than
/// what schedulers cost.
const LOOSENESS: Free = [0.3, 0.6, 0.5, 1.5, 0.7, 1.0, 1.0, 2.0, 1.5, 1.0, 1.5, 1.2, 1.5, 3.0, 0.5, 1.0];

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

/// A case with the effects that add up to its constants, by their places.
pub(crate) struct Member<'a> {
    pub(crate) case: &'a Case,
    pub(crate) effects: Vec<usize>,
}

/// Fits effects around `centre`. `widths` says for each effect how far it may go before that counts like a measurement
/// that is off by [`SCATTER`].
pub(crate) fn fit(members: &[Member<'_>], engine: Option<Engine>, centre: &Free, widths: &[f64]) -> Vec<Free> {
    if members.is_empty() {
        return vec![[0.0; N]; widths.len()];
    }
    let at = DVector::zeros(widths.len() * N);
    let problem = Problem { members, centre, widths, looseness: looseness(engine), at };
    let (problem, _) =
        LevenbergMarquardt::new().with_patience(1).with_ftol(1e-4).with_xtol(1e-4).with_gtol(1e-4).minimize(problem);
    problem.at.as_slice().chunks_exact(N).map(|chunk| core::array::from_fn(|index| chunk[index])).collect()
}

struct Problem<'a> {
    members: &'a [Member<'a>],
    centre: &'a Free,
    widths: &'a [f64],
    looseness: &'static Free,
    at: DVector<f64>,
}

impl Problem<'_> {
    fn constants(&self, member: &Member<'_>) -> Free {
        core::array::from_fn(|index| {
            self.centre[index] + member.effects.iter().map(|effect| self.at[effect * N + index]).sum::<f64>()
        })
    }

    fn stray(&self, index: usize) -> f64 {
        self.at[index] / (self.widths[index / N] * self.looseness[index % N])
    }
}

fn residual(case: &Case, constants: &Free) -> f64 {
    soften((miss(case, efficiency(constants)).min(3.0).exp() - 1.0) / SCATTER)
}

impl LeastSquaresProblem<f64, Dyn, Dyn> for Problem<'_> {
    type ResidualStorage = Owned<f64, Dyn>;
    type JacobianStorage = Owned<f64, Dyn, Dyn>;
    type ParameterStorage = Owned<f64, Dyn>;

    fn set_params(&mut self, at: &DVector<f64>) {
        self.at.copy_from(at);
    }

    fn params(&self) -> DVector<f64> {
        self.at.clone()
    }

    fn residuals(&self) -> Option<DVector<f64>> {
        let misses = self.members.iter().map(|member| residual(member.case, &self.constants(member)));
        let strays = (0..self.at.len()).map(|index| self.stray(index));
        Some(DVector::from_vec(misses.chain(strays).collect()))
    }

    fn jacobian(&self) -> Option<DMatrix<f64>> {
        const STEP: f64 = 1e-3;
        let mut jacobian = DMatrix::zeros(self.members.len() + self.at.len(), self.at.len());
        for (row, member) in self.members.iter().enumerate() {
            let constants = self.constants(member);
            let here = residual(member.case, &constants);
            for index in 0..N {
                let mut beside = constants;
                beside[index] += STEP;
                let slope = (residual(member.case, &beside) - here) / STEP;
                for effect in &member.effects {
                    jacobian[(row, effect * N + index)] = slope;
                }
            }
        }
        for index in 0..self.at.len() {
            jacobian[(self.members.len() + index, index)] = 1.0 / (self.widths[index / N] * self.looseness[index % N]);
        }
        Some(jacobian)
    }
}

/// The logarithm of predicted over measured. What cannot be predicted is a miss by a factor of e.
pub(crate) fn miss(case: &Case, efficiency: Efficiency) -> f64 {
    case.predict(efficiency).filter(|value| *value > 0.0).map_or(1.0, |value| (value / case.measured).ln())
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
