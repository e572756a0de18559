//! Charts are painted, sharp, in the page's colours, and can be read with the keyboard.

use fantoccini::key::Key;
use ridgepoint_calculator::chart::{Chart, Series};
use ridgepoint_calculator::charts;
use ridgepoint_calculator::ink::Ink;
use ridgepoint_calculator::link::decode;
use ridgepoint_calculator::report::Report;
use ridgepoint_tests::Trouble;
use ridgepoint_tests::browser::with_page;
use ridgepoint_tests::page::Page;
use ridgepoint_tests::screen::Screen;

use super::expected::{expect_scenario, with};

const QUERY: &str = "?model=llama-3.1-70b&gpu=h100-sxm-80gb&n=4&batch=16&in=8192&out=1024";

/// Both charts of a query, with the view that each is in.
fn charts_of(query: &str) -> [(&'static str, Chart); 2] {
    let scenario = decode(query).scenario;
    [("memory", charts::kv_cache(&scenario)), ("speed", charts::roofline(&Report::of(&scenario)))]
}

/// The style tokens of everything that a chart paints.
fn tokens(chart: &Chart) -> Vec<&'static str> {
    let mut tokens: Vec<_> = chart
        .series
        .iter()
        .map(|series| series.ink)
        .chain(chart.marks.iter().map(|mark| mark.ink))
        .map(Ink::token)
        .collect();
    tokens.sort_unstable();
    tokens.dedup();
    tokens
}

/// Series, axes and marks in their colours, on a canvas of the display's own pixels, alone and embedded.
#[tokio::test]
async fn charts_are_painted_sharp_and_in_their_colours() -> Result<(), Trouble> {
    with_page("", Screen::DESKTOP, async |page| {
        for (view, chart) in charts_of(QUERY) {
            for embed in ["0", "1"] {
                let screen = if embed == "1" { Screen::EMBED } else { Screen::DESKTOP };
                page.look_through(screen).await?;
                page.open(&format!("/{}", with(QUERY, &format!("view={view}&embed={embed}")))).await?;
                // Without loading again: a window moves to another display.
                for ratio in [1.0, 2.0, 3.0] {
                    page.look_through(screen.at_pixel_ratio(ratio)).await?;
                    let width = format!("document.querySelector('#{} canvas').width", chart.id);
                    let size = format!("document.querySelector('#{} canvas').getBoundingClientRect().width", chart.id);
                    page.wait_until(&format!("Math.abs({width} - {size} * {ratio}) <= 1")).await?;
                    let tokens = tokens(&chart);
                    let painting = page.painting(chart.id, &tokens).await?;
                    let which = format!("{} embedded {embed} at {ratio}", chart.id);
                    assert!((painting.pixels.1 - painting.size.1 * ratio).abs() <= 1.0, "{which}: {painting:?}");
                    assert!(painting.size.0 > 300.0 && painting.size.1 > 100.0, "{which}: {painting:?}");
                    assert!(painting.colours > 10, "{which}: {painting:?}");
                    let area = painting.pixels.0 * painting.pixels.1;
                    let share = painting.inked as f64 / area;
                    assert!((0.003..0.5).contains(&share), "{which}: {share} of the picture is ink inside");
                    for token in tokens {
                        assert!(painting.pixels_in(token) > 15, "{which}: nothing in the colour of {token}");
                    }
                }
            }
        }
        assert_eq!(page.errors().await?, Vec::<String>::new());
        Ok(())
    })
    .await
}

/// Another scenario is another picture; the same scenario is the same one.
#[tokio::test]
async fn charts_follow_the_scenario() -> Result<(), Trouble> {
    with_page(QUERY, Screen::DESKTOP, async |page| {
        for (view, chart) in charts_of(QUERY) {
            page.click(&format!("#tab-{view}")).await?;
            let before = page.painting(chart.id, &[]).await?;
            page.overwrite("#batch", "64").await?;
            expect_scenario(page, &with(QUERY, &format!("batch=64&view={view}"))).await?;
            assert_ne!(page.painting(chart.id, &[]).await?.hash, before.hash, "{}", chart.id);
            page.overwrite("#batch", "16").await?;
            expect_scenario(page, &with(QUERY, &format!("view={view}"))).await?;
            assert_eq!(page.painting(chart.id, &[]).await?, before, "{}", chart.id);
        }
        Ok(())
    })
    .await
}

