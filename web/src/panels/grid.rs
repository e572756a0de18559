//! Which weight formats leave room for which contexts; each cell is a link to that scenario.

use leptos::prelude::*;
use ridgepoint_calculator::grid::{self, Cell, Grid};
use ridgepoint_calculator::scenario::Scenario;

use super::{card, follow};
use crate::element::El;
use crate::signals::derived;
use crate::widgets::piece::{Tag, pieces, tag};

/// The grid around the scenario.
pub fn fit_grid(scenario: RwSignal<Scenario>) -> El {
    let grid = derived(move || scenario.with(grid::of));
    let query = move |index: usize| {
        grid.with_untracked(|grid| {
            let cell = grid.rows.iter().flat_map(|row| &row.cells).nth(index)?;
            Some(cell.query.clone())
        })
    };
    card("grid", "Formats and contexts")
        .child(pieces(move || grid.with(table).only()))
        .on("click", follow(scenario, query))
}

fn table(grid: &Grid) -> Tag {
    let heading = |words: &String| tag("th").with("class", "figure-cell").with("scope", "col").text(words);
    let head =
        tag("tr").child(tag("th").with("scope", "col").text("Weights")).children(grid.columns.iter().map(heading));
    let mut index = 0;
    let mut cells = |cell: &Cell| {
        index += 1;
        let tone = match cell.fits {
            Some(true) => "good",
            Some(false) => "bad",
            None => "unknown",
        };
        let link = tag("a").with("href", format!("?{}", cell.query)).with("data-index", (index - 1).to_string());
        let link = if cell.is_current { link.with("aria-current", "true") } else { link };
        tag("td").with("class", "figure-cell").with("data-fit", tone).child(link.text(&cell.words))
    };
    let mut lines = Vec::new();
    for row in &grid.rows {
        let name = tag("th").with("scope", "row").text(&row.label);
        lines.push(tag("tr").child(name).children(row.cells.iter().map(&mut cells)));
    }
    let region = tag("div").with("class", "table grid").with("role", "region").with("tabindex", "0");
    region.with("aria-label", &grid.caption).child(
        tag("table")
            .child(tag("caption").text(&grid.caption))
            .child(tag("thead").child(head))
            .child(tag("tbody").children(lines)),
    )
}
