//! `ridgepoint explain`: how each figure of memory comes about.

use std::io::{self, Write};
use std::path::PathBuf;

use ridgepoint_calculator::link;
use ridgepoint_calculator::scenario::Presentation;
use ridgepoint_calculator::working::{self, Working};

use crate::{Problem, estimate};

/// Which scenario.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A query such as "model=llama-3.1-8b&gpu=h100-sxm-80gb&batch=16", or a share link
    query: String,
    /// A config.json whose model takes the place of the query's; - for standard input
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Prints the working of each figure, on the device that has least to spare.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Problem> {
    let config = arguments.config.as_deref().map(estimate::read_config).transpose()?;
    let link = estimate::read(&arguments.query, config)?;
    let mut out = io::stdout().lock();
    writeln!(out, "{}", link::encode(&link.scenario, &Presentation::default()))?;
    for Working { figure, formula, substituted, result, basis, sources } in working::of(&link.scenario) {
        writeln!(out, "\n{figure}: {result} ({})", working::basis(basis))?;
        writeln!(out, "  = {formula}\n  = {substituted}")?;
        for source in sources {
            writeln!(out, "  source: {source}")?;
        }
    }
    for notice in &link.notices {
        writeln!(out, "notice: {notice}")?;
    }
    Ok(())
}
