//! The answer: whether it fits, how well it runs, and what limits it.

use leptos::prelude::*;
use ridgepoint_calculator::verdict::{Figure, Fit, Verdict};

use crate::browser::timer::Delay;
use crate::widgets::{Glyph, Icon};

/// How long a slider may rest before the answer is said aloud.
const QUIET_MILLIS: u64 = 700;

/// The answer in a word, two sentences and a few large figures, always in sight.
#[component]
pub fn VerdictPanel(verdict: Memo<Verdict>) -> impl IntoView {
    let fit = Memo::new(move |_| verdict.with(|verdict| verdict.fit));
    let figure = |figure: &Figure| {
        view! {
            <div id=format!("figure-{}", figure.id)>
                <dt>{figure.label}</dt>
                <dd><b>{figure.value.clone()}</b><span>{figure.unit.clone()}</span></dd>
                <dd class="note">{figure.note.clone()}</dd>
            </div>
        }
    };
    view! {
        <section class="verdict" aria-labelledby="verdict-title" data-fit=move || tone(fit.get())>
            <h2 id="verdict-title" class="sr-only">"Verdict"</h2>
            <div class="answer">
                <p class="word">{move || view! { <Icon glyph=glyph(fit.get())/> }}<b>{move || fit.get().label()}</b></p>
                <p class="sentence">{move || verdict.with(|verdict| verdict.sentence.clone())}</p>
                <p class="limit">{move || verdict.with(|verdict| verdict.limit.clone())}</p>
            </div>
            <dl class="figures">
                {move || verdict.with(|verdict| verdict.figures.iter().map(figure).collect_view())}
            </dl>
        </section>
    }
}

/// Says the answer to those who listen, once the controls have come to rest.
#[component]
pub fn VerdictSpoken(verdict: Memo<Verdict>) -> impl IntoView {
    let said = RwSignal::new(String::new());
    let delay = Delay::of_millis(QUIET_MILLIS);
    Effect::new(move |before: Option<()>| {
        let words = verdict.with(|verdict| format!("{} {}", verdict.sentence, verdict.limit));
        if before.is_some() {
            delay.restart(Box::new(move || drop(said.try_set(words))));
        }
    });
    view! { <p class="sr-only" role="status">{said}</p> }
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
