//! A view that another program draws, loaded when the view first opens.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::browser::further::{self, Drawn};
use crate::browser::theme::IsDark;
use crate::element::{El, el};
use crate::shared::Shared;
use crate::signals::{effect, memo};

/// The view that is open now, or the working of a figure if one is named.
pub fn later(shared: Shared, figure: Option<String>) -> El {
    let drawn = RwSignal::new_local(None::<Drawn>);
    let words = RwSignal::new("Loading this view".to_owned());
    let place = el("div").class("pieces");
    let node = place.node().clone();
    spawn_local(async move {
        let loaded = further::load().await;
        // The reader may have gone on meanwhile.
        if drawn.is_disposed() {
            return;
        }
        match loaded {
            Ok(further) => {
                let visit = move |query| shared.go(query);
                drawn.set(Some(further.draw(
                    &node,
                    visit,
                    &untrack(move || shared.query()),
                    shared.custom().as_ref(),
                    figure.as_deref(),
                )));
                words.set(String::new());
            }
            Err(problem) => words.set(problem),
        }
    });
    let query = memo(move || shared.query());
    effect(move || {
        let query = query.get();
        drawn.with(|drawn| {
            if let Some(drawn) = drawn {
                drawn.show(&query, shared.custom().as_ref());
            }
        });
    });
    let is_dark = use_context::<IsDark>();
    effect(move || {
        let is_dark = is_dark.is_some_and(|IsDark(is_dark)| is_dark.get());
        drawn.with(|drawn| drawn.iter().for_each(|drawn| drawn.dress(is_dark)));
    });
    on_cleanup(move || {
        if let Some(drawn) = drawn.try_update(Option::take).flatten() {
            drawn.free();
        }
    });
    let status = el("p").with("role", "status").words(move || words.get());
    el("div").class("pieces later").child(status).child(place)
}
