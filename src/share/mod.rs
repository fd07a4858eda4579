//! A run that leaves the page.

pub mod history;
pub mod permalink;
pub mod quantities;
pub mod sent;
