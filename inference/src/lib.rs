//! Handwritten digits and the classifiers that recognise them, for the page and for its model server.
//!
//! - [`digits`]: the images and their labels, read from CSV, and the scaling that comes before a classifier.
//! - [`classifier`]: weights read from safetensors, and their predictions.
//! - [`protocol`]: the Open Inference Protocol's requests and responses, for client and server.
//! - [`server`]: the model server's logic, from a request to a pending reply.
//! - [`random`]: random numbers that depend only on a seed and a key.
//!
//! All but the last take bytes and return values. The caller brings the bytes, and nothing here depends on a page, a
//! clock or a runtime. For any bytes, the result is a value or an error that names the cause.
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
pub mod random;
pub mod server;
mod weights;
