//! The classifiers as models of the protocol.
//!
//! Their weights are part of the program: the server is restarted for every burst of requests, so it must start
//! immediately, and never with the weights of another release.

use thiserror::Error;

use crate::classifier::{Classifier, InputError, greatest};
use crate::digits::{CLASSES, PIXELS};
use crate::protocol::{
    Data, Datatype, DecodeError, InferRequest, InferResponse, ModelMetadata, ModelReady, RequestedOutput, Tensor,
    TensorMetadata, decode,
};

use super::route::ModelPath;

/// The models' input: images `[n, 64]` with pixels from 0 to 1, FP32.
pub const INPUT: &str = "images";
/// An output: the score of each digit before any softmax, `[n, 10]`, FP32.
pub const LOGITS: &str = "logits";
/// An output: the probability of each digit, `[n, 10]`, FP32.
pub const PROBABILITIES: &str = "probabilities";
/// An output: the digit with the greatest score, `[n]`, INT64.
pub const LABEL: &str = "label";

/// The only version of each model.
const VERSION: &str = "1";
/// The platform of the models. Names in the protocol are of the form `<project>_<format>`.
const PLATFORM: &str = "interleave_safetensors";

const FILES: [&[u8]; 4] = [
    include_bytes!("../../../static/models/logistic-regression.safetensors"),
    include_bytes!("../../../static/models/mlp-16.safetensors"),
    include_bytes!("../../../static/models/mlp-64.safetensors"),
    include_bytes!("../../../static/models/mlp-64-32.safetensors"),
];

/// The models of a server.
#[derive(Debug)]
pub(super) struct Models(Vec<Classifier>);

