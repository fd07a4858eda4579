//! Tests of the server, request by request.

use std::cell::RefCell;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};

use super::*;
use crate::classifier::Classifier;
use crate::digits::Digits;
use crate::protocol::{InferRequest, InferResponse, ModelMetadata, Tensor, decode};

const MODELS: [&str; 4] = ["logistic-regression", "mlp-16", "mlp-64", "mlp-64-32"];

fn get<'a>(path: &'a str) -> Request<'a> {
    Request { method: "GET", path, body: b"" }
}

fn post<'a>(path: &'a str, body: &'a [u8]) -> Request<'a> {
    Request { method: "POST", path, body }
}

/// The status and the body of a reply to a new server's first request.
fn answer(request: Request<'_>) -> (u16, Value) {
    let reply = Server::new().answer(request).reply;
    assert!(reply.headers.contains(&("content-type", "application/json".to_owned())));
    (reply.status, serde_json::from_slice(&reply.body).expect("the body is JSON"))
}

fn digits() -> Digits {
    Digits::from_csv(&std::fs::read("../static/data/digits.csv").unwrap()).unwrap()
}

/// A request for all outputs for the first images of the data set.
fn infer_body(id: Option<&str>, images: usize) -> Vec<u8> {
    let digits = digits();
    let pixels: Vec<_> = (0..images).flat_map(|image| digits.scaled(image)).collect();
    let inputs = vec![Tensor::rows_of_f32(INPUT, 64, &pixels).unwrap()];
    encode(&InferRequest { id: id.map(str::to_owned), inputs, outputs: Vec::new() })
}

/// A body without images, which is small.
fn small_body(id: &str) -> Vec<u8> {
    json!({"id": id, "inputs": [{"name": INPUT, "shape": [0, 64], "datatype": "FP32", "data": []}]})
        .to_string()
        .into_bytes()
}

#[test]
fn the_server_reports_its_metadata_and_health() {
    let version = env!("CARGO_PKG_VERSION");
    let metadata = json!({"name": "interleave", "version": version, "extensions": []});
    for prefix in ["", "s/latency=100,fail=1/"] {
        assert_eq!(answer(get(&format!("{prefix}v2"))), (200, metadata.clone()));
        assert_eq!(answer(get(&format!("{prefix}v2/health/live"))), (200, json!({"live": true})));
        assert_eq!(answer(get(&format!("{prefix}v2/health/ready"))), (200, json!({"ready": true})));
    }
}

#[test]
fn every_model_reports_its_inputs_and_outputs() {
    for name in MODELS {
        for path in [format!("v2/models/{name}"), format!("v2/models/{name}/versions/1")] {
            let pending = Server::new().answer(get(&path));
            let metadata: ModelMetadata = decode(&pending.reply.body).unwrap();
            assert_eq!((metadata.name.as_str(), metadata.versions.as_slice()), (name, &["1".to_owned()][..]));
            assert_eq!(metadata.inputs[0].shape, [-1, 64]);
            let outputs: Vec<_> = metadata.outputs.iter().map(|output| output.name.as_str()).collect();
            assert_eq!(outputs, [LOGITS, PROBABILITIES, LABEL]);
            assert_eq!(answer(get(&format!("{path}/ready"))), (200, json!({"name": name, "ready": true})));
        }
    }
}

#[test]
fn inference_gives_what_the_classifier_gives() {
    let digits = digits();
    let pixels: Vec<_> = (0..20).flat_map(|image| digits.scaled(image)).collect();
    for name in MODELS {
        let file = std::fs::read(format!("../static/models/{name}.safetensors")).unwrap();
        let classifier = Classifier::from_safetensors(&file).unwrap();
        let pending =
            Server::new().answer(post(&format!("v2/models/{name}/versions/1/infer"), &infer_body(Some("a"), 20)));
        let response: InferResponse = decode(&pending.reply.body).unwrap();
        assert_eq!(
            (pending.reply.status, response.model_name.as_str(), response.id.as_deref()),
            (200, name, Some("a"))
        );

        let numbers = |output: &str| response.output(output).unwrap().numbers().unwrap().to_vec();
        assert_eq!(response.output(LOGITS).unwrap().shape(), [20, 10]);
        let logits: Vec<_> = classifier.logits(&pixels).unwrap().into_iter().map(f64::from).collect();
        assert_eq!(numbers(LOGITS), logits);
        let labels: Vec<_> = classifier.predict(&pixels).unwrap().into_iter().map(f64::from).collect();
        assert_eq!(numbers(LABEL), labels);
        for row in numbers(PROBABILITIES).chunks_exact(10) {
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-5);
        }
    }
}

