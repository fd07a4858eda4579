//! The Open Inference Protocol v2 over HTTP, as client and server both write and read it.
//!
//! Unknown fields are ignored, as the protocol wants it, so a server with extensions is understood. What is known must
//! have the right form: a tensor's data must fit its shape and its datatype, whichever side sent it. Of the protocol's
//! optional parts, `parameters` and the binary extension are left out.
//!
//! Specification: <https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md>.

mod tensor;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use tensor::{Data, Datatype, Tensor, TensorError};

/// The answer to `GET v2`: who the server is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerMetadata {
    /// What the server is called.
    pub name: String,
    /// Its version; some servers tell none.
    #[serde(default)]
    pub version: String,
    /// The protocol's extensions that it speaks.
    #[serde(default)]
    pub extensions: Vec<String>,
}

/// The answer to `GET v2/health/live`. A server may leave it out and tell by the status alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// Whether the server can receive requests.
    pub live: bool,
}

/// The answer to `GET v2/health/ready`. A server may leave it out and tell by the status alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// Whether all models can infer.
    pub ready: bool,
}

/// The answer to `GET v2/models/{name}/ready`. A server may leave it out and tell by the status alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelReady {
    /// The model's name.
    pub name: String,
    /// Whether it can infer.
    pub ready: bool,
}

/// The answer to `GET v2/models/{name}`: what the model takes and what it gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelMetadata {
    /// The model's name.
    pub name: String,
    /// Its versions that can be asked for by name; none if the server does not tell.
    #[serde(default)]
    pub versions: Vec<String>,
    /// The framework that it is of, such as `onnxruntime_onnx`.
    #[serde(default)]
    pub platform: String,
    /// The tensors that a request must have.
    #[serde(default)]
    pub inputs: Vec<TensorMetadata>,
    /// The tensors that a response can have.
    #[serde(default)]
    pub outputs: Vec<TensorMetadata>,
}

/// The form of one input or output of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TensorMetadata {
    /// The tensor's name.
    pub name: String,
    /// The type of its elements.
    pub datatype: Datatype,
    /// The size of each dimension; -1 where any size is allowed.
    pub shape: Vec<i64>,
}

/// The body of `POST v2/models/{name}/infer`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InferRequest {
    /// What the client calls this request; the response repeats it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What the model is given.
    pub inputs: Vec<Tensor>,
    /// The outputs wanted; none means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<RequestedOutput>,
}

/// One output that a request wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestedOutput {
    /// The output's name.
    pub name: String,
}

/// The answer to an [`InferRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InferResponse {
    /// The model that inferred.
    pub model_name: String,
    /// Its version, if the server tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_version: Option<String>,
    /// The id of the request, if it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What the model gives.
    pub outputs: Vec<Tensor>,
}

impl InferResponse {
    /// The output of this name.
    #[must_use]
    pub fn output(&self, name: &str) -> Option<&Tensor> {
        self.outputs.iter().find(|output| output.name() == name)
    }
}

/// The body of every answer that is not a success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// What went wrong, in words.
    pub error: String,
}

