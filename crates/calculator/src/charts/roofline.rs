//! Where the operations of prefill and decode lie under the ceilings of the device.

use ridgepoint_core::{Bytes, Flops, FlopsPerSecond, PassTime, Roofline, Seconds, TimedOperation};

use super::ticks;
use crate::chart::{Axis, Chart, Mark, Point, Scale, Series, Stroke};
use crate::ink::Ink;
use crate::names;
use crate::numbers;
use crate::order::sort_by_key;
use crate::report::Report;

/// The roofline of the first device with every operation that computes.
pub fn roofline(report: &Report) -> Chart {
    let points: Vec<(&str, Ink, Vec<Point>)> = report
        .phases()
        .into_iter()
        .map(|(name, ink, pass)| (name, ink, operation_points(report, name, ink, pass)))
        .collect();
    let all = || points.iter().flat_map(|(_, _, points)| points);
    let ridges = || report.rooflines.iter().map(|(_, roofline)| roofline.ridge_point().get());
    let lowest = all().map(|point| point.x).chain(ridges()).fold(1.0, f64::min);
    let highest = all().map(|point| point.x).chain(ridges()).fold(1000.0, f64::max);
    let (x_min, x_max) = (ticks::decade_below(lowest), ticks::decade_above(highest));
    let links: Vec<(&str, Ink, FlopsPerSecond)> = report.phases().into_iter().filter_map(link_ceiling).collect();
    let peaks = report.rooflines.iter().map(|(_, roofline)| roofline.peak.get());
    let peak = peaks.chain(links.iter().map(|(.., rate)| rate.get())).fold(1e12, f64::max);
    let slope = report.roofline().map_or(1e11, |(_, roofline)| roofline.bandwidth.get());
    let floor = all().map(|point| point.y).fold(slope * x_min, f64::min);
    let (y_min, y_max) = (ticks::decade_below(floor.max(1.0)), ticks::decade_above(peak * 1.5));
    let x = Axis {
        label: "Arithmetic intensity (FLOP/B)".into(),
        scale: Scale::Logarithmic,
        min: x_min,
        max: x_max,
        ticks: ticks::decades(x_min, x_max, numbers::round),
    };
    let y = Axis {
        label: "Rate of arithmetic per device (FLOP/s)".into(),
        scale: Scale::Logarithmic,
        min: y_min,
        max: y_max,
        ticks: ticks::decades(y_min, y_max, numbers::round_with_prefix),
    };
    let mut series: Vec<Series> = report
        .rooflines
        .iter()
        .enumerate()
        .map(|(index, &(precision, roofline))| ceiling(index, names::precision(precision), roofline, &x))
        .collect();
    series.extend(links.into_iter().map(|link| level(link, &x)));
    series.extend(points.into_iter().map(|(name, ink, points)| Series {
        name: name.into(),
        ink,
        stroke: Stroke::Points,
        emphasis: false,
        points,
        readable: true,
    }));
    let marks = report.roofline().map(|(_, roofline)| ridge_mark(roofline)).into_iter().collect();
    Chart {
        id: "roofline",
        title: "Roofline".into(),
        caption: caption(report),
        x,
        y,
        series,
        marks,
        table: report.operations(),
    }
}

fn operation_points(report: &Report, phase: &str, ink: Ink, pass: &PassTime) -> Vec<Point> {
    let predicted = report.predicted_parts(ink);
    let mut points: Vec<Point> =
        pass.operations.iter().filter_map(|timed| operation_point(phase, timed, pass, predicted)).collect();
    sort_by_key(&mut points, |point| point.x);
    points
}

