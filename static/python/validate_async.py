"""The guide's validations, by asyncio: do they all pass here?

Async functions, `gather`, errors, concurrent tasks and their speed-up; then order,
limits, timeouts, retries, cancellation, queues and threads. Each prints what was
expected and what was measured. If one fails, the exit code is 1.

    python validate_async.py
    python validate_async.py --wait 0.5    with longer waits
"""

import argparse
import asyncio
import sys
import time

SLEEPS = 5
FASTER = 2.0


def equal(expected, measured):
    """The result of a validation: passed or not, then expected and measured."""
    return expected == measured, expected, measured


async def validate_async_function(wait):
    """A coroutine does nothing until it is awaited, and then returns its value."""
    begun = []

    async def answer():
        begun.append(True)
        await asyncio.sleep(wait)
        return 42

    coroutine = answer()
    before = len(begun)
    return equal((0, 42), (before, await coroutine))


async def validate_gather(wait):
    """Results are in the order of the calls."""

    async def double(n):
        await asyncio.sleep(wait)
        return n * 2

    return equal([2, 4, 6], await asyncio.gather(double(1), double(2), double(3)))


async def validate_results_in_order(wait):
    """Results are in order, even if the first to begin is the last to end."""

    async def nap(n):
        await asyncio.sleep(wait * (5 - n))
        return n

    return equal([1, 2, 3, 4], await asyncio.gather(*(nap(n) for n in range(1, 5))))


async def validate_error_handling(wait):
    """One failure does not affect the others, and its error is in its place."""

    async def risky_operation(n):
        await asyncio.sleep(wait)
        if n == 2:
            raise ValueError("2 is not valid")
        return n * 2

    tasks = [risky_operation(n) for n in (1, 2, 3)]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    text = [str(it) if isinstance(it, Exception) else it for it in results]
    return equal([2, "2 is not valid", 6], text)


async def validate_concurrent_tasks(wait):
    """Tasks that run together have all begun before the first of them ends."""
    begun = 0

    async def task():
        nonlocal begun
        begun += 1
        await asyncio.sleep(wait)
        return begun

    seen = await asyncio.gather(*(task() for _ in range(SLEEPS)))
    return equal([SLEEPS] * SLEEPS, seen)


async def validate_speed_up(wait):
    """Five sleeps together are much faster than one after the other."""
    start = time.perf_counter()
    for _ in range(SLEEPS):
        await asyncio.sleep(wait * 10)
    in_turn = time.perf_counter() - start

    start = time.perf_counter()
    await asyncio.gather(*(asyncio.sleep(wait * 10) for _ in range(SLEEPS)))
    together = time.perf_counter() - start

    speedup = in_turn / together
    return speedup >= FASTER, f"{FASTER} times or more", f"{speedup:.1f} times"


async def validate_limit(wait):
    """At most as many tasks run as a semaphore has permits. They give them back."""
    semaphore = asyncio.Semaphore(3)
    working = peak = 0

    async def work():
        nonlocal working, peak
        async with semaphore:
            working += 1
            peak = max(peak, working)
            await asyncio.sleep(wait)
            working -= 1

    await asyncio.gather(*(work() for _ in range(12)))
    back = 0
    while not semaphore.locked():
        await semaphore.acquire()
        back += 1
    return equal("a peak of 3, 3 back", f"a peak of {peak}, {back} back")


async def validate_timeout(wait):
    """A task that takes too long is cancelled."""
    ended = []

    async def slow():
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append("slow")

    try:
        await asyncio.wait_for(slow(), timeout=wait)
    except asyncio.TimeoutError:
        ended.append("timeout")
    return equal(["slow", "timeout"], ended)


