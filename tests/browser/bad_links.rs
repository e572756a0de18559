//! No link breaks the page: what cannot be used is said in a notice, and the nearest valid scenario is shown.

use ridgepoint_importer::decode;
use ridgepoint_tests::Trouble;
use ridgepoint_tests::browser::with_page;
use ridgepoint_tests::page::Page;
use ridgepoint_tests::screen::Screen;

use super::expected::{expect_scenario, snapshot};

/// Links with something wrong, and words of the notice on it.
const BAD_LINKS: &[(&str, &str)] = &[
    // Unknown, with and without an idea of what was meant.
    ("?model=llama-3.1-8bb", "did you mean llama-3.1-8b?"),
    ("?model=abacus&gpu=slide-rule", "“abacus” is not in the catalogue"),
    ("?v=7&kv=int3&engine=abacus&w=q9", "“q9” is not a known weight format"),
    ("?view=smell&embed=perhaps&theme=pink", "“pink” is not known"),
    ("?colour=red", "not a setting of Ridgepoint"),
    // Not numbers.
    ("?batch=lots&in=&out=1.5&n=four", "“lots” is not a whole number"),
    ("?tp=x&util=nan&chunk=0x10", "neither a whole number nor auto"),
    // Numbers that nothing can have.
    ("?batch=-4&in=-1&n=-2", "-4 is too small"),
    ("?batch=0&n=0&out=0&mem=0&tp=0", "0 is too small"),
    ("?batch=99999999999999999999999&in=10000001&n=123456789012345678901234567890123456789012345", "is too large"),
    ("?util=7&tp=100001", "more than all of the memory"),
    // Twice.
    ("?batch=2&batch=3&model=phi-4&model=gpt2", "given more than once"),
    ("?gpu=h100-sxm-80gb:2,rtx-4090:1&n=4", "the list in gpu has its own counts"),
    // Lists with holes.
    ("?gpu=,,,", "no device is left"),
    ("?gpu=h100-sxm-80gb:0,rtx-4090:-1,b200:3,:,::", "is not in the catalogue"),
    // Rubbish, some of it hostile.
    ("?%E0%A4%A=%ZZ&model=%00%FF%3Cscript%3Ealert(1)%3C/script%3E", "is not in the catalogue"),
    ("?model=<img src=x onerror=alert(1)>&w=\"><b>", "is not in the catalogue"),
    ("?&&&===&=1&%3D&+", "not a setting"),
    ("?model=%F0%9F%A6%99&batch=%D9%A3", "“🦙” is not in the catalogue"),
    // A custom model that is not there, or no model.
    ("?model=custom", "the custom model is missing"),
    ("?model=custom#c=z1:!!!!", "is damaged"),
    ("?model=custom#c=z9:AAAA", "of a newer kind"),
];

/// What the page made of its own address.
async fn address(page: &Page<'_>) -> Result<String, Trouble> {
    page.string_of("location.search + location.hash").await
}

/// The notices are seen, the figures are those of the scenario that is used, and the next change works.
#[tokio::test]
async fn a_bad_link_shows_notices_and_a_page_that_works() -> Result<(), Trouble> {
    let long = format!("?model={}&gpu={}", "x".repeat(4000), "rtx-4090:1,".repeat(200));
    let links = BAD_LINKS.iter().copied().chain([(long.as_str(), "is not in the catalogue")]);
    with_page("", Screen::DESKTOP, async |page| {
        for (bad, words) in links {
            page.open(&format!("/{bad}")).await?;
            let address = address(page).await?;
            expect_scenario(page, &address).await?;
            let seen = page.text(".notices[data-tone=info]").await?;
            assert!(seen.contains(words), "{bad}: {seen}");
            let elements = page.value_of("document.querySelectorAll('.notices li *').length").await?;
            assert_eq!(elements, 0, "{bad}: a notice is words, never HTML");

            let mut link = decode(&address);
            link.scenario.workload.batch = 3;
            page.overwrite("#batch", "3").await?;
            page.wait_to_show(&snapshot(&link)).await.map_err(|error| format!("{bad}: {error}"))?;
            // The next link may differ from this one in its fragment alone, and then nothing is loaded again.
            page.wait_until("location.search.includes('batch=3')").await?;
            let width = page.number_of("document.documentElement.scrollWidth").await?;
            assert!(width <= f64::from(Screen::DESKTOP.width), "{bad}: {width} pixels wide");
            assert_eq!(page.errors().await?, Vec::<String>::new(), "{bad}");
        }
        Ok(())
    })
    .await
}

/// After a look at them, notices make room; the scenario stays.
#[tokio::test]
async fn notices_can_be_dismissed() -> Result<(), Trouble> {
    let bad = "?model=abacus&batch=lots&in=4096";
    with_page(bad, Screen::DESKTOP, async |page| {
        expect_scenario(page, bad).await?;
        page.click(".notices[data-tone=info] button").await?;
        let mut link = decode(bad);
        link.notices.clear();
        page.wait_to_show(&snapshot(&link)).await?;
        assert_eq!(page.text(".notices[data-tone=info]").await?, "");
        Ok(())
    })
    .await
}

/// A frame has no room for everything, but it does not pass the answer for another model off as the one asked for.
#[tokio::test]
async fn an_embedded_page_says_that_its_link_is_bad() -> Result<(), Trouble> {
    with_page("?model=abacus&batch=0&embed=1", Screen::EMBED, async |page| {
        let seen = page.text(".notices[data-tone=info]").await?;
        assert!(seen.contains("“abacus” is not in the catalogue"), "{seen}");
        assert_eq!(page.errors().await?, Vec::<String>::new());
        Ok(())
    })
    .await
}