/// `None` for operations that only move data: they have no place on a roofline.
fn operation_point(
    phase: &str,
    timed: &TimedOperation,
    pass: &PassTime,
    predicted: Option<&PassTime>,
) -> Option<Point> {
    let cost = timed.operation.cost;
    let intensity = cost.intensity()?;
    if cost.flops <= Flops::ZERO || timed.time.get() <= 0.0 {
        return None;
    }
    let rate = cost.flops / timed.time;
    let own = predicted.and_then(|whole| Some((whole.time_of(timed.operation)?, whole.time)));
    let (time, whole) = own.unwrap_or((timed.time, pass.time));
    let light = match own {
        Some((time, _)) => format!(", {} of the speed of light", numbers::percent(timed.time / time)),
        None => String::new(),
    };
    Some(Point {
        x: intensity.get(),
        y: rate.get(),
        reading: format!(
            "{phase}, {}: {} on {}, {}, limited by {}; {} of the time{light}",
            names::operation(timed.operation.kind).label,
            numbers::flops(cost.flops.get()),
            numbers::bytes(cost.traffic),
            numbers::intensity(intensity),
            names::bound(timed.bound).label,
            numbers::percent(time / whole),
        ),
    })
}

fn ceiling(index: usize, precision: &str, roofline: Roofline, x: &Axis) -> Series {
    let ridge = roofline.ridge_point().get();
    let at = |intensity: f64| Point {
        x: intensity,
        y: roofline.attainable(ridgepoint_core::FlopsPerByte::new(intensity)).get(),
        reading: format!(
            "at most {}",
            numbers::flops_per_second(roofline.attainable(ridgepoint_core::FlopsPerByte::new(intensity)))
        ),
    };
    Series {
        name: format!("{precision} {}", numbers::flops_per_second(roofline.peak)),
        ink: if index == 0 { Ink::Current } else { Ink::Series(index as u8) },
        stroke: if index == 0 { Stroke::Line } else { Stroke::Dashed },
        emphasis: index == 0,
        points: vec![at(x.min), at(ridge), at(x.max)],
        readable: false,
    }
}

/// How fast a phase could compute if sending to other devices were all that took time. `None` where nothing is sent.
fn link_ceiling((phase, ink, pass): (&'static str, Ink, &PassTime)) -> Option<(&'static str, Ink, FlopsPerSecond)> {
    let sent = pass.operations.iter().filter(|timed| timed.operation.cost.communication > Bytes::ZERO);
    let time: Seconds = sent.map(|timed| timed.time).sum();
    (time > Seconds::ZERO).then(|| (phase, ink, pass.cost().flops / time))
}

fn level((phase, ink, rate): (&str, Ink, FlopsPerSecond), x: &Axis) -> Series {
    let reading = || format!("{phase}: at most {} by the interconnect", numbers::flops_per_second(rate));
    Series {
        name: format!("interconnect, {}", phase.to_lowercase()),
        ink,
        stroke: Stroke::Dashed,
        emphasis: false,
        points: [x.min, x.max].map(|x| Point { x, y: rate.get(), reading: reading() }).into(),
        readable: false,
    }
}

fn ridge_mark(roofline: Roofline) -> Mark {
    let ridge = roofline.ridge_point();
    Mark {
        x: ridge.get(),
        y: roofline.peak.get(),
        label: format!("ridge point {}", numbers::intensity(ridge)),
        ink: Ink::Current,
    }
}

fn caption(report: &Report) -> String {
    let phases = report.phases();
    let Some((_, roofline)) = report.roofline().filter(|_| !phases.is_empty()) else {
        return "No operation can be placed: a figure that it needs is not known.".into();
    };
    let ridge = numbers::intensity(roofline.ridge_point());
    let phase = |(name, _, pass): &(&str, Ink, &PassTime)| match pass.cost().intensity() {
        Some(intensity) => format!(
            "{name} does {} and is limited by {}",
            numbers::intensity(intensity),
            names::bound(pass.bound()).label
        ),
        None => format!("{name} moves nothing"),
    };
    format!("{}. The ridge point is {ridge}.", phases.iter().map(phase).collect::<Vec<_>>().join(". "))
}
