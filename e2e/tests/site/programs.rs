//! The page of the reader's own program: real Python in the sandbox.

mod archive;
mod assignments;
mod editor;
mod errors;
mod files;
mod keyboard;
mod links;
mod many;
mod pytest;
mod recorder;
mod requests;
mod runs;
mod saving;
mod stop;
mod suite;
mod threads;
mod traps;
mod wheels;

use e2e::suite::Test;

pub fn tests() -> impl Iterator<Item = Test> {
    assignments::tests()
        .chain(errors::tests())
        .chain(files::tests())
        .chain(keyboard::tests())
        .chain(links::tests())
        .chain(many::tests())
        .chain(pytest::tests())
        .chain(recorder::tests())
        .chain(requests::tests())
        .chain(runs::tests())
        .chain(saving::tests())
        .chain(stop::tests())
        .chain(suite::tests())
        .chain(threads::tests())
        .chain(traps::tests())
        .chain(wheels::tests())
}
