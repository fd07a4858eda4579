//! The inputs that a reader enters as JSON. They replace those that are built from the model's metadata.

use inference::protocol::{DeclaredDatatype, Tensor, TensorMetadata};
use serde_json::Value;

use super::inputs::Input;

/// A `data` field with this value is filled with random data, like one that is missing or null.
const RANDOM: &str = "random";

/// The reason why the entered text cannot be used as inputs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum EnteredError {
    #[error("the inputs that you entered are not JSON: {reason}")]
    NotJson { reason: String },
    #[error("what you entered is not a list of inputs, or the list is empty")]
    NotAList,
    #[error("input {number} that you entered: {reason}")]
    BadInput { number: usize, reason: String },
}

/// Parses the entered text: a whole request, its list of `inputs`, or a single input.
pub(super) fn parse(text: &str) -> Result<Vec<Input>, EnteredError> {
    let json: Value =
        serde_json::from_str(text).map_err(|error| EnteredError::NotJson { reason: error.to_string() })?;
    let list = match json {
        Value::Array(list) => list,
        Value::Object(mut fields) => match fields.remove("inputs") {
            Some(Value::Array(list)) => list,
            Some(_) => return Err(EnteredError::NotAList),
            None => vec![Value::Object(fields)],
        },
        _ => return Err(EnteredError::NotAList),
    };
    if list.is_empty() {
        return Err(EnteredError::NotAList);
    }
    let parse =
        |(index, value)| parse_input(value).map_err(|reason| EnteredError::BadInput { number: index + 1, reason });
    list.into_iter().enumerate().map(parse).collect()
}

/// Parses one input. The error says what is wrong with it.
fn parse_input(value: Value) -> Result<Input, String> {
    let Some(fields) = value.as_object() else { return Err(format!("{value} is not a JSON object")) };
    for field in ["name", "datatype", "shape"] {
        if !fields.contains_key(field) {
            return Err(format!("\"{field}\" is missing"));
        }
    }
    let has_data = !matches!(fields.get("data"), None | Some(Value::Null))
        && fields.get("data").and_then(Value::as_str) != Some(RANDOM);
    let declared: TensorMetadata = serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
    let DeclaredDatatype::Known(datatype) = declared.datatype else {
        return Err(format!("the protocol has no datatype `{}`; for text, use `BYTES`", declared.datatype));
    };
    if has_data && declared.shape.iter().any(|size| *size < 0) {
        return Err("a size of -1 in the shape is only allowed with random data".to_owned());
    }
    let data: Option<Tensor> =
        has_data.then(|| serde_json::from_value(value)).transpose().map_err(|error| error.to_string())?;
    Ok(Input { name: declared.name, datatype, shape: declared.shape, data })
}

#[cfg(test)]
mod tests {
    use inference::protocol::Datatype;

    use super::*;

    #[test]
    fn inputs_are_parsed_as_in_a_request() {
        let list = r#"[{"name": "ids", "datatype": "INT64", "shape": [1, 3], "data": [[7, "8", 9]]},
                       {"name": "mask", "datatype": "bool", "shape": [-1, 2], "data": "random"},
                       {"name": "x", "datatype": "FP32", "shape": ["2"]}]"#;
        let inputs = parse(list).expect("it is a list");
        assert_eq!(inputs.iter().map(|input| input.name.as_str()).collect::<Vec<_>>(), ["ids", "mask", "x"]);
        let data = inputs[0].data.as_ref().expect("it was entered");
        assert_eq!((data.numbers(), data.shape()), (Some(&[7.0, 8.0, 9.0][..]), &[1, 3][..]));
        assert_eq!((inputs[1].datatype, &*inputs[1].shape, &inputs[1].data), (Datatype::Bool, &[-1, 2][..], &None));
        assert!(inputs[2].data.is_none());
        for other in [format!("{{\"id\": \"1\", \"inputs\": {list}}}"), format!("  {list}\n")] {
            assert_eq!(parse(&other).map(|inputs| inputs.len()), Ok(3));
        }
        let one = r#"{"name": "t", "datatype": "BYTES", "shape": [1], "data": ["random"]}"#;
        let inputs = parse(one).expect("it is one input");
        assert!(inputs[0].data.is_some(), "`random` as an element of a list is data");
    }

    #[test]
    fn the_error_says_what_is_wrong_with_an_input() {
        for (text, message) in [
            ("x FP32 [1, 4]", "the inputs that you entered are not JSON: expected value at line 1 column 1"),
            ("[]", "what you entered is not a list of inputs, or the list is empty"),
            ("7", "what you entered is not a list of inputs, or the list is empty"),
            (r#"{"inputs": 7}"#, "what you entered is not a list of inputs, or the list is empty"),
            ("[1]", "input 1 that you entered: 1 is not a JSON object"),
            (r#"[{"name": "x", "datatype": "FP32"}]"#, "input 1 that you entered: \"shape\" is missing"),
            (
                r#"[{"name": "x", "datatype": "STRING", "shape": [1]}]"#,
                "input 1 that you entered: the protocol has no datatype `STRING`; for text, use `BYTES`",
            ),
            (
                r#"[{"name": "x", "datatype": "FP32", "shape": [-1], "data": [1]}]"#,
                "input 1 that you entered: a size of -1 in the shape is only allowed with random data",
            ),
            (
                r#"[{"name": "x", "datatype": "FP32", "shape": [1, 4], "data": [1, 2]}]"#,
                "input 1 that you entered: tensor `x` has 2 elements, but its shape [1, 4] needs 4",
            ),
            (
                r#"[{"name": "x", "datatype": "FP32", "shape": [1], "data": ["one"]}]"#,
                "input 1 that you entered: tensor `x` has an element at index 0 that is not of datatype FP32",
            ),
        ] {
            let error = parse(text).expect_err(text);
            assert_eq!(error.to_string(), message);
        }
    }
}
