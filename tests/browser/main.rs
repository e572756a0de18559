//! The built page in a real browser. `cargo xtask test` builds the page and runs these.

mod expected;
mod figures;
