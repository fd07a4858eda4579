//! The behaviour that users rely on, in real browsers, with the built site under a sub-path.

mod api_calls;
mod async_basics;
mod engines;
mod exercises;
mod measuring;
mod model_server;
mod pages;
mod soak;

use std::process::ExitCode;

use e2e::suite::{self, Test};

fn main() -> ExitCode {
    let together = engines::tests()
        .chain(async_basics::tests())
        .chain(exercises::tests())
        .chain(api_calls::tests())
        .chain(model_server::tests())
        .chain(pages::tests());
    let alone = exercises::measuring().chain(measuring::tests()).chain(soak::tests());
    suite::run(together.chain(alone.map(Test::alone)).collect())
}
