//! The charts of a page: the data of a run, drawn as `figures` defines it, and the parts that the reader can use.

mod painter;
pub(super) mod sweep;
pub(super) mod timeline;
