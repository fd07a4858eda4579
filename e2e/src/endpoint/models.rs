//! The responses of a well-behaved server: metadata, health and inferences.

mod inputs;

use serde_json::{Value, json};

use super::request::ReceivedRequest;
use inputs::{Inputs, read_request};

/// A tensor's name, datatype and shape. A dimension of -1 may have any size.
#[derive(Debug)]
pub(super) struct TensorSpec {
    pub name: &'static str,
    pub datatype: &'static str,
    pub shape: &'static [i64],
}

/// A model whose single output has one row for each row of the inputs.
pub(super) struct Model {
    pub name: &'static str,
    pub inputs: &'static [TensorSpec],
    pub output: TensorSpec,
    infer: fn(&Inputs) -> Vec<Value>,
}

static MODELS: [Model; 3] = [
    Model {
        name: "digits",
        inputs: &[TensorSpec { name: "images", datatype: "FP32", shape: &[-1, 64] }],
        output: TensorSpec { name: "label", datatype: "INT64", shape: &[-1] },
        infer: |inputs| vec![json!(0); inputs.rows],
    },
    Model {
        name: "tabular",
        inputs: &[
            TensorSpec { name: "features", datatype: "FP64", shape: &[-1, 4] },
            TensorSpec { name: "flags", datatype: "BOOL", shape: &[-1, 2] },
        ],
        output: TensorSpec { name: "score", datatype: "FP32", shape: &[-1, 1] },
        infer: score,
    },
    Model {
        name: "texts",
        inputs: &[TensorSpec { name: "lines", datatype: "BYTES", shape: &[-1] }],
        output: TensorSpec { name: "length", datatype: "INT64", shape: &[-1] },
        infer: |inputs| inputs.get("lines").iter().map(length).collect(),
    },
];

fn score(inputs: &Inputs) -> Vec<Value> {
    let sum = |row: &[Value]| row.iter().filter_map(Value::as_f64).sum::<f64>();
    let set = |row: &[Value]| row.iter().filter(|flag| **flag == true).count() as f64;
    let rows = inputs.get("features").chunks(4).zip(inputs.get("flags").chunks(2));
    rows.map(|(features, flags)| json!(sum(features) + set(flags))).collect()
}

fn length(line: &Value) -> Value {
    json!(line.as_str().unwrap_or_default().chars().count())
}

/// Returns the status code and the JSON body for a request.
pub(super) fn respond(request: &ReceivedRequest) -> (u16, Value) {
    match answer(request) {
        Ok(value) => (200, value),
        Err(Refusal { status, error }) => (status, json!({ "error": error })),
    }
}

/// An error response: any status other than 200.
pub(super) struct Refusal {
    status: u16,
    error: String,
}

impl Refusal {
    pub fn bad_request(error: impl Into<String>) -> Self {
        Self { status: 400, error: error.into() }
    }

    fn not_found(error: String) -> Self {
        Self { status: 404, error }
    }
}

fn answer(request: &ReceivedRequest) -> Result<Value, Refusal> {
    let segments: Vec<&str> = request.path.split('/').collect();
    match (request.method.as_str(), segments.as_slice()) {
        ("GET", ["", "v2"]) => Ok(json!({ "name": "endpoint", "version": "1.0", "extensions": [] })),
        ("GET", ["", "v2", "health", "live"]) => Ok(json!({ "live": true })),
        ("GET", ["", "v2", "health", "ready"]) => Ok(json!({ "ready": true })),
        ("POST", ["", "v2", "repository", "index"]) => Ok(MODELS.iter().map(Model::listed).collect()),
        ("GET", ["", "v2", "models", name]) => Ok(find(name)?.metadata()),
        ("GET", ["", "v2", "models", name, "ready"]) => Ok(json!({ "name": find(name)?.name, "ready": true })),
        ("POST", ["", "v2", "models", name, "infer"]) => find(name)?.response(&request.body),
        (method, _) => Err(Refusal::not_found(format!("there is no `{method} {}`", request.path))),
    }
}

fn find(name: &str) -> Result<&'static Model, Refusal> {
    let found = MODELS.iter().find(|model| model.name == name);
    found.ok_or_else(|| Refusal::not_found(format!("there is no model `{name}`")))
}

impl Model {
    fn listed(&self) -> Value {
        json!({ "name": self.name, "version": "1", "state": "READY", "reason": "" })
    }

    fn metadata(&self) -> Value {
        let inputs: Vec<Value> = self.inputs.iter().map(TensorSpec::metadata).collect();
        json!({
            "name": self.name,
            "versions": ["1"],
            "platform": "by_hand",
            "inputs": inputs,
            "outputs": [self.output.metadata()],
        })
    }

    fn response(&self, body: &str) -> Result<Value, Refusal> {
        let request = read_request(self, body)?;
        let shape: Vec<i64> = self.output.shape.iter().map(|size| self.size(*size, &request.inputs)).collect();
        let output = json!({
            "name": self.output.name,
            "datatype": self.output.datatype,
            "shape": shape,
            "data": (self.infer)(&request.inputs),
        });
        let mut response = json!({ "model_name": self.name, "model_version": "1", "outputs": [output] });
        if let Some(id) = request.id {
            response["id"] = id;
        }
        Ok(response)
    }

    fn size(&self, size: i64, inputs: &Inputs) -> i64 {
        if size == -1 { inputs.rows as i64 } else { size }
    }
}

impl TensorSpec {
    fn metadata(&self) -> Value {
        json!({ "name": self.name, "datatype": self.datatype, "shape": self.shape })
    }
}
