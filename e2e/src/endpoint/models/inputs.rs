//! Reads the inputs in a request's body, or finds the first mistake in it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Model, Refusal, TensorSpec};

/// A valid request for an inference.
#[derive(Debug)]
pub(super) struct InferRequest {
    pub id: Option<Value>,
    pub inputs: Inputs,
}

/// The elements of the inputs, row by row.
#[derive(Debug)]
pub(super) struct Inputs {
    /// The first dimension, which all inputs share.
    pub rows: usize,
    elements: BTreeMap<&'static str, Vec<Value>>,
}

impl Inputs {
    /// The elements of an input. Empty if the model has no such input.
    pub fn get(&self, name: &str) -> &[Value] {
        self.elements.get(name).map_or(&[], Vec::as_slice)
    }
}

/// Reads the body of a request to a model.
pub(super) fn read_request(model: &Model, body: &str) -> Result<InferRequest, Refusal> {
    let body: Value =
        serde_json::from_str(body).map_err(|error| Refusal::bad_request(format!("the body is not JSON: {error}")))?;
    let body = object(&body, "the body")?;
    only(body, "the body", &["id", "parameters", "inputs", "outputs"])?;
    let id = body.get("id").cloned();
    expect(id.as_ref().is_none_or(Value::is_string), || "`id` is not a string".to_owned())?;
    check_outputs(model, body)?;
    let inputs = body.get("inputs").and_then(Value::as_array);
    let inputs = inputs.ok_or_else(|| Refusal::bad_request("`inputs` is not an array"))?;
    Ok(InferRequest { id, inputs: read_inputs(model, inputs)? })
}

/// Checks that the model has the requested outputs, if the request names any.
fn check_outputs(model: &Model, body: &Map<String, Value>) -> Result<(), Refusal> {
    let Some(outputs) = body.get("outputs") else { return Ok(()) };
    let outputs = outputs.as_array().ok_or_else(|| Refusal::bad_request("`outputs` is not an array"))?;
    for output in outputs {
        let output = object(output, "an output")?;
        only(output, "an output", &["name", "parameters"])?;
        let name = text(output, "name", "an output")?;
        expect(name == model.output.name, || format!("model `{}` has no output `{name}`", model.name))?;
    }
    Ok(())
}

fn read_inputs(model: &Model, inputs: &[Value]) -> Result<Inputs, Refusal> {
    let mut elements = BTreeMap::new();
    let mut all_rows = Vec::new();
    for input in inputs {
        let input = object(input, "an input")?;
        only(input, "an input", &["name", "shape", "datatype", "parameters", "data"])?;
        let name = text(input, "name", "an input")?;
        let spec = model.inputs.iter().find(|spec| spec.name == name);
        let spec = spec.ok_or_else(|| Refusal::bad_request(format!("model `{}` has no input `{name}`", model.name)))?;
        let (rows, read) = read_input(spec, input)?;
        expect(elements.insert(spec.name, read).is_none(), || format!("input `{name}` is there twice"))?;
        all_rows.push(rows);
    }
    for spec in model.inputs {
        expect(elements.contains_key(spec.name), || format!("input `{}` is missing", spec.name))?;
    }
    let rows = all_rows.first().copied().unwrap_or_default();
    expect(all_rows.iter().all(|other| *other == rows), || format!("the inputs have {all_rows:?} rows"))?;
    Ok(Inputs { rows, elements })
}

/// An input's number of rows, and its elements.
fn read_input(spec: &TensorSpec, input: &Map<String, Value>) -> Result<(usize, Vec<Value>), Refusal> {
    let name = spec.name;
    let datatype = text(input, "datatype", name)?;
    expect(datatype == spec.datatype, || format!("input `{name}` is {}, not {datatype}", spec.datatype))?;
    let shape = read_shape(spec, input)?;
    let elements = read_data(name, &shape, input)?;
    for element in &elements {
        expect(is_of(datatype, element), || format!("input `{name}`: {element} is not {datatype}"))?;
    }
    Ok((shape.first().copied().unwrap_or_default(), elements))
}

fn read_shape(spec: &TensorSpec, input: &Map<String, Value>) -> Result<Vec<usize>, Refusal> {
    let given = input.get("shape").cloned().unwrap_or_default();
    let wrong = || format!("input `{}` has shape {given}, not {:?}", spec.name, spec.shape);
    let sizes = given.as_array().ok_or_else(|| Refusal::bad_request(wrong()))?;
    let sizes: Option<Vec<usize>> = sizes.iter().map(|size| usize::try_from(size.as_u64()?).ok()).collect();
    let sizes = sizes.ok_or_else(|| Refusal::bad_request(wrong()))?;
    let fits = |(size, allowed): (&usize, &i64)| *allowed == -1 || i64::try_from(*size) == Ok(*allowed);
    let is_allowed = sizes.len() == spec.shape.len() && sizes.iter().zip(spec.shape).all(fits);
    expect(is_allowed, wrong)?;
    Ok(sizes)
}

/// The elements, flat or nested. Their number must fit the shape.
fn read_data(name: &str, shape: &[usize], input: &Map<String, Value>) -> Result<Vec<Value>, Refusal> {
    let data = input.get("data").and_then(Value::as_array);
    let data = data.ok_or_else(|| Refusal::bad_request(format!("input `{name}`: `data` is not an array")))?;
    if data.iter().any(Value::is_array) {
        let wrong = || format!("input `{name}`: `data` is not nested according to its shape {shape:?}");
        return nested(data, shape).ok_or_else(|| Refusal::bad_request(wrong()));
    }
    let (found, expected) = (data.len(), shape.iter().product::<usize>());
    expect(found == expected, || format!("input `{name}` has {found} elements, its shape {shape:?} needs {expected}"))?;
    Ok(data.clone())
}

/// The elements of nested arrays. `None` if their lengths do not fit the shape.
fn nested(data: &[Value], shape: &[usize]) -> Option<Vec<Value>> {
    let (size, inner) = shape.split_first()?;
    if data.len() != *size {
        return None;
    }
    if inner.is_empty() {
        return Some(data.to_vec());
    }
    let rows: Option<Vec<_>> = data.iter().map(|row| nested(row.as_array()?, inner)).collect();
    Some(rows?.concat())
}

/// True if an element has this datatype. A number with a decimal point is not an integer, not even `1.0`.
fn is_of(datatype: &str, element: &Value) -> bool {
    match datatype {
        "BOOL" => element.is_boolean(),
        "BYTES" => element.is_string(),
        "FP32" | "FP64" => element.is_number(),
        _ => element.is_i64(),
    }
}

fn object<'a>(value: &'a Value, what: &str) -> Result<&'a Map<String, Value>, Refusal> {
    value.as_object().ok_or_else(|| Refusal::bad_request(format!("{what} is not an object")))
}

fn text<'a>(object: &'a Map<String, Value>, key: &str, what: &str) -> Result<&'a str, Refusal> {
    let text = object.get(key).and_then(Value::as_str);
    text.ok_or_else(|| Refusal::bad_request(format!("{what} has no string `{key}`")))
}

fn only(object: &Map<String, Value>, what: &str, known: &[&str]) -> Result<(), Refusal> {
    let unknown = object.keys().find(|key| !known.contains(&key.as_str()));
    unknown.map_or(Ok(()), |key| Err(Refusal::bad_request(format!("{what} has an unknown field `{key}`"))))
}

fn expect(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(Refusal::bad_request(otherwise())) }
}
