//! The texts and links around every page. The page shows them, and so does the HTML that a browser paints before the
//! page's code has arrived, which `tools/site` writes.

pub mod cards;
pub mod first_run;

use crate::exercises::catalogue::{COMMON_ISSUES, EXERCISES, PROGRAM};
use crate::exercises::exercise::Exercise;
use crate::share::permalink::Destination;

/// The name of the site.
pub const NAME: &str = "Interleave";

/// The heading of the first page.
pub const HOME_HEADING: &str = "See what concurrency buys you";

/// The links next to it: the text of each, and its destination.
#[must_use]
pub fn home_links() -> [(&'static str, Destination); 3] {
    [
        ("Start with part 1", Destination::from_exercise(EXERCISES[0])),
        ("Read the guide", Destination::Guide),
        ("Write your own program", Destination::from_exercise(PROGRAM)),
    ]
}

/// The first page in a sentence.
pub const HOME_ABOUT: &str = "Real asynchronous programs, run in your browser, drawn task by task and measured.";

/// The links in the top bar: the name of each page, and its destination.
#[must_use]
pub fn more() -> [(&'static str, Destination); 5] {
    [
        (PROGRAM.short_title, Destination::from_exercise(PROGRAM)),
        ("Guide", Destination::Guide),
        (COMMON_ISSUES.short_title, Destination::from_exercise(COMMON_ISSUES)),
        ("Benchmark", Destination::Benchmark { runs_at_once: false }),
        ("Runs", Destination::Runs),
    ]
}

/// The text of the button that changes the colour scheme.
#[must_use]
pub fn theme_button(scheme: &str) -> String {
    format!("Theme: {scheme}")
}

/// The title of an exercise's page, in the browser's tabs and in link previews.
#[must_use]
pub fn title_of(exercise: &Exercise) -> String {
    format!("{} · {NAME}", exercise.title)
}
