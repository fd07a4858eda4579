//! Files that are missing, incomplete or of another kind: the run fails with a clear message, and can be started again.

use e2e::fixture::{Fixture, TestResult};
use e2e::in_chromium;
use e2e::server::Replacement;
use e2e::suite::Test;

use super::{DATA, SHORT, WEIGHTS};

pub fn tests() -> impl Iterator<Item = Test> {
    in_chromium![
        bad_weights_fail_the_run_with_a_clear_message_and_good_ones_fix_it,
        a_bad_data_set_fails_the_run_with_a_clear_message_and_a_good_one_fixes_it
    ]
}

async fn bad_weights_fail_the_run_with_a_clear_message_and_good_ones_fix_it() -> TestResult {
    assert_bad_files_are_reported(WEIGHTS, "weights").await
}

async fn a_bad_data_set_fails_the_run_with_a_clear_message_and_a_good_one_fixes_it() -> TestResult {
    assert_bad_files_are_reported(DATA, "data set").await
}

/// Asserts that a network error names the file, and that bad content is reported with the expected content.
async fn assert_bad_files_are_reported(path: &str, what: &str) -> TestResult {
    let fixture = Fixture::open(SHORT).await?;
    let page = &fixture.page;
    let html = Replacement::Bytes { content_type: "text/html", body: b"<!DOCTYPE html><title>Hi</title>".to_vec() };
    let noise = Replacement::Bytes { content_type: "application/octet-stream", body: noise() };
    let empty = Replacement::Bytes { content_type: "application/octet-stream", body: Vec::new() };
    for (reply, expected) in [
        (Replacement::Status(404), path),
        (Replacement::Status(500), path),
        (Replacement::CutAfter(700), path),
        (html, what),
        (noise, what),
        (empty, what),
    ] {
        fixture.server.replace(path, reply.clone());
        page.press("Run").await?;
        let status = page.wait_for_status("Failed").await?;
        assert!(status.contains(expected), "{reply:?}: {status}");
        let failure = page.texts(".failure").await?.join(" ");
        assert!(failure.contains(expected), "{reply:?}: {failure}");
        let log = page.log().await?.join("\n");
        assert!(log.contains(expected), "{reply:?}: {log}");

        fixture.server.restore(path);
        page.run_to_the_end().await?;
        assert_eq!(page.texts(".failure").await?, [""; 0], "{reply:?}: a good run leaves no failure on the page");
    }
    Ok(())
}

/// Random bytes, the same every time.
fn noise() -> Vec<u8> {
    let step = |state: &u32| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
    std::iter::successors(Some(7_u32), step).map(|state| (state >> 24) as u8).take(6_000).collect()
}
