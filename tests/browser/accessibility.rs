//! Everything has a name, can be reached with the keyboard, and is said to those who do not see it.

use fantoccini::key::Key;
use ridgepoint_calculator::link::decode;
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::scenario::View;
use ridgepoint_tests::Trouble;
use ridgepoint_tests::browser::with_page;
use ridgepoint_tests::page::Page;
use ridgepoint_tests::screen::Screen;
use serde_json::{Value, json};

use super::expected::{expect_scenario, with};

/// A link with a notice and warnings, so that they are looked at too.
const QUERY: &str = "?model=deepseek-v3&gpu=h100-sxm-80gb&n=8&w=int4&batch=8&colour=red";

/// The whole page and the frame, every view, light and dark, desktop and phone: no rule of axe-core is broken.
#[tokio::test]
async fn axe_finds_nothing() -> Result<(), Trouble> {
    with_page("", Screen::DESKTOP, async |page| {
        for (size, embed) in [(Screen::DESKTOP, "0"), (Screen::PHONE, "0"), (Screen::EMBED, "1")] {
            for screen in [size, size.dark()] {
                page.look_through(screen).await?;
                page.open(&format!("/{QUERY}&embed={embed}")).await?;
                for view in View::ALL.map(View::id) {
                    if embed == "0" {
                        page.click(&format!("#tab-{view}")).await?;
                    } else {
                        page.open(&format!("/{QUERY}&embed=1&view={view}")).await?;
                    }
                    let which = format!("{} pixels, {}, {view}", screen.width, screen.scheme.css());
                    assert_eq!(page.violations().await?, Vec::<String>::new(), "{which}");
                }
            }
        }
        Ok(())
    })
    .await
}

/// The same with a list, the folded settings, a complaint and the crosshair open.
#[tokio::test]
async fn axe_finds_nothing_in_what_opens() -> Result<(), Trouble> {
    with_page(QUERY, Screen::DESKTOP, async |page| {
        for screen in [Screen::DESKTOP, Screen::DESKTOP.dark()] {
            page.look_through(screen).await?;
            page.open(&format!("/{QUERY}")).await?;
            page.open_cache_table().await?;
            page.click(".scenario summary").await?;
            page.overwrite("#tp", "many").await?;
            page.focus("#kv-cache .plot").await?;
            page.press(Key::Right).await?;
            assert_eq!(page.violations().await?, Vec::<String>::new(), "{screen:?}");
            page.click("[data-figure=Activations]").await?;
            page.wait_until("document.querySelector('.workings details[open]')").await?;
            assert_eq!(page.violations().await?, Vec::<String>::new(), "{screen:?}");
            page.press(Key::Escape).await?;
            page.focus("#model").await?;
            page.write("qwen").await?;
            assert_eq!(page.violations().await?, Vec::<String>::new(), "{screen:?}");
            page.overwrite("#model", "abacus").await?;
            assert_eq!(page.violations().await?, Vec::<String>::new(), "{screen:?}");
        }
        Ok(())
    })
    .await
}

/// The browser's own tree for screen readers has a name for every control and every region.
#[tokio::test]
async fn every_control_has_a_name() -> Result<(), Trouble> {
    const NAMED: [&str; 14] = [
        "button",
        "textbox",
        "searchbox",
        "combobox",
        "ComboBoxSelect",
        "slider",
        "radio",
        "checkbox",
        "tab",
        "link",
        "region",
        "form",
        "group",
        "table",
    ];
    with_page("", Screen::DESKTOP, async |page| {
        for (query, fewest) in [(QUERY.to_owned(), 30), (format!("{QUERY}&embed=1"), 5)] {
            page.open(&format!("/{query}")).await?;
            page.value_of("document.querySelectorAll('details').forEach(details => details.open = true)").await?;
            page.devtools("Accessibility.enable", json!({})).await?;
            let tree = page.devtools("Accessibility.getFullAXTree", json!({})).await?;
            let nodes = tree["nodes"].as_array().ok_or("no tree")?;
            let role = |node: &Value| node["role"]["value"].as_str().unwrap_or_default().to_owned();
            let controls: Vec<&Value> = nodes
                .iter()
                .filter(|node| node["ignored"] == false && NAMED.contains(&role(node).as_str()))
                .filter(|node| role(node) != "group" || !node["backendDOMNodeId"].is_null())
                .collect();
            assert!(controls.len() >= fewest, "{query}: {}", controls.len());
            for control in controls {
                let name = control["name"]["value"].as_str().unwrap_or_default().trim();
                // A group without a name is a box, no more.
                assert!(!name.is_empty() || role(control) == "group", "{query}: a {} without a name", role(control));
            }
            let twice = "[...document.querySelectorAll('[id]')].map(element => element.id)
                .filter((id, index, ids) => ids.indexOf(id) !== index)";
            assert_eq!(page.strings_of(twice).await?, Vec::<String>::new(), "{query}: an id is given twice");
        }
        Ok(())
    })
    .await
}

/// Prepares the list of all places that Tab should stop at, in the order of the page.
const STOPS: &str = "window.stops = [...document.querySelectorAll(
    'a[href], button, input, select, textarea, summary, [tabindex]')].filter(element => element.checkVisibility()
        && !element.disabled && element.tabIndex >= 0 && (element.type !== 'radio' || element.checked))";

