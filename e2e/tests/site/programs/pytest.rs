//! pytest in a program, with its plugins for asyncio and coverage. `tests/python/test_pytest.py` has more of it.

use e2e::browser::Engine;
use e2e::fixture::TestResult;
use e2e::in_each_engine;
use e2e::suite::Test;

use super::editor::{choose, open, run, wait_for_text};

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![tests_run_with_coverage_and_take_no_time]
}

/// The main file, because it has a `__main__`.
const MAIN: &[u8] = b"import sys
import pytest

if __name__ == '__main__':
    sys.exit(pytest.main(['-v', '--cov=model', '--cov-report=term-missing', *sys.argv[1:]]))
";

const MODEL: &[u8] = b"import asyncio


async def load(name):
    await asyncio.sleep(60)
    if not name:
        raise ValueError('no name')
    return f'weights of {name}'
";

const TESTS: &[u8] = b"import asyncio
import pytest
from interleave import record
from model import load


@pytest.mark.asyncio
async def test_loads_overlap():
    assert await asyncio.gather(*(asyncio.create_task(load(name)) for name in 'ab')) == ['weights of a', 'weights of b']
    assert record.peak_in_flight('load') == 2


def test_a_name():
    assert asyncio.run(load('mlp')) == 'weights of linear'
";

async fn tests_run_with_coverage_and_take_no_time(engine: Engine) -> TestResult {
    let fixture = open(engine).await?;
    let page = &fixture.page;
    choose(page, &[("run_tests.py", MAIN), ("model.py", MODEL), ("test_model.py", TESTS)]).await?;
    wait_for_text(page, "pytest.main").await?;
    assert_eq!(page.control("clock").await?.value, "virtual");
    run(page, "Failed").await?;
    for expected in
        ["test_model.py::test_loads_overlap PASSED", "test_model.py::test_a_name FAILED", "- weights of linear"]
    {
        page.wait_for_output(expected).await?;
    }
    let log = page.log().await?.join("\n");
    // The line that no test reaches.
    assert!(log.lines().any(|line| line.contains("model.py ") && line.ends_with(" 7")), "{log}");
    assert!(log.contains("1 failed, 1 passed") && log.contains(" in 120."), "{log}");
    Ok(())
}
