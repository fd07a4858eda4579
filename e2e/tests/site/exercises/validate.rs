//! The exercise that tests every promise of the project, in every engine.

use e2e::browser::Engine;
use e2e::fixture::{Fixture, TestResult};
use e2e::page::{Page, PageError};
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![every_promise_passes].map(Test::alone).chain(in_chromium![
        without_workers_their_promises_are_not_tested_and_the_others_pass,
        without_service_workers_the_model_servers_promises_are_not_tested_and_the_others_pass,
        each_promise_links_to_an_exercise_that_shows_it
    ])
}

const LINK: &str = "validate-async?seed=7";
const WORKER_PROMISES: [&str; 3] = ["worker_computes_the_same", "stop_frees_a_worker", "panic_is_an_error"];
const SERVER_PROMISES: [&str; 4] =
    ["server_describes_its_model", "server_reads_digits", "unknown_model_is_named", "drop_aborts_fetch"];

/// Runs the exercise, asserts that no promise failed, and returns the names of those that the browser cannot test.
async fn lacking(page: &Page) -> Result<Vec<String>, PageError> {
    page.run_to_the_end().await?;
    let validations = page.validations().await?;
    assert_eq!(validations.len(), 31);
    let failed: Vec<_> = validations.iter().filter(|it| it.verdict == "failed").collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let lacking = validations.into_iter().filter(|it| it.verdict == "lacking");
    Ok(lacking.map(|it| it.name).collect())
}

async fn every_promise_passes(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, LINK).await?;
    // Without a private file system, as in WebKit under a driver, the page uses a database, so nothing is lacking.
    assert_eq!(lacking(&fixture.page).await?, [""; 0]);
    assert!(fixture.page.notes().await?.contains("31 of 31 passed."));
    let bar = |task| fixture.page.bar(task);
    assert!(bar("concurrent_execution").await?.measured_ms < bar("sequential_execution").await?.measured_ms);
    if engine == Engine::Chromium {
        // One promise requests a model that does not exist, and browsers log every 404.
        let problems = fixture.browser.console_problems().await?.into_iter();
        let others: Vec<_> = problems.filter(|it| !it.text.contains("mlp-17")).collect();
        assert_eq!(others, []);
    }
    Ok(())
}

async fn without_workers_their_promises_are_not_tested_and_the_others_pass() -> TestResult {
    let fixture = Fixture::open(LINK).await?;
    fixture.page.evaluate::<()>("delete window.Worker", Vec::new()).await?;
    assert_eq!(lacking(&fixture.page).await?, WORKER_PROMISES);
    let message = fixture.page.notes().await?;
    assert!(message.contains("28 of 31 passed; 3 not supported by this browser: "), "{message}");
    for validation in fixture.page.validations().await?.iter().filter(|it| it.verdict == "lacking") {
        assert!(validation.text.contains("no worker could be started"), "{validation:?}");
    }
    Ok(())
}

async fn without_service_workers_the_model_servers_promises_are_not_tested_and_the_others_pass() -> TestResult {
    let fixture = Fixture::open(LINK).await?;
    let remove = "Object.defineProperty(navigator, 'serviceWorker', { value: undefined })";
    fixture.page.evaluate::<()>(remove, Vec::new()).await?;
    assert_eq!(lacking(&fixture.page).await?, SERVER_PROMISES);
    Ok(())
}

async fn each_promise_links_to_an_exercise_that_shows_it() -> TestResult {
    let fixture = Fixture::open(LINK).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    let links: Vec<_> = page.validations().await?.into_iter().map(|it| it.link).collect();
    assert!(links.contains(&"async-multiple?samples=30&limit=3".to_owned()), "{links:?}");
    for link in links {
        page.follow(&link).await?;
        page.wait_for_button("Run").await?;
        assert_eq!(page.notices().await?, [""; 0], "{link}");
        assert_ne!(page.title().await?, "Validation");
    }
    Ok(())
}