#[test]
fn a_request_may_ask_for_some_of_the_outputs() {
    let mut request: InferRequest = decode(&infer_body(None, 1)).unwrap();
    request.outputs = vec![crate::protocol::RequestedOutput { name: LABEL.to_owned() }];
    let (status, body) = answer(post("v2/models/mlp-64/infer", &encode(&request)));
    let label = json!([{"name": "label", "shape": [1], "datatype": "INT64", "data": [digits().label(0)]}]);
    assert_eq!((status, &body["outputs"]), (200, &label));
    assert_eq!(body["id"], Value::Null);
}

#[test]
fn a_request_without_images_gets_no_labels() {
    let (status, body) = answer(post("v2/models/mlp-64/infer", &small_body("a")));
    assert_eq!((status, &body["outputs"][2]["shape"]), (200, &json!([0])));
}

#[track_caller]
fn assert_refused(request: Request<'_>, status: u16, expected: &str) {
    let (found, body) = answer(request);
    let error = body["error"].as_str().expect("the protocol's error body");
    assert!(found == status && error.contains(expected), "{request:?}: {found} {error}");
    assert_eq!(body.as_object().map(serde_json::Map::len), Some(1));
}

#[test]
fn unknown_models_and_paths_are_refused() {
    for prefix in ["", "s/fail=1/"] {
        let get = |path: &str, expected| {
            let path = format!("{prefix}{path}");
            assert_refused(Request { method: "GET", path: &path, body: b"" }, 404, expected);
        };
        get("v2/models/resnet", "there is no model `resnet`; there are `logistic-regression`, `mlp-16`,");
        get("v2/models/resnet/ready", "there is no model `resnet`");
        get("v2/models/mlp-16/versions/2", "model `mlp-16` has no version `2`, only `1`");
        get("v3", "there is nothing at");
        get("", "there is nothing at");
    }
    assert_refused(post("v2/models/resnet/infer", b""), 404, "there is no model `resnet`");
}

#[test]
fn another_method_is_refused_with_the_right_one() {
    let reply = Server::new().answer(get("v2/models/mlp-16/infer")).reply;
    assert_eq!(reply.status, 405);
    assert!(reply.headers.contains(&("allow", "POST".to_owned())));
    assert_refused(post("v2", b""), 405, "`v2` takes GET, not POST");
}

#[test]
fn an_invalid_scenario_is_refused() {
    assert_refused(get("s/latency=fast/v2"), 400, "`latency` is `fast`, but must be a whole number of milliseconds");
    assert_refused(get("s/delay=1/v2/health/live"), 400, "there is no setting `delay`");
    assert_refused(get("s/v2/health/live"), 400, "`v2` is not a setting");
}

