//! What a person can rely on at the exercise "Async basics", in a real browser, with the built site under a sub-path.

mod bad_files;
mod controls;
mod links;
mod page;
mod parts;
mod run;
mod stop;

use e2e::browser::Engine;
use e2e::fixture::{Fixture, TestError};
use e2e::suite::Test;

pub fn tests() -> impl Iterator<Item = Test> {
    bad_files::tests()
        .chain(controls::tests())
        .chain(links::tests())
        .chain(page::tests())
        .chain(parts::tests())
        .chain(run::tests())
        .chain(stop::tests())
}

const WEIGHTS: &str = "static/models/logistic-regression.safetensors";
const DATA: &str = "static/data/digits.csv";

/// The exercise with its defaults: 900 ms of waits in a row, then 700 ms, 100 ms and 300 ms.
const DEFAULTS: &str = "async-basics?seed=7";
/// A run of half a minute, for tests that stop it.
const LONG: &str = "async-basics?download=2000&scale=5&seed=7";
/// A run of less than 200 ms.
const SHORT: &str = "async-basics?scale=0.1&blocking=off&seed=7";

/// A fixture for tests that count requests: the page asks for the service worker, and that for all of the site, at any time
/// after the first second in which nothing runs. Where the browser has none, nothing is asked for.
async fn without_service_worker(link: &str) -> Result<Fixture, TestError> {
    let remove = "Object.defineProperty(navigator, 'serviceWorker', { value: undefined })";
    Fixture::open_with_script(Engine::Chromium, link, remove).await
}
