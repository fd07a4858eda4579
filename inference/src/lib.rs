//! Hand-written digits and the classifiers that tell them apart, for the page and for its model server.
//!
//! - [`digits`]: the images and their labels, read from CSV, and the scaling that comes before a classifier.
//! - [`classifier`]: weights read from safetensors, and what they make of an image.
//! - [`protocol`]: the Open Inference Protocol's requests and responses, for client and server.
//! - [`server`]: the model server's logic, from a request to the plan of a reply.
//!
//! All take bytes and give values: where the bytes come from is left to the caller, and nothing here knows a page, a
//! clock or a runtime. Whatever the bytes are, the answer is a value or an error that names the cause.
//!
//! ```
//! use inference::{classifier::Classifier, digits::Digits};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let digits = Digits::from_csv(&std::fs::read("../static/data/digits.csv")?)?;
//! let classifier = Classifier::from_safetensors(&std::fs::read("../static/models/mlp-64.safetensors")?)?;
//! assert_eq!(classifier.predict(&digits.scaled(0))?, [digits.label(0)]);
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod classifier;
pub mod digits;
mod lanes;
mod layer;
pub mod protocol;
pub mod server;
mod weights;
