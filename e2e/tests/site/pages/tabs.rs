//! The page among a browser's other tabs: back and forward in one, two at once, and one that nobody sees.

use std::time::Duration;

use e2e::browser::Engine;
use e2e::fixture::{Fixture, TestResult};
use e2e::in_each_engine;
use e2e::page::{Page, PageError, Tab, eventually};
use e2e::suite::Test;

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![
        back_and_forward_lead_from_page_to_page_with_the_controls_of_each,
        two_tabs_run_at_once_and_the_runs_of_both_are_kept,
        two_tabs_of_the_lesson_on_files_read_what_they_have_written,
        a_run_in_a_tab_that_nobody_sees_ends_and_says_so,
        a_series_goes_on_in_a_tab_that_nobody_sees,
        all_exercises_end_in_a_tab_that_nobody_sees
    ]
}

async fn wait_for_place(page: &Page, link: &str, title: &str) -> Result<(), PageError> {
    eventually(link, async || {
        let now = (page.link().await?, page.texts("h1").await?.concat());
        Ok(if now == (link.to_owned(), title.to_owned()) { Ok(()) } else { Err(format!("{now:?}")) })
    })
    .await
}

async fn back_and_forward_lead_from_page_to_page_with_the_controls_of_each(engine: Engine) -> TestResult {
    let (basics, many) = ("async-basics?download=60&load=20&seed=8", "async-multiple?samples=4&scale=0.1&seed=9");
    let fixture = Fixture::open_in(engine, basics).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    page.follow(many).await?;
    wait_for_place(page, many, "Many tasks").await?;
    page.follow("guide").await?;
    eventually("the guide", async || {
        let heads = page.texts(".guide h2").await?.len();
        Ok(if heads > 0 { Ok(()) } else { Err("none".to_owned()) })
    })
    .await?;

    page.back().await?;
    wait_for_place(page, many, "Many tasks").await?;
    assert_eq!(page.control("samples").await?.value, "4");
    page.stop_when("true").await?;
    page.press("Run").await?;
    page.wait_for_status("Stopped").await?;
    page.back().await?;
    wait_for_place(page, basics, "Async basics").await?;
    // The controls are those of the link. What was measured there is among the runs that are kept.
    assert!(page.status().await?.starts_with("Ready"));
    assert_eq!((page.control("download").await?.value, page.control("seed").await?.value), ("60".into(), "8".into()));
    page.run_to_the_end().await?;
    page.forward().await?;
    wait_for_place(page, many, "Many tasks").await?;
    assert_eq!(page.control("seed").await?.value, "9");
    assert_eq!(page.notices().await?, [""; 0]);
    page.run_to_the_end().await?;
    Ok(())
}

/// Begins a run of a link in the tab.
async fn begin(page: &Page, link: &str) -> TestResult {
    page.open(link).await?;
    page.wait_for_button("Run").await?;
    Ok(page.press("Run").await?)
}

/// Runs one link in one tab and one in another, at the same time, to their ends.
async fn run_in_two_tabs(page: &Page, links: [&str; 2]) -> TestResult {
    let one = page.tab().await?;
    begin(page, links[0]).await?;
    page.wait_for_status("Running").await?;
    let other = page.open_tab().await?;
    begin(page, links[1]).await?;
    for tab in [&other, &one] {
        page.switch_to(tab).await?;
        page.wait_for_status_within(Duration::from_secs(180), "Finished").await?;
        for check in page.checks().await? {
            assert!(check.holds, "{check:?}");
        }
    }
    Ok(())
}

async fn two_tabs_run_at_once_and_the_runs_of_both_are_kept(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "guide").await?;
    let page = &fixture.page;
    // Both ask the model server, which serves them for some seconds.
    let link =
        "async-api-calls?one-by-one=off&failure-rate=0&requests=60&batch-size=1&limit=4&latency=200&timeout=60000";
    run_in_two_tabs(page, [&format!("{link}&seed=7"), &format!("{link}&seed=8")]).await?;
    page.open("runs").await?;
    eventually("the runs of both tabs", async || {
        let listed = page.texts("[data-run] td:first-child").await?;
        Ok(if listed.len() == 2 { Ok(()) } else { Err(format!("{listed:?}")) })
    })
    .await?;
    Ok(())
}

