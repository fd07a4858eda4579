//! The pages around the exercises (the first page, the guide, saved runs), and what works the same on every page.

mod accessibility;
mod all_pages;
mod baseline;
mod code;
mod console;
mod embedded;
mod every_page;
mod exploring;
mod forecast;
mod guide;
mod home;
mod hosts;
mod keyboard;
mod large_runs;
mod offline;
mod one_screen;
mod own_pages;
mod runs;
mod scrolling;
mod tabs;

use e2e::suite::Test;

/// A run of some 200 ms.
const QUICK: &str = "async-basics?download=60&load=20&preprocess=20&blocking=off&seed=7";

pub fn tests() -> impl Iterator<Item = Test> {
    accessibility::tests()
        .chain(baseline::tests())
        .chain(code::tests())
        .chain(console::tests())
        .chain(embedded::tests())
        .chain(every_page::tests())
        .chain(exploring::tests())
        .chain(forecast::tests())
        .chain(home::tests())
        .chain(guide::tests())
        .chain(hosts::tests())
        .chain(keyboard::tests())
        .chain(large_runs::tests())
        .chain(offline::tests())
        .chain(one_screen::tests())
        .chain(own_pages::tests())
        .chain(runs::tests())
        .chain(scrolling::tests())
        .chain(tabs::tests())
}
