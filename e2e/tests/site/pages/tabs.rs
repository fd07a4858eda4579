//! The page in several tabs: back and forward in one tab, two tabs at once, and a hidden tab.

use std::time::Duration;

use e2e::browser::Engine;
use e2e::fixture::{Fixture, TestResult};
use e2e::in_each_engine;
use e2e::page::{Page, PageError, Tab, eventually};
use e2e::suite::Test;

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![
        back_and_forward_restore_each_page_with_its_controls,
        two_tabs_run_at_once_and_the_runs_of_both_are_saved,
        two_tabs_of_the_exercise_on_files_read_what_they_wrote,
        a_run_in_a_hidden_tab_finishes_with_a_warning,
        repeated_runs_continue_in_a_hidden_tab,
        run_all_finishes_in_a_hidden_tab
    ]
}

async fn wait_for_page(page: &Page, link: &str, title: &str) -> Result<(), PageError> {
    eventually(link, async || {
        let now = (page.link().await?, page.texts("h1").await?.concat());
        Ok(if now == (link.to_owned(), title.to_owned()) { Ok(()) } else { Err(format!("{now:?}")) })
    })
    .await
}

async fn back_and_forward_restore_each_page_with_its_controls(engine: Engine) -> TestResult {
    let (basics, many) = ("async-basics?download=60&load=20&seed=8", "async-multiple?samples=4&scale=0.1&seed=9");
    let fixture = Fixture::open_in(engine, basics).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    page.follow(many).await?;
    wait_for_page(page, many, "Many tasks").await?;
    page.follow("guide").await?;
    eventually("the guide", async || {
        let headings = page.texts(".guide h2").await?.len();
        Ok(if headings > 0 { Ok(()) } else { Err("none".to_owned()) })
    })
    .await?;

    page.back().await?;
    wait_for_page(page, many, "Many tasks").await?;
    assert_eq!(page.control("samples").await?.value, "4");
    page.stop_when("true").await?;
    page.wait_for_button("Run").await?;
    page.press("Run").await?;
    page.wait_for_status("Stopped").await?;
    page.back().await?;
    wait_for_page(page, basics, "Async basics").await?;
    // The controls are those of the link. The results are among the saved runs.
    assert!(page.status().await?.starts_with("Ready"));
    assert_eq!((page.control("download").await?.value, page.control("seed").await?.value), ("60".into(), "8".into()));
    page.run_to_the_end().await?;
    page.forward().await?;
    wait_for_page(page, many, "Many tasks").await?;
    assert_eq!(page.control("seed").await?.value, "9");
    assert_eq!(page.notices().await?, [""; 0]);
    page.run_to_the_end().await?;
    Ok(())
}

/// Starts a run of a link in the current tab.
async fn start(page: &Page, link: &str) -> TestResult {
    page.open(link).await?;
    page.wait_for_button("Run").await?;
    Ok(page.press("Run").await?)
}

/// Runs one link in the current tab and the other in a new tab at the same time, and waits until both have finished.
async fn run_in_two_tabs(page: &Page, links: [&str; 2]) -> TestResult {
    let one = page.tab().await?;
    start(page, links[0]).await?;
    page.wait_for_status("Running").await?;
    let other = page.open_tab().await?;
    start(page, links[1]).await?;
    for tab in [&other, &one] {
        page.switch_to(tab).await?;
        page.wait_for_status_within(Duration::from_secs(180), "Finished").await?;
        for check in page.checks().await? {
            assert!(check.passed, "{check:?}");
        }
    }
    Ok(())
}

async fn two_tabs_run_at_once_and_the_runs_of_both_are_saved(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "guide").await?;
    let page = &fixture.page;
    // Both send requests to the model server for some seconds.
    let link =
        "async-api-calls?one-by-one=off&failure-rate=0&requests=60&batch-size=1&limit=4&latency=200&timeout=60000";
    run_in_two_tabs(page, [&format!("{link}&seed=7"), &format!("{link}&seed=8")]).await?;
    page.open("runs").await?;
    page.wait_for_runs(2).await?;
    Ok(())
}

