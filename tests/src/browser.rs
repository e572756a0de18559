//! A real browser without a window, driven through WebDriver.
//!
//! [`with_page`] is the way in: it starts a browser, opens the page, waits until it is ready, runs the test's story
//! and closes the browser, also when the story fails.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use futures_util::FutureExt;
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use url::{ParseError, Url};

use crate::Trouble;
use crate::screen::Screen;
use crate::site::Site;

/// How long a page may take before a test gives up on it. Ready takes a tenth of a second on an idle machine.
const PATIENCE: Duration = Duration::from_secs(30);

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
            .connect(&format!("http://127.0.0.1:{}", driver.port))
            .await
            .map_err(|error| format!("the browser does not start: {error}"))?;
        Ok(Self { client, driver, site })
    }

    /// Opens a path of the site and waits until the page is ready.
    pub async fn open(&self, path: &str, screen: Screen) -> Result<Page<'_>, Trouble> {
        let page = Page { client: &self.client };
        page.look_through(screen).await?;
        page.log().await?;
        self.client.goto(&self.site.address_of(path)).await?;
        page.wait_until_ready().await?;
        Ok(page)
    }

    /// Closes the browser and stops its driver.
    pub async fn close(self) -> Result<(), Trouble> {
        self.client.close().await?;
        drop(self.driver);
        Ok(())
    }
}

/// A page in the browser.
#[derive(Debug)]
pub struct Page<'a> {
    /// The WebDriver client, for what has no helper here.
    pub client: &'a Client,
}

impl Page<'_> {
    /// The text that a reader sees in the first element that matches a CSS selector.
    pub async fn text(&self, selector: &str) -> Result<String, Trouble> {
        let element = self.client.find(Locator::Css(selector)).await.map_err(|error| format!("{selector}: {error}"))?;
        Ok(element.text().await?)
    }

    /// The value of a JavaScript expression, as JSON.
    pub async fn value_of(&self, expression: &str) -> Result<Value, Trouble> {
        Ok(self.client.execute(&format!("return ({expression})"), Vec::new()).await?)
    }

    /// Waits until a JavaScript expression is true.
    pub async fn wait_until(&self, expression: &str) -> Result<(), Trouble> {
        let start = Instant::now();
        while self.value_of(&format!("!!({expression})")).await? != json!(true) {
            if start.elapsed() > PATIENCE {
                return Err(format!("still not true after {} s: {expression}", PATIENCE.as_secs()).into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Everything that went wrong in the page so far: what its own script collected, and the errors and warnings of
    /// the browser's console. Empty for a healthy page. Reading the console empties it.
    pub async fn errors(&self) -> Result<Vec<String>, Trouble> {
        let collected = self.value_of("window.ridgepointErrors ?? ['boot.js did not run']").await?;
        let collected = collected.as_array().into_iter().flatten().map(text_of);
        let logged = self.log().await?;
        let logged = logged
            .iter()
            .filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING")
            .map(|entry| format!("console: {}", text_of(&entry["message"])));
        Ok(collected.chain(logged).collect())
    }

    /// A picture of what the window shows, as PNG.
    pub async fn picture(&self) -> Result<Vec<u8>, Trouble> {
        self.capture(json!({ "format": "png" })).await
    }

    /// A picture of the page from top to bottom, as PNG.
    pub async fn whole_picture(&self) -> Result<Vec<u8>, Trouble> {
        let metrics = self.devtools("Page.getLayoutMetrics", json!({})).await?;
        let mut clip = metrics["cssContentSize"].clone();
        clip["scale"] = json!(1);
        self.capture(json!({ "format": "png", "captureBeyondViewport": true, "clip": clip })).await
    }

    /// Saves a picture of the window as `NAME.png` in the folder that `RIDGEPOINT_SHOTS` names, if it names one.
    pub async fn save_picture(&self, name: &str) -> Result<(), Trouble> {
        if let Some(folder) = shots_folder() {
            save(&folder, name, &self.picture().await?)?;
        }
        Ok(())
    }

    /// Looks at the page through another screen from now on.
    pub async fn look_through(&self, screen: Screen) -> Result<(), Trouble> {
        let Screen { width, height, pixel_ratio, touch, scheme } = screen;
        // A window cannot be narrower than 500 pixels; an emulated device can.
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": width, "height": height, "deviceScaleFactor": pixel_ratio, "mobile": touch }),
        )
        .await?;
        self.devtools("Emulation.setTouchEmulationEnabled", json!({ "enabled": touch })).await?;
        self.devtools(
            "Emulation.setEmulatedMedia",
            json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme.css() }] }),
        )
        .await?;
        Ok(())
    }

    /// Sends a command of the Chrome DevTools protocol, for what WebDriver cannot do.
    pub async fn devtools(&self, name: &str, parameters: Value) -> Result<Value, Trouble> {
        let command = Extension { path: "goog/cdp/execute", body: json!({ "cmd": name, "params": parameters }) };
        self.client.issue_cmd(command).await.map_err(|error| format!("{name}: {error}").into())
    }

    /// Waits until the page says that it is ready, and fails at once if it says that it could not start.
    async fn wait_until_ready(&self) -> Result<(), Trouble> {
        let state = "document.documentElement.dataset";
        let waited = self.wait_until(&format!("{state}.ready || {state}.failed")).await;
        let is_ready = waited.is_ok() && self.value_of(&format!("{state}.failed ?? null")).await? == Value::Null;
        if is_ready {
            return Ok(());
        }
        Err(format!("the page is not ready. Its errors: {:#?}", self.errors().await?).into())
    }

    async fn capture(&self, parameters: Value) -> Result<Vec<u8>, Trouble> {
        let answer = self.devtools("Page.captureScreenshot", parameters).await?;
        let data = answer["data"].as_str().ok_or("the browser took no picture")?;
        Ok(BASE64_STANDARD.decode(data)?)
    }

    /// What was written to the browser's console since the last call.
    async fn log(&self) -> Result<Vec<Value>, Trouble> {
        let command = Extension { path: "se/log", body: json!({ "type": "browser" }) };
        let entries = self.client.issue_cmd(command).await?;
        Ok(entries.as_array().cloned().unwrap_or_default())
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

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A command that chromedriver knows beyond the WebDriver standard.
#[derive(Debug)]
struct Extension {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Extension {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

/// A running chromedriver, which ends with its owner.
#[derive(Debug)]
struct Driver {
    process: Child,
    port: u16,
}

impl Driver {
    fn start() -> Result<Self, Trouble> {
        let program = env::var_os("RIDGEPOINT_CHROMEDRIVER").unwrap_or_else(|| "chromedriver".into());
        let mut process = Command::new(&program)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
        let stdout = process.stdout.take().ok_or("chromedriver has no output")?;
        let mut driver = Self { process, port: 0 };
        let mut lines = BufReader::new(stdout).lines();
        driver.port = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.split_once("started successfully on port ")?.1.trim_end_matches('.').parse().ok())
            .ok_or("chromedriver ended before it had a port")?;
        // A full pipe would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(driver)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Asked to, it also removes the browser's temporary files.
        let address = (Ipv4Addr::LOCALHOST, self.port);
        let asked = TcpStream::connect(address).and_then(|mut driver| {
            driver.write_all(b"GET /shutdown HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
            driver.set_read_timeout(Some(Duration::from_secs(5)))?;
            driver.read_to_end(&mut Vec::new())
        });
        if asked.is_err() {
            // It may have ended by itself.
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}
