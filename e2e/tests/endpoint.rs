//! The model endpoint that other tests rely on: its answers, its errors, its bad behaviour, and its counts.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use e2e::endpoint::{Answer, Behaviour, Cors, Endpoint, corrupt};
use serde_json::{Value, json};
use support::{authority, wait_until};

const INFER: &str = "v2/models/digits/infer";

/// Sends a request, and returns its connection.
fn send(endpoint: &Endpoint, method: &str, path: &str, body: &str) -> TcpStream {
    let address = authority(endpoint.url());
    let mut stream = TcpStream::connect(address).expect("it listens");
    let length = body.len();
    let request = format!("{method} /{path} HTTP/1.1\r\nHost: {address}\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).expect("it reads");
    stream
}

#[derive(Debug)]
struct Response {
    status: u16,
    head: String,
    body: String,
}

impl Response {
    fn read(mut stream: TcpStream) -> Self {
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("it answers");
        let (head, body) = text.split_once("\r\n\r\n").expect("it is HTTP");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("it has a status");
        Self { status, head: head.to_lowercase(), body: body.to_owned() }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("it is JSON")
    }
}

fn get(endpoint: &Endpoint, path: &str) -> Response {
    Response::read(send(endpoint, "GET", path, ""))
}

fn post(endpoint: &Endpoint, path: &str, body: &Value) -> Response {
    Response::read(send(endpoint, "POST", path, &body.to_string()))
}

fn infer(endpoint: &Endpoint) -> Response {
    post(endpoint, INFER, &digits(1))
}

fn start(behaviour: Behaviour) -> Endpoint {
    Endpoint::start(behaviour).expect("there is a port")
}

fn good() -> Endpoint {
    start(Behaviour::default())
}

/// An endpoint that gives this answer to every request.
fn answering(answer: Answer) -> Endpoint {
    start(Behaviour { metadata: answer.clone(), infer: answer, ..Behaviour::default() })
}

/// A good request to `digits`.
fn digits(rows: usize) -> Value {
    let images = json!({ "name": "images", "shape": [rows, 64], "datatype": "FP32", "data": vec![0.5; rows * 64] });
    json!({ "inputs": [images] })
}

/// A good request to `tabular`.
fn table() -> Value {
    json!({ "id": "t", "inputs": [
        { "name": "features", "shape": [2, 4], "datatype": "FP64", "data": [[1, 2, 3, 4], [0.5, 0, 0, 0]] },
        { "name": "flags", "shape": [2, 2], "datatype": "BOOL", "data": [true, true, false, true] },
    ] })
}

#[test]
fn the_endpoint_describes_itself_and_its_models() {
    let endpoint = good();
    assert_eq!(get(&endpoint, "v2").json(), json!({ "name": "endpoint", "version": "1.0", "extensions": [] }));
    assert_eq!(get(&endpoint, "v2/health/live").json(), json!({ "live": true }));
    assert_eq!(get(&endpoint, "v2/health/ready").json(), json!({ "ready": true }));
    assert_eq!(get(&endpoint, "v2/models/digits/ready").json(), json!({ "name": "digits", "ready": true }));
    let digits = get(&endpoint, "v2/models/digits").json();
    assert_eq!(digits["inputs"], json!([{ "name": "images", "datatype": "FP32", "shape": [-1, 64] }]));
    assert_eq!(digits["outputs"], json!([{ "name": "label", "datatype": "INT64", "shape": [-1] }]));
    let tabular = get(&endpoint, "v2/models/tabular").json();
    assert_eq!(tabular["inputs"][1], json!({ "name": "flags", "datatype": "BOOL", "shape": [-1, 2] }));
    assert_eq!(get(&endpoint, "v2/models/texts").json()["inputs"][0]["datatype"], "BYTES");
}

#[test]
fn an_inference_has_a_row_for_each_input_row() {
    let endpoint = good();
    let response = post(&endpoint, INFER, &digits(3)).json();
    let label = json!({ "name": "label", "datatype": "INT64", "shape": [3], "data": [0, 0, 0] });
    assert_eq!(response, json!({ "model_name": "digits", "model_version": "1", "outputs": [label] }));

    let response = post(&endpoint, "v2/models/tabular/infer", &table()).json();
    assert_eq!(response["id"], "t");
    let score = json!({ "name": "score", "datatype": "FP32", "shape": [2, 1], "data": [12.0, 1.5] });
    assert_eq!(response["outputs"], json!([score]));

    let lines = json!({ "name": "lines", "shape": [2], "datatype": "BYTES", "data": ["größer", ""] });
    let response = post(&endpoint, "v2/models/texts/infer", &json!({ "inputs": [lines] })).json();
    assert_eq!(response["outputs"][0]["data"], json!([6, 0]));
}

#[test]
fn an_unknown_path_is_404_with_the_protocols_error() {
    let endpoint = good();
    for path in ["", "v3", "/v2", "v2/", "v2/models", "v2/models/resnet", "v2/models/resnet/ready", INFER] {
        let reply = get(&endpoint, path);
        assert_eq!(reply.status, 404, "{path}");
        assert!(reply.json()["error"].is_string(), "{path}");
    }
    let reply = post(&endpoint, "v2/models/resnet/infer", &digits(1));
    assert_eq!((reply.status, reply.json()), (404, json!({ "error": "there is no model `resnet`" })));
}

/// Changes a good request to `tabular`, and asserts that it is refused with this error.
#[track_caller]
fn assert_refused(endpoint: &Endpoint, change: impl Fn(&mut Value), expected: &str) {
    let mut request = table();
    change(&mut request);
    let reply = post(endpoint, "v2/models/tabular/infer", &request);
    let error = reply.json()["error"].as_str().unwrap_or_default().to_owned();
    assert!(reply.status == 400 && error.contains(expected), "{expected}: {reply:?}");
}

#[test]
fn every_error_in_a_request_is_named() {
    let endpoint = good();
    let not_json = Response::read(send(&endpoint, "POST", INFER, "{\"inputs\":"));
    assert!(not_json.status == 400 && not_json.body.contains("the body is not JSON"), "{not_json:?}");
    let refused = |change: fn(&mut Value), expected: &str| assert_refused(&endpoint, change, expected);
    refused(|it| *it = json!([]), "the body is not an object");
    refused(|it| it["extra"] = json!(1), "the body has an unknown field `extra`");
    refused(|it| it["id"] = json!(7), "`id` is not a string");
    refused(|it| it["inputs"] = json!({}), "`inputs` is not an array");
    refused(|it| it["outputs"] = json!([{ "name": "label" }]), "model `tabular` has no output `label`");
    refused(|it| it["inputs"][0] = json!(1), "an input is not an object");
    refused(|it| it["inputs"][0]["name"] = json!("x"), "model `tabular` has no input `x`");
    refused(|it| it["inputs"][1] = it["inputs"][0].clone(), "input `features` is there twice");
    refused(|it| it["inputs"] = json!([it["inputs"][0]]), "input `flags` is missing");
    refused(|it| it["inputs"][0]["datatype"] = json!("FP32"), "input `features` is FP64, not FP32");
    refused(|it| it["inputs"][0]["shape"] = json!(8), "input `features` has shape 8, not [-1, 4]");
    refused(|it| it["inputs"][0]["shape"] = json!([8]), "input `features` has shape [8], not [-1, 4]");
    refused(|it| it["inputs"][0]["shape"] = json!([4, 2]), "input `features` has shape [4,2], not [-1, 4]");
    refused(|it| it["inputs"][0]["shape"] = json!([-1, 4]), "input `features` has shape [-1,4], not [-1, 4]");
    refused(|it| it["inputs"][0]["data"] = json!("1"), "input `features`: `data` is not an array");
    refused(|it| it["inputs"][0]["data"] = json!([1]), "input `features` has 1 elements, its shape [2, 4] needs 8");
    refused(|it| it["inputs"][0]["data"][1] = json!([1]), "`data` is not nested according to its shape [2, 4]");
    refused(|it| it["inputs"][0]["data"][1] = json!(1), "`data` is not nested according to its shape [2, 4]");
    refused(|it| it["inputs"][0]["data"][1][2] = json!("1"), "input `features`: \"1\" is not FP64");
    refused(|it| it["inputs"][0]["data"][1][2] = json!(null), "input `features`: null is not FP64");
    refused(|it| it["inputs"][1]["data"][0] = json!(1), "input `flags`: 1 is not BOOL");
    let one_row = |it: &mut Value| {
        it["inputs"][1]["shape"] = json!([1, 2]);
        it["inputs"][1]["data"] = json!([true, true]);
    };
    refused(one_row, "the inputs have [2, 1] rows");
}

#[test]
fn other_origins_may_do_what_the_behaviour_allows() {
    let endpoint = good();
    for (cors, preflight, origin) in
        [(Cors::Open, 204, Some("*")), (Cors::NoPreflight, 405, Some("*")), (Cors::Closed, 405, None)]
    {
        endpoint.behave(Behaviour { cors, ..Behaviour::default() });
        let options = Response::read(send(&endpoint, "OPTIONS", INFER, ""));
        assert_eq!((options.status, options.header("access-control-allow-origin")), (preflight, origin), "{cors:?}");
        let headers = options.header("access-control-allow-headers");
        assert_eq!(headers, (cors == Cors::Open).then_some("content-type, authorization"), "{cors:?}");
        for reply in [get(&endpoint, "v2"), get(&endpoint, "v3"), infer(&endpoint)] {
            assert_eq!(reply.header("access-control-allow-origin"), origin, "{cors:?}");
        }
    }
}

#[test]
fn a_bad_answer_has_the_chosen_status_type_and_body() {
    for (answer, status, content_type, body) in [
        (Answer::Text(404), 404, "text/plain; charset=utf-8", "This is status 404.\n"),
        (Answer::Html(500), 500, "text/html; charset=utf-8", "<!DOCTYPE html><title>500</title><h1>500</h1>\n"),
        (Answer::Html(200), 200, "text/html; charset=utf-8", "<!DOCTYPE html><title>200</title><h1>200</h1>\n"),
        (Answer::Json(json!({ "hello": 1 })), 200, "application/json", "{\"hello\":1}"),
    ] {
        let endpoint = answering(answer);
        for reply in [get(&endpoint, "v2/models/digits"), infer(&endpoint)] {
            assert_eq!((reply.status, reply.body.as_str()), (status, body));
            assert_eq!(reply.header("content-type"), Some(content_type));
            assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
        }
    }
}

#[test]
fn metadata_and_inferences_can_fail_separately() {
    let endpoint = start(Behaviour { metadata: Answer::Html(500), ..Behaviour::default() });
    assert_eq!((get(&endpoint, "v2").status, infer(&endpoint).status), (500, 200));
    endpoint.behave(Behaviour { infer: Answer::Html(500), ..Behaviour::default() });
    assert_eq!((get(&endpoint, "v2").status, infer(&endpoint).status), (200, 500));
}

#[test]
fn half_an_answer_has_its_own_length_or_that_of_the_whole() {
    let whole = infer(&good()).body;
    let half = &whole[..whole.len() / 2];
    for (answer, length) in [(Answer::HalfJson, half.len()), (Answer::ClosedHalfway, whole.len())] {
        let reply = infer(&answering(answer));
        assert_eq!((reply.status, reply.body.as_str()), (200, half));
        assert_eq!(reply.header("content-length"), Some(length.to_string().as_str()));
    }
}

#[test]
fn a_corrupt_answer_contradicts_itself_or_the_metadata() {
    let output = |change| infer(&answering(Answer::Changed(change))).json()["outputs"][0].clone();
    assert_eq!(output(corrupt::too_few_elements)["data"], json!([]));
    assert_eq!(output(corrupt::other_shape)["shape"], json!([1, 1]));
    assert_eq!(output(corrupt::other_name)["name"], "something-else");
    assert_eq!(output(corrupt::unknown_datatype)["datatype"], "FLOAT");
    assert_eq!(output(corrupt::words_for_numbers)["data"], json!(["label 0"]));
    let texts = output(corrupt::other_datatype);
    assert_eq!((&texts["datatype"], &texts["data"]), (&json!("BYTES"), &json!(["label 0"])));
    let endpoint = answering(Answer::Changed(corrupt::other_shape));
    assert_eq!(get(&endpoint, "v2/models/digits").json()["outputs"][0]["shape"], json!([-1, 1]));
    assert_eq!(get(&endpoint, "v2/health/live").json(), json!({ "live": true }));
}

#[test]
fn the_first_requests_of_a_kind_fail_and_the_next_are_answered() {
    let busy = Answer::FailFirst { times: 2, status: 429, retry_after_s: Some(1) };
    let endpoint = start(Behaviour { infer: busy, ..Behaviour::default() });
    assert_eq!(get(&endpoint, "v2").status, 200);
    assert_eq!([429, 429, 200].map(|_| infer(&endpoint).status), [429, 429, 200]);

    let broken = Answer::FailFirst { times: 1, status: 503, retry_after_s: None };
    endpoint.behave(Behaviour { infer: broken, ..Behaviour::default() });
    let first = infer(&endpoint);
    assert_eq!((first.status, first.header("retry-after")), (503, None));
    assert_eq!(first.json(), json!({ "error": "this is status 503" }));
    assert_eq!(infer(&endpoint).status, 200);
}

#[test]
fn retry_after_is_exposed_if_the_behaviour_says_so() {
    let infer_fails = Answer::FailFirst { times: usize::MAX, status: 429, retry_after_s: Some(1) };
    for exposes_retry_after in [false, true] {
        let endpoint = start(Behaviour { infer: infer_fails.clone(), exposes_retry_after, ..Behaviour::default() });
        let reply = infer(&endpoint);
        assert_eq!(reply.header("retry-after"), Some("1"));
        let exposed = reply.header("access-control-expose-headers");
        assert_eq!(exposed, exposes_retry_after.then_some("retry-after"));
    }
}

#[test]
fn an_inference_takes_its_latency_and_queues_for_a_slot() {
    let latency = Duration::from_millis(40);
    let endpoint = start(Behaviour { latency, capacity: Some(2), ..Behaviour::default() });
    let start = Instant::now();
    let streams: Vec<_> = (0..6).map(|_| send(&endpoint, "POST", INFER, &digits(1).to_string())).collect();
    for stream in streams {
        assert_eq!(Response::read(stream).status, 200);
    }
    assert!(start.elapsed() >= 3 * latency, "{:?}", start.elapsed());
}

#[test]
fn five_hundred_requests_at_once_are_all_answered() {
    let endpoint = start(Behaviour { infer: Answer::Never, ..Behaviour::default() });
    let waiting: Vec<_> = (0..500).map(|_| send(&endpoint, "POST", INFER, &digits(1).to_string())).collect();
    wait_until(|| endpoint.in_flight() == 500);
    endpoint.behave(Behaviour::default());
    let streams: Vec<_> = (0..500).map(|_| send(&endpoint, "POST", INFER, &digits(1).to_string())).collect();
    for stream in streams {
        assert_eq!(Response::read(stream).status, 200);
    }
    assert_eq!(endpoint.received().len(), 1000);
    assert!(endpoint.most_in_flight() >= 500);
    drop(waiting);
    wait_until(|| endpoint.in_flight() == 0);
    assert_eq!(endpoint.cancelled(), 500);
}

#[test]
fn a_request_whose_client_disconnects_is_no_longer_counted_or_queued() {
    let endless = Duration::from_secs(3600);
    let endpoint = start(Behaviour { latency: endless, capacity: Some(1), ..Behaviour::default() });
    let behaviours = [
        Behaviour { latency: endless, capacity: Some(1), ..Behaviour::default() },
        Behaviour { infer: Answer::Never, ..Behaviour::default() },
        Behaviour { infer: Answer::HeadOnly, ..Behaviour::default() },
    ];
    for (round, behaviour) in behaviours.into_iter().enumerate() {
        endpoint.behave(behaviour);
        let streams: Vec<_> = (0..3).map(|_| send(&endpoint, "POST", INFER, &digits(1).to_string())).collect();
        wait_until(|| endpoint.in_flight() == 3);
        drop(streams);
        wait_until(|| endpoint.in_flight() == 0);
        assert_eq!(endpoint.cancelled(), 3 * (round + 1));
    }
    assert_eq!(endpoint.most_in_flight(), 3);
}

#[test]
fn a_slot_is_free_again_when_its_client_disconnects() {
    let endless = Answer::EndlessArray { bytes: 100_000_000, has_content_length: true };
    let endpoint = start(Behaviour { capacity: Some(1), infer: endless, ..Behaviour::default() });
    let first = send(&endpoint, "POST", INFER, &digits(1).to_string());
    wait_until(|| endpoint.bytes_sent() > 0);
    let mut second = send(&endpoint, "POST", INFER, &digits(1).to_string());
    wait_until(|| endpoint.in_flight() == 2);
    drop(first);
    second.read_exact(&mut [0; 1000]).expect("it has the slot");
}

#[test]
fn a_head_is_sent_without_its_body() {
    let endpoint = answering(Answer::HeadOnly);
    let mut stream = send(&endpoint, "GET", "v2", "");
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("the head is sent");
        head.push(char::from(byte[0]));
    }
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("Content-Length: "), "{head}");
    assert_eq!((endpoint.in_flight(), endpoint.bytes_sent()), (1, 0));
}

