//! The calculator inside another page: the answer and one view, without anything around them.

use leptos::prelude::*;
use ridgepoint_calculator::link::MAX_BATCH;
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::scenario::{Presentation, Scenario, View};
use ridgepoint_calculator::verdict::Verdict;
use ridgepoint_calculator::{charts, options};

use super::part;
use super::share::address;
use super::verdict::{VerdictPanel, VerdictSpoken};
use crate::browser::parent;
use crate::draw::Figure;
use crate::widgets::{Slider, StackedBar};

/// The whole page, when it is a part of another one.
#[component]
pub fn Embedded(
    scenario: RwSignal<Scenario>,
    presentation: RwSignal<Presentation>,
    report: Memo<Report>,
    verdict: Memo<Verdict>,
) -> impl IntoView {
    parent::report_height();
    let full = move || address(scenario, Presentation { embed: false, ..presentation.get() });
    let batch = part(scenario, |scenario| scenario.workload.batch);
    let set_batch = Callback::new(move |value| scenario.update(|scenario| scenario.workload.batch = value));
    let content = move || match presentation.with(|presentation| presentation.view) {
        View::Memory => {
            let bars = Memo::new(move |_| report.with(|report| report.breakdown().bars));
            let chart = Memo::new(move |_| scenario.with(charts::kv_cache));
            view! {
                {move || bars.get().into_iter().take(1).map(|bar| view! { <StackedBar bar/> }).collect_view()}
                <Figure chart without_table=true/>
            }
            .into_any()
        }
        View::Speed => {
            let chart = Memo::new(move |_| report.with(charts::roofline));
            view! { <Figure chart without_table=true/> }.into_any()
        }
    };
    view! {
        <main class="embedded">
            <h1 class="sr-only">"Ridgepoint"</h1>
            <VerdictPanel verdict/>
            <VerdictSpoken verdict/>
            {content}
            <footer>
                <Slider label="Concurrent sequences" id="batch" stops=options::BATCH most=MAX_BATCH value=batch on_change=set_batch/>
                <a href=full target="_blank" rel="noopener">"Open full calculator"</a>
            </footer>
        </main>
    }
}
