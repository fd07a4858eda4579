//! The messages of the Open Inference Protocol v2 over HTTP, for client and server.
//!
//! Unknown fields are ignored, as the protocol requires, so servers with extensions are supported. Optional fields may be
//! absent or null, and numbers may be written as text. Apart from that, known fields must be valid: a tensor's data must
//! fit its shape and its datatype. Of the protocol's optional parts, `parameters` and the binary extension are not
//! supported.
//!
//! Specification:
//! <https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md>.

mod lenient;
mod tensor;

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use tensor::{Data, Datatype, Tensor, TensorError};

/// The response to `GET v2`: the server's metadata.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerMetadata {
    /// The server's name.
    pub name: String,
    /// Its version. Some servers leave it out.
    #[serde(default, deserialize_with = "lenient::text")]
    pub version: String,
    /// The protocol extensions that it supports.
    #[serde(default, deserialize_with = "lenient::texts")]
    pub extensions: Vec<String>,
}

/// The response to `GET v2/health/live`. A server may send only the status instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// True if the server can receive requests.
    pub live: bool,
}

/// The response to `GET v2/health/ready`. A server may send only the status instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// True if all models are ready.
    pub ready: bool,
}

/// The response to `GET v2/models/{name}/ready`. A server may send only the status instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelReady {
    /// The model's name.
    pub name: String,
    /// True if the model is ready.
    pub ready: bool,
}

/// The response to `GET v2/models/{name}`: the model's inputs and outputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelMetadata {
    /// The model's name.
    pub name: String,
    /// Its versions, or empty if the server leaves them out.
    #[serde(default, deserialize_with = "lenient::texts")]
    pub versions: Vec<String>,
    /// Its framework, such as `onnxruntime_onnx`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub platform: String,
    /// The tensors that a request must contain.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub inputs: Vec<TensorMetadata>,
    /// The tensors that a response can contain.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub outputs: Vec<TensorMetadata>,
}

/// The form of one input or output of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TensorMetadata {
    /// The tensor's name.
    pub name: String,
    /// The type of its elements.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub datatype: DeclaredDatatype,
    /// The size of each dimension, or -1 if any size is allowed.
    #[serde(default, deserialize_with = "lenient::sizes")]
    pub shape: Vec<i64>,
}

/// The datatype in a model's metadata. Some servers pass on names of their framework, such as `TYPE_STRING`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum DeclaredDatatype {
    /// One of the protocol.
    Known(Datatype),
    /// Any other name; empty if there is none.
    Other(String),
}

impl Default for DeclaredDatatype {
    fn default() -> Self {
        Self::Other(String::new())
    }
}

impl From<String> for DeclaredDatatype {
    fn from(name: String) -> Self {
        Datatype::try_from(name.clone()).map_or(Self::Other(name), Self::Known)
    }
}

impl From<DeclaredDatatype> for String {
    fn from(datatype: DeclaredDatatype) -> Self {
        datatype.to_string()
    }
}

impl From<Datatype> for DeclaredDatatype {
    fn from(datatype: Datatype) -> Self {
        Self::Known(datatype)
    }
}

impl fmt::Display for DeclaredDatatype {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(datatype) => datatype.fmt(formatter),
            Self::Other(name) => formatter.write_str(name),
        }
    }
}

/// An entry of the response to `POST v2/repository/index`, which belongs to an extension of the protocol: a model that the
/// server has.
///
/// Specification: <https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_model_repository.md>.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedModel {
    /// The model's name.
    pub name: String,
    /// `READY` or `UNAVAILABLE`. Empty if the server leaves it out, as Triton does for models that were never loaded.
    #[serde(default, deserialize_with = "lenient::text")]
    pub state: String,
}

impl ListedModel {
    /// True if the server says that the model can be used.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.state.eq_ignore_ascii_case("ready")
    }
}

/// The response to `GET v2/models`, by which KServe lists the names of its models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelNames {
    /// The names.
    pub models: Vec<String>,
}

/// The body of `POST v2/models/{name}/infer`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InferRequest {
    /// The client's id of the request. The response repeats it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The input tensors.
    pub inputs: Vec<Tensor>,
    /// The requested outputs. Empty means all.
    #[serde(default, deserialize_with = "lenient::or_default", skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<RequestedOutput>,
}

/// An output that a request asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestedOutput {
    /// The output's name.
    pub name: String,
}

/// The response to an [`InferRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InferResponse {
    /// The model's name. Some servers leave it out.
    #[serde(default, deserialize_with = "lenient::text")]
    pub model_name: String,
    /// Its version, if the server sends it.
    #[serde(default, deserialize_with = "lenient::optional_text", skip_serializing_if = "Option::is_none")]
    pub model_version: Option<String>,
    /// The id of the request, if it had one.
    #[serde(default, deserialize_with = "lenient::optional_text", skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The output tensors.
    pub outputs: Vec<Tensor>,
}

impl InferResponse {
    /// The output of this name.
    #[must_use]
    pub fn output(&self, name: &str) -> Option<&Tensor> {
        self.outputs.iter().find(|output| output.name() == name)
    }
}

