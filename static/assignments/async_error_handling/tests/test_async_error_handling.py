"""The checks of part 6. `seen` has what happened while the functions ran."""

import asyncio

import pytest
from interleave import checks
from scripts import async_error_handling


def run(name, *arguments):
    """Runs a coroutine function of the script. Returns its result, and what was seen."""
    with checks.observe(async_error_handling) as seen:
        function = getattr(async_error_handling, name)
        result = asyncio.run(function(*arguments))
    return result, seen


# risky_operation


def test_risky_operation_returns_a_result():
    result, seen = run("risky_operation", 1)
    assert result == "result 1"
    seen.must_not_block()


def test_risky_operation_waits():
    _, seen = run("risky_operation", 1)
    seen.must_take("risky_operation", async_error_handling.DELAY)


@pytest.mark.parametrize(
    "number, kind, text",
    [
        (3, ValueError, "sample 3 is damaged"),
        (5, ConnectionError, "server 5 is gone"),
        (15, ValueError, "sample 15 is damaged"),
    ],
)
def test_risky_operation_raises(number, kind, text):
    with pytest.raises(kind) as raised:
        run("risky_operation", number)
    assert str(raised.value) == text


# safe_risky_operation


@pytest.mark.parametrize(
    "number, expected",
    [(1, ("success", "result 1")), (3, ("failed", "sample 3 is damaged")), (5, ("error", "server 5 is gone"))],
)
def test_safe_risky_operation_returns_the_category_and_the_text(number, expected):
    result, seen = run("safe_risky_operation", number)
    place = seen.place("safe_risky_operation")
    assert result == expected, f"{place} returns {result} for the number {number}. Expected: {expected}."


def test_safe_risky_operation_can_be_cancelled():
    async def cancel_it():
        task = asyncio.create_task(async_error_handling.safe_risky_operation(1))
        await asyncio.sleep(async_error_handling.DELAY / 3)
        task.cancel()
        await asyncio.wait([task])
        seen.must_be_cancelled(task, "safe_risky_operation")

    with checks.observe(async_error_handling) as seen:
        asyncio.run(cancel_it())


# run_tasks_with_error_handling

EXPECTED = {
    "success": ["result 1", "result 2", "result 4"],
    "failed": ["sample 3 is damaged", "sample 6 is damaged"],
    "error": ["server 5 is gone"],
}


def test_run_tasks_lets_each_failure_be_its_own():
    with checks.observe(async_error_handling) as seen:
        try:
            result = asyncio.run(async_error_handling.run_tasks_with_error_handling(range(1, 7)))
        except (ValueError, ConnectionError) as error:
            place = seen.place("run_tasks_with_error_handling")
            lost = f"raises the error of one task, and the other results are lost: {error}"
            raise AssertionError(f"{place} {lost}") from None
    assert result.keys() == EXPECTED.keys()


def test_run_tasks_counts_every_task_in_one_category():
    result, seen = run("run_tasks_with_error_handling", range(1, 7))
    counts = {category: len(texts) for category, texts in result.items()}
    calls = seen.calls("risky_operation")
    place = seen.place("run_tasks_with_error_handling")
    assert sum(counts.values()) == len(calls) == 6, f"{place} ran {len(calls)} tasks, but its categories have {counts}."
    assert result == EXPECTED


def test_run_tasks_runs_all_at_once():
    _, seen = run("run_tasks_with_error_handling", range(1, 7))
    seen.must_not_block()
    seen.must_overlap("risky_operation")


# retry_async


def retried(failures, *, attempts, pause):
    """Calls a function `load` that fails this number of times. Returns its result or error, and what was seen."""
    left = [ConnectionError(f"failure {number}") for number in range(1, failures + 1)]

    async def load(name):
        if left:
            raise left.pop(0)
        return f"weights of {name}"

    with checks.observe(async_error_handling) as seen:
        decorated = async_error_handling.retry_async(attempts=attempts, pause=pause)(seen.watched(load))
        try:
            result = asyncio.run(decorated("mlp"))
        except ConnectionError as error:
            result = error
    return result, seen


def test_retry_async_returns_the_first_result():
    result, seen = retried(2, attempts=5, pause=0.01)
    assert result == "weights of mlp"
    seen.must_call("load", 3)


def test_retry_async_does_not_wait_without_a_failure():
    result, seen = retried(0, attempts=3, pause=60)
    assert result == "weights of mlp"
    seen.must_call("load", 1)
    assert seen.seconds < 60


def test_retry_async_raises_the_last_error():
    result, seen = retried(9, attempts=3, pause=0.01)
    seen.must_call("load", 3)
    place = seen.place("retry_async")
    assert str(result) == "failure 3", f"{place} ends with {result!r} after three failures. Expected: the last error."


def test_retry_async_doubles_its_pauses():
    _, seen = retried(2, attempts=3, pause=0.06)
    seen.must_not_block()
    seen.must_pause("load", [0.06, 0.12])


def test_retry_async_does_not_wait_after_the_last_attempt():
    _, seen = retried(9, attempts=2, pause=0.1)
    (pause,) = seen.pauses("load")
    # Another pause would take 0.2 s.
    after = seen.seconds - pause
    place = seen.place("retry_async")
    assert after < 0.15, f"{place} waits {after:.3f} s longer after the last attempt, although no other one follows."


def test_retry_async_can_be_cancelled():
    async def wait_for_ever():
        await asyncio.sleep(60)

    async def cancel_it():
        task = asyncio.create_task(async_error_handling.retry_async(attempts=2, pause=0.01)(wait_for_ever)())
        await asyncio.sleep(0.01)
        task.cancel()
        # A second attempt would wait for a minute.
        await asyncio.wait([task], timeout=0.1)
        seen.must_be_cancelled(task, "retry_async")

    with checks.observe(async_error_handling) as seen:
        asyncio.run(cancel_it())