/// Where the focus is: its place in the list, whether it is seen there, and its element in words.
const FOCUS: &str = "const focused = document.activeElement;
    const shown = focused.type === 'radio' ? focused.nextElementSibling : focused;
    const style = getComputedStyle(shown);
    const { left, top, width, height } = shown.getBoundingClientRect();
    const [x, y] = [left + width / 2, Math.max(top, 0) + Math.min(height, innerHeight) / 2];
    const over = document.elementFromPoint(x, y);
    const isFree = over && (shown.contains(over) || over.contains(shown) || focused.contains(over));
    return {
        place: stops.indexOf(focused),
        ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1,
        over: isFree ? null : over?.outerHTML.slice(0, 120) ?? 'the edge of the window',
        words: focused.outerHTML.slice(0, 120),
    }";

/// Tab goes through all of the page in its order and back again, and one always sees where one is: there is a ring, and
/// neither the verdict, which stays at the top, nor anything else lies over it.
#[tokio::test]
async fn tab_reaches_everything_in_order() -> Result<(), Trouble> {
    let full = [Screen::DESKTOP, Screen { width: 1024, ..Screen::DESKTOP }, Screen::PHONE];
    with_page("", Screen::DESKTOP, async |page| {
        for (query, screens, fewest) in
            [("view=memory", &full[..2], 30), ("view=speed", &full, 30), ("embed=1", &[Screen::EMBED], 4)]
        {
            for screen in screens {
                page.look_through(*screen).await?;
                page.open(&format!("/{QUERY}&{query}")).await?;
                page.value_of("document.querySelectorAll('details').forEach(details => details.open = true)").await?;
                page.wait_for_frames().await?;
                page.run(STOPS, vec![]).await?;
                let count = page.number_of("stops.length").await? as u64;
                assert!(count >= fewest, "{query}: {count} stops");
                let which = format!("{query}, {} pixels wide", screen.width);
                for place in 0..count {
                    page.press(Key::Tab).await?;
                    expect_focus(page, place).await.map_err(|error| format!("{which}: {error}"))?;
                }
                for place in (0..count - 1).rev() {
                    page.press_with(Key::Shift, Key::Tab).await?;
                    expect_focus(page, place).await.map_err(|error| format!("{which}, backwards: {error}"))?;
                }
            }
        }
        Ok(())
    })
    .await
}

async fn expect_focus(page: &Page<'_>, place: u64) -> Result<(), Trouble> {
    let focus = page.run(FOCUS, vec![]).await?;
    let words = &focus["words"];
    if focus["place"] != json!(place) {
        let wanted = page.string_of(&format!("stops[{place}].outerHTML.slice(0, 120)")).await?;
        return Err(format!("the focus is on {words} instead of {wanted}").into());
    }
    if focus["ring"] != json!(true) {
        return Err(format!("nothing shows that the focus is on {words}").into());
    }
    if !focus["over"].is_null() {
        return Err(format!("{} lies over {words}, which has the focus", focus["over"]).into());
    }
    Ok(())
}

/// The view is a tab pattern: one stop, arrows between them.
#[tokio::test]
async fn the_arrow_keys_change_the_view() -> Result<(), Trouble> {
    with_page("", Screen::DESKTOP, async |page| {
        page.focus("#tab-memory").await?;
        for (key, view) in [
            (Key::Right, "speed"),
            (Key::Right, "plan"),
            (Key::Left, "speed"),
            (Key::End, "evidence"),
            (Key::Right, "memory"),
            (Key::Left, "evidence"),
            (Key::Home, "memory"),
        ] {
            page.press(key).await?;
            if view != "evidence" {
                expect_scenario(page, &format!("?view={view}")).await?;
            }
            assert_eq!(page.string_of("document.activeElement.id").await?, format!("tab-{view}"));
            let chosen = "[...document.querySelectorAll('[role=tab]')].map(tab => [tab.ariaSelected, tab.tabIndex])";
            let state = |tab: View| if tab.id() == view { json!(["true", 0]) } else { json!(["false", -1]) };
            assert_eq!(page.value_of(chosen).await?, Value::Array(View::ALL.map(state).into()));
        }
        Ok(())
    })
    .await
}

/// A screen reader hears the answer when the slider has come to rest, once, and not on the way there.
#[tokio::test]
async fn the_answer_is_said_once_after_a_change() -> Result<(), Trouble> {
    // Each step is a task of its own, so that the page follows it; no pause between them is one.
    let moves = "const slider = document.querySelector('.slider:has(#batch) .range');
        return (async () => {
            for (const stop of arguments[0]) {
                slider.value = stop;
                slider.dispatchEvent(new Event('input', { bubbles: true }));
                await new Promise(done => setTimeout(done));
            }
        })()";
    with_page("", Screen::DESKTOP, async |page| {
        for embed in ["0", "1"] {
            let query = with("?model=llama-3.1-70b&gpu=h100-sxm-80gb&n=2", &format!("embed={embed}"));
            page.open(&format!("/{query}")).await?;
            let region = "document.querySelector('.verdict ~ [role=status]')";
            assert_eq!(page.string_of(&format!("{region}.textContent")).await?, "", "nothing has changed yet");
            page.run(
                &format!(
                    "window.said = [];
                     new MutationObserver(() => said.push({region}.textContent))
                         .observe({region}, {{ childList: true, characterData: true, subtree: true }})"
                ),
                vec![],
            )
            .await?;
            let mut expected = Vec::new();
            // Stops on the way, and where it comes to rest: 4,096 sequences, and then 8.
            for (stops, batch) in [([3, 9, 14, 20, 23], 4096), ([22, 17, 11, 6, 5], 8)] {
                page.run(moves, vec![json!(stops)]).await?;
                let verdict = Report::of(&decode(&with(&query, &format!("batch={batch}"))).scenario).verdict();
                expected.push(format!("{} {}", verdict.sentence, verdict.limit));
                page.wait_until(&format!("said.length >= {}", expected.len())).await?;
            }
            assert_eq!(page.strings_of("said").await?, expected);
        }
        Ok(())
    })
    .await
}
