//! What serving more sequences at once gives all of them together, and takes from each.

use ridgepoint_core::{Pace, Speed, Workload};

use super::ticks;
use crate::capacity::Capacity;
use crate::chart::{Axis, Chart, Mark, Point, Scale, Series, Stroke};
use crate::compare::LETTERS;
use crate::deployment::Resolved;
use crate::ink::Ink;
use crate::link::MAX_BATCH;
use crate::numbers;
use crate::order;
use crate::report::Report;
use crate::scenario::Scenario;
use crate::table::{Column, Row, Table};

/// Output of all sequences over the speed of each, from one sequence to more than fit.
pub fn serving(scenario: &Scenario, report: &Report) -> Chart {
    let resolved = Resolved::of(scenario).as_run();
    let now = resolved.workload.batch;
    let fitting = report.capacity.max_batch;
    let steps = steps(&resolved, now, fitting);
    let is_possible = |step: &&Step| fitting.is_none_or(|most| step.batch <= most);
    let predicted = |step: &Step| step.predicted.clone();
    let ideal = |step: &Step| step.ideal.clone();
    let mut series = vec![
        line("at best", Ink::Series(0), Stroke::Dashed, steps.iter().filter(is_possible), ideal),
        line("predicted", Ink::Decode, Stroke::Line, steps.iter().filter(is_possible), predicted),
    ];
    series.retain(|series| !series.points.is_empty());
    let marks = marks(&steps, now, fitting);
    let points = || series.iter().flat_map(|series| &series.points);
    let x = axis("Output per user (tokens/s)", points().map(|point| point.x));
    let y = axis("Output of all users (tokens/s)", points().map(|point| point.y));
    Chart {
        id: "serving",
        title: "Throughput against speed per user".into(),
        caption: caption(&steps, now, fitting),
        x,
        y,
        series,
        marks,
        table: table(&steps, fitting),
    }
}

/// The same for several scenarios: the predicted line of each, up to what fits.
pub fn serving_of(scenarios: &[&Scenario], reports: &[&Report]) -> Chart {
    let mut series = Vec::new();
    let mut marks = Vec::new();
    let mut rows = Vec::new();
    for (index, (scenario, report)) in scenarios.iter().zip(reports).enumerate() {
        let letter = LETTERS.get(index).copied().unwrap_or_default();
        let resolved = Resolved::of(scenario).as_run();
        let (now, fitting) = (resolved.workload.batch, report.capacity.max_batch);
        let steps = steps(&resolved, now, fitting);
        let is_possible = |step: &&Step| fitting.is_none_or(|most| step.batch <= most);
        let ink = Ink::Series(index as u8);
        let line = line(letter, ink, Stroke::Line, steps.iter().filter(is_possible), |step| step.predicted.clone());
        series.extend(Some(Series { emphasis: false, ..line }).filter(|line| !line.points.is_empty()));
        let own = self::marks(&steps, now, fitting).into_iter().filter(|mark| mark.ink == Ink::Current);
        marks.extend(own.map(|mark| Mark { label: letter.into(), ink, ..mark }));
        let table = table(&steps, fitting);
        let lettered = |row: Row| Row { cells: core::iter::once(letter.to_owned()).chain(row.cells).collect(), ..row };
        rows.extend(table.rows.into_iter().map(lettered));
    }
    let points = || series.iter().flat_map(|series: &Series| &series.points);
    let columns = table(&[], None).columns;
    Chart {
        id: "compared",
        title: "Throughput against speed per user".into(),
        caption: "From one sequence to as many as fit; the marks are the scenarios as they stand.".into(),
        x: axis("Output per user (tokens/s)", points().map(|point| point.x)),
        y: axis("Output of all users (tokens/s)", points().map(|point| point.y)),
        marks,
        table: Table {
            caption: "Speed by sequences at once, for each scenario".into(),
            columns: core::iter::once(Column::text("Scenario")).chain(columns).collect(),
            rows,
        },
        series,
    }
}

/// A number of sequences, and how fast they go.
struct Step {
    batch: u64,
    predicted: Option<Speed>,
    ideal: Option<Speed>,
}

/// One sequence, doublings of it, the scenario's batch and the largest that fits.
fn steps(resolved: &Resolved, now: u64, fitting: Option<u64>) -> Vec<Step> {
    /// How far the chart goes where no limit of memory is near.
    const USUAL: u64 = 1024;
    let Some(stages) = resolved.stages() else { return Vec::new() };
    let last = fitting.unwrap_or(USUAL).min(USUAL).max(now).min(MAX_BATCH);
    let mut batches: Vec<u64> = (0..u64::BITS).map(|power| 1 << power).take_while(|&batch| batch <= last).collect();
    // As many as fit, if that is in sight.
    for batch in [Some(now), fitting.filter(|&most| (1..USUAL).contains(&most))].into_iter().flatten() {
        if let Err(place) = batches.binary_search(&batch) {
            batches.insert(place, batch);
        }
    }
    let capacity = Capacity::of(resolved, resolved.workload);
    let deployment = resolved.deployment(&stages, &capacity);
    let speed = |batch, pace| deployment.speed(Workload { batch, ..resolved.workload }, pace);
    let step = |batch| Step { batch, predicted: speed(batch, Pace::Predicted), ideal: speed(batch, Pace::Ideal) };
    batches.into_iter().map(step).collect()
}

