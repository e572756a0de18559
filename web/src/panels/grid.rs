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
            let width = grid.columns.len().max(1);
            Some(grid.rows.get(index / width)?.cells.get(index % width)?.query.clone())
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
    let mut lines = Vec::new();
    let mut index = 0;
    for row in &grid.rows {
        let mut line = tag("tr").child(tag("th").with("scope", "row").text(&row.label));
        for cell in &row.cells {
            line = line.child(cell_at(index, cell));
            index += 1;
        }
        lines.push(line);
    }
    let region = tag("div").with("class", "table grid").with("role", "region").with("tabindex", "0");
    region.with("aria-label", &grid.caption).child(
        tag("table")
            .child(tag("caption").text(&grid.caption))
            .child(tag("thead").child(head))
            .child(tag("tbody").children(lines)),
    )
}

fn cell_at(index: usize, cell: &Cell) -> Tag {
    let tone = match cell.fits {
        Some(true) => "good",
        Some(false) => "bad",
        None => "unknown",
    };
    let current = if cell.is_current { "true" } else { "false" };
    let link = tag("a")
        .with("href", format!("?{}", cell.query))
        .with("data-index", index.to_string())
        .with("aria-current", current)
        .text(&cell.words);
    tag("td").with("class", "figure-cell").with("data-fit", tone).child(link)
}
