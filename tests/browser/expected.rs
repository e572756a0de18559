//! What the page should show for a query: the calculator's own words for the same scenario, in the form of a snapshot.

use ridgepoint_calculator::breakdown::Bar;
use ridgepoint_calculator::chart::Chart;
use ridgepoint_calculator::compare::{self, Comparison};
use ridgepoint_calculator::facts::{self, Fact};
use ridgepoint_calculator::grid::{self, Grid, GridRow};
use ridgepoint_calculator::link::{self, Link};
use ridgepoint_calculator::matrix::Matrix;
use ridgepoint_calculator::plan::{Plan, serving};
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::scenario::{Degree, ModelChoice, Presentation, Scenario, View};
use ridgepoint_calculator::table::{Column, Row, Table};
use ridgepoint_calculator::verdict::{Fit, Verdict};
use ridgepoint_calculator::{charts, names, numbers, options};
use ridgepoint_importer::{decode, read_config};
use ridgepoint_tests::Trouble;
use ridgepoint_tests::configs::configs;
use ridgepoint_tests::page::Page;
use serde_json::{Map, Value, json};

/// Waits until the page shows everything that follows from a query, notices on the query included. A failure names the
/// first thing that differs. The table of the cache's chart is opened for it.
pub(crate) async fn expect_scenario(page: &Page<'_>, query: &str) -> Result<(), Trouble> {
    let expected = snapshot(&decode(query));
    if !expected["full"]["cacheTable"].is_null() {
        page.open_cache_table().await?;
    }
    page.wait_to_show(&expected).await.map_err(|error| format!("{query}: {error}").into())
}

/// Waits until the address of the page is the one that the calculator writes for a query.
pub(crate) async fn expect_address(page: &Page<'_>, query: &str) -> Result<(), Trouble> {
    let Link { scenario, others, presentation, .. } = decode(query);
    let expected = json!(format!("?{}", link::encode_all(&scenario, &others, &presentation)));
    page.wait_until(&format!("location.search + location.hash === {expected}"))
        .await
        .map_err(|error| format!("{query}: the address does not follow: {error}").into())
}

/// A query with some of its pairs replaced or added, as the calculator writes it. A fragment stays.
pub(crate) fn with(query: &str, changes: &str) -> String {
    let (pairs, fragment) = query.split_once('#').map_or((query, String::new()), |(pairs, c)| (pairs, format!("#{c}")));
    let is_kept = |pair: &&str| changes.split('&').all(|change| key(change) != key(pair));
    let kept: Vec<&str> = pairs.trim_start_matches('?').split('&').filter(is_kept).collect();
    let Link { scenario, presentation, notices, .. } = decode(&format!("{}&{changes}{fragment}", kept.join("&")));
    assert!(notices.is_empty(), "a test's own query is right: {notices:?}");
    format!("?{}", link::encode(&scenario, &presentation))
}

/// A link to a custom model of that name.
pub(crate) fn custom_link(name: &str) -> String {
    let custom = read_config(&configs()["qwen3-4b"], Some(name)).expect("a configuration of the catalogue");
    let scenario = Scenario { model: ModelChoice::Custom(custom), ..Scenario::default() };
    format!("?{}", link::encode(&scenario, &Presentation::default()))
}

fn key(pair: &str) -> &str {
    pair.split_once('=').map_or(pair, |(key, _)| key)
}

/// What a view shows.
struct Shown {
    bars: Vec<Bar>,
    charts: Vec<Chart>,
    /// By the id of their cards' titles.
    tables: Vec<(&'static str, Table)>,
}

impl Shown {
    fn of(view: View, link: &Link, report: &Report) -> Self {
        let Link { scenario, others, .. } = link;
        match view {
            View::Memory => Self {
                bars: report.breakdown().bars,
                charts: vec![charts::kv_cache(scenario)],
                tables: vec![
                    ("breakdown-title", report.breakdown().table),
                    ("parameters-title", report.parameters()),
                    ("grid-title", grid_table(&grid::of(scenario))),
                ],
            },
            View::Speed => Self {
                bars: report.time_bars(),
                charts: vec![
                    charts::serving(scenario, report),
                    charts::first_token(scenario, report),
                    charts::roofline(report),
                ],
                tables: vec![("times-title", report.times()), ("operations-title", report.operations())],
            },
            View::Plan => {
                let plan = Plan::of(scenario);
                let mut tables = vec![("layouts-table-title", plan.table())];
                let services = serving::within(scenario);
                if !services.is_empty() {
                    let caption = "The most sequences of each layout in time";
                    tables.push(("promises-title", serving::table(&services, caption)));
                }
                Self { bars: Vec::new(), charts: vec![charts::layouts(&plan, report)], tables }
            }
            // It follows from no scenario, and has a test of its own.
            View::Evidence => Self { bars: Vec::new(), charts: Vec::new(), tables: Vec::new() },
            View::Compare => {
                let matrix = Matrix::of(scenario.engine, 0, 0);
                let rows = (0..).map_while(|index| matrix.row(scenario, index)).collect();
                let matrix = grid_table(&matrix.grid(scenario, rows));
                let mut shown = Self { bars: Vec::new(), charts: Vec::new(), tables: vec![("matrix-title", matrix)] };
                if !others.is_empty() {
                    let Comparison { settings, figures, charts } = compare::of(scenario, report, others);
                    shown.tables.extend([("differences-title", settings), ("consequences-title", figures)]);
                    shown.charts.extend(charts);
                }
                shown
            }
        }
    }

