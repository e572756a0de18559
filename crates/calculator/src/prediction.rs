//! What the engine is predicted to do, with the range in which measurements lie.

use ridgepoint_catalog::{Evidence, Metric, calibration};
use ridgepoint_core::{PassTime, Seconds, Speed, TokensPerSecond};

use crate::ink::Ink;
use crate::report::Report;

/// What an engine is predicted to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Times and rates.
    pub speed: Speed,
    /// Highest output rate, with as many sequences as the cache holds and requests always waiting.
    pub saturated_output: Option<TokensPerSecond>,
    /// How close to this scenario the measurements are that it rests on.
    pub evidence: Evidence,
}

/// A predicted figure, and the interval in which 80 % of measurements are expected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Predicted {
    /// The figure.
    pub value: f64,
    /// A tenth of the measurements are expected below.
    pub low: f64,
    /// A tenth of the measurements are expected above.
    pub high: f64,
}

impl Report {
    /// A predicted time with its interval.
    pub fn predicted_time(&self, metric: Metric, time: impl Fn(&Speed) -> Seconds) -> Option<Predicted> {
        let prediction = self.prediction.as_ref()?;
        Some(self.with_interval(metric, prediction, time(&prediction.speed).get()))
    }

    /// A predicted rate with its interval. The spread of `metric` is one of times unless it is the saturated output.
    pub fn predicted_rate(&self, metric: Metric, rate: impl Fn(&Prediction) -> Option<f64>) -> Option<Predicted> {
        let prediction = self.prediction.as_ref()?;
        let value = rate(prediction)?;
        let Predicted { low, high, .. } = self.with_interval(metric, prediction, 1.0);
        let (low, high) = if metric == Metric::SaturatedThroughput { (low, high) } else { (1.0 / high, 1.0 / low) };
        Some(Predicted { value, low: value * low, high: value * high })
    }

    /// The predicted output rate with as many sequences as fit.
    pub fn predicted_saturation(&self) -> Option<Predicted> {
        self.predicted_rate(Metric::SaturatedThroughput, |prediction| {
            prediction.saturated_output.map(TokensPerSecond::get)
        })
    }

    fn with_interval(&self, metric: Metric, prediction: &Prediction, value: f64) -> Predicted {
        let (low, high) = calibration::spread(self.engine, metric, prediction.evidence);
        Predicted { value, low: value * low, high: value * high }
    }

    /// The parts of a predicted phase: of a decode step, or of reading the prompts of all sequences in as many passes as
    /// the engine takes. They add up to the phase's time.
    pub fn predicted_parts(&self, phase: Ink) -> Option<&PassTime> {
        let speed = &self.prediction.as_ref()?.speed;
        Some(if phase == Ink::Decode { &speed.decode } else { &speed.prefill_parts })
    }

    /// The metric of the time per output token in steady serving.
    pub fn tpot_metric(&self) -> Metric {
        if self.workload.batch <= 32 { Metric::TpotUpTo32 } else { Metric::TpotAbove32 }
    }

    /// The metric of a decode step.
    pub fn decode_metric(&self) -> Metric {
        if self.workload.batch <= 1 { Metric::SingleStreamDecode } else { Metric::BatchedDecode }
    }
}
