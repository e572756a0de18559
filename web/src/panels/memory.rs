//! Where the memory of each device goes, and how the KV cache grows with context.

use leptos::prelude::*;
use ridgepoint_calculator::charts;
use ridgepoint_calculator::parameters::ACTIVE_MEANS;
use ridgepoint_calculator::report::Report;

use super::{card, formats};
use crate::draw::Figure;
use crate::element::{El, el};
use crate::shared::Shared;
use crate::signals::derived;
use crate::widgets::{DataTable, StackedBars};

/// Bars, their table and the chart of the cache.
pub fn memory_view(shared: Shared) -> El {
    let Shared { scenario, report, .. } = shared;
    let breakdown = derived(move || report.with(Report::breakdown));
    let bars = move || breakdown.with(|breakdown| breakdown.bars.clone());
    let table = move || breakdown.with(|breakdown| breakdown.table.clone());
    let parameters = move || report.with(Report::parameters);
    let chart = derived(move || scenario.with(charts::kv_cache));
    let bars_title = el("h3").with("id", "bars-title").class("sr-only").text("Memory of each device");
    let bars = el("section")
        .class("card bars")
        .with("aria-labelledby", "bars-title")
        .child(bars_title)
        .child(view! { <StackedBars bars=Box::new(bars)/> });
    let parameters = card("parameters", "Parameters")
        .child(view! { <DataTable table=Box::new(parameters)/> })
        .child(el("p").text(ACTIVE_MEANS));
    let beside = el("div")
        .class("beside")
        .child(card("breakdown", "Breakdown").child(view! { <DataTable table=Box::new(table)/> }))
        .child(parameters);
    let split = el("div").class("split").child(view! { <Figure chart/> }).child(beside);
    el("div").class("pieces").child(bars).child(split).child(formats(shared))
}