#[test]
fn an_invalid_body_is_refused() {
    let input = |name: &str, shape: &str, datatype: &str, data: &str| {
        format!(r#"{{"inputs": [{{"name": "{name}", "shape": {shape}, "datatype": "{datatype}", "data": {data}}}]}}"#)
    };
    let row = |pixel: &str| format!("[{}]", [pixel; 64].join(","));
    let good = row("0.5");
    for (body, expected) in [
        (String::new(), "the body is empty"),
        ("{".to_owned(), "the body is not JSON"),
        ("{}".to_owned(), "missing field `inputs`"),
        (r#"{"inputs": []}"#.to_owned(), "the model has one input, `images`, but there are 0"),
        (input("pixels", "[1, 64]", "FP32", &good), "the model has no input `pixels`, only `images`"),
        (input("images", "[1, 64]", "FP64", &good), "input `images` has datatype FP64, expected FP32"),
        (input("images", "[64]", "FP32", &good), "input `images` has shape [64], expected [n, 64]"),
        (input("images", "[1, 8, 8]", "FP32", &good), "has shape [1, 8, 8], expected [n, 64]"),
        (input("images", "[2, 64]", "FP32", &good), "tensor `images` has 64 elements, but its shape [2, 64] needs 128"),
        (input("images", "[1, 64]", "FP32", &row("\"zero\"")), "an element at index 0 that is not of datatype FP32"),
        (
            input("images", "[1, 64]", "FP32", &row("16")),
            "input `images`: pixel 0 of image 0 is 16, but must be from 0",
        ),
        (
            input("images", "[1, 64]", "FP32", &good).replace("}]}", "}], \"outputs\": [{\"name\": \"y\"}]}"),
            "the model has no output `y`, only `logits`, `probabilities` and `label`",
        ),
    ] {
        assert_refused(post("v2/models/mlp-16/infer", body.as_bytes()), 400, expected);
        // It is refused immediately, whatever the scenario.
        let pending = Server::new().answer(post("s/latency=100,fail=1/v2/models/mlp-16/infer", body.as_bytes()));
        assert_eq!((pending.reply.status, pending.latency()), (400, Duration::ZERO), "{body}");
    }
}

#[test]
fn every_kind_of_failure_has_its_reply() {
    let reply = |kind: &str| {
        let path = format!("s/fail=1,kinds={kind}/v2/models/mlp-16");
        let pending = Server::new().answer(get(&path));
        (pending.reply.clone(), pending.arrives)
    };
    for (kind, status) in [("500", 500), ("503", 503), ("429", 429)] {
        let (reply, arrives) = reply(kind);
        assert_eq!((reply.status, arrives), (status, true));
        assert!(decode::<ErrorBody>(&reply.body).unwrap().error.starts_with("simulated failure: "));
        assert_eq!(reply.headers.contains(&("retry-after", "1".to_owned())), kind == "429");
    }
    let (garbage, arrives) = reply("garbage");
    assert_eq!((garbage.status, arrives), (200, true));
    assert!(serde_json::from_slice::<Value>(&garbage.body).is_err());
    let (hung, arrives) = reply("hang");
    assert_eq!((hung.status, arrives), (200, false));
}

const UNRELIABLE: &str = "s/latency=10,spread=90,fail=0.5,kinds=500+503+429+hang+garbage,seed=7/v2/models/mlp-16";

#[test]
fn the_same_requests_get_the_same_replies_in_any_order() {
    let path = format!("{UNRELIABLE}/infer");
    let mut server = Server::new();
    let mut send = |id: usize| {
        let pending = server.answer(post(&path, &small_body(&id.to_string())));
        (pending.latency(), pending.arrives, pending.reply.clone())
    };
    let ascending: Vec<_> = (0..50).map(&mut send).collect();
    let mut descending: Vec<_> = (0..50).rev().map(&mut send).collect();
    descending.reverse();
    assert!(ascending == descending);
    assert!(ascending.iter().any(|(_, _, reply)| reply.status == 200));
    assert!(ascending.iter().any(|(_, _, reply)| reply.status == 503));
}

#[test]
fn requests_without_an_id_are_numbered_unless_the_query_has_one() {
    let latency = |server: &mut Server, path: &str| server.answer(get(path)).latency();
    let (mut one, mut other) = (Server::new(), Server::new());
    let first: Vec<_> = (0..5).map(|_| latency(&mut one, UNRELIABLE)).collect();
    let again: Vec<_> = (0..5).map(|_| latency(&mut other, UNRELIABLE)).collect();
    assert_eq!(first, again);
    assert!(first.windows(2).all(|pair| pair[0] != pair[1]));

    let with_id = format!("{UNRELIABLE}?id=a");
    assert_eq!(latency(&mut one, &with_id), latency(&mut one, &with_id));
}

/// A clock that is advanced manually.
#[derive(Default)]
struct ManualClock(RefCell<Duration>);

impl ManualClock {
    /// A future that is ready after `duration`.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> {
        let due = *self.0.borrow() + duration;
        std::future::poll_fn(move |_| if *self.0.borrow() >= due { Poll::Ready(()) } else { Poll::Pending })
    }

    fn advance_ms(&self, ms: u64) {
        *self.0.borrow_mut() += Duration::from_millis(ms);
    }
}

type Body<'a> = Pin<Box<dyn Future<Output = Vec<u8>> + 'a>>;

/// Polls all bodies in order, and removes those that are ready.
fn poll_all(bodies: &mut Vec<Body<'_>>) {
    bodies.retain_mut(|body| body.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

fn stats(server: &mut Server, path: &str) -> Stats {
    decode(&server.answer(get(path)).reply.body).unwrap()
}

#[test]
fn six_requests_with_capacity_two_take_three_times_the_latency() {
    let clock = ManualClock::default();
    let mut server = Server::new();
    let mut bodies: Vec<Body<'_>> = Vec::new();
    for id in 0..6 {
        let path = format!("s/latency=100,capacity=2/v2/models/mlp-16?id={id}");
        bodies.push(Box::pin(server.answer(get(&path)).body(|latency| clock.sleep(latency))));
    }
    let mut left = Vec::new();
    for _ in 0..7 {
        poll_all(&mut bodies);
        // Again, for those that the first round has woken.
        poll_all(&mut bodies);
        left.push(bodies.len());
        clock.advance_ms(50);
    }
    assert_eq!(left, [6, 6, 4, 4, 2, 2, 0]);
}

#[test]
fn the_server_counts_requests_until_they_are_complete_or_cancelled() {
    let clock = ManualClock::default();
    let mut server = Server::new();
    let path = "s/capacity=1,latency=100/v2/models/mlp-16";
    let mut bodies: Vec<Body<'_>> = Vec::new();
    for _ in 0..3 {
        bodies.push(Box::pin(server.answer(get(path)).body(|latency| clock.sleep(latency))));
    }
    let counts = |server: &mut Server| stats(server, "stats");
    assert_eq!(counts(&mut server), Stats { in_flight: 3, queued: 2, serving: 1, ..Stats::default() });
    poll_all(&mut bodies);
    drop(bodies.remove(1));
    assert_eq!(counts(&mut server), Stats { in_flight: 2, queued: 1, serving: 1, cancelled: 1, ..Stats::default() });
    clock.advance_ms(100);
    poll_all(&mut bodies);
    assert_eq!(counts(&mut server), Stats { in_flight: 1, serving: 1, completed: 1, cancelled: 1, ..Stats::default() });
    assert_eq!(stats(&mut server, "s/latency=100,capacity=1/stats"), counts(&mut server));
    assert_eq!(stats(&mut server, "s/latency=101,capacity=1/stats"), Stats::default());
    drop(bodies);
    assert_eq!(counts(&mut server).in_flight, 0);
}

#[test]
fn a_reply_that_never_arrives_frees_its_place_but_stays_in_flight() {
    let mut server = Server::new();
    let path = "s/capacity=1,fail=1,kinds=hang/v2/models/mlp-16";
    let now = |_| std::future::ready(());
    let (mut first, second) = (Box::pin(server.answer(get(path)).body(now)), server.answer(get(path)));
    assert_eq!(stats(&mut server, "stats").queued, 1);
    assert!(first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(stats(&mut server, "stats"), Stats { in_flight: 2, serving: 1, ..Stats::default() });
    drop((first, second));
    assert_eq!(stats(&mut server, "stats"), Stats { cancelled: 2, ..Stats::default() });
}

#[test]
fn requests_about_the_server_itself_neither_wait_nor_count() {
    let mut server = Server::new();
    for path in ["v2", "v2/health/live", "v2/health/ready", "v2/models/mlp-16/ready", "stats"] {
        let path = format!("s/capacity=1,latency=100,fail=1/{path}");
        let pending = server.answer(get(&path));
        assert_eq!((pending.reply.status, pending.latency()), (200, Duration::ZERO), "{path}");
        let mut body = pin!(pending.body(|_| std::future::pending()));
        assert!(body.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
    }
    assert_eq!(stats(&mut server, "stats"), Stats::default());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, rng_seed: RngSeed::Fixed(4), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_request_causes_a_panic(
        method in prop::sample::select(vec!["GET", "POST", "PUT", ""]),
        path in "(s/seed=1/)?v2/models/mlp-16/infer|(s/|v2/|models/|mlp-16|stats|[a-z=,+%0-9?/]){0,10}",
        body in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let reply = Server::new().answer(Request { method, path: &path, body: &body }).reply;
        prop_assert!(serde_json::from_slice::<Value>(&reply.body).is_ok());
        prop_assert!(reply.status == 200 || decode::<ErrorBody>(&reply.body).is_ok());
    }

    #[test]
    fn a_damaged_body_is_answered_or_refused(damages in prop::collection::vec((0..500usize, any::<u8>()), 1..4)) {
        let mut body = infer_body(Some("a"), 1);
        for (at, byte) in damages {
            let at = at % body.len();
            body[at] = byte;
        }
        let reply = Server::new().answer(post("v2/models/mlp-16/infer", &body)).reply;
        prop_assert!(reply.status == 200 || (reply.status == 400 && decode::<ErrorBody>(&reply.body).is_ok()));
    }
}
