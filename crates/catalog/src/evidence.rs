//! Published measurements beside what is predicted for them: a file of its own, which a page fetches when somebody asks
//! how good the predictions are.
//!
//! `cargo xtask calibrate` writes `data/evidence.json`; the build checks and packs it.

use ridgepoint_core::packed_struct;

/// How far predictions are from measurements.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// The version of the catalogue that it is about.
    pub version: &'static str,
    /// What was measured.
    pub groups: Vec<Group>,
    /// Where it was published.
    pub sources: Vec<&'static str>,
    /// What it was measured on: engine, model, devices.
    pub labels: Vec<&'static str>,
    /// The measurements.
    pub cases: Vec<Case>,
    /// Errors of what engines keep in memory.
    pub memory: Vec<Memory>,
}

/// Errors of one figure of an engine's memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Memory {
    /// The engine's name.
    pub engine: &'static str,
    /// What was measured.
    pub figure: &'static str,
    /// Errors on cases that helped to choose a constant.
    pub fit: Distances,
    /// Errors on cases that did not.
    pub held_out: Distances,
    /// Publications that the measurements come from.
    pub sources: u64,
}

/// How far figures are from measurements: shares of the measurement in millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Distances {
    /// Measurements.
    pub count: u64,
    /// Median of |predicted - measured| / measured.
    pub median: u64,
    /// What nine in ten of them stay below.
    pub p90: u64,
    /// The largest.
    pub worst: u64,
    /// Share of the measurements from which the figure is no further than they allow.
    pub within: u64,
}

/// Measurements of one figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Its name.
    pub name: &'static str,
    /// Whether it is in tokens per second; else it is in seconds.
    pub is_rate: bool,
    /// Errors on what the constants were fitted on.
    pub fit: Errors,
    /// Errors on what was kept from the fit.
    pub held_out: Errors,
    /// Errors on everything, each predicted by constants that were fitted without its sweep.
    pub unseen: Errors,
    /// How far the best figure for each scenario that was measured more than once is from those measurements: what no
    /// prediction can do better, and how many measurements say so.
    pub floor: Floor,
}

/// Errors of predictions, shares in thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Errors {
    /// Measurements.
    pub count: u64,
    /// Mean of |predicted - measured| / measured.
    pub mean: u64,
    /// Median of the same.
    pub median: u64,
    /// Share of the measurements in their intervals.
    pub covered: u64,
}

/// Scatter of repeated measurements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Floor {
    /// Measurements of scenarios that were measured more than once.
    pub count: u64,
    /// Mean of |best figure - measured| / measured, in thousandths.
    pub mean: u64,
}

/// A measurement and its prediction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its place in [`Evidence::groups`].
    pub group: u8,
    /// Its place in [`Evidence::labels`].
    pub label: u16,
    /// Its place in [`Evidence::sources`].
    pub source: u16,
    /// Whether it was kept from the fit.
    pub is_held_out: bool,
    /// Millionths of seconds or of tokens per second.
    pub measured_millionths: u64,
    /// Thousandths of the measurement.
    pub predicted_thousandths: u64,
    /// Bounds of the interval, in thousandths of the prediction.
    pub interval_thousandths: (u64, u64),
}

impl Case {
    /// What was measured, in seconds or tokens per second.
    ///
    /// ```
    /// # use ridgepoint_catalog::evidence::Case;
    /// let case = Case {
    ///     group: 0, label: 0, source: 0, is_held_out: true,
    ///     measured_millionths: 20_000, predicted_thousandths: 1100, interval_thousandths: (900, 1250),
    /// };
    /// assert_eq!(case.measured(), 0.02);
    /// assert_eq!((case.predicted() * 1e6).round(), 22_000.0);
    /// assert_eq!((case.low() * 1e6).round(), 19_800.0);
    /// assert!(case.is_covered());
    /// ```
    pub fn measured(&self) -> f64 {
        self.measured_millionths as f64 / 1e6
    }

    /// What is predicted.
    pub fn predicted(&self) -> f64 {
        self.measured() * self.predicted_thousandths as f64 / 1e3
    }

    /// The lower end of the predicted interval.
    pub fn low(&self) -> f64 {
        self.predicted() * self.interval_thousandths.0 as f64 / 1e3
    }

    /// The upper end of the predicted interval.
    pub fn high(&self) -> f64 {
        self.predicted() * self.interval_thousandths.1 as f64 / 1e3
    }

    /// Whether the measurement lies in the interval.
    pub fn is_covered(&self) -> bool {
        (self.low()..=self.high()).contains(&self.measured())
    }
}

packed_struct! { static Evidence { version, groups, sources, labels, cases, memory } }
packed_struct! { static Memory { engine, figure, fit, held_out, sources } }
packed_struct! { Distances { count, median, p90, worst, within } }
packed_struct! { static Group { name, is_rate, fit, held_out, unseen, floor } }
packed_struct! { Errors { count, mean, median, covered } }
packed_struct! { Floor { count, mean } }
packed_struct! {
    Case {
        group, label, source, is_held_out, measured_millionths, predicted_thousandths, interval_thousandths,
    }
}
