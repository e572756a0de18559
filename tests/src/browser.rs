//! A real browser without a window, driven through WebDriver.
//!
//! [`with_page`] is the way in: it starts a browser, opens the page, waits until it is ready, runs the test's story
//! and closes the browser, also when the story fails.

use std::env;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::{Path, PathBuf};

use fantoccini::{Client, ClientBuilder};
use futures_util::FutureExt;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;

use crate::Trouble;
use crate::driver::Driver;
use crate::page::Page;
use crate::screen::Screen;
use crate::site::Site;

/// Opens the page with a query (`"?model=..."` or `""`) in a browser of its own, and tells the story about it.
pub async fn with_page<T>(
    query: &str,
    screen: Screen,
    story: impl AsyncFnOnce(&Page<'_>) -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    with_page_at(&format!("/{query}"), screen, story).await
}

/// The same for any path of the site.
pub async fn with_page_at<T>(
    path: &str,
    screen: Screen,
    story: impl AsyncFnOnce(&Page<'_>) -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    let browser = Browser::start().await?;
    let told = AssertUnwindSafe(async {
        let page = browser.open(path, screen).await?;
        story(&page).await
    })
    .catch_unwind()
    .await;
    let closed = browser.close().await;
    let result = told.unwrap_or_else(|panic| resume_unwind(panic))?;
    closed?;
    Ok(result)
}

/// A browser with one tab.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    driver: Driver,
    site: &'static Site,
}

impl Browser {
    /// Starts a driver on a free port, and through it a browser.
    pub async fn start() -> Result<Self, Trouble> {
        let site = Site::of_dist()?;
        let driver = Driver::start()?;
        let mut options = json!({
            "args": [
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        });
        if let Some(chromium) = env::var_os("RIDGEPOINT_CHROMIUM") {
            options["binary"] = chromium.to_string_lossy().into();
        }
        let capabilities =
            [("goog:chromeOptions".to_owned(), options), ("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" }))];
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities.into_iter().collect())
            .connect(&driver.address())
            .await
            .map_err(|error| format!("the browser does not start: {error}"))?;
        Ok(Self { client, driver, site })
    }

    /// Opens a path of the site and waits until the page is ready.
    pub async fn open(&self, path: &str, screen: Screen) -> Result<Page<'_>, Trouble> {
        let page = Page::new(&self.client, self.site);
        page.look_through(screen).await?;
        page.open(path).await?;
        Ok(page)
    }

    /// Closes the browser and stops its driver.
    pub async fn close(self) -> Result<(), Trouble> {
        self.client.close().await?;
        drop(self.driver);
        Ok(())
    }
}

/// The folder for pictures that the environment names.
pub fn shots_folder() -> Option<PathBuf> {
    env::var_os("RIDGEPOINT_SHOTS").map(PathBuf::from)
}

/// Writes a picture into a folder, which is made if need be.
pub fn save(folder: &Path, name: &str, png: &[u8]) -> Result<PathBuf, Trouble> {
    std::fs::create_dir_all(folder)?;
    let file = folder.join(format!("{name}.png"));
    std::fs::write(&file, png)?;
    Ok(file)
}
