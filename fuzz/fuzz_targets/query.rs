//! Any text is a query, and the whole calculator holds up with what comes of it.
#![no_main]

#[path = "../../tests/soak/checks.rs"]
mod checks;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|query: &str| {
    // The length decides which of the slower views are computed.
    if let Err(problem) = checks::check(query, query.len() as u64) {
        panic!("{problem}");
    }
});
