//! The charts of a page: the data of a lab, drawn as `figures` defines it, and what the reader can move in it.

pub(super) mod bars;
pub(super) mod batch_sizes;
pub(super) mod digits;
pub(super) mod distribution;
pub(super) mod flow;
pub(super) mod latency;
mod painter;
pub(super) mod sweep;
pub(super) mod timeline;
