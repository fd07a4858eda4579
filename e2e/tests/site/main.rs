//! The behaviour that users rely on, in real browsers, with the built site under a sub-path.

mod api_calls;
mod async_basics;
mod engines;
mod exercises;
mod measuring;
mod model_server;
mod pages;
mod programs;
mod sandbox;
mod soak;

use std::process::ExitCode;

use e2e::suite;

fn main() -> ExitCode {
    let tests = engines::tests()
        .chain(async_basics::tests())
        .chain(exercises::tests())
        .chain(api_calls::tests())
        .chain(measuring::tests())
        .chain(model_server::tests())
        .chain(pages::tests())
        .chain(programs::tests())
        .chain(sandbox::tests())
        .chain(soak::tests());
    suite::run(tests.collect())
}
