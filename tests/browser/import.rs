//! A model that the list does not have is fetched, pasted or read from files, and a link carries it from then on.

use std::fs;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use fantoccini::Locator;
use fantoccini::key::Key;
use ridgepoint_tests::Trouble;
use ridgepoint_tests::browser::with_page;
use ridgepoint_tests::hub::{CONFIG, Hub, OTHER_CONFIG, SLOW, case};
use ridgepoint_tests::page::Page;
use ridgepoint_tests::screen::Screen;
use serde_json::json;

/// A GGUF header as the official package writes it.
const GGUF: &str = "llama-3.1-8b-q4_k_m.gguf";
/// A whole safetensors file of the official package, and what `expected.json` says of its format.
const SAFETENSORS: &str = "dtypes.safetensors";

const IS_OPEN: &str = "document.querySelector('.import')?.open === true";
const TOLD: &str = "document.querySelector('.told p').textContent";
const MODEL: &str = "document.querySelector('#model').value";

async fn open(page: &Page<'_>) -> Result<(), Trouble> {
    page.click(".other").await?;
    page.wait_until(IS_OPEN).await
}

/// Opens the dialog and names the test's own hub in it.
async fn open_with(page: &Page<'_>, hub: &Hub) -> Result<(), Trouble> {
    open(page).await?;
    page.click(".import summary").await?;
    page.overwrite("#import-hub", &hub.address()).await
}

async fn fetch(page: &Page<'_>, source: &str) -> Result<(), Trouble> {
    page.overwrite("#import-source", source).await?;
    page.press(Key::Enter).await
}

async fn paste(page: &Page<'_>, text: &str) -> Result<(), Trouble> {
    let script = "const field = document.querySelector('#import-config'); field.value = arguments[0]; field.focus()";
    page.run(script, vec![json!(text)]).await?;
    page.click("#import-paste button").await
}

/// Drops files on the dialog: a name and its bytes each, with so many zeros behind them.
async fn drop_files(page: &Page<'_>, files: &[(&str, Vec<u8>, usize)]) -> Result<(), Trouble> {
    let script = "const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
        const dropped = new DataTransfer();
        for (const [name, text, zeros] of arguments[0])
            dropped.items.add(new File([bytes(text), new Uint8Array(zeros)], name));
        document.querySelector('.import .drop').dispatchEvent(
            new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: dropped }));";
    let files: Vec<_> =
        files.iter().map(|(name, bytes, zeros)| json!([name, BASE64_STANDARD.encode(bytes), zeros])).collect();
    page.run(script, vec![json!(files)]).await.map(drop)
}

/// A GGUF file with one more field of metadata, which names what `llama-quantize` was asked for: 15 is Q4_K_M.
fn with_file_type(gguf: &[u8], file_type: u32) -> Vec<u8> {
    const COUNT: std::ops::Range<usize> = 16..24;
    const KEY: &str = "general.file_type";
    const UINT32: u32 = 4;
    let mut file = gguf.to_vec();
    file[COUNT.start] += 1;
    let field = [&(KEY.len() as u64).to_le_bytes(), KEY.as_bytes(), &UINT32.to_le_bytes(), &file_type.to_le_bytes()];
    file.splice(COUNT.end..COUNT.end, field.concat());
    file
}

async fn expect_told(page: &Page<'_>, words: &str) -> Result<(), Trouble> {
    let told = page.wait_until(&format!("{TOLD}.includes({})", json!(words))).await;
    match told {
        Ok(()) => Ok(()),
        Err(_) => Err(format!("{words:?} is not told, but {:?}", page.string_of(TOLD).await?).into()),
    }
}

async fn expect_chosen(page: &Page<'_>, name: &str) -> Result<(), Trouble> {
    page.wait_until(&format!("{MODEL} === {} && location.hash.startsWith('#c=z1:')", json!(name))).await
}