async fn two_tabs_of_the_exercise_on_files_read_what_they_wrote(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "guide").await?;
    // Both tabs write files with the same names and different content. Firefox creates some 100 files per second, on an
    // idle machine.
    let rounds = if engine == Engine::Firefox { 3 } else { 10 };
    let link = format!("async-file-io?files=20&size=64&missing=0&rounds={rounds}");
    run_in_two_tabs(&fixture.page, [&format!("{link}&seed=7"), &format!("{link}&seed=8")]).await
}

/// Sets `wasHidden` if the page is ever hidden.
const WATCH_HIDDEN: &str =
    "document.addEventListener('visibilitychange', () => { window.wasHidden ||= document.hidden; });";

/// Makes the page believe that it is hidden.
const SEEM_HIDDEN: &str = "Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));";

/// Opens another tab in front, switches to it, and returns the tab behind it. In a browser in which that tab stays
/// visible, the tab is made to believe that it is hidden. That tests the page's reaction, but not a run with slowed
/// timers.
async fn hide(page: &Page) -> Result<Tab, PageError> {
    let behind = page.tab().await?;
    page.evaluate::<()>(WATCH_HIDDEN, Vec::new()).await?;
    let front = page.open_tab().await?;
    page.switch_to(&behind).await?;
    if page.evaluate::<Option<bool>>("return window.wasHidden", Vec::new()).await? != Some(true) {
        page.evaluate::<()>(SEEM_HIDDEN, Vec::new()).await?;
    }
    page.switch_to(&front).await?;
    Ok(behind)
}

/// Waits in the tab in front until this number of runs is saved.
async fn wait_for_saved_runs(page: &Page, count: usize) -> Result<(), PageError> {
    eventually(&format!("{count} saved runs"), async || {
        // The page reads the list only when it is opened.
        page.open_runs().await?;
        let saved = page.texts("[data-run]").await?.len();
        Ok(if saved == count { Ok(()) } else { Err(saved.to_string()) })
    })
    .await
}

async fn a_run_in_a_hidden_tab_finishes_with_a_warning(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "async-basics?download=1000&scale=2&seed=7").await?;
    let page = &fixture.page;
    page.press("Run").await?;
    page.wait_for_tasks().await?;
    let behind = hide(page).await?;
    wait_for_saved_runs(page, 1).await?;
    page.switch_to(&behind).await?;
    page.wait_for_status("Finished").await?;
    eventually("a warning that it was hidden", async || {
        let text = page.texts(".warnings li").await?.join("\n");
        let is_shown = text.contains("The page was hidden") && text.contains("keep the page visible");
        Ok(if is_shown { Ok(()) } else { Err(text) })
    })
    .await?;
    Ok(())
}

async fn repeated_runs_continue_in_a_hidden_tab(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "async-basics?scale=0.5&blocking=off&seed=7").await?;
    let page = &fixture.page;
    let times: usize = page.evaluate("return Number(document.getElementById('repeats').value)", Vec::new()).await?;
    page.press("Repeat").await?;
    page.wait_for_status("Running").await?;
    let behind = hide(page).await?;
    wait_for_saved_runs(page, times).await?;
    page.switch_to(&behind).await?;
    let text = page.texts(".series .hint").await?.join(" ");
    assert_eq!(text, format!("{times} runs with these settings are measured."));
    Ok(())
}

async fn run_all_finishes_in_a_hidden_tab(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "").await?;
    let page = &fixture.page;
    page.wait_for_button("Run all").await?;
    page.press("Run all").await?;
    eventually("the first exercise", async || {
        let states = page.run_all_states().await?;
        Ok(if states.contains(&"running".to_owned()) { Ok(()) } else { Err(states.join(", ")) })
    })
    .await?;
    let behind = hide(page).await?;
    page.switch_to(&behind).await?;
    page.wait_for_run_all().await?;
    let text = page.texts("[data-run-all]").await?.join("\n");
    assert!(text.contains("The page was hidden during the run, so its times are too long."), "{text}");
    Ok(())
}
