//! The HTTP layer on the virtual clock, with scripted answers.

use std::time::Duration;

use futures::FutureExt;

use super::*;
use crate::endpoint::http::{Answer, Scripted};
use crate::measure::Outcome;
use crate::runtime::virtual_time::block_on;

const URL: &str = "http://host.example/";
const TICK: Duration = Duration::from_millis(100);

fn virtual_run() -> Run {
    Run::on_virtual_clock(7)
}

/// A server that sends its headers after 100 ms, and then three chunks of 4 bytes, one every 100 ms.
fn slow_server(run: &Run) -> Scripted {
    Scripted::new(run, |_| {
        let chunk = |answer: Answer, bytes: &str| answer.with_chunk(TICK, bytes);
        ["one ", "two ", "six!"].into_iter().fold(Answer::new(200).with_delay(TICK), chunk)
    })
}

fn answer_with(answer: Answer) -> (Run, Client) {
    let run = virtual_run();
    let server = Scripted::new(&run, move |_| answer.clone());
    (run.clone(), Client::new(&run, server))
}

async fn get(client: &Client) -> Result<Response, HttpError> {
    client.send(Request::get(URL)).await
}

#[test]
fn a_request_reaches_the_server_as_it_was_built() {
    let run = virtual_run();
    let server = slow_server(&run);
    let client = Client::new(&run, server.clone());
    let request = Request::post_json(URL, "{}").with_header("x-test", "1");
    drop(block_on(&run, client.send(request.clone())).expect("it ends").expect("the server answers"));
    assert_eq!(server.requests(), [request]);
}

#[test]
fn the_phases_of_a_request_and_its_chunks_are_in_the_record() {
    use EventKind::{Chunk, Ended, FirstByte, PollEnded, Sent};
    let run = virtual_run();
    let client = Client::new(&run, slow_server(&run));
    let request = Request::get(URL).with_timeout(TICK * 10);
    let task = async { client.send(request).await.expect("the server answers").body.text(1_000).await };
    let body = block_on(&run, run.task("fetch", task)).expect("it ends");
    assert_eq!(body.as_deref(), Ok("one two six!"));
    let record = run.record();
    let is_phase = |kind| matches!(kind, Sent | FirstByte | Chunk | Ended(_));
    let phases = record.events().iter().filter(|event| is_phase(event.kind));
    let phases: Vec<_> = phases.map(|event| (event.at_us / 100_000, event.kind)).collect();
    let end = Ended(Outcome::Succeeded);
    assert_eq!(phases, [(0, Sent), (1, FirstByte), (2, Chunk), (3, Chunk), (4, Chunk), (4, end)]);
    for event in record.events() {
        let PollEnded(wait) = event.kind else { continue };
        let awaited = record.waits().get(wait).and_then(|wait| wait.awaited.as_ref());
        assert_eq!(awaited, Some(&Awaited::Response));
    }
}

#[test]
fn chunks_arrive_one_by_one_when_they_are_sent() {
    let run = virtual_run();
    let client = Client::new(&run, slow_server(&run));
    let arrivals = block_on(&run, async {
        let mut chunks = get(&client).await.expect("the server answers").body.chunks();
        let mut arrivals = Vec::new();
        while let Some(chunk) = chunks.next().await {
            arrivals.push((run.now(), chunk.expect("the connection stays open")));
        }
        arrivals
    });
    let expected =
        [(2, "one "), (3, "two "), (4, "six!")].map(|(ticks, text)| (TICK * ticks, text.as_bytes().to_vec()));
    assert_eq!(arrivals.expect("it ends"), expected);
}

#[test]
fn a_body_is_read_up_to_its_limit() {
    for (limit_bytes, expected) in [
        (12, Ok("one two six!")),
        (11, Err(HttpError::TooLarge { url: URL.to_owned(), limit_bytes: 11, size_bytes: 12 })),
        (5, Err(HttpError::TooLarge { url: URL.to_owned(), limit_bytes: 5, size_bytes: 8 })),
    ] {
        let run = virtual_run();
        let server = slow_server(&run);
        let client = Client::new(&run, server.clone());
        let text = block_on(&run, async { get(&client).await?.body.text(limit_bytes).await }).expect("it ends");
        assert_eq!(text.as_deref(), expected.as_ref().copied());
        assert_eq!(server.under_way(), 0);
    }
}

