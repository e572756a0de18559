//! Installs what building and testing the page and the JavaScript library needs, once, below `target/`.
//!
//! | tool | from | why there |
//! |---|---|---|
//! | wasm32 target | rustup | |
//! | Trunk | crates.io, by `cargo install` | it has no library, so that the workspace cannot build it |
//! | wasm-bindgen | `crates/tools` | `Cargo.lock` keeps it at the version of the library in the page |
//! | wasm-opt | npm `binaryen` | a prebuilt, current Binaryen |
//! | axe-core | npm | the rules of accessibility that the browser tests check |
//! | TypeScript | npm | the compiler that holds the library's types to its answers |

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::commands::{NPM, cargo, output, program, run};
use crate::places::Places;

/// Newer releases need a newer Rust than `rust-toolchain.toml` names.
const TRUNK: &str = "0.21.14";
const BINARYEN: &str = "132.0.0";
const AXE: &str = "4.11.4";
const TYPESCRIPT: &str = "5.9.3";
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

/// Whether `wasm-opt` is there to shrink the page.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum WasmOpt {
    Present,
    Missing,
}

/// Makes every tool present that `trunk build` calls.
pub(crate) fn page_tools(places: &Places) -> Result<WasmOpt, String> {
    wasm_target()?;
    trunk(places)?;
    workspace_tools(places)?;
    Ok(match node_packages(places) {
        Ok(()) => WasmOpt::Present,
        Err(reason) => {
            eprintln!("\nwarning: the page will be larger than it should be, because wasm-opt is missing: {reason}\n");
            WasmOpt::Missing
        }
    })
}

/// Makes every tool present that builds and tests the JavaScript library. Without wasm-opt there is none to publish.
pub(crate) fn library_tools(places: &Places) -> Result<(), String> {
    wasm_target()?;
    workspace_tools(places)?;
    node_packages(places)
}

/// Makes rustfmt and clippy present.
pub(crate) fn check_tools() -> Result<(), String> {
    for (component, version) in [("rustfmt", ["fmt", "--version"]), ("clippy", ["clippy", "--version"])] {
        if output(Command::new("cargo").args(version)).is_none() {
            run(Command::new("rustup").args(["component", "add", component]))?;
        }
    }
    Ok(())
}

/// Installs Debian packages if we may, and otherwise says which command would.
pub(crate) fn apt_install(packages: &[&str]) -> Result<(), String> {
    let names = packages.join(" ");
    let is_debian = Path::new("/etc/debian_version").exists();
    let is_root = output(Command::new("id").arg("-u")).as_deref() == Some("0");
    if !(is_debian && is_root) {
        return Err(format!(
            "missing: {names}. Install with: sudo apt-get install -y {names} (or your system's equivalent)"
        ));
    }
    println!("installing Debian packages: {names}");
    let apt = || {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").arg("-q");
        command
    };
    run(apt().arg("update"))?;
    run(apt().args(["install", "-y", "--no-install-recommends"]).args(packages))
}

fn wasm_target() -> Result<(), String> {
    let libraries = output(Command::new("rustc").args(["--print", "target-libdir", "--target", WASM]));
    if libraries.is_some_and(|folder| Path::new(&folder).is_dir()) {
        return Ok(());
    }
    println!("installing the Rust target {WASM}");
    run(Command::new("rustup").args(["target", "add", WASM]))
}

fn trunk(places: &Places) -> Result<(), String> {
    let expected = format!("trunk {TRUNK}");
    // Trunk stops at `NO_COLOR=1`, which others write to mean yes.
    let present = output(program(places, "trunk")?.env_remove("NO_COLOR").arg("--version"));
    if present == Some(expected) {
        return Ok(());
    }
    println!("installing Trunk {TRUNK}, which takes two minutes or so, once");
    let build = places.tools.join("build");
    run(cargo(places)
        .args(["install", "trunk", "--locked", "--force", "--version", TRUNK])
        // Without TLS: Trunk has nothing to fetch when its tools are present.
        .arg("--no-default-features")
        .arg("--root")
        .arg(&places.tools)
        .arg("--target-dir")
        .arg(&build)
        // Unoptimised, Trunk is built in a third of the time and is as quick as it needs to be.
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "256"))?;
    // A gigabyte that nobody needs again; if it stays, nothing breaks.
    let _ = fs::remove_dir_all(build);
    Ok(())
}

fn workspace_tools(places: &Places) -> Result<(), String> {
    run(cargo(places).args(["build", "--package", "ridgepoint-tools", "--bins"]))
}

/// Installs Binaryen, axe-core and TypeScript, in one command: npm would remove what a second one does not name.
fn node_packages(places: &Places) -> Result<(), String> {
    let answers = |name| output(Command::new(name).arg("--version")).is_some();
    if !(answers("node") && answers(NPM)) {
        apt_install(&["nodejs", "npm"])?;
    }
    let packages = [("binaryen", BINARYEN), ("axe-core", AXE), ("typescript", TYPESCRIPT)];
    let is_present = |(name, version): &(&str, &str)| {
        let manifest = places.tools.join("node_modules").join(name).join("package.json");
        fs::read_to_string(manifest).is_ok_and(|text| text.contains(&format!("\"version\": \"{version}\"")))
    };
    if !packages.iter().all(is_present) {
        let names = packages.map(|(name, version)| format!("{name}@{version}"));
        println!("installing with npm: {}", names.join(" "));
        run(program(places, NPM)?
            .args(["install", "--no-save", "--no-audit", "--no-fund", "--prefix"])
            .arg(&places.tools)
            .args(names))?;
    }
    match output(program(places, "wasm-opt")?.arg("--version")) {
        Some(_) => Ok(()),
        None => Err("it does not start; it needs Node.js 18 or later".to_owned()),
    }
}
