//! Has the site kept, so that it loads again without a network.

use std::time::Duration;

use leptos::prelude::{document, set_timeout};
use leptos::task::spawn_local;

use crate::endpoint::service_worker::{install, keep_site, on_change};

/// By then what the page shows first is there.
const LOOKS_EVERY: Duration = Duration::from_secs(1);

/// The bar of whatever runs.
const RUNNING: &str = ".run-bar.running";

/// Has this release kept, and each one that comes while the page is open.
pub(super) fn keep() {
    on_change(|| when_quiet(|| spawn_local(keep_site())));
    when_quiet(|| {
        spawn_local(async {
            install().await;
            keep_site().await;
        });
    });
}

/// Waits until the page is loaded and nothing is measured, which a hundred requests would disturb.
fn when_quiet(act: fn()) {
    let look = move || match document().query_selector(RUNNING) {
        Ok(None) => act(),
        _ => when_quiet(act),
    };
    set_timeout(look, LOOKS_EVERY);
}
