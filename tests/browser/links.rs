//! The address is the scenario: it follows every change, it can be copied, and it opens elsewhere as it was.

use fantoccini::key::Key;
use ridgepoint_tests::Trouble;
use ridgepoint_tests::browser::{with_page, with_page_at};
use ridgepoint_tests::page::Page;
use ridgepoint_tests::screen::Screen;
use serde_json::{Value, json};

use super::expected::{custom_link, expect_address, expect_scenario, with};

const QUERY: &str = "?model=qwen3-30b-a3b&gpu=rtx-4090&n=2&w=fp8&batch=8&in=4096&out=512";

const COPY_LINK: &str = ".share .copy:nth-of-type(1) button";
const COPY_EMBED: &str = ".share .copy:nth-of-type(2) button";

/// Lets the page and its test use the clipboard.
async fn allow_clipboard(page: &Page<'_>) -> Result<(), Trouble> {
    let permissions = json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
    page.devtools("Browser.grantPermissions", permissions).await.map(drop)
}

/// Presses a copying button and waits until it has said that it copied, which it does not say for long.
async fn copy(page: &Page<'_>, button: &str) -> Result<(), Trouble> {
    let watch = "const button = document.querySelector(arguments[0]);
        window.said = [];
        new MutationObserver(() => said.push(button.textContent))
            .observe(button, { characterData: true, childList: true, subtree: true })";
    page.run(watch, vec![json!(button)]).await?;
    page.click(button).await?;
    page.wait_until("said.includes('Copied')").await
}

/// What a copying button copies.
async fn copied(page: &Page<'_>, button: &str) -> Result<String, Trouble> {
    copy(page, button).await?;
    page.string_of("navigator.clipboard.readText()").await
}

/// The path and query of an address of the site.
fn path_of(page: &Page<'_>, address: &str) -> Result<String, Trouble> {
    let site = page.address_of("");
    let path = address.strip_prefix(&site).ok_or_else(|| format!("{address} is not at {site}"))?;
    Ok(path.to_owned())
}

/// What was set with the hands is set in the browser of whoever gets the link, down to the last figure.
#[tokio::test]
async fn a_copied_link_opens_the_same_state_elsewhere() -> Result<(), Trouble> {
    with_page(QUERY, Screen::DESKTOP, async |page| {
        allow_clipboard(page).await?;
        page.overwrite("#model", "mixtral 8x22b").await?;
        page.press(Key::Enter).await?;
        page.overwrite("#batch", "24").await?;
        page.focus(".slider:has(#count) .range").await?;
        page.press(Key::Right).await?;
        page.click("#tab-speed").await?;
        let query = with(QUERY, "model=mixtral-8x22b&batch=24&n=3&view=speed");
        expect_scenario(page, &query).await?;
        let here = page.snapshot().await?;

        let link = copied(page, COPY_LINK).await?;
        let path = path_of(page, &link)?;
        assert_eq!(path, format!("/{query}"));
        with_page_at(&path, Screen::DESKTOP, async |elsewhere| elsewhere.wait_to_show(&here).await).await
    })
    .await
}

/// The lines of HTML hold the address of the same scenario, embedded.
#[tokio::test]
async fn copied_html_embeds_the_scenario() -> Result<(), Trouble> {
    with_page(QUERY, Screen::DESKTOP, async |page| {
        allow_clipboard(page).await?;
        let html = copied(page, COPY_EMBED).await?;
        let read = "const frame = new DOMParser().parseFromString(arguments[0], 'text/html').body.firstElementChild;
            return [frame.localName, frame.src, frame.title, frame.height]";
        let frame = page.run(read, vec![json!(html)]).await?;
        let query = with(QUERY, "embed=1");
        let title = "Ridgepoint: LLM inference calculator";
        assert_eq!(frame, json!(["iframe", page.address_of(&format!("/{query}")), title, "480"]));
        Ok(())
    })
    .await
}

