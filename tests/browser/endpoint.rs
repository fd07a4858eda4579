//! Real requests from a browser: errors have the right cause, nothing too large is read, and bodies arrive in chunks.

use std::time::Duration;

use futures::StreamExt;
use interleave::endpoint::http::{BaseUrl, Browser, Client as HttpClient, HttpError, Request, Response, Transport};
use interleave::endpoint::oip::{Client, OipError};
use interleave::runtime::Run;
use wasm_bindgen_test::wasm_bindgen_test;

/// A file of about 50 KB that the tests' server has.
const FILE: &str = "static/data/digits.csv";

async fn get(url: &str) -> Result<Response, HttpError> {
    Browser.send(Request::get(url)).await
}

async fn error_at(base: BaseUrl) -> OipError {
    let run = Run::in_browser(7);
    let client = Client::new(&run, base);
    let error = client.model("mlp-64").await.expect_err("there is no such server");
    run.timeout(Duration::from_secs(20), client.explain(error)).await.expect("the browser answers in time")
}

#[wasm_bindgen_test]
async fn a_response_has_its_status_its_headers_and_its_whole_body() {
    let response = get(FILE).await.expect("the file exists");
    assert_eq!(response.status, 200);
    assert!(response.headers.get("Content-Type").is_some());
    let body = response.body.bytes(1_000_000).await.expect("it is smaller");
    assert!(body.starts_with(b"label,p0") && body.len() > 10_000);
}

#[wasm_bindgen_test]
async fn a_body_over_the_limit_is_not_read() {
    let error = get(FILE).await.expect("the file exists").body.bytes(1_000).await.expect_err("it is larger");
    let HttpError::TooLarge { url, limit_bytes: 1_000, size_bytes } = &error else { panic!("{error}") };
    assert!(url == FILE && *size_bytes > 1_000, "{error}");
}

#[wasm_bindgen_test]
async fn the_chunks_of_a_body_are_the_whole_body() {
    let whole = get(FILE).await.expect("the file exists").body.bytes(1_000_000).await.expect("it is smaller");
    let mut chunks = get(FILE).await.expect("the file exists").body.chunks();
    let mut body = Vec::new();
    while let Some(chunk) = chunks.next().await {
        body.extend(chunk.expect("the connection stays open"));
    }
    assert_eq!(body, whole);
    assert!(chunks.next().await.is_none(), "the stream has ended");
}

#[wasm_bindgen_test]
async fn a_body_can_be_aborted_after_its_first_chunk() {
    let mut chunks = get(FILE).await.expect("the file exists").body.chunks();
    let first = chunks.next().await.expect("the body is not empty").expect("the connection stays open");
    assert!(first.starts_with(b"label,p0"));
    drop(chunks);
    // The next request has a connection and a response of its own.
    let body = get(FILE).await.expect("the file exists").body.text(1_000_000).await.expect("it is text");
    assert!(body.starts_with("label,p0"));
}

#[wasm_bindgen_test]
async fn a_request_within_its_timeout_is_complete() {
    let client = HttpClient::new(&Run::in_browser(7), Browser);
    let response = client.send(Request::get(FILE).with_timeout(Duration::from_secs(20))).await.expect("it exists");
    assert!(response.body.bytes(1_000_000).await.expect("it is smaller").starts_with(b"label,p0"));
}

#[wasm_bindgen_test]
async fn a_missing_page_is_an_error_with_its_status() {
    let error = error_at(BaseUrl::relative("static/nowhere/")).await;
    assert_eq!(error.cause(), "HTTP 404", "{error}");
}

#[wasm_bindgen_test]
async fn a_port_without_a_server_is_unreachable() {
    let error = error_at(BaseUrl::parse("http://127.0.0.1:9/").expect("it is a URL")).await;
    assert_eq!(error.cause(), "unreachable or blocked", "{error}");
}

#[wasm_bindgen_test]
async fn urls_that_the_browser_refuses_are_invalid() {
    for url in ["http://[1:2:3]/", "http://me:secret@127.0.0.1/"] {
        let error = get(url).await.expect_err(url);
        assert_eq!(error, HttpError::InvalidUrl { url: url.to_owned() });
    }
}

#[wasm_bindgen_test]
async fn headers_that_the_browser_refuses_are_invalid() {
    let error = Browser.send(Request::get(FILE).with_header("two words", "1")).await.expect_err("a name has no spaces");
    assert_eq!(error, HttpError::InvalidHeader { name: "two words".to_owned() });
}
