//! Threads and processes, which the simulated clock simulates. `tests/python/test_threads.py` compares them with CPython.

use e2e::browser::Engine;
use e2e::fixture::TestResult;
use e2e::page::{Page, PageError};
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};

use super::editor::{choose, open, run, set_arguments, wait_for, wait_for_text};

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![waits_overlap_in_threads_and_computing_in_processes, programs_of_the_guide_with_threads_run]
        .chain(in_chromium![the_real_clock_has_no_threads_and_says_which_one_has])
}

/// Prints what a thread has put into a queue, and the sum of the times that calls have computed, divided by the time that all of them together took.
const COMPUTING: &[u8] = b"import queue
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor


def compute(n):
    start = time.perf_counter()
    sum(range(n))
    return time.perf_counter() - start


def as_many_times_as_fast(pool):
    with pool:
        start = time.perf_counter()
        computed = sum(pool.map(compute, [100_000] * 32))
        return computed / (time.perf_counter() - start)


def drain(jobs, found, permits):
    while True:
        try:
            job = jobs.get_nowait()
        except queue.Empty:
            break
        with permits:
            found.put(job)


# What a thread does with a queue and a semaphore of the library.
jobs, found = queue.Queue(), queue.Queue()
for number in range(3):
    jobs.put(number)
threading.Thread(target=drain, args=(jobs, found, threading.Semaphore(1))).start()
print('drained:', [found.get() for _ in range(3)])

# How many times as fast?
print(f'threads: {as_many_times_as_fast(ThreadPoolExecutor(1)):.2f}')
# The best of three, because a busy machine makes single calls slow.
best = max(as_many_times_as_fast(ProcessPoolExecutor(4)) for _ in range(3))
print(f'processes: {best:.2f}')
";

/// The number that the program has printed in the line of this label.
async fn printed(page: &Page, label: &str) -> Result<f64, PageError> {
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
    set_arguments(page, "--tasks 8 --size 20000").await?;
    run(page, "Finished").await?;
    page.wait_for_output("CPU-bound, a few milliseconds").await?;
    let (one_by_one, threads) = (printed(page, "I/O, one by one").await?, printed(page, "I/O, threads").await?);
    assert!((795.0..880.0).contains(&one_by_one) && threads < one_by_one / 4.0, "{one_by_one} ms, {threads} ms");
    assert!(page.notes().await?.contains("simulated, for 4 processors"));
    choose(page, &[("compute.py", COMPUTING)]).await?;
    wait_for_text(page, "def compute").await?;
    run(page, "Finished").await?;
    page.wait_for_output("drained: [0, 1, 2]").await?;
    // Four processors. It is less if one of the calls took longer than the others.
    let (threads, processes) = (printed(page, "threads:").await?, printed(page, "processes:").await?);
    assert!((0.5..1.1).contains(&threads) && (1.5..4.1).contains(&processes), "{threads}, {processes}");
    Ok(())
}

/// They end with an error if one of their checks does not end as expected.
async fn programs_of_the_guide_with_threads_run(engine: Engine) -> TestResult {
    let fixture = open(engine).await?;
    let page = &fixture.page;
    // Waits cost nothing on this clock. Long ones are not disturbed by what a busy machine adds to the computing.
    for (title, begins, arguments) in [
        ("Common issues", "Five common issues of async code", "--block 1"),
        ("8 Validation", "validations, by asyncio", "--wait 0.2"),
    ] {
        page.press(title).await?;
        wait_for_text(page, begins).await?;
        assert_eq!(page.control("clock").await?.value, "simulated", "{title}");
        set_arguments(page, arguments).await?;
        run(page, "Finished").await?;
    }
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
