//! The client with scripted responses, good and bad, and with the simulated server.

use std::rc::Rc;
use std::time::Duration;

use futures::FutureExt;
use inference::protocol::Tensor;

use super::*;
use crate::endpoint::http::{Answer, Scripted, Transport};
use crate::endpoint::simulated_server::SimulatedServer;
use crate::runtime::virtual_time::block_on;

fn base() -> BaseUrl {
    BaseUrl::parse("http://models.example:8000").expect("it is a URL")
}

fn json(status: u16, body: &str) -> Answer {
    Answer::new(status).with_header("content-type", "application/json").with_body(body)
}

/// A client whose server gives every request the same answer.
fn client_of(answer: Answer) -> (Client, Scripted) {
    let run = Run::on_virtual_clock(7);
    let server = Scripted::new(&run, move |_| answer.clone());
    (Client::with_http(http::Client::new(&run, server.clone()), base()), server)
}

fn error_of(answer: Answer) -> OipError {
    let (client, _) = client_of(answer);
    client.model("mlp-64").now_or_never().expect("it does not wait").expect_err("it is not metadata")
}

fn digits(id: &str) -> InferRequest {
    let input = Tensor::rows_of_f32("images", 64, &[0.5; 64]).expect("it is one row");
    InferRequest { id: Some(id.to_owned()), inputs: vec![input], outputs: Vec::new() }
}

#[test]
fn paths_and_methods_follow_the_protocol() {
    let (client, server) = client_of(json(200, "{}"));
    let ended = [client.server().now_or_never().map(drop), client.model("a/b").now_or_never().map(drop)];
    assert!(ended.iter().all(Option::is_some) && client.infer("m", &digits("7")).now_or_never().is_some());
    let requests = server.requests();
    let requests: Vec<_> = requests.iter().map(|request| (request.method.as_str(), request.url.as_str())).collect();
    let expected = [
        ("GET", "http://models.example:8000/v2"),
        ("GET", "http://models.example:8000/v2/models/a%2Fb"),
        ("POST", "http://models.example:8000/v2/models/m/infer"),
    ];
    assert_eq!(requests, expected);
}

