//! How near the engine models come to what engines logged and tools read, as a table by engine and figure.
//!
//! Cases whose figures helped to choose a constant are scored apart from those that did not.

use ridgepoint_calculator::{evidence, names};
use ridgepoint_calibrate::memory::{self, Row, percentile, share};
use ridgepoint_catalog::catalogue::EVIDENCE_FILE;
use ridgepoint_catalog::evidence::Evidence;
use ridgepoint_core::Engine;
use std::collections::BTreeMap;

fn rows() -> Vec<Row> {
    memory::rows(include_str!("measured/memory.json")).expect("the cases can be read")
}

fn split(is_held_out: bool) -> &'static str {
    if is_held_out { "hold-out" } else { "fit" }
}

fn print(title: &str, rows: &[Row]) {
    let mut groups: BTreeMap<(&str, &str, bool), Vec<&Row>> = BTreeMap::new();
    for row in rows {
        groups.entry((row.engine, row.figure, row.is_held_out)).or_default().push(row);
    }
    println!("{title:46} {:>4} {:>9} {:>9} {:>9}", "n", "within %", "median %", "p90 %");
    for ((engine, figure, is_held_out), rows) in groups {
        println!(
            "{:46} {:4} {:9.1} {:9.2} {:9.2}",
            format!("{engine}, {figure}, {}", split(is_held_out)),
            rows.len(),
            100.0 * share(&rows, |row| row.is_within),
            100.0 * percentile(&rows, 0.5),
            100.0 * percentile(&rows, 0.9)
        );
    }
    for row in rows.iter().filter(|row| !row.is_within) {
        println!("outside: {} {} ({}): {:.1} %", row.case, row.figure, split(row.is_held_out), 100.0 * row.off);
    }
}

/// Run with `-- --nocapture` to see the table.
#[test]
fn figures_are_near_the_measured_ones() {
    let rows = rows();
    print("engine, figure, split", &rows);
    let of = |name: &str, figures: &[&str]| -> Vec<&Row> {
        rows.iter().filter(|row| split(row.is_held_out) == name && figures.contains(&row.figure)).collect()
    };
    let near = |limit: f64| move |row: &Row| row.off <= limit;
    for name in ["fit", "hold-out"] {
        let all: Vec<&Row> = rows.iter().filter(|row| split(row.is_held_out) == name).collect();
        assert!(share(&all, |row| row.is_within) >= 0.95, "{name}: all figures");
        assert!(share(&of(name, &["weights"]), near(0.01)) >= 0.85, "{name}: weights");
        assert!(share(&of(name, &["total"]), near(0.05)) >= 0.9, "{name}: totals");
    }
    // Exact by construction: no constant enters.
    let exact = of("hold-out", &["KV per token", "KV on a device", "state"]);
    assert!(share(&exact, near(0.005)) >= 0.95, "cache and state");
    assert!(share(&of("hold-out", &["minimum"]), near(0.05)) >= 0.9, "minimum");
    assert!(share(&of("hold-out", &["activations"]), near(0.25)) >= 0.8, "activations");
    assert!(percentile(&of("hold-out", &["KV tokens"]), 0.5) <= 0.04, "KV tokens");
    assert!(share(&of("fit", &["compute buffer"]), near(0.1)) >= 0.9, "compute buffer");
}

#[test]
fn every_engine_with_a_log_is_scored() {
    let rows = rows();
    for engine in Engine::ALL.into_iter().filter(|engine| *engine != Engine::Mlx) {
        let label = names::engine(engine).label;
        assert!(rows.iter().any(|row| row.engine == label), "{label}");
    }
}

/// The table that people read has every figure that was logged, and the shares of the cases.
#[test]
fn the_evidence_has_a_line_for_each_engine_and_figure() {
    let published = Evidence::from_bytes(EVIDENCE_FILE.to_vec()).expect("the build has packed it");
    let (rows, evidence) = (rows(), published);
    let table = evidence::memory(&evidence);
    assert_eq!(table.rows.len(), evidence.memory.len());
    let counted: u64 = evidence.memory.iter().map(|memory| memory.fit.count + memory.held_out.count).sum();
    assert_eq!(counted, rows.len() as u64);
    for (memory, line) in evidence.memory.iter().zip(&table.rows) {
        let of: Vec<&Row> = rows
            .iter()
            .filter(|row| row.is_held_out && (row.engine, row.figure) == (memory.engine, memory.figure))
            .collect();
        assert_eq!(memory.held_out.count, of.len() as u64, "{}", line.cells[0]);
        assert_eq!(memory.held_out.worst, (percentile(&of, 1.0) * 1e6).round() as u64, "{}", line.cells[0]);
        assert_eq!(line.cells.len(), table.columns.len());
        assert_eq!(line.cells[2] == "–", of.is_empty(), "{}", line.cells[0]);
    }
}
