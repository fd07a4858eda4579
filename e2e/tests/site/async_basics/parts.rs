//! Code that is loaded when it is first needed. It is not part of the first load, and the page recovers if it cannot be
//! loaded.

use std::time::Duration;

use e2e::browser::Engine;
use e2e::fixture::{BASE, Fixture, TestError, TestResult};
use e2e::in_chromium;
use e2e::page::eventually;
use e2e::server::{Outcome, Replacement, Server, built_part, built_site};
use e2e::suite::Test;

use super::{SHORT, times_requested};

pub fn tests() -> impl Iterator<Item = Test> {
    in_chromium![
        an_exercise_is_loaded_once_when_its_page_is_idle,
        saved_runs_are_loaded_when_they_are_opened,
        a_run_fails_if_its_exercise_cannot_be_loaded_and_the_next_run_loads_it,
        stop_during_the_loading_of_an_exercise_starts_nothing,
        a_benchmark_that_cannot_be_loaded_is_reported_and_loads_later,
        an_exercise_runs_from_a_host_without_the_media_type_of_wasm
    ]
}

async fn an_exercise_is_loaded_once_when_its_page_is_idle() -> TestResult {
    let fixture = Fixture::open_without_service_worker(SHORT).await?;
    eventually("the code of the exercise", async || {
        let times = times_requested(&fixture.server, EXERCISES);
        Ok(if times == 1 { Ok(()) } else { Err(times.to_string()) })
    })
    .await?;
    fixture.page.run_to_the_end().await?;
    fixture.page.run_to_the_end().await?;
    assert_eq!(times_requested(&fixture.server, EXERCISES), 1);
    assert_eq!(times_requested(&fixture.server, IO), 0, "nothing on this page needs it");
    Ok(())
}

async fn saved_runs_are_loaded_when_they_are_opened() -> TestResult {
    let fixture = Fixture::open_without_service_worker(SHORT).await?;
    assert_eq!(times_requested(&fixture.server, SHARE), 0, "there is nothing to save yet");
    fixture.page.follow("runs").await?;
    eventually("the code of the page of saved runs", async || {
        let times = times_requested(&fixture.server, SHARE);
        Ok(if times == 1 { Ok(()) } else { Err(times.to_string()) })
    })
    .await
    .map_err(Into::into)
}

async fn a_run_fails_if_its_exercise_cannot_be_loaded_and_the_next_run_loads_it() -> TestResult {
    let part = built_part(EXERCISES)?;
    let fixture = open_with(&part, Replacement::Status(404)).await?;
    // There is no forecast and no timeline, and in their place the page says why.
    fixture.wait_for_outcome(&part, Outcome::Answered(404)).await?;
    eventually("the reason", async || {
        let reasons = fixture.page.texts(".failure").await?;
        let is_said_once = reasons.len() == 1 && reasons[0].contains("could not be loaded");
        Ok(if is_said_once { Ok(()) } else { Err(format!("{reasons:?}")) })
    })
    .await?;
    for reply in [Replacement::Status(404), Replacement::CutAfter(700)] {
        fixture.server.replace(&part, reply.clone());
        fixture.page.press("Run").await?;
        let status = fixture.page.wait_for_status("Failed").await?;
        assert!(status.contains("could not be loaded"), "{reply:?}: {status}");
    }
    fixture.server.restore(&part);
    fixture.page.run_to_the_end().await?;
    assert_eq!(fixture.page.texts("figure.timeline, .failure").await?.len(), 1, "the timeline is there now");
    Ok(())
}

async fn stop_during_the_loading_of_an_exercise_starts_nothing() -> TestResult {
    let part = built_part(EXERCISES)?;
    let fixture = open_with(&part, Replacement::Never).await?;
    fixture.page.press("Run").await?;
    fixture.page.wait_for_status("Running").await?;
    fixture.page.press("Stop").await?;
    let status = fixture.page.wait_for_status("Stopped").await?;
    fixture.server.restore(&part);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(fixture.page.status().await?, status);
    let measured = fixture.page.attributes("[data-measured-us]", "data-measured-us").await?;
    assert_eq!(measured, [""; 0], "nothing has started");
    Ok(())
}

async fn a_benchmark_that_cannot_be_loaded_is_reported_and_loads_later() -> TestResult {
    let fixture = Fixture::open(SHORT).await?;
    let part = built_part(EXERCISES)?;
    fixture.server.replace(&part, Replacement::Status(404));
    fixture.page.open("benchmark").await?;
    eventually("the reason", async || {
        let text = fixture.page.texts(".failure").await?.join(" ");
        Ok(if text.contains("could not be loaded") { Ok(()) } else { Err(format!("`{text}`")) })
    })
    .await?;
    assert_eq!(fixture.page.title().await?, "Benchmark");
    fixture.server.restore(&part);
    fixture.page.open("benchmark").await?;
    fixture.page.wait_for_button("Run").await?;
    Ok(())
}

async fn an_exercise_runs_from_a_host_without_the_media_type_of_wasm() -> TestResult {
    let part = built_part(EXERCISES)?;
    let body = std::fs::read(built_site().join(&part)).expect("the part was built");
    let reply = Replacement::Bytes { content_type: "application/octet-stream", body };
    let fixture = open_with(&part, reply).await?;
    fixture.page.run_to_the_end().await?;
    Ok(())
}

/// Opens the exercise on a server that sends this reply for a part of the code.
async fn open_with(part: &str, reply: Replacement) -> Result<Fixture, TestError> {
    let server = Server::start(&built_site(), BASE)?;
    server.replace(part, reply);
    Fixture::open_with_server(server, Engine::Chromium, SHORT).await
}

const EXERCISES: &str = "split_exercises.wasm";
const SHARE: &str = "split_share.wasm";
const IO: &str = "split_io.wasm";
