//! Several scenarios side by side. The first is the one that the controls change; the others stay as they are.

use leptos::prelude::*;
use ridgepoint_calculator::compare::{self, Comparison, LETTERS};
use ridgepoint_calculator::link::OTHERS;
use ridgepoint_calculator::scenario::Scenario;
use web_sys::Event;

use super::matrix;
use crate::draw::Figure;
use crate::element::{El, el};
use crate::panels::card;
use crate::shared::Shared;
use crate::signals::{derived, memo};
use crate::widgets::DataTable;
use crate::widgets::piece::{Tag, index_of, tag};

/// The scenarios with what can be done with them, and once there are several what sets them apart and what follows.
pub fn view(shared: Shared) -> El {
    let Shared { scenario, others, .. } = shared;
    let list = move || {
        let first = scenario.with(|scenario| line(0, scenario));
        let rest = others
            .with(|others| others.iter().enumerate().map(|(index, other)| line(index + 1, other)).collect::<Vec<_>>());
        tag("ul").with("class", "compared").child(first).children(rest).only()
    };
    let act = move |event: Event| {
        // Two buttons to a line: the even ones exchange, the odd ones remove.
        let Some(index) = index_of(&event) else { return };
        let (mut first, mut others) = (scenario.get_untracked(), others.get_untracked());
        let Some(other) = others.get_mut(index / 2) else { return };
        if index % 2 == 1 {
            others.remove(index / 2);
        } else {
            core::mem::swap(&mut first, other);
        }
        shared.visit(&first, &others);
    };
    let keep = move |_| {
        let first = scenario.get_untracked();
        let mut others = others.get_untracked();
        others.push(first.clone());
        shared.visit(&first, &others);
    };
    let add = el("button")
        .with("type", "button")
        .text("Keep this scenario to compare with")
        .hidden(move || others.with(Vec::len) == OTHERS.len())
        .on("click", keep);
    let scenarios = card("compared", "Scenarios")
        .child(el("p").text("The controls change A. Keep it as it is now, then change what you want to compare."))
        .child(el("div").pieces(list).on("click", act))
        .child(add);
    let is_compared = memo(move || usize::from(others.with(|others| !others.is_empty())));
    el("div")
        .class("pieces")
        .child(scenarios)
        .child(el("div").class("pieces").rows(is_compared, move |_| side_by_side(shared)))
        .child(matrix::view(shared))
}

/// What follows from the scenarios.
pub fn compared(Shared { scenario, others, report, .. }: Shared) -> Comparison {
    others.with(|others| scenario.with(|scenario| report.with(|report| compare::of(scenario, report, others))))
}

fn side_by_side(shared: Shared) -> El {
    let comparison = derived(move || compared(shared));
    let settings = move || comparison.with(|comparison| comparison.settings.clone());
    let figures = move || comparison.with(|comparison| comparison.figures.clone());
    let chart = |place: usize| derived(move || comparison.with(|comparison| comparison.charts[place].clone()));
    let (serving, cache, first_token) = (chart(0), chart(1), chart(2));
    let halves = el("div").class("halves");
    let halves = halves.child(view! { <Figure chart=cache/> }).child(view! { <Figure chart=first_token/> });
    el("div")
        .class("pieces")
        .child(card("differences", "What was chosen").child(view! { <DataTable table=Box::new(settings)/> }))
        .child(card("consequences", "What follows").child(view! { <DataTable table=Box::new(figures)/> }))
        .child(view! { <Figure chart=serving/> })
        .child(halves)
}

/// A scenario with its letter, and for all but the first its buttons.
fn line(place: usize, scenario: &Scenario) -> Tag {
    let letter = LETTERS.get(place).copied().unwrap_or_default();
    let ink = ["series-0", "series-1", "series-2", "series-3"];
    let button = |index: usize, words: &str| {
        tag("button")
            .with("type", "button")
            .with("data-index", index.to_string())
            .with("aria-label", format!("{words} scenario {letter}"))
            .text(words)
    };
    let mark = tag("i").with("class", "swatch").with("data-form", "block").with("data-ink", ink[place.min(3)]);
    let words = tag("li").child(mark).child(tag("b").text(letter)).child(tag("span").text(compare::title(scenario)));
    match place.checked_sub(1) {
        Some(index) => words.child(button(2 * index, "Change")).child(button(2 * index + 1, "Remove")),
        None => words,
    }
}
