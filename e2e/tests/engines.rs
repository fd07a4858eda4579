//! What a person relies on most, in every engine; and that the browsers of all engines can be steered alike.
//!
//! Needs a release build in `dist/`, or in the folder that the environment variable `DIST` names. `ENGINES` names the
//! engines.

use e2e::browser::{Browser, BrowserError, Engine};
use e2e::in_each_engine;
use e2e::page::{Page, PageError, eventually};
use e2e::server::{Outcome, Reply};
use e2e::stage::{Stage, TestResult};
use fantoccini::key::Key;
use serde_json::Value;

/// Less than half a second of waits.
const LINK: &str = "async-basics?scale=0.2&seed=7";
const WEIGHTS: &str = "static/models/logistic-regression.safetensors";

in_each_engine![
    a_run_measures_what_it_shows,
    stop_stops_at_once,
    a_link_reproduces_its_run,
    controls_take_what_a_person_enters,
    keys_alone_run_and_stop,
    each_browser_has_a_profile_of_its_own,
    a_dropped_browser_is_gone,
    what_an_engine_does_not_tell_is_an_error,
];

async fn a_run_measures_what_it_shows(engine: Engine) -> TestResult {
    let stage = Stage::in_engine(engine, LINK).await?;
    let page = &stage.page;
    page.run_to_the_end().await?;
    let bars = page.bars().await?;
    assert_eq!(bars.len(), 4);
    for bar in bars {
        let (measured, ideal) = (bar.measured_ms.unwrap_or_default(), bar.ideal_ms.unwrap_or(f64::INFINITY));
        // The clock has steps of up to 1 ms, at the begin and at the end.
        assert!(measured >= ideal - 2.0, "{bar:?}");
    }
    page.open_disclosures().await?;
    assert!(page.shown().await?.rows.join("\n").contains("download_model"));
    Ok(())
}

async fn stop_stops_at_once(engine: Engine) -> TestResult {
    let stage = Stage::in_engine(engine, LINK).await?;
    let page = &stage.page;
    stage.server.replace(WEIGHTS, Reply::Never);
    page.press("Run").await?;
    page.wait_for_status("Running").await?;
    wait_for_outcome(&stage, WEIGHTS, Outcome::Pending).await?;
    page.press("Stop").await?;
    assert!(page.status().await?.starts_with("Stopped"));
    wait_for_outcome(&stage, WEIGHTS, Outcome::ClosedByClient).await?;

    stage.server.restore(WEIGHTS);
    page.run_to_the_end().await?;
    Ok(())
}

async fn wait_for_outcome(stage: &Stage, path: &str, expected: Outcome) -> Result<(), PageError> {
    eventually(&format!("a request for `{path}` that is {expected:?}"), async || {
        let outcome = stage.server.outcome_of(path);
        Ok(if outcome == Some(expected) { Ok(()) } else { Err(format!("{outcome:?}")) })
    })
    .await
}

async fn a_link_reproduces_its_run(engine: Engine) -> TestResult {
    let stage = Stage::in_engine(engine, "async-basics").await?;
    let page = &stage.page;
    page.fill_in("scale", "0.2").await?;
    page.fill_in("seed", "42").await?;
    wait_for_link(page, "async-basics?scale=0.2&seed=42").await?;
    page.run_to_the_end().await?;
    let (digits, values) = (page.digits().await?, page.values().await?);
    assert_eq!(digits.len(), 12);

    page.reload().await?;
    page.run_to_the_end().await?;
    assert_eq!((page.digits().await?, page.values().await?), (digits.clone(), values.clone()));
    page.open(LINK).await?;
    page.run_to_the_end().await?;
    assert_ne!(page.digits().await?, digits, "another seed");
    page.open("async-basics?scale=0.2&seed=42").await?;
    page.run_to_the_end().await?;
    assert_eq!((page.digits().await?, page.values().await?), (digits, values));
    Ok(())
}

