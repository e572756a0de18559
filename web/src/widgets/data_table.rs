//! A table of ready words and figures.

use leptos::prelude::*;
use ridgepoint_calculator::table::{Column, Row, Table};

use crate::signals::words;

/// The table, figures on the right, sums set apart, scrolling by itself where it is wider than the page.
#[component]
pub fn DataTable(
    /// What it shows.
    #[prop(into)]
    table: Signal<Table>,
) -> impl IntoView {
    let caption = words(move || table.with(|table| table.caption.clone()));
    view! {
        <div class="table" role="region" tabindex="0" aria-label=caption>
            <table>
                <caption>{caption}</caption>
                {move || table.with(head_and_body)}
            </table>
        </div>
    }
}

fn head_and_body(table: &Table) -> impl IntoView + use<> {
    let heading =
        |column: &Column| view! { <th scope="col" class:figure-cell=column.numeric>{column.label.clone()}</th> };
    view! {
        <thead>
            <tr>{table.columns.iter().map(heading).collect_view()}</tr>
        </thead>
        <tbody>{table.rows.iter().map(|row| row_view(row, &table.columns)).collect_view()}</tbody>
    }
}

fn row_view(row: &Row, columns: &[Column]) -> impl IntoView + use<> {
    let swatch = row.ink.map(|ink| view! { <i class="swatch" data-form="block" data-ink=ink.token()></i> });
    let mut cells = row.cells.iter();
    let first = cells.next().cloned();
    let is_figure = |index: usize| columns.get(index + 1).is_some_and(|column| column.numeric);
    let others = cells
        .enumerate()
        .map(|(index, cell)| view! { <td class:figure-cell=is_figure(index)>{cell.clone()}</td> })
        .collect_view();
    view! {
        <tr class:total=row.total>
            <th scope="row" class:figure-cell=columns.first().is_some_and(|column| column.numeric)>{swatch}{first}</th>
            {others}
        </tr>
    }
}
