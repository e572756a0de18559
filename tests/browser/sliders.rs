//! Numbers are chosen roughly with a slider or exactly in the field beside it, and everything follows each step.

use fantoccini::key::Key;
use ridgepoint_calculator::link::{MAX_BATCH, MAX_DEVICES, MAX_TOKENS};
use ridgepoint_calculator::numbers;
use ridgepoint_calculator::options::{self, Stop};
use ridgepoint_core::Workload;
use ridgepoint_importer::decode;
use ridgepoint_tests::Trouble;
use ridgepoint_tests::browser::with_page;
use ridgepoint_tests::page::Page;
use ridgepoint_tests::screen::Screen;

use super::expected::{expect_address, expect_scenario, with};

/// A slider: the id of its field, its key in links, its stops and the most that its field takes.
type Slider = (&'static str, &'static str, &'static [Stop], u64);

const SLIDERS: [Slider; 4] = [
    ("count", "n", options::DEVICES, MAX_DEVICES),
    ("batch", "batch", options::BATCH, MAX_BATCH),
    ("prompt", "in", options::PROMPT_TOKENS, MAX_TOKENS),
    ("output", "out", options::OUTPUT_TOKENS, MAX_TOKENS),
];

const QUERY: &str = "?model=qwen3-8b&gpu=h100-sxm-80gb&batch=2&in=1024&out=128";

fn range(field: &str) -> String {
    format!(".slider:has(#{field}) .range")
}

/// The stop at which a slider stands.
async fn stop(page: &Page<'_>, field: &str, stops: &[Stop]) -> Result<u64, Trouble> {
    let index = page.number_of(&format!("document.querySelector('{}').valueAsNumber", range(field))).await?;
    Ok(stops[index as usize].value)
}

/// Each key moves to another stop, and the field, the verdict, the tables and both charts are those of that stop.
#[tokio::test]
async fn every_figure_follows_the_keys_of_each_slider() -> Result<(), Trouble> {
    with_page(QUERY, Screen::DESKTOP, async |page| {
        for (field, key, stops, _) in SLIDERS {
            page.open(&format!("/{QUERY}")).await?;
            page.focus(&range(field)).await?;
            let (first, last) = (stops[0].value, stops[stops.len() - 1].value);
            let start = stop(page, field, stops).await?;
            let start = stops.iter().position(|stop| stop.value == start).expect("a stop");

            page.press(Key::Right).await?;
            assert_eq!(stop(page, field, stops).await?, stops[start + 1].value, "{field}");
            expect_scenario(page, &with(QUERY, &format!("{key}={}", stops[start + 1].value))).await?;
            page.press(Key::Home).await?;
            assert_eq!(stop(page, field, stops).await?, first, "{field}");
            expect_scenario(page, &with(QUERY, &format!("{key}={first}"))).await?;
            page.press(Key::PageUp).await?;
            let up = stop(page, field, stops).await?;
            assert!(up > stops[1].value, "{field}: Page Up goes further than an arrow key");
            expect_scenario(page, &with(QUERY, &format!("{key}={up}"))).await?;
            page.press(Key::End).await?;
            assert_eq!(stop(page, field, stops).await?, last, "{field}");
            expect_scenario(page, &with(QUERY, &format!("{key}={last}"))).await?;
            page.press(Key::Left).await?;
            let query = with(QUERY, &format!("{key}={}", stops[stops.len() - 2].value));
            expect_scenario(page, &query).await?;
            expect_address(page, &query).await?;
            assert_eq!(page.errors().await?, Vec::<String>::new(), "{field}");
        }
        Ok(())
    })
    .await
}

/// The mouse drags the thumb along, from one end to the other and back to the middle.
#[tokio::test]
async fn every_figure_follows_the_mouse() -> Result<(), Trouble> {
    let query = with(QUERY, "batch=1");
    with_page(&query, Screen::DESKTOP, async |page| {
        let thumb = 8.0 / 300.0;
        page.drag(&range("batch"), thumb, 1.0).await?;
        expect_scenario(page, &with(&query, "batch=4096")).await?;
        page.drag(&range("batch"), 1.0 - thumb, 0.5).await?;
        let middle = stop(page, "batch", options::BATCH).await?;
        assert!((16..=256).contains(&middle), "{middle}");
        let query = with(&query, &format!("batch={middle}"));
        expect_scenario(page, &query).await?;
        expect_address(page, &query).await
    })
    .await
}

/// And a finger does.
#[tokio::test]
async fn every_figure_follows_a_finger() -> Result<(), Trouble> {
    let query = with(QUERY, "in=16");
    with_page(&query, Screen::PHONE, async |page| {
        page.swipe(&range("prompt"), 0.02, 1.0).await?;
        expect_scenario(page, &with(&query, "in=1048576")).await
    })
    .await
}

/// Both ends of all sliders at once leave a page that answers.
#[tokio::test]
async fn the_extremes_of_all_sliders_have_an_answer() -> Result<(), Trouble> {
    with_page(QUERY, Screen::DESKTOP, async |page| {
        for end in [Key::Home, Key::End] {
            let mut query = QUERY.to_owned();
            for (field, key, stops, _) in SLIDERS {
                page.focus(&range(field)).await?;
                page.press(end).await?;
                query = with(&query, &format!("{key}={}", stop(page, field, stops).await?));
            }
            expect_scenario(page, &query).await?;
            expect_address(page, &query).await?;
        }
        assert_eq!(page.errors().await?, Vec::<String>::new());
        Ok(())
    })
    .await
}

/// `8k` and `131,072` are what people type; the slider goes to the nearest stop.
#[tokio::test]
async fn a_number_is_typed_as_people_write_it() -> Result<(), Trouble> {
    with_page(QUERY, Screen::DESKTOP, async |page| {
        let typed =
            [("8k", 8_192), ("131,072", 131_072), ("1.5k", 1_536), ("5000", 5_000), ("1M", 1_048_576), (" 7 ", 7)];
        for (words, value) in typed {
            page.overwrite("#prompt", words).await?;
            page.press(Key::Tab).await?;
            let query = with(QUERY, &format!("in={value}"));
            expect_scenario(page, &query).await?;
            let stop = stop(page, "prompt", options::PROMPT_TOKENS).await?;
            let away = |stop: u64| stop.abs_diff(value);
            assert!(options::PROMPT_TOKENS.iter().all(|other| away(stop) <= away(other.value)), "{words}: {stop}");
            assert!(complaint(page, "prompt").await?.is_none(), "{words}");
        }
        Ok(())
    })
    .await
}

/// What cannot be used is explained beside the field and changes nothing; Escape brings the last good value back.
#[tokio::test]
async fn a_number_that_is_none_is_refused_in_words() -> Result<(), Trouble> {
    with_page(QUERY, Screen::DESKTOP, async |page| {
        for (field, _, _, most) in SLIDERS {
            for (words, explanation) in [
                ("lots", numbers::parse_count("lots").expect_err("not a number")),
                ("-3", numbers::parse_count("-3").expect_err("not a count")),
                ("1e9", numbers::parse_count("1e9").expect_err("not how a count is written")),
                ("0", "enter 1 or more".to_owned()),
                ("99999999999", format!("enter {} or less", numbers::count(most))),
                ("99999999999999999999999999", numbers::parse_count("99999999999999999999999999").expect_err("huge")),
            ] {
                let selector = format!("#{field}");
                page.overwrite(&selector, words).await?;
                assert_eq!(complaint(page, field).await?.as_ref(), Some(&explanation), "{field}: {words}");
                let shown = page.string_of(&format!("document.querySelector('{selector}').value")).await?;
                assert_eq!(shown, words, "what was typed stays to be corrected");
                page.press(Key::Escape).await?;
                assert_eq!(complaint(page, field).await?, None);
            }
            // Digits that were typed on the way to a bad number counted while they were good.
            page.open(&format!("/{QUERY}")).await?;
            page.overwrite(&format!("#{field}"), "lots").await?;
            page.press(Key::Escape).await?;
            expect_scenario(page, QUERY).await?;
        }
        assert_eq!(page.errors().await?, Vec::<String>::new());
        Ok(())
    })
    .await
}

/// The arrow keys in the field go to the next stop, also from between two.
#[tokio::test]
async fn the_arrow_keys_step_in_the_field_too() -> Result<(), Trouble> {
    with_page(&with(QUERY, "batch=5"), Screen::DESKTOP, async |page| {
        page.focus("#batch").await?;
        for (key, batch) in [(Key::Up, 6), (Key::Up, 8), (Key::Down, 6), (Key::Down, 4)] {
            page.press(key).await?;
            expect_scenario(page, &with(QUERY, &format!("batch={batch}"))).await?;
        }
        Ok(())
    })
    .await
}

/// Degrees of parallelism and engine settings, folded away, are checked in the same way.
#[tokio::test]
async fn layout_and_settings_are_typed_and_checked() -> Result<(), Trouble> {
    let query = "?model=llama-3.1-70b&gpu=h100-sxm-80gb&n=8";
    with_page(query, Screen::DESKTOP, async |page| {
        page.click(".scenario summary").await?;
        page.overwrite("#tp", "4").await?;
        page.overwrite("#pp", "2").await?;
        let query = with(query, "tp=4&pp=2");
        expect_scenario(page, &query).await?;
        page.overwrite("#util", "2").await?;
        let said = complaint(page, "util").await?;
        assert_eq!(said.as_deref(), Some("enter a fraction above 0 and at most 1, such as 0.9"));
        page.overwrite("#util", "0.5").await?;
        let query = with(&query, "util=0.5");
        expect_scenario(page, &query).await?;
        expect_address(page, &query).await?;
        page.overwrite("#tp", "auto").await?;
        page.overwrite("#pp", "auto").await?;
        expect_scenario(page, "?model=llama-3.1-70b&gpu=h100-sxm-80gb&n=8&util=0.5").await
    })
    .await
}

/// What is wrong with a field, in the words that are seen and that a screen reader finds through the field.
async fn complaint(page: &Page<'_>, field: &str) -> Result<Option<String>, Trouble> {
    let script = "const field = document.getElementById(arguments[0]);
        const words = document.getElementById(field.getAttribute('aria-describedby'));
        if ((field.ariaInvalid === 'true') !== words.checkVisibility()) throw new Error('said and seen differ');
        return words.checkVisibility() ? words.textContent : null";
    let words = page.run(script, vec![field.into()]).await?;
    Ok(words.as_str().map(str::to_owned))
}

/// What the engine reserves follows its version and its switches; a rubbish share of the memory is refused and nothing is lost.
#[tokio::test]
async fn the_engine_follows_its_settings() -> Result<(), Trouble> {
    with_page(QUERY, Screen::DESKTOP, async |page| {
        page.click(".scenario summary").await?;
        page.overwrite("#eager", "off").await?;
        expect_scenario(page, &with(QUERY, "eager=1")).await?;
        page.overwrite("#eager", "on").await?;
        expect_scenario(page, QUERY).await?;
        page.overwrite("#util", "the best").await?;
        page.wait_until("document.querySelector('#util-complaint').checkVisibility()").await?;
        expect_scenario(page, QUERY).await?;
        page.focus("#ev").await?;
        page.write("0.10").await?;
        expect_scenario(page, &with(QUERY, "ev=0.10")).await?;
        // Another engine has other versions.
        page.focus("#engine").await?;
        page.write("SG").await?;
        expect_scenario(page, &with(QUERY, "engine=sglang")).await?;

        let offloaded = "?model=qwen3-8b&gpu=rtx-3060-12gb&engine=llama.cpp&in=1024&out=128";
        page.open(&format!("/{offloaded}")).await?;
        page.click(".scenario summary").await?;
        page.overwrite("#ngl", "0").await?;
        expect_scenario(page, &with(offloaded, "ngl=0")).await?;
        page.overwrite("#ngl", "20").await?;
        expect_scenario(page, &with(offloaded, "ngl=20")).await?;
        assert_eq!(page.errors().await?, Vec::<String>::new());
        Ok(())
    })
    .await
}

/// Pictures become tokens of the prompt; the fields are there for models that see.
#[tokio::test]
async fn pictures_are_counted_into_the_prompt() -> Result<(), Trouble> {
    let blind = "document.querySelector('#images').checkVisibility()";
    with_page(QUERY, Screen::DESKTOP, async |page| {
        assert_eq!(page.value_of(blind).await?, serde_json::json!(false));
        let seeing = "?model=qwen2.5-vl-7b&gpu=h100-sxm-80gb&in=1024&out=128";
        page.open(&format!("/{seeing}")).await?;
        page.overwrite("#images", "2").await?;
        page.overwrite("#image-size", "1920x1080").await?;
        expect_scenario(page, &with(seeing, "images=2:1920x1080")).await?;
        page.wait_until("document.body.innerText.includes('5,382')").await?;
        page.overwrite("#image-size", "large").await?;
        page.wait_until("document.querySelector('#image-size-complaint').checkVisibility()").await?;
        expect_scenario(page, &with(seeing, "images=2:1920x1080")).await?;
        assert_eq!(page.errors().await?, Vec::<String>::new());
        Ok(())
    })
    .await
}

/// A kind of use is a choice of all three sliders, and any other load shows as none of them.
#[tokio::test]
async fn a_kind_of_use_sets_the_load() -> Result<(), Trouble> {
    with_page(QUERY, Screen::DESKTOP, async |page| {
        let other = decode(QUERY).scenario.workload;
        assert_eq!(options::workload(options::workload_id(other)), None);
        for choice in &options::workloads(other)[0].choices[1..] {
            let workload = options::workload(&choice.id).ok_or("a choice is a load")?;
            assert_eq!(options::workload_id(workload), choice.id);
            page.focus("#workload").await?;
            page.press(Key::Down).await?;
            let Workload { batch, prompt_tokens, output_tokens } = workload;
            let changes = format!("batch={batch}&in={prompt_tokens}&out={output_tokens}");
            expect_scenario(page, &with(QUERY, &changes)).await?;
        }
        page.overwrite("#batch", "7").await?;
        page.wait_until("document.querySelector('#workload').value === 'other'").await?;
        assert_eq!(page.errors().await?, Vec::<String>::new());
        Ok(())
    })
    .await
}
