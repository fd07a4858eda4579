//! The charts. Each is a figure with a caption in words, and a table with the same data behind a disclosure.

pub(super) mod bars;
pub(super) mod digits;
pub(super) mod distribution;
mod painter;
pub(super) mod timeline;
