//! Models and devices are found by typing a few words and chosen with the keyboard, the mouse or a finger.

use fantoccini::key::Key;
use ridgepoint_calculator::options::{self, Choice, Group};
use ridgepoint_tests::Trouble;
use ridgepoint_tests::browser::with_page;
use ridgepoint_tests::page::Page;
use ridgepoint_tests::screen::Screen;
use serde_json::json;

use super::expected::{expect_address, expect_scenario, with};

/// The words of the highlighted choice: its name and what stands beside it.
const HIGHLIGHTED: &str = "(() => {
    const option = document.getElementById(document.activeElement.getAttribute('aria-activedescendant'));
    return option ? [...option.children].map(part => part.textContent) : [];
})()";

/// Whatever a list shows: the heading of each group, then its choices with what stands beside their names.
const LISTED: &str = "[...document.querySelectorAll('.options:not([hidden]) [role=group]')].map(group => [
    group.querySelector('.heading').textContent,
    [...group.querySelectorAll('[role=option]')].map(option => [...option.children].map(part => part.textContent)),
])";

/// The id of the element of a choice in a list.
fn option_id(field: &str, groups: &[Group], id: &str) -> String {
    let place = groups.iter().flat_map(|group| &group.choices).position(|choice| choice.id == id);
    format!("#{field}-{}", place.expect("a choice of the catalogue"))
}

fn choice_named<'a>(groups: &'a [Group], name: &str) -> &'a Choice {
    let choice = groups.iter().flat_map(|group| &group.choices).find(|choice| choice.name == name);
    choice.expect("what the list shows is in the catalogue")
}

async fn is_open(page: &Page<'_>, field: &str) -> Result<bool, Trouble> {
    let expanded = page.string_of(&format!("document.querySelector('#{field}').ariaExpanded")).await? == "true";
    let shown = page.value_of(&format!("document.querySelector('#{field}-options').checkVisibility()")).await?;
    assert_eq!(json!(expanded), shown, "what is said and what is seen of the list of #{field}");
    Ok(expanded)
}

/// Tab, type, arrows, Enter: no pointer from the start of the page to another answer.
#[tokio::test]
async fn a_model_and_a_device_are_chosen_by_keyboard_alone() -> Result<(), Trouble> {
    let query = "?model=llama-3.1-8b&gpu=h100-sxm-80gb";
    with_page(query, Screen::DESKTOP, async |page| {
        let mut query = query.to_owned();
        for (field, key, words, groups) in [
            ("model", "model", "qwen3 active", options::models()),
            ("device", "gpu", "nvidia 80 gb", options::devices()),
        ] {
            let is_there = format!("document.activeElement.id === '{field}'");
            for _ in 0..40 {
                if page.value_of(&is_there).await? == json!(true) {
                    break;
                }
                page.press(Key::Tab).await?;
            }
            assert_eq!(page.value_of(&is_there).await?, json!(true), "Tab never reaches #{field}");
            assert!(!is_open(page, field).await?, "the list of #{field} opens only when it is asked for");

            // The old name is selected, so that typing replaces it.
            page.write(words).await?;
            assert!(is_open(page, field).await?);
            let first = page.strings_of(HIGHLIGHTED).await?;
            page.press(Key::Down).await?;
            let second = page.strings_of(HIGHLIGHTED).await?;
            assert_ne!(first, second);
            page.press(Key::Up).await?;
            assert_eq!(page.strings_of(HIGHLIGHTED).await?, first);
            page.press(Key::Down).await?;
            page.press(Key::Enter).await?;

            assert!(!is_open(page, field).await?);
            let choice = choice_named(&groups, &second[0]);
            assert_eq!(choice.detail, second[1]);
            query = with(&query, &format!("{key}={}", choice.id));
            expect_scenario(page, &query).await?;
            expect_address(page, &query).await?;
        }
        Ok(())
    })
    .await
}

