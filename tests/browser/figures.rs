//! Every figure on the page is the calculator's own, digit for digit.

use ridgepoint_calculator::link::decode;
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::verdict::Fit;
use ridgepoint_tests::Trouble;
use ridgepoint_tests::browser::with_page;
use ridgepoint_tests::page::Page;
use ridgepoint_tests::screen::Screen;

use super::expected::expect_scenario;

async fn expect_all(page: &Page<'_>, queries: &[impl AsRef<str>]) -> Result<(), Trouble> {
    for query in queries {
        let query = query.as_ref();
        page.open(&format!("/{query}")).await?;
        expect_scenario(page, query).await?;
        assert_eq!(page.errors().await?, Vec::<String>::new(), "{query}");
    }
    Ok(())
}

/// The verdict, the facts, the bars, all three tables and what the charts say of themselves.
#[tokio::test]
async fn the_page_shows_what_the_calculator_computes() -> Result<(), Trouble> {
    let queries = [
        // Dense on one device, and on several.
        "?model=llama-3.1-8b&gpu=h100-sxm-80gb",
        "?model=llama-3.1-70b&gpu=h100-sxm-80gb&n=4&batch=16&in=8192&out=1024&view=speed",
        // A mixture of experts.
        "?model=qwen3-30b-a3b&gpu=rtx-4090&n=2&w=fp8&batch=8&in=4096&out=512",
        // A latent cache, which every tensor-parallel device holds whole.
        "?model=deepseek-v3&gpu=h200-sxm-141gb&n=8&tp=8&batch=32",
        // Devices that are not the same, as pipeline stages.
        "?model=llama-3.1-8b&gpu=rtx-4090:1,rtx-3090:1&w=int8",
        // Recurrent: a state instead of a cache.
        "?model=mamba2-2.7b&gpu=rtx-4090&batch=64",
        // A file of llama.cpp.
        "?model=llama-3.1-8b&gpu=rtx-3060-12gb&engine=llama.cpp&w=q4_k_m&kv=q8_0&view=speed",
    ];
    with_page("", Screen::DESKTOP, async |page| expect_all(page, &queries).await).await
}

/// Whoever owns a CPU knows how much memory it has, and the catalogue does not: the page says so instead of guessing.
#[tokio::test]
async fn what_is_not_known_is_not_invented() -> Result<(), Trouble> {
    let unknown = "?model=llama-3.1-8b&gpu=epyc-9654";
    assert_eq!(fit(unknown), Fit::Unknown);
    with_page("", Screen::DESKTOP, async |page| {
        expect_all(page, &[unknown, "?model=llama-3.1-8b&gpu=epyc-9654&mem=384"]).await?;
        // The owner says it in the page.
        page.open(&format!("/{unknown}")).await?;
        assert_eq!(page.text(".word").await?, "Cannot be told");
        page.overwrite("#memory", "384").await?;
        expect_scenario(page, "?model=llama-3.1-8b&gpu=epyc-9654&mem=384").await?;
        page.overwrite("#memory", " ").await?;
        expect_scenario(page, unknown).await
    })
    .await
}

/// From hopeless over a near miss to a near hit.
#[tokio::test]
async fn the_edge_of_what_fits_is_the_calculators_edge() -> Result<(), Trouble> {
    let with_prompt = |tokens: u64| format!("?model=llama-3.1-8b&gpu=rtx-4090&in={tokens}&out=1");
    let (mut fits, mut misses) = (1, 1 << 20);
    while misses - fits > 1 {
        let middle = fits + (misses - fits) / 2;
        if fit(&with_prompt(middle)) == Fit::TooLarge { misses = middle } else { fits = middle }
    }
    let hopeless = "?model=llama-3.1-405b&gpu=rtx-4090".to_owned();
    let queries = [with_prompt(fits), with_prompt(misses), hopeless];
    assert_eq!(queries.each_ref().map(|query| fit(query)), [Fit::Tight, Fit::TooLarge, Fit::TooLarge]);
    with_page("", Screen::DESKTOP, async |page| expect_all(page, &queries).await).await
}

fn fit(query: &str) -> Fit {
    let link = decode(query);
    assert_eq!(link.notices, [], "{query}");
    Report::of(&link.scenario).fit()
}
