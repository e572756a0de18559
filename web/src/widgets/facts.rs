//! A few short facts in a row or column.

use leptos::prelude::*;
use ridgepoint_calculator::facts::Fact;

use super::piece::{pieces, tag};
use crate::element::El;

/// Labels with their values.
#[component]
pub fn FactList(
    /// Labels with their values.
    facts: Box<dyn Fn() -> Vec<Fact>>,
) -> El {
    let fact = |fact: Fact| tag("div").child(tag("dt").text(fact.label)).child(tag("dd").text(fact.value));
    pieces(move || tag("dl").with("class", "facts").children(facts().into_iter().map(fact)).only())
}
