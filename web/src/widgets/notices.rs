//! Short messages above the results, which the reader can put away.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};
use super::piece::{Pieces, tag};
use crate::signals::flag;

/// A list of messages; nothing is seen of it while it is empty.
#[component]
pub fn Notices(
    /// What the list is about, for those who do not see where it stands.
    label: &'static str,
    /// How serious it is: "info" or "warning".
    tone: &'static str,
    /// The messages.
    #[prop(into)]
    messages: Signal<Vec<String>>,
    /// Puts the list away. Without it the list stays as long as its reason.
    #[prop(optional)]
    dismiss: Option<Callback<()>>,
) -> impl IntoView {
    let item = |message: &String| tag("li").text(message);
    let list = move || messages.with(|messages| tag("ul").children(messages.iter().map(item)).only());
    let glyph = if tone == "warning" { Glyph::Warning } else { Glyph::Info };
    view! {
        <section class="notices" data-tone=tone aria-label=label hidden=flag(move || messages.with(Vec::is_empty))>
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