async def validate_retry(wait):
    """An operation that fails twice succeeds at the third attempt. Pauses grow."""
    began = []

    async def retry_async(retries):
        for attempt in range(1, retries + 2):
            began.append(time.perf_counter())
            try:
                if attempt < 3:
                    raise ConnectionError("the connection was lost")
                return attempt
            except ConnectionError:
                if attempt > retries:
                    raise
                await asyncio.sleep(wait * attempt)

    attempt = await retry_async(4)
    # The loop's clock may be slightly ahead of the clock that is read here.
    least = [0.9 * wait, 0.9 * 2 * wait]
    pauses = [later - earlier for earlier, later in zip(began, began[1:])]
    are_long = all(pause >= at_least for pause, at_least in zip(pauses, least))
    text = " and ".join(f"{pause:.3f} s" for pause in pauses)
    return attempt == 3 and are_long, "attempt 3", f"attempt {attempt}, after {text}"


async def validate_cancel(wait):
    """A cancelled task gives back its permit."""
    semaphore = asyncio.Semaphore(4)

    async def work():
        async with semaphore:
            await asyncio.sleep(3600)

    tasks = [asyncio.create_task(work()) for _ in range(20)]
    await asyncio.sleep(wait)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    cancelled = sum(task.cancelled() for task in tasks)
    back = "no" if semaphore.locked() else "yes"
    text = f"{cancelled} cancelled, permits back: {back}"
    return equal("20 cancelled, permits back: yes", text)


async def validate_queue(wait):
    """A queue never grows beyond its bound, and loses no items."""
    queue = asyncio.Queue(maxsize=3)
    peak, taken = 0, []

    async def make():
        nonlocal peak
        for n in range(12):
            await queue.put(n)
            peak = max(peak, queue.qsize())
        await queue.put(None)

    async def take():
        while (n := await queue.get()) is not None:
            taken.append(n)
            await asyncio.sleep(wait / 4)

    await asyncio.gather(make(), take())
    text = f"{len(taken)} in order" if taken == list(range(12)) else str(taken)
    return equal("12 in order, a peak of 3", f"{text}, a peak of {peak}")


async def validate_blocking(wait):
    """A blocked loop cannot run other tasks; one that uses a thread can."""

    async def turns_during(work):
        turns = 0

        async def turn():
            nonlocal turns
            while True:
                await asyncio.sleep(wait / 10)
                turns += 1

        turning = asyncio.create_task(turn())
        await asyncio.sleep(0)
        await work()
        seen = turns
        turning.cancel()
        return seen

    async def blocks():
        time.sleep(wait * 10)

    async def hands_over():
        await asyncio.to_thread(time.sleep, wait * 10)

    inline, handed_over = await turns_during(blocks), await turns_during(hands_over)
    text = f"{inline} turns inline, {handed_over} with a thread"
    return inline == 0 < handed_over, "no turns inline, some with a thread", text


VALIDATIONS = [
    validate_async_function,
    validate_gather,
    validate_error_handling,
    validate_concurrent_tasks,
    validate_speed_up,
    validate_results_in_order,
    validate_limit,
    validate_timeout,
    validate_retry,
    validate_cancel,
    validate_queue,
    validate_blocking,
]


async def validate(validation, wait):
    """Runs one validation, and returns True if it passed. An error stops no other."""
    name = validation.__name__.removeprefix("validate_")
    try:
        passed, expected, measured = await validation(wait)
    except Exception as error:
        passed, expected, measured = False, "no error", repr(error)
    print(f"{'✓' if passed else '✗'} {name:18} expected {expected}; measured {measured}")
    return passed


async def validate_async(wait):
    """Runs all of them, one after the other."""
    passed = [await validate(validation, wait) for validation in VALIDATIONS]
    print(f"\n{sum(passed)} of {len(passed)} passed")
    return all(passed)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The guide's validations, by asyncio.")
    parser.add_argument("--wait", type=float, default=0.02, help="a short wait in seconds")
    options = parser.parse_args()
    if options.wait < 0.01:
        parser.error("--wait must be at least 0.01 s, because the clock has steps")
    sys.exit(0 if asyncio.run(validate_async(options.wait)) else 1)
