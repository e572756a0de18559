//! A page in the browser: what it shows, what went wrong in it, and through which screen it is seen.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use fantoccini::elements::Element;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, Locator};
use http::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

use crate::Trouble;
use crate::browser::{save, shots_folder};
use crate::screen::Screen;
use crate::site::Site;

/// How long a page may take before a test gives up on it. Ready takes a tenth of a second on an idle machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A page in the browser.
#[derive(Debug)]
pub struct Page<'a> {
    /// The WebDriver client, for what has no helper here.
    pub client: &'a Client,
    site: &'static Site,
}

impl<'a> Page<'a> {
    /// The tab of a browser that visits a site.
    pub const fn new(client: &'a Client, site: &'static Site) -> Self {
        Self { client, site }
    }

    /// Opens a path of the site, which begins with a slash, and waits until the page is ready.
    pub async fn open(&self, path: &str) -> Result<(), Trouble> {
        // What an earlier page wrote to the console is not this one's.
        self.log().await?;
        self.client.goto(&self.address_of(path)).await?;
        self.wait_until_ready().await
    }

    /// The address of a path of the site.
    pub fn address_of(&self, path: &str) -> String {
        self.site.address_of(path)
    }

    /// Waits until the page says that it is ready, and fails at once if it says that it could not start.
    pub async fn wait_until_ready(&self) -> Result<(), Trouble> {
        let state = "document.documentElement.dataset";
        // A view that another program draws says while it is on its way.
        let drawn = "!document.querySelector('.later > [role=status]:not(:empty)')";
        let waited = self.wait_until(&format!("{state}.ready && {drawn} || {state}.failed")).await;
        let is_ready = waited.is_ok() && self.value_of(&format!("{state}.failed ?? null")).await? == Value::Null;
        if is_ready {
            return Ok(());
        }
        Err(format!("the page is not ready. Its errors: {:#?}", self.errors().await?).into())
    }

    /// The first element that matches a CSS selector.
    pub async fn element(&self, selector: &str) -> Result<Element, Trouble> {
        self.client.find(Locator::Css(selector)).await.map_err(|error| format!("{selector}: {error}").into())
    }

    /// The text that a reader sees in the first element that matches a CSS selector.
    pub async fn text(&self, selector: &str) -> Result<String, Trouble> {
        Ok(self.element(selector).await?.text().await?)
    }

    /// The value of a JavaScript expression, as JSON. A promise is waited for.
    pub async fn value_of(&self, expression: &str) -> Result<Value, Trouble> {
        self.run(&format!("return ({expression})"), Vec::new()).await
    }

    /// The value of a JavaScript expression that is a number.
    pub async fn number_of(&self, expression: &str) -> Result<f64, Trouble> {
        let value = self.value_of(expression).await?;
        value.as_f64().ok_or_else(|| format!("{expression} is no number: {value}").into())
    }

    /// The value of a JavaScript expression that is a string.
    pub async fn string_of(&self, expression: &str) -> Result<String, Trouble> {
        let value = self.value_of(expression).await?;
        value.as_str().map(str::to_owned).ok_or_else(|| format!("{expression} is no string: {value}").into())
    }

    /// The value of a JavaScript expression that is a list of strings.
    pub async fn strings_of(&self, expression: &str) -> Result<Vec<String>, Trouble> {
        let value = self.value_of(expression).await?;
        Ok(value.as_array().into_iter().flatten().map(text_of).collect())
    }

    /// What a script returns, whose `arguments` are these.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Result<Value, Trouble> {
        Ok(self.client.execute(script, arguments).await?)
    }

    /// Waits until a JavaScript expression is true.
    pub async fn wait_until(&self, expression: &str) -> Result<(), Trouble> {
        let is_true = format!("!!({expression})");
        let waited = self.wait_for(async || Ok((self.value_of(&is_true).await? == json!(true)).then_some(()))).await?;
        waited.ok_or_else(|| format!("still not true after {} s: {expression}", PATIENCE.as_secs()).into())
    }

    /// Asks again and again until there is an answer; `None` if patience ends first.
    pub async fn wait_for<T>(
        &self,
        mut ask: impl AsyncFnMut() -> Result<Option<T>, Trouble>,
    ) -> Result<Option<T>, Trouble> {
        let start = Instant::now();
        loop {
            if let Some(answer) = ask().await? {
                return Ok(Some(answer));
            }
            if start.elapsed() > PATIENCE {
                return Ok(None);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until the browser has shown two more frames: what a change asks to be drawn is drawn by then.
    pub async fn wait_for_frames(&self) -> Result<(), Trouble> {
        let frames = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))";
        self.value_of(frames).await.map(drop)
    }

    /// Everything that went wrong in the page so far: what its own script collected, and the errors and warnings of
    /// the browser's console. Empty for a healthy page. Reading the console empties it.
    pub async fn errors(&self) -> Result<Vec<String>, Trouble> {
        let collected = self.strings_of("window.ridgepoint?.errors ?? ['boot.js did not run']").await?;
        let logged = self.log().await?;
        let logged = logged
            .iter()
            .filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING")
            .map(|entry| format!("console: {}", text_of(&entry["message"])));
        Ok(collected.into_iter().chain(logged).collect())
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
        self.prefer("", &[("prefers-color-scheme", scheme.css())]).await
    }

    /// Pretends that the page is shown on a medium (`"print"`, or `""` for the screen) to a reader with preferences,
    /// and without any others.
    pub async fn prefer(&self, medium: &str, preferences: &[(&str, &str)]) -> Result<(), Trouble> {
        let features: Vec<Value> =
            preferences.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        self.devtools("Emulation.setEmulatedMedia", json!({ "media": medium, "features": features })).await.map(drop)
    }

    /// Sends a command of the Chrome DevTools protocol, for what WebDriver cannot do.
    pub async fn devtools(&self, name: &str, parameters: Value) -> Result<Value, Trouble> {
        let command = Extension { path: "goog/cdp/execute", body: json!({ "cmd": name, "params": parameters }) };
        self.client.issue_cmd(command).await.map_err(|error| format!("{name}: {error}").into())
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
