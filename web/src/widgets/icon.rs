//! Small pictures drawn with the colour of the words beside them.

use crate::element::{El, svg};

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
pub fn icon(glyph: Glyph) -> El {
    picture(svg("use").with("href", symbol(glyph)))
}

/// A picture that follows what `read` reads.
pub fn live_icon(read: impl Fn() -> Glyph + 'static) -> El {
    picture(svg("use").live("href", move || symbol(read()).to_owned()))
}

fn picture(content: El) -> El {
    svg("svg").class("icon").with("aria-hidden", "true").with("focusable", "false").child(content)
}

/// Where `index.html` draws it.
const fn symbol(glyph: Glyph) -> &'static str {
    match glyph {
        Glyph::Check => "#glyph-check",
        Glyph::Warning => "#glyph-warning",
        Glyph::Cross => "#glyph-cross",
        Glyph::Question => "#glyph-question",
        Glyph::Info => "#glyph-info",
        Glyph::Close => "#glyph-close",
        Glyph::Link => "#glyph-link",
        Glyph::Code => "#glyph-code",
        Glyph::Ridge => "#glyph-ridge",
        Glyph::Halves => "#glyph-halves",
        Glyph::Sun => "#glyph-sun",
        Glyph::Moon => "#glyph-moon",
    }
}