#[test]
fn an_announced_body_over_the_limit_is_refused_before_it_arrives() {
    let run = virtual_run();
    let server = Scripted::new(&run, |_| {
        Answer::new(200).with_header("Content-Length", "1000").with_chunk(Duration::from_secs(60), [0; 1_000])
    });
    let client = Client::new(&run, server.clone());
    let body = block_on(&run, async { get(&client).await?.body.bytes(999).await }).expect("it ends");
    assert_eq!(body, Err(HttpError::TooLarge { url: URL.to_owned(), limit_bytes: 999, size_bytes: 1_000 }));
    assert_eq!((run.now(), server.under_way()), (Duration::ZERO, 0));
}

#[test]
fn a_body_that_is_not_utf8_is_not_text() {
    let (run, client) = answer_with(Answer::new(200).with_body(*b"ab\xff"));
    let text = block_on(&run, async { get(&client).await?.body.text(100).await }).expect("it ends");
    assert_eq!(text, Err(HttpError::InvalidUtf8 { url: URL.to_owned(), at: 2 }));
}

#[test]
fn the_stream_ends_after_a_lost_connection() {
    let (run, client) = answer_with(Answer::new(200).with_body("half").with_lost_connection());
    let response = block_on(&run, get(&client)).expect("it ends").expect("the server answers");
    let chunks: Vec<_> = block_on(&run, response.body.chunks().collect()).expect("it ends");
    let lost = HttpError::ConnectionLost { url: URL.to_owned() };
    assert_eq!(chunks, [Ok(b"half".to_vec()), Err(lost)]);
}

#[test]
fn a_status_other_than_success_is_a_response() {
    let (run, client) = answer_with(Answer::new(503).with_header("Retry-After", "120").with_body("busy"));
    let response = block_on(&run, get(&client)).expect("it ends").expect("there is a response");
    assert!(response.status == 503 && !response.is_success());
    assert_eq!(client.retry_after(&response.headers), Some(Duration::from_secs(120)));
}

#[test]
fn dropping_a_request_its_response_or_its_chunks_aborts_it() {
    let run = virtual_run();
    let server = slow_server(&run);
    let client = Client::new(&run, server.clone());

    let late = block_on(&run, run.timeout(TICK / 2, get(&client))).expect("it ends");
    assert!(late.is_err(), "the headers had not arrived");
    assert_eq!((server.requests().len(), server.under_way()), (1, 0));

    let response = block_on(&run, get(&client)).expect("it ends").expect("the server answers");
    assert_eq!(server.under_way(), 1);
    drop(response);
    assert_eq!(server.under_way(), 0);

    let mut chunks = block_on(&run, get(&client)).expect("it ends").expect("the server answers").body.chunks();
    assert!(block_on(&run, chunks.next()).expect("it ends").is_some());
    assert_eq!(server.under_way(), 1);
    drop(chunks);
    assert_eq!((server.under_way(), run.sleepers()), (0, 0));
}

#[test]
fn a_timeout_names_the_phase_and_aborts_the_request() {
    for (limit, expected) in [
        (TICK / 2, Err(Phase::Headers)),
        (TICK * 5 / 2, Err(Phase::Body { received_bytes: 4 })),
        (TICK * 5, Ok("one two six!")),
    ] {
        let run = virtual_run();
        let server = slow_server(&run);
        let client = Client::new(&run, server.clone());
        let request = Request::get(URL).with_timeout(limit);
        let text = block_on(&run, async { client.send(request).await?.body.text(100).await }).expect("it ends");
        let expected = expected.map_err(|phase| HttpError::TimedOut { url: URL.to_owned(), limit, phase });
        assert_eq!(text.as_deref(), expected.as_ref().copied());
        assert_eq!((server.under_way(), run.sleepers()), (0, 0));
    }
}

