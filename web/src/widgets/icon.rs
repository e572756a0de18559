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
    /// Two links of a chain.
    Link,
    /// Two angle brackets: HTML.
    Code,
    /// A line that bends: a roofline with its ridge point.
    Ridge,
    /// A circle of two halves.
    Halves,
    /// A sun.
    Sun,
    /// A moon.
    Moon,
}

/// A picture beside words, which say the same.
#[component]
pub fn Icon(
    /// Which one.
    #[prop(into)]
    glyph: Signal<Glyph>,
) -> impl IntoView {
    let lines = Signal::derive(move || path(glyph.get()));
    view! {
        <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
            <path d=lines/>
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
        Glyph::Link => {
            "M6.3 9.7l3.4-3.4M7.2 4.7l1.2-1.2a2.8 2.8 0 0 1 4 4L11.2 8.8M8.8 11.2l-1.2 1.2a2.8 2.8 0 0 1-4-4L4.8 7.2"
        }
        Glyph::Code => "M5 4 1.5 8 5 12M11 4l3.5 4L11 12",
        Glyph::Ridge => "M1.5 13 8 5h6.5",
        Glyph::Halves => "M8 1.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 1 1 0-13v13M10 3v10M12 4.5v7",
        Glyph::Sun => {
            "M8 5a3 3 0 1 1 0 6a3 3 0 1 1 0-6M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1"
        }
        Glyph::Moon => "M13.5 9.8A6 6 0 1 1 6.2 2.5a4.8 4.8 0 0 0 7.3 7.3Z",
    }
}
