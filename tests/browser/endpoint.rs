//! Real requests from a browser: that a client's errors are told apart, and that nothing is read which is too large.

use std::time::Duration;

use interleave::endpoint::fetch::Browser;
use interleave::endpoint::transport::{Request, Transport};
use interleave::endpoint::{BaseUrl, Client, EndpointError, FetchError};
use interleave::runtime::Run;
use wasm_bindgen_test::wasm_bindgen_test;

/// A file that the tests' server has, of some 50 KB.
const FILE: &str = "static/data/digits.csv";

fn get(url: &str) -> Request {
    Request { url: url.to_owned(), body: None }
}

async fn error_at(base: BaseUrl) -> EndpointError {
    let run = Run::in_browser(7);
    let client = Client::new(&run, base);
    let error = client.model("mlp-64").await.expect_err("there is no such server");
    run.timeout(Duration::from_secs(20), client.explain(error)).await.expect("it does not wait for ever")
}

#[wasm_bindgen_test]
async fn a_reply_comes_whole_with_what_the_server_says_of_it() {
    let reply = Browser.send(get(FILE), 1_000_000).await.expect("it is there");
    assert_eq!(reply.status, 200);
    assert!(reply.body.starts_with(b"label,p0") && reply.body.len() > 10_000);
    assert!(reply.content_type.is_some());
}

#[wasm_bindgen_test]
async fn a_reply_that_is_too_large_is_given_up() {
    let error = Browser.send(get(FILE), 1_000).await.expect_err("it is larger");
    assert_eq!(error, FetchError::TooLarge { url: FILE.to_owned(), most_bytes: 1_000 });
}

#[wasm_bindgen_test]
async fn a_server_that_has_no_such_page_is_told_by_its_status() {
    let error = error_at(BaseUrl::of_the_site("static/nowhere/")).await;
    assert_eq!(error.cause(), "HTTP 404", "{error}");
}

#[wasm_bindgen_test]
async fn a_port_where_nobody_listens_is_unreachable() {
    let error = error_at(BaseUrl::parse("http://127.0.0.1:9/").expect("it is an address")).await;
    assert_eq!(error.cause(), "unreachable or blocked", "{error}");
}

#[wasm_bindgen_test]
async fn what_the_browser_takes_for_no_address_is_told_so() {
    for url in ["http://[1:2:3]/", "http://me:secret@127.0.0.1/"] {
        let error = Browser.send(get(url), 1_000).await.expect_err(url);
        assert_eq!(error, FetchError::NotAnAddress { url: url.to_owned() });
    }
}