/// Escape and leaving the field keep the old choice, whatever was typed and highlighted.
#[tokio::test]
async fn escape_keeps_the_old_choice() -> Result<(), Trouble> {
    let query = "?model=gemma-3-27b&gpu=l40s";
    with_page(query, Screen::DESKTOP, async |page| {
        for leave in [Key::Escape, Key::Tab] {
            page.focus("#model").await?;
            page.write("mixtral").await?;
            page.press(Key::Down).await?;
            assert!(is_open(page, "model").await?);
            page.press(leave).await?;
            assert!(!is_open(page, "model").await?);
            expect_scenario(page, query).await?;
        }
        // The address, which is a moment late, has nothing of it either.
        page.overwrite("#batch", "7").await?;
        expect_address(page, &with(query, "batch=7")).await
    })
    .await
}

/// The arrows wrap around, Home, End and the page keys jump, and what is highlighted is in sight.
#[tokio::test]
async fn the_keys_move_through_the_whole_list() -> Result<(), Trouble> {
    let groups = options::models();
    let names: Vec<&str> = groups.iter().flat_map(|group| &group.choices).map(|choice| choice.name.as_str()).collect();
    let last = names.len() - 1;
    with_page("", Screen::DESKTOP, async |page| {
        page.focus("#model").await?;
        page.press(Key::Down).await?;
        assert_eq!(page.strings_of(HIGHLIGHTED).await?[0], "Llama 3.1 8B", "it opens where the choice is");
        let steps = [
            (Key::Home, 0),
            (Key::Up, last),
            (Key::Down, 0),
            (Key::PageDown, 8),
            (Key::PageUp, 0),
            (Key::End, last),
            (Key::PageDown, last),
        ];
        for (key, place) in steps {
            page.press(key).await?;
            assert_eq!(page.strings_of(HIGHLIGHTED).await?[0], names[place], "{key:?}");
            page.wait_until(
                "(() => {
                    const list = document.querySelector('#model-options').getBoundingClientRect();
                    const option = document.querySelector('#model-options .active')?.getBoundingClientRect();
                    return option && option.top >= list.top - 1 && option.bottom <= list.bottom + 1;
                })()",
            )
            .await?;
        }
        Ok(())
    })
    .await
}

/// Every model and device is there, under its publisher or vendor, with its size and a device's year.
#[tokio::test]
async fn the_lists_show_groups_sizes_and_years() -> Result<(), Trouble> {
    with_page("", Screen::DESKTOP, async |page| {
        for (field, groups) in [("model", options::models()), ("device", options::devices())] {
            page.click(&format!("#{field}")).await?;
            let expected: Vec<_> = groups
                .iter()
                .map(|group| {
                    let choices: Vec<_> = group.choices.iter().map(|choice| [&choice.name, &choice.detail]).collect();
                    json!([group.label, choices])
                })
                .collect();
            assert_eq!(page.value_of(LISTED).await?, json!(expected));
            page.press(Key::Escape).await?;
        }
        let devices = options::devices();
        assert_eq!(choice_named(&devices, "GeForce RTX 4090").detail, "24 GB, 2022");
        let models = options::models();
        assert_eq!(choice_named(&models, "Mixtral 8x7B").detail, "46.7 B, 12.9 B active");
        Ok(())
    })
    .await
}

/// Typed words that nothing has are answered in words, and Enter then chooses nothing.
#[tokio::test]
async fn no_match_is_said() -> Result<(), Trouble> {
    let query = "?model=phi-4";
    with_page(query, Screen::DESKTOP, async |page| {
        page.focus("#device").await?;
        page.write("abacus").await?;
        let words = "Nothing has all of these words.";
        assert_eq!(page.text("#device-options").await?, words);
        let pointed_at = "document.getElementById(document.activeElement.getAttribute('aria-activedescendant'))";
        assert_eq!(page.string_of(&format!("{pointed_at}.textContent")).await?, words, "what a screen reader says");
        page.press(Key::Enter).await?;
        page.press(Key::Escape).await?;
        expect_scenario(page, query).await
    })
    .await
}

