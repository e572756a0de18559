//! The page loads from a plain host, at any path, without an error and without anybody else.

use ridgepoint_tests::Trouble;
use ridgepoint_tests::browser::{with_page, with_page_at};
use ridgepoint_tests::screen::Screen;
use ridgepoint_tests::site::SUB_PATH;
use serde_json::json;

use super::expected::{expect_address, expect_scenario, with};

/// No error in the console, and nothing that the page's own security policy had to block, in any of its forms.
#[tokio::test]
async fn the_page_loads_without_an_error() -> Result<(), Trouble> {
    with_page("", Screen::DESKTOP, async |page| {
        for query in
            ["", "?view=speed", "?view=plan", "?view=compare", "?theme=dark", "?embed=1", "?embed=1&view=speed"]
        {
            page.open(&format!("/{query}")).await?;
            expect_scenario(page, query).await?;
            assert_eq!(page.errors().await?, Vec::<String>::new(), "{query}");
        }
        page.look_through(Screen::PHONE.dark()).await?;
        page.open("/").await?;
        assert_eq!(page.errors().await?, Vec::<String>::new());
        Ok(())
    })
    .await
}

/// All addresses are relative, so that any folder of any static host will do.
#[tokio::test]
async fn the_page_works_below_a_path() -> Result<(), Trouble> {
    let query = "?model=qwen3-8b&gpu=l40s";
    with_page_at(&format!("{SUB_PATH}{query}"), Screen::PHONE.dark(), async |page| {
        expect_scenario(page, query).await?;
        assert_eq!(page.errors().await?, Vec::<String>::new());
        page.overwrite("#batch", "64").await?;
        expect_address(page, &with(query, "batch=64")).await?;
        assert_eq!(page.string_of("location.pathname").await?, SUB_PATH);
        Ok(())
    })
    .await
}

/// The page asks no other host for anything, neither for itself nor to answer.
#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere() -> Result<(), Trouble> {
    with_page("", Screen::DESKTOP, async |page| {
        page.overwrite("#model", "mixtral 8x7b\u{e007}").await?;
        expect_scenario(page, "?model=mixtral-8x7b").await?;
        let requests = page.strings_of("performance.getEntriesByType('resource').map(entry => entry.name)").await?;
        let own = page.address_of("/");
        let elsewhere: Vec<&String> = requests.iter().filter(|address| !address.starts_with(&own)).collect();
        assert_eq!(elsewhere, Vec::<&String>::new());
        assert!(requests.iter().any(|address| address.ends_with(".wasm")), "the list is not complete: {requests:?}");
        Ok(())
    })
    .await
}

/// Those who list, print or listen to pages get a name, a language and one heading above the others.
#[tokio::test]
async fn the_page_says_what_it_is() -> Result<(), Trouble> {
    with_page("", Screen::DESKTOP, async |page| {
        for query in ["", "?embed=1"] {
            page.open(&format!("/{query}")).await?;
            assert_eq!(page.client.title().await?, "Ridgepoint: LLM inference calculator");
            assert_eq!(page.string_of("document.documentElement.lang").await?, "en");
            let titles =
                page.strings_of("[...document.querySelectorAll('h1')].map(title => title.textContent)").await?;
            assert_eq!(titles, ["Ridgepoint"], "{query}");
            let levels = "[...document.querySelectorAll('h1, h2, h3, h4')].map(title => +title.localName[1])";
            let levels = page.value_of(levels).await?;
            let levels: Vec<u64> = levels.as_array().into_iter().flatten().filter_map(|level| level.as_u64()).collect();
            assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{query}: a level is left out: {levels:?}");
            // What was shown before the program had loaded made room for it.
            assert!(!page.text("body").await?.contains("Loading"));
        }
        Ok(())
    })
    .await
}

/// A browser that runs no scripts shows why there is nothing to see.
#[tokio::test]
async fn a_browser_without_scripts_is_told() -> Result<(), Trouble> {
    with_page("", Screen::DESKTOP, async |page| {
        page.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await?;
        page.client.refresh().await?;
        let shown = page.text("noscript p").await?;
        assert!(shown.contains("needs JavaScript and WebAssembly"), "{shown}");
        Ok(())
    })
    .await
}

/// A host that lost a file, or a browser that cannot run the program: the page says so and does not stay empty.
#[tokio::test]
async fn a_program_that_does_not_start_says_so() -> Result<(), Trouble> {
    with_page("", Screen::DESKTOP, async |page| {
        page.devtools("Network.enable", json!({})).await?;
        page.devtools("Network.setBlockedURLs", json!({ "urls": ["*.wasm"] })).await?;
        page.client.refresh().await?;
        page.wait_until("document.documentElement.dataset.failed").await?;
        let shown = page.text("[role=alert]").await?;
        assert!(shown.starts_with("The calculator could not start."), "{shown}");
        Ok(())
    })
    .await
}