/// Browsers without a clipboard, or whose owner forbids it, still give the link away.
#[tokio::test]
async fn a_refused_copy_shows_the_link() -> Result<(), Trouble> {
    with_page(QUERY, Screen::DESKTOP, async |page| {
        allow_clipboard(page).await?;
        // The old way, where the new one is missing.
        page.run("Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })", vec![])
            .await?;
        copy(page, COPY_LINK).await?;
        page.run("delete navigator.clipboard", vec![]).await?;
        let link = page.string_of("navigator.clipboard.readText()").await?;
        assert_eq!(path_of(page, &link)?, format!("/{}", with(QUERY, "batch=8")));

        // Neither way.
        page.open(&format!("/{QUERY}")).await?;
        page.run(
            "navigator.clipboard.writeText = () => Promise.reject(new Error('forbidden'));
             document.execCommand = () => false",
            vec![],
        )
        .await?;
        page.click(COPY_LINK).await?;
        page.wait_until("document.querySelector('.by-hand').checkVisibility()").await?;
        let shown = page.string_of("document.querySelector('.by-hand input').value").await?;
        assert_eq!(path_of(page, &shown)?, format!("/{}", with(QUERY, "batch=8")));
        Ok(())
    })
    .await
}

/// Back goes to where the reader was before the calculator, not through every step of a slider.
#[tokio::test]
async fn the_address_follows_without_filling_the_history() -> Result<(), Trouble> {
    with_page(QUERY, Screen::DESKTOP, async |page| {
        let before = page.value_of("history.length").await?;
        page.focus(".slider:has(#batch) .range").await?;
        for _ in 0..5 {
            page.press(Key::Right).await?;
        }
        expect_address(page, &with(QUERY, "batch=48")).await?;
        page.click("#tab-speed").await?;
        expect_address(page, &with(QUERY, "batch=48&view=speed")).await?;
        assert_eq!(page.value_of("history.length").await?, before);
        Ok(())
    })
    .await
}

/// Between pages, and between entries of the history within one page.
#[tokio::test]
async fn back_and_forward_restore_the_scenario() -> Result<(), Trouble> {
    let other = "?model=phi-4&gpu=l4&batch=3";
    with_page(QUERY, Screen::DESKTOP, async |page| {
        page.overwrite("#batch", "96").await?;
        let changed = with(QUERY, "batch=96");
        expect_address(page, &changed).await?;
        page.open(&format!("/{other}")).await?;
        expect_scenario(page, other).await?;
        page.client.back().await?;
        page.wait_until_ready().await?;
        expect_scenario(page, &changed).await?;
        page.client.forward().await?;
        page.wait_until_ready().await?;
        expect_scenario(page, other).await?;

        page.run("history.pushState(null, '', arguments[0])", vec![json!(QUERY)]).await?;
        page.run("history.back()", vec![]).await?;
        page.wait_until("location.search.includes('phi-4')").await?;
        expect_scenario(page, other).await?;
        page.run("history.forward()", vec![]).await?;
        expect_scenario(page, QUERY).await?;
        page.run("history.back()", vec![]).await?;
        expect_scenario(page, other).await?;
        assert_eq!(page.errors().await?, Vec::<String>::new());
        Ok(())
    })
    .await
}

/// A model that is in no catalogue travels behind the `#`, which no server ever sees.
#[tokio::test]
async fn a_custom_model_opens_from_the_fragment() -> Result<(), Trouble> {
    let query = custom_link("Our own model");
    assert!(query.contains("#c=z1:"), "{query}");
    with_page(&query, Screen::DESKTOP, async |page| {
        expect_scenario(page, &query).await?;
        assert!(page.text(".sentence").await?.starts_with("Our own model"));
        // The fragment stays while other things change.
        page.overwrite("#batch", "5").await?;
        expect_address(page, &with(&query, "batch=5")).await?;
        // Another link in the same tab: only the fragment differs, so that the browser loads nothing.
        let other = with(&custom_link("Another model"), "batch=5");
        page.run("location.hash = arguments[0]", vec![json!(other.split_once('#').map(|(_, fragment)| fragment))])
            .await?;
        expect_scenario(page, &other).await?;
        // A model of the catalogue needs no fragment.
        page.overwrite("#model", "microsoft phi-4").await?;
        page.press(Key::Enter).await?;
        page.wait_until("!location.search.includes('custom') && location.hash === ''").await?;
        assert_eq!(page.errors().await?, Vec::<String>::new());

        // A link that lost its end on the way.
        let damaged = &query[..query.len() - 7];
        page.open(&format!("/{damaged}")).await?;
        expect_scenario(page, damaged).await?;
        let snapshot = page.snapshot().await?;
        assert_ne!(snapshot["full"]["notices"], Value::Array(Vec::new()));
        Ok(())
    })
    .await
}
