//! How good the predictions are: errors by what was measured, predictions against measurements, and the worst of them.

use ridgepoint_catalog::evidence::{Case, Distances, Errors, Evidence, Group, Memory};
use ridgepoint_core::{Seconds, TokensPerSecond};

use crate::chart::{Axis, Chart, Point, Scale, Series, Stroke};
use crate::charts::ticks;
use crate::ink::Ink;
use crate::numbers;
use crate::order;
use crate::table::{Column, Row, Table};

/// Errors of each group, of all constants' own measurements and of those kept from them apart.
pub fn errors(evidence: &Evidence) -> Table {
    let columns = vec![
        Column::text("What was measured"),
        Column::figures("Cases"),
        Column::figures("Mean error, unseen"),
        Column::figures("Median, unseen"),
        Column::figures("Mean error, fitted"),
        Column::figures("In the interval, unseen"),
        Column::figures("Repeats differ by"),
    ];
    let row = |group: &Group| {
        let known = |count: u64, thousandths: u64| if count > 0 { share(thousandths) } else { "–".into() };
        let Errors { count, mean, median, covered } = group.held_out;
        Row {
            cells: vec![
                group.name.to_owned(),
                format!("{} + {}", numbers::count(group.fit.count), numbers::count(group.held_out.count)),
                known(count, mean),
                known(count, median),
                known(group.fit.count, group.fit.mean),
                known(count, covered),
                known(group.floor.count, group.floor.mean),
            ],
            ..Row::default()
        }
    };
    Table {
        caption: "Mean of |predicted − measured| / measured; cases fitted and kept from the fit".into(),
        columns,
        rows: evidence.groups.iter().map(row).collect(),
    }
}

/// Errors of what engines keep in memory, by engine and figure: the median, and what nine in ten stay below.
pub fn memory(evidence: &Evidence) -> Table {
    let columns = vec![
        Column::text("What was logged"),
        Column::figures("Cases"),
        Column::figures("Median, unseen"),
        Column::figures("9 in 10 below, unseen"),
        Column::figures("Worst, unseen"),
        Column::figures("Within bounds, unseen"),
        Column::figures("Median, fitted"),
        Column::figures("9 in 10 below, fitted"),
        Column::figures("Worst, fitted"),
        Column::figures("Within bounds, fitted"),
        Column::figures("Sources"),
    ];
    let row = |memory: &Memory| {
        let errors = |Distances { count, median, p90, worst, within }: Distances| {
            let known = |millionths: u64| match count {
                0 => "–".into(),
                _ => numbers::percent(millionths as f64 / 1e6),
            };
            [median, p90, worst, within].map(known)
        };
        let (fit, unseen) = (memory.fit.count, memory.held_out.count);
        let mut cells = vec![
            format!("{}: {}", memory.engine, memory.figure),
            format!("{} + {}", numbers::count(fit), numbers::count(unseen)),
        ];
        cells.extend(errors(memory.held_out));
        cells.extend(errors(memory.fit));
        cells.push(numbers::count(memory.sources));
        Row { cells, ..Row::default() }
    };
    Table {
        caption: "|predicted − logged| / logged; cases that helped to choose a constant and others".into(),
        columns,
        rows: evidence.memory.iter().map(row).collect(),
    }
}

