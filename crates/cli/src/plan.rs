//! `ridgepoint plan`: layouts of a scenario's devices, ranked, and where layers go on devices that differ.

use std::io::{self, Write};

use ridgepoint_calculator::json;
use ridgepoint_calculator::launch::Launch;
use ridgepoint_calculator::link::{Link, Notice, Severity};
use ridgepoint_calculator::plan::Objective;
use ridgepoint_calculator::plan::answers::Answers;
use ridgepoint_calculator::plan::serving;
use ridgepoint_calculator::scenario::{PriceChoice, Targets};
use ridgepoint_core::Seconds;

use crate::{Problem, estimate, text};

/// What to plan and how to print it.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A query such as "model=deepseek-v3&gpu=h200-sxm-141gb&n=16&batch=64", or a share link
    query: String,
    #[command(flatten)]
    targets: TargetArguments,
    /// What the best layout is to be best at; all of them unless told otherwise
    #[arg(long)]
    objective: Option<Wanted>,
    /// Print the plan as JSON
    #[arg(long)]
    json: bool,
}

/// What a layout is to be best at.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Wanted {
    /// Fewest US dollars for a token; the query's price, or else the catalogue's quotes
    Cost,
    /// Shortest time of a request
    Latency,
    /// Most output
    Throughput,
    /// Fewest devices
    Devices,
}

impl Wanted {
    const fn objective(self) -> Objective {
        match self {
            Self::Cost => Objective::Cost,
            Self::Latency => Objective::Latency,
            Self::Throughput => Objective::Throughput,
            Self::Devices => Objective::FewestDevices,
        }
    }
}

/// Times that requests may take.
#[derive(clap::Args)]
pub(crate) struct TargetArguments {
    /// Longest time to first token under load, in seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds, requires = "query")]
    ttft: Option<f64>,
    /// Longest time per output token, in seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds, requires = "query")]
    tpot: Option<f64>,
}

impl TargetArguments {
    /// What is asked for here counts more than what the query says.
    pub(crate) fn replace(&self, targets: &mut Targets) {
        targets.ttft = self.ttft.map(Seconds::new).or(targets.ttft);
        targets.tpot = self.tpot.map(Seconds::new).or(targets.tpot);
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds.is_finite() => Ok(seconds),
        Ok(_) | Err(_) => Err("a time in seconds such as 0.05 is wanted".into()),
    }
}

/// Prints the plan.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Problem> {
    let mut out = io::stdout().lock();
    let mut link = estimate::read(&arguments.query, None)?;
    let objective = arguments.objective.map(Wanted::objective);
    if objective == Some(Objective::Cost) && link.scenario.extras.price.is_none() {
        link.scenario.extras.price = Some(PriceChoice::Listed);
        link.notices.push(Notice {
            severity: Severity::Adjusted,
            problem: "price: none is given".into(),
            instead:
                "the middle of the catalogue's dated quotes is used; ridgepoint estimate with price=listed shows them"
                    .into(),
        });
    }
    arguments.targets.replace(&mut link.scenario.targets);
    let answers = Answers::of(&link.scenario);
    let wanted: Vec<Objective> =
        Objective::ALL.into_iter().filter(|one| objective.is_none_or(|wanted| wanted == *one)).collect();
    let priced = answers.plan.proposals.iter().any(|proposal| proposal.cost.is_some());
    if objective == Some(Objective::Cost) && !priced && !answers.plan.proposals.is_empty() {
        return Err(Problem::Input(
            "no cost can be told: a price or a time is not known; add price= in US dollars".into(),
        ));
    }
    if arguments.json {
        writeln!(out, "{}", json::plan(&answers, &link, &wanted))?;
    } else {
        print(&answers, &link, &wanted, &mut out)?;
    }
    Ok(())
}

/// Most reasons that are printed as text.
const REASONS: usize = 24;

fn print(answers: &Answers, link: &Link, wanted: &[Objective], out: &mut impl Write) -> Result<(), Problem> {
    let Answers { plan, placements, front, within } = answers;
    if plan.proposals.is_empty() {
        writeln!(out, "No layout fits.")?;
    }
    for &objective in wanted {
        if let Some(best) = plan.best(objective) {
            writeln!(out, "{:<18}  {}\n{:<18}  {}", objective.label(), best.words, "", best.query)?;
            let launch = Launch::of(&best.scenario(&link.scenario));
            for line in launch.command.lines() {
                writeln!(out, "{:<18}  $ {line}", "")?;
            }
            for note in launch.notes {
                writeln!(out, "{:<18}  ({note})", "")?;
            }
        }
    }
    if !plan.proposals.is_empty() {
        let table = plan.table();
        writeln!(out, "\n{}\n{}", table.caption, text::table(&table))?;
    }
    for (services, caption) in [(within, "Most sequences at once in time"), (front, "More users, or faster ones")] {
        if !services.is_empty() {
            let table = serving::table(services, caption);
            writeln!(out, "{}\n{}", table.caption, text::table(&table))?;
        }
    }
    for placement in placements {
        let table = placement.table();
        writeln!(out, "{}\n{}", table.caption, text::table(&table))?;
    }
    for rejected in plan.rejected.iter().take(REASONS) {
        writeln!(out, "not possible: {}: {}", rejected.words, rejected.reason)?;
    }
    if plan.rejected.len() > REASONS {
        writeln!(out, "not possible: {} more (--json has them all)", plan.rejected.len() - REASONS)?;
    }
    for notice in &link.notices {
        writeln!(out, "notice: {notice}")?;
    }
    Ok(())
}
