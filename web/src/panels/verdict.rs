//! The answer: whether it fits, how well it runs, and what limits it.

use leptos::prelude::*;
use ridgepoint_calculator::verdict::{Figure, Fit, Verdict};

use crate::browser::timer::Delay;
use crate::signals::{on_change, words};
use crate::widgets::piece::{Tag, tag};
use crate::widgets::{Glyph, Icon, Pieces};

/// How long a slider may rest before the answer is said aloud.
const QUIET_MILLIS: u64 = 700;

/// The answer in a word, two sentences and a few large figures, always in sight.
#[component]
pub fn VerdictPanel(
    /// The answer.
    verdict: Memo<Verdict>,
) -> impl IntoView {
    let fit = move || verdict.with(|verdict| verdict.fit);
    let tone = Signal::derive(move || tone(fit()));
    let glyph = Signal::derive(move || glyph(fit()));
    let word = Signal::derive(move || fit().label());
    let sentence = words(move || verdict.with(|verdict| verdict.sentence.clone()));
    let limit = words(move || verdict.with(|verdict| verdict.limit.clone()));
    let figures = move || {
        let figures =
            |verdict: &Verdict| tag("dl").with("class", "figures").children(verdict.figures.iter().map(figure));
        verdict.with(figures).only()
    };
    view! {
        <section class="verdict" aria-labelledby="verdict-title" data-fit=tone>
            <h2 id="verdict-title" class="sr-only">"Verdict"</h2>
            <div class="strip">
                <p class="word"><Icon glyph/><b>{word}</b></p>
                <Pieces read=Box::new(figures)/>
            </div>
            <div class="why">
                <p class="sentence">{sentence}</p>
                <p class="limit">{limit}</p>
            </div>
        </section>
    }
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
) -> impl IntoView {
    let said = RwSignal::new(String::new());
    let delay = Delay::of_millis(QUIET_MILLIS);
    on_change(
        move || verdict.with(|verdict| format!("{} {}", verdict.sentence, verdict.limit)),
        move |words| delay.restart(Box::new(move || drop(said.try_set(words)))),
    );
    view! { <p class="sr-only" role="status">{words(move || said.get())}</p> }
}

const fn tone(fit: Fit) -> &'static str {
    match fit {
        Fit::Fits => "good",
        Fit::Tight => "tight",
        Fit::TooLarge => "bad",
        Fit::Unknown => "unknown",
    }
}

const fn glyph(fit: Fit) -> Glyph {
    match fit {
        Fit::Fits => Glyph::Check,
        Fit::Tight => Glyph::Warning,
        Fit::TooLarge => Glyph::Cross,
        Fit::Unknown => Glyph::Question,
    }
}
