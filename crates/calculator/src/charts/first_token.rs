//! How long the first token takes as prompts grow.

use ridgepoint_catalog::Metric;
use ridgepoint_core::{Pace, Seconds, Speed, Workload};

use super::ticks;
use crate::capacity::Capacity;
use crate::chart::{Axis, Chart, Mark, Point, Scale, Series, Stroke};
use crate::compare::LETTERS;
use crate::deployment::Resolved;
use crate::ink::Ink;
use crate::link::MAX_TOKENS;
use crate::numbers;
use crate::report::Report;
use crate::scenario::Scenario;
use crate::table::{Column, Row, Table};

/// TTFT over the length of the prompt: of a request alone, with its interval, among others, and at best.
pub fn first_token(scenario: &Scenario, report: &Report) -> Chart {
    let resolved = Resolved::of(scenario).as_run();
    let now = resolved.workload;
    let steps = steps(&resolved, now);
    let interval = report.spread(Metric::Ttft);
    let mut series = Vec::new();
    let mut add = |name: String, ink, stroke, emphasis, time: &dyn Fn(&Step) -> Option<f64>| {
        let point = |step: &Step| {
            let seconds = time(step)?;
            let amount = numbers::seconds(Seconds::new(seconds));
            let reading = format!("{name}: {amount} for {} tokens", numbers::count(step.prompt_tokens));
            Some(Point { x: step.prompt_tokens as f64, y: seconds, reading })
        };
        let points: Vec<Point> = steps.iter().filter_map(point).collect();
        if !points.is_empty() {
            series.push(Series { name, ink, stroke, emphasis, points, readable: true });
        }
    };
    add("at best".into(), Ink::Series(0), Stroke::Dashed, false, &|step| Some(step.ideal.as_ref()?.ttft.get()));
    if let Some((low, high)) = interval {
        // Nothing is faster than light.
        let bound = |share: f64| {
            move |step: &Step| {
                let least = step.ideal.as_ref()?.ttft.get();
                Some((step.predicted.as_ref()?.ttft.get() * share).max(least))
            }
        };
        add("1 in 10 is faster".into(), Ink::Series(2), Stroke::Dashed, false, &bound(low));
        add("1 in 10 is slower".into(), Ink::Series(3), Stroke::Dashed, false, &bound(high));
    }
    if now.batch > 1 && report.writes() {
        let name = format!("among {} sequences", numbers::count(now.batch));
        add(name, Ink::Series(1), Stroke::Line, false, &|step| Some(step.predicted.as_ref()?.ttft_loaded.get()));
    }
    add("alone".into(), Ink::Prefill, Stroke::Line, true, &|step| Some(step.predicted.as_ref()?.ttft.get()));
    let (x, y) = axes(&steps.iter().map(|step| step.prompt_tokens).collect::<Vec<_>>(), &series);
    let mark = steps.iter().find(|step| step.prompt_tokens == now.prompt_tokens).and_then(|step| {
        let ttft = step.predicted.as_ref()?.ttft;
        Some(Mark { x: now.prompt_tokens as f64, y: ttft.get(), label: "now".into(), ink: Ink::Current })
    });
    Chart {
        id: "first-token",
        title: "Time to first token over prompt length".into(),
        caption: caption(&steps, now.prompt_tokens),
        x,
        y,
        series,
        marks: mark.into_iter().collect(),
        table: table(&steps),
    }
}

