"""The checks of part 7. `seen` has what happened while the functions ran."""

import asyncio

import pytest
from interleave import checks
from scripts import concurrency_comparison

DELAY = 0.1


def call(name, *arguments):
    """Calls a function of the script, and runs it if it is a coroutine function. Returns its result, and what was seen."""
    with checks.observe(concurrency_comparison) as seen:
        result = getattr(concurrency_comparison, name)(*arguments)
        if asyncio.iscoroutine(result):
            result = asyncio.run(result)
    return result, seen


# The single tasks


def test_cpu_bound_task_returns_the_sum_of_the_squares():
    result, _ = call("cpu_bound_task", 4)
    assert result == 0 + 1 + 4 + 9


def test_io_bound_task_waits():
    result, seen = call("io_bound_task", DELAY)
    assert result == DELAY
    seen.must_take("io_bound_task", DELAY)


def test_io_bound_task_async_waits():
    result, seen = call("io_bound_task_async", DELAY)
    assert result == DELAY
    seen.must_take("io_bound_task_async", DELAY)


def test_io_bound_task_async_does_not_block_the_event_loop():
    _, seen = call("io_bound_task_async", DELAY)
    seen.must_not_block()


# Several of them


def test_sync_io_tasks_waits_one_by_one():
    result, seen = call("sync_io_tasks", 3, DELAY)
    seen.must_call("io_bound_task", 3)
    seen.must_not_overlap("io_bound_task")
    assert result == [DELAY] * 3


def test_async_io_tasks_waits_for_all_at_once():
    result, seen = call("async_io_tasks", 4, DELAY)
    seen.must_call("io_bound_task_async", 4)
    seen.must_not_block()
    seen.must_overlap("io_bound_task_async")
    assert result == [DELAY] * 4


def test_threaded_io_tasks_waits_for_all_at_once():
    result, seen = call("threaded_io_tasks", 4, DELAY)
    seen.must_call("io_bound_task", 4)
    seen.must_overlap("io_bound_task")
    assert result == [DELAY] * 4


# What each of them does to an event loop


def lag(work):
    """The longest time, in seconds, by which a task that wakes up often is late while the coroutine `work` runs."""
    lags = []

    async def heartbeat():
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + DELAY / 10
            await asyncio.sleep(DELAY / 10)
            lags.append(loop.time() - due)

    async def both():
        heart = asyncio.create_task(heartbeat())
        await asyncio.sleep(DELAY / 5)
        await work
        await asyncio.sleep(DELAY / 5)
        heart.cancel()

    asyncio.run(both())
    return max(lags)


async def in_the_loop(name, *arguments):
    """Calls a plain function of the script on the event loop."""
    getattr(concurrency_comparison, name)(*arguments)


def test_the_event_loop_lag_of_each_way():
    def late(name, seconds, expected):
        return f"{seen.place(name)}: `{name}` makes other tasks {seconds:.3f} s late. {expected}"

    with checks.observe(concurrency_comparison) as seen:
        one_by_one = lag(in_the_loop("sync_io_tasks", 4, DELAY))
        in_threads = lag(in_the_loop("threaded_io_tasks", 4, DELAY))
        by_async = lag(concurrency_comparison.async_io_tasks(4, DELAY))
    # A plain function blocks the event loop until it returns, also while its threads wait.
    assert one_by_one > 3 * DELAY, late("sync_io_tasks", one_by_one, f"Expected: more than {3 * DELAY:.1f} s, for 4 waits.")
    assert in_threads > 0.5 * DELAY, late("threaded_io_tasks", in_threads, f"Expected: about {DELAY} s, for one wait.")
    assert in_threads < one_by_one, late("threaded_io_tasks", in_threads, f"With `sync_io_tasks` it is {one_by_one:.3f} s.")
    assert by_async < 0.9 * DELAY, late("async_io_tasks", by_async, "A coroutine that only waits makes nothing late.")


# Which is for what


@pytest.mark.parametrize(
    "is_cpu_bound, has_async_library, expected",
    [(False, True, "async"), (False, False, "threads"), (True, False, "multiprocessing"), (True, True, "multiprocessing")],
)
def test_choose_concurrency(is_cpu_bound, has_async_library, expected):
    result, seen = call("choose_concurrency", is_cpu_bound, has_async_library)
    work = "computes" if is_cpu_bound else f"waits, with {'an async library' if has_async_library else 'a library that blocks'}"
    place = seen.place("choose_concurrency")
    assert result == expected, f"{place} returns {result!r} for work that {work}. This is not the best choice."
