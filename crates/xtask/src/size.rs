//! What the page and the JavaScript library cost to load.

use std::path::Path;

use crate::commands::{output, program};
use crate::places::Places;

/// What each WebAssembly file may weigh, in bytes after brotli, by the start of its name.
///
/// Every visitor waits for the first; the second is loaded when somebody brings a model of their own, the third with the
/// views for plans, comparisons and evidence. ARCHITECTURE.md says what they owe their size to.
const BUDGETS: [(&str, u64); 3] =
    [("ridgepoint-web", 234_000), ("ridgepoint-import", 199_000), ("ridgepoint-further", 220_000)];

/// What a first visit may download in all: everything but the other programs and the evidence.
const FIRST_VISIT: u64 = 300_000;

/// One file of `dist/` with its size as it is and as a host may send it.
struct Asset {
    name: String,
    raw: u64,
    gzip: u64,
    brotli: u64,
}

/// Prints the size of each file in `dist/` and fails if a WebAssembly file is missing or over its budget.
pub(crate) fn check(places: &Places) -> Result<(), String> {
    let assets = measure(places, &places.dist)?;
    print_table(&assets);
    for (name, budget) in BUDGETS {
        let is_meant = |asset: &&Asset| asset.name.starts_with(name) && asset.name.ends_with(".wasm");
        let size = assets.iter().find(is_meant).ok_or_else(|| format!("dist/ has no {name}*.wasm"))?.brotli;
        within(name, size, budget)?;
    }
    let is_later = |asset: &&Asset| {
        ["ridgepoint-import", "ridgepoint-further", "origins", "evidence"]
            .iter()
            .any(|name| asset.name.starts_with(name))
    };
    let first = assets.iter().filter(|asset| !is_later(asset));
    let first: u64 = first.map(|asset| asset.brotli).sum();
    within("a first visit", first, FIRST_VISIT)
}

/// Prints the size of each file of the JavaScript library and fails if its program is over its budget, in bytes after
/// brotli.
pub(crate) fn check_package(places: &Places, name: &str, budget: u64) -> Result<(), String> {
    let assets = measure(places, &places.package)?;
    print_table(&assets);
    let program = assets.iter().find(|asset| asset.name == name).ok_or_else(|| format!("the package has no {name}"))?;
    within(name, program.brotli, budget)
}

/// Says how a size stands to its budget, both in bytes after brotli.
fn within(name: &str, size: u64, budget: u64) -> Result<(), String> {
    if size > budget {
        return Err(format!("{name} is over its budget of {budget} bytes after brotli: {size}"));
    }
    println!("{name}: {size} bytes after brotli, at most {budget}");
    Ok(())
}

fn measure(places: &Places, folder: &Path) -> Result<Vec<Asset>, String> {
    let lines = output(program(places, "asset-sizes")?.arg(folder))
        .ok_or_else(|| format!("cannot measure {}; build it first", folder.display()))?;
    lines
        .lines()
        .map(|line| asset(line).ok_or_else(|| format!("asset-sizes wrote a line that cannot be read: {line}")))
        .collect()
}

/// Reads a line of `asset-sizes`: name, raw, gzip and brotli bytes, separated by tabs.
fn asset(line: &str) -> Option<Asset> {
    let mut fields = line.split('\t');
    let name = fields.next()?.to_owned();
    let mut bytes = || fields.next()?.parse().ok();
    Some(Asset { name, raw: bytes()?, gzip: bytes()?, brotli: bytes()? })
}

fn print_table(assets: &[Asset]) {
    let width = assets.iter().map(|asset| asset.name.len()).max().unwrap_or(0).max("total".len());
    println!("\n{:width$}  {:>9}  {:>9}  {:>9}", "bytes", "raw", "gzip", "brotli");
    for Asset { name, raw, gzip, brotli } in assets {
        println!("{name:width$}  {raw:>9}  {gzip:>9}  {brotli:>9}");
    }
    let sum = |size: fn(&Asset) -> u64| assets.iter().map(size).sum::<u64>();
    let (raw, gzip, brotli) = (sum(|asset| asset.raw), sum(|asset| asset.gzip), sum(|asset| asset.brotli));
    println!("{:width$}  {raw:>9}  {gzip:>9}  {brotli:>9}\n", "total");
}
