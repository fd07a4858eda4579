//! Code that is loaded when it is first needed. It is not part of the first load, and the page recovers if it cannot be
//! loaded.

use std::time::Duration;

use e2e::fixture::{Fixture, TestResult};
use e2e::in_chromium;
use e2e::page::eventually;
use e2e::server::{Replacement, Server, built_site};
use e2e::suite::Test;

use super::{SHORT, without_service_worker};

pub fn tests() -> impl Iterator<Item = Test> {
    in_chromium![
        an_exercise_is_loaded_when_it_first_runs_and_never_again,
        the_benchmark_is_fetched_when_it_is_opened,
        an_exercise_that_cannot_be_loaded_fails_the_run_and_loads_later,
        stop_while_an_exercise_is_loaded_starts_nothing,
        a_benchmark_that_does_not_arrive_says_so_below_its_title_and_arrives_later,
        an_exercise_runs_from_a_host_that_does_not_know_wasm
    ]
}

async fn an_exercise_is_loaded_when_it_first_runs_and_never_again() -> TestResult {
    let fixture = without_service_worker(SHORT).await?;
    assert_eq!(times_asked_for(&fixture.server, EXERCISES), 0, "the first load is without it");
    fixture.page.run_to_the_end().await?;
    fixture.page.run_to_the_end().await?;
    assert_eq!(times_asked_for(&fixture.server, EXERCISES), 1);
    assert_eq!(times_asked_for(&fixture.server, BENCHMARK), 0, "nobody opened it");
    Ok(())
}

async fn the_benchmark_is_fetched_when_it_is_opened() -> TestResult {
    let fixture = without_service_worker("benchmark").await?;
    assert_eq!(times_asked_for(&fixture.server, BENCHMARK), 1);
    assert_eq!(times_asked_for(&fixture.server, EXERCISES), 0, "nobody ran one");
    Ok(())
}

async fn an_exercise_that_cannot_be_loaded_fails_the_run_and_loads_later() -> TestResult {
    let fixture = Fixture::open(SHORT).await?;
    let part = path(EXERCISES);
    for reply in [Replacement::Status(404), Replacement::CutAfter(700)] {
        fixture.server.replace(&part, reply.clone());
        fixture.page.press("Run").await?;
        let status = fixture.page.wait_for_status("Failed").await?;
        assert!(status.contains("could not be fetched"), "{reply:?}: {status}");
    }
    fixture.server.restore(&part);
    fixture.page.run_to_the_end().await?;
    Ok(())
}

async fn stop_while_an_exercise_is_loaded_starts_nothing() -> TestResult {
    let fixture = Fixture::open(SHORT).await?;
    let part = path(EXERCISES);
    fixture.server.replace(&part, Replacement::Never);
    fixture.page.press("Run").await?;
    fixture.page.wait_for_status("Running").await?;
    fixture.page.press("Stop").await?;
    let status = fixture.page.wait_for_status("Stopped").await?;
    fixture.server.restore(&part);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(fixture.page.status().await?, status);
    assert_eq!(fixture.page.metric("tasks").await?, "–", "nothing has begun");
    Ok(())
}

async fn a_benchmark_that_does_not_arrive_says_so_below_its_title_and_arrives_later() -> TestResult {
    let fixture = Fixture::open(SHORT).await?;
    let part = path(BENCHMARK);
    fixture.server.replace(&part, Replacement::Status(404));
    fixture.page.open("benchmark").await?;
    eventually("what is missing", async || {
        let text = fixture.page.texts(".failure").await?.join(" ");
        Ok(if text.contains("could not be fetched") { Ok(()) } else { Err(format!("`{text}`")) })
    })
    .await?;
    assert_eq!(fixture.page.title().await?, "Benchmark");
    fixture.server.restore(&part);
    fixture.page.open("benchmark").await?;
    fixture.page.wait_for_button("Run").await?;
    Ok(())
}

async fn an_exercise_runs_from_a_host_that_does_not_know_wasm() -> TestResult {
    let fixture = Fixture::open(SHORT).await?;
    let part = path(EXERCISES);
    let body = std::fs::read(built_site().join(&part)).expect("the part was built");
    fixture.server.replace(&part, Replacement::Bytes { content_type: "application/octet-stream", body });
    fixture.page.run_to_the_end().await?;
    Ok(())
}

const EXERCISES: &str = "split_exercises.wasm";
const BENCHMARK: &str = "split_benchmark.wasm";

/// Where a part lies in the site: the name of its folder changes with the build.
fn path(part: &str) -> String {
    let folders = std::fs::read_dir(built_site()).expect("the site was built").flatten();
    let names = folders.filter_map(|entry| entry.file_name().into_string().ok());
    let mut paths = names.map(|folder| format!("{folder}/{part}"));
    paths.find(|path| built_site().join(path).exists()).expect("the page is split: it is a release build")
}

fn times_asked_for(server: &Server, part: &str) -> usize {
    server.requests().iter().filter(|request| request.path.ends_with(part)).count()
}