/// With the mouse; a click on the list does not take the focus from the field.
#[tokio::test]
async fn a_click_chooses() -> Result<(), Trouble> {
    let query = "?model=llama-3.1-8b&gpu=h100-sxm-80gb";
    with_page(query, Screen::DESKTOP, async |page| {
        page.click("#model").await?;
        assert!(is_open(page, "model").await?);
        page.click(&option_id("model", &options::models(), "qwen3-32b")).await?;
        let query = with(query, "model=qwen3-32b");
        expect_scenario(page, &query).await?;
        assert_eq!(page.string_of("document.activeElement.id").await?, "model");

        page.click("#device").await?;
        page.click(&option_id("device", &options::devices(), "mi300x-192gb")).await?;
        let query = with(&query, "gpu=mi300x-192gb");
        expect_scenario(page, &query).await?;
        expect_address(page, &query).await?;

        // A click elsewhere closes the list.
        page.click("#model").await?;
        page.click(".verdict .word").await?;
        assert!(!is_open(page, "model").await?);
        expect_scenario(page, &query).await
    })
    .await
}

/// With a finger on a phone.
#[tokio::test]
async fn a_tap_chooses() -> Result<(), Trouble> {
    let query = "?model=llama-3.1-8b&gpu=h100-sxm-80gb";
    with_page(query, Screen::PHONE, async |page| {
        page.tap("#model").await?;
        page.wait_until("document.querySelector('#model').ariaExpanded === 'true'").await?;
        page.tap(&option_id("model", &options::models(), "gpt-oss-20b")).await?;
        let query = with(query, "model=gpt-oss-20b");
        expect_scenario(page, &query).await?;
        expect_address(page, &query).await
    })
    .await
}

/// The short lists are the browser's own.
#[tokio::test]
async fn formats_and_engine_are_chosen_by_keyboard() -> Result<(), Trouble> {
    let query = "?model=llama-3.1-8b&gpu=h100-sxm-80gb";
    with_page(query, Screen::DESKTOP, async |page| {
        let mut query = query.to_owned();
        for (field, key, typed) in [("weights", "w", "FP8"), ("kv", "kv", "FP8"), ("engine", "engine", "llama")] {
            page.focus(&format!("#{field}")).await?;
            page.write(typed).await?;
            page.wait_until(&format!(
                "document.querySelector('#{field}').selectedOptions[0].text.startsWith('{typed}')"
            ))
            .await?;
            let chosen = page.string_of(&format!("document.querySelector('#{field}').value")).await?;
            query = with(&query, &format!("{key}={chosen}"));
            expect_scenario(page, &query).await?;
            expect_address(page, &query).await?;
        }
        Ok(())
    })
    .await
}

/// Other kinds of devices are added, chosen and taken away again.
#[tokio::test]
async fn devices_of_several_kinds_are_added_and_removed() -> Result<(), Trouble> {
    let query = "?model=llama-3.1-8b&gpu=rtx-4090&n=2";
    let add = ".devices ~ button";
    with_page(query, Screen::DESKTOP, async |page| {
        page.click(add).await?;
        page.focus("#device-2").await?;
        page.write("rtx 3090\u{e007}").await?;
        expect_scenario(page, "?model=llama-3.1-8b&gpu=rtx-4090:2,rtx-3090:1").await?;
        page.overwrite("#count-2", "2").await?;
        expect_scenario(page, "?model=llama-3.1-8b&gpu=rtx-4090:2,rtx-3090:2").await?;
        expect_address(page, "?model=llama-3.1-8b&gpu=rtx-4090:2,rtx-3090:2").await?;
        page.click(".devices:nth-of-type(2) button").await?;
        expect_scenario(page, query).await
    })
    .await
}
