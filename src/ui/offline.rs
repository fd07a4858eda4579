//! Has the site kept, so that it loads again without a network.

use std::time::Duration;

use leptos::prelude::{document, set_timeout};
use leptos::task::spawn_local;

use crate::endpoint::service_worker::{keep_site, on_change};

/// By then what the page shows first is there.
const LOOKS_EVERY: Duration = Duration::from_secs(1);

/// The bar of whatever runs.
const RUNNING: &str = ".run-bar.running";

/// Has this release kept, and each one that comes while the page is open.
pub(super) fn keep() {
    keep_when_quiet();
    on_change(keep_when_quiet);
}

/// Waits until the page is loaded and nothing is measured, which a hundred requests would disturb.
fn keep_when_quiet() {
    set_timeout(
        || match document().query_selector(RUNNING) {
            Ok(None) => spawn_local(keep_site()),
            _ => keep_when_quiet(),
        },
        LOOKS_EVERY,
    );
}
