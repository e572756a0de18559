//! Fits what engines make of devices on published measurements, and writes the constants, the spread of measurements
//! around predictions, and the table of errors: `cargo xtask calibrate`.
//!
//! It starts from the same constants every time and reads nothing that it has written, so a second run changes nothing.

mod accuracy;
mod cases;
mod cells;
mod effects;
mod fit;
mod folds;
mod kernels;
mod published;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use ridgepoint_calibrate::memory;
use serde_json::Value;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let result = match (arguments.next().as_deref(), arguments.next()) {
        (None, None) => run(write),
        (Some("--check"), None) => run(check),
        _ => Err("usage: ridgepoint-calibrate [--check]".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Where everything that is fitted says that it comes from.
const SOURCE: &str = "fitted by cargo xtask calibrate on tests/measured/performance.json; errors in docs/ACCURACY.md";

fn run(deliver: fn(&Path, &str) -> Result<(), String>) -> Result<(), String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let cases = cases::read(&root.join("tests/measured/performance.json"))?;
    let kernels = kernels::read(&root.join("tests/measured/operations.json"))?;
    let fits = folds::fit(&cases, &kernels);
    let cells = fits.first().ok_or("there are parts")?;
    let misses = accuracy::misses(&cases, cells);
    let unseen = folds::misses(&cases, &fits);
    let spreads = accuracy::spreads(&misses, &unseen);
    let logged = fs::read_to_string(root.join("tests/measured/memory.json")).map_err(|error| error.to_string())?;
    let logged = memory::rows(&logged)?;
    let evidence = published::json(&misses, &unseen, &spreads, &logged);
    let data = root.join("crates/catalog/data/calibration");
    deliver(&root.join("crates/catalog/data/evidence.json"), &evidence)?;
    deliver(&data.join("cells.json"), &lines(&cells::json(cells)))?;
    deliver(&data.join("spreads.json"), &lines(&spreads))?;
    let page = accuracy::page(&misses, &unseen, &spreads, &kernels, cells) + &memory::section(&logged);
    deliver(&root.join("docs/ACCURACY.md"), &page)
}

/// A list as JSON with an entry to a line.
fn lines(entries: &[Value]) -> String {
    let lines: Vec<String> = entries.iter().map(|entry| format!("    {entry}")).collect();
    format!("{{\n  \"source\": \"{SOURCE}\",\n  \"entries\": [\n{}\n  ]\n}}\n", lines.join(",\n"))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Fails if the file is not what would be written.
fn check(path: &Path, text: &str) -> Result<(), String> {
    let found = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let difference = found.lines().zip(text.lines()).find(|(found, expected)| found != expected);
    match difference {
        None if found.len() == text.len() => Ok(()),
        None => Err(format!("{}: not as long as expected; run cargo xtask calibrate", path.display())),
        Some((found, expected)) => {
            Err(format!("{}: run cargo xtask calibrate; found {found}, expected {expected}", path.display()))
        }
    }
}
