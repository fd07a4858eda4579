//! A run that leaves the page, as a link or as a file, and runs that are kept and held against each other.

pub mod date;
pub mod export;
pub mod history;
pub mod permalink;
pub mod quantities;
pub mod run_file;
pub mod saved;
pub mod sent;

#[cfg(test)]
mod old_links;
#[cfg(test)]
mod samples;
