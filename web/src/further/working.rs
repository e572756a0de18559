//! How figures come about: for each its formula, the same with the scenario's numbers, and where its constants come from.

use leptos::prelude::*;
use ridgepoint_calculator::working::{self, Working};

use crate::element::{El, el};
use crate::shared::Shared;
use crate::signals::{derived, memo};
use crate::widgets::piece::{Tag, pieces, tag};
use crate::widgets::{CopyButton, Glyph};

/// All workings of the scenario, the one of `figure` open.
pub fn view(Shared { scenario, .. }: Shared, figure: String) -> El {
    let workings = derived(move || scenario.with(working::of));
    let text = memo(move || workings.with(|workings| working::markdown(workings)));
    let list = move || {
        let items = workings.with(|workings| workings.iter().map(|working| item(working, &figure)).collect::<Vec<_>>());
        tag("div").with("class", "workings").children(items).only()
    };
    let list = pieces(list);
    let node = list.node().clone();
    // Its place is known once the drawer has been laid out.
    request_animation_frame(move || {
        if let Ok(Some(open)) = node.query_selector("[open]") {
            open.scroll_into_view();
        }
    });
    el("div").class("pieces").child(list).child(view! { <CopyButton label="Copy as Markdown" glyph=Glyph::Code text/> })
}

fn item(working: &Working, open: &str) -> Tag {
    let Working { figure, formula, substituted, result, basis, sources } = working;
    let basis = working::basis(*basis);
    let summary = tag("summary")
        .child(tag("b").text(*figure))
        .child(tag("span").with("class", "result").text(result))
        .child(tag("small").with("class", "basis").with("data-basis", basis).text(basis));
    let sum = |words: &str| tag("p").child(tag("span").text("= ")).text(words);
    let sources = sources.iter().map(|source| tag("li").text(*source));
    let details = tag("details");
    let details = if *figure == open { details.with("open", "") } else { details };
    details
        .child(summary)
        .child(tag("div").with("class", "sums").child(sum(formula)).child(sum(substituted)))
        .child(tag("ul").with("class", "sources").children(sources))
}
