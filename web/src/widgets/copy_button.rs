//! A button that copies text and says whether it worked.

use leptos::ev::FocusEvent;
use leptos::prelude::*;
use web_sys::HtmlInputElement;

use super::icon::{Glyph, Icon};
use crate::browser::clipboard;
use crate::browser::timer::Delay;
use crate::signals::flag;

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
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    let state = RwSignal::new(State::Idle);
    let delay = Delay::of_millis(2500);
    let finish = Callback::new(move |copied| {
        state.set(if copied { State::Copied } else { State::Refused });
        if copied {
            delay.restart(Box::new(move || _ = state.try_set(State::Idle)));
        }
    });
    let is_copied = move || state.get() == State::Copied;
    let shown = Signal::derive(move || if is_copied() { Glyph::Check } else { glyph });
    let words = Signal::derive(move || if is_copied() { "Copied" } else { label });
    let select = |event: FocusEvent| event_target::<HtmlInputElement>(&event).select();
    view! {
        <span class="copy">
            <button type="button" title=label on:click=move |_| clipboard::copy(text.get_untracked(), finish)>
                <Icon glyph=shown/>
                <span class="words" aria-live="polite">{words}</span>
            </button>
            <label class="by-hand" hidden=flag(move || state.get() != State::Refused)>
                "The browser did not allow copying. Copy it from here:"
                <input type="text" readonly prop:value=text on:focus=select/>
            </label>
        </span>
    }
}
