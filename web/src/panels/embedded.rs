//! The calculator inside another page: the answer and one view, without anything around them.

use leptos::prelude::*;
use ridgepoint_calculator::breakdown::Bar;
use ridgepoint_calculator::chart::Chart;
use ridgepoint_calculator::link::{Link, MAX_BATCH};
use ridgepoint_calculator::scenario::{Presentation, Theme, View};
use ridgepoint_calculator::{charts, options};

use super::verdict::{VerdictPanel, VerdictSpoken};
use super::{later, part};
use crate::app::{State, link_notices};
use crate::browser::{parent, url};
use crate::draw::Figure;
use crate::element::{El, el};
use crate::shared::Shared;
use crate::signals::derived;
use crate::widgets::{Slider, StackedBars};

/// The whole page, when it is a part of another one.
#[component]
pub fn Embedded(
    /// The link that it was opened with.
    link: Link,
) -> El {
    let state = State::of(link);
    let State { shared, notices, verdict } = state;
    let Shared { scenario, presentation, report, .. } = shared;
    // What the reader chose for the page itself says nothing about the page around it.
    state.dress(RwSignal::new(Theme::Auto));
    parent::report_height();
    let full = move || url::with_query(&shared.query_as(Presentation { embed: false, ..presentation.get() }));
    let batch = part(scenario, |scenario| scenario.workload.batch);
    let set_batch = Callback::new(move |value| scenario.update(|scenario| scenario.workload.batch = value));
    // The address of an embed stays as it is, and so does its view.
    let content = match presentation.get_untracked().view {
        View::Memory => {
            // The fullest device comes first, and there is room for one, without what is noted beside it.
            let without_notes = |bar: Bar| Bar { notes: Vec::new(), ..bar };
            let bars =
                move || report.with(|report| report.breakdown().bars.into_iter().take(1).map(without_notes).collect());
            let bars = view! { <StackedBars bars=Box::new(bars)/> };
            el("div").class("pieces").child(bars).child(only(derived(move || scenario.with(charts::kv_cache))))
        }
        View::Speed => only(derived(move || report.with(charts::roofline))),
        View::Plan | View::Compare | View::Evidence => later(shared, None),
    };
    let footer = el("footer")
        .child(view! { <Slider label="Concurrent sequences" id="batch" stops=options::BATCH most=MAX_BATCH value=batch on_change=set_batch/> })
        .child(el("a").live("href", full).with("target", "_blank").with("rel", "noopener").text("Open full calculator"));
    el("main")
        .class("embedded")
        .child(el("h1").class("sr-only").text("Ridgepoint"))
        .child(view! { <VerdictPanel verdict/> })
        .child(view! { <VerdictSpoken verdict/> })
        .child(link_notices(notices))
        .child(content)
        .child(footer)
}

fn only(chart: Memo<Chart>) -> El {
    view! { <Figure chart without_table=true/> }.into()
}
