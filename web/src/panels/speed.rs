//! How fast it runs, and where the time goes.

use leptos::prelude::*;
use ridgepoint_calculator::chart::Chart;
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::scenario::Scenario;
use ridgepoint_calculator::{charts, spent};

use super::{card, extras_card};
use crate::draw::Figure;
use crate::element::{El, el};
use crate::shared::Shared;
use crate::signals::derived;
use crate::widgets::{DataTable, StackedBars};

/// Times and rates, what limits them, how they change with load and prompts, and the operations behind them.
pub fn speed_view(Shared { scenario, report, .. }: Shared) -> El {
    let both = move |read: fn(&Scenario, &Report) -> Chart| {
        derived(move || scenario.with(|scenario| report.with(|report| read(scenario, report))))
    };
    let times = move || report.with(Report::times);
    let limits = move || scenario.with(|scenario| report.with(|report| spent::limits(scenario, report)));
    let bars = move || report.with(Report::time_bars);
    let roofline = derived(move || report.with(charts::roofline));
    let (serving, first_token) = (both(charts::serving), both(charts::first_token));
    let operations = move || report.with(Report::operations);
    let bars = el("div").class("bars").child(view! { <StackedBars bars=Box::new(bars)/> });
    let spent = card("spent", "Where the time goes").child(el("p").words(limits)).child(bars);
    let load =
        el("div").class("halves").child(view! { <Figure chart=serving/> }).child(view! { <Figure chart=first_token/> });
    el("div")
        .class("pieces")
        .child(card("times", "Times and rates").child(view! { <DataTable table=Box::new(times)/> }))
        .child(extras_card(report))
        .child(spent)
        .child(load)
        .child(view! { <Figure chart=roofline without_table=true/> })
        .child(card("operations", "Operations").child(view! { <DataTable table=Box::new(operations)/> }))
}