/// A chart in a view that was closed, or in a window that changes its size, fills its place.
#[tokio::test]
async fn charts_follow_the_size_of_their_place() -> Result<(), Trouble> {
    with_page(QUERY, Screen::DESKTOP, async |page| {
        for width in [1440, 700, 320, 1440] {
            page.look_through(Screen { width, ..Screen::DESKTOP }).await?;
            for (view, chart) in charts_of(QUERY) {
                page.click(&format!("#tab-{view}")).await?;
                let painting = page.painting(chart.id, &[]).await?;
                assert!((painting.pixels.0 - painting.size.0).abs() <= 1.0, "{} at {width}: {painting:?}", chart.id);
                assert!(painting.size.0 > f64::from(width) * 0.4, "{} at {width}: {painting:?}", chart.id);
                assert!(painting.inked > 500, "{} at {width}: {painting:?}", chart.id);
            }
        }
        Ok(())
    })
    .await
}

/// What the crosshair says, as it is seen and as a screen reader hears it; `None` while it points nowhere.
async fn reading(page: &Page<'_>, chart: &str) -> Result<Option<String>, Trouble> {
    page.wait_for_frames().await?;
    let seen = page.text(&format!("#{chart} .reading")).await?;
    let heard = page.string_of(&format!("document.querySelector('#{chart} .plot').ariaValueText")).await?;
    if seen.is_empty() {
        assert_eq!(heard, "no point: the arrow keys choose one");
        return Ok(None);
    }
    assert_eq!(seen, heard);
    Ok(Some(seen))
}

/// What the crosshair can say on a series: the words of its points between the axes.
fn readings(chart: &Chart, series: &Series) -> Vec<String> {
    let between = |position: f64| (-1e-9..=1.0 + 1e-9).contains(&position);
    let points = series.points.iter().filter(|point| series.readable && between(chart.x.position(point.x)));
    points.filter(|point| between(chart.y.position(point.y))).map(|point| point.reading.clone()).collect()
}

/// Arrows go from point to point and from series to series, Home and End to the ends, Escape away.
#[tokio::test]
async fn the_crosshair_reads_the_chart_by_keyboard() -> Result<(), Trouble> {
    with_page(QUERY, Screen::DESKTOP, async |page| {
        for (view, chart) in charts_of(QUERY) {
            page.click(&format!("#tab-{view}")).await?;
            let readable: Vec<(bool, Vec<String>)> = chart
                .series
                .iter()
                .map(|series| (series.emphasis, readings(&chart, series)))
                .filter(|(_, readings)| !readings.is_empty())
                .collect();
            // It starts on the series that the scenario is on.
            let row = readable.iter().position(|(emphasis, _)| *emphasis).unwrap_or(0);
            let (own, below) = (&readable[row].1, &readable[(row + 1) % readable.len()].1);
            page.focus(&format!("#{} .plot", chart.id)).await?;
            assert_eq!(reading(page, chart.id).await?, None);
            for (key, expected) in [
                (Key::Right, &own[0]),
                (Key::Right, &own[1]),
                (Key::Right, &own[2]),
                (Key::Left, &own[1]),
                (Key::End, &own[own.len() - 1]),
                (Key::Right, &own[own.len() - 1]),
                (Key::Home, &own[0]),
                (Key::Left, &own[0]),
            ] {
                page.press(key).await?;
                assert_eq!(reading(page, chart.id).await?.as_ref(), Some(expected), "{} {key:?}", chart.id);
            }
            page.press(Key::Down).await?;
            let other = reading(page, chart.id).await?.ok_or("the crosshair is gone")?;
            assert!(below.contains(&other), "{}: {other}", chart.id);
            page.press(Key::Escape).await?;
            assert_eq!(reading(page, chart.id).await?, None);
        }
        Ok(())
    })
    .await
}

