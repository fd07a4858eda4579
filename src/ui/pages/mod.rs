//! The pages.

pub(super) mod benchmark;
pub(super) mod embed;
pub(super) mod exercise;
pub(super) mod guide;
pub(super) mod home;
pub(super) mod runs;
