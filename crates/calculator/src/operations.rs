//! The table of operations: what each phase does, how much, and what it waits for.

use ridgepoint_core::PassTime;

use crate::ink::Ink;
use crate::names;
use crate::numbers;
use crate::report::Report;
use crate::table::{Column, Row, Table};

impl Report {
    /// Every operation of decode and prefill, on each device, at the speed of light.
    pub fn operations(&self) -> Table {
        let columns = vec![
            Column::text("Operation"),
            Column::figures("Arithmetic"),
            Column::figures("Memory traffic"),
            Column::figures("Intensity (FLOP/B)"),
            Column::figures("Least time"),
            Column::figures("Share"),
            Column::text("Limited by"),
        ];
        let rows = self.phases().into_iter().flat_map(|(name, ink, pass)| phase_rows(name, ink, pass)).collect();
        Table {
            caption: "Operations of one decode step and of prefill, per device, at the speed of light".into(),
            columns,
            rows,
        }
    }
}

fn phase_rows(name: &str, ink: Ink, pass: &PassTime) -> Vec<Row> {
    let dash = || "–".to_string();
    let total = pass.cost();
    let mut rows = vec![Row {
        ink: Some(ink),
        total: true,
        cells: vec![
            name.to_string(),
            numbers::flops(total.flops.get()).to_string(),
            numbers::bytes(total.traffic).to_string(),
            total.intensity().map_or_else(dash, |intensity| numbers::significant(intensity.get())),
            numbers::seconds(pass.time).to_string(),
            "100 %".into(),
            names::bound(pass.bound()).label.into(),
        ],
    }];
    rows.extend(pass.operations.iter().map(|timed| {
        let cost = timed.operation.cost;
        let moved = cost.traffic + cost.communication;
        Row {
            ink: Some(ink),
            total: false,
            cells: vec![
                names::operation(timed.operation.kind).label.into(),
                if cost.flops.get() > 0.0 { numbers::flops(cost.flops.get()).to_string() } else { dash() },
                numbers::bytes(moved).to_string(),
                match cost.intensity() {
                    Some(intensity) if cost.flops.get() > 0.0 => numbers::significant(intensity.get()),
                    Some(_) | None => dash(),
                },
                numbers::seconds(timed.time).to_string(),
                numbers::percent(timed.time / pass.time),
                names::bound(timed.bound).label.into(),
            ],
        }
    }));
    rows
}