#[test]
fn an_endless_array_has_its_length_with_and_without_the_header() {
    for has_content_length in [true, false] {
        let endpoint = answering(Answer::EndlessArray { bytes: 1_000_001, has_content_length });
        let reply = get(&endpoint, "v2");
        assert_eq!(reply.header("content-length"), has_content_length.then_some("1000001"));
        assert_eq!((reply.body.len(), &reply.body[..6]), (1_000_001, "[0,0,0"));
        assert_eq!(endpoint.bytes_sent(), 1_000_001);
    }
}

#[test]
fn an_endless_array_stops_when_the_client_disconnects() {
    let endpoint = answering(Answer::EndlessArray { bytes: 100_000_000, has_content_length: false });
    let mut stream = send(&endpoint, "GET", "v2", "");
    stream.read_exact(&mut vec![0; 1_000_000]).expect("there is more than that");
    drop(stream);
    wait_until(|| endpoint.in_flight() == 0);
    assert_eq!(endpoint.cancelled(), 1);
    assert!((900_000..30_000_000).contains(&endpoint.bytes_sent()), "{}", endpoint.bytes_sent());
}

#[test]
fn requests_are_remembered_in_order() {
    let endpoint = good();
    Response::read(send(&endpoint, "OPTIONS", INFER, ""));
    infer(&endpoint);
    get(&endpoint, "v2?x=1");
    let received: Vec<_> = endpoint.received().into_iter().map(|it| (it.method, it.path, it.body)).collect();
    let expected = [
        ("OPTIONS", "/v2/models/digits/infer", String::new()),
        ("POST", "/v2/models/digits/infer", digits(1).to_string()),
        ("GET", "/v2", String::new()),
    ];
    assert_eq!(received, expected.map(|(method, path, body)| (method.to_owned(), path.to_owned(), body)));
    assert_eq!(endpoint.most_in_flight(), 1, "a preflight does not count");
}

#[test]
fn dropping_an_endpoint_closes_its_port_and_connections() {
    let endpoint = answering(Answer::Never);
    let address = authority(endpoint.url()).to_owned();
    let mut waiting = send(&endpoint, "GET", "v2", "");
    wait_until(|| endpoint.in_flight() == 1);
    drop(endpoint);
    assert!(TcpStream::connect(address).is_err());
    assert_eq!(waiting.read(&mut [0]).unwrap_or_default(), 0, "the connection is closed");
}
