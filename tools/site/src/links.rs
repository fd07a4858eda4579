//! The links between the HTML pages of the site.

use interleave::share::permalink::Destination;

/// The link to a page, from a page whose site is at `root`. An exercise has a page of its own.
pub fn address(root: &str, destination: &Destination) -> String {
    match destination {
        Destination::Exercise(setup) => format!("{root}{}/", setup.exercise.slug),
        other => format!("{root}{other}"),
    }
}
