//! Every layout of the devices, best first, what is wrong with the others, how to start the engine, and what other
//! devices would do.

use leptos::prelude::*;
use ridgepoint_calculator::chart::Chart;
use ridgepoint_calculator::launch::Launch;
use ridgepoint_calculator::plan::{Plan, Targets};
use ridgepoint_calculator::scenario::Scenario;
use ridgepoint_calculator::{charts, ranking};

use crate::draw::Figure;
use crate::element::{El, el};
use crate::panels::card;
use crate::shared::Shared;
use crate::signals::{derived, memo};
use crate::widgets::piece::tag;
use crate::widgets::{CopyButton, DataTable, Glyph};

/// Layouts, their trade-off, the command for the scenario as it stands, and devices for its model.
pub fn view(shared: Shared) -> El {
    let Shared { scenario, report, .. } = shared;
    let plan = derived(move || scenario.with(|scenario| Plan::of(scenario, Targets::default())));
    let table = move || plan.with(Plan::table);
    let refused = move || plan.with(Plan::refusals);
    let chart = derived(move || plan.with(|plan| report.with(|report| charts::layouts(plan, report))));
    let query = move |index: usize| table().rows.get(index)?.query.clone();
    let layouts = card("layouts-table", "Layouts that fit")
        .child(view! { <DataTable table=Box::new(table)/> })
        .on("click", shared.follow(query));
    let others = el("details")
        .child(el("summary").text("Layouts that do not"))
        .child(view! { <DataTable table=Box::new(refused)/> });
    el("div")
        .class("pieces")
        .child(layouts.child(others))
        .child(view! { <Figure chart without_table=true/> })
        .child(command(scenario))
        .child(devices(shared))
}

/// The trade-off of the layouts.
pub fn chart(Shared { scenario, report, .. }: Shared) -> Chart {
    scenario.with(|scenario| report.with(|report| charts::layouts(&Plan::of(scenario, Targets::default()), report)))
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

/// What other devices would do with the same model and load, reckoned only while it is asked for.
fn devices(shared: Shared) -> El {
    let scenario = shared.scenario;
    let is_open = RwSignal::new(false);
    let count = memo(move || usize::from(is_open.get()));
    let table = move || {
        let candidates = scenario.with(|scenario| ranking::devices_for(scenario, Targets::default()));
        ranking::table(&candidates, "Every device with this model and load")
    };
    let make = move |_| {
        let table = derived(table);
        let query = move |index: usize| table.with(|table| table.rows.get(index)?.query.clone());
        el("div").child(view! { <DataTable table=Box::new(move || table.get())/> }).on("click", shared.follow(query))
    };
    card("devices", "Other devices").child(
        el("details")
            .child(el("summary").text("Compare all devices"))
            .child(el("div").rows(count, make))
            .on("toggle", move |_| is_open.update(|open| *open = !*open)),
    )
}