/// Fetched by its name, in the address at once, there after a reload and on the way back, and for somebody else.
#[tokio::test]
async fn a_hub_id_becomes_a_model_that_a_link_carries() -> Result<(), Trouble> {
    let hub = Hub::start()?;
    let (link, facts) = with_page("", Screen::DESKTOP, async |page| {
        open_with(page, &hub).await?;
        page.overwrite("#import-source", "org/name").await?;
        assert_eq!(hub.asked(), Vec::<String>::new(), "nothing is asked before Fetch is pressed");
        page.click("#import-fetch button").await?;
        expect_chosen(page, "name").await?;
        page.wait_until(&format!("!{IS_OPEN}")).await?;
        assert_eq!(hub.asked(), ["GET /org/name/resolve/main/config.json"]);
        assert_eq!(page.errors().await?, Vec::<String>::new());
        assert!(page.value_of("document.activeElement.matches('.other')").await? == json!(true));

        let facts = page.text("fieldset .facts").await?;
        page.client.refresh().await?;
        page.wait_until_ready().await?;
        expect_chosen(page, "name").await?;
        let link = page.string_of("location.search + location.hash").await?;
        page.client.goto("about:blank").await?;
        page.client.back().await?;
        page.wait_until_ready().await?;
        expect_chosen(page, "name").await?;
        Ok((link, facts))
    })
    .await?;
    with_page(&link, Screen::PHONE, async |page| {
        expect_chosen(page, "name").await?;
        assert_eq!(page.text("fieldset .facts").await?, facts);
        assert_eq!(page.errors().await?, Vec::<String>::new());
        Ok(())
    })
    .await?;
    with_page(
        &format!("{}&embed=1{}", link.split('#').next().unwrap_or_default(), &link[link.find('#').unwrap_or(0)..]),
        Screen::EMBED,
        async |page| {
            assert_eq!(page.value_of("document.querySelectorAll('dialog, .other').length").await?, json!(0));
            assert_eq!(page.errors().await?, Vec::<String>::new());
            Ok(())
        },
    )
    .await
}

