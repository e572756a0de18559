//! The calculator inside another page: the answer and one view, and nothing of its own left behind.

use fantoccini::key::Key;
use ridgepoint_tests::Trouble;
use ridgepoint_tests::browser::{with_page, with_page_at};
use ridgepoint_tests::screen::Screen;
use ridgepoint_tests::site::HOST_PAGE;
use serde_json::json;

use super::expected::{expect_address, expect_scenario, with};

const QUERIES: [&str; 5] = [
    "?model=llama-3.1-8b&gpu=h100-sxm-80gb&embed=1",
    "?model=deepseek-v3&gpu=h200-sxm-141gb&n=8&tp=8&batch=32&embed=1",
    "?model=llama-3.1-405b&gpu=rtx-4090&embed=1",
    "?model=llama-3.1-8b&gpu=rtx-4090:1,rtx-3090:1&embed=1",
    "?model=llama-3.1-8b&gpu=epyc-9654&embed=1",
];

/// No masthead, no form, no tabs, no foot; the view that was asked for, and the way to the whole calculator.
#[tokio::test]
async fn an_embedded_page_has_one_view_and_no_chrome() -> Result<(), Trouble> {
    with_page("", Screen::EMBED, async |page| {
        for (view, shown, other) in [("memory", "#kv-cache", "#roofline"), ("speed", "#roofline", "#kv-cache")] {
            let query = with(QUERIES[0], &format!("view={view}"));
            page.open(&format!("/{query}")).await?;
            expect_scenario(page, &query).await?;
            let chrome = format!(".masthead, form.scenario, .about, [role=tablist], .share, table, {other}");
            assert_eq!(page.value_of(&format!("document.querySelectorAll('{chrome}').length")).await?, 0, "{view}");
            assert!(page.element(&format!("{shown} canvas")).await?.is_displayed().await?, "{view}");
            assert_eq!(page.errors().await?, Vec::<String>::new(), "{view}");
        }
        Ok(())
    })
    .await
}

/// The slider of the frame changes the figures, the address of the frame and the link to the whole calculator.
#[tokio::test]
async fn the_full_calculator_opens_with_the_same_scenario() -> Result<(), Trouble> {
    with_page(QUERIES[1], Screen::EMBED, async |page| {
        page.focus(".slider:has(#batch) .range").await?;
        page.press(Key::Right).await?;
        let query = with(QUERIES[1], "batch=48&view=memory");
        expect_scenario(page, &query).await?;
        expect_address(page, &query).await?;
        assert_eq!(page.text("footer a").await?, "Open full calculator");
        let full = with(&query, "embed=0");
        assert_eq!(
            page.string_of("document.querySelector('footer a').href").await?,
            page.address_of(&format!("/{full}"))
        );
        assert_eq!(page.string_of("document.querySelector('footer a').target").await?, "_blank");
        page.open(&format!("/{full}")).await?;
        expect_scenario(page, &full).await
    })
    .await
}

/// 720 by 480, the size that the copied HTML asks for, and narrower: nothing is cut off at the sides, and at the full
/// size nothing needs scrolling.
#[tokio::test]
async fn an_embedded_page_fits_its_frame() -> Result<(), Trouble> {
    with_page("", Screen::EMBED, async |page| {
        for query in QUERIES {
            for view in ["memory", "speed"] {
                for width in [720, 480, 320] {
                    page.look_through(Screen { width, ..Screen::EMBED }).await?;
                    page.open(&format!("/{}", with(query, &format!("view={view}")))).await?;
                    let wide = page.number_of("document.documentElement.scrollWidth").await?;
                    assert!(wide <= f64::from(width), "{query} {view}: {wide} pixels wide in a frame of {width}");
                    let high = page.number_of("document.body.getBoundingClientRect().height").await?;
                    assert!(high <= 480.0 || width < 720, "{query} {view}: {high} pixels high");
                }
            }
        }
        Ok(())
    })
    .await
}

/// A page of the same origin and a page of another one learn how tall the frame must be, also after it has become
/// narrower, and nothing else happens to them.
#[tokio::test]
async fn the_page_around_learns_the_height_and_nothing_else() -> Result<(), Trouble> {
    let query = QUERIES[1];
    with_page("", Screen::DESKTOP, async |page| {
        let same = page.address_of(&format!("{HOST_PAGE}{query}"));
        for host in [same.clone(), same.replace("127.0.0.1", "localhost")] {
            page.look_through(Screen::DESKTOP).await?;
            page.client.goto(&host).await?;
            let heights = "messages.map(message => message.height)";
            // The first one may come before the page has its style.
            page.wait_until(&format!("{heights}.some(height => height > 300)")).await?;
            let history = page.value_of("history.length").await?;

            page.client.enter_frame(0).await?;
            page.wait_until_ready().await?;
            page.wait_until("innerHeight >= document.body.getBoundingClientRect().height").await?;
            page.overwrite("#batch", "77").await?;
            expect_address(page, &with(query, "batch=77")).await?;
            let kept = page.value_of("[localStorage.length, sessionStorage.length, document.cookie]").await?;
            assert_eq!(kept, json!([0, 0, ""]), "what the frame keeps in the browser");
            page.client.enter_parent_frame().await?;

            page.look_through(Screen { width: 400, ..Screen::DESKTOP }).await?;
            page.wait_until(&format!("{heights}.at(-1) > {heights}.find(height => height > 300)")).await?;
            assert_eq!(page.client.current_url().await?.as_str(), host);
            assert_eq!(page.value_of("history.length").await?, history, "{host}");
            assert_eq!(page.value_of("localStorage.length + sessionStorage.length").await?, 0, "{host}");
            let types = page.strings_of("[...new Set(messages.map(message => message.type))]").await?;
            assert_eq!(types, ["ridgepoint:height"]);
        }
        Ok(())
    })
    .await
}

/// What the reader chose for the calculator itself says nothing about the page around a frame; the link's word counts.
#[tokio::test]
async fn an_embedded_page_wears_what_its_link_says() -> Result<(), Trouble> {
    with_page_at("/", Screen::DESKTOP, async |page| {
        let worn = "document.documentElement.dataset.theme";
        page.click(".segmented label:nth-of-type(3)").await?;
        page.wait_until(&format!("{worn} === 'dark'")).await?;
        for (query, theme) in
            [("?embed=1", "light"), ("?embed=1&theme=dark", "dark"), ("?embed=1&theme=light", "light")]
        {
            page.open(&format!("/{query}")).await?;
            assert_eq!(page.string_of(worn).await?, theme, "{query}");
        }
        Ok(())
    })
    .await
}
