//! Every layout of the devices, best first, what is wrong with the others, how to start the engine, and what other
//! devices would do.

use leptos::prelude::*;
use ridgepoint_calculator::chart::Chart;
use ridgepoint_calculator::charts;
use ridgepoint_calculator::launch::Launch;
use ridgepoint_calculator::plan::{Plan, serving};
use ridgepoint_calculator::ranking::{self, Candidate};
use ridgepoint_calculator::scenario::{Scenario, Targets};

use crate::draw::Figure;
use crate::element::{El, el};
use crate::panels::card;
use crate::panels::setting::key_field;
use crate::shared::Shared;
use crate::signals::{derived, memo};
use crate::widgets::piece::tag;
use crate::widgets::{CopyButton, DataTable, Glyph};

/// Layouts, their trade-off, the command for the scenario as it stands, and devices for its model.
pub fn view(shared: Shared) -> El {
    let Shared { scenario, report, .. } = shared;
    let plan = derived(move || scenario.with(Plan::of));
    let table = move || plan.with(Plan::table);
    let refusals = move || plan.with(Plan::refusals);
    let chart = derived(move || plan.with(|plan| report.with(|report| charts::layouts(plan, report))));
    let query = move |index: usize| table().rows.get(index)?.query.clone();
    let layouts = card("layouts-table", "Layouts that fit")
        .child(view! { <DataTable table=Box::new(table)/> })
        .on("click", shared.follow(query));
    let refused = el("details")
        .child(el("summary").text("Layouts that do not"))
        .child(view! { <DataTable table=Box::new(refusals)/> });
    el("div")
        .class("pieces")
        .child(layouts.child(refused))
        .child(promises(shared))
        .child(view! { <Figure chart without_table=true/> })
        .child(command(scenario))
        .child(others(shared))
}

/// How long requests may take, and the load that each layout serves within that.
fn promises(shared: Shared) -> El {
    let scenario = shared.scenario;
    let has_targets = memo(move || scenario.with(|scenario| scenario.targets != Targets::default()));
    let services = derived(move || scenario.with(serving::within));
    let is_kept = memo(move || usize::from(services.with(|services| !services.is_empty())));
    let kept = move |_| {
        let table = move || services.with(|services| serving::table(services, KEPT));
        let query = move |index: usize| services.with_untracked(|services| Some(services.get(index)?.query.clone()));
        el("div").child(view! { <DataTable table=Box::new(table)/> }).on("click", shared.follow(query))
    };
    let words = move || match (has_targets.get(), services.with(Vec::is_empty)) {
        (false, _) => "Set a limit to see how many sequences each layout serves within it.",
        (true, true) => "No layout answers even one sequence in time.",
        (true, false) => "",
    };
    let limit = |(label, key): (&'static str, &'static str)| {
        key_field(scenario, label, key, move |changed| shared.visit(&changed, &shared.others.get_untracked()))
    };
    card("promises", "Service levels")
        .child(el("div").class("pair").children(LIMITS.map(limit)))
        .child(el("p").with("role", "status").words(move || words().to_owned()))
        .child(el("div").rows(is_kept, kept))
}

const KEPT: &str = "The most sequences of each layout in time";

/// Labels of the limits, and their keys in links.
const LIMITS: [(&str, &str); 2] = [("TTFT under load, at most (seconds)", "ttft"), ("TPOT, at most (seconds)", "tpot")];

/// The trade-off of the layouts.
pub fn chart(Shared { scenario, report, .. }: Shared) -> Chart {
    scenario.with(|scenario| report.with(|report| charts::layouts(&Plan::of(scenario), report)))
}

/// The command that starts the engine like this.
fn command(scenario: RwSignal<Scenario>) -> El {
    let launch = derived(move || scenario.with(Launch::of));
    let text = memo(move || launch.with(|launch| launch.command.clone()));
    let notes = move || {
        let notes = launch.with(|launch| launch.notes.clone());
        tag("ul").children(notes.into_iter().map(|note| tag("li").text(note))).only()
    };
    card("command", "Command")
        .child(el("pre").with("tabindex", "0").words(move || text.get()))
        .child(el("div").pieces(notes))
        .child(view! { <CopyButton label="Copy command" glyph=Glyph::Code text/> })
}

/// What other devices would do with the same model and load, and other models on the same devices, each reckoned only while
/// it is asked for.
fn others(shared: Shared) -> El {
    card("others", "Other devices, other models")
        .child(ranked(shared, "Compare all devices", "Every device with this model and load", ranking::devices_for))
        .child(ranked(
            shared,
            "Compare all models",
            "Every model on these devices, with this load",
            ranking::models_for,
        ))
}

fn ranked(
    shared: Shared,
    summary: &'static str,
    caption: &'static str,
    candidates: fn(&Scenario) -> Vec<Candidate>,
) -> El {
    let is_open = RwSignal::new(false);
    let count = memo(move || usize::from(is_open.get()));
    let make = move |_| {
        let table = derived(move || ranking::table(&shared.scenario.with(candidates), caption));
        let query = move |index: usize| table.with(|table| table.rows.get(index)?.query.clone());
        el("div").child(view! { <DataTable table=Box::new(move || table.get())/> }).on("click", shared.follow(query))
    };
    el("details")
        .child(el("summary").text(summary))
        .child(el("div").rows(count, make))
        .on("toggle", move |_| is_open.update(|open| *open = !*open))
}
