"""Topics from the guide's next steps, each in its simplest form.

A bounded queue that slows a fast producer down to the pace of a slow consumer, values
that are used as they arrive, connections that are always closed, and our own event
loop, which runs an hour of waits in milliseconds. If one of the four fails, the exit
code is 1.

    python advanced.py
    python advanced.py --readings 50 --bound 5
"""

import argparse
import asyncio
import contextlib
import selectors
import sys
import time

# All in seconds.
PERIOD = 0.02
WORK = 0.06
HOUR = 3600


async def produce(readings, queue, depths):
    """Produces a reading in every period. `put` waits while the queue is full."""
    for reading in range(readings):
        await asyncio.sleep(PERIOD)
        await queue.put(reading)
        depths.append(queue.qsize())
    await queue.put(None)


async def consume(queue):
    """Processes one reading at a time."""
    while await queue.get() is not None:
        await asyncio.sleep(WORK)


async def stream_with_backpressure(readings, bound):
    """Runs producer and consumer. Returns the longest queue. 0 means no bound."""
    queue, depths = asyncio.Queue(maxsize=bound), []
    await asyncio.gather(produce(readings, queue, depths), consume(queue))
    return max(depths)


async def values_over_time(n):
    """An asynchronous generator: nothing happens until a value is requested."""
    for reading in range(n):
        await asyncio.sleep(PERIOD)
        yield reading


async def use_when_all_are_there(n):
    """Collects all values. Returns the seconds until the first can be used."""
    start = time.perf_counter()
    _values = [value async for value in values_over_time(n)]
    return time.perf_counter() - start


async def use_as_they_come(n):
    """Uses each value as soon as it arrives. Returns the seconds until the first."""
    start = time.perf_counter()
    first_at = None
    async for _value in values_over_time(n):
        if first_at is None:
            first_at = time.perf_counter() - start
    return first_at


@contextlib.asynccontextmanager
async def connection(opened):
    """A resource that is closed when its block ends, for any reason."""
    opened.append("open")
    try:
        yield
    finally:
        opened.remove("open")


async def resources_that_close(tasks):
    """Opens a connection per task; half of the tasks time out.

    Returns the maximum number open at once, and the number left open.
    """
    opened, most = [], 0

    async def query(task):
        nonlocal most
        async with connection(opened):
            most = max(most, len(opened))
            await asyncio.sleep(PERIOD * task)

    deadline = PERIOD * tasks / 2
    queries = [asyncio.wait_for(query(task), deadline) for task in range(1, tasks + 1)]
    await asyncio.gather(*queries, return_exceptions=True)
    return most, len(opened)


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next deadline instead of waiting for it."""

    def __init__(self):
        self._now = 0.0
        super().__init__(JumpingSelector(self))

    def time(self):
        return self._now

    def jump(self, seconds):
        """Advances the clock."""
        self._now += seconds


class JumpingSelector(selectors.DefaultSelector):
    """A selector that never waits: it polls once, then advances the clock."""

    def __init__(self, loop):
        super().__init__()
        self._loop = loop

    def select(self, timeout=None):
        found = super().select(0)
        if not found and timeout:
            self._loop.jump(timeout)
        return found


async def waits_of_an_hour():
    """Runs waits of 1 to 60 minutes at once. Returns the time on the loop's clock."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    await asyncio.gather(*(asyncio.sleep(60 * minutes) for minutes in range(1, 61)))
    return loop.time() - start


def own_event_loop():
    """Returns the seconds on the loop's clock, and the real seconds."""
    start = time.perf_counter()
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        on_its_clock = runner.run(waits_of_an_hour())
    return on_its_clock, time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description="Four advanced parts of async code.")
    parser.add_argument("--readings", type=int, default=20, help="number of readings")
    parser.add_argument("--bound", type=int, default=3, help="maximum queue length")
    options = parser.parse_args()
    readings, bound = options.readings, options.bound

    unbounded = asyncio.run(stream_with_backpressure(readings, 0))
    bounded = asyncio.run(stream_with_backpressure(readings, bound))
    print(
        f"Longest queue: {unbounded} without a bound, {bounded} with a bound of {bound}"
    )

    late = asyncio.run(use_when_all_are_there(readings))
    early = asyncio.run(use_as_they_come(readings))
    print(f"First value usable after {late:.2f} s (collected), {early:.2f} s (streamed)")

    most, left = asyncio.run(resources_that_close(readings))
    print(f"Connections: at most {most} open at once, {left} left open")

    on_its_clock, took = own_event_loop()
    print(f"Our own event loop: {on_its_clock:.0f} s of waits in {took:.3f} s")

    passed = bounded <= bound and left == 0 and round(on_its_clock) == HOUR
    # Generous: machines may be slow.
    passed = passed and early < late / 2 and took < HOUR / 100
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
