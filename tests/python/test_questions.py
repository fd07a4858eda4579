"""What a program can ask about its own record: the same answers in the page, on both clocks, and under CPython."""

import json
import subprocess
import sys

import pytest

import harness

TRACE = harness.ROOT / "static" / "trace" / "interleave_trace.py"

SOURCE = """
import asyncio, time
from interleave import record

# Times are printed in this unit, because the machine may be busy.
UNIT = 0.3

async def fetch(n, limit):
    async with limit:
        await asyncio.sleep(UNIT)
        assert record.peak_in_flight("fetch") <= 3, record.peak_in_flight("fetch")
    if n == 4:
        raise ValueError("no such model")

async def load():
    await asyncio.sleep(2 * UNIT)

async def train():
    await asyncio.sleep(UNIT)
    await asyncio.sleep(2 * UNIT)

async def late():
    await asyncio.sleep(60)

async def main():
    limit = asyncio.Semaphore(3)
    await asyncio.gather(*(asyncio.create_task(fetch(n, limit), name=f"fetch-{n}") for n in range(7)), return_exceptions=True)
    asyncio.create_task(late()).cancel()
    waiting = asyncio.create_task(late(), name="last")
    await asyncio.gather(load(), train())
    time.sleep(2 * UNIT)
    await asyncio.sleep(0)
    print(record.names())
    print(record.peak_in_flight("fetch"), record.peak_in_flight("fetch 1"), record.peak_in_flight("load"))
    print(record.outcomes("fetch"), record.outcomes("late"), record.outcomes("last"), record.outcomes("main"))
    print(*(round(it / UNIT) for it in (record.overlap("load", "train"), record.overlap("fetch", "train"), record.longest_block())))
    for wait in record.waits("fetch 3"):
        print(wait.task, wait.path, wait.line, wait.awaited, round(wait.seconds / UNIT))
    print(len(record.waits("main")), record.waits("train")[1].line)
    try:
        record.waits("fetches")
    except LookupError as error:
        print(error)
    waiting.cancel()

asyncio.run(main())
print(record.outcomes("main"), record.outcomes("last"))
"""

ANSWERS = """['main', 'fetch', 'late', 'last', 'load', 'train']
3 1 1
{'succeeded': 6, 'failed': 1} {'cancelled': 1} {'not finished': 1} {'not finished': 1}
2 0 2
fetch 3 main.py 9 the semaphore limit 1
fetch 3 main.py 10 a timer 1
3 20
no task is called `fetches`. The names of the tasks so far: `main`, `fetch`, `late`, `last`, `load`, `train`
{'succeeded': 1} {'cancelled': 1}
""".splitlines()


@pytest.mark.parametrize("clock", harness.CLOCKS)
def test_a_program_in_the_page_asks_about_its_record(clock):
    outcome = harness.run_source(SOURCE, clock)
    assert outcome.result.ending == "finished", outcome.result
    assert outcome.printed == ANSWERS


def test_the_same_program_under_cpython_gets_the_same_answers(tmp_path):
    (tmp_path / "main.py").write_text(SOURCE)
    command = [sys.executable, str(TRACE), "-o", "run.json", "main.py"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ended.stdout.splitlines() == ANSWERS, ended.stderr


def test_what_a_program_asks_changes_nothing_in_the_record():
    asking = harness.run_source(SOURCE, "virtual").record
    not_asking = harness.run_source(SOURCE.replace('assert record.peak_in_flight("fetch") <= 3,', "0 and"), "virtual").record
    columns = ("names", "tasks", "events")
    assert all(asking[column] == not_asking[column] for column in columns)


def test_a_call_in_a_thread_is_in_flight_and_does_not_block(tmp_path):
    (tmp_path / "main.py").write_text("""
import asyncio, time
from interleave import record
def load():
    time.sleep(0.2)
async def main():
    await asyncio.gather(*(asyncio.to_thread(load) for _ in range(3)))
asyncio.run(main())
print(record.peak_in_flight("load"), record.longest_block() < 0.15, record.waits("to_thread")[0].awaited)
""")
    command = [sys.executable, str(TRACE), "-o", "run.json", "main.py"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ended.stdout == "3 True a thread or process\n", ended.stderr


TESTS = """
import asyncio
import pytest

async def fetch(limit):
    async with limit:
        await asyncio.sleep(0.01)

async def main(n):
    limit = asyncio.Semaphore(n)
    await asyncio.gather(*(fetch(limit) for _ in range(5)))

def test_the_limit_holds(record):
    asyncio.run(main(2))
    assert record.peak_in_flight("fetch") == 2
    assert {wait.line for wait in record.waits("fetch")} == {6, 7}

def test_each_test_has_a_record_of_its_own(record):
    loop = asyncio.new_event_loop()
    loop.run_until_complete(main(5))
    loop.close()
    assert record.peak_in_flight("fetch") == 5
    assert record.outcomes("fetch") == {"succeeded": 5}

@pytest.fixture
def loop():
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()

def test_a_loop_that_was_made_before_is_recorded(loop, record):
    loop.run_until_complete(main(3))
    assert record.peak_in_flight("fetch") == 3

def test_nothing_has_run(record):
    assert record.names() == []
"""

def test_the_fixture_records_what_a_test_runs(tmp_path):
    (tmp_path / "test_fetch.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "interleave_trace", "."]
    environment = {"PYTHONPATH": str(TRACE.parent), "PATH": ""}
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, env=environment)
    assert "4 passed" in ended.stdout, ended.stdout


def test_the_run_file_is_written_as_without_questions(tmp_path):
    (tmp_path / "main.py").write_text("from interleave import record\nprint(record.names())\n")
    command = [sys.executable, str(TRACE), "-o", "run.json", "main.py"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ended.stdout == "[]\n", ended.stderr
    assert json.loads((tmp_path / "run.json").read_text())["record"]["names"] == []
