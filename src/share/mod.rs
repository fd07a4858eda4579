//! A run that leaves the page.

pub mod permalink;
pub mod sent;