/// Predictions over measurements of one group.
pub fn chart(evidence: &Evidence, group: usize) -> Chart {
    let name = evidence.groups.get(group).map_or("", |group| group.name);
    let is_rate = evidence.groups.get(group).is_some_and(|group| group.is_rate);
    let cases = || evidence.cases.iter().filter(|case| usize::from(case.group) == group);
    let values = || cases().flat_map(|case| [case.measured(), case.predicted()]);
    let highest = values().fold(0.0, f64::max);
    let (min, max) =
        if highest > 0.0 { ticks::around(values().fold(highest, f64::min), highest) } else { (0.001, 1.0) };
    let unit = if is_rate { "tokens/s" } else { "s" };
    let axis = |what: &str| Axis {
        label: format!("{what} ({unit})"),
        scale: Scale::Logarithmic,
        min,
        max,
        ticks: ticks::rounds(min, max, numbers::round_with_prefix),
    };
    let points = |is_held_out| {
        let mut points: Vec<Point> = cases()
            .filter(|case| case.is_held_out == is_held_out)
            .map(|case| Point { x: case.measured(), y: case.predicted(), reading: reading(evidence, case, is_rate) })
            .collect();
        order::sort_by_key(&mut points, |point| point.x);
        points
    };
    let even = [min, max].map(|value| Point { x: value, y: value, reading: String::new() });
    let line = |name: &str, ink, stroke, points, readable| Series {
        name: name.into(),
        ink,
        stroke,
        emphasis: false,
        points,
        readable,
    };
    let held_out = evidence.groups.get(group).map(|group| group.held_out).filter(|errors| errors.count > 0);
    let unseen = match held_out {
        Some(errors) => format!("those that no constant was fitted on are {} off in the mean", share(errors.mean)),
        None => "constants were fitted on all of them".into(),
    };
    Chart {
        id: "evidence",
        title: format!("Predicted against measured: {name}"),
        caption: format!("{} measurements; {unseen}.", numbers::count(cases().count() as u64)),
        x: axis("Measured"),
        y: axis("Predicted"),
        series: vec![
            line("exact", Ink::Current, Stroke::Dashed, even.into(), false),
            line("fitted", Ink::Series(0), Stroke::Points, points(false), true),
            line("kept from the fit", Ink::Series(3), Stroke::Points, points(true), true),
        ],
        marks: Vec::new(),
        table: worst(evidence, group),
    }
}

/// The predictions of a group that are furthest from what was measured.
pub fn worst(evidence: &Evidence, group: usize) -> Table {
    const SHOWN: usize = 12;
    let is_rate = evidence.groups.get(group).is_some_and(|group| group.is_rate);
    let mut cases: Vec<&Case> = evidence.cases.iter().filter(|case| usize::from(case.group) == group).collect();
    order::sort_by_key(&mut cases, |case| -distance(case));
    let row = |case: &&Case| Row {
        cells: vec![
            label(evidence, case),
            amount(case.measured(), is_rate),
            amount(case.predicted(), is_rate),
            format!("{} to {}", amount(case.low(), is_rate), amount(case.high(), is_rate)),
            if case.is_held_out { "no" } else { "yes" }.into(),
            evidence.sources.get(usize::from(case.source)).copied().unwrap_or_default().to_owned(),
        ],
        ..Row::default()
    };
    Table {
        caption: "The worst predictions".into(),
        columns: vec![
            Column::text("Measured on"),
            Column::figures("Measured"),
            Column::figures("Predicted"),
            Column::figures("4 in 5 within"),
            Column::text("Fitted"),
            Column::text("Source"),
        ],
        rows: cases.iter().take(SHOWN).map(row).collect(),
    }
}

/// How far a prediction is off, whichever way.
fn distance(case: &Case) -> f64 {
    let ratio = case.predicted() / case.measured();
    if ratio > 1.0 { ratio } else { 1.0 / ratio }
}

fn label(evidence: &Evidence, case: &Case) -> String {
    evidence.labels.get(usize::from(case.label)).copied().unwrap_or_default().to_owned()
}

fn reading(evidence: &Evidence, case: &Case, is_rate: bool) -> String {
    let place = if case.is_covered() { "inside" } else { "outside" };
    format!(
        "{}: measured {}, predicted {}, {place} the interval",
        label(evidence, case),
        amount(case.measured(), is_rate),
        amount(case.predicted(), is_rate)
    )
}

fn amount(value: f64, is_rate: bool) -> String {
    if is_rate {
        numbers::tokens_per_second(TokensPerSecond::new(value)).to_string()
    } else {
        numbers::seconds(Seconds::new(value)).to_string()
    }
}

/// Thousandths as a percentage.
fn share(thousandths: u64) -> String {
    numbers::percent(thousandths as f64 / 1000.0)
}
