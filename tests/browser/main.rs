//! The built page in a real browser. `cargo xtask test` builds the page and runs these.

use ridgepoint_tests::Trouble;
use ridgepoint_tests::browser::{with_page, with_page_at};
use ridgepoint_tests::screen::Screen;
use ridgepoint_tests::site::SUB_PATH;

/// No error in the console, and nothing that the page's own security policy had to block.
#[tokio::test]
async fn the_page_loads_without_an_error() -> Result<(), Trouble> {
    with_page("", Screen::DESKTOP, async |page| {
        assert_eq!(page.errors().await?, Vec::<String>::new());
        assert_eq!(page.text("h1").await?, "Ridgepoint");
        Ok(())
    })
    .await
}

/// All addresses are relative, so that any folder of any static host will do.
#[tokio::test]
async fn the_page_loads_below_a_path() -> Result<(), Trouble> {
    with_page_at(SUB_PATH, Screen::PHONE.dark(), async |page| {
        assert_eq!(page.errors().await?, Vec::<String>::new());
        assert_eq!(page.text("h1").await?, "Ridgepoint");
        Ok(())
    })
    .await
}

/// What is shown before the program has loaded makes room for it.
#[tokio::test]
async fn nothing_of_the_waiting_page_stays() -> Result<(), Trouble> {
    with_page("", Screen::DESKTOP, async |page| {
        assert!(!page.text("#app").await?.contains("Loading"));
        Ok(())
    })
    .await
}

/// The page asks no other host for anything.
#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere() -> Result<(), Trouble> {
    with_page("", Screen::DESKTOP, async |page| {
        let elsewhere = page
            .value_of(
                "performance.getEntriesByType('resource').map(entry => entry.name)
                    .filter(name => !name.startsWith(location.origin + '/'))",
            )
            .await?;
        assert_eq!(elsewhere, serde_json::json!([]));
        Ok(())
    })
    .await
}
