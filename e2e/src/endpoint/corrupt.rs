//! Changes that make a good answer one that a client must not believe, for [`Answer::Changed`](super::Answer::Changed).
//!
//! Each is about the first output, in metadata as well as in the response to an inference. An answer without outputs stays
//! as it is.

use serde_json::{Value, json};

/// One element less than the shape says.
pub fn too_few_elements(answer: &mut Value) {
    if let Some(data) = answer.pointer_mut("/outputs/0/data").and_then(Value::as_array_mut) {
        data.pop();
    }
}

/// One dimension more, of size 1, so the data fit.
pub fn other_shape(answer: &mut Value) {
    if let Some(shape) = answer.pointer_mut("/outputs/0/shape").and_then(Value::as_array_mut) {
        shape.push(json!(1));
    }
}

/// Texts instead of numbers: a datatype of the protocol, but not the one that the other answers tell.
pub fn other_datatype(answer: &mut Value) {
    set(answer, "datatype", "BYTES");
    texts_for_numbers(answer);
}

/// A datatype that the protocol does not have.
pub fn unknown_datatype(answer: &mut Value) {
    set(answer, "datatype", "FLOAT");
}

/// Elements that are not of the datatype.
pub fn texts_for_numbers(answer: &mut Value) {
    if let Some(data) = answer.pointer_mut("/outputs/0/data").and_then(Value::as_array_mut) {
        data.iter_mut().for_each(|element| *element = element.to_string().into());
    }
}

/// A name that the other answers do not have.
pub fn other_name(answer: &mut Value) {
    set(answer, "name", "something-else");
}

fn set(answer: &mut Value, key: &str, text: &str) {
    if let Some(value) = answer.pointer_mut(&format!("/outputs/0/{key}")) {
        *value = text.into();
    }
}
