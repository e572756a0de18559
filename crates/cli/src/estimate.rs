//! `ridgepoint estimate`: the report for a query, a link, or many of them.

use std::io::{self, BufRead, Write};

use ridgepoint_calculator::link::{self, Link, Severity};
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::{json, table::Table};

use crate::{Problem, text};

/// What to estimate and how to print it.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A query such as "model=llama-3.1-8b&gpu=h100-sxm-80gb&batch=16", or a share link
    #[arg(required_unless_present = "stdin", conflicts_with = "stdin")]
    query: Option<String>,
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
    let link = read(query)?;
    let report = Report::of(&link.scenario);
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
        let answer = match read(line.trim()) {
            Ok(link) => json::to_string(&Report::of(&link.scenario), &link.notices),
            Err(problem) => json::failure(&problem.to_string()),
        };
        writeln!(out, "{answer}")?;
        bytes.clear();
    }
    Ok(())
}

/// Reads a query. One about a model or device that is not known has no answer here: a script would take another
/// model's figures for it.
fn read(query: &str) -> Result<Link, Problem> {
    if query.starts_with('{') {
        let line: serde_json::Value = serde_json::from_str(query)
            .map_err(|error| Problem::Input(format!("the line is not valid JSON: {error}")))?;
        return match (line.get("query").and_then(serde_json::Value::as_str), line.get("config")) {
            (Some(query), None) => read(query),
            (_, Some(_)) => Err(Problem::Input("custom models (config) cannot be read by this version".into())),
            (None, None) => Err(Problem::Input("the line has no \"query\"".into())),
        };
    }
    if !query.contains('=') {
        return Err(Problem::Input(format!(
            "no setting found in “{query}”: write key=value pairs joined by &, such as model=llama-3.1-8b"
        )));
    }
    let link = link::decode(query);
    match link.notices.iter().find(|notice| notice.severity == Severity::Replaced) {
        Some(notice) => Err(Problem::Input(notice.problem.clone())),
        None => Ok(link),
    }
}

fn print(report: &Report, link: &Link, out: &mut impl Write) -> Result<(), Problem> {
    let verdict = report.verdict();
    writeln!(out, "{}: {}\n{}\n", verdict.fit.label(), verdict.sentence, verdict.limit)?;
    for figure in &verdict.figures {
        writeln!(out, "  {:<18} {:>8} {:<9} {}", figure.label, figure.value, figure.unit, figure.note)?;
    }
    let tables: [Table; 2] = [report.breakdown().table, report.operations()];
    for table in &tables {
        writeln!(out, "\n{}\n{}", table.caption, text::table(table))?;
    }
    for warning in &report.warnings {
        writeln!(out, "warning: {warning}")?;
    }
    for notice in &link.notices {
        writeln!(out, "notice: {notice}")?;
    }
    Ok(())
}
