//! The weights of a classifier, read from a safetensors file.
//!
//! A file contains `layers.0.weight` `[outputs, inputs]`, `layers.0.bias` `[outputs]` and so on, in float32. Everything
//! is checked before it is used: the header against the file's size, the tensors' names, datatypes and shapes against
//! each other, and that every number is finite.
//!
//! Format: <https://github.com/huggingface/safetensors#format>. The `safetensors` crate parses and checks the header.
//! The sizes are compared here, so that the error for a truncated file says so and gives both sizes.

use std::cmp::Ordering;

use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use thiserror::Error;

use crate::digits::{CLASSES, PIXELS};
use crate::layer::Layer;

/// The size of the header's length, which comes before the header.
const LENGTH_BYTES: usize = size_of::<u64>();

/// The maximum length of a header, by the format's rules.
const MAX_HEADER_BYTES: u64 = 100_000_000;

/// The reason bytes are not a classifier.
#[derive(Debug, Error)]
pub enum ClassifierError {
    /// The file is empty.
    #[error("the file is empty")]
    Empty,
    /// The file is a web page. Many servers send one for a wrong address.
    #[error("found a web page instead of a safetensors file")]
    WebPage,
    /// The file has another format, or its header breaks the format's rules.
    #[error("the file is not a safetensors file")]
    NotSafetensors {
        /// The problem in the header, if there is a header.
        #[source]
        source: Option<serde_json::Error>,
    },
    /// The file is incomplete.
    #[error("the file is cut off: it has {found} bytes and needs at least {expected}")]
    Truncated {
        /// The number of bytes that the header declares.
        expected: u64,
        /// The number of bytes in the file.
        found: u64,
    },
    /// The file continues after its last tensor.
    #[error("the file has {found} bytes, but its tensors end at {expected}")]
    TooLong {
        /// The number of bytes that the header declares.
        expected: u64,
        /// The number of bytes in the file.
        found: u64,
    },
    /// The metadata do not contain the classifier's name.
    #[error("the metadata have no `name`")]
    NoName,
    /// A layer has no weight or no bias, or there is no layer.
    #[error("tensor `{tensor}` is missing")]
    MissingTensor {
        /// The name of the tensor.
        tensor: String,
    },
    /// The file has a tensor that no layer uses.
    #[error("tensor `{tensor}` belongs to no layer")]
    UnknownTensor {
        /// The name of the tensor.
        tensor: String,
    },
    /// A tensor's numbers are not float32.
    #[error("tensor `{tensor}` has datatype {found}, expected F32")]
    WrongDatatype {
        /// The name of the tensor.
        tensor: String,
        /// The datatype.
        found: Dtype,
    },
    /// A tensor does not fit the layer before it, or the 64 pixels, or the 10 classes.
    #[error("tensor `{tensor}` has shape {found:?}, expected {expected}")]
    WrongShape {
        /// The name of the tensor.
        tensor: String,
        /// The expected shape; `n` is any number from 1.
        expected: String,
        /// The shape in the file.
        found: Vec<usize>,
    },
    /// A weight is infinite or not a number.
    #[error("tensor `{tensor}` has {} at index {index}, expected finite numbers", description(*found))]
    NotFinite {
        /// The name of the tensor.
        tensor: String,
        /// The position in the tensor, row by row, from 0.
        index: usize,
        /// The number.
        found: f32,
    },
}

/// The content of a file: at least one layer, from 64 inputs to 10 outputs.
pub(crate) struct Weights {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) layers: Vec<Layer>,
}

impl Weights {
    pub(crate) fn from_safetensors(bytes: &[u8]) -> Result<Self, ClassifierError> {
        let file = File::open(bytes)?;
        Ok(Self {
            name: file.text("name").ok_or(ClassifierError::NoName)?.to_owned(),
            description: file.text("description").unwrap_or_default().to_owned(),
            layers: file.layers()?,
        })
    }
}

/// A file whose header matches its size.
struct File<'a> {
    header: Metadata,
    data: &'a [u8],
}