#[test]
fn the_message_of_a_timeout_says_how_far_the_response_came() {
    let error = |phase| HttpError::TimedOut { url: URL.to_owned(), limit: TICK, phase }.to_string();
    let start = "the response from `http://host.example/` took longer than 100 ms: timed out while";
    assert_eq!(error(Phase::Headers), format!("{start} waiting for the response headers"));
    assert!(
        error(Phase::Body { received_bytes: 2_000_000 })
            .starts_with(&format!("{start} reading the body, after 2.0 MB"))
    );
}

#[test]
fn mixed_content_is_named_once_the_browser_has_blocked_it() {
    let run = virtual_run();
    let unreachable = HttpError::Unreachable { url: URL.to_owned() };
    for (answer, expected) in [
        (Answer::from_error(unreachable), Err(HttpError::MixedContent { url: URL.to_owned() })),
        // The browser has allowed it.
        (Answer::new(200), Ok(200)),
    ] {
        let mut server = Scripted::new(&run, move |_| answer.clone());
        server.is_from_https = true;
        let response = Client::new(&run, server).send(Request::get(URL)).now_or_never().expect("it does not wait");
        assert_eq!(response.map(|response| response.status), expected);
    }
}

#[test]
fn a_permission_that_was_denied_is_named_for_local_addresses() {
    let run = virtual_run();
    let mut server = slow_server(&run);
    server.local_network = LocalNetwork::Denied;
    let client = Client::new(&run, server);
    let explain = |url: &str| {
        let error = HttpError::Unreachable { url: url.to_owned() };
        client.explain(error, url.to_owned()).now_or_never().expect("it does not wait").cause()
    };
    assert_eq!(explain("http://192.168.0.7:8000/v2"), "no permission");
    assert_eq!(explain("https://host.example/v2"), "unreachable or blocked");
}

#[test]
fn plain_http_in_the_local_network_is_blocked_only_by_browsers_without_a_permission() {
    let run = virtual_run();
    for (local_network, is_reachable, cause) in [
        (LocalNetwork::Unknown, false, "http from an https page"),
        (LocalNetwork::Granted, false, "unreachable or blocked"),
        (LocalNetwork::Granted, true, "blocked by CORS"),
        (LocalNetwork::Denied, true, "no permission"),
    ] {
        let url = "http://192.168.0.7:8000/v2".to_owned();
        let unreachable = HttpError::Unreachable { url: url.clone() };
        let answer = Answer::from_error(unreachable.clone());
        let mut server = Scripted::new(&run, move |_| answer.clone());
        (server.is_from_https, server.local_network, server.is_reachable) = (true, local_network, is_reachable);
        let client = Client::new(&run, server);
        let error = client.send(Request::get(&url)).now_or_never().expect("it does not wait").expect_err("it fails");
        assert_eq!(error, unreachable, "it may be tried again");
        assert_eq!(client.explain(error, url).now_or_never().expect("it does not wait").cause(), cause);
    }
}

#[test]
fn a_question_of_the_browser_that_nobody_answers_does_not_wait_for_ever() {
    let run = virtual_run();
    let mut server = slow_server(&run);
    server.local_network = LocalNetwork::Asks;
    server.never_answers = true;
    let client = Client::new(&run, server);
    block_on(&run, client.let_browser_ask("http://192.168.0.7:8000/v2".to_owned())).expect("it ends");
    assert_eq!(run.now(), Duration::from_secs(60));
    block_on(&run, client.let_browser_ask("https://host.example/".to_owned())).expect("it ends");
    assert_eq!(run.now(), Duration::from_secs(60), "there is no question about this address");
}

#[test]
fn a_server_without_cors_headers_is_told_apart_from_no_server() {
    let unreachable = HttpError::Unreachable { url: URL.to_owned() };
    for (is_reachable, expected) in
        [(false, unreachable.clone()), (true, HttpError::BlockedByCors { url: URL.to_owned() })]
    {
        let run = virtual_run();
        let mut server = slow_server(&run);
        server.is_reachable = is_reachable;
        let client = Client::new(&run, server);
        let error = client.explain(unreachable.clone(), URL.to_owned()).now_or_never();
        assert_eq!(error, Some(expected));
    }
}
