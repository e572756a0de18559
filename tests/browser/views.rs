//! Views beside memory and speed: plans, comparison, evidence, and the grid of formats and contexts.

use fantoccini::key::Key;
use ridgepoint_calculator::grid;
use ridgepoint_calculator::plan::{Plan, serving};
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::working;
use ridgepoint_catalog::catalogue::EVIDENCE_FILE;
use ridgepoint_catalog::evidence::Evidence;
use ridgepoint_importer::decode;
use ridgepoint_tests::Trouble;
use ridgepoint_tests::browser::with_page;
use ridgepoint_tests::screen::Screen;

use super::expected::{custom_link, expect_address, expect_scenario, with};

const QUERY: &str = "?model=mixtral-8x7b&gpu=h100-sxm-80gb&n=8&batch=32";

/// The scenario is kept, changed, exchanged and forgotten, and the link has all of it.
#[tokio::test]
async fn scenarios_are_compared_side_by_side() -> Result<(), Trouble> {
    with_page(&format!("{QUERY}&view=compare"), Screen::DESKTOP, async |page| {
        page.click("[aria-labelledby='compared-title'] > button").await?;
        page.overwrite("#batch", "64").await?;
        let changed = with(QUERY, "batch=64");
        let both = format!("{changed}&b.batch=32&view=compare");
        expect_scenario(page, &both).await?;
        expect_address(page, &both).await?;

        page.click(".compared [aria-label='Change scenario B']").await?;
        let exchanged = format!("{QUERY}&b.batch=64&view=compare");
        expect_scenario(page, &exchanged).await?;
        expect_address(page, &exchanged).await?;

        page.click(".compared [aria-label='Remove scenario B']").await?;
        expect_scenario(page, &format!("{QUERY}&view=compare")).await?;
        page.run("history.back()", vec![]).await?;
        expect_scenario(page, &exchanged).await?;
        page.open(&format!("/{QUERY}&b.gpu=mi300x-192gb&c.w=fp8&d.n=4&view=compare")).await?;
        expect_scenario(page, &format!("{QUERY}&b.gpu=mi300x-192gb&c.w=fp8&d.n=4&view=compare")).await?;
        assert_eq!(page.errors().await?, Vec::<String>::new());
        Ok(())
    })
    .await
}

/// A layout is a click, and so is the way back; the command follows.
#[tokio::test]
async fn a_layout_of_the_plan_is_a_click() -> Result<(), Trouble> {
    let query = format!("{QUERY}&view=plan");
    with_page(&query, Screen::DESKTOP, async |page| {
        expect_scenario(page, &query).await?;
        let plan = Plan::of(&decode(&query).scenario);
        let last = plan.proposals.last().ok_or("there are layouts")?;
        let rows =
            format!("#panel-plan [aria-labelledby='layouts-table-title'] tbody tr:nth-child({})", plan.proposals.len());
        page.click(&format!("{rows} a")).await?;
        let chosen = format!("?{}&view=plan", last.query);
        expect_scenario(page, &chosen).await?;
        expect_address(page, &chosen).await?;
        page.wait_until("document.querySelector('#panel-plan pre').textContent.startsWith('vllm serve')").await?;
        page.run("history.back()", vec![]).await?;
        expect_scenario(page, &query).await?;

        for list in 1..=2 {
            page.click(&format!("[aria-labelledby='others-title'] details:nth-of-type({list}) summary")).await?;
            let rows = format!("document.querySelectorAll('#panel-plan details:nth-of-type({list}) tbody tr').length");
            page.wait_until(&format!("{rows} > 100")).await?;
        }
        assert_eq!(page.errors().await?, Vec::<String>::new());
        Ok(())
    })
    .await
}

const LOADED: &str =
    "performance.getEntriesByType('resource').filter(file => /ridgepoint-further/.test(file.name)).length";
const HAS_LAYOUTS: &str = "document.querySelectorAll('#panel-plan tbody tr').length > 2";

