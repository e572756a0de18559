//! `ridgepoint models`, `devices`, `formats` and `engines`: what can be chosen.

use std::io::{self, Write};

use ridgepoint_calculator::options::{self, Group};
use serde_json::{Value, json};

use crate::Problem;

/// How to print a list.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Print the list as JSON
    #[arg(long)]
    json: bool,
}

/// The models of the catalogue.
pub(crate) fn models(arguments: &Arguments) -> Result<(), Problem> {
    print(arguments, &options::models())
}

/// The devices of the catalogue.
pub(crate) fn devices(arguments: &Arguments) -> Result<(), Problem> {
    print(arguments, &options::devices())
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
        let entries: Vec<Value> = groups
            .iter()
            .flat_map(|group| group.choices.iter().map(move |choice| (group, choice)))
            .map(|(group, choice)| {
                json!({ "id": choice.id, "name": choice.name, "group": group.label, "detail": choice.detail })
            })
            .collect();
        writeln!(out, "{:#}", Value::from(entries))?;
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
