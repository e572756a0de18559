//! What would make a scenario fit that does not, each change a link that makes it.

use leptos::prelude::*;
use ridgepoint_calculator::fixes::{self, Fix};
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::scenario::Scenario;
use ridgepoint_calculator::{link, numbers};
use ridgepoint_core::Bytes;
use wasm_bindgen::JsCast;
use web_sys::{Event, MouseEvent};

use crate::browser::timer::Delay;
use crate::browser::url;
use crate::element::{El, el};
use crate::signals::effect;
use crate::widgets::piece::{Tag, index_of, tag};

/// How long the controls rest before changes are tried: each costs as much as the report itself.
const QUIET_MILLIS: u64 = 150;

/// The changes, once they have been tried; nothing for a scenario that fits.
#[component]
pub fn Fixes(
    /// The scenario.
    scenario: RwSignal<Scenario>,
    /// What follows from it.
    report: Memo<Report>,
) -> El {
    let found = RwSignal::new(Vec::<Fix>::new());
    let delay = Delay::of_millis(QUIET_MILLIS);
    effect(move || {
        if report.with(|report| report.fits() == Some(false)) {
            delay.restart(Box::new(move || {
                let fixes =
                    scenario.with_untracked(|scenario| report.with_untracked(|report| fixes::of(scenario, report)));
                found.try_set(fixes);
            }));
        } else {
            delay.restart(Box::new(move || drop(found.try_set(Vec::new()))));
        }
    });
    let follow = move |event: Event| {
        let click = event.unchecked_ref::<MouseEvent>();
        // A click with a modifier opens the link elsewhere, as on any link.
        if click.ctrl_key() || click.meta_key() || click.shift_key() {
            return;
        }
        let index = index_of(&event);
        if let Some(fix) = index.and_then(|index| found.with_untracked(|fixes| fixes.get(index).cloned())) {
            event.prevent_default();
            url::visit(&fix.query);
            // Changes keep the model, a custom one too, so that nothing of it has to be read again.
            let changed = link::decode(&fix.query).scenario;
            scenario.update(|scenario| *scenario = Scenario { model: scenario.model.clone(), ..changed });
        }
    };
    let list = move || {
        let items = found.with(|fixes| fixes.iter().enumerate().map(item).collect::<Vec<_>>());
        let title = tag("h3").text("Any of these would make it fit");
        if items.is_empty() {
            Vec::new()
        } else {
            tag("section").with("class", "card fixes").child(title).child(tag("ul").children(items)).only()
        }
    };
    el("div").pieces(list).on("click", follow)
}

fn item((index, fix): (usize, &Fix)) -> Tag {
    let spare = numbers::bytes(Bytes::new(fix.headroom.unsigned_abs()));
    let link = tag("a").with("href", format!("?{}", fix.query)).with("data-index", index.to_string()).text(&fix.change);
    tag("li").child(link).child(tag("small").text(format!("{spare} to spare")))
}
