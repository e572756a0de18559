//! The parts of the page that know what the calculator is about.

pub mod about;
pub mod compare;
pub mod embedded;
pub mod engine;
pub mod evidence;
pub mod fixes;
pub mod grid;
pub mod hardware;
pub mod memory;
pub mod model;
pub mod plan;
pub mod precision;
pub mod setting;
pub mod share;
pub mod speed;
pub mod verdict;
pub mod workload;

pub use about::about;
pub use compare::CompareView;
pub use embedded::{Embedded, EmbeddedProps};
pub use engine::EnginePanel;
pub use evidence::EvidenceView;
pub use fixes::Fixes;
pub use grid::fit_grid;
pub use hardware::HardwarePanel;
pub use memory::MemoryView;
pub use model::ModelPanel;
pub use plan::PlanView;
pub use precision::PrecisionPanel;
pub use setting::Setting;
pub use share::Share;
pub use speed::SpeedView;
pub use verdict::{VerdictPanel, VerdictSpoken};
pub use workload::WorkloadPanel;

use leptos::prelude::*;
use ridgepoint_calculator::link;
use ridgepoint_calculator::scenario::{ModelChoice, Scenario};
use wasm_bindgen::JsCast;
use web_sys::{Event, MouseEvent};

use crate::browser::url;
use crate::element::{El, el};
use crate::signals::memo;
use crate::widgets::piece::index_of;

/// Reads one part of the scenario; those who use it hear of changes to that part alone.
fn part<T: PartialEq + Send + Sync + 'static>(scenario: RwSignal<Scenario>, read: fn(&Scenario) -> T) -> Memo<T> {
    memo(move || scenario.with(read))
}

/// What a click on a link with a `data-index` does: the scenario becomes the one of `query`, with a way back.
fn follow(scenario: RwSignal<Scenario>, query: impl Fn(usize) -> Option<String> + 'static) -> Box<dyn FnMut(Event)> {
    followed(scenario, Box::new(query))
}

fn followed(scenario: RwSignal<Scenario>, query: Box<dyn Fn(usize) -> Option<String>>) -> Box<dyn FnMut(Event)> {
    Box::new(move |event| {
        let click = event.unchecked_ref::<MouseEvent>();
        // A click with a modifier opens the link elsewhere, as on any link.
        if click.ctrl_key() || click.meta_key() || click.shift_key() {
            return;
        }
        let Some(query) = index_of(&event).and_then(&query) else { return };
        event.prevent_default();
        url::visit(&query);
        let changed = link::decode(&query).scenario;
        scenario.update(|scenario| {
            // A custom model is at hand, so that nothing of it has to be read again.
            let is_custom = query.contains("model=custom") && scenario.model.id() == ModelChoice::CUSTOM_ID;
            let model = if is_custom { scenario.model.clone() } else { changed.model.clone() };
            *scenario = Scenario { model, ..changed };
        });
    })
}

/// A section of a view with its title, which has the id `ID-title`.
fn card(id: &str, title: &str) -> El {
    let title_id = format!("{id}-title");
    let title = el("h3").with("id", &title_id).text(title);
    el("section").class("card").with("aria-labelledby", &title_id).child(title)
}
