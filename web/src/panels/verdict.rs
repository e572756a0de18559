//! The answer: whether it fits, how well it runs, and what limits it.

use leptos::prelude::*;
use ridgepoint_calculator::verdict::{Figure, Fit, Verdict};

use crate::browser::timer::Delay;
use crate::element::{El, el};
use crate::signals::on_change;
use crate::widgets::piece::{Tag, pieces, tag};
use crate::widgets::{Glyph, live_icon};

/// How long a slider may rest before the answer is said aloud.
const QUIET_MILLIS: u64 = 700;

/// The answer in a word, two sentences and a few large figures, always in sight.
#[component]
pub fn VerdictPanel(
    /// The answer.
    verdict: Memo<Verdict>,
) -> El {
    let fit = move || verdict.with(|verdict| verdict.fit);
    let figures = move || {
        let figures =
            |verdict: &Verdict| tag("dl").with("class", "figures").children(verdict.figures.iter().map(figure));
        verdict.with(figures).only()
    };
    let word = el("p")
        .class("word")
        .child(live_icon(move || glyph(fit())))
        .child(el("b").words(move || fit().label().to_owned()));
    let sentence = el("p").class("sentence").words(move || verdict.with(|verdict| verdict.sentence.clone()));
    let limit = el("p").class("limit").words(move || verdict.with(|verdict| verdict.limit.clone()));
    el("section")
        .class("verdict")
        .with("aria-labelledby", "verdict-title")
        .live("data-fit", move || tone(fit()).to_owned())
        .child(el("h2").with("id", "verdict-title").class("sr-only").text("Verdict"))
        .child(el("div").class("strip").child(word).child(pieces(figures)))
        .child(el("div").class("why").child(sentence).child(limit))
}

fn figure(figure: &Figure) -> Tag {
    let value = tag("dd").child(tag("b").text(&figure.value)).text(" ").child(tag("span").text(&figure.unit));
    tag("div")
        .with("id", format!("figure-{}", figure.id))
        .child(tag("dt").text(figure.label))
        .child(value)
        .child(tag("dd").with("class", "note").text(&figure.note))
}

/// Says the answer to those who listen, once the controls have come to rest.
#[component]
pub fn VerdictSpoken(
    /// The answer.
    verdict: Memo<Verdict>,
) -> El {
    let said = RwSignal::new(String::new());
    let delay = Delay::of_millis(QUIET_MILLIS);
    on_change(
        move || verdict.with(|verdict| format!("{} {}", verdict.sentence, verdict.limit)),
        move |words| delay.restart(Box::new(move || drop(said.try_set(words)))),
    );
    el("p").class("sr-only").with("role", "status").words(move || said.get())
}

const fn tone(fit: Fit) -> &'static str {
    match fit {
        Fit::Fits => "good",
        Fit::Tight => "tight",
        Fit::TooLarge | Fit::Refused => "bad",
        Fit::Unknown => "unknown",
    }
}

const fn glyph(fit: Fit) -> Glyph {
    match fit {
        Fit::Fits => Glyph::Check,
        Fit::Tight => Glyph::Warning,
        Fit::TooLarge | Fit::Refused => Glyph::Cross,
        Fit::Unknown => Glyph::Question,
    }
}
