//! The charts of a page: the data of a run, drawn as `figures` defines it, and what the reader can move in it.

pub(super) mod bars;
mod painter;
pub(super) mod sweep;
pub(super) mod timeline;
