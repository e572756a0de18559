//! `ridgepoint estimate`: the report for a query, a link, or many of them.

use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use ridgepoint_calculator::custom::CustomModel;
use ridgepoint_calculator::link::Link;
use ridgepoint_calculator::report::{Report, Shortfall};
use ridgepoint_calculator::{facts, json, numbers, spent, table::Table};
use ridgepoint_importer::query;
use serde_json::Value;

use crate::{Problem, text};

/// What to estimate and how to print it.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A query such as "model=llama-3.1-8b&gpu=h100-sxm-80gb&batch=16", or a share link
    #[arg(required_unless_present = "stdin", conflicts_with = "stdin")]
    query: Option<String>,
    /// A config.json whose model takes the place of the query's; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "stdin")]
    config: Option<PathBuf>,
    /// Read one query from each line of standard input and print one JSON report for each
    #[arg(long)]
    stdin: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Prints the report or reports.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Problem> {
    let mut out = io::stdout().lock();
    let Some(query) = &arguments.query else { return each_line(io::stdin().lock(), &mut out) };
    let config = arguments.config.as_deref().map(read_config).transpose()?;
    let link = read_alone(query, config)?;
    let report = Report::of(&link.scenario).with_fixes(&link.scenario);
    if arguments.json {
        writeln!(out, "{}", json::to_string_pretty(&report, &link.notices))?;
    } else {
        print(&report, &link, &mut out)?;
    }
    Ok(())
}

/// One report or `{"error": ...}` for each line; an unreadable line does not stop the rest.
fn each_line(mut lines: impl BufRead, out: &mut impl Write) -> Result<(), Problem> {
    let mut bytes = Vec::new();
    while lines.read_until(b'\n', &mut bytes)? > 0 {
        let line = String::from_utf8_lossy(&bytes);
        let answer = match read_line(line.trim()) {
            Ok(link) => json::to_string(&Report::of(&link.scenario).with_fixes(&link.scenario), &link.notices),
            Err(problem) => json::failure(&problem.to_string()),
        };
        writeln!(out, "{answer}")?;
        bytes.clear();
    }
    Ok(())
}

/// The custom model in a file, named after it.
pub(crate) fn read_config(path: &Path) -> Result<CustomModel, Problem> {
    let text = if path == Path::new("-") { io::read_to_string(io::stdin())? } else { read_file(path)? };
    let name = path.file_stem().and_then(|name| name.to_str()).filter(|&name| name != "-" && name != "config");
    custom(&text, name)
}

fn read_file(path: &Path) -> Result<String, Problem> {
    std::fs::read_to_string(path).map_err(|error| Problem::Input(format!("{} cannot be read: {error}", path.display())))
}

fn custom(text: &str, name: Option<&str>) -> Result<CustomModel, Problem> {
    query::config(text, name).map_err(Problem::Input)
}

/// Reads a line: a query, or `{"query": ..., "config": {...}}`.
fn read_line(line: &str) -> Result<Link, Problem> {
    if !line.starts_with('{') {
        return read_alone(line, None);
    }
    let line: Value =
        serde_json::from_str(line).map_err(|error| Problem::Input(format!("the line is not valid JSON: {error}")))?;
    let config = line.get("config").map(|config| custom(&config.to_string(), None)).transpose()?;
    match line.get("query").and_then(Value::as_str) {
        Some(query) => read_alone(query, config),
        None => Err(Problem::Input("the line has no \"query\"".into())),
    }
}

/// Reads a query.
pub(crate) fn read(query: &str, config: Option<CustomModel>) -> Result<Link, Problem> {
    query::read(query, config).map_err(Problem::Input)
}

/// Reads a query of which only the first scenario is wanted.
fn read_alone(query: &str, config: Option<CustomModel>) -> Result<Link, Problem> {
    query::read_alone(query, config).map_err(Problem::Input)
}

fn print(report: &Report, link: &Link, out: &mut impl Write) -> Result<(), Problem> {
    let verdict = report.verdict();
    let limits = spent::limits(&link.scenario, report);
    writeln!(out, "{}: {}\n{}\n{limits}\n", verdict.fit.label(), verdict.sentence, verdict.limit)?;
    for figure in &verdict.figures {
        writeln!(out, "  {:<18} {:>8} {:<9} {}", figure.label, figure.value, figure.unit, figure.note)?;
    }
    if let Some(Shortfall { device, missing, largest: (part, bytes) }) = report.shortfall() {
        let (missing, bytes) = (numbers::bytes(missing), numbers::bytes(bytes));
        writeln!(
            out,
            "\nmissing: {missing} on rank {}, {}; its largest part is {bytes} of {}",
            device.first_rank, device.name, part.label
        )?;
    }
    writeln!(out, "\nWhat would fit, each with everything else as it is\n")?;
    for fact in facts::capacity(report) {
        writeln!(out, "  {:<18} {}", fact.label, fact.value)?;
    }
    let tables: [Table; 4] = [report.breakdown().table, report.times(), report.parameters(), report.operations()];
    for table in &tables {
        writeln!(out, "\n{}\n{}", table.caption, text::table(table))?;
    }
    for block in report.extras() {
        writeln!(out, "\n{}\n", block.title)?;
        for fact in block.facts {
            writeln!(out, "  {:<32} {}", fact.label, fact.value)?;
        }
        for note in block.notes {
            writeln!(out, "  ({note})")?;
        }
    }
    for fix in &report.fixes {
        writeln!(out, "to make it fit: {} ({})", fix.change, fix.query)?;
    }
    for warning in &report.warnings {
        writeln!(out, "warning: {warning}")?;
    }
    for notice in &link.notices {
        writeln!(out, "notice: {notice}")?;
    }
    Ok(())
}
