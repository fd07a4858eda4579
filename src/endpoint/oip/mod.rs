//! The client of the Open Inference Protocol v2, on top of [`http`](crate::endpoint::http).
//!
//! A client knows only the base URL: nothing in it depends on which server answers.

mod client;
mod error;
mod message;

pub use client::{Client, MAX_BYTES};
pub use error::OipError;
