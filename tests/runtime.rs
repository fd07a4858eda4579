//! Tests of the runtime with the browser's clock, timers and `fetch`. They count the page's timers and requests, so
//! they need a page of their own, separate from the tests in `browser`.
#![cfg(target_arch = "wasm32")]

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{join, join_all, select};
use interleave::endpoint::http::HttpError;
use interleave::endpoint::site_file::{self, SiteFileError};
use interleave::exercises::async_basics::EXERCISE;
use interleave::exercises::controls::{Settings, Value};
use interleave::exercises::experiment::Experiment;
use interleave::exercises::site::Site;
use interleave::measure::spans::Span;
use interleave::measure::{EventKind, Outcome, Record};
use interleave::runtime::{Run, virtual_time};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(module = "/tests/watch.js")]
extern "C" {
    fn timers_set() -> u32;
    fn timers_pending() -> u32;
    fn requests() -> u32;
    fn requests_aborted() -> u32;
}

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Loading takes as long as the download, so that concurrent execution is much faster than sequential.
fn quick() -> Settings {
    let mut settings = Settings::defaults(EXERCISE.controls);
    for (name, value) in [("scale", 0.5), ("load", 400.0), ("preprocess", 50.0)] {
        settings.set(name, Value::Number(value));
    }
    settings
}

fn length_us(record: &Record, name: &str) -> u64 {
    Span::named(record, name).and_then(|span| span.length_us()).expect("it ended well")
}

#[wasm_bindgen_test]
async fn a_sleep_never_ends_early() {
    let run = Run::in_browser(1);
    for n in 0..20 {
        let before = run.now();
        run.sleep(ms(n)).await;
        assert!(run.now() - before >= ms(n), "{n} ms took {:?}", run.now() - before);
    }
}

#[wasm_bindgen_test]
async fn ten_thousand_sleepers_share_a_few_timers() {
    let run = Run::in_browser(1);
    let before = timers_set();
    join_all((0..10_000).map(|_| run.sleep(ms(100)))).await;
    let timers = timers_set() - before;
    assert!(timers < 100, "{timers} timers were set");
    assert_eq!(run.sleepers(), 0);
}

#[wasm_bindgen_test]
async fn sleepers_wake_in_the_order_of_their_deadlines() {
    let run = Run::in_browser(1);
    let order = RefCell::new(Vec::new());
    let sleeps = [60, 20, 40].map(|n| {
        let (run, order) = (&run, &order);
        async move {
            run.sleep(ms(n)).await;
            order.borrow_mut().push(n);
        }
    });
    join_all(sleeps).await;
    assert_eq!(order.into_inner(), [20, 40, 60]);
}

#[wasm_bindgen_test]
async fn a_dropped_sleep_leaves_no_timer_behind() {
    let run = Run::in_browser(1);
    let before = timers_pending();
    let mut sleep = run.sleep(ms(60_000));
    assert!((&mut sleep).now_or_never().is_none());
    assert_eq!(timers_pending(), before + 1);
    drop(sleep);
    assert_eq!((timers_pending(), run.sleepers()), (before, 0));
}

#[wasm_bindgen_test]
async fn the_heartbeat_measures_a_blocked_loop() {
    let run = Run::in_browser(1);
    let work = async {
        run.sleep(ms(50)).await;
        run.block(ms(200));
    };
    drop(select(Box::pin(work), Box::pin(run.heartbeat())).await);
    let longest = run.record().beats().iter().map(|beat| beat.lag_us()).max().expect("the heart has beaten");
    assert!(longest > 150_000, "the longest lag is {longest} µs");
}

#[wasm_bindgen_test]
async fn a_future_that_wakes_itself_starves_a_timer_and_yield_now_does_not() {
    let run = Run::in_browser(1);
    let has_fired = Rc::new(Cell::new(false));
    let fire = Rc::clone(&has_fired);
    let timer = gloo_timers::callback::Timeout::new(0, move || fire.set(true));
    for _ in 0..20_000 {
        wake_myself().await;
    }
    assert!(!has_fired.get(), "the timer of 0 ms did not fire");
    let mut turns = 0;
    while !has_fired.get() {
        run.yield_now().await;
        turns += 1;
        assert!(run.now() < ms(10_000), "{turns} turns, and none for the timer");
    }
    drop(timer);
}

