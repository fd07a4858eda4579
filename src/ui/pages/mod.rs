//! The pages.

pub(super) mod benchmark;
pub(super) mod exercise;