/// Each reason for which there is no model has its own words, and none of them loses what was typed.
#[tokio::test]
async fn each_failure_says_what_to_do() -> Result<(), Trouble> {
    let hub = Hub::start()?;
    with_page("", Screen::DESKTOP, async |page| {
        open_with(page, &hub).await?;
        let failures = [
            ("", "enter a Hugging Face id"),
            ("http://example.org/config.json", "must start with https"),
            ("org/gated", "gated, private or misspelt"),
            ("org/refused", "gated, private or misspelt"),
            ("org/missing", "not found: check the spelling"),
            ("org/busy", "try again in a minute"),
            ("org/broken", "status 503"),
            ("org/page", "not JSON"),
            ("org/odd", "<b id=injected>x</b>"),
            ("org/large", "too large"),
            ("org/closed", "no answer that this page may read"),
            ("org/whole/blob/main/model.gguf", "cannot send a part of a file"),
            ("http://127.0.0.1:9/config.json", "no answer that this page may read"),
        ];
        for (source, words) in failures {
            fetch(page, source).await?;
            expect_told(page, words).await?;
            assert!(page.value_of(IS_OPEN).await? == json!(true), "{source}");
            assert_eq!(page.string_of("document.querySelector('#import-source').value").await?, source);
            page.save_picture(&format!("import-failure-{}", source.replace(['/', ':'], "-"))).await?;
        }
        assert_eq!(page.value_of("document.querySelector('#injected')").await?, json!(null));
        let conditions = |offline: bool| json!({ "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        page.devtools("Network.enable", json!({})).await?;
        page.devtools("Network.emulateNetworkConditions", conditions(true)).await?;
        fetch(page, "org/name").await?;
        expect_told(page, "you are offline").await?;
        page.devtools("Network.emulateNetworkConditions", conditions(false)).await?;
        assert_eq!(page.value_of("location.hash").await?, json!(""), "no failure changes the model");
        fetch(page, "org/moved").await?;
        expect_chosen(page, "moved").await
    })
    .await
}

/// Of weights the server is asked for the first bytes alone, without a question beforehand.
#[tokio::test]
async fn the_header_of_a_huge_file_is_fetched_by_range() -> Result<(), Trouble> {
    let hub = Hub::start()?;
    with_page("", Screen::DESKTOP, async |page| {
        open_with(page, &hub).await?;
        fetch(page, &format!("org/weights/blob/main/{GGUF}")).await?;
        expect_told(page, "Chosen: ").await?;
        assert_eq!(hub.asked(), [format!("GET /org/weights/resolve/main/{GGUF} bytes=0-65535")]);
        page.save_picture("import-gguf").await?;
        page.press(Key::Escape).await?;
        expect_chosen(page, "llama-3.1-8b-q4_k_m").await?;
        assert_eq!(page.errors().await?, Vec::<String>::new());
        Ok(())
    })
    .await
}

/// A newer request, Cancel and a closed dialog win over an answer that is still on its way.
#[tokio::test]
async fn late_answers_are_dropped() -> Result<(), Trouble> {
    let hub = Hub::start()?;
    let late = SLOW + Duration::from_millis(700);
    with_page("", Screen::DESKTOP, async |page| {
        let before = page.string_of(MODEL).await?;
        open_with(page, &hub).await?;
        fetch(page, "org/slow").await?;
        expect_told(page, "Waiting for slow").await?;
        page.save_picture("import-progress").await?;
        page.click("[data-act=cancel]").await?;
        page.wait_until("document.querySelector('[data-act=cancel]').hidden").await?;
        fetch(page, "org/slow").await?;
        page.press(Key::Escape).await?;
        tokio::time::sleep(late).await;
        assert_eq!(page.string_of(MODEL).await?, before);

        open(page).await?;
        fetch(page, "org/slow").await?;
        fetch(page, "org/other").await?;
        expect_chosen(page, "other").await?;
        tokio::time::sleep(late).await;
        expect_chosen(page, "other").await?;
        assert_eq!(page.value_of(IS_OPEN).await?, json!(false));
        assert_eq!(page.errors().await?, Vec::<String>::new());
        Ok(())
    })
    .await
}

/// Pasted text stays whatever is wrong with it, and its strings are only ever text.
#[tokio::test]
async fn a_pasted_config_becomes_a_model_or_says_why_not() -> Result<(), Trouble> {
    with_page("", Screen::PHONE, async |page| {
        open(page).await?;
        assert_eq!(page.violations().await?, Vec::<String>::new());
        page.save_picture("import-phone").await?;
        let text = "document.querySelector('#import-config').value";
        let mistakes = [
            ("", "this is not JSON"),
            ("{ \"model_type\": ", "First mistake at line 1"),
            ("[1]", "an object"),
            (r#"{ "hidden_size": 64 }"#, "add what is missing"),
            (r#"{ "model_type": "<img src=x onerror=alert(1)>" }"#, "<img src=x onerror=alert(1)>"),
            (&CONFIG.replace("512", "1e18"), "hidden_size should be a whole number"),
        ];
        for (config, words) in mistakes {
            paste(page, config).await?;
            expect_told(page, words).await?;
            assert_eq!(page.string_of(text).await?, config);
        }
        assert_eq!(page.value_of("document.querySelectorAll('.import img').length").await?, json!(0));
        assert_eq!(page.violations().await?, Vec::<String>::new());
        page.save_picture("import-phone-mistake").await?;
        paste(page, CONFIG).await?;
        expect_chosen(page, "custom model").await?;
        page.save_picture("import-phone-chosen").await?;
        assert_eq!(page.errors().await?, Vec::<String>::new());
        Ok(())
    })
    .await
}

/// Weights alone show what they hold and ask for the configuration; both together make a model.
#[tokio::test]
async fn dropped_files_say_together_what_they_know() -> Result<(), Trouble> {
    with_page("", Screen::DESKTOP.dark(), async |page| {
        let weights = fs::read(case(SAFETENSORS)?)?;
        let gguf = fs::read(case(GGUF)?)?;
        open(page).await?;
        page.save_picture("import-dark").await?;
        drop_files(page, &[("notes.txt", b"hello".to_vec(), 0)]).await?;
        expect_told(page, "not JSON, nor a GGUF or safetensors file").await?;

        drop_files(page, &[("model.safetensors", weights.clone(), 0)]).await?;
        expect_told(page, "need the config.json").await?;
        assert!(page.text(".told tbody").await?.contains("BF16"));
        assert_eq!(page.violations().await?, Vec::<String>::new());
        page.save_picture("import-dark-weights").await?;
        assert_eq!(page.value_of("location.hash").await?, json!(""));
        paste(page, CONFIG).await?;
        expect_told(page, "Chosen: custom model").await?;
        assert!(page.text(".told tbody").await?.contains("BF16"), "the weights wait for their configuration");
        expect_chosen(page, "custom model").await?;

        drop_files(page, &[("model.safetensors", weights, 0), ("config.json", OTHER_CONFIG.into(), 0)]).await?;
        expect_told(page, "Chosen: ").await?;
        drop_files(page, &[("a.gguf", with_file_type(&gguf, 15), 300_000_000)]).await?;
        expect_told(page, ", with GGUF Q4_K_M weights in llama.cpp").await?;
        page.wait_until("location.search.includes('w=q4_k_m')").await?;
        page.click("[data-act=close]").await?;
        page.wait_until(&format!("!{IS_OPEN}")).await?;
        assert_eq!(page.errors().await?, Vec::<String>::new());
        Ok(())
    })
    .await
}

/// A header that is longer than the first piece is read on, piece by piece.
#[tokio::test]
async fn a_long_header_is_read_in_pieces() -> Result<(), Trouble> {
    with_page("", Screen::DESKTOP, async |page| {
        let tensor = |index: u32| {
            format!(
                r#""t{index:05}":{{"dtype":"F16","shape":[8],"data_offsets":[{},{}]}}"#,
                index * 16,
                index * 16 + 16
            )
        };
        let header = format!("{{{}}}", (0..4000).map(tensor).collect::<Vec<_>>().join(","));
        assert!(header.len() > 200_000);
        let file = [&(header.len() as u64).to_le_bytes(), header.as_bytes()].concat();
        open(page).await?;
        drop_files(page, &[("model.safetensors", file.clone(), 64_000)]).await?;
        expect_told(page, "need the config.json").await?;
        assert_eq!(page.text(".told tbody tr").await?.split_whitespace().collect::<Vec<_>>()[..2], ["F16", "4,000"]);
        drop_files(page, &[("model.safetensors", file[..100_000].to_vec(), 0)]).await?;
        expect_told(page, "the file ends inside its header").await?;
        Ok(())
    })
    .await
}

/// The field behind the words "choose them" takes files too.
#[tokio::test]
async fn a_file_can_be_chosen() -> Result<(), Trouble> {
    with_page("", Screen::DESKTOP, async |page| {
        open(page).await?;
        let path = case(GGUF)?.canonicalize()?;
        let field = page.client.find(Locator::Css(".import input[type=file]")).await?;
        field.send_keys(&path.to_string_lossy()).await?;
        expect_told(page, "Chosen: ").await?;
        expect_chosen(page, "llama-3.1-8b-q4_k_m").await?;
        assert_eq!(page.errors().await?, Vec::<String>::new());
        Ok(())
    })
    .await
}

const LOADED: &str =
    "performance.getEntriesByType('resource').filter(file => /ridgepoint-import/.test(file.name)).length";

/// Most visitors bring no model of their own, and need not wait for what reads it.
#[tokio::test]
async fn the_reader_of_models_is_loaded_when_it_is_wanted() -> Result<(), Trouble> {
    with_page("", Screen::DESKTOP, async |page| {
        assert_eq!(page.number_of(LOADED).await?, 0.0);
        open(page).await?;
        assert_eq!(page.number_of(LOADED).await?, 2.0, "its program and the script around it");
        assert_eq!(page.errors().await?, Vec::<String>::new());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_reader_of_models_that_does_not_come_is_told_and_tried_again() -> Result<(), Trouble> {
    with_page("", Screen::DESKTOP, async |page| {
        let lost = "const { loadImporter } = ridgepoint;
            ridgepoint.loadImporter = () => { ridgepoint.loadImporter = loadImporter; return Promise.reject('lost') }";
        page.run(lost, vec![]).await?;
        page.click(".other").await?;
        page.wait_until("document.querySelector('.notices[data-tone=info]').innerText.includes('could not be loaded')")
            .await?;
        open(page).await
    })
    .await
}
