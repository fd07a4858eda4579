//! Each chart, defined once: a function that returns a tree of nodes, which the page turns into elements and the HTML
//! report into text. Pure.
//!
//! A chart is a `figure` with a caption in words, and a table with the same data behind a disclosure. Lengths are SVG
//! attributes: percentages, or numbers in a box that stretches. So style sheets decide about sizes, and the page and
//! the report differ only by theirs. What a reader can move (the timeline's canvas, the slider of the sweep) is in
//! `ui`.

mod columns;
mod histogram;
#[cfg(test)]
mod query;

pub mod bands;
pub mod bars;
pub mod batch_sizes;
pub mod code;
pub mod digits;
pub mod distribution;
pub mod excerpt;
pub mod flow;
pub mod geometry;
pub mod lanes;
pub mod latency;
pub mod markup;
pub mod moment;
pub mod node;
pub mod picture;
pub mod prose;
pub mod race;
pub mod section;
pub mod sweep;
pub mod table;
pub mod tasks;
pub mod test_results;
pub mod timeline;
pub mod tracks;
pub mod validations;
