//! Builds the calculator as a JavaScript library, for npm, and compares it with the command line.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::browser::Browser;
use crate::commands::{cargo, program, run};
use crate::page;
use crate::places::Places;
use crate::setup;
use crate::size;

/// Also what cargo calls its program.
const CRATE: &str = "ridgepoint-bindings";
/// What the package calls it.
const PROGRAM: &str = "program";
/// What the WebAssembly program may weigh, in bytes after brotli, the catalogue inside it.
const BUDGET: u64 = 290_000;

/// Builds the package into `target/npm/ridgepoint`, prints its sizes and fails if it is over its budget.
pub(crate) fn build(places: &Places) -> Result<(), String> {
    setup::library_tools(places)?;
    run(cargo(places)
        .args(["build", "--package", CRATE, "--profile", "page", "--target", setup::WASM])
        .env(page::RUSTFLAGS, page::short_paths(places)))?;
    // A package that does not build must not leave the one before it to be tested or published.
    if places.package.exists() {
        fs::remove_dir_all(&places.package).map_err(|error| format!("cannot remove the last package: {error}"))?;
    }
    copy_files(places)?;
    let built = places.target.join(setup::WASM).join("page").join(CRATE).with_extension("wasm");
    run(program(places, "wasm-bindgen")?
        .args(["--target", "web", "--no-typescript", "--out-name", PROGRAM, "--out-dir"])
        .args([&places.package, &built]))?;
    let program_file = format!("{PROGRAM}_bg.wasm");
    let optimised = places.package.join(&program_file);
    run(program(places, "wasm-opt")?.arg("-Oz").arg(&optimised).arg("-o").arg(&optimised))?;
    size::check_package(places, &program_file, BUDGET)
}

/// Compares every answer of the package, in Node.js, with that of the command line, which must have been built for
/// release, and with the types that the package promises.
pub(crate) fn test(places: &Places) -> Result<(), String> {
    run(script(places, "compare.mjs")?.arg(command_line(places)))?;
    run(script(places, "types.mjs")?.arg(&places.tools))
}

/// Compares its answers in a browser.
pub(crate) fn test_in(browser: &Browser, places: &Places) -> Result<(), String> {
    run(script(places, "browser.mjs")?.arg(command_line(places)).arg(browser.chromium()))
}

/// A test of the package.
fn script(places: &Places, name: &str) -> Result<Command, String> {
    let mut command = program(places, "node")?;
    command.arg(Path::new("tests").join("bindings").join(name)).arg(&places.package);
    Ok(command)
}

fn command_line(places: &Places) -> PathBuf {
    places.target.join("release").join("ridgepoint").with_extension(env::consts::EXE_EXTENSION)
}

/// What is written by hand, and the licences.
fn copy_files(places: &Places) -> Result<(), String> {
    let source = places.root.join("packages").join("ridgepoint");
    let copy = || {
        fs::create_dir_all(&places.package)?;
        let own = fs::read_dir(&source)?.map(|file| Ok(file?.path())).collect::<std::io::Result<Vec<_>>>()?;
        let licences = ["LICENSE-APACHE", "LICENSE-MIT"].map(|name| places.root.join(name));
        for file in own.into_iter().chain(licences) {
            if let Some(name) = file.file_name() {
                fs::copy(&file, places.package.join(name))?;
            }
        }
        fs::read_to_string(places.package.join("package.json"))
    };
    let manifest = copy().map_err(|error| format!("cannot copy {}: {error}", source.display()))?;
    let version = concat!("\"version\": \"", env!("CARGO_PKG_VERSION"), "\"");
    if manifest.contains(version) {
        Ok(())
    } else {
        Err(format!("packages/ridgepoint/package.json is not of the version of the workspace: {version}"))
    }
}
