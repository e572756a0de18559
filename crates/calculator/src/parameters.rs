//! The table of parameters: where a model has them, and how many of them one token uses.

use ridgepoint_core::Component;

use crate::names;
use crate::numbers;
use crate::report::Report;
use crate::table::{Column, Row, Table};

/// What is counted as active.
pub const ACTIVE_MEANS: &str = "Active is what one token of text passes: everything but the experts that it does not \
                                visit and the towers for images and sound. The whole embedding table counts.";

impl Report {
    /// Exact parameters by component, their sum, and what of it is active.
    pub fn parameters(&self) -> Table {
        let model = &self.model;
        let total = model.parameters.total();
        let row = |label: &str, count: u64, is_sum| Row {
            total: is_sum,
            cells: vec![label.to_owned(), numbers::count(count), numbers::percent(count as f64 / total.max(1) as f64)],
            ..Row::default()
        };
        let parts = Component::ALL.into_iter().map(|part| (names::component(part).label, model.parameters.of(part)));
        let mut rows: Vec<Row> =
            parts.filter(|(_, count)| *count > 0).map(|(label, count)| row(label, count, false)).collect();
        rows.push(row("Total", total, true));
        rows.push(row("Active per token", model.parameters.active, false));
        if model.mtp_parameters > 0 {
            rows.push(row("MTP, not in the total", model.mtp_parameters, false));
        }
        Table {
            caption: "Parameters by component".into(),
            columns: vec![Column::text("Component"), Column::figures("Parameters"), Column::figures("Share")],
            rows,
        }
    }
}