/// The body of every error response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The error message.
    pub error: String,
}

/// The reason a body is not the expected message of the protocol.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// The body is empty.
    #[error("the body is empty")]
    Empty,
    /// The body is not JSON, or only part of it.
    #[error("the body is not JSON: {0}")]
    NotJson(#[source] serde_json::Error),
    /// The body is JSON, but not the expected message, or a tensor in it is inconsistent.
    #[error("the body is not the protocol's: {0}")]
    NotTheProtocol(#[source] serde_json::Error),
}

/// Decodes a body of the protocol.
///
/// # Errors
///
/// If it is not a `T`.
///
/// ```
/// use inference::protocol::{InferRequest, decode};
///
/// let body = br#"{"inputs": [{"name": "x", "shape": [2, 2], "datatype": "FP32", "data": [[1, 2], [3, 4]]}]}"#;
/// let request: InferRequest = decode(body)?;
/// assert_eq!(request.inputs[0].shape(), [2, 2]);
///
/// let error = decode::<InferRequest>(b"{\"inputs\": 1}").unwrap_err();
/// assert!(error.to_string().starts_with("the body is not the protocol's: invalid type: integer `1`"));
/// # Ok::<(), inference::protocol::DecodeError>(())
/// ```
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, DecodeError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if body.trim_ascii().is_empty() {
        return Err(DecodeError::Empty);
    }
    let error = match serde_json::from_slice(body) {
        Ok(value) => return Ok(value),
        Err(error) if error.is_data() => return Err(DecodeError::NotTheProtocol(error)),
        Err(error) => error,
    };
    match lenient::with_quoted_literals(body).map(|quoted| serde_json::from_slice(&quoted)) {
        Some(Ok(value)) => Ok(value),
        Some(Err(error)) if error.is_data() => Err(DecodeError::NotTheProtocol(error)),
        _ => Err(DecodeError::NotJson(error)),
    }
}

/// Encodes a body of the protocol.
///
/// # Panics
///
/// If a `T` cannot be JSON. The types of this module always can.
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("keys are strings, so the protocol's types can be encoded")
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
    fn a_request_with_unknown_fields_is_read() {
        let request = request();
        assert_eq!(request.id.as_deref(), Some("a"));
        assert_eq!(request.inputs[0].numbers(), Some(&[0.5, 1.0][..]));
        assert_eq!(request.outputs, [RequestedOutput { name: "y".to_owned() }]);
    }

    #[test]
    fn an_encoded_request_decodes_to_the_same() {
        assert_eq!(decode::<InferRequest>(&encode(&request())).unwrap(), request());
    }

    #[test]
    fn empty_optional_fields_are_not_encoded() {
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
            (r#"{"name":"m","versions":null,"platform":null,"inputs":null,"outputs":null}"#, "m", 0),
            (
                r#"{"name":"m","versions":[1],"inputs":[{"name":"x","datatype":"TYPE_STRING","shape":["-1",null]}]}"#,
                "m",
                1,
            ),
        ] {
            let metadata: ModelMetadata = decode(body.as_bytes()).unwrap();
            assert_eq!((metadata.name.as_str(), metadata.inputs.len()), (name, inputs));
        }
        let server: ServerMetadata = decode(br#"{"name":"triton","version":"2.50.0"}"#).unwrap();
        assert_eq!(server.extensions, [""; 0]);
        let server: ServerMetadata = decode(br#"{"name":"kserve","version":2,"extensions":null}"#).unwrap();
        assert_eq!((server.version.as_str(), server.extensions.len()), ("2", 0));
    }

    #[test]
    fn a_response_is_read_as_other_servers_write_it() {
        let body =
            br#"{"model_version":1,"id":7,"outputs":[{"name":"y","shape":["1"],"datatype":"FP32","data":[0.5]}]}"#;
        let response: InferResponse = decode(&[b"\xef\xbb\xbf", body.as_slice()].concat()).unwrap();
        assert_eq!(response.model_version.as_deref(), Some("1"));
        assert_eq!((response.id.as_deref(), response.outputs[0].numbers()), (Some("7"), Some(&[0.5][..])));
        let body = br#"{"id":null,"outputs":[{"name":"y","shape":[1],"datatype":"FP32","data":[NaN]}]}"#;
        let error = decode::<InferResponse>(body).expect_err("NaN is not JSON").to_string();
        assert!(error.contains("tensor `y` has `NaN` at index 0"), "{error}");
        let body = br#"{"parameters":{"loss":NaN},"outputs":[]}"#;
        assert!(decode::<InferResponse>(body).is_ok(), "what is ignored may be anything");
    }

    #[track_caller]
    fn assert_refused(body: &str, expected: &str) {
        let error = decode::<InferRequest>(body.as_bytes()).expect_err(body).to_string();
        assert!(error.contains(expected), "{body}: {error}");
    }

    #[test]
    fn other_bodies_are_refused_with_the_cause() {
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
        fn decoding_never_panics(body in prop::collection::vec(any::<u8>(), 0..200)) {
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
