//! The table of operations: what each phase does, how much, how long it takes, and what it waits for.

use ridgepoint_core::{PassTime, Seconds};

use crate::ink::Ink;
use crate::names;
use crate::numbers;
use crate::report::Report;
use crate::table::{Column, Row, Table};

impl Report {
    /// Every operation of decode and prefill on each device, at the speed of light and as predicted.
    pub fn operations(&self) -> Table {
        let columns = vec![
            Column::text("Operation"),
            Column::figures("Arithmetic"),
            Column::figures("Memory traffic"),
            Column::figures("Intensity (FLOP/B)"),
            Column::figures("At best"),
            Column::figures("Predicted"),
            Column::figures("Share"),
            Column::text("Limited by"),
        ];
        let rows = self.phases().into_iter().flat_map(|(name, ink, pass)| self.phase_rows(name, ink, pass)).collect();
        Table { caption: "Operations of one decode step and of prefill, per device".into(), columns, rows }
    }

    fn phase_rows(&self, name: &str, ink: Ink, pass: &PassTime) -> Vec<Row> {
        let dash = || "–".to_string();
        let predicted = self.predicted_parts(ink);
        // What was measured counts where anything is predicted.
        let whole = predicted.unwrap_or(pass).time;
        let time = |time: Option<Seconds>| time.map_or_else(dash, |time| numbers::seconds(time).to_string());
        let share = |time: Option<Seconds>| time.map_or_else(dash, |time| numbers::percent(time / whole));
        let total = pass.cost();
        let row = |cells| Row { ink: Some(ink), cells, ..Row::default() };
        let sum = row(vec![
            name.to_string(),
            numbers::flops(total.flops.get()).to_string(),
            numbers::bytes(total.traffic).to_string(),
            total.intensity().map_or_else(dash, |intensity| numbers::significant(intensity.get())),
            time(Some(pass.time)),
            time(predicted.map(|pass| pass.time)),
            "100 %".into(),
            names::bound(pass.bound()).label.into(),
        ]);
        let mut rows = vec![Row { total: true, ..sum }];
        rows.extend(pass.operations.iter().map(|timed| {
            let cost = timed.operation.cost;
            let own = predicted.and_then(|pass| pass.time_of(timed.operation));
            row(vec![
                names::operation(timed.operation.kind).label.into(),
                if cost.flops.get() > 0.0 { numbers::flops(cost.flops.get()).to_string() } else { dash() },
                numbers::bytes(cost.traffic + cost.communication).to_string(),
                match cost.intensity() {
                    Some(intensity) if cost.flops.get() > 0.0 => numbers::significant(intensity.get()),
                    Some(_) | None => dash(),
                },
                time(Some(timed.time)),
                time(own),
                share(if predicted.is_some() { own } else { Some(timed.time) }),
                names::bound(timed.bound).label.into(),
            ])
        }));
        let around = predicted.map(PassTime::around).filter(|around| *around > Seconds::ZERO);
        rows.extend(around.map(|around| {
            let figures = [dash(), dash(), dash(), dash(), time(Some(around)), share(Some(around)), dash()];
            row(core::iter::once("Engine, around them".to_string()).chain(figures).collect())
        }));
        rows
    }
}
