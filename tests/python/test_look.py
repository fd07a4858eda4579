"""A look at one moment of a run on the virtual clock."""

import json

import harness
import pytest
from test_program import state

from interleave.look import as_text

PROGRAM = """
import asyncio, time
async def work(n, door):
    secret = "x" * 500
    try:
        async with door:
            await asyncio.sleep(1)
    finally:
        print("cleaned up")
async def main():
    print("started")
    door = asyncio.Lock()
    await asyncio.gather(*(asyncio.create_task(work(n, door), name=f"worker-{n}") for n in range(3)))
    time.sleep(2)
    await asyncio.Event().wait()
asyncio.run(main())
"""


def seen(source, at_us, **options):
    host = harness.WallHost()
    run = harness.Run(harness.Files({"main.py": source}), host, clock="virtual", look_at_us=at_us, **options)
    harness.drive(run)
    assert not host.pieces
    return run.seen


def test_a_look_shows_what_waits_and_the_local_variables():
    entries = seen(PROGRAM, 1_500_000)
    assert [(e["task"], e["name"], e["path"], e["line"], e["for"], e["awaited_by"]) for e in entries] == [
        (1, "main", "main.py", 13, "`worker`, `worker`", []),
        (3, "worker 1", "main.py", 7, "a timer", [1]),
        (4, "worker 2", "main.py", 6, "the lock `door`", [1]),
    ]
    assert entries[1]["locals"]["n"] == "1" and "<asyncio.locks.Lock object" in entries[0]["locals"]["door"]
    assert len(entries[1]["locals"]["secret"]) == 200 and entries[1]["locals"]["secret"].endswith("…")


@pytest.mark.parametrize("at_us, lines", [
    (0, [13, 7, 6, 6]), (999_999, [13, 7, 6, 6]), (1_000_000, [13, 7, 6]), (3_000_000, [14]), (4_999_999, [14]),
    (5_000_000, [15]), (9_000_000, [15]),
])
def test_a_look_is_taken_when_the_clock_would_pass_its_moment(at_us, lines):
    assert [entry["line"] for entry in seen(PROGRAM, at_us)] == lines


def test_a_look_names_a_task_that_blocks_the_loop():
    assert "time.sleep" in seen(PROGRAM, 4_000_000)[0]["for"]


def test_a_look_after_the_end_is_empty():
    assert seen("import asyncio\nasyncio.run(asyncio.sleep(1))", 1_000_001) == []


def test_a_look_ends_programs_that_catch_everything_and_leaves_the_interpreter_as_it_was():
    before = state()
    entries = seen("""
import asyncio, atexit, sys
sys.excepthook = lambda *error: None
atexit.register(lambda: 1 / 0)
async def stubborn():
    for _ in range(10):
        try: await asyncio.sleep(1)
        except BaseException: pass
async def main():
    task = asyncio.create_task(stubborn())
    await task
for _ in range(3):
    try: asyncio.run(main())
    except BaseException: pass
""", 500_000)
    assert [entry["name"] for entry in entries] == ["main", "stubborn"]
    assert state() == before
    assert harness.run_source(PROGRAM.replace("asyncio.Event().wait()", "asyncio.sleep(0)")).result.ending == "finished"


def test_a_variable_whose_text_reads_the_clock_and_sleeps_does_no_harm():
    entries = seen("""
import asyncio, time
class Slow:
    def __repr__(self):
        time.sleep(10)
        return f"slow {time.time() > 0}"
async def main():
    slow = Slow()
    await asyncio.sleep(5)
asyncio.run(main())
""", 1)
    assert entries[0]["locals"] == {"slow": "slow True"}


def test_the_text_of_a_look_is_limited_by_leaving_out_the_last_entries():
    entries = seen(PROGRAM, 0)
    assert json.loads(as_text(entries)) == entries
    assert json.loads(as_text(entries, 900)) == entries[:2] and as_text([], 2) == "[]"
