//! The page: one signal holds the scenario, memos hold what follows from it, and effects touch only the browser.

use leptos::prelude::*;
use leptos::task::spawn_local;
use ridgepoint_calculator::link::{self, Link};
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::scenario::{Presentation, Scenario, Theme, View};
use ridgepoint_calculator::verdict::Verdict;

use crate::browser::{importer, theme, url};
use crate::element::{El, el};
use crate::panels::{
    EnginePanel, Fixes, HardwarePanel, MemoryView, ModelPanel, PrecisionPanel, Share, SpeedView, VerdictPanel,
    VerdictSpoken, WorkloadPanel, about,
};
use crate::signals::{derived, memo};
use crate::widgets::{Glyph, Notices, Segmented, Tabs, icon};

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
                let link = importer::read_link(query.clone()).await;
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
    pub fn dress(self, otherwise: RwSignal<Theme>) -> Memo<Theme> {
        let asked = self.presentation;
        let theme = memo(move || match asked.with(|presentation| presentation.theme) {
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
    let worn = memo(move || position(&Theme::ALL, theme.get()));
    let header = el("header")
        .class("masthead")
        .child(el("h1").child(icon(Glyph::Ridge)).text("Ridgepoint"))
        .child(el("p").text("LLM inference calculator"))
        .child(view! { <Share scenario presentation/> })
        .child(view! {
            <Segmented
                label="Colours"
                name="theme"
                choices=&[(Glyph::Halves, "Auto"), (Glyph::Sun, "Light"), (Glyph::Moon, "Dark")]
                value=worn
                on_change=choose_theme
            />
        });
    let form = el("form")
        .class("scenario")
        .with("aria-label", "Scenario")
        .on("submit", |event| event.prevent_default())
        .child(view! { <ModelPanel scenario report notices/> })
        .child(view! { <HardwarePanel scenario report/> })
        .child(view! { <WorkloadPanel scenario report/> })
        .child(view! { <PrecisionPanel scenario report/> })
        .child(view! { <EnginePanel scenario/> });
    let outcome = el("div")
        .class("outcome")
        .child(view! { <VerdictPanel verdict/> })
        .child(view! { <VerdictSpoken verdict/> })
        .child(results(state));
    (header, el("main").child(form).child(outcome), about())
}

/// What is odd, and the views, one of them open.
fn results(state: State) -> El {
    let State { scenario, presentation, notices, report, .. } = state;
    let warnings = move || report.with(|report| report.warnings.iter().map(ToString::to_string).collect());
    let view = memo(move || presentation.with(|presentation| presentation.view));
    let choose = Callback::new(move |index: usize| {
        if let Some(view) = View::ALL.get(index) {
            presentation.update(|presentation| presentation.view = *view);
        }
    });
    let open = memo(move || position(&View::ALL, view.get()));
    let panel = move |own: View, content: El| {
        el("div")
            .class("view")
            .with("role", "tabpanel")
            .with("id", &format!("panel-{}", own.id()))
            .with("aria-labelledby", &format!("tab-{}", own.id()))
            .hidden(move || view.get() != own)
            .child(content)
    };
    el("section")
        .class("results")
        .with("aria-label", "Results")
        .child(link_notices(notices))
        .child(view! { <Notices label="Warnings" tone="warning" messages=Box::new(warnings)/> })
        .child(view! { <Tabs label="View" tabs=TABS value=open on_change=choose/> })
        // Below the tabs, which stay where they are when it comes.
        .child(view! { <Fixes scenario report/> })
        .child(panel(View::Memory, view! { <MemoryView scenario report/> }.into()))
        .child(panel(View::Speed, view! { <SpeedView report/> }.into()))
}

/// What could not be taken from the link as it stood, until the reader puts it away.
pub fn link_notices(notices: RwSignal<Vec<String>>) -> El {
    let dismiss: Box<dyn Fn()> = Box::new(move || notices.set(Vec::new()));
    view! { <Notices label="About the link" tone="info" messages=Box::new(move || notices.get()) dismiss/> }.into()
}

/// Id and name of each view, in order.
const TABS: &[(&str, &str)] = &[(View::ALL[0].id(), View::ALL[0].label()), (View::ALL[1].id(), View::ALL[1].label())];

fn position<T: PartialEq>(all: &[T], one: T) -> usize {
    all.iter().position(|other| *other == one).unwrap_or(0)
}

fn texts(notices: &[link::Notice]) -> Vec<String> {
    notices.iter().map(ToString::to_string).collect()
}
