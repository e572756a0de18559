//! A chart as a value: it becomes a canvas, a data table and a sentence.
//!
//! Axes carry their ticks already placed and worded, so that whoever paints a chart computes and formats nothing.

use crate::ink::Ink;
use crate::table::Table;

/// How an axis maps values to lengths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Equal steps, equal lengths.
    Linear,
    /// Equal ratios, equal lengths. Every value on it is positive.
    Logarithmic,
}

/// A labelled position on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// The value, in the axis' base unit.
    pub value: f64,
    /// The words; empty for a line without a label.
    pub label: String,
}

/// One axis of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What it measures, with its unit: "Context (tokens)".
    pub label: String,
    /// How values map to lengths.
    pub scale: Scale,
    /// The value at the start.
    pub min: f64,
    /// The value at the end.
    pub max: f64,
    /// Where grid lines and labels go, in rising order.
    pub ticks: Vec<Tick>,
}

impl Axis {
    /// Where `value` lies between the start (0) and the end (1) of the axis; outside that range when it is off the axis.
    ///
    /// ```
    /// # use ridgepoint_calculator::chart::{Axis, Scale};
    /// let axis = Axis { label: String::new(), scale: Scale::Logarithmic, min: 1.0, max: 100.0, ticks: vec![] };
    /// assert_eq!(axis.position(10.0), 0.5);
    /// ```
    pub fn position(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => (value - self.min) / (self.max - self.min),
            Scale::Logarithmic => (value / self.min).ln() / (self.max / self.min).ln(),
        }
    }

    /// The value at a position; the inverse of [`Axis::position`].
    pub fn value(&self, position: f64) -> f64 {
        match self.scale {
            Scale::Linear => self.min + position * (self.max - self.min),
            Scale::Logarithmic => self.min * (self.max / self.min).powf(position),
        }
    }
}

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    /// A line through all points.
    Line,
    /// A dashed line through all points: a limit or an ideal.
    Dashed,
    /// One mark for each point.
    Points,
}

/// A point with what the crosshair says there.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Horizontal value, in the axis' base unit.
    pub x: f64,
    /// Vertical value, in the axis' base unit.
    pub y: f64,
    /// What a reader is told on this point: "KV cache 16.0 GiB at 131,072 tokens".
    pub reading: String,
}

/// A named line or set of points.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The words in the legend and beside the line.
    pub name: String,
    /// Its colour by role.
    pub ink: Ink,
    /// How it is drawn.
    pub stroke: Stroke,
    /// Whether it is the one that the scenario is on; drawn heavier.
    pub emphasis: bool,
    /// Its points by rising x. Lines may leave the chart; the painter clips them.
    pub points: Vec<Point>,
    /// Whether the crosshair stops on its points.
    pub readable: bool,
}

/// A marked position with a short label: a crossing, the ridge point, the scenario as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Horizontal value.
    pub x: f64,
    /// Vertical value.
    pub y: f64,
    /// The words beside it.
    pub label: String,
    /// Its colour by role.
    pub ink: Ink,
}

/// Everything that there is to say about one chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// A short name for use in addresses and element ids: "kv-cache".
    pub id: &'static str,
    /// Its title.
    pub title: String,
    /// One sentence that says what the chart shows now.
    pub caption: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// Lines and points, back to front.
    pub series: Vec<Series>,
    /// Labelled positions.
    pub marks: Vec<Mark>,
    /// The same figures as a table.
    pub table: Table,
}
