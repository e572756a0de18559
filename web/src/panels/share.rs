//! Taking the scenario elsewhere: a link, or lines of HTML that put the calculator into another page.

use leptos::prelude::*;
use ridgepoint_calculator::scenario::{Presentation, Scenario, Theme};

use crate::app::query;
use crate::browser::url;
use crate::element::{El, el};
use crate::signals::memo;
use crate::widgets::{CopyButton, Glyph};

/// Buttons that copy the link and the embedding code.
#[component]
pub fn Share(
    /// The scenario.
    scenario: RwSignal<Scenario>,
    /// Those that it is compared with.
    others: RwSignal<Vec<Scenario>>,
    /// How the page shows it.
    presentation: RwSignal<Presentation>,
) -> El {
    let link = memo(move || address(scenario, others, presentation.get()));
    let embed = memo(move || {
        let address = address(scenario, others, Presentation { embed: true, theme: Theme::Auto, ..presentation.get() });
        let address = address.replace('&', "&amp;");
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

/// The address of the page with a scenario and those that it is compared with.
pub fn address(scenario: RwSignal<Scenario>, others: RwSignal<Vec<Scenario>>, presentation: Presentation) -> String {
    url::with_query(&query(scenario, others, presentation))
}
