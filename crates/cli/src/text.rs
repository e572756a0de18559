//! Tables as aligned text.

use ridgepoint_calculator::table::Table;

/// The table with columns wide enough for their cells, figures on the right.
pub(crate) fn table(table: &Table) -> String {
    let heads: Vec<&str> = table.columns.iter().map(|column| column.label.as_str()).collect();
    let width = |index: usize| {
        let cells = table.rows.iter().filter_map(|row| row.cells.get(index)).map(|cell| cell.chars().count());
        cells.chain([heads[index].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let cells: Vec<String> = cells
            .zip(table.columns.iter().zip(&widths))
            .map(
                |(cell, (column, &width))| {
                    if column.numeric { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
                },
            )
            .collect();
        format!("  {}\n", cells.join("  ").trim_end())
    };
    let mut text = line(&mut heads.iter().copied());
    for row in &table.rows {
        text += &line(&mut row.cells.iter().map(String::as_str));
    }
    text
}
