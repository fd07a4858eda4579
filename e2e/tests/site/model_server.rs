//! The model server, used by plain `fetch` from the page, with the site under a sub-path.

use std::collections::BTreeSet;
use std::time::Duration;

use e2e::browser::Engine;
use e2e::fixture::{Fixture, TestResult};
use e2e::page::{DEFAULT_TIMEOUT, Page, PageError, eventually, eventually_every};
use e2e::server::Replacement;
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};
use serde::Deserialize;
use serde_json::{Value, json};

/// Any page. The tests do not run it.
const LINK: &str = "async-basics?seed=7";

/// Registers the worker and waits until it controls the page.
const REGISTER: &str = r#"
    return navigator.serviceWorker.register("service-worker.js", { updateViaCache: "none" }).then(async (registration) => {
        await navigator.serviceWorker.ready;
        if (!navigator.serviceWorker.controller)
            await new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true }));
        return registration.scope;
    });"#;

/// Sends a request, and returns the response and the time that it took.
const FETCH: &str = r#"
    const [path, body] = arguments, start = performance.now();
    const options = body === null ? {} : { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) };
    return fetch("api/" + path, options).then(async (response) => ({
        status: response.status,
        content_type: response.headers.get("content-type"),
        retry_after: response.headers.get("retry-after"),
        body: await response.text(),
        ms: performance.now() - start,
    }));"#;

/// Sends several requests at once, and returns the time until all are answered, and the statuses.
const FETCH_ALL: &str = r#"
    const [path, count] = arguments, start = performance.now();
    const one = (_, id) => fetch(`api/${path}?id=${id}`).then(async (response) => [response.status, await response.text()][0]);
    return Promise.all(Array.from({ length: count }, one)).then((statuses) => [performance.now() - start, statuses]);"#;

/// Starts several requests, aborts all of them after a time, and returns the outcome of each.
const ABORT_ALL: &str = r#"
    const [path, count, afterMs] = arguments, abort = new AbortController();
    const one = (_, id) => fetch(`api/${path}?id=${id}`, { signal: abort.signal })
        .then((response) => response.text()).then(() => "answered", (error) => error.name);
    const all = Promise.all(Array.from({ length: count }, one));
    const aborted = new Promise((resolve) => setTimeout(resolve, afterMs)).then(() => abort.abort());
    return aborted.then(() => all);"#;

/// Asks the active worker to control the page, and waits until it does.
const CLAIM: &str = r#"
    return navigator.serviceWorker.ready.then(async (registration) => {
        const changed = new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true }));
        registration.active.postMessage("claim");
        await changed;
        return navigator.serviceWorker.controller !== null;
    });"#;

#[derive(Debug, Deserialize)]
struct Answer {
    status: u16,
    content_type: Option<String>,
    retry_after: Option<String>,
    body: String,
    ms: f64,
}

impl Answer {
    #[track_caller]
    fn json(&self) -> Value {
        assert_eq!(self.content_type.as_deref(), Some("application/json"), "{self:?}");
        serde_json::from_str(&self.body).expect("the body is JSON")
    }
}

/// A page that the worker controls.
async fn fixture(engine: Engine) -> Result<Fixture, e2e::fixture::TestError> {
    let fixture = Fixture::open_in(engine, LINK).await?;
    let scope: String = fixture.page.evaluate(REGISTER, Vec::new()).await?;
    assert_eq!(scope, fixture.server.url());
    Ok(fixture)
}

async fn get(page: &Page, path: &str) -> Result<Answer, PageError> {
    page.evaluate(FETCH, vec![path.into(), Value::Null]).await
}

async fn post(page: &Page, path: &str, body: Value) -> Result<Answer, PageError> {
    page.evaluate(FETCH, vec![path.into(), body]).await
}

/// Waits until this number of requests is in flight according to the server, and returns the server's statistics.
async fn wait_for_in_flight(page: &Page, expected: u32) -> Result<Value, PageError> {
    eventually(&format!("{expected} requests in flight"), async || {
        let stats = get(page, "stats").await?.json();
        Ok(if stats["in_flight"] == expected { Ok(stats) } else { Err(stats.to_string()) })
    })
    .await
}

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![
        the_model_server_follows_the_protocol,
        five_hundred_requests_at_once_are_all_answered,
        aborted_requests_are_no_longer_in_flight,
        closing_a_page_ends_its_requests,
        requests_for_other_paths_are_not_intercepted,
        a_new_release_replaces_the_whole_old_one
    ]
    .chain(in_chromium![
        errors_have_the_protocols_error_body,
        a_scenario_makes_requests_slow_or_fail,
        requests_beyond_the_capacity_queue,
        a_page_is_controlled_again_after_a_forced_reload
    ])
}

/// The first image of the data set in the form that a model takes, and its label.
fn first_digit() -> (Vec<f64>, i64) {
    let csv = std::fs::read_to_string(e2e::server::built_site().join("static/data/digits.csv")).expect("it is there");
    let row: Vec<f64> =
        csv.lines().nth(1).expect("a row").split(',').map(|cell| cell.parse().expect("a number")).collect();
    (row[1..].iter().map(|pixel| pixel / 16.0).collect(), row[0] as i64)
}

