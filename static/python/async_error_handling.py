"""Part 6, error handling: one task's failure need not stop the others.

Some of twenty operations fail, for different reasons. There are three ways to handle
that: the first failure cancels the rest; all failures are collected next to the
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
    """The server cannot be reached at the moment."""


class ServerBusy(Exception):
    """The server is overloaded, and says when to try again."""

    def __init__(self, retry_after):
        super().__init__(f"busy, retry after {retry_after} s")
        self.retry_after = retry_after


class InvalidInput(Exception):
    """The request itself is wrong, so a retry would fail in the same way."""


class RetriesExhausted(Exception):
    """All attempts failed. Contains the last error and the number of attempts."""

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


# The text for each outcome.
SUCCEEDED = "succeeded"
CAUSES = {
    ConnectionLost: "connection lost",
    ServerBusy: "server busy",
    InvalidInput: "invalid input",
    TimeoutError: "timed out",
    asyncio.CancelledError: "cancelled",
}


# The errors of an operation; cancellation is not a failure.
FAILURES = (ConnectionLost, ServerBusy, InvalidInput, TimeoutError)


async def risky_operation(task, attempt, options):
    """Waits a moment, then returns a text, fails, or hangs until the timeout."""
    # Independent of the order in which the tasks run, which may differ.
    draw = random.Random(f"{options.seed} risky_operation {task} {attempt}")
    # A task always fails in the same way, because valid input does not become invalid.
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
    """Returns the error in the result instead of raising it."""
    try:
        return Result(task, 1, await risky_operation(task, 1, options))
    except FAILURES as error:
        return Result(task, 1, error=error)


async def retried_risky_operation(task, options):
    """The same, with retries."""

    async def operation(attempt):
        return await risky_operation(task, attempt, options)

    backoff = BACKOFFS[options.backoff]
    draw = random.Random(f"{options.seed} retry_async {task}")
    try:
        value, attempts = await retry_async(operation, options.retries, backoff, draw)
        return Result(task, attempts, value)
    except RetriesExhausted as error:
        return Result(task, error.attempts, error=error.last)


async def retry_async(operation, retries, backoff, draw):
    """Returns the first result and the attempts, or raises `RetriesExhausted`."""
    for attempt in itertools.count(1):
        try:
            return await operation(attempt), attempt
        except Exception as error:
            if attempt > retries or not is_transient(error):
                raise RetriesExhausted(error, attempt) from error
            retry_after = getattr(error, "retry_after", 0)
        await asyncio.sleep(max(retry_after, backoff(attempt, draw)))


def is_transient(error):
    """Returns True if the error may be gone at the next attempt."""
    return isinstance(error, ConnectionLost | ServerBusy | TimeoutError)


def linear(attempt, draw):
    """The guide's pause: longer by the same time after every attempt."""
    return STEP * attempt


def exponential(attempt, draw):
    """A random pause, up to a limit that doubles after every attempt."""
    # At random, so that tasks do not all retry at the same moment.
    return draw.uniform(0, min(CAP, BASE * 2 ** (attempt - 1)))


BACKOFFS = {"linear": linear, "exponential": exponential}


async def run_tasks_failing_fast(options):
    """The first failure cancels all tasks that are not yet done."""
    # `gather` would not: it raises the first error, but the other tasks continue.
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(risky_operation(task, 1, options))
                for task in range(options.tasks)
            ]
    except* FAILURES:
        pass  # each task keeps its error
    # All tasks are done by now: this only collects their results.
    results = await asyncio.gather(*tasks, return_exceptions=True)
    return categorize(results), len(results)


async def run_tasks_with_error_handling(options):
    """A failure takes the place of the result, and all other tasks continue."""
    tasks = [safe_risky_operation(task, options) for task in range(options.tasks)]
    results = await asyncio.gather(*tasks)
    outcomes = categorize(result.error or result.value for result in results)
    return outcomes, len(results)


async def run_tasks_with_retries(options):
    """Retries errors that may be temporary, and all other tasks continue."""
    tasks = [retried_risky_operation(task, options) for task in range(options.tasks)]
    results = await asyncio.gather(*tasks)
    outcomes = categorize(result.error or result.value for result in results)
    return outcomes, sum(result.attempts for result in results)


def categorize(results):
    """Counts the outcomes: successes, and failures by error."""
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
    """Returns the coroutine's result and the seconds it took."""
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
    parser.add_argument("--tasks", type=int, default=20, help="number of tasks")
    parser.add_argument(
        "--failure-rate", type=float, default=0.3, help="share of attempts that fail"
    )
    parser.add_argument(
        "--retries", type=int, default=2, help="retries after the first attempt"
    )
    parser.add_argument(
        "--backoff", choices=BACKOFFS, default="linear", help="growth of the pauses"
    )
    parser.add_argument(
        "--timeout", type=float, default=0.3, help="seconds until an attempt is ended"
    )
    parser.add_argument("--seed", type=int, default=7, help="seed of the random failures")
    asyncio.run(main(parser.parse_args()))
