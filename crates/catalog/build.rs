//! Checks `data/` and packs it into `catalogue.bin` and `evidence.bin`, beside a table of engines in Rust.

#[path = "build/calibration.rs"]
mod calibration;
#[path = "src/cell.rs"]
#[allow(dead_code, unreachable_pub, reason = "the build only writes them")]
mod cell;
#[path = "src/device.rs"]
#[allow(dead_code, unreachable_pub, reason = "the build only writes them")]
mod device;
#[path = "build/devices.rs"]
mod devices;
#[path = "build/engines.rs"]
mod engines;
#[path = "src/entry.rs"]
#[allow(dead_code, unreachable_pub, reason = "the build only writes them")]
mod entry;
#[path = "src/evidence.rs"]
#[allow(dead_code, unreachable_pub, reason = "the build only writes them")]
mod evidence;
#[path = "build/models.rs"]
mod models;
#[path = "src/origin.rs"]
#[allow(dead_code, unreachable_pub, reason = "the build only writes them")]
mod origin;
#[path = "build/evidence.rs"]
mod published;

use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use ridgepoint_core::packed::pack;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    let out = env::var("OUT_DIR").unwrap_or_else(|error| panic!("cargo sets OUT_DIR: {error}"));
    let (data, out) = (Path::new("data"), PathBuf::from(out));
    let origins = engines::generate(&data.join("engines"), &out);

    // In the order of the fields of `Catalogue`.
    let facts = (models::read(&data.join("models")), devices::read(&data.join("devices")));
    let contents = (facts, calibration::read(&data.join("calibration")));
    let mut hasher = DefaultHasher::new();
    pack(&contents).hash(&mut hasher);
    pack(&origins).hash(&mut hasher);
    let evidence = data.join("evidence.json");
    pack(&published::read(&evidence, "")).hash(&mut hasher);
    // The build ends soon; until then a text may stay.
    let version: &str = format!("{:016x}", hasher.finish()).leak();
    write(&out.join("catalogue.bin"), &pack(&(version, contents)));
    write(&out.join("origins.bin"), &pack(&(version, origins)));
    write(&out.join("evidence.bin"), &pack(&published::read(&evidence, version)));
    write(&out.join("catalogue.version"), version.as_bytes());
}

fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