/// The mouse reads the nearest point and leaves nothing behind; a finger leaves what it found.
#[tokio::test]
async fn the_crosshair_follows_a_pointer() -> Result<(), Trouble> {
    with_page(QUERY, Screen::DESKTOP, async |page| {
        for (view, chart) in charts_of(QUERY) {
            page.click(&format!("#tab-{view}")).await?;
            let all: Vec<String> = chart.series.iter().flat_map(|series| readings(&chart, series)).collect();
            let plot = format!("#{} .plot", chart.id);
            let mut found = Vec::new();
            for across in [0.3, 0.6, 0.9] {
                page.hover(&plot, across, 0.5).await?;
                found.push(reading(page, chart.id).await?.ok_or("no reading under the mouse")?);
            }
            assert!(found.iter().all(|reading| all.contains(reading)), "{}: {found:?}", chart.id);
            assert_ne!(found[0], found[2], "{}", chart.id);
            page.hover("h1", 0.5, 0.5).await?;
            assert_eq!(reading(page, chart.id).await?, None);
        }
        page.look_through(Screen::PHONE).await?;
        page.open(&format!("/{QUERY}")).await?;
        page.tap("#kv-cache .plot").await?;
        page.wait_until("document.querySelector('#kv-cache .reading').textContent.trim()").await?;
        assert!(reading(page, "kv-cache").await?.is_some());
        Ok(())
    })
    .await
}

/// A name in the legend takes its series out of the picture and brings it back.
#[tokio::test]
async fn the_legend_hides_and_shows_series() -> Result<(), Trouble> {
    with_page(QUERY, Screen::DESKTOP, async |page| {
        for (view, chart) in charts_of(QUERY) {
            page.click(&format!("#tab-{view}")).await?;
            let before = page.painting(chart.id, &[]).await?;
            for (index, series) in chart.series.iter().enumerate() {
                let token = series.ink.token();
                let is_alone = chart.series.iter().filter(|other| other.ink == series.ink).count() == 1
                    && chart.marks.iter().all(|mark| mark.ink != series.ink);
                let button = format!("#{} .legend li:nth-child({}) button", chart.id, index + 1);
                assert_eq!(page.text(&button).await?, series.name);
                page.click(&button).await?;
                page.wait_until(&format!("document.querySelector('{button}').ariaPressed === 'false'")).await?;
                // Away from the legend, whose buttons the mouse would light up.
                let without = page.painting(chart.id, &[token]).await?;
                assert_ne!(without.hash, before.hash, "{}: {}", chart.id, series.name);
                assert!(!is_alone || without.pixels_in(token) == 0, "{}: {} is still there", chart.id, series.name);
                page.click(&button).await?;
                page.wait_until(&format!("document.querySelector('{button}').ariaPressed === 'true'")).await?;
                assert_eq!(page.painting(chart.id, &[]).await?, before, "{}: {}", chart.id, series.name);
            }
        }
        Ok(())
    })
    .await
}

/// The reader's system turns dark, or the reader does it here: the canvas has the colours of the page around it.
#[tokio::test]
async fn charts_change_their_colours_with_the_theme() -> Result<(), Trouble> {
    with_page(QUERY, Screen::DESKTOP, async |page| {
        for (view, chart) in charts_of(QUERY) {
            page.look_through(Screen::DESKTOP).await?;
            page.click(&format!("#tab-{view}")).await?;
            let tokens = tokens(&chart);
            let light = page.painting(chart.id, &tokens).await?;
            page.look_through(Screen::DESKTOP.dark()).await?;
            page.wait_until("document.documentElement.dataset.theme === 'dark'").await?;
            let dark = page.painting(chart.id, &tokens).await?;
            assert_ne!(light.hash, dark.hash);
            // The tokens have other values now, and all of them are in the picture.
            for token in &tokens {
                assert!(dark.pixels_in(token) > 15, "{}: nothing in the dark colour of {token}", chart.id);
            }
            page.click(".segmented label:nth-of-type(2)").await?;
            page.wait_until("document.documentElement.dataset.theme === 'light'").await?;
            assert_eq!(page.painting(chart.id, &tokens).await?, light, "{}: chosen light is light", chart.id);
            page.click(".segmented label:nth-of-type(1)").await?;
            page.wait_until("document.documentElement.dataset.theme === 'dark'").await?;
        }
        Ok(())
    })
    .await
}