    /// What there is room for inside another page.
    fn embedded(mut self, view: View) -> Self {
        // The fullest device comes first.
        self.bars.truncate(if view == View::Memory { 1 } else { 0 });
        self.bars.iter_mut().for_each(|bar| bar.notes.clear());
        self.charts.retain(|chart| match view {
            View::Memory => chart.id == "kv-cache",
            View::Speed => chart.id == "roofline",
            View::Plan => chart.id == "layouts",
            View::Compare => chart.id == "compared",
            View::Evidence => false,
        });
        self
    }
}

/// A grid as the page has it.
fn grid_table(grid: &Grid) -> Table {
    let row = |row: &GridRow| {
        let cells = row.cells.iter().map(|cell| format!("{}{}", cell.words, cell.detail));
        Row { cells: core::iter::once(row.label.clone()).chain(cells).collect(), ..Row::default() }
    };
    Table {
        caption: grid.caption.clone(),
        columns: core::iter::once(grid.corner)
            .chain(grid.columns.iter().map(String::as_str))
            .map(Column::figures)
            .collect(),
        rows: grid.rows.iter().map(row).collect(),
    }
}

/// The snapshot of a page that shows a link.
pub(crate) fn snapshot(link: &Link) -> Value {
    let Link { scenario, presentation, notices, .. } = link;
    let report = Report::of(scenario);
    let shown = Shown::of(presentation.view, link, &report);
    let shown = if presentation.embed { shown.embedded(presentation.view) } else { shown };
    let layout = scenario.layout;
    let degrees = [layout.tensor, layout.pipeline, layout.expert, layout.data].map(degree);
    let tables: Map<String, Value> = shown.tables.iter().map(|(id, own)| ((*id).to_owned(), table(own))).collect();
    let full = json!({
        "model": model_name(scenario, &report),
        "device": device_name(&scenario.devices[0].id),
        "count": numbers::count(scenario.devices[0].count),
        "batch": numbers::count(scenario.workload.batch),
        "prompt": numbers::count(scenario.workload.prompt_tokens),
        "output": numbers::count(scenario.workload.output_tokens),
        "weights": scenario.weights.map_or("native", |format| names::weight_format(format).id),
        "kv": names::kv_format(scenario.kv).id,
        "engine": names::engine(scenario.engine).id,
        "layout": degrees,
        "modelFacts": all(&facts::model(&report), fact),
        "hardwareFacts": all(&facts::hardware(&report), fact),
        "notices": all(notices, |notice| words(&notice.to_string())),
        "warnings": all(&report.warnings, |warning| words(&warning.to_string())),
        "openView": [format!("panel-{}", presentation.view.id())],
        "tables": tables,
        "cacheTable": shown.charts.iter().find(|chart| chart.id == "kv-cache").map(|chart| table(&chart.table)),
    });
    json!({
        "verdict": verdict(&report.verdict()),
        "bars": all(&shown.bars, bar),
        "charts": all(&shown.charts, chart),
        "full": if presentation.embed { Value::Null } else { full },
    })
}

fn verdict(verdict: &Verdict) -> Value {
    let fit = match verdict.fit {
        Fit::Fits => "good",
        Fit::Tight => "tight",
        Fit::TooLarge | Fit::Refused => "bad",
        Fit::Unknown => "unknown",
    };
    json!({
        "fit": fit,
        "word": verdict.fit.label(),
        "sentence": words(&verdict.sentence),
        "limit": words(&verdict.limit),
        "figures": all(&verdict.figures, |figure| json!([
            format!("figure-{}", figure.id),
            words(figure.label).as_str(),
            words(&figure.value),
            words(&figure.unit),
            words(&figure.note),
        ])),
    })
}

fn bar(bar: &Bar) -> Value {
    let segments = bar.segments.iter().map(|segment| (&segment.label, &segment.value));
    let parts = segments.chain(bar.notes.iter().map(|(label, value)| (label, value)));
    json!({
        "label": words(&bar.label),
        "summary": words(&bar.summary),
        "markers": bar.limit.iter().chain(&bar.capacity).map(|marker| words(&marker.label)).collect::<Vec<_>>(),
        "parts": parts.map(|(label, value)| json!([words(label), words(value)])).collect::<Vec<_>>(),
    })
}

fn chart(chart: &Chart) -> Value {
    let names: Vec<String> =
        chart.series.iter().filter(|series| !series.name.is_empty()).map(|series| words(&series.name)).collect();
    json!({
        "id": chart.id,
        "title": words(&chart.title),
        "caption": words(&chart.caption),
        "legend": if names.len() > 1 { names } else { Vec::new() },
    })
}

fn table(table: &Table) -> Value {
    json!({
        "caption": words(&table.caption),
        "columns": all(&table.columns, |column| words(&column.label)),
        "rows": all(&table.rows, |row| all(&row.cells, |cell| words(cell))),
        "totals": all(&table.rows, |row| row.total),
    })
}

fn fact(fact: &Fact) -> Value {
    json!([words(fact.label), words(&fact.value)])
}

fn degree(degree: Degree) -> String {
    match degree {
        Degree::Auto => "auto".to_owned(),
        Degree::Of(count) => numbers::count(count),
    }
}

fn model_name(scenario: &Scenario, report: &Report) -> String {
    match &scenario.model {
        ModelChoice::Catalogue(_) => report.model.name.clone(),
        ModelChoice::Custom(_) => scenario.model.selected(),
    }
}

fn device_name(id: &str) -> String {
    let groups = options::devices();
    let choice = groups.iter().flat_map(|group| &group.choices).find(|choice| choice.id == id);
    choice.map(|choice| choice.name.clone()).unwrap_or_default()
}

fn all<T, U: Into<Value>>(list: &[T], show: impl Fn(&T) -> U) -> Value {
    Value::Array(list.iter().map(|one| show(one).into()).collect())
}

/// Words with single spaces between them, as the page has them.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
