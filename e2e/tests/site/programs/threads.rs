//! Threads and processes, which the simulated clock simulates. `tests/python/test_threads.py` compares them with CPython.

use e2e::browser::Engine;
use e2e::fixture::TestResult;
use e2e::page::{Page, PageError};
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};

use super::editor::{choose, open, run, set_arguments, wait_for, wait_for_text};

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![waits_overlap_in_threads_and_computing_in_processes]
        .chain(in_chromium![the_real_clock_has_no_threads_and_says_which_one_has])
}

/// The time in ms that the program has printed in the line of this label.
async fn printed_ms(page: &Page, label: &str) -> Result<f64, PageError> {
    let log = page.log().await?;
    let line = log.iter().find_map(|line| line.split_once(label)).map(|(_, rest)| rest.trim().trim_end_matches(" ms"));
    Ok(line.and_then(|number| number.parse().ok()).unwrap_or(f64::NAN))
}

async fn waits_overlap_in_threads_and_computing_in_processes(engine: Engine) -> TestResult {
    let fixture = open(engine).await?;
    let page = &fixture.page;
    page.press("7 Concurrency compared").await?;
    wait_for_text(page, "Which kind of concurrency").await?;
    assert_eq!(page.control("clock").await?.value, "simulated");
    assert_eq!(page.control("processors").await?.value, "4");
    set_arguments(page, "--tasks 8 --size 100000").await?;
    run(page, "Finished").await?;
    page.wait_for_output("CPU-bound, a few milliseconds").await?;
    let (one_by_one, threads) = (printed_ms(page, "I/O, one by one").await?, printed_ms(page, "I/O, threads").await?);
    assert!((795.0..880.0).contains(&one_by_one) && threads < one_by_one / 4.0, "{one_by_one} ms, {threads} ms");
    let inline = printed_ms(page, "CPU, inline").await?;
    let (threads, processes) = (printed_ms(page, "CPU, threads").await?, printed_ms(page, "CPU, processes").await?);
    // Four processors, and threads share one interpreter lock. Browsers measure short times roughly.
    assert!(processes < inline / 2.0 && threads > processes * 2.0, "{inline} ms, {threads} ms, {processes} ms");
    assert!(page.notes().await?.contains("simulated, for 4 processors"));
    Ok(())
}

async fn the_real_clock_has_no_threads_and_says_which_one_has() -> TestResult {
    let fixture = open(Engine::Chromium).await?;
    let page = &fixture.page;
    let thread = b"import threading\n\n\nthread = threading.Thread(target=print, args=('from a thread',))\nthread.start()\nthread.join()\n";
    choose(page, &[("thread.py", thread)]).await?;
    wait_for_text(page, "from a thread").await?;
    assert_eq!(page.control("clock").await?.value, "simulated");
    run(page, "Finished").await?;
    page.wait_for_output("from a thread").await?;
    page.choose("clock", "browser").await?;
    run(page, "Failed").await?;
    wait_for(page, "body", "Choose the simulated clock").await?;
    // Another program, without threads, is on the real clock.
    page.choose("clock", "simulated").await?;
    choose(page, &[("plain.py", b"print('plain')\n")]).await?;
    wait_for_text(page, "plain").await?;
    assert_eq!(page.control("clock").await?.value, "browser");
    Ok(())
}
