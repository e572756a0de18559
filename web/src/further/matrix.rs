//! Which models on which devices, row by row: a whole matrix at once would keep the page from answering.

use leptos::prelude::*;
use ridgepoint_calculator::grid::GridRow;
use ridgepoint_calculator::matrix::{Matrix, device_sets, model_sets};

use crate::browser::timer::Delay;
use crate::element::{El, el};
use crate::panels::card;
use crate::shared::Shared;
use crate::signals::{derived, effect, memo};
use crate::widgets::{Select, fit_grid, query_in};

/// How long the controls rest before the first row.
const QUIET_MILLIS: u64 = 250;

/// The matrix with the choice of its models and devices.
pub fn view(shared: Shared) -> El {
    let (models, devices) = (RwSignal::new(0_usize), RwSignal::new(0_usize));
    let engine = memo(move || shared.scenario.with(|scenario| scenario.engine));
    let matrix = derived(move || Matrix::of(engine.get(), models.get(), devices.get()));
    let rows = RwSignal::new(Vec::<GridRow>::new());
    let (quiet, next) = (Delay::of_millis(QUIET_MILLIS), Delay::of_millis(0));
    effect(move || {
        matrix.track();
        rows.set(Vec::new());
    });
    effect(move || {
        matrix.track();
        shared.scenario.track();
        quiet.restart(Box::new(move || fill(shared, matrix, rows, 0, next)));
    });
    let grid =
        move || matrix.with(|matrix| shared.scenario.with_untracked(|scenario| matrix.grid(scenario, rows.get())));
    let query = move |index: usize| query_in(&untrack(grid), index);
    let choose = |set: RwSignal<usize>| Callback::new(move |id: String| set.set(id.parse().unwrap_or_default()));
    let value = |set: RwSignal<usize>| memo(move || set.get().to_string());
    let of_models = view! { <Select label="Models" id="matrix-models" groups=Box::new(model_sets) value=value(models) on_change=choose(models)/> };
    let of_devices = view! { <Select label="Devices" id="matrix-devices" groups=Box::new(device_sets) value=value(devices) on_change=choose(devices)/> };
    card("matrix", "Models and devices")
        .child(el("div").class("pair").child(of_models).child(of_devices))
        .child(el("div").child(fit_grid(grid)).on("click", shared.follow(query)))
}

/// Reckons a row, and then the next.
fn fill(shared: Shared, matrix: Memo<Matrix>, rows: RwSignal<Vec<GridRow>>, index: usize, next: Delay) {
    let row =
        shared.scenario.try_with_untracked(|scenario| matrix.try_with_untracked(|matrix| matrix.row(scenario, index)));
    let row = row.flatten().flatten();
    let is_there = row.is_some();
    rows.try_update(|rows| {
        // Rows of the scenario before stay until those of this one take their places.
        rows.truncate(if is_there { rows.len() } else { index });
        if let Some(row) = row {
            match rows.get_mut(index) {
                Some(before) => *before = row,
                None => rows.push(row),
            }
        }
    });
    if is_there {
        next.restart(Box::new(move || fill(shared, matrix, rows, index + 1, next)));
    }
}
