//! `ridgepoint models`, `devices`, `formats` and `engines`: what can be chosen.

use std::io::{self, Write};

use ridgepoint_calculator::json;
use ridgepoint_calculator::options::{self, Group};
use ridgepoint_calculator::ranking::{self, Candidate};
use ridgepoint_calculator::scenario::Scenario;

use crate::plan::TargetArguments;
use crate::{Problem, estimate, text};

/// How to print a list.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Print the list as JSON
    #[arg(long)]
    json: bool,
}

/// How to print a list of what could take the place of a scenario's model or device.
#[derive(clap::Args)]
pub(crate) struct RankArguments {
    /// Rank them for a query or share link, the best first, in the place of its own
    #[arg(long = "for", value_name = "QUERY")]
    query: Option<String>,
    #[command(flatten)]
    targets: TargetArguments,
    #[command(flatten)]
    list: Arguments,
}

/// The models of the catalogue.
pub(crate) fn models(arguments: &RankArguments) -> Result<(), Problem> {
    match &arguments.query {
        Some(query) => rank(arguments, query, "Models on these devices", ranking::models_for),
        None => print(&arguments.list, &options::models()),
    }
}

/// The devices of the catalogue.
pub(crate) fn devices(arguments: &RankArguments) -> Result<(), Problem> {
    match &arguments.query {
        Some(query) => rank(arguments, query, "Devices for this model", ranking::devices_for),
        None => print(&arguments.list, &options::devices()),
    }
}

fn rank(
    arguments: &RankArguments,
    query: &str,
    caption: &str,
    candidates: fn(&Scenario) -> Vec<Candidate>,
) -> Result<(), Problem> {
    let mut out = io::stdout().lock();
    let mut link = estimate::read(query, None)?;
    arguments.targets.replace(&mut link.scenario.targets);
    let candidates = candidates(&link.scenario);
    if arguments.list.json {
        writeln!(out, "{}", json::candidates(&candidates))?;
    } else {
        let table = ranking::table(&candidates, caption);
        writeln!(out, "{}\n{}", table.caption, text::table(&table))?;
        for notice in &link.notices {
            writeln!(out, "notice: {notice}")?;
        }
    }
    Ok(())
}

/// Weight formats, then KV-cache formats.
pub(crate) fn formats(arguments: &Arguments) -> Result<(), Problem> {
    let mut groups = options::weight_formats();
    groups.extend(options::kv_formats());
    print(arguments, &groups)
}

/// The engines.
pub(crate) fn engines(arguments: &Arguments) -> Result<(), Problem> {
    print(arguments, &options::engines())
}

fn print(arguments: &Arguments, groups: &[Group]) -> Result<(), Problem> {
    let mut out = io::stdout().lock();
    if arguments.json {
        writeln!(out, "{}", json::choices(groups))?;
        return Ok(());
    }
    let width = groups.iter().flat_map(|group| &group.choices).map(|choice| choice.id.len()).max().unwrap_or(0);
    for group in groups {
        writeln!(out, "{}", group.label)?;
        for choice in &group.choices {
            writeln!(
                out,
                "  {:<width$}  {}{}{}",
                choice.id,
                choice.name,
                if choice.detail.is_empty() { "" } else { ", " },
                choice.detail
            )?;
        }
    }
    Ok(())
}
