//! Short messages above the results, which the reader can put away.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};
use super::piece::{Pieces, tag};

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
    dismiss: Option<Callback<()>>,
) -> impl IntoView {
    let list = move || tag("ul").children(messages().into_iter().map(|message| tag("li").text(message))).only();
    let glyph = if tone == "warning" { Glyph::Warning } else { Glyph::Info };
    view! {
        <section class="notices" data-tone=tone aria-label=label>
            <Icon glyph/>
            <Pieces read=Box::new(list)/>
            {dismiss.map(|dismiss| view! {
                <button type="button" class="plain" aria-label=format!("Dismiss: {label}") on:click=move |_| dismiss.run(())>
                    <Icon glyph=Glyph::Close/>
                </button>
            })}
        </section>
    }
}
