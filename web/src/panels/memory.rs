//! Where the memory of each device goes, and how the KV cache grows with context.

use leptos::prelude::*;
use ridgepoint_calculator::charts;
use ridgepoint_calculator::parameters::ACTIVE_MEANS;
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::scenario::Scenario;

use crate::draw::Figure;
use crate::signals::derived;
use crate::widgets::{DataTable, StackedBars};

/// Bars, their table and the chart of the cache.
#[component]
pub fn MemoryView(
    /// The scenario.
    scenario: RwSignal<Scenario>,
    /// What follows from it.
    report: Memo<Report>,
) -> impl IntoView {
    let breakdown = derived(move || report.with(Report::breakdown));
    let bars = move || breakdown.with(|breakdown| breakdown.bars.clone());
    let table = move || breakdown.with(|breakdown| breakdown.table.clone());
    let parameters = move || report.with(Report::parameters);
    let chart = derived(move || scenario.with(charts::kv_cache));
    view! {
        <section class="card bars" aria-labelledby="bars-title">
            <h3 id="bars-title" class="sr-only">"Memory of each device"</h3>
            <StackedBars bars=Box::new(bars)/>
        </section>
        <div class="split">
            <Figure chart/>
            <div class="beside">
                <section class="card" aria-labelledby="breakdown-title">
                    <h3 id="breakdown-title">"Breakdown"</h3>
                    <DataTable table=Box::new(table)/>
                </section>
                <section class="card" aria-labelledby="parameters-title">
                    <h3 id="parameters-title">"Parameters"</h3>
                    <DataTable table=Box::new(parameters)/>
                    <p>{ACTIVE_MEANS}</p>
                </section>
            </div>
        </div>
    }
}
