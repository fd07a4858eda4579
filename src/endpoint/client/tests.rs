//! What the client makes of replies, good and bad. The model server's own logic answers where nothing else is said.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use inference::protocol::Tensor;

use super::*;
use crate::runtime::virtual_time::block_on;

/// Gives the same reply to everything, and keeps what was asked.
#[derive(Clone)]
struct Scripted {
    reply: Result<Reply, FetchError>,
    is_there: bool,
    is_from_https: bool,
    asked: Rc<RefCell<Vec<Request>>>,
}

impl Scripted {
    fn new(reply: Result<Reply, FetchError>) -> Self {
        Self { reply, is_there: false, is_from_https: false, asked: Rc::default() }
    }

    fn body(status: u16, content_type: &str, body: &str) -> Self {
        let content_type = Some(content_type.to_owned());
        let body = body.as_bytes().to_vec();
        Self::new(Ok(Reply { status, content_type, body, ..Reply::default() }))
    }
}

impl Transport for Scripted {
    fn send(&self, request: Request, _most_bytes: usize) -> LocalBoxFuture<'_, Result<Reply, FetchError>> {
        self.asked.borrow_mut().push(request);
        let reply = self.reply.clone();
        Box::pin(async { reply })
    }

    fn is_anybody_there(&self, _url: String) -> LocalBoxFuture<'_, bool> {
        let is_there = self.is_there;
        Box::pin(async move { is_there })
    }

    fn is_from_https(&self) -> bool {
        self.is_from_https
    }

    fn now(&self) -> Duration {
        Duration::from_secs(784_111_777)
    }
}

fn base() -> BaseUrl {
    BaseUrl::parse("http://models.example:8000").expect("it is an address")
}

fn error_of(transport: Scripted) -> EndpointError {
    let client = Client::over(transport, base());
    client.model("mlp-64").now_or_never().expect("it does not wait").expect_err("it is no metadata")
}

fn digits(id: &str) -> InferRequest {
    let input = Tensor::rows_of_f32("images", 64, &[0.5; 64]).expect("it is one row");
    InferRequest { id: Some(id.to_owned()), inputs: vec![input], outputs: Vec::new() }
}

#[test]
fn paths_and_methods_are_the_protocols() {
    let transport = Scripted::body(200, "application/json", "{}");
    let client = Client::over(transport.clone(), base());
    let asked = [client.server().now_or_never().map(drop), client.model("a/b").now_or_never().map(drop)];
    assert!(asked.iter().all(Option::is_some) && client.infer("m", &digits("7")).now_or_never().is_some());
    let asked = transport.asked.borrow();
    let urls: Vec<_> = asked.iter().map(|request| (request.body.is_some(), request.url.as_str())).collect();
    let expected = [
        (false, "http://models.example:8000/v2"),
        (false, "http://models.example:8000/v2/models/a%2Fb"),
        (true, "http://models.example:8000/v2/models/m/infer"),
    ];
    assert_eq!(urls, expected);
}

