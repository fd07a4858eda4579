//! What a person can rely on around the lessons: the first page, the guide, runs that are held against others and runs that are kept.

mod accessibility;
mod beside;
mod console;
mod every;
mod first;
mod guide;
mod keyboard;
mod offline;
mod runs;
mod tabs;
mod widths;

use e2e::suite::Test;

pub fn tests() -> impl Iterator<Item = Test> {
    accessibility::tests()
        .chain(beside::tests())
        .chain(console::tests())
        .chain(first::tests())
        .chain(guide::tests())
        .chain(keyboard::tests())
        .chain(offline::tests())
        .chain(runs::tests())
        .chain(tabs::tests())
        .chain(widths::tests())
}
