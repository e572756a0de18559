//! The calculator in a terminal: the same answers as the page, as text or JSON.

mod compare;
mod estimate;
mod explain;
mod finetune;
mod inspect;
mod list;
mod plan;
mod sweep;
mod text;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Whether a model fits on some hardware, what limits it and how fast it could run at best.
#[derive(Parser)]
#[command(name = "ridgepoint", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Answer for one scenario, or for one on each line of standard input
    Estimate(estimate::Arguments),
    /// Set the scenarios of one link side by side: b.gpu=..., c.w=... say what sets the others apart
    Compare(compare::Arguments),
    /// How speed changes with the sequences served at once, and with the length of the prompt
    Sweep(sweep::Arguments),
    /// Show how each figure of memory comes about: formula, numbers and sources
    Explain(explain::Arguments),
    /// Layouts of a scenario's devices: what fits, how fast each is, and why others are not possible
    Plan(plan::Arguments),
    /// Memory of each device while a scenario's model is fine-tuned
    Finetune(finetune::Arguments),
    /// What a model's file holds, read from its header
    Inspect(inspect::Arguments),
    /// List the models of the catalogue, or rank them for a scenario's devices
    Models(list::RankArguments),
    /// List the devices of the catalogue, or rank them for a scenario's model
    Devices(list::RankArguments),
    /// List the weight and KV-cache formats
    Formats(list::Arguments),
    /// List the engines
    Engines(list::Arguments),
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        // Help and version are no mistakes, and go to standard output.
        Err(error) if !error.use_stderr() => {
            return if error.print().is_ok() { ExitCode::SUCCESS } else { ExitCode::from(2) };
        }
        Err(error) => {
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default();
            eprintln!("ridgepoint: {}; see ridgepoint --help", line.trim_start_matches("error: "));
            return ExitCode::from(2);
        }
    };
    let outcome = match arguments.command {
        Command::Estimate(arguments) => estimate::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Sweep(arguments) => sweep::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Plan(arguments) => plan::run(&arguments),
        Command::Finetune(arguments) => finetune::run(&arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Models(arguments) => list::models(&arguments),
        Command::Devices(arguments) => list::devices(&arguments),
        Command::Formats(arguments) => list::formats(&arguments),
        Command::Engines(arguments) => list::engines(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) if problem.is_closed_pipe() => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("ridgepoint: {problem}");
            ExitCode::from(2)
        }
    }
}

/// Why there is no answer.
enum Problem {
    /// The input cannot be read as a scenario.
    Input(String),
    /// Reading or writing failed.
    Io(std::io::Error),
}

impl Problem {
    /// Whether whoever reads our output has read enough, as `head` does.
    fn is_closed_pipe(&self) -> bool {
        match self {
            Self::Input(_) => false,
            Self::Io(error) => error.kind() == std::io::ErrorKind::BrokenPipe,
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Input(text) => f.write_str(text),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}
