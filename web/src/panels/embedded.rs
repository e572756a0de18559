//! The calculator inside another page: the answer and one view, without anything around them.

use leptos::prelude::*;
use ridgepoint_calculator::chart::Chart;
use ridgepoint_calculator::link::{Link, MAX_BATCH};
use ridgepoint_calculator::plan::{Plan, Targets};
use ridgepoint_calculator::scenario::{Presentation, Theme, View};
use ridgepoint_calculator::{charts, options};

use super::compare::compared;
use super::evidence::EvidenceView;
use super::part;
use super::share::address;
use super::verdict::{VerdictPanel, VerdictSpoken};
use crate::app::{State, link_notices};
use crate::browser::parent;
use crate::draw::Figure;
use crate::element::{El, el};
use crate::signals::{derived, memo};
use crate::widgets::{Slider, StackedBars};

/// The whole page, when it is a part of another one.
#[component]
pub fn Embedded(
    /// The link that it was opened with.
    link: Link,
) -> El {
    let state = State::of(link);
    let State { scenario, others, presentation, notices, report, verdict } = state;
    // What the reader chose for the page itself says nothing about the page around it.
    state.dress(RwSignal::new(Theme::Auto));
    parent::report_height();
    let full = move || address(scenario, others, Presentation { embed: false, ..presentation.get() });
    let batch = part(scenario, |scenario| scenario.workload.batch);
    let set_batch = Callback::new(move |value| scenario.update(|scenario| scenario.workload.batch = value));
    let view = memo(move || presentation.with(|presentation| presentation.view));
    let chart = derived(move || chart(view.get(), state));
    // The fullest device comes first, and there is room for one.
    let bars = move || match view.get() {
        View::Memory => report.with(|report| report.breakdown().bars.into_iter().take(1).collect()),
        View::Speed | View::Plan | View::Compare | View::Evidence => Vec::new(),
    };
    let figure = el("div").class("pieces").rows(memo(move || usize::from(view.get() != View::Evidence)), move |_| {
        view! { <Figure chart without_table=true/> }.into()
    });
    // Measurements are about no scenario, and have no one chart.
    let evidence = el("div")
        .class("pieces")
        .rows(memo(move || usize::from(view.get() == View::Evidence)), |_| view! { <EvidenceView/> }.into());
    let footer = el("footer")
        .child(view! { <Slider label="Concurrent sequences" id="batch" stops=options::BATCH most=MAX_BATCH value=batch on_change=set_batch/> })
        .child(el("a").live("href", full).with("target", "_blank").with("rel", "noopener").text("Open full calculator"));
    el("main")
        .class("embedded")
        .child(el("h1").class("sr-only").text("Ridgepoint"))
        .child(view! { <VerdictPanel verdict/> })
        .child(view! { <VerdictSpoken verdict/> })
        .child(link_notices(notices))
        .child(view! { <StackedBars bars=Box::new(bars)/> })
        .child(figure)
        .child(evidence)
        .child(footer)
}

fn chart(view: View, State { scenario, others, report, .. }: State) -> Chart {
    match view {
        View::Memory | View::Evidence => scenario.with(charts::kv_cache),
        View::Speed => report.with(charts::roofline),
        View::Plan => scenario
            .with(|scenario| report.with(|report| charts::layouts(&Plan::of(scenario, Targets::default()), report))),
        View::Compare => compared(scenario, others, report).serving,
    }
}
