//! A button that copies text and says whether it worked.

use leptos::prelude::*;
use web_sys::HtmlInputElement;

use super::icon::{Glyph, live_icon};
use crate::browser::clipboard;
use crate::browser::timer::Delay;
use crate::element::{El, el};

/// What became of the last attempt.
#[derive(Clone, Copy, PartialEq)]
enum State {
    Idle,
    Copied,
    Refused,
}

/// The button. Where copying is refused, it shows the text in a field to copy by hand.
#[component]
pub fn CopyButton(
    /// What it says.
    label: &'static str,
    /// A picture for it.
    glyph: Glyph,
    /// The text to copy, as it is when the button is pressed.
    text: Memo<String>,
) -> El {
    let state = RwSignal::new(State::Idle);
    let delay = Delay::of_millis(2500);
    let finish = Callback::new(move |copied| {
        state.set(if copied { State::Copied } else { State::Refused });
        if copied {
            delay.restart(Box::new(move || _ = state.try_set(State::Idle)));
        }
    });
    let is_copied = move || state.get() == State::Copied;
    let button = el("button")
        .with("type", "button")
        .with("title", label)
        .child(live_icon(move || if is_copied() { Glyph::Check } else { glyph }))
        .child(
            el("span")
                .class("words")
                .with("aria-live", "polite")
                .words(move || if is_copied() { "Copied" } else { label }.to_owned()),
        )
        .on("click", move |_| clipboard::copy(text.get_untracked(), finish));
    let field = el("input")
        .with("type", "text")
        .with("readonly", "")
        .value(move || text.get())
        .on("focus", |event| event_target::<HtmlInputElement>(&event).select());
    let by_hand = el("label")
        .class("by-hand")
        .hidden(move || state.get() != State::Refused)
        .text("The browser did not allow copying. Copy it from here:")
        .child(field);
    el("span").class("copy").child(button).child(by_hand)
}
