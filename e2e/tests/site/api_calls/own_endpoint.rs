//! An independent endpoint on another origin, which does not use the project's own protocol code.

use e2e::browser::Engine;
use e2e::endpoint::{Answer, Behaviour, Endpoint};
use e2e::fixture::{Fixture, TestResult};
use e2e::page::eventually;
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};

use super::{link_to, outcomes, test_connection};

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![
        the_endpoint_gets_no_request_before_the_reader_asks_for_it,
        stop_closes_every_connection,
        retries_wait_as_long_as_the_endpoint_asks,
        own_headers_are_sent_to_their_origin_only_and_do_not_follow_redirects
    ]
    .chain(in_chromium![
        requests_are_built_from_the_metadata_of_any_model,
        no_link_hides_where_requests_go,
        a_server_that_describes_only_its_models_passes_the_test,
        without_names_the_models_are_those_that_the_endpoint_lists,
        a_model_that_its_server_does_not_describe_gets_entered_inputs
    ])
}

async fn the_endpoint_gets_no_request_before_the_reader_asks_for_it(engine: Engine) -> TestResult {
    let endpoint = Endpoint::start(Behaviour::default())?;
    let fixture = Fixture::open_in(engine, &link_to(&endpoint, "digits", "")).await?;
    let page = &fixture.page;
    eventually("a text about the connection", async || {
        let text = page.texts("[data-connection]").await?.join("\n");
        Ok(if text.contains("Not tested yet") { Ok(()) } else { Err(text) })
    })
    .await?;
    assert_eq!(endpoint.received(), []);
    let text = test_connection(page).await?;
    assert!(text.contains("Inputs of `digits`: images FP32 [-1, 64]. Outputs: label INT64 [-1]"), "{text}");
    let received: Vec<_> = endpoint.received().into_iter().map(|request| (request.method, request.path)).collect();
    let expected =
        [("GET", "/v2"), ("GET", "/v2/models/digits")].map(|(method, path)| (method.to_owned(), path.to_owned()));
    assert_eq!(received, expected);
    Ok(())
}

async fn requests_are_built_from_the_metadata_of_any_model() -> TestResult {
    let endpoint = Endpoint::start(Behaviour::default())?;
    let fixture = Fixture::open("async-basics?seed=7").await?;
    let page = &fixture.page;
    for (models, classifies_digits) in [("digits", true), ("tabular", false), ("texts", false)] {
        page.open(&link_to(&endpoint, models, "&requests=12&batch-size=3&limit=4")).await?;
        page.run_to_the_end().await?;
        // The endpoint is strict: a name, shape or datatype that is not the model's would be refused.
        assert_eq!(outcomes(page).await?, [("succeeded".to_owned(), 12)], "{models}");
        let found = page.notes().await?;
        assert_eq!(found.contains("classified correctly"), classifies_digits, "{models}: {found}");
    }
    assert!(endpoint.most_in_flight() <= 4, "{} at once", endpoint.most_in_flight());
    let posts = endpoint.received().into_iter().filter(|request| request.method == "POST").count();
    assert_eq!(posts, 3 * 13, "with a warm-up for each model");
    Ok(())
}

async fn no_link_hides_where_requests_go() -> TestResult {
    let endpoint = Endpoint::start(Behaviour::default())?;
    let fixture = Fixture::open(&link_to(&endpoint, "digits", "&hide=all")).await?;
    let expected = format!("Requests go to {}.", endpoint.url());
    eventually("the address of the endpoint", async || {
        let text = fixture.page.texts("[data-connection]").await?.join(" ");
        Ok(if text.contains(&expected) { Ok(()) } else { Err(text) })
    })
    .await?;
    assert_eq!(endpoint.received(), []);
    Ok(())
}

async fn a_server_that_describes_only_its_models_passes_the_test() -> TestResult {
    let metadata = Answer::FailFirst { times: 1, status: 404, retry_after_s: None };
    let endpoint = Endpoint::start(Behaviour { metadata, ..Behaviour::default() })?;
    let fixture = Fixture::open(&link_to(&endpoint, "digits", "")).await?;
    fixture.page.wait_for_button("Run").await?;
    let text = test_connection(&fixture.page).await?;
    assert!(text.contains("returned no usable server metadata (HTTP status 404"), "{text}");
    assert!(text.contains("Inputs of `digits`: images FP32 [-1, 64]."), "{text}");
    Ok(())
}

async fn without_names_the_models_are_those_that_the_endpoint_lists() -> TestResult {
    let endpoint = Endpoint::start(Behaviour::default())?;
    let fixture = Fixture::open(&link_to(&endpoint, "", "&requests=5&batch-size=1")).await?;
    let page = &fixture.page;
    let text = test_connection(page).await?;
    assert!(text.contains("Models: digits, tabular, texts. Inference requests go to `digits`."), "{text}");
    page.run_to_the_end().await?;
    assert_eq!(outcomes(page).await?, [("succeeded".to_owned(), 5)]);
    let everything: String = page.evaluate("return document.querySelector('.controls').innerText", Vec::new()).await?;
    assert!(!everything.contains("mlp-"), "the names of the page's own models: {everything}");

    // Not every server has a list.
    endpoint.behave(Behaviour { index: Answer::Text(404), ..Behaviour::default() });
    page.press("Test connection").await?;
    eventually("the reason", async || {
        let text = page.texts("[data-connection]").await?.join("\n");
        let is_named = text.contains("the endpoint does not list its models (HTTP status 404");
        Ok(if is_named && text.contains("Enter the name of one") { Ok(()) } else { Err(text) })
    })
    .await?;
    Ok(())
}

