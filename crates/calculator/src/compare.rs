//! Up to four scenarios side by side: what sets them apart, what follows, and how far from the first.

use ridgepoint_catalog::{devices::find_device, find_model};
use ridgepoint_core::{Bytes, Seconds, Speed, TokensPerSecond};

use crate::chart::Chart;
use crate::charts;
use crate::link;
use crate::names;
use crate::numbers;
use crate::report::Report;
use crate::scenario::{Degree, Extras, ModelChoice, Scenario, Settings, Targets};
use crate::table::{Column, Row, Table};

/// What each scenario is called, in order.
pub const LETTERS: [&str; 4] = ["A", "B", "C", "D"];

/// Scenarios side by side.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// What was chosen: a row for each setting, those that differ first and marked as totals are.
    pub settings: Table,
    /// What follows: a row for each figure, with the distance from the first scenario.
    pub figures: Table,
    /// Output of all users over the speed of each, the cache over context and the first token over prompts, each with a line
    /// for each scenario.
    pub charts: [Chart; 3],
}

/// Compares a scenario with others.
pub fn of(scenario: &Scenario, report: &Report, others: &[Scenario]) -> Comparison {
    let other_reports: Vec<Report> = others.iter().map(Report::of).collect();
    let scenarios: Vec<&Scenario> = core::iter::once(scenario).chain(others).take(LETTERS.len()).collect();
    let reports: Vec<&Report> = core::iter::once(report).chain(&other_reports).take(LETTERS.len()).collect();
    Comparison {
        settings: settings(&scenarios, &reports),
        figures: figures(&reports),
        charts: [
            charts::serving_of(&scenarios, &reports),
            charts::kv_cache_of(&scenarios),
            charts::first_token_of(&scenarios),
        ],
    }
}

/// A scenario in a few words.
pub fn title(scenario: &Scenario) -> String {
    format!("{} on {}", model(scenario), hardware(scenario))
}

fn settings(scenarios: &[&Scenario], reports: &[&Report]) -> Table {
    let each = |cell: &dyn Fn(&Scenario, &Report) -> String| -> Vec<String> {
        scenarios.iter().zip(reports).map(|(scenario, report)| cell(scenario, report)).collect()
    };
    let rows = [
        ("Model", each(&|scenario, _| model(scenario))),
        ("Hardware", each(&|scenario, _| hardware(scenario))),
        ("Engine", each(&|scenario, _| engine(scenario))),
        ("Weights", each(&|_, report| report.weights_label().to_owned())),
        ("KV cache", each(&|scenario, _| names::kv_format(scenario.kv).label.to_owned())),
        ("Sequences", each(&|scenario, _| numbers::count(scenario.workload.batch))),
        ("Prompt tokens", each(&|scenario, _| numbers::count(scenario.workload.prompt_tokens))),
        ("Output tokens", each(&|scenario, _| numbers::count(scenario.workload.output_tokens))),
        ("Layout", each(&|scenario, report| layout(scenario, report))),
        ("Settings and extras", each(&|scenario, _| own_settings(scenario))),
    ];
    let differs = |cells: &[String]| cells.iter().any(|cell| *cell != cells[0]);
    let row = |(label, cells): (&str, Vec<String>)| Row {
        total: differs(&cells),
        cells: core::iter::once(label.to_owned()).chain(cells).collect(),
        ..Row::default()
    };
    let (marked, same): (Vec<Row>, Vec<Row>) = rows.into_iter().map(row).partition(|row| row.total);
    Table {
        caption: "What was chosen, differences first".into(),
        columns: columns("Setting", scenarios.len()),
        rows: marked.into_iter().chain(same).collect(),
    }
}

fn figures(reports: &[&Report]) -> Table {
    let predicted = |report: &Report, rate: fn(&Speed) -> f64| Some(rate(&report.prediction.as_ref()?.speed));
    let memory = |report: &Report| Some(report.tightest()?.memory.total().as_f64());
    let rows = [
        row("Memory per device", reports, &memory, &|bytes| format!("{} GiB", numbers::gib(whole_bytes(bytes)))),
        row("KV cache offered (tokens)", reports, &|report| report.capacity.kv_cache_tokens.map(|n| n as f64), &whole),
        row("Largest batch", reports, &|report| report.capacity.max_batch.map(|n| n as f64), &whole),
        row("Longest context", reports, &|report| report.capacity.max_context_tokens.map(|n| n as f64), &whole),
        row("TTFT, alone", reports, &|report| predicted(report, |speed| speed.ttft.get()), &seconds),
        row("TPOT", reports, &|report| predicted(report, |speed| speed.tpot.get()), &seconds),
        row("Whole request", reports, &|report| predicted(report, |speed| speed.end_to_end.get()), &seconds),
        row("Output, each user", reports, &|report| predicted(report, |speed| speed.per_user.get()), &rate),
        row("Output, all sequences", reports, &|report| predicted(report, |speed| speed.output.get()), &rate),
        row(
            "Output, per device",
            reports,
            &|report| Some(predicted(report, |speed| speed.output.get())? / report.device_count().max(1) as f64),
            &rate,
        ),
        row(
            "Output, as many as fit",
            reports,
            &|report| report.predicted_saturation().map(|output| output.value),
            &rate,
        ),
    ];
    let fits = Row {
        total: true,
        cells: core::iter::once("Fits".to_owned())
            .chain(reports.iter().map(|report| report.fit().label().to_owned()))
            .collect(),
        ..Row::default()
    };
    Table {
        caption: "What follows, and how far from A".into(),
        columns: columns("Figure", reports.len()),
        rows: core::iter::once(fits).chain(rows).collect(),
    }
}

