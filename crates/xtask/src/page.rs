//! Builds the page and serves it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::commands::{become_program, program, run};
use crate::places::Places;
use crate::setup::{self, WasmOpt};

/// Where cargo looks for flags of rustc for WebAssembly.
pub(crate) const RUSTFLAGS: &str = "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS";

/// Builds the finished page into `dist/`.
pub(crate) fn build(places: &Places) -> Result<(), String> {
    let wasm_opt = setup::page_tools(places)?;
    // A page that does not build must not leave the one before it to be tested or published.
    if places.dist.exists() {
        fs::remove_dir_all(&places.dist).map_err(|error| format!("cannot remove dist/: {error}"))?;
    }
    run(trunk(places, "build", wasm_opt)?.arg("--dist").arg(&places.dist))
}

/// Builds the page as `build` does, serves it, and builds it again when a file changes.
pub(crate) fn serve(places: &Places, options: &[String]) -> Result<(), String> {
    let wasm_opt = setup::page_tools(places)?;
    println!("building the page; it is then at http://127.0.0.1:8080/ (or the given --port) until Ctrl-C");
    // Trunk's reload script is an inline script, which the page's own security policy forbids.
    become_program(
        trunk(places, "serve", wasm_opt)?.arg("--no-autoreload").arg("--dist").arg(&places.served).args(options),
    )
}

/// Flags of rustc that make the paths in the texts of panics the same, and short, wherever the sources lie: the page
/// tells nothing of the machine that built it, and weighs the same from each. A folder with a space in its name keeps it.
pub(crate) fn short_paths(places: &Places) -> String {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let registries = home.and_then(|home| fs::read_dir(home.join("registry/src")).ok());
    let registries = registries.into_iter().flatten().flatten().map(|folder| folder.path());
    let folders = registries.chain([places.root.clone()]).map(|folder| folder.display().to_string());
    let flags = folders.filter(|folder| !folder.contains(char::is_whitespace));
    flags.map(|folder| format!("--remap-path-prefix={folder}=.")).collect::<Vec<_>>().join(" ")
}

/// `index.html` names the cargo profile; to Trunk `--release` means little more than "run wasm-opt".
fn trunk(places: &Places, chore: &str, wasm_opt: WasmOpt) -> Result<Command, String> {
    let mut command = program(places, "trunk")?;
    // Its backtraces tell of Trunk, not of the page.
    command.arg(chore).env("TRUNK_SKIP_VERSION_CHECK", "true").env_remove("RUST_BACKTRACE");
    command.env(RUSTFLAGS, short_paths(places));
    // Trunk stops at `NO_COLOR=1`, which others write to mean yes.
    if std::env::var_os("NO_COLOR").is_some() {
        command.env_remove("NO_COLOR").args(["--color", "never"]);
    }
    match wasm_opt {
        WasmOpt::Present => command.arg("--release"),
        WasmOpt::Missing => &mut command,
    };
    Ok(command)
}
