//! How fast it runs, and where the time goes: each operation against the roofline.

use leptos::prelude::*;
use ridgepoint_calculator::charts;
use ridgepoint_calculator::report::Report;

use super::card;
use crate::draw::Figure;
use crate::element::{El, el};
use crate::signals::derived;
use crate::widgets::DataTable;

/// Times and rates, the roofline and the operations on it.
#[component]
pub fn SpeedView(
    /// What follows from the scenario.
    report: Memo<Report>,
) -> El {
    let chart = derived(move || report.with(charts::roofline));
    let times = move || report.with(Report::times);
    let operations = move || report.with(Report::operations);
    el("div")
        .class("pieces")
        .child(card("times", "Times and rates").child(view! { <DataTable table=Box::new(times)/> }))
        .child(view! { <Figure chart without_table=true/> })
        .child(card("operations", "Operations").child(view! { <DataTable table=Box::new(operations)/> }))
}
