//! The behaviour that users rely on, in real browsers, with the built site under a sub-path.

mod api_calls;
mod async_basics;
mod engines;
mod exercises;
mod measuring;
mod model_server;
mod pages;
mod program;
mod program_errors;
mod program_files;
mod program_keyboard;
mod program_many;
mod program_stop;
mod program_suite;
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
        .chain(program::tests())
        .chain(program_errors::tests())
        .chain(program_files::tests())
        .chain(program_keyboard::tests())
        .chain(program_many::tests())
        .chain(program_stop::tests())
        .chain(program_suite::tests())
        .chain(sandbox::tests())
        .chain(soak::tests());
    suite::run(tests.collect())
}
