"""Part 7, concurrency comparison: the same waits one by one, in the event loop and in threads, and a computation.

    python scripts/concurrency_comparison.py
"""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor


def cpu_bound_task(n):
    """Returns the sum of the squares of the numbers from 0 to n - 1. This is work for a processor: it never waits."""
    return sum(number * number for number in range(n))


def io_bound_task(delay):
    """Waits `delay` seconds and returns `delay`. Its thread is blocked meanwhile."""
    time.sleep(delay)
    return delay


async def io_bound_task_async(delay):
    """Waits `delay` seconds and returns `delay`. Other tasks can run meanwhile."""
    await asyncio.sleep(delay)
    return delay


def sync_io_tasks(count, delay):
    """Calls io_bound_task `count` times, one after the other. Returns the list of the results."""
    return [io_bound_task(delay) for _ in range(count)]


async def async_io_tasks(count, delay):
    """Runs io_bound_task_async `count` times, all at once. Returns the list of the results."""
    return await asyncio.gather(*[io_bound_task_async(delay) for _ in range(count)])


def threaded_io_tasks(count, delay):
    """Calls io_bound_task `count` times, each in a thread of its own, all at once. Returns the list of the results."""
    with ThreadPoolExecutor(max_workers=count) as pool:
        return list(pool.map(io_bound_task, [delay] * count))


def choose_concurrency(is_cpu_bound, has_async_library):
    """The decision matrix. Returns "async", "threads" or "multiprocessing", whichever is best for this work."""
    if is_cpu_bound:
        return "multiprocessing"
    return "async" if has_async_library else "threads"


def timed(label, work):
    start = time.perf_counter()
    work()
    print(f"{label:24}{time.perf_counter() - start:.3f} s")


def main():
    timed("4 waits, one by one", lambda: sync_io_tasks(4, 0.1))
    timed("4 waits, async", lambda: asyncio.run(async_io_tasks(4, 0.1)))
    timed("4 waits, threads", lambda: threaded_io_tasks(4, 0.1))
    timed("a computation", lambda: cpu_bound_task(300_000))
    for is_cpu_bound in (True, False):
        for has_async_library in (True, False):
            work = "CPU-bound" if is_cpu_bound else "I/O-bound"
            library = "an async library" if has_async_library else "a library that blocks"
            print(f"{work}, {library}: {choose_concurrency(is_cpu_bound, has_async_library)}")


if __name__ == "__main__":
    main()