/// Nobody waits for the program of the further views who stays with memory and speed, and nobody waits twice.
#[tokio::test]
async fn the_further_views_are_loaded_when_one_opens() -> Result<(), Trouble> {
    with_page(QUERY, Screen::DESKTOP, async |page| {
        page.click("#tab-speed").await?;
        page.wait_until("document.querySelector('#panel-speed canvas')").await?;
        assert_eq!(page.number_of(LOADED).await?, 0.0);
        page.click("#tab-plan").await?;
        page.wait_until(HAS_LAYOUTS).await?;
        page.click("#tab-compare").await?;
        page.wait_until("document.querySelector('.compared')").await?;
        assert_eq!(page.number_of(LOADED).await?, 2.0, "its program and the script around it");
        assert_eq!(page.errors().await?, Vec::<String>::new());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_view_that_does_not_come_is_told_and_tried_again() -> Result<(), Trouble> {
    with_page(QUERY, Screen::DESKTOP, async |page| {
        let lost = "const { loadFurther } = ridgepoint;
            ridgepoint.loadFurther = () => { ridgepoint.loadFurther = loadFurther; return Promise.reject('lost') }";
        page.run(lost, vec![]).await?;
        page.click("#tab-plan").await?;
        page.wait_until("document.querySelector('.later > [role=status]').innerText.includes('could not be loaded')")
            .await?;
        page.click("#tab-speed").await?;
        page.click("#tab-plan").await?;
        page.wait_until(HAS_LAYOUTS).await
    })
    .await
}

/// A limit is typed, and a layout that meets it is a click.
#[tokio::test]
async fn promises_are_kept_by_layouts() -> Result<(), Trouble> {
    with_page(&format!("{QUERY}&view=plan"), Screen::DESKTOP, async |page| {
        page.overwrite("#tpot", "soon").await?;
        page.wait_until("document.querySelector('#tpot-complaint').checkVisibility()").await?;
        page.overwrite("#tpot", "0.02").await?;
        let promised = with(QUERY, "tpot=0.02&view=plan");
        expect_address(page, &promised).await?;
        let services = serving::within(&decode(&promised).scenario);
        let best = services.first().ok_or("a layout keeps the promise")?;
        page.wait_until(&format!(
            "document.querySelectorAll('#panel-plan [aria-labelledby=\"promises-title\"] tbody tr').length === {}",
            services.len()
        ))
        .await?;
        page.click("[aria-labelledby='promises-title'] tbody a").await?;
        expect_scenario(page, &with(&format!("?{}", best.query), "view=plan")).await?;
        assert_eq!(page.errors().await?, Vec::<String>::new());
        Ok(())
    })
    .await
}

/// A custom model goes through all the programs and comes back whole.
#[tokio::test]
async fn a_plan_of_a_custom_model_keeps_it() -> Result<(), Trouble> {
    let query = with(&custom_link("Our own model"), "gpu=h100-sxm-80gb&n=2&view=plan");
    with_page(&query, Screen::DESKTOP, async |page| {
        page.wait_until(HAS_LAYOUTS).await?;
        let plan = Plan::of(&decode(&query).scenario);
        let last = plan.proposals.last().ok_or("there are layouts")?;
        let place = plan.proposals.len();
        page.click(&format!("[aria-labelledby='layouts-table-title'] tbody tr:nth-child({place}) a")).await?;
        expect_scenario(page, &with(&format!("?{}", last.query), "view=plan")).await?;
        assert_eq!(page.errors().await?, Vec::<String>::new());
        Ok(())
    })
    .await
}

/// Nobody waits for the measurements who does not ask for them; who does gets every group of them.
#[tokio::test]
async fn the_evidence_is_fetched_when_its_view_opens() -> Result<(), Trouble> {
    with_page(QUERY, Screen::DESKTOP, async |page| {
        let fetched =
            "performance.getEntriesByType('resource').filter(file => file.name.includes('evidence.bin')).length";
        assert_eq!(page.number_of(fetched).await?, 0.0);
        page.click("#tab-evidence").await?;
        let evidence = Evidence::from_bytes(EVIDENCE_FILE.to_vec()).ok_or("the build has packed it")?;
        let rows = "document.querySelectorAll('[aria-labelledby=\"errors-title\"] tbody tr').length";
        page.wait_until(&format!("{rows} === {}", evidence.groups.len())).await?;
        let logged = "document.querySelectorAll('[aria-labelledby=\"memory-errors-title\"] tbody tr').length";
        assert_eq!(page.number_of(logged).await?, evidence.memory.len() as f64);
        assert_eq!(page.number_of(fetched).await?, 1.0);
        page.focus("#evidence-group").await?;
        for group in &evidence.groups[..2] {
            let title = format!("document.querySelector('#evidence h3').textContent.endsWith('{}')", group.name);
            page.wait_until(&title).await?;
            let painting = page.painting("evidence", &["text", "series-0"]).await?;
            assert!(painting.inked > 500, "{painting:?}");
            page.press(Key::Down).await?;
        }
        assert_eq!(page.errors().await?, Vec::<String>::new());
        Ok(())
    })
    .await
}

/// A cell of the grid is the scenario with its format and context.
#[tokio::test]
async fn a_cell_of_the_grid_is_a_click() -> Result<(), Trouble> {
    with_page(QUERY, Screen::DESKTOP, async |page| {
        let grid = grid::of(&decode(QUERY).scenario);
        let (row, column) = (grid.rows.len() - 1, grid.columns.len() - 1);
        page.click(&format!(".grid tbody tr:nth-child({}) td:nth-child({}) a", row + 1, column + 2)).await?;
        let chosen = format!("?{}", grid.rows[row].cells[column].query);
        expect_scenario(page, &chosen).await?;
        expect_address(page, &chosen).await?;
        let current = page.text(".grid [aria-current=true]").await?;
        assert_eq!(current, grid.rows[row].cells[column].words);
        Ok(())
    })
    .await
}

/// A figure opens its working, which the keyboard closes again.
#[tokio::test]
async fn a_figure_tells_how_it_comes_about() -> Result<(), Trouble> {
    with_page(QUERY, Screen::DESKTOP, async |page| {
        let workings = working::of(&decode(QUERY).scenario);
        for row in Report::of(&decode(QUERY).scenario).breakdown().table.rows {
            let figure = row.figure.ok_or("every figure of a known device has a working")?;
            let shown = workings.iter().find(|working| working.figure == figure).ok_or("it has one")?;
            page.click(&format!("[data-figure='{figure}']")).await?;
            page.wait_until("document.querySelectorAll('.workings details[open]').length === 1").await?;
            let text = page.text(".workings details[open]").await?;
            for part in [figure, &shown.result, &shown.substituted, working::basis(shown.basis)] {
                assert!(text.contains(part), "{part} is not in {text}");
            }
            page.press(Key::Escape).await?;
            page.wait_until("!document.querySelector('.workings')").await?;
            let focused = page.value_of("document.activeElement.dataset.figure").await?;
            assert_eq!(focused, figure, "the way back leads to where it began");
        }
        assert_eq!(page.errors().await?, Vec::<String>::new());
        Ok(())
    })
    .await
}
