//! The page keeps its shape: on any width, under any preference, while a slider moves, and on paper.

use ridgepoint_calculator::scenario::View;
use ridgepoint_tests::Trouble;
use ridgepoint_tests::browser::with_page;
use ridgepoint_tests::screen::Screen;
use serde_json::{Value, json};

use super::expected::expect_scenario;

/// Four kinds of devices with long names, many warnings, and a link with something wrong.
const WIDE: &str = "?model=llama-3.3-nemotron-super-49b&gpu=rtx-pro-6000-blackwell-server:3,rtx-pro-6000-blackwell-maxq:2,\
                    threadripper-pro-9995wx:1,b300-hgx-288gb:7&w=fp8&batch=512&in=1048576&out=131072&tp=3&pp=4&n=5&colour=\
                    red";

const SCREENS: [Screen; 4] = [
    Screen { width: 320, ..Screen::PHONE },
    Screen::PHONE,
    Screen { width: 768, height: 1024, ..Screen::PHONE },
    Screen::DESKTOP,
];

/// A reader scrolls in one direction only. Tables that are wider than the page scroll by themselves.
#[tokio::test]
async fn nothing_is_wider_than_the_window() -> Result<(), Trouble> {
    with_page("", Screen::DESKTOP, async |page| {
        for query in ["", WIDE] {
            page.open(&format!("/{query}")).await?;
            for view in View::ALL.map(View::id) {
                for screen in SCREENS {
                    page.look_through(screen).await?;
                    page.click(&format!("#tab-{view}")).await?;
                    let open = "document.querySelectorAll('details').forEach(details => details.open = true)";
                    page.value_of(open).await?;
                    page.wait_for_frames().await?;
                    let over = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
                    let over = page.number_of(over).await?;
                    assert!(over <= 0.0, "{query} {view}: {over} pixels too wide in {}", screen.width);
                    // A phone zooms out to show what is too wide, and its window counts more pixels then.
                    assert_eq!(page.number_of("innerWidth").await?, f64::from(screen.width), "{query} {view}");
                }
            }
        }
        Ok(())
    })
    .await
}

/// Sets a slider to each of its stops and returns what moved: the figures of the verdict, its picture, or the slider
/// itself under the hand that holds it.
const MOVED: &str = "
    const slider = document.querySelector(arguments[0]);
    // Where the form stands below the verdict, the verdict has come to rest at the top when the form is in sight.
    slider.scrollIntoView({ block: innerWidth > 900 ? 'nearest' : 'center', behavior: 'instant' });
    const frame = () => new Promise(requestAnimationFrame);
    const places = () => [...document.querySelectorAll('.word .icon, .figures > div')].concat(slider).map(part => {
        const { left, top, width, height } = part.getBoundingClientRect();
        return { name: part.id || part.localName, sides: [left, top, width, height] };
    });
    return (async () => {
        const [start, moved] = [places(), []];
        for (let stop = 0; stop <= slider.max; stop++) {
            slider.value = stop;
            slider.dispatchEvent(new Event('input', { bubbles: true }));
            await frame(); await frame();
            places().forEach(({ name, sides }, index) => {
                // The browser scrolls back what grows above, to a fraction of a pixel.
                if (sides.some((side, at) => Math.abs(side - start[index].sides[at]) >= 1))
                    moved.push(`${name} at stop ${stop}: from ${start[index].sides} to ${sides}`);
            });
        }
        return moved;
    })()";

/// From fitting to hopeless: words and digits change, and nothing jumps under the reader's eye or hand.
#[tokio::test]
async fn the_verdict_stays_in_place_while_a_slider_moves() -> Result<(), Trouble> {
    with_page("", Screen::DESKTOP, async |page| {
        for screen in [Screen::DESKTOP, Screen { width: 1024, ..Screen::DESKTOP }, SCREENS[2], Screen::PHONE] {
            page.look_through(screen).await?;
            for slider in ["batch", "prompt"] {
                page.open("/?model=llama-3.1-70b&gpu=h100-sxm-80gb&n=3").await?;
                let moved = page.run(MOVED, vec![json!(format!(".slider:has(#{slider}) .range"))]).await?;
                assert_eq!(moved, json!([]), "{} pixels wide, {slider}", screen.width);
                // It did go all the way.
                assert_eq!(page.text(".word").await?, "Does not fit");
            }
        }
        Ok(())
    })
    .await
}

