//! Taking the scenario elsewhere: a link, or lines of HTML that put the calculator into another page.

use leptos::prelude::*;
use ridgepoint_calculator::scenario::{Presentation, Theme};

use crate::browser::url;
use crate::element::{El, el};
use crate::shared::Shared;
use crate::signals::memo;
use crate::widgets::{CopyButton, Glyph};

/// Buttons that copy the link and the embedding code.
pub fn share(shared: Shared) -> El {
    let link = memo(move || url::with_query(&shared.query()));
    let embed = memo(move || {
        let presentation = Presentation { embed: true, theme: Theme::Auto, ..shared.presentation.get() };
        let address = url::with_query(&shared.query_as(presentation)).replace('&', "&amp;");
        format!(
            "<iframe src=\"{address}\" title=\"Ridgepoint: LLM inference calculator\" width=\"100%\" height=\"480\" \
             loading=\"lazy\" allow=\"clipboard-write\"></iframe>"
        )
    });
    el("div")
        .class("share")
        .with("role", "group")
        .with("aria-label", "Share")
        .child(view! { <CopyButton label="Copy link" glyph=Glyph::Link text=link/> })
        .child(view! { <CopyButton label="Copy embed" glyph=Glyph::Code text=embed/> })
}
