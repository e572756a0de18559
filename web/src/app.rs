//! The page: one signal holds the scenario, memos hold what follows from it, and effects touch only the browser.

use leptos::prelude::*;
use leptos::task::spawn_local;
use ridgepoint_calculator::link::{self, Link};
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::scenario::{Presentation, Scenario, Theme, View};
use ridgepoint_calculator::verdict::Verdict;

use crate::browser::{importer, theme, url};
use crate::panels::{
    About, EnginePanel, Fixes, HardwarePanel, MemoryView, ModelPanel, PrecisionPanel, Share, SpeedView, VerdictPanel,
    VerdictSpoken, WorkloadPanel,
};
use crate::signals::{derived, flag, memo};
use crate::widgets::{Glyph, Icon, Notices, Segmented, Tabs};

/// What all parts of the page share.
#[derive(Clone, Copy)]
pub struct State {
    /// The scenario: the one truth.
    pub scenario: RwSignal<Scenario>,
    /// How the page shows it.
    pub presentation: RwSignal<Presentation>,
    /// What could not be taken from the link as it stood.
    pub notices: RwSignal<Vec<String>>,
    /// What follows from the scenario.
    pub report: Memo<Report>,
    /// The answer in short.
    pub verdict: Memo<Verdict>,
}

impl State {
    /// Starts from a link, and keeps the address of the page a link to the state from then on.
    pub fn of(link: Link) -> Self {
        let scenario = RwSignal::new(link.scenario);
        let presentation = RwSignal::new(link.presentation);
        let notices = RwSignal::new(texts(&link.notices));
        url::follow(memo(move || scenario.with(|scenario| link::encode(scenario, &presentation.get()))));
        url::on_return(Box::new(move |query| {
            spawn_local(async move {
                let link = importer::read_link(&query).await;
                // The reader may have gone on meanwhile.
                if url::query() == query {
                    scenario.set(link.scenario);
                    presentation.set(link.presentation);
                    notices.set(texts(&link.notices));
                }
            });
        }));
        let report = derived(move || scenario.with(Report::of));
        let verdict = derived(move || report.with(Report::verdict));
        Self { scenario, presentation, notices, report, verdict }
    }

    /// Dresses the page as the link asks, or else as `otherwise` says, and returns what it wears.
    pub fn dress(self, otherwise: RwSignal<Theme>) -> Signal<Theme> {
        let asked = self.presentation;
        let theme = Signal::derive(move || match asked.with(|presentation| presentation.theme) {
            Theme::Auto => otherwise.get(),
            Theme::Light => Theme::Light,
            Theme::Dark => Theme::Dark,
        });
        provide_context(theme::follow(theme));
        theme
    }
}

/// The whole page.
#[component]
pub fn App(
    /// The link that it was opened with.
    link: Link,
) -> impl IntoView {
    let state = State::of(link);
    let State { scenario, presentation, notices, report, verdict } = state;
    let remembered = RwSignal::new(theme::remembered());
    let theme = state.dress(remembered);
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
                choices=&[(Glyph::Halves, "Auto"), (Glyph::Sun, "Light"), (Glyph::Moon, "Dark")]
                value=Signal::derive(move || position(&Theme::ALL, theme.get()))
                on_change=choose_theme
            />
        </header>
        <main>
            <form class="scenario" aria-label="Scenario" on:submit=|event| event.prevent_default()>
                <ModelPanel scenario report notices/>
                <HardwarePanel scenario report/>
                <WorkloadPanel scenario report/>
                <PrecisionPanel scenario report/>
                <EnginePanel scenario/>
            </form>
            <div class="outcome">
                <VerdictPanel verdict/>
                <VerdictSpoken verdict/>
                <Results state/>
            </div>
        </main>
        <footer><About/></footer>
    }
}

/// What is odd, and the views, one of them open.
#[component]
fn Results(state: State) -> impl IntoView {
    let State { scenario, presentation, notices, report, .. } = state;
    let warnings = move || report.with(|report| report.warnings.iter().map(ToString::to_string).collect());
    let view = memo(move || presentation.with(|presentation| presentation.view));
    let is_closed = move |own| flag(move || view.get() != own);
    let choose = Callback::new(move |index: usize| {
        if let Some(view) = View::ALL.get(index) {
            presentation.update(|presentation| presentation.view = *view);
        }
    });
    view! {
        <section class="results" aria-label="Results">
            <Notices label="About the link" tone="info" messages=Box::new(move || notices.get()) dismiss=Callback::new(move |()| notices.set(Vec::new()))/>
            <Notices label="Warnings" tone="warning" messages=Box::new(warnings)/>
            <Tabs label="View" tabs=TABS value=Signal::derive(move || position(&View::ALL, view.get())) on_change=choose/>
            // Below the tabs, which stay where they are when it comes.
            <Fixes scenario report/>
            <div class="view" role="tabpanel" id="panel-memory" aria-labelledby="tab-memory" hidden=is_closed(View::Memory)>
                <MemoryView scenario report/>
            </div>
            <div class="view" role="tabpanel" id="panel-speed" aria-labelledby="tab-speed" hidden=is_closed(View::Speed)>
                <SpeedView report/>
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
