//! Which weight formats leave room for which contexts.

use leptos::prelude::*;
use ridgepoint_calculator::grid;

use super::card;
use crate::element::El;
use crate::shared::Shared;
use crate::signals::derived;
use crate::widgets::{fit_grid, query_in};

/// The grid around the scenario.
pub fn formats(shared: Shared) -> El {
    let grid = derived(move || shared.scenario.with(grid::of));
    let query = move |index: usize| grid.with_untracked(|grid| query_in(grid, index));
    card("grid", "Formats and contexts").child(fit_grid(move || grid.get())).on("click", shared.follow(query))
}
