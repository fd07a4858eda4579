"""Which kind of concurrency for which kind of work: async, threads and processes.

The same waits one by one, by `asyncio` and in threads; the same computation inline, in
threads and in processes. Computations gain nothing from threads while these share the
interpreter's lock, and waits need no processes.

    python concurrency_comparison.py
    python concurrency_comparison.py --tasks 20 --wait 0.5 --size 2000000
"""

import argparse
import asyncio
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

# From a generator by Knuth and Lewis. The page computes the same numbers.
MULTIPLIER = 1_664_525
INCREMENT = 1_013_904_223

GUIDELINES = """\
I/O-bound, many waits                async: asyncio.gather
I/O-bound, a library that blocks     threads: asyncio.to_thread
CPU-bound                            processes: ProcessPoolExecutor
CPU-bound, a few milliseconds        none: a call"""


def cpu_bound_task(steps):
    """Computes `steps` steps, each of which needs the previous one."""
    state = 0
    for _ in range(steps):
        state = (state * MULTIPLIER + INCREMENT) & 0xFFFFFFFF
    return state


def io_bound_task(wait):
    """Waits, and blocks its thread meanwhile."""
    time.sleep(wait)


async def io_bound_task_async(wait):
    """Waits, and lets other tasks run meanwhile."""
    await asyncio.sleep(wait)


def sync_io_tasks(tasks, wait):
    """One wait after the other."""
    for _ in range(tasks):
        io_bound_task(wait)


async def async_io_tasks(tasks, wait):
    """All waits at once, in one thread."""
    await asyncio.gather(*(io_bound_task_async(wait) for _ in range(tasks)))


def threaded_io_tasks(tasks, wait):
    """All waits at once, each in a thread of its own."""
    with ThreadPoolExecutor(max_workers=max(tasks, 1)) as pool:
        list(pool.map(io_bound_task, [wait] * tasks))


def cpu_inline(tasks, steps):
    """One computation after the other."""
    return [cpu_bound_task(steps) for _ in range(tasks)]


def cpu_in_threads(tasks, steps):
    """All at once in threads, but only one at a time has the interpreter's lock."""
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return list(pool.map(cpu_bound_task, [steps] * tasks))


def cpu_in_processes(pool, tasks, steps):
    """All at once, each process with an interpreter of its own."""
    return list(pool.map(cpu_bound_task, [steps] * tasks))


def timed(label, work, *arguments):
    """Runs the work, prints the time, and returns the seconds and the result."""
    start = time.perf_counter()
    result = work(*arguments)
    seconds = time.perf_counter() - start
    print(f"{label:<30}{seconds * 1000:8.0f} ms")
    return seconds, result


def compare_io(tasks, wait):
    """Returns the seconds of the waits: one by one, by async and in threads."""
    return [
        timed("I/O, one by one", sync_io_tasks, tasks, wait)[0],
        timed("I/O, async", lambda: asyncio.run(async_io_tasks(tasks, wait)))[0],
        timed("I/O, threads", threaded_io_tasks, tasks, wait)[0],
    ]


def compare_cpu(tasks, steps):
    """Returns the results of each approach."""
    inline = timed("CPU, inline", cpu_inline, tasks, steps)[1]
    threads = timed("CPU, threads", cpu_in_threads, tasks, steps)[1]
    with ProcessPoolExecutor() as pool:
        # Processes start with their first job, which is measured separately.
        timed("  start of the processes", lambda: list(pool.map(abs, range(100))))
        processes = timed(
            "CPU, processes", cpu_in_processes, pool, tasks, steps
        )[1]
    return [inline, threads, processes]


def main():
    parser = argparse.ArgumentParser(description="Compares kinds of concurrency.")
    parser.add_argument("--tasks", type=int, default=10, help="number of each kind")
    parser.add_argument("--wait", type=float, default=0.1, help="seconds per wait")
    parser.add_argument("--size", type=int, default=500_000, help="steps per computation")
    options = parser.parse_args()

    one_by_one, *together = compare_io(options.tasks, options.wait)
    numbers = compare_cpu(options.tasks, options.size)
    print(f"\n{GUIDELINES}")
    if any(other != numbers[0] for other in numbers):
        sys.exit("the approaches have different results")
    if options.tasks >= 2 and options.wait >= 0.1 and max(together) >= one_by_one:
        sys.exit("waits together took as long as one by one")


if __name__ == "__main__":
    main()