fn columns(first: &str, scenarios: usize) -> Vec<Column> {
    let letters = LETTERS.into_iter().take(scenarios).map(Column::figures);
    core::iter::once(Column::text(first)).chain(letters).collect()
}

/// A figure of each scenario, and its distance from that of the first.
fn row(
    label: &str,
    reports: &[&Report],
    figure: &dyn Fn(&Report) -> Option<f64>,
    words: &dyn Fn(f64) -> String,
) -> Row {
    let values: Vec<Option<f64>> = reports.iter().map(|report| figure(report)).collect();
    let first = values.first().copied().flatten().filter(|&first| first > 0.0);
    let cell = |(index, value): (usize, &Option<f64>)| match (value, first) {
        (Some(value), Some(first)) if index > 0 => format!("{} ({})", words(*value), distance(value / first)),
        (Some(value), _) => words(*value),
        (None, _) => "–".to_owned(),
    };
    let cells = core::iter::once(label.to_owned()).chain(values.iter().enumerate().map(cell));
    Row { cells: cells.collect(), ..Row::default() }
}

/// How far a ratio is from one: a percentage while that reads well, and a factor beyond.
fn distance(ratio: f64) -> String {
    let percent = (ratio - 1.0) * 100.0;
    if percent.abs() < 0.05 {
        "same".into()
    } else if ratio >= 2.0 {
        format!("{} ×", numbers::significant(ratio))
    } else if percent > 0.0 {
        format!("+{} %", numbers::significant(percent))
    } else {
        format!("−{} %", numbers::significant(-percent))
    }
}

fn whole(value: f64) -> String {
    numbers::count(value as u64)
}

fn whole_bytes(value: f64) -> Bytes {
    Bytes::new(value as u64)
}

fn seconds(value: f64) -> String {
    numbers::seconds(Seconds::new(value)).to_string()
}

fn rate(value: f64) -> String {
    numbers::tokens_per_second(TokensPerSecond::new(value)).to_string()
}

fn model(scenario: &Scenario) -> String {
    match &scenario.model {
        ModelChoice::Catalogue(id) => find_model(id).map_or_else(|| id.clone(), |entry| entry.name.to_owned()),
        ModelChoice::Custom(custom) => custom.name().to_owned(),
    }
}

fn hardware(scenario: &Scenario) -> String {
    let kinds = scenario.devices.iter().map(|devices| {
        let name = find_device(&devices.id).map_or(devices.id.as_str(), |device| device.name);
        if devices.count == 1 { name.to_owned() } else { format!("{} × {name}", numbers::count(devices.count)) }
    });
    kinds.collect::<Vec<_>>().join(" + ")
}

fn engine(scenario: &Scenario) -> String {
    let label = names::engine(scenario.engine).label;
    match &scenario.engine_version {
        Some(version) => format!("{label} {version}"),
        None => label.to_owned(),
    }
}

/// The layout in use, with a word where the calculator chose it.
fn layout(scenario: &Scenario, report: &Report) -> String {
    let layout = report.parallelism;
    let degrees = [("TP", layout.tensor), ("PP", layout.pipeline), ("EP", layout.expert), ("DP", layout.data)];
    let words: Vec<String> = degrees
        .into_iter()
        .filter(|&(_, degree)| degree > 1)
        .map(|(name, degree)| format!("{name} {degree}"))
        .collect();
    let asked = scenario.layout;
    let is_chosen =
        [asked.tensor, asked.pipeline, asked.expert, asked.data].iter().all(|&degree| degree == Degree::Auto);
    match (words.is_empty(), is_chosen) {
        (true, _) => "whole".into(),
        (false, true) => format!("{} (auto)", words.join(" × ")),
        (false, false) => words.join(" × "),
    }
}

/// What goes beyond the engine's own settings, as a link has it.
fn own_settings(scenario: &Scenario) -> String {
    let (settings, extras, targets) = (Settings::default(), Extras::default(), Targets::default());
    let plain = Scenario { settings, extras, targets, ..scenario.clone() };
    let keys = link::differences(scenario, &plain);
    let words: Vec<String> = keys.into_iter().map(|(key, value)| format!("{key}={value}")).collect();
    if words.is_empty() { "default".into() } else { words.join(" ") }
}