impl<'a> File<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, ClassifierError> {
        let (header, data) = split_header(bytes)?;
        let header: Metadata = serde_json::from_slice(header)
            .map_err(|source| ClassifierError::NotSafetensors { source: Some(source) })?;
        check_size(header.data_len() as u64, data.len() as u64, bytes.len() as u64)?;
        Ok(Self { header, data })
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.header.metadata().as_ref()?.get(key).map(String::as_str)
    }

    fn layers(&self) -> Result<Vec<Layer>, ClassifierError> {
        let mut layers: Vec<Layer> = Vec::new();
        while layers.is_empty() || self.has_layer(layers.len()) {
            let inputs = layers.last().map_or(PIXELS, Layer::outputs);
            layers.push(self.layer(layers.len(), inputs)?);
        }
        self.check_last(&layers)?;
        self.check_names(layers.len())?;
        Ok(layers)
    }

    fn has_layer(&self, index: usize) -> bool {
        self.header.info(&weight_name(index)).is_some() || self.header.info(&bias_name(index)).is_some()
    }

    fn layer(&self, index: usize, inputs: usize) -> Result<Layer, ClassifierError> {
        let weight_name = weight_name(index);
        let weight = self.tensor(&weight_name)?;
        let outputs = match weight.shape[..] {
            [outputs, columns] if outputs > 0 && columns == inputs => outputs,
            _ => return Err(wrong_shape(&weight_name, format!("[n, {inputs}]"), &weight.shape)),
        };
        let bias_name = bias_name(index);
        let bias = self.tensor(&bias_name)?;
        if bias.shape != [outputs] {
            return Err(wrong_shape(&bias_name, format!("[{outputs}]"), &bias.shape));
        }
        Ok(Layer::new(inputs, &self.numbers(&weight_name, weight)?, &self.numbers(&bias_name, bias)?))
    }

    fn tensor(&self, name: &str) -> Result<&TensorInfo, ClassifierError> {
        let tensor =
            self.header.info(name).ok_or_else(|| ClassifierError::MissingTensor { tensor: name.to_owned() })?;
        if tensor.dtype != Dtype::F32 {
            return Err(ClassifierError::WrongDatatype { tensor: name.to_owned(), found: tensor.dtype });
        }
        Ok(tensor)
    }

    fn numbers(&self, name: &str, tensor: &TensorInfo) -> Result<Vec<f32>, ClassifierError> {
        let (start, end) = tensor.data_offsets;
        let (bytes, _) = self.data[start..end].as_chunks();
        let numbers: Vec<_> = bytes.iter().copied().map(f32::from_le_bytes).collect();
        match numbers.iter().position(|number| !number.is_finite()) {
            Some(index) => Err(ClassifierError::NotFinite { tensor: name.to_owned(), index, found: numbers[index] }),
            None => Ok(numbers),
        }
    }

    fn check_last(&self, layers: &[Layer]) -> Result<(), ClassifierError> {
        let Some(last) = layers.last().filter(|last| last.outputs() != CLASSES) else {
            return Ok(());
        };
        let expected = format!("[{CLASSES}, {}]", last.inputs());
        Err(wrong_shape(&weight_name(layers.len() - 1), expected, &[last.outputs(), last.inputs()]))
    }

    fn check_names(&self, layers: usize) -> Result<(), ClassifierError> {
        match self.header.offset_keys().into_iter().find(|name| !is_name(name, layers)) {
            Some(tensor) => Err(ClassifierError::UnknownTensor { tensor }),
            None => Ok(()),
        }
    }
}

/// Splits a file into its header and its data. The header's length comes before both.
fn split_header(bytes: &[u8]) -> Result<(&[u8], &[u8]), ClassifierError> {
    if bytes.is_empty() {
        return Err(ClassifierError::Empty);
    }
    let found = bytes.len() as u64;
    let Some((length, rest)) = bytes.split_first_chunk::<LENGTH_BYTES>() else {
        return Err(ClassifierError::Truncated { expected: LENGTH_BYTES as u64, found });
    };
    let length = u64::from_le_bytes(*length);
    if length > MAX_HEADER_BYTES {
        return Err(not_a_length(bytes));
    }
    let expected = LENGTH_BYTES as u64 + length;
    rest.split_at_checked(length as usize).ok_or(ClassifierError::Truncated { expected, found })
}

/// The error for text, which is huge if it is read as a length. (`<` alone proves nothing: it is also the length 60.)
fn not_a_length(bytes: &[u8]) -> ClassifierError {
    if bytes.trim_ascii_start().starts_with(b"<") {
        return ClassifierError::WebPage;
    }
    ClassifierError::NotSafetensors { source: None }
}

fn check_size(declared_data: u64, data: u64, found: u64) -> Result<(), ClassifierError> {
    let expected = (found - data).saturating_add(declared_data);
    match declared_data.cmp(&data) {
        Ordering::Greater => Err(ClassifierError::Truncated { expected, found }),
        Ordering::Less => Err(ClassifierError::TooLong { expected, found }),
        Ordering::Equal => Ok(()),
    }
}

fn wrong_shape(tensor: &str, expected: String, found: &[usize]) -> ClassifierError {
    ClassifierError::WrongShape { tensor: tensor.to_owned(), expected, found: found.to_vec() }
}

fn weight_name(layer: usize) -> String {
    format!("layers.{layer}.weight")
}

fn bias_name(layer: usize) -> String {
    format!("layers.{layer}.bias")
}

/// True if the name is that of a weight or a bias in one of the first `layers` layers.
fn is_name(name: &str, layers: usize) -> bool {
    let index = name.split('.').nth(1).and_then(|index| index.parse().ok());
    index.is_some_and(|index| index < layers && (name == weight_name(index) || name == bias_name(index)))
}

/// A description of a number that is not finite.
fn description(number: f32) -> &'static str {
    if number.is_nan() { "a value that is not a number" } else { "an infinite number" }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    const NAMES: [&str; 4] = ["logistic-regression", "mlp-16", "mlp-64", "mlp-64-32"];

    fn real_file(name: &str) -> Vec<u8> {
        std::fs::read(format!("../static/models/{name}.safetensors")).expect("the page's own weights")
    }

    fn opens(bytes: &[u8]) -> bool {
        File::open(bytes).is_ok()
    }

    #[test]
    fn only_complete_files_open() {
        for name in NAMES {
            let file = real_file(name);
            assert!(opens(&file), "{name}");
            assert!((0..file.len()).all(|length| !opens(&file[..length])), "{name}");
            assert!(!opens(&[&file[..], b"\0"].concat()), "{name}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 4096,
            rng_seed: RngSeed::Fixed(6),
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn a_damaged_file_opens_if_it_does_with_the_crate(
            name in prop::sample::select(&NAMES),
            damages in prop::collection::vec((0..700usize, any::<u8>()), 1..3),
        ) {
            let mut file = real_file(name);
            for (at, byte) in damages {
                file[at] = byte;
            }
            prop_assert_eq!(opens(&file), safetensors::SafeTensors::read_metadata(&file).is_ok());
        }
    }
}
