//! A table of ready words and figures.

use leptos::prelude::*;
use ridgepoint_calculator::table::{Row, Table};

use super::piece::{Tag, pieces, tag};
use crate::element::El;

/// The table, figures on the right, sums set apart, scrolling by itself where it is wider than the page.
#[component]
pub fn DataTable(
    /// What it shows.
    table: Box<dyn Fn() -> Table>,
) -> El {
    pieces(move || region(&table()).only())
}

fn region(table: &Table) -> Tag {
    let region = tag("div").with("class", "table").with("role", "region").with("tabindex", "0");
    region.with("aria-label", &table.caption).child(whole(table))
}

fn whole(table: &Table) -> Tag {
    let heading = |index: usize| cell("th", table, index).with("scope", "col").text(&table.columns[index].label);
    tag("table")
        .child(tag("caption").text(&table.caption))
        .child(tag("thead").child(tag("tr").children((0..table.columns.len()).map(heading))))
        .child(tag("tbody").children(table.rows.iter().enumerate().map(|row| line(row, table))))
}

fn line((place, row): (usize, &Row), table: &Table) -> Tag {
    let cells = row.cells.iter().enumerate().map(|(index, words)| {
        if index > 0 {
            return cell("td", table, index).text(words);
        }
        let mut first = cell("th", table, index).with("scope", "row");
        if let Some(ink) = row.ink {
            first =
                first.child(tag("i").with("class", "swatch").with("data-form", "block").with("data-ink", ink.token()));
        }
        match (&row.query, row.figure) {
            (Some(query), _) => first
                .child(tag("a").with("href", format!("?{query}")).with("data-index", place.to_string()).text(words)),
            (None, Some(figure)) => first.child(explained(figure, words)),
            (None, None) => first.text(words),
        }
    });
    tag("tr").class("total", row.total).children(cells)
}

/// The name of a figure that tells how it comes about.
fn explained(figure: &str, words: &str) -> Tag {
    let button = tag("button").with("type", "button").with("class", "explained").with("aria-haspopup", "dialog");
    button.with("data-figure", figure).text(words)
}

fn cell(name: &'static str, table: &Table, index: usize) -> Tag {
    tag(name).class("figure-cell", table.columns.get(index).is_some_and(|column| column.numeric))
}
