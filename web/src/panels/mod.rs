//! The parts of the page that know what the calculator is about.

pub mod about;
pub mod drawer;
pub mod embedded;
pub mod engine;
pub mod extras;
pub mod fixes;
pub mod grid;
pub mod hardware;
pub mod later;
pub mod memory;
pub mod model;
pub mod precision;
pub mod setting;
pub mod share;
pub mod speed;
pub mod verdict;
pub mod workload;

pub use about::about;
pub use drawer::drawer;
pub use embedded::{Embedded, EmbeddedProps};
pub use engine::EnginePanel;
pub use extras::{ExtrasPanel, extras_card};
pub use fixes::fixes;
pub use grid::formats;
pub use hardware::HardwarePanel;
pub use later::later;
pub use memory::memory_view;
pub use model::ModelPanel;
pub use precision::PrecisionPanel;
pub use share::share;
pub use speed::speed_view;
pub use verdict::{VerdictPanel, VerdictSpoken};
pub use workload::WorkloadPanel;

use leptos::prelude::*;
use ridgepoint_calculator::scenario::Scenario;

use crate::element::{El, el};
use crate::signals::memo;

/// Reads one part of the scenario; those who use it hear of changes to that part alone.
fn part<T: PartialEq + Send + Sync + 'static>(scenario: RwSignal<Scenario>, read: fn(&Scenario) -> T) -> Memo<T> {
    memo(move || scenario.with(read))
}

/// A section of a view with its title, which has the id `ID-title`.
pub fn card(id: &str, title: &str) -> El {
    let title_id = format!("{id}-title");
    let title = el("h3").with("id", &title_id).text(title);
    el("section").class("card").with("aria-labelledby", &title_id).child(title)
}
