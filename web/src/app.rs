//! The page: one signal holds the scenario, memos hold what follows from it, and effects touch only the browser.

use leptos::prelude::*;
use ridgepoint_calculator::link::{self, Link};
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::scenario::{Presentation, Scenario, Theme, View};

use crate::browser::{theme, url};
use crate::panels::{
    About, Embedded, EnginePanel, HardwarePanel, MemoryView, ModelPanel, PrecisionPanel, Share, SpeedView,
    VerdictPanel, VerdictSpoken, WorkloadPanel,
};
use crate::widgets::{Glyph, Icon, Notices, Segmented, Tabs};

/// The whole page.
#[component]
pub fn App() -> impl IntoView {
    let Link { scenario, presentation, notices } = link::decode(&url::query());
    let (scenario, presentation, notices) =
        (RwSignal::new(scenario), RwSignal::new(presentation), RwSignal::new(texts(&notices)));
    let report = Memo::new(move |_| scenario.with(Report::of));
    let verdict = Memo::new(move |_| report.with(Report::verdict));

    url::follow(Memo::new(move |_| scenario.with(|scenario| link::encode(scenario, &presentation.get()))));
    url::on_return(Box::new(move |query| {
        let link = link::decode(&query);
        scenario.set(link.scenario);
        presentation.set(link.presentation);
        notices.set(texts(&link.notices));
    }));

    let is_embedded = presentation.with_untracked(|presentation| presentation.embed);
    let remembered = RwSignal::new(if is_embedded { Theme::Auto } else { theme::remembered() });
    let theme = Signal::derive(move || match presentation.with(|presentation| presentation.theme) {
        Theme::Auto => remembered.get(),
        Theme::Light => Theme::Light,
        Theme::Dark => Theme::Dark,
    });
    provide_context(theme::follow(theme));
    if is_embedded {
        return view! { <Embedded scenario presentation report verdict/> }.into_any();
    }

    let choose_theme = Callback::new(move |index: usize| {
        if let Some(theme) = Theme::ALL.get(index) {
            theme::remember(*theme);
            remembered.set(*theme);
            // What the reader chooses here counts more than what the link asks for.
            presentation.update(|presentation| presentation.theme = Theme::Auto);
        }
    });
    view! {
        <header class="masthead">
            <h1><Icon glyph=Glyph::Ridge/>"Ridgepoint"</h1>
            <p>"LLM inference calculator"</p>
            <Share scenario presentation/>
            <Segmented
                label="Colours"
                name="theme"
                choices=&["Auto", "Light", "Dark"]
                value=Signal::derive(move || position(&Theme::ALL, theme.get()))
                on_change=choose_theme
            />
        </header>
        <main>
            <form class="scenario" aria-label="Scenario" on:submit=|event| event.prevent_default()>
                <ModelPanel scenario report/>
                <HardwarePanel scenario report/>
                <WorkloadPanel scenario/>
                <PrecisionPanel scenario/>
                <EnginePanel scenario/>
            </form>
            <div class="outcome">
                <VerdictPanel verdict/>
                <VerdictSpoken verdict/>
                <Results scenario presentation report notices/>
            </div>
        </main>
        <footer><About/></footer>
    }
    .into_any()
}

/// What is odd, and the open view.
#[component]
fn Results(
    scenario: RwSignal<Scenario>,
    presentation: RwSignal<Presentation>,
    report: Memo<Report>,
    notices: RwSignal<Vec<String>>,
) -> impl IntoView {
    let warnings =
        Memo::new(move |_| report.with(|report| report.warnings.iter().map(ToString::to_string).collect::<Vec<_>>()));
    let view = Memo::new(move |_| presentation.with(|presentation| presentation.view));
    let choose = Callback::new(move |index: usize| {
        if let Some(view) = View::ALL.get(index) {
            presentation.update(|presentation| presentation.view = *view);
        }
    });
    let content = move || match view.get() {
        View::Memory => view! { <MemoryView scenario report/> }.into_any(),
        View::Speed => view! { <SpeedView report/> }.into_any(),
    };
    view! {
        <section class="results" aria-label="Results">
            <Notices label="About the link" tone="info" messages=notices dismiss=Callback::new(move |()| notices.set(Vec::new()))/>
            <Notices label="Warnings" tone="warning" messages=warnings/>
            <Tabs label="View" tabs=TABS value=Signal::derive(move || position(&View::ALL, view.get())) on_change=choose/>
            <div
                class="view"
                role="tabpanel"
                id=move || format!("panel-{}", view.get().id())
                aria-labelledby=move || format!("tab-{}", view.get().id())
            >
                {content}
            </div>
        </section>
    }
}

/// Id and name of each view, in order.
const TABS: &[(&str, &str)] = &[(View::ALL[0].id(), View::ALL[0].label()), (View::ALL[1].id(), View::ALL[1].label())];

fn position<T: PartialEq>(all: &[T], one: T) -> usize {
    all.iter().position(|other| *other == one).unwrap_or(0)
}

fn texts(notices: &[link::Notice]) -> Vec<String> {
    notices.iter().map(ToString::to_string).collect()
}
