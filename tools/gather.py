"""Times `asyncio.gather` in this CPython, to compare it with the browser.

    python tools/gather.py --runs 5

Prints one line of JSON: wall times in milliseconds, one for each run. The measured time
includes creating the coroutines, as the page's benchmark includes creating its futures.
"""

import argparse
import asyncio
import json
import platform
import time

SLEEP_S = 0.1
SLEEPS = (1_000, 10_000, 100_000)
READY = 100_000


async def ready():
    """Returns immediately."""


async def time_gather(make, count):
    """Returns the milliseconds it takes to create and gather `count` coroutines."""
    start = time.perf_counter()
    await asyncio.gather(*(make() for _ in range(count)))
    return (time.perf_counter() - start) * 1000


def measure(make, count, runs):
    """Returns the times of several runs, each in a new event loop."""
    return [round(asyncio.run(time_gather(make, count)), 3) for _ in range(runs)]


def main():
    parser = argparse.ArgumentParser(description="Times asyncio.gather.")
    parser.add_argument("--runs", type=int, default=5, help="number of runs per case")
    runs = parser.parse_args().runs

    result = {"python": platform.python_version()}
    for count in SLEEPS:
        result[f"sleeps_{count}"] = measure(lambda: asyncio.sleep(SLEEP_S), count, runs)
    result[f"ready_{READY}"] = measure(ready, READY, runs)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
