//! Checks `data/` and packs it for the library.

#[path = "build/devices.rs"]
mod devices;
#[path = "build/engines.rs"]
mod engines;
#[path = "build/models.rs"]
mod models;

use std::env;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    let out = env::var("OUT_DIR").unwrap_or_else(|error| panic!("cargo sets OUT_DIR: {error}"));
    let (data, out) = (Path::new("data"), Path::new(&out));
    devices::generate(&data.join("devices"), out);
    engines::generate(&data.join("engines"), out);
    models::generate(&data.join("models"), out);
}