#[test]
fn every_bad_reply_is_told_by_its_cause() {
    for (transport, cause, told) in [
        (Scripted::body(404, "text/plain", "no such page"), "HTTP 404", "HTTP status 404"),
        (
            Scripted::body(404, "application/json", r#"{"error": "there is no model `mlp-64`"}"#),
            "HTTP 404",
            "HTTP status 404: there is no model `mlp-64`",
        ),
        (Scripted::body(200, "text/html", "<!DOCTYPE html>"), "not JSON", "the reply is not JSON, but an HTML page"),
        (Scripted::body(200, "application/json", "{\"name\": "), "not JSON", "the reply is not JSON: EOF"),
        (Scripted::body(200, "application/json", ""), "not JSON", "the reply is not JSON: it is empty"),
        (Scripted::body(200, "application/json", "{\"hello\": 1}"), "not the protocol", "missing field `name`"),
        (
            Scripted::body(200, "application/json", r#"{"name": "m", "inputs": [{"name": "x", "datatype": "TEXT"}]}"#),
            "not the protocol",
            "unknown variant `TEXT`",
        ),
        (
            Scripted::new(Err(FetchError::TooLarge { url: "u".to_owned(), most_bytes: MOST_BYTES })),
            "reply too large",
            "larger than 16.0 MB",
        ),
        (Scripted::new(Err(FetchError::BrokenOff { url: "u".to_owned() })), "broke off", "the answer of `u` broke off"),
        (
            Scripted::new(Err(FetchError::Unreachable { url: "u".to_owned() })),
            "unreachable or blocked",
            "`u` cannot be reached",
        ),
    ] {
        let error = error_of(transport);
        assert_eq!(error.cause(), cause, "{error}");
        assert!(error.to_string().contains(told) && !error.advice().is_empty(), "{error}");
    }
}

#[test]
fn a_result_that_contradicts_itself_is_not_the_protocols() {
    let body = r#"{"model_name": "m", "outputs": [{"name": "y", "shape": [2], "datatype": "FP32", "data": [1]}]}"#;
    let client = Client::over(Scripted::body(200, "application/json", body), base());
    let error = client.infer("m", &digits("7")).now_or_never().expect("it does not wait").expect_err("one is missing");
    assert_eq!(error.cause(), "not the protocol");
    assert!(error.to_string().contains("has 1 elements, but its shape [2] needs 2"), "{error}");
}

#[test]
fn json_that_ends_before_its_announced_length_broke_off() {
    let mut transport = Scripted::body(200, "application/json", "{\"name\": ");
    if let Ok(reply) = &mut transport.reply {
        reply.announced_bytes = Some(100);
    }
    assert_eq!(error_of(transport).cause(), "broke off");
}

#[test]
fn when_to_come_again_is_read_from_the_reply() {
    let mut transport = Scripted::body(429, "application/json", r#"{"error": "too many"}"#);
    if let Ok(reply) = &mut transport.reply {
        reply.retry_after = Some("Sun, 06 Nov 1994 08:50:07 GMT".to_owned());
    }
    let error = error_of(transport);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
    assert!(error.is_transient());
}

#[test]
fn nobody_there_is_told_from_somebody_who_must_not_be_read() {
    let url = "http://models.example:8000/v2".to_owned();
    let silent = Scripted::new(Err(FetchError::Unreachable { url }));
    let hidden = Scripted { is_there: true, ..silent.clone() };
    for (transport, cause) in [(silent, "unreachable or blocked"), (hidden, "blocked by CORS")] {
        let client = Client::over(transport.clone(), base());
        let error = client.explain(error_of(transport)).now_or_never().expect("it does not wait");
        assert_eq!(error.cause(), cause);
    }
}

#[test]
fn from_an_https_page_nothing_is_asked_over_http() {
    let transport = Scripted { is_from_https: true, ..Scripted::body(200, "application/json", "{}") };
    assert_eq!(error_of(transport.clone()).cause(), "http from an https page");
    assert!(transport.asked.borrow().is_empty());
}

#[test]
fn the_same_client_asks_the_model_servers_own_logic_on_the_virtual_clock() {
    let run = Run::on_virtual_clock(7);
    let client = Client::new(&run, BaseUrl::of_the_site("api/s/latency=100/"));
    let response = async {
        assert_eq!(client.server().await.expect("it is there").name, "interleave");
        assert_eq!(client.model("mlp-64").await.expect("it has it").inputs[0].shape, [-1, 64]);
        client.infer("mlp-64", &digits("7")).await
    };
    let response = block_on(&run, response).expect("it ends").expect("the request is good");
    assert_eq!(response.id.as_deref(), Some("7"));
    assert_eq!(run.now(), Duration::from_millis(200), "metadata and inference take their time");

    let nobody = Client::new(&run, base());
    let error = block_on(&run, nobody.server()).expect("it ends").expect_err("nobody is there");
    assert_eq!(error.cause(), "unreachable or blocked");
}

#[test]
fn a_dropped_request_leaves_the_servers_count() {
    let run = Run::on_virtual_clock(7);
    let server = Rc::new(OnVirtualClock::start(&run));
    let url = |path: &str| format!("api/s/latency=1000,capacity=1/{path}");
    let get = |path: &str| server.send(Request { url: url(path), body: None }, MOST_BYTES);
    let asked = run.timeout(Duration::from_millis(300), get("v2/models/mlp-16"));
    assert!(block_on(&run, asked).expect("it ends").is_err());
    let stats = block_on(&run, get("stats")).expect("it ends").expect("it is there").body;
    assert!(String::from_utf8_lossy(&stats).contains("\"in_flight\":0"), "{}", String::from_utf8_lossy(&stats));
}
