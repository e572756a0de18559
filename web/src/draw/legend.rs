//! The names of a chart's series, each a switch that shows or hides its series.

use leptos::prelude::*;
use ridgepoint_calculator::chart::{Chart, Stroke};
use ridgepoint_calculator::ink::Ink;

use super::scene::{Hidden, is_angular};
use crate::signals::{aria, memo};

/// A series as the legend shows it.
#[derive(Clone, PartialEq)]
struct Entry {
    index: usize,
    name: String,
    ink: Ink,
    stroke: Stroke,
}

/// The legend of a chart; nothing for a chart of one series.
#[component]
pub fn Legend(
    /// The chart.
    #[prop(into)]
    chart: Signal<Chart>,
    /// The series that are hidden.
    hidden: RwSignal<Hidden>,
) -> impl IntoView {
    let entries = memo(move || chart.with(entries));
    let switch = move |entry: Entry| {
        let index = entry.index;
        view! {
            <li>
                <button
                    type="button"
                    aria-pressed=aria(move || !hidden.get().has(index))
                    on:click=move |_| hidden.update(|hidden| *hidden = hidden.toggled(index))
                >
                    <i class="swatch" data-ink=entry.ink.token() data-form=form(&entry)></i>
                    {entry.name}
                </button>
            </li>
        }
    };
    view! {
        <ul class="legend" aria-label="Series">
            {move || entries.get().into_iter().map(switch).collect_view()}
        </ul>
    }
}

fn entries(chart: &Chart) -> Vec<Entry> {
    let named = chart.series.iter().enumerate().filter(|(_, series)| !series.name.is_empty());
    let entries: Vec<Entry> = named
        .map(|(index, series)| Entry { index, name: series.name.clone(), ink: series.ink, stroke: series.stroke })
        .collect();
    if entries.len() > 1 { entries } else { Vec::new() }
}

fn form(entry: &Entry) -> &'static str {
    match entry.stroke {
        Stroke::Line => "line",
        Stroke::Dashed => "dashed",
        Stroke::Points if is_angular(entry.ink) => "diamond",
        Stroke::Points => "disc",
    }
}
