//! The cards of the first page, as nodes: the HTML and the app show the same.

use crate::exercises::catalogue::PROGRAM;
use crate::exercises::exercise::Exercise;
use crate::figures::node::{Element, element};
use crate::figures::picture;
use crate::share::permalink::Destination;

/// The heading above the exercises.
pub const EXERCISES: &str = "Exercises";

/// A description of the exercises.
pub const ABOUT_EXERCISES: &str = "Programs with controls, their code in Rust and Python, and a drawing of every run. They \
     follow a guide to asynchronous Python for machine learning: the Python guide.";

/// The heading above the other pages.
pub const MORE: &str = "Your program, guide and benchmark";

/// The cards of the other pages: title, destination, and what is there.
#[must_use]
pub fn more() -> [(&'static str, Destination, &'static str); 3] {
    [
        (PROGRAM.title, Destination::from_exercise(PROGRAM), PROGRAM.teaches),
        (
            "Guide",
            Destination::Guide,
            "When async pays off and when it does not, best practices, and what Python's terms are called in Rust. Each \
             claim links to a run that shows it.",
        ),
        (
            "Benchmark",
            Destination::Benchmark { runs_at_once: false },
            "The cost of the runtime itself, compared with the browser's own promises.",
        ),
    ]
}

/// An exercise with the picture of its ideal or of a run. `address` is where its link leads.
#[must_use]
pub fn of_exercise(exercise: &Exercise, address: String, is_done: bool) -> Element {
    let part = (exercise.part > 0).then(|| element("span").class("part").text(exercise.part.to_string()));
    let done = is_done.then(|| element("span").class("done").text("✓ finished"));
    element("li")
        .class("card")
        .child(picture::shown(exercise.slug))
        .child(element("div").class("card-head").children(part).child(title(exercise.title, address)).children(done))
        .child(element("p").text(exercise.teaches))
}

/// Another page.
#[must_use]
pub fn of_page(name: &'static str, address: String, about: &'static str) -> Element {
    element("li").class("card").child(title(name, address)).child(element("p").text(about))
}

fn title(title: &'static str, address: String) -> Element {
    element("h2").child(element("a").attr("href", address).text(title))
}
