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
    /// A predicted time with its interval, which nothing faster than light belongs to.
    pub fn predicted_time(&self, metric: Metric, time: impl Fn(&Speed) -> Seconds) -> Option<Predicted> {
        let value = time(&self.prediction.as_ref()?.speed).get();
        let (low, high) = self.spread(metric)?;
        let least = self.speed.as_ref().map_or(0.0, |ideal| time(ideal).get());
        Some(Predicted { value, low: (value * low).max(least).min(value), high: value * high })
    }

    /// A predicted rate with its interval, which nothing faster than light belongs to.
    pub fn predicted_rate(&self, metric: Metric, rate: impl Fn(&Speed) -> f64) -> Option<Predicted> {
        let value = rate(&self.prediction.as_ref()?.speed);
        let (low, high) = self.spread(metric)?;
        let most = self.speed.as_ref().map_or(f64::INFINITY, rate);
        // What is slow in time is low in rate.
        Some(Predicted { value, low: value / high, high: (value / low).min(most).max(value) })
    }

    /// The predicted output rate with as many sequences as fit.
    pub fn predicted_saturation(&self) -> Option<Predicted> {
        let value = self.prediction.as_ref()?.saturated_output?.get();
        let (low, high) = self.spread(Metric::SaturatedThroughput)?;
        let most = self.saturated_output.map_or(f64::INFINITY, TokensPerSecond::get);
        Some(Predicted { value, low: value * low, high: (value * high).min(most).max(value) })
    }

    /// Where four in five measurements lie, as shares of a prediction: of times, and of the saturated output.
    pub fn spread(&self, metric: Metric) -> Option<(f64, f64)> {
        Some(calibration::spread(self.engine, metric, self.prediction.as_ref()?.evidence))
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