async fn a_model_that_its_server_does_not_describe_gets_entered_inputs() -> TestResult {
    let endpoint = Endpoint::start(Behaviour { metadata: Answer::Text(404), ..Behaviour::default() })?;
    let link = link_to(&endpoint, "digits", "&requests=6&batch-size=2");
    let fixture = Fixture::open(&link).await?;
    let page = &fixture.page;
    page.press("Run").await?;
    page.wait_for_status("Failed").await?;
    let failure = page.texts("main").await?.join("");
    assert!(failure.contains("enter the model's inputs under “Inputs”"), "{failure}");

    let inputs = r#"[{"name": "images", "datatype": "FP32", "shape": [-1, 64], "data": "random"}]"#;
    let encoded: String = inputs.bytes().map(|byte| format!("%{byte:02X}")).collect();
    page.open(&format!("{link}&inputs={encoded}")).await?;
    let text = test_connection(page).await?;
    assert!(text.contains("Requests contain the inputs that you entered: images FP32 [-1, 64]."), "{text}");
    page.run_to_the_end().await?;
    assert_eq!(outcomes(page).await?, [("succeeded".to_owned(), 6)]);
    let sent = endpoint.received().pop().expect("it received some");
    assert!(sent.body.contains("\"shape\":[2,64]"), "{}", sent.body);
    Ok(())
}

async fn own_headers_are_sent_to_their_origin_only_and_do_not_follow_redirects(engine: Engine) -> TestResult {
    const KEY: &str = "Bearer a-secret-key";
    let [endpoint, other] = [Endpoint::start(Behaviour::default())?, Endpoint::start(Behaviour::default())?];
    let fixture = Fixture::open_in(engine, &link_to(&endpoint, "digits", "&requests=3&batch-size=1")).await?;
    let page = &fixture.page;
    let enter = format!(
        "const field = document.querySelector('.own-headers textarea');
         if (!field) return false;
         field.value = 'Authorization: {KEY}'; field.dispatchEvent(new Event('input', {{ bubbles: true }})); return true"
    );
    eventually("the field for headers", async || {
        let is_there: bool = page.evaluate(&enter, Vec::new()).await?;
        Ok(if is_there { Ok(()) } else { Err("none".to_owned()) })
    })
    .await?;
    page.run_to_the_end().await?;
    assert_eq!(outcomes(page).await?, [("succeeded".to_owned(), 3)]);
    let with_key = |endpoint: &Endpoint| {
        endpoint.received().iter().filter(|request| request.authorization.as_deref() == Some(KEY)).count()
    };
    assert!(with_key(&endpoint) >= 5, "metadata, warm-up and requests: {:?}", endpoint.received());
    let address: String = page.evaluate("return location.href", Vec::new()).await?;
    assert!(!address.contains("secret"), "{address}");

    endpoint.behave(Behaviour { infer: Answer::Redirect(format!("{}/v2", other.url())), ..Behaviour::default() });
    page.run_to_the_end().await?;
    let rows = page.table("Outcomes of the requests").await?;
    assert!(rows.iter().any(|row| row[0] == "redirected" && row[3].contains("do not follow redirects")), "{rows:?}");
    assert_eq!(other.received(), []);

    // Another address has no headers, and the first one still has its own.
    page.open(&link_to(&other, "digits", "&requests=3&batch-size=1")).await?;
    page.run_to_the_end().await?;
    assert!(other.received().len() >= 5 && with_key(&other) == 0, "{:?}", other.received());
    Ok(())
}

async fn stop_closes_every_connection(engine: Engine) -> TestResult {
    let endpoint = Endpoint::start(Behaviour { infer: Answer::Never, ..Behaviour::default() })?;
    let link = link_to(&endpoint, "digits", "&requests=40&batch-size=1&limit=0&timeout=60000&retries=0");
    let fixture = Fixture::open_in(engine, &link).await?;
    let page = &fixture.page;
    let wait_for = async |what: &str, condition: &dyn Fn(usize) -> bool| {
        eventually(what, async || {
            let found = endpoint.in_flight();
            Ok(if condition(found) { Ok(()) } else { Err(found.to_string()) })
        })
        .await
    };
    page.press("Run").await?;
    // A browser opens only a few connections to one host; the other requests wait in the browser.
    wait_for("requests in flight", &|found| found >= 4).await?;
    page.press("Stop").await?;
    page.wait_for_status("Stopped").await?;
    wait_for("no request in flight", &|found| found == 0).await?;
    let received = endpoint.received().len();
    endpoint.behave(Behaviour::default());
    page.run_to_the_end().await?;
    assert_eq!(outcomes(page).await?, [("succeeded".to_owned(), 40)]);
    assert!(endpoint.received().len() > received);
    Ok(())
}

async fn retries_wait_as_long_as_the_endpoint_asks(engine: Engine) -> TestResult {
    // The first two are the warm-up.
    let infer = Answer::FailFirst { times: 5, status: 429, retry_after_s: Some(1) };
    let endpoint = Endpoint::start(Behaviour { infer, exposes_retry_after: true, ..Behaviour::default() })?;
    let link = link_to(&endpoint, "digits", "&requests=3&batch-size=1&limit=0&retries=1");
    let fixture = Fixture::open_in(engine, &link).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    let rows = page.table("Outcomes of the requests").await?;
    assert_eq!((&*rows[0][1], &*rows[1][0], &*rows[1][1], &*rows[1][2]), ("3", "HTTP 429", "0", "3"), "{rows:?}");
    let took = page.bar("batch_inference_api").await?.measured_ms.unwrap_or_default();
    assert!(took >= 998.0, "the endpoint asked for a wait of 1 s, and the requests took {took} ms");
    Ok(())
}
