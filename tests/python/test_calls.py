"""Functions that a program hands to threads: on the real clock they run on the loop, with a warning."""

import harness
import pytest

HEAD = """
import asyncio, time
from concurrent.futures import ProcessPoolExecutor

def work(n):
    time.sleep(0.1)
    return n * n

def stop():
    raise StopIteration

"""


@pytest.mark.parametrize("clock", harness.CLOCKS)
def test_a_call_runs_on_the_loop_and_is_a_task(clock):
    outcome = harness.run_source(HEAD + """
async def main():
    print(await asyncio.gather(*(asyncio.to_thread(work, n) for n in range(3))))
    print(await asyncio.get_running_loop().run_in_executor(None, work, 5))
asyncio.run(main())
""", clock)
    assert outcome.printed == ["[0, 1, 4]", "25"]
    calls = [(parent, end) for name, parent, end in outcome.tasks() if name == "work"]
    assert [end for parent, end in calls] == ["S"] * 4 and calls[-1][0] == 1
    assert ("worker" in [awaited for line, awaited in outcome.waits("to_thread")])
    if clock == "virtual":
        # There, threads are simulated.
        assert outcome.notes == []
        return
    warnings = [note for note in outcome.notes if "no threads" in note]
    assert [warning.split(": ", 1)[1].split(" ran ")[0] for warning in warnings] == [
        "`work`", "`work`, which main.py line 15 hands to a thread,",
    ]
    assert all("blocked it for 1" in warning for warning in warnings)


@pytest.mark.parametrize("clock", harness.CLOCKS)
@pytest.mark.parametrize("call, text", [
    ("asyncio.to_thread(int, 'x')", "ValueError invalid literal for int() with base 10: 'x'"),
    ("asyncio.wait_for(asyncio.to_thread(work, 1), 0)", "TimeoutError "),
])
def test_errors_are_passed_on(clock, call, text):
    outcome = harness.run_source(HEAD + f"""
async def main():
    try:
        await {call}
    except Exception as error:
        print(type(error).__name__, error)
asyncio.run(main())
""", clock)
    assert outcome.printed == [text]


@pytest.mark.parametrize("call", [
    "asyncio.run(asyncio.get_running_loop().run_in_executor(ProcessPoolExecutor(), work, 1))",
    "threading.Thread(target=work).start()",
])
def test_the_real_clock_has_no_threads(call):
    outcome = harness.run_source(HEAD + f"""
import threading
async def main():
    {call}
asyncio.run(main())
""", "browser")
    assert "Choose the simulated clock" in outcome.result.message


def test_stop_iteration_cannot_leave_a_coroutine():
    outcome = harness.run_source(HEAD + """
async def main():
    try:
        await asyncio.to_thread(stop)
    except RuntimeError as error:
        print(error)
asyncio.run(main())
""", "browser")
    assert outcome.printed == ["stop raised StopIteration"]


def test_context_variables_are_those_of_the_caller():
    outcome = harness.run_source("""
import asyncio, contextvars
name = contextvars.ContextVar("name")
async def main():
    name.set("a")
    print(await asyncio.to_thread(name.get))
asyncio.run(main())
""", "browser")
    assert outcome.printed == ["a"]
