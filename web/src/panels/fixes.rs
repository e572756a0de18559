//! What would make a scenario fit that does not, each change a link that makes it.

use leptos::prelude::*;
use ridgepoint_calculator::fixes::{Fix, of as fixes_of};
use ridgepoint_calculator::numbers;
use ridgepoint_core::Bytes;

use crate::browser::timer::Delay;
use crate::element::{El, el};
use crate::shared::Shared;
use crate::signals::effect;
use crate::widgets::piece::{Tag, tag};

/// How long the controls rest before changes are tried: each costs as much as the report itself.
const QUIET_MILLIS: u64 = 150;

/// The changes, once they have been tried; nothing for a scenario that fits.
pub fn fixes(shared: Shared) -> El {
    let Shared { scenario, report, .. } = shared;
    let found = RwSignal::new(Vec::<Fix>::new());
    let delay = Delay::of_millis(QUIET_MILLIS);
    effect(move || {
        if report.with(|report| report.fits() == Some(false)) {
            delay.restart(Box::new(move || {
                let fixes =
                    scenario.with_untracked(|scenario| report.with_untracked(|report| fixes_of(scenario, report)));
                found.try_set(fixes);
            }));
        } else {
            delay.restart(Box::new(move || drop(found.try_set(Vec::new()))));
        }
    });
    let query = move |index: usize| found.with_untracked(|fixes| Some(fixes.get(index)?.query.clone()));
    let list = move || {
        let items = found.with(|fixes| fixes.iter().enumerate().map(item).collect::<Vec<_>>());
        let title = tag("h3").text("Any of these would make it fit");
        if items.is_empty() {
            Vec::new()
        } else {
            tag("section").with("class", "card fixes").child(title).child(tag("ul").children(items)).only()
        }
    };
    el("div").pieces(list).on("click", shared.follow(query))
}

fn item((index, fix): (usize, &Fix)) -> Tag {
    let spare = numbers::bytes(Bytes::new(fix.headroom.unsigned_abs()));
    let link = tag("a").with("href", format!("?{}", fix.query)).with("data-index", index.to_string()).text(&fix.change);
    tag("li").child(link).child(tag("small").text(format!("{spare} to spare")))
}