/// Why a body is not what the protocol has in this place.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// There is not a single byte.
    #[error("the body is empty")]
    Empty,
    /// The bytes are no JSON, or not all of it.
    #[error("the body is not JSON: {0}")]
    NotJson(#[source] serde_json::Error),
    /// It is JSON of another form, or a tensor in it contradicts itself.
    #[error("the body is not the protocol's: {0}")]
    NotTheProtocol(#[source] serde_json::Error),
}

/// Reads a body of the protocol.
///
/// # Errors
///
/// Why it is not a `T`.
///
/// ```
/// use inference::protocol::{InferRequest, decode};
///
/// let body = br#"{"id": "1", "inputs": [{"name": "x", "shape": [2, 2], "datatype": "FP32", "data": [[1, 2], [3, 4]]}]}"#;
/// let request: InferRequest = decode(body)?;
/// assert_eq!(request.inputs[0].shape(), [2, 2]);
///
/// let error = decode::<InferRequest>(b"{\"inputs\": 1}").unwrap_err();
/// assert!(error.to_string().starts_with("the body is not the protocol's: invalid type: integer `1`"));
/// # Ok::<(), inference::protocol::DecodeError>(())
/// ```
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, DecodeError> {
    if body.trim_ascii().is_empty() {
        return Err(DecodeError::Empty);
    }
    serde_json::from_slice(body)
        .map_err(|error| if error.is_data() { DecodeError::NotTheProtocol(error) } else { DecodeError::NotJson(error) })
}

/// Writes a body of the protocol.
///
/// # Panics
///
/// If a `T` of one's own cannot be JSON; those of this module always can.
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("keys are texts, so the protocol's types can be written")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    const REQUEST: &str = r#"{"id": "a", "inputs": [
        {"name": "x", "shape": [1, 2], "datatype": "FP32", "parameters": {"a": 1}, "data": [[0.5, 1]]}
    ], "outputs": [{"name": "y"}], "unknown": {"b": [null]}}"#;

    fn request() -> InferRequest {
        decode(REQUEST.as_bytes()).expect("it is the protocol")
    }

    #[test]
    fn a_request_is_read_whatever_else_it_has() {
        let request = request();
        assert_eq!(request.id.as_deref(), Some("a"));
        assert_eq!(request.inputs[0].numbers(), Some(&[0.5, 1.0][..]));
        assert_eq!(request.outputs, [RequestedOutput { name: "y".to_owned() }]);
    }

    #[test]
    fn what_is_written_is_read_as_the_same() {
        assert_eq!(decode::<InferRequest>(&encode(&request())).unwrap(), request());
    }

    #[test]
    fn what_is_not_there_is_not_written() {
        let request = InferRequest { id: None, inputs: Vec::new(), outputs: Vec::new() };
        assert_eq!(encode(&request), b"{\"inputs\":[]}");
    }

    #[test]
    fn metadata_of_other_servers_are_read() {
        // Triton, MLServer and KServe in this order, shortened.
        for (body, name, inputs) in [
            (
                r#"{"name":"m","versions":["1"],"platform":"onnxruntime_onnx",
                "inputs":[{"name":"x","datatype":"FP32","shape":[-1,4]}],"outputs":[]}"#,
                "m",
                1,
            ),
            (r#"{"name":"m","versions":[],"platform":"","inputs":[],"outputs":[],"parameters":{}}"#, "m", 0),
            (r#"{"name":"m","platform":"","inputs":[],"outputs":[]}"#, "m", 0),
        ] {
            let metadata: ModelMetadata = decode(body.as_bytes()).unwrap();
            assert_eq!((metadata.name.as_str(), metadata.inputs.len()), (name, inputs));
        }
        let server: ServerMetadata = decode(br#"{"name":"triton","version":"2.50.0"}"#).unwrap();
        assert_eq!(server.extensions, [""; 0]);
    }

    #[track_caller]
    fn assert_refused(body: &str, expected: &str) {
        let error = decode::<InferRequest>(body.as_bytes()).expect_err(body).to_string();
        assert!(error.contains(expected), "{body}: {error}");
    }

    #[test]
    fn other_bodies_are_refused_by_cause() {
        assert_refused("", "the body is empty");
        assert_refused(" \n", "the body is empty");
        assert_refused("<!DOCTYPE html>", "the body is not JSON");
        assert_refused("{\"inputs\": [", "the body is not JSON");
        assert_refused("{\"inputs\": []} {}", "the body is not JSON");
        assert_refused("[1]", "the body is not the protocol's");
        assert_refused("{}", "missing field `inputs`");
        assert_refused("{\"inputs\": [{\"name\": \"x\"}]}", "missing field `shape`");
        assert_refused("{\"id\": 1, \"inputs\": []}", "expected a string");
        assert_refused(&"[".repeat(100_000), "the body is not");
        let nested = format!("{{\"inputs\": [{{\"data\": {}", "[".repeat(100_000));
        assert_refused(&nested, "recursion limit");
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(4), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_bytes_make_reading_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode::<InferRequest>(&body);
        }

        #[test]
        fn a_damaged_request_is_refused_or_read_but_never_panics(
            damages in prop::collection::vec((0..REQUEST.len(), any::<u8>()), 1..4),
        ) {
            let mut body = REQUEST.as_bytes().to_vec();
            for (at, byte) in damages {
                body[at] = byte;
            }
            if let Ok(read) = decode::<InferRequest>(&body) {
                prop_assert_eq!(decode::<InferRequest>(&encode(&read)).unwrap(), read);
            }
        }
    }
}
