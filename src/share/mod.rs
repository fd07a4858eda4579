//! Sharing and saving runs: links, files, the list of saved runs, and the comparison of runs.

pub mod date;
pub mod embed;
pub mod export;
pub mod history;
pub mod permalink;
pub mod program_changes;
pub mod program_link;
pub mod programs;
pub mod quantities;
pub mod run_file;
pub mod saved;
pub mod sent;

mod link_repair;

#[cfg(test)]
mod old_links;
#[cfg(test)]
mod samples;
