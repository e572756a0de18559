//! A chart in the page: its title and sentence, the canvas with its crosshair, the legend and the table of the same
//! figures.

use leptos::prelude::*;
use ridgepoint_calculator::chart::Chart;
use ridgepoint_calculator::table::Table;

use super::legend::Legend;
use super::plot::Plot;
use super::scene::Hidden;
use crate::signals::words;
use crate::widgets::DataTable;

/// A chart with everything around it.
#[component]
pub fn Figure(
    /// The chart.
    chart: Memo<Chart>,
    /// Whether its table stands elsewhere in the page.
    #[prop(optional)]
    without_table: bool,
) -> impl IntoView {
    let hidden = RwSignal::new(Hidden::default());
    let id = words(move || chart.with(|chart| chart.id.to_owned()));
    let title = words(move || chart.with(|chart| chart.title.clone()));
    let caption = words(move || chart.with(|chart| chart.caption.clone()));
    view! {
        <figure class="figure" id=id>
            <figcaption>
                <h3>{title}</h3>
                <p>{caption}</p>
            </figcaption>
            <Plot chart hidden/>
            <Legend chart hidden/>
            {(!without_table).then(|| view! { <Figures chart/> })}
        </figure>
    }
}

/// The table of a chart, made only while it is open.
#[component]
fn Figures(chart: Memo<Chart>) -> impl IntoView {
    let is_open = RwSignal::new(false);
    let table = move || if is_open.get() { chart.with(|chart| chart.table.clone()) } else { Table::default() };
    view! {
        <details on:toggle=move |_| is_open.update(|open| *open = !*open)>
            <summary>"Figures of this chart"</summary>
            <DataTable table=Box::new(table)/>
        </details>
    }
}
