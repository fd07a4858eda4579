//! Changes that make a good answer invalid, for [`Answer::Changed`](super::Answer::Changed). A client must not accept
//! it.
//!
//! Each changes the first output, in metadata and in responses to inferences. An answer without outputs is not changed.

use serde_json::{Value, json};

/// Removes one element, so that the data do not fit the shape.
pub fn too_few_elements(answer: &mut Value) {
    if let Some(data) = answer.pointer_mut("/outputs/0/data").and_then(Value::as_array_mut) {
        data.pop();
    }
}

/// Adds a dimension of size 1, so that the data still fit the shape.
pub fn other_shape(answer: &mut Value) {
    if let Some(shape) = answer.pointer_mut("/outputs/0/shape").and_then(Value::as_array_mut) {
        shape.push(json!(1));
    }
}

/// Replaces numbers by texts, with a datatype that the protocol has but that differs from the other answers.
pub fn other_datatype(answer: &mut Value) {
    set(answer, "datatype", "BYTES");
    words_for_numbers(answer);
}

/// Sets a datatype that the protocol does not have.
pub fn unknown_datatype(answer: &mut Value) {
    set(answer, "datatype", "FLOAT");
}

/// Replaces numbers by texts without changing the datatype.
pub fn words_for_numbers(answer: &mut Value) {
    if let Some(data) = answer.pointer_mut("/outputs/0/data").and_then(Value::as_array_mut) {
        data.iter_mut().for_each(|element| *element = format!("label {element}").into());
    }
}

/// Sets a name that differs from the other answers.
pub fn other_name(answer: &mut Value) {
    set(answer, "name", "something-else");
}

fn set(answer: &mut Value, key: &str, text: &str) {
    if let Some(value) = answer.pointer_mut(&format!("/outputs/0/{key}")) {
        *value = text.into();
    }
}
