//! The traps of asyncio, which are among the programs to start from. `tests/python/test_traps.py` compares them with CPython.

use e2e::browser::Engine;
use e2e::fixture::TestResult;
use e2e::in_each_engine;
use e2e::suite::Test;

use super::editor::{open, run, wait_for_text};

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![every_trap_fails_if_broken_and_passes_if_fixed]
}

/// The title of each trap, the first words of its program, and what it prints in the end.
const TRAPS: [[&str; 3]; 10] = [
    ["gather leaves the others running", "A failed task and its siblings", "fixed: passed"],
    ["A task that nobody keeps", "A task that nobody keeps", "fixed: passed"],
    ["An exception that is never retrieved", "An exception that is never retrieved", "fixed: passed: the disk is full"],
    ["A swallowed CancelledError", "A swallowed CancelledError", "fixed: passed"],
    ["A lock of another asyncio.run", "A lock of another asyncio.run", "fixed: passed"],
    ["A race between two awaits", "A race between two awaits", "fixed: passed: the balance is 40"],
    ["A queue that never ends", "A queue that never ends", "fixed: passed"],
    [
        "An async generator left by break",
        "An async generator that is left early",
        "fixed: passed: opened, closed, next step",
    ],
    ["A timeout that does not stop a thread", "A timeout that does not stop a thread", "fixed: passed"],
    ["A blocking call in a coroutine", "A blocking call inside a coroutine", "fixed: passed"],
];

async fn every_trap_fails_if_broken_and_passes_if_fixed(engine: Engine) -> TestResult {
    let fixture = open(engine).await?;
    let page = &fixture.page;
    for [title, begins, last] in TRAPS {
        page.press(title).await?;
        wait_for_text(page, begins).await?;
        run(page, "Finished").await?;
        page.wait_for_output(last).await?;
        let printed = page.log().await?;
        assert!(printed.iter().any(|line| line.contains("broken: failed")), "{title}: {printed:?}");
    }
    Ok(())
}
