//! Several scenarios side by side. The first is the one that the controls change; the others stay as they are.

use leptos::prelude::*;
use ridgepoint_calculator::compare::{self, Comparison, LETTERS};
use ridgepoint_calculator::link::OTHERS;
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::scenario::Scenario;
use web_sys::Event;

use super::card;
use crate::draw::Figure;
use crate::element::{El, el};
use crate::signals::{derived, memo};
use crate::widgets::DataTable;
use crate::widgets::piece::{Tag, index_of, tag};

/// The scenarios with what can be done with them, and once there are several what sets them apart and what follows.
#[component]
pub fn CompareView(
    /// The scenario that the controls change.
    scenario: RwSignal<Scenario>,
    /// The others.
    others: RwSignal<Vec<Scenario>>,
    /// What follows from the scenario.
    report: Memo<Report>,
) -> El {
    let list = move || {
        let first = scenario.with(|scenario| line(0, scenario));
        let rest = others
            .with(|others| others.iter().enumerate().map(|(index, other)| line(index + 1, other)).collect::<Vec<_>>());
        tag("ul").with("class", "compared").child(first).children(rest).only()
    };
    let act = move |event: Event| {
        // Two buttons to a line: the even ones exchange, the odd ones remove.
        let Some(index) = index_of(&event) else { return };
        if index % 2 == 1 {
            others.update(|others| drop(others.remove(index / 2)));
        } else {
            let Some(chosen) = others.with_untracked(|others| others.get(index / 2).cloned()) else { return };
            let before = scenario.get_untracked();
            others.update(|others| others[index / 2] = before);
            scenario.set(chosen);
        }
    };
    let add = el("button")
        .with("type", "button")
        .text("Keep this scenario to compare with")
        .hidden(move || others.with(Vec::len) == OTHERS.len())
        .on("click", move |_| others.update(|others| others.push(scenario.get_untracked())));
    let scenarios = card("compared", "Scenarios")
        .child(el("p").text("The controls change A. Keep it as it is now, then change what you want to compare."))
        .child(el("div").pieces(list).on("click", act))
        .child(add);
    let is_compared = memo(move || usize::from(others.with(|others| !others.is_empty())));
    el("div")
        .class("pieces")
        .child(scenarios)
        .child(el("div").class("pieces").rows(is_compared, move |_| side_by_side(scenario, others, report)))
}

/// What follows from the scenarios.
pub fn compared(scenario: RwSignal<Scenario>, others: RwSignal<Vec<Scenario>>, report: Memo<Report>) -> Comparison {
    others.with(|others| scenario.with(|scenario| report.with(|report| compare::of(scenario, report, others))))
}

fn side_by_side(scenario: RwSignal<Scenario>, others: RwSignal<Vec<Scenario>>, report: Memo<Report>) -> El {
    let comparison = derived(move || compared(scenario, others, report));
    let settings = move || comparison.with(|comparison| comparison.settings.clone());
    let figures = move || comparison.with(|comparison| comparison.figures.clone());
    let chart = derived(move || comparison.with(|comparison| comparison.serving.clone()));
    el("div")
        .class("pieces")
        .child(card("differences", "What was chosen").child(view! { <DataTable table=Box::new(settings)/> }))
        .child(card("consequences", "What follows").child(view! { <DataTable table=Box::new(figures)/> }))
        .child(view! { <Figure chart/> })
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
