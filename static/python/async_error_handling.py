"""Part 6, error handling: one task's failure need not stop the others.

Twenty operations fail now and then, for different reasons. There are three ways to
handle that: the first failure cancels the rest; all failures are collected next to the
results; and errors that may be temporary are retried after a pause.

    python async_error_handling.py                          the guide's own pauses
    python async_error_handling.py --backoff exponential    pauses that double
"""

import argparse
import asyncio
import itertools
import random
import time
from collections import Counter
from typing import NamedTuple

# All in seconds.
DELAY = 0.1
RETRY_AFTER = 0.7
STEP = 0.5
BASE = 0.25
CAP = 2


class ConnectionLost(Exception):
    """The other side is gone, for now."""


class ServerBusy(Exception):
    """The server has too much to do, and says when to come back."""

    def __init__(self, retry_after):
        super().__init__(f"busy, retry after {retry_after} s")
        self.retry_after = retry_after


class InvalidInput(Exception):
    """The request itself is wrong: it would fail the same way another time."""


class GaveUp(Exception):
    """No further attempt follows. Keeps the last error and the number of attempts."""

    def __init__(self, last, attempts):
        super().__init__(f"{last!r} at attempt {attempts}")
        self.last = last
        self.attempts = attempts


class Result(NamedTuple):
    """The result of a task, whether it succeeded or failed."""

    task: int
    attempts: int
    value: str | None = None
    error: Exception | None = None


# What is printed for each way to end.
SUCCEEDED = "succeeded"
CAUSES = {
    ConnectionLost: "connection lost",
    ServerBusy: "server busy",
    InvalidInput: "invalid input",
    TimeoutError: "timed out",
    asyncio.CancelledError: "cancelled",
}


# What an operation can fail with; cancellation is not a failure.
FAILURES = (ConnectionLost, ServerBusy, InvalidInput, TimeoutError)


async def risky_operation(task, attempt, options):
    """Waits a moment, then returns a text, fails, or hangs until its time is out."""
    # Not drawn in the order in which tasks happen to run: that may differ.
    draw = random.Random(f"{options.seed} risky_operation {task} {attempt}")
    # How a task fails stays the same: an input does not become invalid.
    fault = random.Random(f"{options.seed} fault of task {task}")
    async with asyncio.timeout(options.timeout):
        await asyncio.sleep(DELAY * draw.uniform(0.5, 1.5))
        if draw.random() < options.failure_rate:
            match fault.choice(["lost", "busy", "invalid", "hangs"]):
                case "lost":
                    raise ConnectionLost
                case "busy":
                    raise ServerBusy(RETRY_AFTER)
                case "invalid":
                    raise InvalidInput
                case "hangs":
                    await asyncio.Event().wait()  # it is never set
    return f"result of task {task}"


async def safe_risky_operation(task, options):
    """Returns a record of the end instead of raising."""
    try:
        return Result(task, 1, await risky_operation(task, 1, options))
    except FAILURES as error:
        return Result(task, 1, error=error)


async def retried_risky_operation(task, options):
    """The same, with as many retries as allowed."""

    async def operation(attempt):
        return await risky_operation(task, attempt, options)

    backoff = BACKOFFS[options.backoff]
    draw = random.Random(f"{options.seed} retry_async {task}")
    try:
        value, attempts = await retry_async(operation, options.retries, backoff, draw)
        return Result(task, attempts, value)
    except GaveUp as gave_up:
        return Result(task, gave_up.attempts, error=gave_up.last)


async def retry_async(operation, retries, backoff, draw):
    """Returns the first result and the number of attempts, or raises `GaveUp`."""
    for attempt in itertools.count(1):
        try:
            return await operation(attempt), attempt
        except Exception as error:
            if attempt > retries or not is_transient(error):
                raise GaveUp(error, attempt) from error
            asked_for = getattr(error, "retry_after", 0)
        await asyncio.sleep(max(asked_for, backoff(attempt, draw)))


def is_transient(error):
    """Returns True if the error may be gone at the next attempt."""
    return isinstance(error, ConnectionLost | ServerBusy | TimeoutError)


def linear(attempt, draw):
    """The guide's pause: longer by the same amount after every attempt."""
    return STEP * attempt


def exponential(attempt, draw):
    """Twice as long after every attempt, up to a cap, and at random below that."""
    # At random, so that not all come back at the same moment.
    return draw.uniform(0, min(CAP, BASE * 2 ** (attempt - 1)))


BACKOFFS = {"linear": linear, "exponential": exponential}


async def run_tasks_failing_fast(options):
    """The first failure cancels all tasks that are not yet done."""
    # `gather` would not do that: it raises the first error, but the others go on.
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(risky_operation(task, 1, options))
                for task in range(options.tasks)
            ]
    except* FAILURES:
        pass  # each task keeps its error
    # All tasks are done by now: this only collects how they ended.
    results = await asyncio.gather(*tasks, return_exceptions=True)
    return categorize(results), len(results)


async def run_tasks_with_error_handling(options):
    """A failure takes the place of the result, and all other tasks go on."""
    tasks = [safe_risky_operation(task, options) for task in range(options.tasks)]
    results = await asyncio.gather(*tasks)
    outcomes = categorize(result.error or result.value for result in results)
    return outcomes, len(results)


async def run_tasks_with_retries(options):
    """Retries errors that may be temporary, and all other tasks go on."""
    tasks = [retried_risky_operation(task, options) for task in range(options.tasks)]
    results = await asyncio.gather(*tasks)
    outcomes = categorize(result.error or result.value for result in results)
    return outcomes, sum(result.attempts for result in results)


def categorize(results):
    """Counts how the tasks ended: how many succeeded, and how many failed with which error."""
    outcomes = Counter()
    for result in results:
        if not isinstance(result, BaseException):
            outcomes[SUCCEEDED] += 1
        elif type(result) in CAUSES:
            outcomes[CAUSES[type(result)]] += 1
        else:
            raise result  # a mistake in this script, not a simulated failure
    return outcomes


async def timed(coroutine):
    """Returns what the coroutine returned, and how many seconds it took."""
    start = time.perf_counter()
    result = await coroutine
    return result, time.perf_counter() - start


async def main(options):
    ways = {
        "fail fast": run_tasks_failing_fast,
        "collected": run_tasks_with_error_handling,
        "with retries": run_tasks_with_retries,
    }
    columns = [await timed(run_tasks(options)) for run_tasks in ways.values()]

    def print_row(name, values):
        print(f"{name:15}" + "".join(f"{value:>14}" for value in values))

    print_row("", ways)
    for outcome in [SUCCEEDED, *CAUSES.values()]:
        print_row(outcome, [outcomes[outcome] for (outcomes, _), _ in columns])
    print_row("attempts", [attempts for (_, attempts), _ in columns])
    print_row("time", [f"{seconds:.3f} s" for _, seconds in columns])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Error handling, part 6 of the guide.")
    parser.add_argument("--tasks", type=int, default=20, help="how many tasks")
    parser.add_argument(
        "--failure-rate", type=float, default=0.3, help="share of attempts that fail"
    )
    parser.add_argument(
        "--retries", type=int, default=2, help="attempts that may follow the first"
    )
    parser.add_argument(
        "--backoff", choices=BACKOFFS, default="linear", help="how the pauses grow"
    )
    parser.add_argument(
        "--timeout", type=float, default=0.3, help="seconds until an attempt is ended"
    )
    parser.add_argument("--seed", type=int, default=7, help="other seed, other failures")
    asyncio.run(main(parser.parse_args()))
