//! Where things are.

use std::env;
use std::path::{Path, PathBuf};

/// The folders that the chores read and write.
pub(crate) struct Places {
    /// The root of the repository.
    pub(crate) root: PathBuf,
    /// Where cargo builds: `target`.
    pub(crate) target: PathBuf,
    /// Where cargo puts the programs of this workspace: `target/debug`, the folder of xtask itself.
    pub(crate) programs: PathBuf,
    /// Tools that are not part of the workspace: Trunk and Binaryen.
    pub(crate) tools: PathBuf,
    /// What `serve` serves. Never tested or published.
    pub(crate) served: PathBuf,
    /// The finished page.
    pub(crate) dist: PathBuf,
    /// The finished JavaScript library.
    pub(crate) package: PathBuf,
    /// What `screenshots` writes.
    pub(crate) screenshots: PathBuf,
}

impl Places {
    pub(crate) fn find() -> Result<Self, String> {
        // Cargo sets it for the programs that it runs, so that a moved repository finds its new place.
        let package = env::var_os("CARGO_MANIFEST_DIR").ok_or("run the chores with: cargo xtask CHORE")?;
        let root = Path::new(&package).ancestors().nth(2).ok_or("xtask is not inside the repository")?.to_path_buf();
        let xtask = env::current_exe().map_err(|error| format!("cannot find the folder of xtask: {error}"))?;
        let programs = xtask.parent().ok_or("xtask has no folder")?.to_path_buf();
        let target = programs.parent().ok_or("the folder of xtask has no parent")?;
        Ok(Self {
            tools: target.join("tools"),
            served: target.join("serve-dist"),
            screenshots: target.join("screenshots"),
            package: target.join("npm").join("ridgepoint"),
            target: target.to_path_buf(),
            dist: root.join("dist"),
            programs,
            root,
        })
    }

    /// The search path for programs, with our own tools before those of the machine.
    pub(crate) fn path(&self) -> Result<std::ffi::OsString, String> {
        let ours = [self.programs.clone(), self.tools.join("bin"), self.tools.join("node_modules").join(".bin")];
        let theirs = env::var_os("PATH").unwrap_or_default();
        env::join_paths(ours.into_iter().chain(env::split_paths(&theirs)))
            .map_err(|error| format!("cannot extend PATH: {error}"))
    }
}
