//! Which weight formats leave room for which contexts: a grid of what would be left of the fullest device. The contexts
//! go from the shortest, the formats from the widest.

use crate::capacity;
use crate::deployment::Resolved;
use crate::ladder;
use crate::link::{self, MAX_TOKENS};
use crate::names;
use crate::numbers;
use crate::scenario::{Presentation, Scenario};

/// What is left of devices, by two things that may change.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// What it shows, in one sentence.
    pub caption: String,
    /// What its rows are.
    pub corner: &'static str,
    /// Headings of its columns.
    pub columns: Vec<String>,
    /// Its rows.
    pub rows: Vec<GridRow>,
}

/// A row with a cell for each column.
#[derive(Clone, Debug, PartialEq)]
pub struct GridRow {
    /// Its heading.
    pub label: String,
    /// The cells.
    pub cells: Vec<Cell>,
}

/// What a row and a column leave.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// GiB to spare, negative where it does not fit.
    pub words: String,
    /// What else is known of it; may be empty.
    pub detail: String,
    /// Whether it fits; `None` where the size of a device is not known.
    pub fits: Option<bool>,
    /// Whether the scenario is like this.
    pub is_current: bool,
    /// The scenario of this row and column, as a query.
    pub query: String,
}

/// The grid around a scenario, at its batch.
pub fn of(scenario: &Scenario) -> Grid {
    let resolved = Resolved::of(scenario);
    let now = resolved.workload.context_tokens().min(MAX_TOKENS);
    let contexts = contexts(now, resolved.model.context_limit);
    let used = resolved.numerics.weights;
    let mut formats: Vec<_> = ladder::weight_choices(&resolved, scenario.engine).collect();
    if !formats.contains(&used) {
        formats.insert(0, used);
    }
    let row = |format| {
        let changed = Scenario { weights: Some(format), ..scenario.clone() };
        let laid_out = if format == used { resolved.clone() } else { resolved.with_layout(&changed) };
        let cell = |&tokens: &u64| {
            let text = tokens.saturating_sub(resolved.media_tokens);
            let workload = capacity::with_context(changed.workload, text.max(2));
            let spare = capacity::headroom(&laid_out, capacity::at_context(&laid_out, laid_out.workload, tokens));
            let is_current = format == used && tokens == now;
            let same = if format == used { scenario } else { &changed };
            let there = Scenario { workload: if is_current { scenario.workload } else { workload }, ..same.clone() };
            Cell {
                words: spare.map_or_else(|| "–".into(), numbers::signed_gib),
                detail: String::new(),
                fits: spare.map(|spare| spare >= 0),
                is_current,
                query: link::encode(&there, &Presentation::default()),
            }
        };
        GridRow { label: names::weights_of(&resolved.model, format), cells: contexts.iter().map(cell).collect() }
    };
    let batch = scenario.workload.batch;
    let sequences =
        if batch == 1 { "one sequence".to_string() } else { format!("{} sequences", numbers::count(batch)) };
    Grid {
        caption: format!("GiB to spare on the fullest device with {sequences}, by weight format and context"),
        corner: "Weights",
        columns: contexts.iter().map(|&tokens| numbers::context(tokens)).collect(),
        rows: formats.into_iter().map(row).collect(),
    }
}

/// The scenario's context among powers of four up to what the model was made for.
fn contexts(now: u64, limit: Option<u64>) -> Vec<u64> {
    /// Enough to see growth where a model does not say what it was made for.
    const USUAL: u64 = 32_768;
    let longest = limit.unwrap_or(USUAL).clamp(8_192, MAX_TOKENS);
    let mut contexts: Vec<u64> = (0..5).map(|step| longest >> (2 * step)).filter(|&tokens| tokens >= 1024).collect();
    contexts.reverse();
    if let Err(place) = contexts.binary_search(&now) {
        contexts.insert(place, now);
    }
    contexts
}
