"""Beyond the guide: what it names under its next steps, each in its simplest form.

A bounded queue that keeps a quick producer at the pace of a slow consumer, values that
are used while the next ones are on their way, connections that are closed however their
task ends, and our own event loop, which takes an hour of waits in no time. If one
of the four fails, the exit code is 1.

    python advanced.py
    python advanced.py --readings 50 --bound 5
"""

import argparse
import asyncio
import contextlib
import selectors
import sys
import time

# In seconds.
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
    """Works on what it takes from the queue, one after the other."""
    while await queue.get() is not None:
        await asyncio.sleep(WORK)


async def stream_with_backpressure(readings, bound):
    """Runs both; returns the greatest length of the queue. A bound of 0 is none."""
    queue, depths = asyncio.Queue(maxsize=bound), []
    await asyncio.gather(produce(readings, queue, depths), consume(queue))
    return max(depths)


async def values_over_time(n):
    """An asynchronous generator: nothing happens until a value is requested."""
    for reading in range(n):
        await asyncio.sleep(PERIOD)
        yield reading


async def use_when_all_are_there(n):
    """Collects the values first; returns when the first can be used, in seconds."""
    start = time.perf_counter()
    _values = [value async for value in values_over_time(n)]
    return time.perf_counter() - start


async def use_as_they_come(n):
    """Uses each value as soon as it is there."""
    start = time.perf_counter()
    first_at = None
    async for _value in values_over_time(n):
        if first_at is None:
            first_at = time.perf_counter() - start
    return first_at


@contextlib.asynccontextmanager
async def connection(opened):
    """A resource that is closed when its block is left, whatever the reason."""
    opened.append("open")
    try:
        yield
    finally:
        opened.remove("open")


async def resources_that_close(tasks):
    """Half of the tasks reach their deadline; returns the most open and those left."""
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
        """Moves the clock on."""
        self._now += seconds


class JumpingSelector(selectors.DefaultSelector):
    """Instead of waiting, it looks once and lets the clock jump."""

    def __init__(self, loop):
        super().__init__()
        self._loop = loop

    def select(self, timeout=None):
        found = super().select(0)
        if not found and timeout:
            self._loop.jump(timeout)
        return found


async def waits_of_an_hour():
    """Sixty waits, the longest of an hour; returns how long they took on the clock."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    await asyncio.gather(*(asyncio.sleep(60 * minutes) for minutes in range(1, 61)))
    return loop.time() - start


def own_event_loop():
    """Returns the seconds on the loop's clock, and those that it took."""
    start = time.perf_counter()
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        on_its_clock = runner.run(waits_of_an_hour())
    return on_its_clock, time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description="Four advanced parts of async code.")
    parser.add_argument("--readings", type=int, default=20, help="values of the sensor")
    parser.add_argument("--bound", type=int, default=3, help="places in the queue")
    options = parser.parse_args()
    readings, bound = options.readings, options.bound

    piled_up = asyncio.run(stream_with_backpressure(readings, 0))
    held_back = asyncio.run(stream_with_backpressure(readings, bound))
    print(f"Most in the queue: {piled_up} without a bound, {held_back} with one of {bound}")

    late = asyncio.run(use_when_all_are_there(readings))
    early = asyncio.run(use_as_they_come(readings))
    print(f"First value used after {late:.2f} s collected, {early:.2f} s one by one")

    most, left = asyncio.run(resources_that_close(readings))
    print(f"Connections: {most} open at the most, {left} at the end")

    on_its_clock, took = own_event_loop()
    print(f"Our own event loop: {on_its_clock:.0f} s of waits in {took:.3f} s")

    holds = held_back <= bound and early < late / 2 and left == 0
    sys.exit(0 if holds and round(on_its_clock) == HOUR and took < HOUR / 100 else 1)


if __name__ == "__main__":
    main()
