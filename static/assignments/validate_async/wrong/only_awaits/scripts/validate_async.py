"""Part 8, validation: checks of async code, which find its bugs.

    python scripts/validate_async.py
"""

import asyncio
import sys
import time

WAIT_S = 0.05


async def validate_async_function(code):
    """True if `work` returns the number doubled."""
    await code.work(21)
    return True


async def validate_gather(code):
    """True if results are in the order of the items, whichever job ends first."""

    async def job(number):
        await asyncio.sleep(WAIT_S * (3 - number))
        return number

    return await code.run_all(job, [0, 1, 2]) == [0, 1, 2]


async def validate_error_handling(code):
    """True if a job that fails takes nothing from the others."""

    async def job(number):
        await asyncio.sleep(0)
        if number == 1:
            raise ValueError("1 is not valid")
        return number

    results = await code.run_all(job, [0, 1, 2])
    first, error, last = results
    return (first, last) == (0, 2) and isinstance(error, ValueError)


async def validate_concurrent_tasks(code):
    """True if all jobs are in progress at the same time."""
    in_progress = peak = 0

    async def job(_):
        nonlocal in_progress, peak
        in_progress += 1
        peak = max(peak, in_progress)
        await asyncio.sleep(WAIT_S)
        in_progress -= 1

    await code.run_all(job, range(5))
    return peak == 5


async def validate_speed_up(code):
    """True if jobs are at least twice as fast together as one after the other."""
    start = time.perf_counter()
    for number in range(5):
        await code.work(number)
    middle = time.perf_counter()
    await code.run_all(code.work, range(5))
    end = time.perf_counter()
    return middle - start >= 2 * (end - middle)


VALIDATIONS = {
    "async_function": validate_async_function,
    "gather": validate_gather,
    "error_handling": validate_error_handling,
    "concurrent_tasks": validate_concurrent_tasks,
    "speed_up": validate_speed_up,
}


async def validate_async(code):
    """Runs all validations. Returns True or False for each name."""
    results = {}
    for name, validation in VALIDATIONS.items():
        try:
            results[name] = await validation(code)
        except Exception as error:
            print(f"  {error!r}")
            results[name] = False
        print(f"{'✓' if results[name] else '✗'} {name}")
    return results


if __name__ == "__main__":
    # This file's folder is the first in which Python looks for modules.
    import jobs

    sys.exit(0 if all(asyncio.run(validate_async(jobs)).values()) else 1)