/// Wakes itself, so it is polled again before other tasks. `yield_now` must not do this.
async fn wake_myself() {
    let mut has_been_polled = false;
    poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut has_been_polled, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

#[wasm_bindgen_test]
fn the_virtual_clock_works_in_a_browser_too() {
    let run = Run::on_virtual_clock(1);
    let both = join(run.sleep(Duration::from_secs(3600)), run.sleep(ms(1)));
    virtual_time::block_on(&run, both).expect("they end");
    assert_eq!(run.now(), Duration::from_secs(3600));
}

#[wasm_bindgen_test]
fn a_seed_gives_the_same_random_numbers_as_on_the_host() {
    // The test `the_first_draws_never_change` expects the same numbers on the host.
    let mut rng = Run::in_browser(7).rng("golden");
    let draws: Vec<u32> = (0..4).map(|_| rng.u32(..1_000)).collect();
    assert_eq!(draws, GOLDEN);
}

#[wasm_bindgen_test]
async fn a_file_of_the_site_is_fetched() {
    let bytes = site_file::read("static/data/digits.csv").await.expect("the test server serves the repository");
    assert!(bytes.starts_with(b"label,"));
}

#[wasm_bindgen_test]
async fn a_request_that_fails_has_a_cause() {
    let missing = site_file::read("static/there-is-no-such-file").await;
    assert!(matches!(missing, Err(SiteFileError::Status { status: 404, .. })), "{missing:?}");
    let refused = site_file::read("http://127.0.0.1:1/").await;
    assert!(matches!(refused, Err(SiteFileError::Http(HttpError::Unreachable { .. }))), "{refused:?}");
}

#[wasm_bindgen_test]
async fn dropping_a_request_aborts_it() {
    let (sent, aborted) = (requests(), requests_aborted());
    let mut request = Box::pin(site_file::read("static/data/digits.csv"));
    assert!((&mut request).now_or_never().is_none());
    assert_eq!((requests() - sent, requests_aborted() - aborted), (1, 0));
    drop(request);
    assert_eq!(requests_aborted() - aborted, 1);
}

#[wasm_bindgen_test]
async fn async_basics_takes_as_long_as_its_waits() {
    let run = Run::in_browser(7);
    let site = Rc::new(Site::served_from("static/"));
    (EXERCISE.run)(run.clone(), Rc::clone(&site), quick()).await.expect("the files are good");
    let ideal = Experiment::new(&EXERCISE, quick(), 7).ideal(&site).expect("the files are loaded now");
    let record = run.record();
    for name in ["sequential_execution", "concurrent_execution", "async_sleep", "blocking_sleep"] {
        let (measured, ideal) = (length_us(&record, name), length_us(&ideal, name));
        assert!(measured >= ideal, "{name} took {measured} µs, less than its waits");
        // A busy machine makes it late.
        assert!(measured < ideal * 2 + 200_000, "{name} took {measured} µs instead of {ideal}");
    }
    assert!(length_us(&record, "concurrent_execution") < length_us(&record, "sequential_execution"));
}

#[wasm_bindgen_test]
async fn stop_leaves_nothing_running() {
    let page = Run::for_page();
    // A timer of the test before may still be pending.
    for _ in 0..100 {
        if timers_pending() == 0 {
            break;
        }
        page.sleep(ms(20)).await;
    }
    for after_ms in [0, 5, 40, 300, 500] {
        let pending = timers_pending();
        let ended = Rc::new(Cell::new(false));
        let on_end = {
            let ended = Rc::clone(&ended);
            move |_| ended.set(true)
        };
        let site = Rc::new(Site::served_from("static/"));
        let experiment = Experiment::new(&EXERCISE, quick(), 7).start(site, on_end).await.expect("its code is loaded");
        page.sleep(ms(after_ms)).await;
        let (run, sent) = (experiment.run().clone(), requests());
        drop(experiment);

        let events = run.record().events().len();
        assert_eq!(run.sleepers(), 0, "stopped after {after_ms} ms");
        // On a busy machine, a timer of the turn before may still have been pending at the beginning.
        let left = timers_pending();
        assert!(left <= pending, "stopped after {after_ms} ms: {left} timers, {pending} before");
        page.sleep(ms(250)).await;
        assert_eq!(run.record().events().len(), events, "stopped after {after_ms} ms");
        assert_eq!((requests(), ended.get()), (sent, false), "stopped after {after_ms} ms");
        assert!(every_task_has_ended(&run.record()), "stopped after {after_ms} ms");
    }
}

fn every_task_has_ended(record: &Record) -> bool {
    let ends = record.events().iter().filter(|event| matches!(event.kind, EventKind::Ended(_))).count();
    let last = record.events().last().map(|event| event.kind);
    ends == record.tasks().len() && (record.tasks().is_empty() || last == Some(EventKind::Ended(Outcome::Cancelled)))
}

const GOLDEN: [u32; 4] = [762, 477, 833, 277];
