//! How fast it runs, and where the time goes: each operation against the roofline.

use leptos::prelude::*;
use ridgepoint_calculator::charts;
use ridgepoint_calculator::report::Report;

use crate::draw::Figure;
use crate::signals::derived;
use crate::widgets::DataTable;

/// Times and rates, the roofline and the operations on it.
#[component]
pub fn SpeedView(
    /// What follows from the scenario.
    report: Memo<Report>,
) -> impl IntoView {
    let chart = derived(move || report.with(charts::roofline));
    let times = move || report.with(Report::times);
    let operations = move || report.with(Report::operations);
    view! {
        <section class="card" aria-labelledby="times-title">
            <h3 id="times-title">"Times and rates"</h3>
            <DataTable table=Box::new(times)/>
        </section>
        <Figure chart without_table=true/>
        <section class="card" aria-labelledby="operations-title">
            <h3 id="operations-title">"Operations"</h3>
            <DataTable table=Box::new(operations)/>
        </section>
    }
}
