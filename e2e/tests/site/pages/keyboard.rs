//! Using the page with the keyboard, and with reduced motion. Only in Chromium: in Safari, the Tab key skips links and
//! buttons by default, and only Chromium can emulate preferences.

use e2e::fixture::{Fixture, TestResult};
use e2e::in_chromium;
use e2e::page::{Page, PageError, eventually};
use e2e::suite::Test;
use fantoccini::key::Key;

pub fn tests() -> impl Iterator<Item = Test> {
    in_chromium![
        the_tab_key_reaches_everything_on_the_first_page,
        the_tab_key_reaches_everything_on_a_finished_exercise,
        escape_closes_the_formats_of_export_and_returns_the_focus,
        arrow_keys_describe_the_tasks_of_the_timeline_one_by_one,
        run_all_moves_the_focus_to_stop,
        nothing_is_animated_if_reduced_motion_is_preferred
    ]
}

const QUICK: &str = "async-basics?scale=0.1&blocking=off&seed=7";

/// Asserts that the Tab key visits everything that can be used, and that the focus is visible each time.
async fn assert_tab_reaches_everything(page: &Page) -> TestResult {
    let cycle = page.tab_through().await?;
    let unseen: Vec<_> = cycle.stops.iter().filter(|stop| !stop.is_seen).map(|stop| &stop.name).collect();
    assert!(unseen.is_empty(), "the focus is not visible on {unseen:?}");
    assert_eq!(cycle.missed, [""; 0], "the Tab key skips them");
    Ok(())
}

async fn the_tab_key_reaches_everything_on_the_first_page() -> TestResult {
    let fixture = Fixture::open("").await?;
    fixture.page.wait_for_status("Finished").await?;
    assert_tab_reaches_everything(&fixture.page).await
}

async fn the_tab_key_reaches_everything_on_a_finished_exercise() -> TestResult {
    let fixture = Fixture::open(QUICK).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    page.open_disclosures().await?;
    page.press("Export").await?;
    page.wait_for_button("JSON").await?;
    assert_tab_reaches_everything(page).await
}

async fn escape_closes_the_formats_of_export_and_returns_the_focus() -> TestResult {
    let fixture = Fixture::open(QUICK).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    page.tab_to("Export").await?;
    page.key(Key::Enter).await?;
    page.wait_for_button("JSON").await?;
    page.tab_to("HTML report").await?;
    page.key(Key::Escape).await?;
    assert_eq!(page.focused().await?, "Export");
    assert_eq!(page.attributes("button[aria-expanded]", "aria-expanded").await?, ["false"]);
    assert!(page.is_enabled("JSON").await.is_err(), "the formats are closed");
    Ok(())
}

async fn arrow_keys_describe_the_tasks_of_the_timeline_one_by_one() -> TestResult {
    let fixture = Fixture::open(QUICK).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    page.tab_to("canvas").await?;
    let text = async || Ok::<_, PageError>(page.texts(".chosen").await?.concat());
    let mut tasks = Vec::new();
    for _ in 0..3 {
        page.key(Key::Down).await?;
        tasks.push(text().await?);
    }
    assert!(tasks.iter().all(|task| task.contains("its code ran")), "{tasks:?}");
    assert!(tasks[0] != tasks[1] && tasks[1] != tasks[2], "{tasks:?}");
    assert!(tasks[0].contains(" for its subtasks on line "), "{tasks:?}");
    page.key(Key::Up).await?;
    assert_eq!(text().await?, tasks[1]);
    page.key(Key::Escape).await?;
    assert!(text().await?.starts_with("Hover over a task"));
    page.key(Key::Tab).await?;
    assert_ne!(page.focused().await?, "canvas");
    Ok(())
}

async fn run_all_moves_the_focus_to_stop() -> TestResult {
    let fixture = Fixture::open("").await?;
    let page = &fixture.page;
    page.tab_to("Run all").await?;
    page.key(Key::Enter).await?;
    eventually("the focus on Stop", async || {
        let focused = page.focused().await?;
        Ok(if focused == "Stop" { Ok(()) } else { Err(focused) })
    })
    .await?;
    page.key(Key::Enter).await?;
    assert_eq!(page.texts(".run-all [role=status]").await?, ["Stopped. Nothing is left running."]);
    Ok(())
}

/// Records the highest number of animations at once from now on, frame by frame.
const COUNT: &str = "window.moving = 0;
    const look = () => {
        window.moving = Math.max(window.moving, document.getAnimations().length);
        requestAnimationFrame(look);
    };
    look();";

async fn nothing_is_animated_if_reduced_motion_is_preferred() -> TestResult {
    let fixture = Fixture::open(QUICK).await?;
    let (browser, page) = (&fixture.browser, &fixture.page);
    for (motion, may_move) in [("no-preference", true), ("reduce", false)] {
        let prefer = |scheme| [("prefers-reduced-motion", motion), ("prefers-color-scheme", scheme)];
        browser.emulate_media(&prefer("light")).await?;
        page.open(QUICK).await?;
        page.wait_for_button("Run").await?;
        page.evaluate::<()>(COUNT, Vec::new()).await?;
        page.press("Run").await?;
        page.wait_for_status("Finished").await?;
        // Without the preference, buttons fade to the colours of the other scheme.
        browser.emulate_media(&prefer("dark")).await?;
        page.run_to_the_end().await?;
        let moving: u32 = page.evaluate("return window.moving", Vec::new()).await?;
        assert_eq!(moving > 0, may_move, "{moving} with `{motion}`");
    }
    Ok(())
}
