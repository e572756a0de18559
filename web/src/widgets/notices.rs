//! Short messages above the results, which the reader can put away.

use leptos::prelude::*;

use super::icon::{Glyph, icon};
use super::piece::{pieces, tag};
use crate::element::{El, el};

/// A list of messages; nothing is seen of it while it is empty.
#[component]
pub fn Notices(
    /// What the list is about, for those who do not see where it stands.
    label: &'static str,
    /// How serious it is: "info" or "warning".
    tone: &'static str,
    /// The messages.
    messages: Box<dyn Fn() -> Vec<String>>,
    /// Puts the list away. Without it the list stays as long as its reason.
    #[prop(optional)]
    dismiss: Option<Box<dyn Fn()>>,
) -> El {
    let list = move || tag("ul").children(messages().into_iter().map(|message| tag("li").text(message))).only();
    let button = |dismiss: Box<dyn Fn()>| {
        el("button")
            .with("type", "button")
            .class("plain")
            .with("aria-label", &format!("Dismiss: {label}"))
            .child(icon(Glyph::Close))
            .on("click", move |_| dismiss())
    };
    el("section")
        .class("notices")
        .with("data-tone", tone)
        .with("aria-label", label)
        .child(icon(if tone == "warning" { Glyph::Warning } else { Glyph::Info }))
        .child(pieces(list))
        .children(dismiss.map(button))
}
