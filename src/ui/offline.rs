//! Caches the site, so that it loads without a network.

use std::time::Duration;

use leptos::prelude::{document, set_timeout};
use leptos::task::spawn_local;

use crate::endpoint::service_worker::{install, keep_site, on_change};

/// After this time the page shows its first view.
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// The bar of a run that is running.
const RUNNING: &str = ".run-bar.running";

/// Caches this release, and each one that is published while the page is open.
pub(super) fn keep() {
    on_change(|| when_quiet(|| spawn_local(keep_site())));
    when_quiet(|| {
        spawn_local(async {
            install().await;
            keep_site().await;
        });
    });
}

/// Calls `act` once the page is loaded and nothing is measured: a hundred requests would disturb a measurement.
fn when_quiet(act: fn()) {
    let check = move || match document().query_selector(RUNNING) {
        Ok(None) => act(),
        _ => when_quiet(act),
    };
    set_timeout(check, CHECK_EVERY);
}
