//! A chart in the page: its title and sentence, the canvas with its crosshair, the legend and the table of the same
//! figures.

use leptos::prelude::*;
use ridgepoint_calculator::chart::Chart;
use ridgepoint_calculator::table::Table;

use super::legend::Legend;
use super::plot::Plot;
use super::scene::Hidden;
use crate::element::{El, el};
use crate::widgets::DataTable;

/// A chart with everything around it.
#[component]
pub fn Figure(
    /// The chart.
    chart: Memo<Chart>,
    /// Whether its table stands elsewhere in the page.
    #[prop(optional)]
    without_table: bool,
) -> El {
    let hidden = RwSignal::new(Hidden::default());
    let caption = el("figcaption")
        .child(el("h3").words(move || chart.with(|chart| chart.title.clone())))
        .child(el("p").words(move || chart.with(|chart| chart.caption.clone())));
    let figure = el("figure")
        .class("figure")
        .live("id", move || chart.with(|chart| chart.id.to_owned()))
        .child(caption)
        .child(view! { <Plot chart hidden/> })
        .child(view! { <Legend chart hidden/> });
    if without_table { figure } else { figure.child(figures(chart)) }
}

/// The table of a chart, made only while it is open.
fn figures(chart: Memo<Chart>) -> El {
    let is_open = RwSignal::new(false);
    let table = move || if is_open.get() { chart.with(|chart| chart.table.clone()) } else { Table::default() };
    el("details")
        .child(el("summary").text("Figures of this chart"))
        .child(view! { <DataTable table=Box::new(table)/> })
        .on("toggle", move |_| is_open.update(|open| *open = !*open))
}
