//! Stop ends a reader's program at any moment, on both clocks: nothing of it arrives afterwards, and the next run works.

use std::time::Duration;

use e2e::browser::Engine;
use e2e::fixture::{Fixture, TestResult};
use e2e::page::{HAS_TASKS, IS_RUNNING, Page, eventually};
use e2e::server::{Outcome, Replacement, built_site};
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![
        stop_works_while_python_is_loaded,
        stop_works_while_python_starts,
        stop_works_at_any_moment_of_a_run,
        leaving_the_page_ends_the_program
    ]
    .chain(in_chromium![stop_works_on_the_virtual_clock, a_program_that_cleans_up_for_too_long_is_ended])
}

/// Prints for ten seconds, from many tasks.
const BUSY: &str = "import asyncio

async def work(n):
    for step in range(1_000):
        await asyncio.sleep(0.01)
        print('old', n, step, sum(range(1_000)))

async def main():
    await asyncio.gather(*(work(n) for n in range(20)))

asyncio.run(main())
";

/// Never ends on the virtual clock, where it computes all the time.
const ENDLESS: &str = "import asyncio

async def main():
    while True:
        await asyncio.sleep(1)
        print('old')

asyncio.run(main())
";

/// Does not end when it is cancelled.
const STUBBORN: &str = "import asyncio

async def main():
    while True:
        try:
            print('old')
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass

asyncio.run(main())
";

/// Long enough to notice if anything continued.
const PAUSE: Duration = Duration::from_millis(300);

/// Presses Run, and presses Stop after some milliseconds of the run, a number of times.
const RUN_AND_STOP: &str = "
    const [afterMs, times] = arguments;
    const button = (name) => document.querySelector(`button.${name}`);
    const isRunning = () => document.querySelector('.run-bar [role=status]').innerText.startsWith('Running');
    const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
    return (async () => {
        button('run').click();
        while (button('stop').disabled) await sleep(0);
        await sleep(afterMs);
        for (let n = 0; n < times; n++) button('stop').click();
        const start = performance.now();
        while (isRunning()) await sleep(1);
        return performance.now() - start;
    })();";

/// Runs the program in the editor and stops it after this time. Returns the milliseconds that stopping took.
async fn run_and_stop(page: &Page, after_ms: u32, times: u32) -> Result<f64, e2e::page::PageError> {
    let took_ms = page.evaluate(RUN_AND_STOP, vec![after_ms.into(), times.into()]).await?;
    page.wait_for_status("Stopped").await?;
    Ok(took_ms)
}

/// Asserts that nothing changes any more, and that the next run gets nothing of the one before.
async fn assert_nothing_continues(page: &Page) -> TestResult {
    let results = page.settled_results().await?;
    tokio::time::sleep(PAUSE).await;
    assert_eq!(page.results().await?, results);
    assert_next_run_works(page).await
}

async fn assert_next_run_works(page: &Page) -> TestResult {
    let run = page.run_program("import asyncio\nasyncio.run(asyncio.sleep(0.1))\nprint('next')\n").await?;
    assert!(run.status.starts_with("Finished"), "{run:?}");
    let lines: Vec<&str> = run.lines().collect();
    assert!(lines.len() == 1 && lines[0].ends_with("next"), "{run:?}");
    assert_eq!(page.metric("tasks").await?, "1");
    Ok(())
}

async fn stop_works_while_python_is_loaded(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in_without_service_worker(engine, "program").await?;
    let page = &fixture.page;
    let folder = std::fs::read_dir(built_site().join("python"))?;
    let names = folder.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let wasm = names.filter(|name| name.ends_with(".wasm")).map(|name| format!("python/{name}")).next();
    let wasm = wasm.expect("the site has Python");
    fixture.server.replace(&wasm, Replacement::Never);
    page.press("Run").await?;
    fixture.wait_for_outcome(&wasm, Outcome::Pending).await?;
    page.press("Stop").await?;
    page.wait_for_status("Stopped").await?;
    fixture.server.restore(&wasm);
    assert_next_run_works(page).await
}

async fn stop_works_while_python_starts(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "program").await?;
    let page = &fixture.page;
    page.stop_when("document.querySelector('.program-foot [role=note]')?.innerText.startsWith('Python is starting')")
        .await?;
    page.press("Run").await?;
    page.wait_for_status("Stopped").await?;
    assert_next_run_works(page).await
}

async fn stop_works_at_any_moment_of_a_run(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "program").await?;
    let page = &fixture.page;
    assert_next_run_works(page).await?;
    for (after_ms, times) in [(0, 1), (1, 1), (20, 1), (150, 1), (150, 2), (400, 1), (0, 2)] {
        page.write_program(BUSY).await?;
        let took_ms = run_and_stop(page, after_ms, times).await?;
        assert!(took_ms < 5_000.0, "{took_ms} ms");
        assert_nothing_continues(page).await?;
    }
    Ok(())
}

async fn stop_works_on_the_virtual_clock() -> TestResult {
    let fixture = Fixture::open("program?clock=virtual").await?;
    let page = &fixture.page;
    assert_next_run_works(page).await?;
    for after_ms in [0, 300] {
        page.write_program(ENDLESS).await?;
        run_and_stop(page, after_ms, 1).await?;
        assert_nothing_continues(page).await?;
    }
    page.write_program("while True: pass\n").await?;
    run_and_stop(page, 100, 1).await?;
    assert_nothing_continues(page).await
}

async fn a_program_that_cleans_up_for_too_long_is_ended() -> TestResult {
    let fixture = Fixture::open("program").await?;
    let page = &fixture.page;
    assert_next_run_works(page).await?;
    page.write_program(STUBBORN).await?;
    let took_ms = run_and_stop(page, 200, 1).await?;
    assert!(took_ms >= 400.0, "it gets a moment to clean up: {took_ms} ms");
    assert_nothing_continues(page).await?;
    page.write_program(STUBBORN).await?;
    run_and_stop(page, 200, 2).await?;
    assert_nothing_continues(page).await
}

async fn leaving_the_page_ends_the_program(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "program").await?;
    let page = &fixture.page;
    page.write_program(BUSY).await?;
    page.press("Run").await?;
    eventually("a task of the program", async || {
        let has_tasks = page.evaluate(&format!("return !!({IS_RUNNING} && {HAS_TASKS})"), Vec::new()).await?;
        Ok(if has_tasks { Ok(()) } else { Err("none".to_owned()) })
    })
    .await?;
    page.follow("benchmark").await?;
    page.wait_for_button("Run").await?;
    // No new interpreter is started, because no page needs one.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(page.attributes("iframe", "src").await?.is_empty(), "the sandbox has been removed");
    page.follow("program").await?;
    page.wait_for_status("Ready").await?;
    assert_next_run_works(page).await
}
