//! The page before a run, and what is always true of it: sources, keyboard, console, network.

use std::collections::BTreeSet;

use e2e::fixture::{BASE, Fixture, TestResult};
use e2e::in_chromium;
use e2e::page::{IS_RUNNING, eventually};
use e2e::server::Outcome;
use e2e::suite::Test;
use fantoccini::key::Key;

use super::{DEFAULTS, LONG, SHORT, WEIGHTS, run_and_stop_with_keys};

pub fn tests() -> impl Iterator<Item = Test> {
    in_chromium![
        the_page_opens_ready_to_run,
        both_sources_are_shown_with_the_exercise,
        a_good_run_leaves_the_console_clean,
        every_request_stays_under_the_sub_path_of_this_host,
        the_keyboard_reaches_everything,
        a_control_can_be_changed_with_the_keyboard_alone
    ]
}

async fn the_page_opens_ready_to_run() -> TestResult {
    let fixture = Fixture::open(DEFAULTS).await?;
    let page = &fixture.page;
    page.wait_for_status("Ready").await?;
    assert_eq!(page.texts("[role=status]").await?.len(), 1, "there is one status");
    assert_eq!(page.title().await?, "Async basics");
    assert!(page.is_enabled("Run").await?);
    assert!(!page.is_enabled("Stop").await?, "nothing runs");
    assert!(page.is_enabled("Copy link").await?);
    assert_eq!(page.notices().await?, [""; 0]);
    let names: Vec<_> = page.names_and_values().await?.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["download", "load", "preprocess", "scale", "blocking", "seed"]);
    Ok(())
}

async fn both_sources_are_shown_with_the_exercise() -> TestResult {
    let fixture = Fixture::open(DEFAULTS).await?;
    let page = &fixture.page;
    for (language, path, expected) in [
        ("Rust", "src/exercises/async_basics.rs", "async fn concurrent_execution"),
        ("Python", "static/python/async_basics.py", "async def concurrent_execution"),
    ] {
        page.press(language).await?;
        eventually(language, async || {
            let sources = page.texts("section.sources").await?.join("\n");
            Ok(if sources.contains(expected) && sources.contains(path) { Ok(()) } else { Err(sources) })
        })
        .await?;
    }
    Ok(())
}

async fn a_good_run_leaves_the_console_clean() -> TestResult {
    let fixture = Fixture::open(DEFAULTS).await?;
    fixture.page.run_to_the_end().await?;
    fixture.page.open_disclosures().await?;
    fixture.page.stop_when(IS_RUNNING).await?;
    fixture.page.press("Run").await?;
    fixture.page.wait_for_status("Stopped").await?;
    assert_eq!(fixture.browser.console_problems().await?, []);
    Ok(())
}

async fn every_request_stays_under_the_sub_path_of_this_host() -> TestResult {
    let fixture = Fixture::open(SHORT).await?;
    fixture.page.run_to_the_end().await?;
    let requests = fixture.server.requests();
    let outside: Vec<_> = requests.iter().filter(|request| !request.path.starts_with(BASE)).collect();
    assert!(outside.is_empty(), "{outside:?}");
    // The service worker may be caching the site at the moment.
    let is_good = |outcome| matches!(outcome, Outcome::Answered(200) | Outcome::Pending);
    let missing: Vec<_> = requests.iter().filter(|request| !is_good(request.outcome)).collect();
    assert!(missing.is_empty(), "{missing:?}");

    let urls = fixture.browser.requested_urls().await?;
    assert!(urls.iter().any(|url| url.ends_with(WEIGHTS)), "{urls:?}");
    let foreign: Vec<_> = urls.iter().filter(|url| !url.starts_with(fixture.server.url())).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    Ok(())
}

async fn the_keyboard_reaches_everything() -> TestResult {
    let fixture = Fixture::open(LONG).await?;
    let page = &fixture.page;
    run_and_stop_with_keys(page).await?;

    page.open_disclosures().await?;
    page.tab_to("Run").await?;
    let stops: BTreeSet<_> = page.tab_to("Run").await?.into_iter().collect();
    for name in ["download", "load", "preprocess", "scale", "blocking", "seed", "Copy link", "canvas"] {
        assert!(stops.contains(name), "{name} is not one of {stops:?}");
    }
    Ok(())
}

async fn a_control_can_be_changed_with_the_keyboard_alone() -> TestResult {
    let fixture = Fixture::open(DEFAULTS).await?;
    let page = &fixture.page;
    page.tab_to("summary").await?;
    page.key(Key::Space).await?;
    page.tab_to("blocking").await?;
    page.key(Key::Space).await?;
    page.wait_for_link("async-basics?blocking=off&seed=7").await?;
    Ok(())
}
