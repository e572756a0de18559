//! Which point of a chart is being read, and how a pointer or the keyboard moves to another one.

use ridgepoint_calculator::chart::{Chart, Point};

use super::label::Area;
use super::scene::{Hidden, is_inside, spot};

/// A point of a chart: the series and the point in it, by index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The series.
    pub series: usize,
    /// The point.
    pub point: usize,
}

/// A step with the keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// To the point before.
    Back,
    /// To the next point.
    On,
    /// To the first point.
    First,
    /// To the last point.
    Last,
    /// To the series above in the list.
    Up,
    /// To the series below in the list.
    Down,
}

/// The point that is read, if the chart still has it.
pub fn point(chart: &Chart, reading: Reading) -> Option<&Point> {
    chart.series.get(reading.series)?.points.get(reading.point)
}

/// Series that can be read, with the indices of their points between the axes.
fn readable(chart: &Chart, hidden: Hidden) -> Vec<(usize, Vec<usize>)> {
    let series = chart.series.iter().enumerate().filter(|(index, series)| series.readable && !hidden.has(*index));
    series
        .map(|(index, series)| {
            let points = series.points.iter().enumerate();
            (index, points.filter(|(_, point)| is_inside(chart, point.x, point.y)).map(|(index, _)| index).collect())
        })
        .filter(|(_, points): &(usize, Vec<usize>)| !points.is_empty())
        .collect()
}

/// Whether there is anything to read.
pub fn is_readable(chart: &Chart, hidden: Hidden) -> bool {
    !readable(chart, hidden).is_empty()
}

/// The readable point nearest to a position in CSS pixels.
pub fn nearest(chart: &Chart, plot: Area, hidden: Hidden, x: f64, y: f64) -> Option<Reading> {
    let readings = readable(chart, hidden);
    let all = readings.iter().flat_map(|(series, points)| points.iter().map(|point| (*series, *point)));
    all.map(|(series, point)| {
        let value = &chart.series[series].points[point];
        let (px, py) = spot(chart, plot, value.x, value.y);
        ((px - x).hypot(py - y), Reading { series, point })
    })
    .min_by(|a, b| a.0.total_cmp(&b.0))
    .map(|(_, reading)| reading)
}

/// Where the keyboard goes from a reading; from none, to the start of the emphasised series or the first one.
pub fn step(chart: &Chart, hidden: Hidden, from: Option<Reading>, step: Step) -> Option<Reading> {
    let readings = readable(chart, hidden);
    let row = from.and_then(|from| readings.iter().position(|(series, _)| *series == from.series));
    let (Some(row), Some(from)) = (row, from) else {
        let (series, points) =
            readings.iter().find(|(series, _)| chart.series[*series].emphasis).or_else(|| readings.first())?;
        return Some(Reading { series: *series, point: *points.first()? });
    };
    let last_row = readings.len() - 1;
    let other = match step {
        Step::Up => &readings[if row == 0 { last_row } else { row - 1 }],
        Step::Down => &readings[if row == last_row { 0 } else { row + 1 }],
        Step::Back | Step::On | Step::First | Step::Last => &readings[row],
    };
    let (series, points) = other;
    // The column closest to the present one, for a step between series of different lengths.
    let x = point(chart, from).map_or(0.0, |point| chart.x.position(point.x));
    let distance = |index: usize| (chart.x.position(chart.series[*series].points[index].x) - x).abs();
    let column = match step {
        Step::Up | Step::Down => {
            (0..points.len()).min_by(|a, b| distance(points[*a]).total_cmp(&distance(points[*b]))).unwrap_or(0)
        }
        Step::First => 0,
        Step::Last => points.len() - 1,
        Step::Back => points.iter().position(|index| *index >= from.point).unwrap_or(points.len()).saturating_sub(1),
        Step::On => points.iter().position(|index| *index > from.point).unwrap_or(points.len() - 1),
    };
    Some(Reading { series: *series, point: points[column] })
}