/// The same for several scenarios: the predicted time of a request alone in each.
pub fn first_token_of(scenarios: &[&Scenario]) -> Chart {
    let (mut series, mut marks, mut rows, mut prompts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (index, scenario) in scenarios.iter().enumerate() {
        let letter = LETTERS.get(index).copied().unwrap_or_default();
        let resolved = Resolved::of(scenario).as_run();
        let now = resolved.workload;
        let steps = steps(&resolved, now);
        let points: Vec<Point> = steps
            .iter()
            .filter_map(|step| {
                let ttft = step.predicted.as_ref()?.ttft;
                let amount = numbers::seconds(ttft);
                let reading = format!("{letter}: {amount} for {} tokens", numbers::count(step.prompt_tokens));
                Some(Point { x: step.prompt_tokens as f64, y: ttft.get(), reading })
            })
            .collect();
        let ink = Ink::Series(index as u8);
        let own = points.iter().find(|point| point.x == now.prompt_tokens as f64);
        marks.extend(own.map(|point| Mark { x: point.x, y: point.y, label: letter.into(), ink }));
        if !points.is_empty() {
            let stroke = Stroke::Line;
            series.push(Series { name: letter.into(), ink, stroke, emphasis: false, points, readable: true });
        }
        prompts.extend(steps.iter().map(|step| step.prompt_tokens));
        let lettered = |row: Row| Row { cells: core::iter::once(letter.to_owned()).chain(row.cells).collect(), ..row };
        rows.extend(table(&steps).rows.into_iter().map(lettered));
    }
    let (x, y) = axes(&prompts, &series);
    Chart {
        id: "compared-first-token",
        title: "Time to first token over prompt length".into(),
        caption: "Of a request alone; the marks are the scenarios as they stand.".into(),
        x,
        y,
        series,
        marks,
        table: Table {
            caption: "Time to first token by prompt length, for each scenario".into(),
            columns: core::iter::once(Column::text("Scenario")).chain(table(&[]).columns).collect(),
            rows,
        },
    }
}

fn axes(prompts: &[u64], series: &[Series]) -> (Axis, Axis) {
    let times = || series.iter().flat_map(|series| &series.points).map(|point| point.y);
    let highest = times().fold(0.0, f64::max);
    let (y_min, y_max) =
        if highest > 0.0 { ticks::around(times().fold(highest, f64::min), highest) } else { (0.001, 1.0) };
    let x_min = prompts.iter().copied().min().unwrap_or(SHORTEST);
    let x_max = prompts.iter().copied().max().unwrap_or(2 * SHORTEST);
    let x = Axis {
        label: "Prompt (tokens)".into(),
        scale: Scale::Logarithmic,
        min: x_min as f64,
        max: x_max as f64,
        ticks: ticks::doublings(x_min, x_max, numbers::context),
    };
    let y = Axis {
        label: "Time to first token (s)".into(),
        scale: Scale::Logarithmic,
        min: y_min,
        max: y_max,
        ticks: ticks::rounds(y_min, y_max, numbers::round),
    };
    (x, y)
}

/// Where the axis starts, unless the scenario lies further left.
const SHORTEST: u64 = 128;

/// A length of prompt, and how fast it is read.
struct Step {
    prompt_tokens: u64,
    predicted: Option<Speed>,
    ideal: Option<Speed>,
}

/// Doublings up to the model's context, and the scenario's prompt.
fn steps(resolved: &Resolved, now: Workload) -> Vec<Step> {
    /// Enough to see growth where a model does not say what it was made for.
    const USUAL: u64 = 32_768;
    let Some(stages) = resolved.stages() else { return Vec::new() };
    let prompt = now.prompt_tokens.min(MAX_TOKENS);
    let limit = resolved.model.context_limit.unwrap_or(USUAL).clamp(4 * SHORTEST, MAX_TOKENS);
    let longest = limit.max(prompt).next_power_of_two();
    let shortest = SHORTEST.min(prompt.next_power_of_two() / 2).max(1);
    let within = |tokens: &u64| (shortest..=longest).contains(tokens);
    let mut prompts: Vec<u64> = (0..u64::BITS).map(|power| 1 << power).filter(within).collect();
    if let Err(place) = prompts.binary_search(&prompt) {
        prompts.insert(place, prompt);
    }
    let capacity = Capacity::of(resolved, now);
    let deployment = resolved.deployment(&stages, &capacity);
    let step = |prompt_tokens| {
        let speed = |pace| deployment.speed(Workload { prompt_tokens, ..now }, pace);
        Step { prompt_tokens, predicted: speed(Pace::Predicted), ideal: speed(Pace::Ideal) }
    };
    prompts.into_iter().map(step).collect()
}

fn caption(steps: &[Step], prompt_tokens: u64) -> String {
    let step = steps.iter().find(|step| step.prompt_tokens == prompt_tokens);
    let Some((predicted, ideal)) = step.and_then(|step| Some((step.predicted.as_ref()?, step.ideal.as_ref()?))) else {
        return "Speed cannot be told: a figure that it needs is not known.".into();
    };
    format!(
        "After a prompt of {} tokens the first token comes in {}, at best in {}.",
        numbers::count(prompt_tokens),
        numbers::seconds(predicted.ttft),
        numbers::seconds(ideal.ttft)
    )
}

fn table(steps: &[Step]) -> Table {
    let columns = vec![
        Column::figures("Prompt (tokens)"),
        Column::figures("TTFT, alone"),
        Column::figures("TTFT, under load"),
        Column::figures("At best"),
    ];
    let amount = |speed: &Option<Speed>, time: fn(&Speed) -> Seconds| {
        speed.as_ref().map_or_else(|| "–".to_string(), |speed| numbers::seconds(time(speed)).to_string())
    };
    let row = |step: &Step| Row {
        cells: vec![
            numbers::count(step.prompt_tokens),
            amount(&step.predicted, |speed| speed.ttft),
            amount(&step.predicted, |speed| speed.ttft_loaded),
            amount(&step.ideal, |speed| speed.ttft),
        ],
        ..Row::default()
    };
    Table { caption: "Time to first token by prompt length".into(), columns, rows: steps.iter().map(row).collect() }
}
