//! Finding one's way in a run of many tasks: search, the overview, folded parts, and how fast the timeline moves.

use e2e::fixture::{Fixture, TestResult};
use e2e::in_chromium;
use e2e::large_run::{frame_times_ms, open_run, p95};
use e2e::page::{Page, PageError, eventually};
use e2e::suite::Test;
use fantoccini::key::Key;

/// Twelve samples in each of three parts.
const LINK: &str = "async-multiple?samples=12&limit=4&scale=0.1&seed=7";

pub fn tests() -> impl Iterator<Item = Test> {
    in_chromium![
        a_task_is_found_by_typing_its_name_and_enter_goes_to_the_next_match,
        the_overview_shows_what_is_in_view_and_is_dragged,
        a_folded_part_says_how_many_tasks_it_has_and_opens
    ]
    .chain(in_chromium![the_timeline_of_a_hundred_thousand_tasks_moves_like_that_of_a_thousand].map(Test::alone))
}

async fn focus(page: &Page, selector: &str) -> Result<(), PageError> {
    page.evaluate("document.querySelector(arguments[0]).focus()", vec![selector.into()]).await
}

/// Waits until the only element that matches a selector has a text that starts like this.
async fn wait_for_text(page: &Page, selector: &str, start: &str) -> TestResult {
    eventually(&format!("`{start}` in {selector}"), async || {
        let texts = page.texts(selector).await?;
        let is_there = matches!(&texts[..], [text] if text.starts_with(start));
        Ok(if is_there { Ok(()) } else { Err(format!("{texts:?}")) })
    })
    .await?;
    Ok(())
}

async fn a_task_is_found_by_typing_its_name_and_enter_goes_to_the_next_match() -> TestResult {
    let fixture = Fixture::open(LINK).await?;
    let page = &fixture.page;
    let is_disabled = "return document.querySelector('.find input').disabled";
    assert!(page.evaluate::<bool>(is_disabled, Vec::new()).await?, "there is nothing to find yet");
    page.run_to_the_end().await?;
    focus(page, ".find input").await?;
    page.type_text("SAMPLE 3").await?;
    wait_for_text(page, ".find .hint", "3 tasks").await?;
    for place in ["1 of 3", "2 of 3", "3 of 3", "1 of 3"] {
        page.key(Key::Enter).await?;
        wait_for_text(page, ".find .hint", place).await?;
        wait_for_text(page, ".timeline .chosen", "process_sample 3, in process_batch_").await?;
    }
    assert_eq!(page.focused().await?, "input", "Enter goes on from here");
    let opened = page.attributes("figure.timeline [data-open]", "aria-pressed").await?;
    assert_eq!(opened.iter().filter(|pressed| *pressed == "true").count(), 1, "its part is open");
    page.type_text("3").await?;
    wait_for_text(page, ".find .hint", "No such task").await?;
    Ok(())
}

/// The edges of the handle as shares of the strip, or nothing while everything is in view.
async fn in_view(page: &Page) -> Result<Vec<f64>, PageError> {
    let script = "const strip = document.querySelector('.overview.zoomed');
        if (strip === null) return [];
        const [all, handle] = [strip, strip.firstElementChild].map(it => it.getBoundingClientRect());
        return [(handle.left - all.left) / all.width, (handle.right - all.left) / all.width];";
    page.evaluate(script, Vec::new()).await
}

async fn the_overview_shows_what_is_in_view_and_is_dragged() -> TestResult {
    let fixture = Fixture::open(LINK).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    assert_eq!(in_view(page).await?, [0.0; 0], "everything is in view");
    focus(page, "figure.timeline canvas").await?;
    for key in ['+', '+', '+'] {
        page.type_text(&key.to_string()).await?;
    }
    let is_near = |edges: &[f64], expected: f64| edges.first().is_some_and(|from| (from - expected).abs() < 0.02);
    let at = async |expected: f64| {
        eventually(&format!("a view from {expected}"), async || {
            let edges = in_view(page).await?;
            Ok(if is_near(&edges, expected) { Ok(edges) } else { Err(format!("{edges:?}")) })
        })
        .await
    };
    // 1 / 1.5^3 of the time, in the middle.
    let share = 1.5_f64.powi(-3);
    let edges = at((1.0 - share) / 2.0).await?;
    assert!((edges[1] - edges[0] - share).abs() < 0.02, "{edges:?}");
    let drag = "const strip = document.querySelector('.overview');
        const place = strip.getBoundingClientRect();
        const [type, share, movementX] = [arguments[0], arguments[1], arguments[2] * place.width];
        const clientX = place.left + share * place.width;
        strip.dispatchEvent(new PointerEvent(type, { bubbles: true, buttons: 1, clientX, movementX }));";
    // A press outside the handle moves the handle there, as far as the run goes.
    page.evaluate::<()>(drag, vec!["pointerdown".into(), 0.05.into(), 0.0.into()]).await?;
    at(0.0).await?;
    page.evaluate::<()>(drag, vec!["pointermove".into(), 0.25.into(), 0.2.into()]).await?;
    at(0.2).await?;
    page.type_text("0").await?;
    eventually("everything in view", async || {
        let edges = in_view(page).await?;
        Ok(if edges.is_empty() { Ok(()) } else { Err(format!("{edges:?}")) })
    })
    .await?;
    Ok(())
}

async fn a_folded_part_says_how_many_tasks_it_has_and_opens() -> TestResult {
    let fixture = Fixture::open(LINK).await?;
    let page = &fixture.page;
    open_run(page, 1_000).await?;
    wait_for_text(page, "[data-bar=process_batch_async] .ideal-figure", "1,000 tasks").await?;
    page.press("All at once").await?;
    eventually("each task in a lane", async || {
        let texts = page.texts("[data-bar=process_batch_async] .ideal-figure").await?;
        Ok(if texts == [""] { Ok(()) } else { Err(format!("{texts:?}")) })
    })
    .await?;
    Ok(())
}

async fn the_timeline_of_a_hundred_thousand_tasks_moves_like_that_of_a_thousand() -> TestResult {
    let fixture = Fixture::open(LINK).await?;
    let page = &fixture.page;
    let mut p95s = Vec::new();
    for tasks in [1_000, 100_000] {
        let opened_ms = open_run(page, tasks).await?;
        let folded = p95(&frame_times_ms(page).await?);
        page.press("All at once").await?;
        let unfolded = p95(&frame_times_ms(page).await?);
        println!(
            "{tasks} tasks: opened in {opened_ms:.0} ms, p95 of frames {folded:.1} ms folded, {unfolded:.1} ms not"
        );
        p95s.push((folded, unfolded));
    }
    // A shared machine may lose a frame or two. Drawing each task took four times as long.
    let [(small, small_unfolded), (large, large_unfolded)] = p95s[..] else { panic!("there are two: {p95s:?}") };
    assert!(large <= 2.0 * small.max(17.0), "folded: {large} ms, {small} ms");
    assert!(large_unfolded <= 2.0 * small_unfolded.max(17.0), "unfolded: {large_unfolded} ms, {small_unfolded} ms");
    Ok(())
}