async fn wait_for_link(page: &Page, expected: &str) -> Result<(), PageError> {
    eventually(&format!("the link `{expected}`"), async || {
        let link = page.link().await?;
        Ok(if link == expected { Ok(()) } else { Err(format!("`{link}`")) })
    })
    .await
}

async fn controls_take_what_a_person_enters(engine: Engine) -> TestResult {
    let stage = Stage::in_engine(engine, "async-basics?seed=7").await?;
    let page = &stage.page;
    page.fill_in("load", "2001").await?;
    let refused = page.control("load").await?;
    assert!(refused.is_invalid && refused.refusal.contains("2001") && refused.value == "2001", "{refused:?}");
    assert!(!page.is_enabled("Run").await?);
    page.fill_in("load", "").await?;
    assert!(page.control("load").await?.is_invalid);
    page.fill_in("load", "350").await?;
    page.turn("blocking").await?;
    page.nudge("download").await?;
    wait_for_link(page, "async-basics?download=450&load=350&blocking=off&seed=7").await?;

    page.open("common-issues").await?;
    page.wait_for_button("Run").await?;
    assert_eq!(page.control("issue").await?.value, "all");
    page.choose("issue", "blocked-loop").await?;
    wait_for_link(page, "common-issues?issue=blocked-loop&seed=7").await?;
    assert_eq!(page.control("issue").await?.value, "blocked-loop");
    Ok(())
}

async fn keys_alone_run_and_stop(engine: Engine) -> TestResult {
    let stage = Stage::in_engine(engine, "async-basics?seed=7").await?;
    let page = &stage.page;
    stage.server.replace(WEIGHTS, Reply::Never);
    page.tab_to("Run").await?;
    page.key(Key::Enter).await?;
    page.wait_for_status("Running").await?;
    page.tab_to("Stop").await?;
    page.key(Key::Enter).await?;
    page.wait_for_status("Stopped").await?;
    Ok(())
}

async fn each_browser_has_a_profile_of_its_own(engine: Engine) -> TestResult {
    let stage = Stage::in_engine(engine, LINK).await?;
    stage.page.ask::<()>("localStorage.setItem('mark', 'mine')", Vec::new()).await?;
    let other = Browser::start(engine).await?;
    let page = Page::new(&other, stage.server.url());
    page.open(LINK).await?;
    let mark = "return localStorage.getItem('mark')";
    assert_eq!(page.ask::<Value>(mark, Vec::new()).await?, Value::Null);
    assert_eq!(stage.page.ask::<Value>(mark, Vec::new()).await?, "mine", "both run side by side");
    Ok(())
}

async fn a_dropped_browser_is_gone(engine: Engine) -> TestResult {
    let stage = Stage::in_engine(engine, LINK).await?;
    stage.server.replace(WEIGHTS, Reply::Never);
    stage.page.press("Run").await?;
    wait_for_outcome(&stage, WEIGHTS, Outcome::Pending).await?;
    let Stage { page, browser, server } = stage;
    drop((page, browser));
    eventually("a request that its browser has left", async || {
        let outcome = server.outcome_of(WEIGHTS);
        Ok(if outcome == Some(Outcome::ClosedByClient) { Ok(()) } else { Err(format!("{outcome:?}")) })
    })
    .await?;
    Ok(())
}

async fn what_an_engine_does_not_tell_is_an_error(engine: Engine) -> TestResult {
    let browser = Browser::start(engine).await?;
    let told = [browser.complaints().await.map(drop), browser.requested_urls().await.map(drop)];
    let is_told = |it: &Result<(), BrowserError>| !matches!(it, Err(BrowserError::NotTold { .. }));
    assert_eq!(told.iter().all(is_told), engine == Engine::Chromium, "{told:?}");
    assert_eq!(told.iter().any(is_told), engine == Engine::Chromium, "{told:?}");
    Ok(())
}
