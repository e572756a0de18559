//! Tables of text, ready to show: the other face of every chart and bar.

use crate::ink::Ink;

/// A table whose cells are already formatted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// What the table shows, in one sentence.
    pub caption: String,
    /// Column headings.
    pub columns: Vec<Column>,
    /// Rows, each with one cell for each column.
    pub rows: Vec<Row>,
}

/// A column heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The words.
    pub label: String,
    /// Whether its cells are figures, to be aligned on the right.
    pub numeric: bool,
}

impl Column {
    /// A column of words.
    pub fn text(label: impl Into<String>) -> Self {
        Self { label: label.into(), numeric: false }
    }

    /// A column of figures.
    pub fn figures(label: impl Into<String>) -> Self {
        Self { label: label.into(), numeric: true }
    }
}

/// One row of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The mark in the bar or chart that this row belongs to.
    pub ink: Option<Ink>,
    /// Whether it sums up others.
    pub total: bool,
    /// The scenario that the row is about, as a query, if it is about another than the one of the page.
    pub query: Option<String>,
    /// The figure in the row, as its working calls it, if it has one.
    pub figure: Option<&'static str>,
    /// The cells.
    pub cells: Vec<String>,
}
