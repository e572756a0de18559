//! The built page in a real browser. `cargo xtask test` builds the page and runs these.

mod accessibility;
mod bad_links;
mod charts;
mod embed;
mod expected;
mod figures;
mod fixes;
mod import;
mod links;
mod loads;
mod looks;
mod selectors;
mod sliders;
mod views;
