"""Five common issues of async code: each broken, then fixed, and checked.

A coroutine that is never awaited, a blocked loop, too many connections, sync code
inside async code, and the use of a closed event loop. The check of each must fail
for the broken version and pass for the fixed one; if not, the exit code is 1.

    python common_issues.py
    python common_issues.py --block 1    blocks for longer
"""

import argparse
import asyncio
import hashlib
import inspect
import sys
import time
import warnings
from collections.abc import Callable
from typing import NamedTuple

JOBS = 40
CAPACITY = 8
CHUNK = bytes(1 << 20)

# In seconds.
JOB_DELAY = 0.02
BEAT = 0.02


async def job(done):
    """Waits a moment, then records that it is done."""
    await asyncio.sleep(JOB_DELAY)
    done.append("done")


async def never_awaited_broken(done):
    """A call alone creates a coroutine, but does not run it."""
    for _ in range(JOBS):
        job(done)


async def never_awaited_fixed(done):
    """`gather` runs the coroutines, and `await` waits until all are done."""
    await asyncio.gather(*(job(done) for _ in range(JOBS)))


async def blocked_loop_broken(seconds):
    """Blocks the event loop while it waits, so that nothing else can run."""
    time.sleep(seconds)


async def blocked_loop_fixed(seconds):
    """Returns control to the event loop while it waits."""
    await asyncio.sleep(seconds)


class Server:
    """Pretends to be a server that accepts a few connections and refuses the rest."""

    def __init__(self):
        self.connections = 0

    async def answer(self, done):
        """Does one job per connection."""
        if self.connections == CAPACITY:
            raise ConnectionRefusedError
        self.connections += 1
        await job(done)
        self.connections -= 1


async def too_many_connections_broken(done):
    """Sends all requests at once; the server refuses most of them."""
    server = Server()
    requests = [server.answer(done) for _ in range(JOBS)]
    await asyncio.gather(*requests, return_exceptions=True)


async def too_many_connections_fixed(done):
    """Sends at most as many requests at once as the server accepts."""
    server = Server()
    semaphore = asyncio.Semaphore(CAPACITY)

    async def limited_request():
        async with semaphore:
            await server.answer(done)

    requests = [limited_request() for _ in range(JOBS)]
    await asyncio.gather(*requests, return_exceptions=True)


def compute(seconds):
    """Hashes until the time is over. Returns the number of megabytes."""
    end = time.perf_counter() + seconds
    megabytes = 0
    while time.perf_counter() < end:
        hashlib.sha256(CHUNK).digest()
        megabytes += 1
    return megabytes


async def sync_inside_async_broken(seconds):
    """A long computation blocks the event loop just as a blocking wait does."""
    return compute(seconds)


async def sync_inside_async_fixed(seconds):
    """Computes in a thread, while the event loop goes on."""
    # A thread is enough here, because `hashlib` releases the interpreter's lock while it
    # hashes. Computations in Python itself belong in a `ProcessPoolExecutor`.
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(None, compute, seconds)


async def jobs(done, count):
    """Does `count` jobs at once."""
    await asyncio.gather(*(job(done) for _ in range(count)))


def already_closed_broken(done):
    """Gives the second half of the jobs to an event loop that is closed."""
    loop = asyncio.new_event_loop()
    loop.run_until_complete(jobs(done, JOBS // 2))
    loop.close()
    loop.run_until_complete(jobs(done, JOBS // 2))


def already_closed_fixed(done):
    """Does both halves in one event loop, which `asyncio.run` opens and closes."""

    async def both_halves():
        await jobs(done, JOBS // 2)
        await jobs(done, JOBS // 2)

    asyncio.run(both_halves())


def check_jobs(half, seconds):
    """Checks that all jobs are done. Also returns Python's warnings."""
    done = []
    complaints = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            if inspect.iscoroutinefunction(half):
                asyncio.run(half(done))
            else:
                half(done)
        except RuntimeError as error:
            complaints = [type(error).__name__]
    complaints = complaints or sorted({warning.category.__name__ for warning in caught})
    measured = ", ".join([f"{len(done)} of {JOBS}", *complaints])
    return measured, len(done) == JOBS


def check_loop(half, seconds):
    """Checks that the event loop goes on, by a heartbeat during the work."""
    # The lag is only shown: a busy machine makes any loop late, but only a blocked loop
    # has no beat at all.
    beats, lag = asyncio.run(with_heartbeat(half(seconds)))
    return f"{beats} beats, lag {lag:.3f} s", beats > 0


async def with_heartbeat(coroutine):
    """Returns the number of beats meanwhile, and the event loop's longest lag."""
    lags = []
    heart = asyncio.create_task(heartbeat(lags))
    await asyncio.sleep(BEAT * 2)  # let it beat once
    before = len(lags)
    await coroutine
    beats = len(lags) - before
    await asyncio.sleep(BEAT * 2)  # and once more, to notice a late beat
    heart.cancel()
    return beats, max(lags)


async def heartbeat(lags):
    """Records the delay of each beat, until it is cancelled."""
    while True:
        due = time.perf_counter() + BEAT
        await asyncio.sleep(BEAT)
        lags.append(time.perf_counter() - due)


class Issue(NamedTuple):
    """A broken and a fixed version, and the check that distinguishes them."""

    name: str
    check: Callable
    broken: Callable
    fixed: Callable


CHECKS = {check_jobs: "all jobs are done", check_loop: "the loop goes on"}
ISSUES = [
    Issue("never awaited", check_jobs, never_awaited_broken, never_awaited_fixed),
    Issue("blocked loop", check_loop, blocked_loop_broken, blocked_loop_fixed),
    Issue(
        "too many connections",
        check_jobs,
        too_many_connections_broken,
        too_many_connections_fixed,
    ),
    Issue(
        "sync inside async",
        check_loop,
        sync_inside_async_broken,
        sync_inside_async_fixed,
    ),
    Issue("already closed", check_jobs, already_closed_broken, already_closed_fixed),
]


def behaves(issue, name, half, should_pass, seconds):
    """Prints a line about one version. Returns True if its check ended as expected."""
    measured, passes = issue.check(half, seconds)
    verdict = "passes" if passes else "fails"
    if passes != should_pass:
        verdict += " (unexpected)"
    elif not passes:
        verdict += " (expected)"
    check = CHECKS[issue.check]
    print(f"{issue.name:22}{name:8}{check:19}{measured:25}{verdict}")
    return passes == should_pass


def main(seconds):
    """Runs both versions of each issue. Returns True if all behave as expected."""
    results = []
    for issue in ISSUES:
        results.append(behaves(issue, "broken", issue.broken, False, seconds))
        results.append(behaves(issue, "fixed", issue.fixed, True, seconds))
    return all(results)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description="Common issues of the guide, broken and fixed."
    )
    parser.add_argument(
        "--block", type=float, default=0.3, help="seconds that the loop is blocked"
    )
    options = parser.parse_args()
    if options.block < 0.1:
        parser.error("--block must be at least 0.1 s, to leave time for a beat")
    sys.exit(0 if main(options.block) else 1)
