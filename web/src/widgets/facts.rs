//! A few short facts in a row or column.

use leptos::prelude::*;
use ridgepoint_calculator::facts::Fact;

/// Labels with their values.
#[component]
pub fn FactList(
    /// Labels with their values.
    #[prop(into)]
    facts: Signal<Vec<Fact>>,
) -> impl IntoView {
    let fact = |Fact { label, value }: Fact| {
        view! {
            <div>
                <dt>{label}</dt>
                <dd>{value}</dd>
            </div>
        }
    };
    view! { <dl class="facts">{move || facts.get().into_iter().map(fact).collect_view()}</dl> }
}
