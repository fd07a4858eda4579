//! The page without a mouse, and with less motion. In Chromium only: Safari's keys pass over links and buttons unless a
//! person asks for them, and only Chromium can be told what its reader prefers.

use e2e::fixture::{Fixture, TestResult};
use e2e::in_chromium;
use e2e::page::{Page, PageError, eventually};
use e2e::suite::Test;
use fantoccini::key::Key;

pub fn tests() -> impl Iterator<Item = Test> {
    in_chromium![
        the_tab_key_leads_around_the_first_page,
        the_tab_key_leads_around_an_exercise_that_has_finished,
        escape_closes_the_forms_of_export_and_gives_the_focus_back,
        arrow_keys_describe_the_tasks_of_the_timeline_one_by_one,
        run_all_leaves_the_focus_on_its_way_out,
        nothing_moves_by_itself_where_less_motion_is_preferred
    ]
}

const QUICK: &str = "async-basics?scale=0.1&blocking=off&seed=7";

/// Presses Tab all around the page: everything that can be used is on the way, and seen when it has the focus.
async fn assert_all_around(page: &Page) -> TestResult {
    let round = page.tab_through().await?;
    let unseen: Vec<_> = round.stops.iter().filter(|stop| !stop.is_seen).map(|stop| &stop.name).collect();
    assert!(unseen.is_empty(), "no sign of the focus on {unseen:?}");
    assert_eq!(round.missed, [""; 0], "the Tab key passes them over");
    Ok(())
}

async fn the_tab_key_leads_around_the_first_page() -> TestResult {
    let fixture = Fixture::open("").await?;
    fixture.page.wait_for_status("Finished").await?;
    assert_all_around(&fixture.page).await
}

async fn the_tab_key_leads_around_an_exercise_that_has_finished() -> TestResult {
    let fixture = Fixture::open(QUICK).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    page.open_disclosures().await?;
    page.press("Export").await?;
    page.wait_for_button("JSON").await?;
    assert_all_around(page).await
}

async fn escape_closes_the_forms_of_export_and_gives_the_focus_back() -> TestResult {
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
    assert!(page.is_enabled("JSON").await.is_err(), "the forms are gone");
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
    page.key(Key::Up).await?;
    assert_eq!(text().await?, tasks[1]);
    page.key(Key::Escape).await?;
    assert!(text().await?.starts_with("Hover over a task"));
    page.key(Key::Tab).await?;
    assert_ne!(page.focused().await?, "canvas");
    Ok(())
}

async fn run_all_leaves_the_focus_on_its_way_out() -> TestResult {
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

/// Counts from now on how much is on the move at most, frame by frame.
const COUNT: &str = "window.moving = 0;
    const look = () => {
        window.moving = Math.max(window.moving, document.getAnimations().length);
        requestAnimationFrame(look);
    };
    look();";

async fn nothing_moves_by_itself_where_less_motion_is_preferred() -> TestResult {
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
        // Buttons would pass from one scheme's colours to the other's.
        browser.emulate_media(&prefer("dark")).await?;
        page.run_to_the_end().await?;
        let moving: u32 = page.evaluate("return window.moving", Vec::new()).await?;
        assert_eq!(moving > 0, may_move, "{moving} with `{motion}`");
    }
    Ok(())
}
