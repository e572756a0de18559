//! The names of a chart's series, each a switch that shows or hides its series.

use leptos::prelude::*;
use ridgepoint_calculator::chart::{Chart, Series, Stroke};
use web_sys::Event;

use super::scene::{Hidden, is_angular};
use crate::element::{El, el};
use crate::widgets::piece::{Tag, index_of, tag};

/// The legend of a chart; nothing for a chart of one series.
#[component]
pub fn Legend(
    /// The chart.
    chart: Memo<Chart>,
    /// The series that are hidden.
    hidden: RwSignal<Hidden>,
) -> El {
    let click = move |event: Event| {
        if let Some(index) = index_of(&event) {
            hidden.update(|hidden| *hidden = hidden.toggled(index));
        }
    };
    let list = move || {
        let hidden = hidden.get();
        let switches = chart.with(|chart| switches(chart, hidden));
        tag("ul").with("class", "legend").with("aria-label", "Series").children(switches).only()
    };
    el("div").pieces(list).on("click", click)
}

/// A switch for each named series, if there are several.
fn switches(chart: &Chart, hidden: Hidden) -> Vec<Tag> {
    let named = chart.series.iter().enumerate().filter(|(_, series)| !series.name.is_empty());
    let switch = |(index, series): (usize, &Series)| {
        let swatch =
            tag("i").with("class", "swatch").with("data-ink", series.ink.token()).with("data-form", form(series));
        let button = tag("button")
            .with("type", "button")
            .with("data-index", index.to_string())
            .with("aria-pressed", if hidden.has(index) { "false" } else { "true" });
        tag("li").child(button.child(swatch).text(&series.name))
    };
    let switches: Vec<Tag> = named.map(switch).collect();
    if switches.len() > 1 { switches } else { Vec::new() }
}

fn form(series: &Series) -> &'static str {
    match series.stroke {
        Stroke::Line => "line",
        Stroke::Dashed => "dashed",
        Stroke::Points if is_angular(series.ink) => "diamond",
        Stroke::Points => "disc",
    }
}
