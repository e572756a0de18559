//! The page: one signal holds the scenario, memos hold what follows from it, and effects touch only the browser.

use leptos::prelude::*;
use leptos::task::spawn_local;
use ridgepoint_calculator::link::{self, Link};
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::scenario::{Theme, View};
use ridgepoint_calculator::verdict::Verdict;

use crate::browser::{importer, theme, url};
use crate::element::{El, el};
use crate::panels::{
    EnginePanel, ExtrasPanel, HardwarePanel, ModelPanel, PrecisionPanel, VerdictPanel, VerdictSpoken, WorkloadPanel,
    about, drawer, fixes, later, memory_view, share, speed_view,
};
use crate::shared::Shared;
use crate::signals::{derived, effect, memo};
use crate::widgets::{Glyph, Notices, Segmented, Tabs, icon};

/// What all parts of the page share.
#[derive(Clone, Copy)]
pub struct State {
    /// What the views share.
    pub shared: Shared,
    /// What could not be taken from the link as it stood.
    pub notices: RwSignal<Vec<String>>,
    /// The answer in short.
    pub verdict: Memo<Verdict>,
}

impl State {
    /// Starts from a link, and keeps the address of the page a link to the state from then on.
    pub fn of(link: Link) -> Self {
        let notices = RwSignal::new(texts(&link.notices));
        let go = Callback::new(|(shared, query): (Shared, String)| {
            url::visit(&query);
            shared.show(shared.read(&query));
        });
        let shared = Shared::of(link, go);
        let Shared { scenario, others, report, .. } = shared;
        url::follow(memo(move || shared.query()));
        // A link holds one custom model, and the page holds what its link holds.
        effect(move || {
            let kept = others.with(|others| scenario.with(|scenario| link::sharable(scenario, others)));
            let lost = others.with_untracked(Vec::len) - kept.len();
            if lost > 0 {
                others.set(kept);
                notices.update(|notices| notices.push(SECOND_CUSTOM_MODEL.to_owned()));
            }
        });
        url::on_return(Box::new(move |query| {
            spawn_local(async move {
                let link = importer::read_link(query.clone()).await;
                // The reader may have gone on meanwhile.
                if url::query() == query {
                    notices.set(texts(&link.notices));
                    shared.show(link);
                }
            });
        }));
        let verdict = derived(move || report.with(Report::verdict));
        Self { shared, notices, verdict }
    }

    /// Dresses the page as the link asks, or else as `otherwise` says, and returns what it wears.
    pub fn dress(self, otherwise: RwSignal<Theme>) -> Memo<Theme> {
        let asked = self.shared.presentation;
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
    let State { shared, notices, verdict } = state;
    let Shared { scenario, presentation, report, .. } = shared;
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
        .child(share(shared))
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
        .child(view! { <EnginePanel scenario/> })
        .child(view! { <ExtrasPanel scenario/> });
    let (drawer, open_drawer) = drawer(shared);
    let outcome = el("div")
        .class("outcome")
        .on("click", open_drawer)
        .child(view! { <VerdictPanel verdict/> })
        .child(view! { <VerdictSpoken verdict/> })
        .child(results(state));
    (header, el("main").child(form).child(outcome), about(), drawer)
}

/// What is odd, and the views, one of them open.
fn results(state: State) -> El {
    let State { shared, notices, .. } = state;
    let Shared { presentation, report, .. } = shared;
    let warnings = move || report.with(|report| report.warnings.iter().map(ToString::to_string).collect());
    let view = memo(move || presentation.with(|presentation| presentation.view));
    let choose = Callback::new(move |index: usize| {
        if let Some(view) = View::ALL.get(index) {
            presentation.update(|presentation| presentation.view = *view);
        }
    });
    let open = memo(move || position(&View::ALL, view.get()));
    // A view is made when it opens and gone when another does, so that only what is seen is computed.
    let panel = move |own: View| {
        el("div")
            .class("view")
            .with("role", "tabpanel")
            .with("id", &format!("panel-{}", own.id()))
            .with("aria-labelledby", &format!("tab-{}", own.id()))
            .hidden(move || view.get() != own)
            .rows(memo(move || usize::from(view.get() == own)), move |_| content(own, shared))
    };
    el("section")
        .class("results")
        .with("aria-label", "Results")
        .child(link_notices(notices))
        .child(view! { <Notices label="Warnings" tone="warning" messages=Box::new(warnings)/> })
        .child(view! { <Tabs label="View" tabs=TABS value=open on_change=choose/> })
        // Below the tabs, which stay where they are when it comes.
        .child(fixes(shared))
        .children(View::ALL.into_iter().map(panel))
}

/// The content of a view.
fn content(view: View, shared: Shared) -> El {
    match view {
        View::Memory => memory_view(shared),
        View::Speed => speed_view(shared),
        View::Plan | View::Compare | View::Evidence => later(shared, None),
    }
}

/// What could not be taken from the link as it stood, until the reader puts it away.
pub fn link_notices(notices: RwSignal<Vec<String>>) -> El {
    let dismiss: Box<dyn Fn()> = Box::new(move || notices.set(Vec::new()));
    view! { <Notices label="About the link" tone="info" messages=Box::new(move || notices.get()) dismiss/> }.into()
}

const SECOND_CUSTOM_MODEL: &str = "A link holds one custom model: those with another one are left out";

/// Id and name of each view, in order.
const TABS: &[(&str, &str)] = &{
    let mut tabs = [("", ""); View::ALL.len()];
    let mut index = 0;
    while index < tabs.len() {
        tabs[index] = (View::ALL[index].id(), View::ALL[index].label());
        index += 1;
    }
    tabs
};

fn position<T: PartialEq>(all: &[T], one: T) -> usize {
    all.iter().position(|other| *other == one).unwrap_or(0)
}

fn texts(notices: &[link::Notice]) -> Vec<String> {
    notices.iter().map(ToString::to_string).collect()
}
