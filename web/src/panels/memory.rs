//! Where the memory of each device goes, and how the KV cache grows with context.

use leptos::prelude::*;
use ridgepoint_calculator::charts;
use ridgepoint_calculator::parameters::ACTIVE_MEANS;
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::scenario::Scenario;

use crate::draw::Figure;
use crate::signals::memo;
use crate::widgets::{DataTable, StackedBars};

/// Bars, their table and the chart of the cache.
#[component]
pub fn MemoryView(
    /// The scenario.
    scenario: RwSignal<Scenario>,
    /// What follows from it.
    report: Memo<Report>,
) -> impl IntoView {
    let breakdown = memo(move || report.with(Report::breakdown));
    let bars = memo(move || breakdown.with(|breakdown| breakdown.bars.clone()));
    let table = memo(move || breakdown.with(|breakdown| breakdown.table.clone()));
    let parameters = memo(move || report.with(Report::parameters));
    let chart = memo(move || scenario.with(charts::kv_cache));
    view! {
        <section class="card bars" aria-labelledby="bars-title">
            <h3 id="bars-title" class="sr-only">"Memory of each device"</h3>
            <StackedBars bars/>
        </section>
        <div class="split">
            <Figure chart/>
            <div class="beside">
                <section class="card" aria-labelledby="breakdown-title">
                    <h3 id="breakdown-title">"Breakdown"</h3>
                    <DataTable table/>
                </section>
                <section class="card" aria-labelledby="parameters-title">
                    <h3 id="parameters-title">"Parameters"</h3>
                    <DataTable table=parameters/>
                    <p>{ACTIVE_MEANS}</p>
                </section>
            </div>
        </div>
    }
}
