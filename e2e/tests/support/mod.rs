//! Helpers of the tests that send requests to a server directly.

use std::time::{Duration, Instant};

/// Far longer than anything takes on an idle machine, so that tests do not fail on a busy one.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Waits until a condition is true.
#[track_caller]
pub fn wait_until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + TIMEOUT;
    while !condition() {
        assert!(Instant::now() < deadline, "the condition was not true in time");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The host and the port in the address of a site.
pub fn authority(url: &str) -> &str {
    url.trim_start_matches("http://").split('/').next().unwrap_or_default()
}
