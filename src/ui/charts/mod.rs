//! The charts. Each is a figure with a caption in words, and a table with the same data behind a disclosure.

pub(super) mod bars;
pub(super) mod batch_sizes;
mod columns;
pub(super) mod digits;
pub(super) mod distribution;
pub(super) mod flow;
pub(super) mod latency;
mod painter;
mod spread;
pub(super) mod sweep;
pub(super) mod timeline;
