//! What the views of the page share, whichever program draws them: the scenario, those that it is compared with, and
//! the way to another one.

use leptos::prelude::*;
use ridgepoint_calculator::custom::CustomModel;
use ridgepoint_calculator::link::{self, Link};
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::scenario::{Presentation, Scenario};
use wasm_bindgen::JsCast;
use web_sys::{Event, MouseEvent};

use crate::signals::derived;
use crate::widgets::piece::index_of;

/// The scenario and what goes with it.
#[derive(Clone, Copy)]
pub struct Shared {
    /// The scenario: the one truth.
    pub scenario: RwSignal<Scenario>,
    /// Those that it is compared with.
    pub others: RwSignal<Vec<Scenario>>,
    /// How the page shows it.
    pub presentation: RwSignal<Presentation>,
    /// What follows from the scenario.
    pub report: Memo<Report>,
    /// What [`Shared::go`] does.
    go: Callback<(Shared, String)>,
}

impl Shared {
    /// Starts from a link. `go` goes to another one, with a way back.
    pub fn of(link: Link, go: Callback<(Shared, String)>) -> Self {
        let scenario = RwSignal::new(link.scenario);
        let report = derived(move || scenario.with(Report::of));
        let (others, presentation) = (RwSignal::new(link.others), RwSignal::new(link.presentation));
        Self { scenario, others, presentation, report, go }
    }

    /// Goes to another link of this page, with a way back.
    pub fn go(self, query: String) {
        self.go.run((self, query));
    }

    /// Shows what another link says.
    pub fn show(self, link: Link) {
        change(self.scenario, link.scenario);
        change(self.others, link.others);
        change(self.presentation, link.presentation);
    }

    /// The link to what is shown, as a query.
    pub fn query(self) -> String {
        self.query_as(self.presentation.get())
    }

    /// The same, shown in another way.
    pub fn query_as(self, presentation: Presentation) -> String {
        self.scenario.with(|scenario| self.others.with(|others| link::encode_all(scenario, others, &presentation)))
    }

    /// The custom model of the link.
    pub fn custom(self) -> Option<CustomModel> {
        self.scenario
            .with_untracked(|first| self.others.with_untracked(|others| link::custom_of(first, others).cloned()))
    }

    /// Reads a link of this page, in which a custom model can only be the one at hand.
    pub fn read(self, query: &str) -> Link {
        match self.custom() {
            Some(custom) => link::decode_with(query, Ok(custom)),
            None => link::decode(query),
        }
    }

    /// Goes to other scenarios, shown as these are.
    pub fn visit(self, scenario: &Scenario, others: &[Scenario]) {
        self.go(link::encode_all(scenario, others, &self.presentation.get_untracked()));
    }

    /// What a click on a link with a `data-index` does: the scenario becomes the one of `query`, with a way back.
    pub fn follow(self, query: impl Fn(usize) -> Option<String> + 'static) -> Box<dyn FnMut(Event)> {
        self.followed(Box::new(query))
    }

    fn followed(self, query: Box<dyn Fn(usize) -> Option<String>>) -> Box<dyn FnMut(Event)> {
        Box::new(move |event| {
            let click = event.unchecked_ref::<MouseEvent>();
            // A click with a modifier opens the link elsewhere, as on any link.
            if click.ctrl_key() || click.meta_key() || click.shift_key() {
                return;
            }
            let Some(query) = index_of(&event).and_then(&query) else { return };
            event.prevent_default();
            self.visit(&self.read(&query).scenario, &self.others.get_untracked());
        })
    }
}

/// Sets a signal, unless that changes nothing.
fn change<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    if signal.with_untracked(|before| *before != value) {
        signal.set(value);
    }
}