/// The reason a model cannot answer.
#[derive(Debug, Error)]
pub(super) enum ModelError {
    #[error("there is no model `{name}`; there are {known}")]
    Unknown { name: String, known: String },
    #[error("model `{name}` has no version `{version}`, only `{VERSION}`")]
    UnknownVersion { name: String, version: String },
    #[error(transparent)]
    Body(#[from] DecodeError),
    #[error("the model has one input, `{INPUT}`, but there are {found}")]
    InputCount { found: usize },
    #[error("the model has no input `{found}`, only `{INPUT}`")]
    InputName { found: String },
    #[error("input `{INPUT}` has datatype {found}, expected {}", Datatype::Fp32)]
    InputDatatype { found: Datatype },
    #[error("input `{INPUT}` has shape {found:?}, expected [n, {PIXELS}]")]
    InputShape { found: Vec<usize> },
    #[error("input `{INPUT}`: {0}")]
    Input(#[from] InputError),
    #[error("the model has no output `{name}`, only `{LOGITS}`, `{PROBABILITIES}` and `{LABEL}`")]
    Output { name: String },
}

impl Models {
    pub fn new() -> Self {
        let read = |bytes: &[u8]| Classifier::from_safetensors(bytes).expect("a test reads the site's own weights");
        Self(FILES.into_iter().map(read).collect())
    }

    pub fn ready(&self, path: &ModelPath) -> Result<ModelReady, ModelError> {
        Ok(ModelReady { name: self.find(path)?.name().to_owned(), ready: true })
    }

    pub fn metadata(&self, path: &ModelPath) -> Result<ModelMetadata, ModelError> {
        let tensor = |name: &str, datatype: Datatype, shape: &[i64]| TensorMetadata {
            name: name.to_owned(),
            datatype: datatype.into(),
            shape: shape.to_owned(),
        };
        Ok(ModelMetadata {
            name: self.find(path)?.name().to_owned(),
            versions: vec![VERSION.to_owned()],
            platform: PLATFORM.to_owned(),
            inputs: vec![tensor(INPUT, Datatype::Fp32, &[-1, PIXELS as i64])],
            outputs: vec![
                tensor(LOGITS, Datatype::Fp32, &[-1, CLASSES as i64]),
                tensor(PROBABILITIES, Datatype::Fp32, &[-1, CLASSES as i64]),
                tensor(LABEL, Datatype::Int64, &[-1]),
            ],
        })
    }

    pub fn infer(&self, path: &ModelPath, body: &[u8]) -> Result<InferResponse, ModelError> {
        let classifier = self.find(path)?;
        let request: InferRequest = decode(body)?;
        let images = images(&request.inputs)?;
        let logits = classifier.logits(&images)?;
        let outputs = requested_outputs(&request.outputs)?.into_iter().map(|name| output(name, &logits)).collect();
        Ok(InferResponse {
            model_name: classifier.name().to_owned(),
            model_version: Some(VERSION.to_owned()),
            id: request.id,
            outputs,
        })
    }

    fn find(&self, path: &ModelPath) -> Result<&Classifier, ModelError> {
        let Some(classifier) = self.0.iter().find(|classifier| classifier.name() == path.name) else {
            let known: Vec<_> = self.0.iter().map(|classifier| format!("`{}`", classifier.name())).collect();
            return Err(ModelError::Unknown { name: path.name.clone(), known: known.join(", ") });
        };
        match path.version.as_deref() {
            None | Some(VERSION) => Ok(classifier),
            Some(version) => Err(ModelError::UnknownVersion { name: path.name.clone(), version: version.to_owned() }),
        }
    }
}

fn images(inputs: &[Tensor]) -> Result<Vec<f32>, ModelError> {
    let [input] = inputs else {
        return Err(ModelError::InputCount { found: inputs.len() });
    };
    if input.name() != INPUT {
        return Err(ModelError::InputName { found: input.name().to_owned() });
    }
    let (Datatype::Fp32, Some(numbers)) = (input.datatype(), input.numbers()) else {
        return Err(ModelError::InputDatatype { found: input.datatype() });
    };
    match input.shape() {
        [_, PIXELS] => Ok(numbers.iter().map(|number| *number as f32).collect()),
        found => Err(ModelError::InputShape { found: found.to_owned() }),
    }
}

/// The outputs that a request asks for, in its order, or all if it names none.
fn requested_outputs(requested: &[RequestedOutput]) -> Result<Vec<&'static str>, ModelError> {
    let all = [LOGITS, PROBABILITIES, LABEL];
    if requested.is_empty() {
        return Ok(all.to_vec());
    }
    let known = |output: &RequestedOutput| {
        let name = all.into_iter().find(|name| *name == output.name);
        name.ok_or_else(|| ModelError::Output { name: output.name.clone() })
    };
    requested.iter().map(known).collect()
}

fn output(name: &str, logits: &[f32]) -> Tensor {
    let rows = logits.chunks_exact(CLASSES);
    let tensor = match name {
        LOGITS => Tensor::rows_of_f32(name, CLASSES, logits),
        PROBABILITIES => Tensor::rows_of_f32(name, CLASSES, &rows.flat_map(softmax).collect::<Vec<_>>()),
        _ => Tensor::new(
            name,
            vec![rows.len()],
            Datatype::Int64,
            Data::Numbers(rows.map(|row| f64::from(greatest(row))).collect()),
        ),
    };
    tensor.expect("the site's weights give finite logits for pixels from 0 to 1")
}

/// The softmax of the scores. The greatest score is subtracted first, so that no power overflows.
fn softmax(scores: &[f32]) -> Vec<f32> {
    let greatest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<_> = scores.iter().map(|score| (score - greatest).exp()).collect();
    let sum: f32 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_sum_to_one_for_any_scores() {
        for scores in [[1.0, 2.0, 3.0], [1000.0, -1000.0, 999.0], [0.0; 3]] {
            let probabilities = softmax(&scores);
            assert!((probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-6, "{probabilities:?}");
        }
        assert_eq!(softmax(&[5.0, 5.0]), [0.5, 0.5]);
    }
}
