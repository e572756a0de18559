//! `ridgepoint compare`: the scenarios of a link side by side.

use std::io::{self, Write};

use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::{compare, json};

use crate::{Problem, estimate, text};

/// What to compare and how to print it.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A query or share link with other scenarios, such as "model=llama-3.1-8b&gpu=h100-sxm-80gb&b.gpu=l40s&c.w=fp8"
    query: String,
    /// Print a JSON report for each scenario, in a list
    #[arg(long)]
    json: bool,
}

/// Prints the comparison.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Problem> {
    let link = estimate::read(&arguments.query, None)?;
    if link.others.is_empty() {
        return Err(Problem::Input(
            "nothing to compare with: say what sets another scenario apart, such as b.n=2".into(),
        ));
    }
    let mut out = io::stdout().lock();
    if arguments.json {
        let scenarios = core::iter::once(&link.scenario).chain(&link.others);
        let reports =
            scenarios.map(|scenario| json::to_string(&Report::of(scenario).with_fixes(scenario), &link.notices));
        writeln!(out, "[{}]", reports.collect::<Vec<_>>().join(",\n"))?;
        return Ok(());
    }
    let comparison = compare::of(&link.scenario, &Report::of(&link.scenario), &link.others);
    for table in [&comparison.settings, &comparison.figures] {
        writeln!(out, "{}\n{}", table.caption, text::table(table))?;
    }
    for notice in &link.notices {
        writeln!(out, "notice: {notice}")?;
    }
    Ok(())
}