async fn two_tabs_of_the_lesson_on_files_read_what_they_have_written(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "guide").await?;
    // Files of the same names, with other bytes in them. Firefox makes some 100 in a second, on an idle machine.
    let rounds = if engine == Engine::Firefox { 3 } else { 10 };
    let link = format!("async-file-io?files=20&size=64&missing=0&rounds={rounds}");
    run_in_two_tabs(&fixture.page, [&format!("{link}&seed=7"), &format!("{link}&seed=8")]).await
}

/// Notes whether the page is ever hidden.
const NOTE_WHETHER_HIDDEN: &str =
    "document.addEventListener('visibilitychange', () => { window.wasHidden ||= document.hidden; });";

/// As it is when somebody else is in front.
const SEEMS_HIDDEN: &str = "Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));";

/// Opens another tab in front, and leaves the page there. Where the browser takes the tab behind it for visible all the
/// same, that is told that it is hidden: this proves that it listens, and not that it can do without its timers.
///
/// Returns the tab behind.
async fn hide(page: &Page) -> Result<Tab, PageError> {
    let behind = page.tab().await?;
    page.evaluate::<()>(NOTE_WHETHER_HIDDEN, Vec::new()).await?;
    let front = page.open_tab().await?;
    page.switch_to(&behind).await?;
    if page.evaluate::<Option<bool>>("return window.wasHidden", Vec::new()).await? != Some(true) {
        page.evaluate::<()>(SEEMS_HIDDEN, Vec::new()).await?;
    }
    page.switch_to(&front).await?;
    Ok(behind)
}

/// Waits in the tab in front until so many runs are kept.
async fn wait_until_kept(page: &Page, runs: usize) -> Result<(), PageError> {
    eventually(&format!("{runs} runs that are kept"), async || {
        // The list is read when its page is opened.
        page.open_runs().await?;
        let kept = page.texts("[data-run]").await?.len();
        Ok(if kept == runs { Ok(()) } else { Err(kept.to_string()) })
    })
    .await
}

async fn a_run_in_a_tab_that_nobody_sees_ends_and_says_so(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "async-basics?download=1000&scale=2&seed=7").await?;
    let page = &fixture.page;
    page.press("Run").await?;
    page.wait_for_tasks().await?;
    let behind = hide(page).await?;
    wait_until_kept(page, 1).await?;
    page.switch_to(&behind).await?;
    page.wait_for_status("Finished").await?;
    eventually("a word that it was hidden", async || {
        let text = page.texts(".warnings li").await?.join("\n");
        let is_told = text.contains("The page was hidden") && text.contains("keep the page visible");
        Ok(if is_told { Ok(()) } else { Err(text) })
    })
    .await?;
    Ok(())
}

async fn a_series_goes_on_in_a_tab_that_nobody_sees(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "async-basics?scale=0.5&blocking=off&seed=7").await?;
    let page = &fixture.page;
    let times: usize = page.evaluate("return Number(document.getElementById('repeats').value)", Vec::new()).await?;
    page.press("Repeat").await?;
    page.wait_for_status("Running").await?;
    let behind = hide(page).await?;
    wait_until_kept(page, times).await?;
    page.switch_to(&behind).await?;
    let text = page.texts(".series .hint").await?.join(" ");
    assert_eq!(text, format!("{times} runs with these settings are measured."));
    Ok(())
}

async fn all_exercises_end_in_a_tab_that_nobody_sees(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "").await?;
    let page = &fixture.page;
    page.wait_for_button("Run all").await?;
    page.press("Run all").await?;
    eventually("the first exercise", async || {
        let states = page.attributes("[data-run-all]", "data-state").await?;
        Ok(if states.contains(&"running".to_owned()) { Ok(()) } else { Err(states.join(", ")) })
    })
    .await?;
    let behind = hide(page).await?;
    page.switch_to(&behind).await?;
    page.wait_for_run_all().await?;
    let text = page.texts("[data-run-all]").await?.join("\n");
    assert!(text.contains("The page was hidden meanwhile, so its times are too long."), "{text}");
    Ok(())
}
