//! `ridgepoint plan`: layouts of a scenario's devices, ranked, and where layers go on devices that differ.

use std::io::{self, Write};

use ridgepoint_calculator::launch::Launch;
use ridgepoint_calculator::link::{Link, Notice, Severity};
use ridgepoint_calculator::placement::Placement;
use ridgepoint_calculator::plan::serving::{self, Service};
use ridgepoint_calculator::plan::{Objective, Plan, Proposal};
use ridgepoint_calculator::scenario::{PriceChoice, Targets};
use ridgepoint_core::{Parallelism, Seconds};
use serde_json::{Value, json};

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
    let answers = Answers {
        plan: Plan::of(&link.scenario),
        placements: Placement::all(&link.scenario),
        front: serving::front(&link.scenario),
        within: serving::within(&link.scenario),
    };
    let wanted: Vec<Objective> =
        Objective::ALL.into_iter().filter(|one| objective.is_none_or(|wanted| wanted == *one)).collect();
    let priced = answers.plan.proposals.iter().any(|proposal| proposal.cost.is_some());
    if objective == Some(Objective::Cost) && !priced && !answers.plan.proposals.is_empty() {
        return Err(Problem::Input(
            "no cost can be told: a price or a time is not known; add price= in US dollars".into(),
        ));
    }
    if arguments.json {
        writeln!(out, "{:#}", view(&answers, &link, &wanted))?;
    } else {
        print(&answers, &link, &wanted, &mut out)?;
    }
    Ok(())
}

/// Everything that is printed.
struct Answers {
    plan: Plan,
    placements: Vec<Placement>,
    front: Vec<Service>,
    within: Vec<Service>,
}

fn view(answers: &Answers, link: &Link, wanted: &[Objective]) -> Value {
    let Answers { plan, placements, front, within } = answers;
    let best = |objective: Objective| {
        let best = plan.best(objective).map(|best| {
            let launch = Launch::of(&best.scenario(&link.scenario));
            json!({ "layout": best.words, "query": best.query, "command": launch.command, "notes": launch.notes })
        });
        (objective.id().to_string(), best.into())
    };
    let layouts = plan.proposals.iter().enumerate().map(|(index, proposal)| {
        let merits = plan.merits(index).map(Objective::id).collect();
        layout(proposal, merits)
    });
    let rejected =
        plan.rejected.iter().map(|rejected| json!({ "layout": rejected.words, "reason": rejected.reason.to_string() }));
    json!({
        "schema": 1,
        "devices": link.scenario.device_count(),
        "best": wanted.iter().copied().map(best).collect::<serde_json::Map<_, Value>>(),
        "layouts": layouts.collect::<Vec<_>>(),
        "rejected": rejected.collect::<Vec<_>>(),
        "placements": placements.iter().map(placement).collect::<Vec<_>>(),
        "front": front.iter().map(service).collect::<Vec<_>>(),
        "within_targets": within.iter().map(service).collect::<Vec<_>>(),
        "notices": link.notices.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn layout(proposal: &Proposal, merits: Vec<&str>) -> Value {
    let Parallelism { tensor, pipeline, expert, data, .. } = proposal.parallelism;
    let times = proposal.times;
    json!({
        "layout": proposal.words,
        "parallelism": { "tp": tensor, "pp": pipeline, "ep": expert, "dp": data },
        "devices": proposal.parallelism.devices(),
        "query": proposal.query,
        "headroom_bytes": proposal.headroom,
        "ttft_loaded_s": times.map(|times| times.ttft.get()),
        "tpot_s": times.map(|times| times.tpot.get()),
        "e2e_s": times.map(|times| times.end_to_end.get()),
        "tokens_per_s_per_user": times.map(|times| times.per_user.get()),
        "output_tokens_per_s": times.map(|times| times.output.get()),
        "output_tokens_per_s_per_device": times.map(|times| times.per_device.get()),
        "usd_per_million_output_tokens": proposal.cost,
        "meets_targets": proposal.meets,
        "on_front": proposal.on_front,
        "best_at": merits,
    })
}

/// A layout under a load as JSON.
pub(crate) fn service(service: &Service) -> Value {
    json!({
        "layout": service.words,
        "query": service.query,
        "batch": service.batch,
        "ttft_loaded_s": service.times.ttft.get(),
        "tpot_s": service.times.tpot.get(),
        "tokens_per_s_per_user": service.times.per_user.get(),
        "output_tokens_per_s": service.times.output.get(),
        "output_tokens_per_s_per_device": service.times.per_device.get(),
    })
}

fn placement(placement: &Placement) -> Value {
    let stages = placement.stages.iter().map(|stage| {
        json!({
            "device": stage.device,
            "layers": [stage.layers.start, stage.layers.end],
            "total_bytes": stage.total.get(),
            "limit_bytes": stage.limit.map(|limit| limit.get()),
            "headroom_bytes": stage.headroom(),
        })
    });
    let map = placement.device_map.iter().map(|(module, device)| (module.clone(), Value::from(*device)));
    json!({
        "aim": placement.aim.id(),
        "fits": placement.fits(),
        "stages": stages.collect::<Vec<_>>(),
        "total_bytes": placement.total().get(),
        "tensor_split": placement.tensor_split,
        "split_ratio": placement.shares,
        "device_map": map.collect::<serde_json::Map<_, _>>(),
        "max_context_tokens": placement.max_context,
        "max_batch": placement.max_batch,
        "tpot_s": placement.times.map(|times| times.tpot.get()),
        "ttft_loaded_s": placement.times.map(|times| times.ttft.get()),
        "output_tokens_per_s": placement.times.map(|times| times.output.get()),
    })
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
