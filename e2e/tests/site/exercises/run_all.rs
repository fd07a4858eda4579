//! All exercises, one after the other.

use e2e::fixture::{Fixture, TestResult};
use e2e::in_chromium;
use e2e::page::{Page, PageError, eventually};
use e2e::server::Replacement;
use e2e::suite::Test;

pub fn tests() -> impl Iterator<Item = Test> {
    in_chromium![the_others_run_if_one_exercise_fails, stop_and_leaving_the_page_stop_immediately]
}

/// The first page, which has the panel.
const LINK: &str = "";

/// Each exercise's state, with the text of its line.
async fn lines(page: &Page) -> Result<Vec<(String, String)>, PageError> {
    let states = page.run_all_states().await?;
    Ok(states.into_iter().zip(page.texts("[data-run-all]").await?).collect())
}

async fn press(page: &Page, button: &str) -> Result<(), PageError> {
    page.evaluate(&format!("document.querySelector('.run-all button.{button}').click()"), Vec::new()).await
}

/// Presses Run all as soon as it is enabled.
async fn start(page: &Page) -> Result<(), PageError> {
    page.wait_for_button("Run all").await?;
    assert_eq!(page.run_all_states().await?, [""; 0]);
    page.press("Run all").await
}

async fn the_others_run_if_one_exercise_fails() -> TestResult {
    let fixture = Fixture::open(LINK).await?;
    let page = &fixture.page;
    fixture.server.replace("static/models/mlp-16.safetensors", Replacement::Status(500));
    start(page).await?;
    let status = page.wait_for_run_all().await?;
    let lines = lines(page).await?;
    let all = lines.len();
    assert!(status.contains(&format!("{} of {all} exercises ran to their end", all - 1)), "{status}");
    for (place, (state, text)) in lines.iter().enumerate() {
        if place == 1 {
            assert!(state == "failed" && text.contains("mlp-16.safetensors"), "{text}");
        } else {
            assert!(state == "finished" && text.contains("checks passed"), "{text}");
        }
    }
    assert!(lines[0].1.contains("Concurrent took"), "{}", lines[0].1);
    Ok(())
}

async fn stop_and_leaving_the_page_stop_immediately() -> TestResult {
    let fixture = Fixture::open(LINK).await?;
    let page = &fixture.page;
    start(page).await?;
    eventually("the second exercise", async || {
        let states = page.run_all_states().await?;
        Ok(if states.get(1).is_some_and(|state| state == "running") { Ok(()) } else { Err(states.join(", ")) })
    })
    .await?;
    press(page, "stop").await?;
    let stopped = page.run_all_states().await?;
    assert_eq!(stopped[..3], ["finished", "stopped", "waiting"]);
    assert_eq!(page.texts(".run-all [role=status]").await?, ["Stopped. Nothing is left running."]);

    press(page, "run").await?;
    eventually("a running exercise", async || {
        let states = page.run_all_states().await?;
        let is_running = states.iter().any(|state| state == "running");
        Ok(if is_running { Ok(()) } else { Err(states.join(", ")) })
    })
    .await?;
    page.follow("async-basics?scale=0.2&seed=7").await?;
    page.run_to_the_end().await?;
    page.follow(LINK).await?;
    page.wait_for_button("Run all").await?;
    assert_eq!(page.run_all_states().await?, [""; 0]);
    Ok(())
}
