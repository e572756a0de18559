//! A grid of what is left of devices; each cell is a link to its scenario.

use ridgepoint_calculator::grid::{Cell, Grid};

use super::piece::{Tag, pieces, tag};
use crate::element::El;

/// The grid.
pub fn fit_grid(grid: impl Fn() -> Grid + 'static) -> El {
    pieces(move || table(&grid()).only())
}

/// The scenario of the cell with that number, counted along the rows, as a query.
pub fn query_in(grid: &Grid, index: usize) -> Option<String> {
    let width = grid.columns.len().max(1);
    Some(grid.rows.get(index / width)?.cells.get(index % width)?.query.clone())
}

fn table(grid: &Grid) -> Tag {
    let heading = |words: &String| tag("th").with("class", "figure-cell").with("scope", "col").text(words);
    let head =
        tag("tr").child(tag("th").with("scope", "col").text(grid.corner)).children(grid.columns.iter().map(heading));
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
    let link = if cell.detail.is_empty() { link } else { link.child(tag("small").text(&cell.detail)) };
    tag("td").with("class", "figure-cell").with("data-fit", tone).child(link)
}
