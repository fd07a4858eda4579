//! The code that shows an exercise inside another page.

use crate::exercises::exercise::Exercise;
use crate::figures::markup::to_html;
use crate::figures::node::element;

/// The height of the frame in pixels until the exercise has reported its own.
const HEIGHT: &str = "420";

/// The HTML of a frame with the exercise. `address` is the complete address of its embedded form.
#[must_use]
pub fn frame_code(exercise: &Exercise, address: &str) -> String {
    let frame = element("iframe")
        .attr("src", address.to_owned())
        .attr("title", format!("{}, in Interleave", exercise.title))
        .attr("width", "100%")
        .attr("height", HEIGHT)
        .attr("style", "border: 0")
        .attr("loading", "lazy");
    to_html(&[frame.into()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_cannot_break_out_of_its_attribute() {
        let exercise = &crate::exercises::async_basics::EXERCISE;
        let code = frame_code(exercise, "https://example.org/#/async-basics?seed=7&embed=1\"><script>");
        assert!(code.starts_with(
            "<iframe src=\"https://example.org/#/async-basics?seed=7&amp;embed=1&quot;&gt;&lt;script&gt;\" \
             title=\"Async basics, in Interleave\""
        ));
        assert!(code.ends_with("></iframe>"), "{code}");
    }
}
