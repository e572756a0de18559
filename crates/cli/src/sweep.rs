//! `ridgepoint sweep`: how speed changes with the sequences served at once, and with the prompt.

use std::io::{self, Write};

use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::{charts, spent};

use crate::{Problem, estimate, text};

/// What to sweep around.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A query such as "model=llama-3.1-8b&gpu=h100-sxm-80gb&batch=16", or a share link
    query: String,
}

/// Prints the tables behind the charts of serving and of first tokens.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Problem> {
    let link = estimate::read(&arguments.query, None)?;
    let report = Report::of(&link.scenario);
    let mut out = io::stdout().lock();
    writeln!(out, "{}", spent::limits(&link.scenario, &report))?;
    for chart in [charts::serving(&link.scenario, &report), charts::first_token(&link.scenario, &report)] {
        writeln!(out, "\n{}\n{}\n{}", chart.title, chart.caption, text::table(&chart.table))?;
    }
    for notice in &link.notices {
        writeln!(out, "notice: {notice}")?;
    }
    Ok(())
}