fn line<'a>(
    name: &str,
    ink: Ink,
    stroke: Stroke,
    steps: impl Iterator<Item = &'a Step>,
    speed: impl Fn(&Step) -> Option<Speed>,
) -> Series {
    let point = |step: &Step| {
        let speed = speed(step)?;
        Some(Point {
            x: speed.per_user.get(),
            y: speed.output.get(),
            reading: format!(
                "{}, {name}: {} each, {} together",
                sequences(step.batch),
                numbers::tokens_per_second(speed.per_user),
                numbers::tokens_per_second(speed.output)
            ),
        })
    };
    let mut points: Vec<Point> = steps.filter_map(point).collect();
    order::sort_by_key(&mut points, |point| point.x);
    Series { name: name.into(), ink, stroke, emphasis: stroke == Stroke::Line, points, readable: true }
}

/// The scenario, and the most sequences that fit.
fn marks(steps: &[Step], now: u64, fitting: Option<u64>) -> Vec<Mark> {
    let mark = |batch: u64, label: String, ink| {
        let step = steps.iter().find(|step| step.batch == batch)?;
        let speed = step.predicted.as_ref()?;
        Some(Mark { x: speed.per_user.get(), y: speed.output.get(), label, ink })
    };
    let most = fitting.filter(|&most| most > now);
    let most = most.and_then(|most| mark(most, format!("{} fit", numbers::count(most)), Ink::Limit));
    let is_possible = fitting.is_none_or(|most| now <= most);
    most.into_iter().chain(mark(now, "now".into(), Ink::Current).filter(|_| is_possible)).collect()
}

/// A logarithmic axis around `values`, all of them positive.
fn axis(label: &str, values: impl Iterator<Item = f64> + Clone) -> Axis {
    let min = values.clone().fold(f64::INFINITY, f64::min);
    let max = values.fold(0.0, f64::max);
    let (min, max) = if max > 0.0 { ticks::around(min, max) } else { (1.0, 100.0) };
    let ticks = ticks::rounds(min, max, numbers::round_with_prefix);
    Axis { label: label.into(), scale: Scale::Logarithmic, min, max, ticks }
}

fn caption(steps: &[Step], now: u64, fitting: Option<u64>) -> String {
    let found = steps.iter().position(|step| step.batch == now);
    let Some((index, speed)) = found.and_then(|index| Some((index, steps[index].predicted.as_ref()?))) else {
        return "Speed cannot be told: a figure that it needs is not known.".into();
    };
    let here = format!(
        "{} get {} each and {} together",
        sequences(now),
        numbers::tokens_per_second(speed.per_user),
        numbers::tokens_per_second(speed.output)
    );
    match fitting {
        Some(0) => "Not even one sequence fits.".into(),
        Some(most) if most < now => format!("{} do not fit: at most {} do.", sequences(now), numbers::count(most)),
        Some(most) if most == now => format!("{here}; no more fit."),
        Some(_) | None => match steps.get(index + 1).and_then(|next| Some((next.batch, next.predicted.as_ref()?))) {
            Some((more, next)) => format!(
                "{here}; {} would get {} each and {} together.",
                numbers::count(more),
                numbers::tokens_per_second(next.per_user),
                numbers::tokens_per_second(next.output)
            ),
            None => format!("{here}."),
        },
    }
}

fn sequences(count: u64) -> String {
    if count == 1 { "1 sequence".into() } else { format!("{} sequences", numbers::count(count)) }
}

fn table(steps: &[Step], fitting: Option<u64>) -> Table {
    let columns = vec![
        Column::figures("Sequences"),
        Column::figures("Each"),
        Column::figures("Together"),
        Column::figures("TPOT"),
        Column::figures("TTFT, under load"),
        Column::figures("Together, at best"),
        Column::text("Fits"),
    ];
    let dash = || "–".to_string();
    let row = |step: &Step| {
        let predicted = |amount: fn(&Speed) -> numbers::Amount| {
            step.predicted.as_ref().map_or_else(dash, |speed| amount(speed).to_string())
        };
        let cells = vec![
            numbers::count(step.batch),
            predicted(|speed| numbers::tokens_per_second(speed.per_user)),
            predicted(|speed| numbers::tokens_per_second(speed.output)),
            predicted(|speed| numbers::seconds(speed.tpot)),
            predicted(|speed| numbers::seconds(speed.ttft_loaded)),
            step.ideal.as_ref().map_or_else(dash, |speed| numbers::tokens_per_second(speed.output).to_string()),
            match fitting {
                Some(most) if step.batch <= most => "yes".into(),
                Some(_) => "no".into(),
                None => dash(),
            },
        ];
        Row { cells, ..Row::default() }
    };
    Table { caption: "Speed by sequences at once".into(), columns, rows: steps.iter().map(row).collect() }
}
