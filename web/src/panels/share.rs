//! Taking the scenario elsewhere: a link, or lines of HTML that put the calculator into another page.

use leptos::prelude::*;
use ridgepoint_calculator::link;
use ridgepoint_calculator::scenario::{Presentation, Scenario, Theme};

use crate::browser::url;
use crate::widgets::{CopyButton, Glyph};

/// Buttons that copy the link and the embedding code.
#[component]
pub fn Share(
    /// The scenario.
    scenario: RwSignal<Scenario>,
    /// How the page shows it.
    presentation: RwSignal<Presentation>,
) -> impl IntoView {
    let link = Signal::derive(move || address(scenario, presentation.get()));
    let embed = Signal::derive(move || {
        let address = address(scenario, Presentation { embed: true, theme: Theme::Auto, ..presentation.get() });
        let address = address.replace('&', "&amp;");
        format!(
            "<iframe src=\"{address}\" title=\"Ridgepoint: LLM inference calculator\" width=\"100%\" height=\"480\" \
             loading=\"lazy\" allow=\"clipboard-write\"></iframe>"
        )
    });
    view! {
        <div class="share" role="group" aria-label="Share">
            <CopyButton label="Copy link" glyph=Glyph::Link text=link/>
            <CopyButton label="Copy embed" glyph=Glyph::Code text=embed/>
        </div>
    }
}

/// The address of the page with a scenario.
pub fn address(scenario: RwSignal<Scenario>, presentation: Presentation) -> String {
    url::with_query(&scenario.with(|scenario| link::encode(scenario, &presentation)))
}
