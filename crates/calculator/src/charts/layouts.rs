//! Layouts by what they give each user and what they get out of each device.

use super::ticks;
use crate::chart::{Axis, Chart, Mark, Point, Scale, Series, Stroke};
use crate::ink::Ink;
use crate::numbers;
use crate::order;
use crate::plan::{Plan, Proposal, Times};
use crate::report::Report;

/// Output per device over output per user of every layout that fits, with those that no other beats in both.
pub fn layouts(plan: &Plan, report: &Report) -> Chart {
    let points = |is_front: bool| {
        let kept = plan.proposals.iter().filter(|proposal| !is_front || proposal.on_front);
        let mut points: Vec<Point> = kept.filter_map(|proposal| Some(point(proposal, proposal.times?))).collect();
        order::sort_by_key(&mut points, |point| point.x);
        points
    };
    let all = points(false);
    let axis = |label: &str, values: &dyn Fn(&Point) -> f64| {
        let highest = all.iter().map(values).fold(0.0, f64::max);
        let lowest = all.iter().map(values).fold(highest, f64::min);
        let (min, max) = if highest > 0.0 { ticks::around(lowest, highest) } else { (1.0, 100.0) };
        let ticks = ticks::rounds(min, max, numbers::round_with_prefix);
        Axis { label: label.into(), scale: Scale::Logarithmic, min, max, ticks }
    };
    let now = plan.proposals.iter().find(|proposal| proposal.parallelism == report.parallelism);
    let mark = now.and_then(|now| Some(point(now, now.times?)));
    let (x, y) =
        (axis("Output per user (tokens/s)", &|point| point.x), axis("Output per device (tokens/s)", &|point| point.y));
    let line = |name: &str, ink, stroke, points, readable| Series {
        name: name.into(),
        ink,
        stroke,
        emphasis: false,
        points,
        readable,
    };
    Chart {
        id: "layouts",
        title: "Layouts: for each user, and for each device".into(),
        caption: caption(plan),
        x,
        y,
        series: vec![
            line("no other is better in both", Ink::Decode, Stroke::Line, points(true), false),
            line("layouts that fit", Ink::Series(0), Stroke::Points, all, true),
        ],
        marks: mark.map(|at| Mark { x: at.x, y: at.y, label: "now".into(), ink: Ink::Current }).into_iter().collect(),
        table: plan.table(),
    }
}

fn point(proposal: &Proposal, times: Times) -> Point {
    Point {
        x: times.per_user.get(),
        y: times.per_device.get(),
        reading: format!(
            "{}: {} each user, {} each device",
            proposal.words,
            numbers::tokens_per_second(times.per_user),
            numbers::tokens_per_second(times.per_device)
        ),
    }
}

fn caption(plan: &Plan) -> String {
    match (plan.proposals.len(), plan.proposals.first()) {
        (0, _) | (_, None) => "No layout of these devices fits.".into(),
        (1, Some(only)) => format!("One layout fits: {}.", only.words),
        (count, Some(first)) => {
            format!("{} layouts fit; most output has {}.", numbers::count(count as u64), first.words)
        }
    }
}
