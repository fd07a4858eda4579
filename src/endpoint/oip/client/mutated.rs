//! For any response, each function of the client ends, and each error names what was wrong in a short sentence.

use futures::FutureExt;
use inference::protocol::Tensor;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::endpoint::http::{Answer, Scripted};
use crate::endpoint::mutations::{mutated, mutations};

/// Longer messages do not fit beside a control.
const MAX_CHARS: usize = 400;

/// The valid documents: what the functions of the client expect, and the forms of errors.
fn documents() -> Vec<Value> {
    let tensor = json!({ "name": "x", "datatype": "FP32", "shape": [-1, 2] });
    vec![
        json!({ "name": "server", "version": "1.0", "extensions": ["health"] }),
        json!({ "name": "m", "versions": ["1"], "platform": "p", "inputs": [tensor], "outputs": [tensor] }),
        json!([{ "name": "m", "version": "1", "state": "READY", "reason": "" }]),
        json!({ "models": ["m"] }),
        json!({
            "model_name": "m",
            "model_version": "1",
            "id": "7",
            "outputs": [{ "name": "y", "datatype": "FP32", "shape": [2, 2], "data": [[1.5, 2], [3, 4]] }],
        }),
        json!({ "error": "no such model" }),
        json!({ "error": { "message": "no such model", "code": 404 } }),
        json!({ "detail": [{ "loc": ["body", "inputs", 0], "msg": "field required", "type": "missing" }] }),
        json!({ "code": 5, "message": "not found", "details": [] }),
    ]
}

fn assert_named(error: &OipError, status: u16) {
    let message = error.to_string();
    assert!(!message.trim().is_empty() && message.chars().count() <= MAX_CHARS, "{message}");
    assert!(!message.contains(['\n', '\0']), "{message:?} has several lines");
    assert!(!error.advice().is_empty() && !error.cause().is_empty());
    match error {
        OipError::Status { .. } => assert!(message.starts_with(&format!("HTTP status {status}")), "{message}"),
        OipError::NotJson { reason, .. } | OipError::NotTheProtocol { reason } => {
            assert!(reason.contains(' '), "`{reason}` is not a sentence");
        }
        OipError::Reported { message } => assert!(!message.is_empty()),
        OipError::Http(_) | OipError::TimedOut(_) => panic!("the response was complete: {message}"),
    }
}

proptest! {
    #[test]
    fn every_mutated_response_has_a_result_or_a_named_error(
        document in prop::sample::select(documents()),
        mutations in mutations(),
        status in prop::sample::select(vec![200_u16, 404, 422, 500]),
        cut in prop::option::weighted(0.1, 0.0..1.0_f64),
    ) {
        let mut body = mutated(document, &mutations).to_string().into_bytes();
        if let Some(share) = cut {
            body.truncate((body.len() as f64 * share) as usize);
        }
        let run = Run::on_virtual_clock(7);
        let server = Scripted::new(&run, move |_| {
            Answer::new(status).with_header("content-type", "application/json").with_body(body.clone())
        });
        let base = BaseUrl::parse("http://models.example").expect("it is a URL");
        let client = Client::with_http(http::Client::new(&run, server), base);
        let input = Tensor::rows_of_f32("x", 2, &[0.5; 2]).expect("it is one row");
        let request = InferRequest { id: None, inputs: vec![input], outputs: Vec::new() };
        let errors = [
            client.server().now_or_never().expect("it does not wait").err(),
            client.model("m").now_or_never().expect("it does not wait").err(),
            client.models().now_or_never().expect("it does not wait").err(),
            client.infer("m", &request).now_or_never().expect("it does not wait").err(),
        ];
        if status != 200 {
            prop_assert!(errors.iter().all(Option::is_some), "a bad status is an error");
        }
        for error in errors.iter().flatten() {
            assert_named(error, status);
        }
    }
}