/// Dark stays dark on the next visit, from before the program has loaded; Auto forgets.
#[tokio::test]
async fn the_choice_of_colours_is_remembered() -> Result<(), Trouble> {
    let worn = "document.documentElement.dataset.theme";
    with_page("", Screen::DESKTOP, async |page| {
        let kept = "localStorage.getItem('ridgepoint-theme')";
        page.click(".segmented label:nth-of-type(3)").await?;
        page.wait_until(&format!("{worn} === 'dark'")).await?;
        assert_eq!(page.value_of(kept).await?, "dark");
        page.open("/?batch=2").await?;
        assert_eq!(page.string_of(worn).await?, "dark");
        assert_eq!(page.value_of("document.querySelectorAll('[name=theme]')[2].checked").await?, true);
        // A link's word counts on its page and is not remembered.
        page.open("/?batch=3&theme=light").await?;
        assert_eq!(page.string_of(worn).await?, "light");
        assert_eq!(page.value_of(kept).await?, "dark");
        page.open("/?batch=4").await?;
        page.click(".segmented label:nth-of-type(1)").await?;
        page.wait_until(&format!("{worn} === 'light'")).await?;
        assert_eq!(page.value_of(kept).await?, Value::Null);
        page.look_through(Screen::DESKTOP.dark()).await?;
        page.wait_until(&format!("{worn} === 'dark'")).await?;

        // Before the program: its file does not come.
        page.click(".segmented label:nth-of-type(2)").await?;
        page.wait_until(&format!("{kept} === 'light'")).await?;
        page.devtools("Network.enable", json!({})).await?;
        page.devtools("Network.setBlockedURLs", json!({ "urls": ["*.wasm"] })).await?;
        page.client.refresh().await?;
        page.wait_until("document.documentElement.dataset.failed").await?;
        assert_eq!(page.string_of(worn).await?, "light");
        Ok(())
    })
    .await
}

/// Nothing glides for readers who asked for that.
#[tokio::test]
async fn reduced_motion_is_no_motion() -> Result<(), Trouble> {
    let moving = "[...document.querySelectorAll('*')].filter(element => {
        const style = getComputedStyle(element);
        return [style.transitionDuration, style.animationDuration].some(times => !/^0s(, 0s)*$/.test(times));
    }).length";
    with_page("", Screen::DESKTOP, async |page| {
        assert!(page.number_of(moving).await? > 0.0, "otherwise there is nothing to reduce");
        page.prefer("", &[("prefers-reduced-motion", "reduce")]).await?;
        assert_eq!(page.number_of(moving).await?, 0.0);
        page.overwrite("#batch", "64").await?;
        expect_scenario(page, "?batch=64").await
    })
    .await
}

/// With the few colours of a high-contrast theme everything is still there: controls have edges, charts have ink.
#[tokio::test]
async fn forced_colours_leave_everything_visible() -> Result<(), Trouble> {
    with_page("", Screen::DESKTOP, async |page| {
        for scheme in ["light", "dark"] {
            page.prefer("", &[("forced-colors", "active"), ("prefers-color-scheme", scheme)]).await?;
            page.open("/?model=mixtral-8x7b&gpu=h100-sxm-80gb&n=2").await?;
            expect_scenario(page, "?model=mixtral-8x7b&gpu=h100-sxm-80gb&n=2").await?;
            for (view, chart) in [("speed", "roofline"), ("memory", "kv-cache")] {
                page.click(&format!("#tab-{view}")).await?;
                let painting = page.painting(chart, &["text"]).await?;
                assert!(painting.colours > 10 && painting.inked > 500, "{scheme} {chart}: {painting:?}");
            }
            // A part of a bar is told from its neighbours by its colour, the chosen tab by more than a tint.
            let fills = "new Set([...document.querySelectorAll('#panel-memory .bar-part')]
                .map(part => getComputedStyle(part).backgroundColor)).size";
            assert!(page.number_of(fills).await? >= 3.0, "{scheme}");
            let edges =
                "[...document.querySelectorAll('[role=tab]')].map(tab => getComputedStyle(tab).borderBottomColor)";
            let edges = page.strings_of(edges).await?;
            assert_ne!(edges[0], edges[1], "{scheme}");
            assert_eq!(page.errors().await?, Vec::<String>::new());
        }
        Ok(())
    })
    .await
}

/// Paper shows the scenario and the answer; what only works on a screen is left out, and so are dark colours.
#[tokio::test]
async fn paper_has_the_answer_and_no_controls() -> Result<(), Trouble> {
    with_page("?batch=16", Screen::DESKTOP.dark(), async |page| {
        page.run(
            "window.worn = [];
             for (const name of ['beforeprint', 'afterprint'])
                 addEventListener(name, () => worn.push(document.documentElement.dataset.theme))",
            vec![],
        )
        .await?;
        let pdf = page.devtools("Page.printToPDF", json!({})).await?;
        // Base64 of "%PDF".
        assert!(pdf["data"].as_str().is_some_and(|data| data.starts_with("JVBER") && data.len() > 20_000));
        assert_eq!(page.value_of("worn").await?, json!(["light", "dark"]), "before and after printing");

        page.prefer("print", &[]).await?;
        // The names of figures are buttons on a screen and words on paper.
        let words =
            "[...document.querySelectorAll('.explained')].map(name => getComputedStyle(name).textDecorationLine)";
        assert!(page.strings_of(words).await?.iter().all(|line| line == "none"));
        let seen = "[...document.querySelectorAll('button:not(.explained), .range, [role=tab], [type=radio], summary')]
            .filter(control => control.checkVisibility()).map(control => control.outerHTML)";
        assert_eq!(page.strings_of(seen).await?, Vec::<String>::new());
        for shown in [
            ".word",
            ".figures",
            "#model",
            "#batch",
            ".bar-track",
            "#kv-cache canvas",
            "[aria-labelledby=breakdown-title] table",
        ] {
            let is_seen = format!("document.querySelector('{shown}').checkVisibility()");
            assert_eq!(page.value_of(&is_seen).await?, true, "{shown}");
        }
        Ok(())
    })
    .await
}
