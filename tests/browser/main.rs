//! The built page in a real browser. `cargo xtask test` builds the page and runs these.

mod expected;
mod figures;
mod loads;
mod selectors;
mod sliders;
