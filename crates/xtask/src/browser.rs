//! The browser that looks at `dist/`, for tests and for pictures.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::commands::{cargo, find_on_path, output, run};
use crate::places::Places;
use crate::setup::apt_install;

/// A browser and the program that drives it.
pub(crate) struct Browser {
    chromium: PathBuf,
    chromedriver: PathBuf,
}

impl Browser {
    /// The machine's Chromium, installed first if need be and if we may.
    pub(crate) fn find_or_install() -> Result<Self, String> {
        if let Some(browser) = Self::find() {
            return Ok(browser);
        }
        apt_install(&["chromium", "chromium-driver"])?;
        Self::find().ok_or_else(|| "Chromium and its driver are installed but do not start".to_owned())
    }

    fn find() -> Option<Self> {
        let chromium = find_on_path(&["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"])?;
        let chromedriver = find_on_path(&["chromedriver"])?;
        for file in [&chromium, &chromedriver] {
            output(Command::new(file).arg("--version"))?;
        }
        Some(Self { chromium, chromedriver })
    }

    /// Chromium itself.
    pub(crate) fn chromium(&self) -> &Path {
        &self.chromium
    }

    /// Tells a command's tests which browser to use.
    pub(crate) fn give_to<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("RIDGEPOINT_CHROMIUM", &self.chromium).env("RIDGEPOINT_CHROMEDRIVER", &self.chromedriver)
    }
}

/// Takes pictures of `dist/` for each query, in each size and colour scheme.
pub(crate) fn screenshots(places: &Places, queries: &[String]) -> Result<(), String> {
    let browser = Browser::find_or_install()?;
    let mut command = cargo(places);
    command
        .args(["run", "--quiet", "--package", "ridgepoint-tests", "--features", "browser"])
        .args(["--bin", "screenshots", "--"])
        .args(queries)
        .env("RIDGEPOINT_SHOTS", &places.screenshots);
    run(browser.give_to(&mut command))
}
