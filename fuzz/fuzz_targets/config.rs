//! Any text is refused as a configuration, or gives a model that survives a link and has a report.
#![no_main]

#[path = "../../tests/soak/checks.rs"]
mod checks;

use libfuzzer_sys::fuzz_target;
use ridgepoint_importer::{read_config, read_fragment};

fuzz_target!(|config: &str| {
    let Ok(model) = read_config(config, None) else { return };
    assert_eq!(read_fragment(model.fragment()).as_ref(), Ok(&model));
    if let Err(problem) = checks::check(&format!("model=custom#c={}", model.fragment()), config.len() as u64) {
        panic!("{problem}");
    }
});
