//! What a person can rely on around the exercises: the first page, the guide, runs that are held against others and runs that are kept.

mod accessibility;
mod all_pages;
mod baseline;
mod console;
mod guide;
mod home;
mod keyboard;
mod offline;
mod runs;
mod tabs;
mod widths;

use e2e::suite::Test;

pub fn tests() -> impl Iterator<Item = Test> {
    accessibility::tests()
        .chain(baseline::tests())
        .chain(console::tests())
        .chain(home::tests())
        .chain(guide::tests())
        .chain(keyboard::tests())
        .chain(offline::tests())
        .chain(runs::tests())
        .chain(tabs::tests())
        .chain(widths::tests())
}
