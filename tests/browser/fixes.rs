//! What would make a scenario fit is one click away, and so is the way back.

use ridgepoint_calculator::fixes;
use ridgepoint_calculator::report::Report;
use ridgepoint_importer::decode;
use ridgepoint_tests::Trouble;
use ridgepoint_tests::browser::with_page;
use ridgepoint_tests::screen::Screen;
use serde_json::json;

use super::expected::{expect_address, expect_scenario};

const TOO_LARGE: &str = "?model=llama-3.1-70b&gpu=h100-sxm-80gb&batch=16";
const CHANGES: &str = "[...document.querySelectorAll('.fixes a')].map(link => link.textContent)";

#[tokio::test]
async fn a_change_that_makes_it_fit_is_a_click() -> Result<(), Trouble> {
    with_page(TOO_LARGE, Screen::DESKTOP, async |page| {
        let scenario = decode(TOO_LARGE).scenario;
        let offered = fixes::of(&scenario, &Report::of(&scenario));
        assert!(offered.len() > 1, "there is something to choose");
        let words: Vec<&str> = offered.iter().map(|fix| fix.change.as_str()).collect();
        page.wait_until(&format!("JSON.stringify({CHANGES}) === JSON.stringify({})", json!(words))).await?;

        page.click(".fixes li:nth-child(2) a").await?;
        let query = format!("?{}", offered[1].query);
        expect_scenario(page, &query).await?;
        expect_address(page, &query).await?;
        page.wait_until("!document.querySelector('.fixes')").await?;

        page.run("history.back()", vec![]).await?;
        expect_scenario(page, TOO_LARGE).await?;
        assert_eq!(page.errors().await?, Vec::<String>::new());
        Ok(())
    })
    .await
}
