//! Small pictures drawn with the colour of the words beside them.

use leptos::prelude::*;

/// A picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyph {
    /// A tick in a circle: yes.
    Check,
    /// A triangle: careful.
    Warning,
    /// A cross in a circle: no.
    Cross,
    /// A question mark in a circle: not known.
    Question,
    /// An i in a circle: good to know.
    Info,
    /// A cross: put away.
    Close,
    /// Two sheets: copy.
    Copy,
    /// A line that bends: a roofline with its ridge point.
    Ridge,
}

/// A picture beside words, which say the same.
#[component]
pub fn Icon(
    /// Which one.
    glyph: Glyph,
) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
            <path d=path(glyph)/>
        </svg>
    }
}

const fn path(glyph: Glyph) -> &'static str {
    match glyph {
        Glyph::Check => "M8 1.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 1 1 0-13M5 8.2l2.2 2.2L11.2 6",
        Glyph::Warning => "M8 1.8 15 14H1ZM8 6.2v3.6M8 11.8v.4",
        Glyph::Cross => "M8 1.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 1 1 0-13M5.5 5.5l5 5m0-5-5 5",
        Glyph::Question => {
            "M8 1.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 1 1 0-13M6.2 6.4a1.8 1.8 0 1 1 2.6 1.6q-.8.4-.8 1.3M8 11.4v.4"
        }
        Glyph::Info => "M8 1.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 1 1 0-13M8 7.4v4M8 4.6v.4",
        Glyph::Close => "M3.5 3.5l9 9m0-9-9 9",
        Glyph::Copy => "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
        Glyph::Ridge => "M1.5 13 8 5h6.5",
    }
}
