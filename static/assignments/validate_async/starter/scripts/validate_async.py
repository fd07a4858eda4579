"""Part 8, validation: checks of async code, which find its bugs.

    python scripts/validate_async.py
"""

import asyncio
import sys


async def validate_async_function(code):
    """True if `work` returns the number doubled."""
    raise NotImplementedError("Ask for each validation: with which input do right code and wrong code give different results?")


async def validate_gather(code):
    """True if results are in the order of the items, whichever job ends first."""

    raise NotImplementedError("Ask for each validation: with which input do right code and wrong code give different results?")


async def validate_error_handling(code):
    """True if a job that fails takes nothing from the others."""

    raise NotImplementedError("Ask for each validation: with which input do right code and wrong code give different results?")


async def validate_concurrent_tasks(code):
    """True if all jobs are in progress at the same time."""
    raise NotImplementedError("Ask for each validation: with which input do right code and wrong code give different results?")


async def validate_speed_up(code):
    """True if jobs are at least twice as fast together as one after the other."""
    raise NotImplementedError("Ask for each validation: with which input do right code and wrong code give different results?")


VALIDATIONS = {
    "async_function": validate_async_function,
    "gather": validate_gather,
    "error_handling": validate_error_handling,
    "concurrent_tasks": validate_concurrent_tasks,
    "speed_up": validate_speed_up,
}


async def validate_async(code):
    """Runs all validations. Returns True or False for each name."""
    raise NotImplementedError("Ask for each validation: with which input do right code and wrong code give different results?")


if __name__ == "__main__":
    # This file's folder is the first in which Python looks for modules.
    import jobs

    sys.exit(0 if all(asyncio.run(validate_async(jobs)).values()) else 1)