async fn the_model_server_follows_the_protocol(engine: Engine) -> TestResult {
    let fixture = fixture(engine).await?;
    let page = &fixture.page;
    let server = get(page, "v2").await?;
    assert_eq!((server.status, &server.json()["name"]), (200, &json!("interleave")));
    assert_eq!(get(page, "v2/health/ready").await?.json(), json!({"ready": true}));
    for model in ["logistic-regression", "mlp-16", "mlp-64", "mlp-64-32"] {
        let metadata = get(page, &format!("v2/models/{model}")).await?.json();
        assert_eq!((&metadata["name"], &metadata["inputs"][0]["shape"]), (&json!(model), &json!([-1, 64])));

        let (pixels, label) = first_digit();
        let input = json!({"name": "images", "shape": [1, 64], "datatype": "FP32", "data": [pixels]});
        let infer = post(page, &format!("v2/models/{model}/infer"), json!({"id": "7", "inputs": [input]})).await?;
        let response = infer.json();
        assert_eq!((infer.status, &response["id"], &response["model_name"]), (200, &json!("7"), &json!(model)));
        assert_eq!(response["outputs"][2]["data"], json!([label]), "{model}");
    }
    // None of these requests went over the network.
    assert!(fixture.server.requests().iter().all(|request| !request.path.contains("/api/")));
    if engine == Engine::Chromium {
        assert_eq!(fixture.browser.console_problems().await?, []);
    }
    Ok(())
}

async fn errors_have_the_protocols_error_body() -> TestResult {
    let fixture = fixture(Engine::Chromium).await?;
    for (path, body, status, expected) in [
        ("v2/models/resnet", Value::Null, 404, "there is no model `resnet`"),
        ("v2/models/mlp-16/infer", json!("{\"inputs\":"), 400, "the body is not JSON"),
        ("v2/models/mlp-16/infer", json!({}), 400, "missing field `inputs`"),
        ("v2/models/mlp-16/infer", Value::Null, 405, "takes POST, not GET"),
        ("s/latency=fast/v2", Value::Null, 400, "`latency` is `fast`"),
        ("", Value::Null, 404, "there is nothing at"),
    ] {
        let answer = post(&fixture.page, path, body).await?;
        let error = answer.json()["error"].as_str().unwrap_or_default().to_owned();
        assert!(answer.status == status && error.contains(expected), "{path}: {answer:?}");
    }
    Ok(())
}

async fn a_scenario_makes_requests_slow_or_fail() -> TestResult {
    let fixture = fixture(Engine::Chromium).await?;
    let page = &fixture.page;
    let slow = get(page, "s/latency=300/v2/models/mlp-16").await?;
    assert!(slow.status == 200 && slow.ms >= 298.0, "{slow:?}");
    let failed = get(page, "s/fail=1,kinds=429/v2/models/mlp-16").await?;
    assert_eq!((failed.status, failed.retry_after.as_deref()), (429, Some("1")));
    assert!(failed.json()["error"].is_string());
    let garbage = get(page, "s/fail=1,kinds=garbage/v2/models/mlp-16").await?;
    assert!(garbage.status == 200 && serde_json::from_str::<Value>(&garbage.body).is_err(), "{garbage:?}");

    let mixed = "s/fail=0.5,kinds=500+503+429,seed=7/v2/models/mlp-16";
    let (_, first): (f64, Vec<u16>) = page.evaluate(FETCH_ALL, vec![mixed.into(), 30.into()]).await?;
    let (_, again): (f64, Vec<u16>) = page.evaluate(FETCH_ALL, vec![mixed.into(), 30.into()]).await?;
    assert_eq!(first, again);
    assert_eq!(first.into_iter().collect::<BTreeSet<_>>(), [200, 429, 500, 503].into());
    Ok(())
}

async fn requests_beyond_the_capacity_queue() -> TestResult {
    let fixture = fixture(Engine::Chromium).await?;
    let path = "s/latency=1500,capacity=2/v2/models/mlp-16";
    // The first request starts the program.
    get(&fixture.page, "v2").await?;
    let (ms, statuses): (f64, Vec<u16>) = fixture.page.evaluate(FETCH_ALL, vec![path.into(), 4.into()]).await?;
    assert_eq!(statuses, [200; 4]);
    // All at once would take 1.5 s, one after the other 6 s. The clock has a resolution of up to 1 ms.
    assert!((2_998.0..6_000.0).contains(&ms), "{ms}");
    Ok(())
}

async fn five_hundred_requests_at_once_are_all_answered(engine: Engine) -> TestResult {
    let fixture = fixture(engine).await?;
    let path = "s/latency=100/v2/models/mlp-16";
    let (_, statuses): (f64, Vec<u16>) = fixture.page.evaluate(FETCH_ALL, vec![path.into(), 500.into()]).await?;
    assert_eq!(statuses, [200; 500]);
    assert_eq!(wait_for_in_flight(&fixture.page, 0).await?["completed"], 500);
    Ok(())
}