#[test]
fn every_bad_response_is_an_error_with_its_cause() {
    let text = |status, body: &str| Answer::new(status).with_header("content-type", "text/plain").with_body(body);
    let html = Answer::new(200).with_header("content-type", "text/html").with_body("<!DOCTYPE html>");
    let url = || "u".to_owned();
    for (answer, cause, message) in [
        (text(404, "no such page"), "HTTP 404", "HTTP status 404: no such page"),
        (
            json(422, r#"{"detail": [{"loc": ["body"], "msg": "no list"}]}"#),
            "HTTP 422",
            "HTTP status 422: body: no list",
        ),
        (
            json(200, r#"{"name": "m", "error": {"message": "not ready"}}"#),
            "error in the response",
            "an error in a response with a good status: not ready",
        ),
        (
            json(502, "<title>502 Bad Gateway</title>").with_lost_connection(),
            "HTTP 502",
            "HTTP status 502: 502 Bad Gateway",
        ),
        (
            json(404, r#"{"error": "there is no model `mlp-64`"}"#),
            "HTTP 404",
            "HTTP status 404: there is no model `mlp-64`",
        ),
        (html, "not JSON", "the response is not JSON, but an HTML page"),
        (json(200, "{\"name\": "), "not JSON", "the response is not JSON: EOF"),
        (json(200, ""), "not JSON", "the response is not JSON: it is empty"),
        (json(200, "{\"hello\": 1}"), "protocol error", "missing field `name`"),
        (
            json(200, r#"{"name": "m", "inputs": [{"name": "x", "datatype": 3}]}"#),
            "protocol error",
            "invalid type: integer `3`, expected a string",
        ),
        (json(200, "{}").with_header("content-length", "16000001"), "response too large", "the limit is 16.0 MB"),
        (json(200, "{").with_lost_connection(), "connection lost", "the connection to `http://models.example:8000/v2"),
        (Answer::from_error(HttpError::Unreachable { url: url() }), "unreachable or blocked", "`u` cannot be reached"),
    ] {
        let error = error_of(answer);
        assert_eq!(error.cause(), cause, "{error}");
        assert!(error.to_string().contains(message) && !error.advice().is_empty(), "{error}");
    }
}

#[test]
fn only_the_beginning_of_an_error_is_read() {
    let large = format!("{}{}", "x".repeat(100), "y".repeat(2 * MAX_ERROR_BYTES));
    let (client, server) = client_of(Answer::new(500).with_body(large));
    let error = client.model("m").now_or_never().expect("it does not wait").expect_err("it is an error").to_string();
    assert!(error.starts_with("HTTP status 500: xxx") && error.len() < 300, "{error}");
    assert_eq!(server.under_way(), 0);
}

#[test]
fn a_result_that_contradicts_itself_does_not_follow_the_protocol() {
    let body = r#"{"model_name": "m", "outputs": [{"name": "y", "shape": [2], "datatype": "FP32", "data": [1]}]}"#;
    let (client, _) = client_of(json(200, body));
    let error = client.infer("m", &digits("7")).now_or_never().expect("it does not wait").expect_err("one is missing");
    assert_eq!(error.cause(), "protocol error");
    assert!(error.to_string().contains("has 1 elements, but its shape [2] needs 2"), "{error}");
}

#[test]
fn json_that_ends_before_its_announced_length_is_a_lost_connection() {
    let error = error_of(json(200, "{\"name\": ").with_header("content-length", "100"));
    assert_eq!(error.cause(), "connection lost");
    // A compressed body has the length of what was sent.
    let (client, _) = client_of(json(200, r#"{"name": "m"}"#).with_header("content-length", "33"));
    assert!(client.model("m").now_or_never().expect("it does not wait").is_ok());
    let error = error_of(json(200, "[]").with_header("content-length", "22"));
    assert_eq!(error.cause(), "protocol error");
}

#[test]
fn the_time_to_wait_is_read_from_the_response() {
    let answer = json(429, r#"{"error": "too many"}"#).with_header("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT");
    let error = error_of(answer);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
    assert!(error.is_transient());
}

#[test]
fn an_unreachable_server_is_told_apart_from_one_without_cors_headers() {
    let run = Run::on_virtual_clock(7);
    let unreachable = Answer::from_error(HttpError::Unreachable { url: "http://models.example:8000/v2".to_owned() });
    for (is_reachable, cause) in [(false, "unreachable or blocked"), (true, "blocked by CORS")] {
        let answer = unreachable.clone();
        let mut server = Scripted::new(&run, move |_| answer.clone());
        server.is_reachable = is_reachable;
        let client = Client::with_http(http::Client::new(&run, server), base());
        let error = client.explain(error_of(unreachable.clone())).now_or_never().expect("it does not wait");
        assert_eq!(error.cause(), cause);
    }
}

#[test]
fn on_the_virtual_clock_the_same_client_reaches_the_simulated_server() {
    let run = Run::on_virtual_clock(7);
    let client = Client::new(&run, BaseUrl::relative("api/s/latency=100/"));
    let response = async {
        assert_eq!(client.server().await.expect("the server answers").name, "interleave");
        assert_eq!(client.model("mlp-64").await.expect("it has the model").inputs[0].shape, [-1, 64]);
        client.infer("mlp-64", &digits("7")).await
    };
    let response = block_on(&run, response).expect("it ends").expect("the request is good");
    assert_eq!(response.id.as_deref(), Some("7"));
    assert_eq!(run.now(), Duration::from_millis(200), "metadata and inference take 100 ms each");

    let elsewhere = Client::new(&run, base());
    let error = block_on(&run, elsewhere.server()).expect("it ends").expect_err("there is no other server");
    assert_eq!(error.cause(), "unreachable or blocked");
}

#[test]
fn a_dropped_request_leaves_the_servers_count() {
    let run = Run::on_virtual_clock(7);
    let server = Rc::new(SimulatedServer::new(&run));
    let get = async |path: &str| {
        let url = format!("api/s/latency=1000,capacity=1/{path}");
        server.send(Request::get(url)).await?.body.text(MAX_BYTES).await
    };
    let model = run.timeout(Duration::from_millis(300), get("v2/models/mlp-16"));
    assert!(block_on(&run, model).expect("it ends").is_err());
    let stats = block_on(&run, get("stats")).expect("it ends").expect("the server answers");
    assert!(stats.contains("\"in_flight\":0"), "{stats}");
}