async fn aborted_requests_are_no_longer_in_flight(engine: Engine) -> TestResult {
    let fixture = fixture(engine).await?;
    let page = &fixture.page;
    for (path, after_ms) in [
        ("s/latency=20000,capacity=2/v2/models/mlp-16", 300),
        ("s/latency=20000,capacity=2/v2/models/mlp-16", 0),
        ("s/fail=1,kinds=hang/v2/models/mlp-16", 300),
    ] {
        let ends: Vec<String> = page.evaluate(ABORT_ALL, vec![path.into(), 50.into(), after_ms.into()]).await?;
        assert_eq!(ends, ["AbortError"; 50], "{path}, aborted after {after_ms} ms");
        let stats = wait_for_in_flight(page, 0).await?;
        assert_eq!((&stats["queued"], &stats["serving"], &stats["completed"]), (&json!(0), &json!(0), &json!(0)));
    }
    assert_eq!(get(page, "s/latency=1,capacity=2/v2/models/mlp-16").await?.status, 200);
    Ok(())
}

async fn closing_a_page_ends_its_requests(engine: Engine) -> TestResult {
    let fixture = fixture(engine).await?;
    let page = &fixture.page;
    page.evaluate::<Value>("fetch('api/s/fail=1,kinds=hang/v2/models/mlp-16'); return null", Vec::new()).await?;
    wait_for_in_flight(page, 1).await?;
    page.reload().await?;
    page.wait_for_button("Run").await?;
    wait_for_in_flight(page, 0).await?;
    Ok(())
}

async fn a_page_is_controlled_again_after_a_forced_reload() -> TestResult {
    let fixture = fixture(Engine::Chromium).await?;
    let page = &fixture.page;
    page.reload_without_cache(&fixture.browser).await?;
    assert!(page.evaluate::<bool>("return navigator.serviceWorker.controller === null", Vec::new()).await?);
    assert!(page.evaluate::<bool>(CLAIM, Vec::new()).await?);
    assert_eq!(get(page, "v2/health/live").await?.json(), json!({"live": true}));
    Ok(())
}

async fn requests_for_other_paths_are_not_intercepted(engine: Engine) -> TestResult {
    let fixture = fixture(engine).await?;
    let html = get(&fixture.page, "../index.html").await?;
    assert!(html.status == 200 && html.body.contains("<title>Interleave</title>"), "{html:?}");
    // Only the network can give these answers: the host's own page about a missing file, and a file that was replaced
    // now.
    assert_eq!(get(&fixture.page, "../apiary").await?.status, 404);
    let body = b"from the host".to_vec();
    fixture.server.replace("static/data/digits.csv", Replacement::Bytes { content_type: "text/plain", body });
    assert_eq!(get(&fixture.page, "../static/data/digits.csv?x=1").await?.body, "from the host");
    Ok(())
}

async fn a_new_release_replaces_the_whole_old_one(engine: Engine) -> TestResult {
    let fixture = fixture(engine).await?;
    let page = &fixture.page;
    let name = "return fetch('api/v2').then((response) => response.json()).then((it) => it.name)";
    assert_eq!(page.evaluate::<String>(name, Vec::new()).await?, "interleave");

    let watch =
        "navigator.serviceWorker.addEventListener('controllerchange', () => window.isReplaced = true); return null";
    page.evaluate::<Value>(watch, Vec::new()).await?;
    // The program of the new release gives another answer. It has another name, because a real one has another hash in
    // its name.
    let site = e2e::server::built_site();
    let worker = std::fs::read_to_string(site.join("service-worker.js"))?;
    let program = worker.split("importScripts(\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a program");
    let new = "wasm_bindgen = { initSync() {}, answer: () => Response.json({ name: 'new' }) }; MODEL_SERVER_WASM = '';";
    let script = |text: String| Replacement::Bytes { content_type: "text/javascript", body: text.into_bytes() };
    fixture.server.replace("model_server-new.js", script(new.to_owned()));
    fixture.server.replace("service-worker.js", script(worker.replace(program, "model_server-new.js")));
    // The host no longer has the old program. The old worker does not need it.
    fixture.server.replace(program, Replacement::Status(404));
    // Chromium replaces a worker only after it was idle for up to 30 s, and each request makes it busy. So no request
    // is sent until the browser reports that another worker has taken over.
    let update = "return navigator.serviceWorker.ready.then((registration) => registration.update()).then(() => null)";
    page.evaluate::<Value>(update, Vec::new()).await?;
    eventually_every(Duration::from_millis(500), 2 * DEFAULT_TIMEOUT, "the worker of the new release", async || {
        let is_replaced: bool = page.evaluate("return window.isReplaced === true", Vec::new()).await?;
        Ok(if is_replaced { Ok(()) } else { Err("the old one".to_owned()) })
    })
    .await?;
    assert_eq!(page.evaluate::<String>(name, Vec::new()).await?, "new");
    Ok(())
}
