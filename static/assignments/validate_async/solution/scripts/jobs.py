"""The code that is validated: jobs that run concurrently."""

import asyncio

WAIT_S = 0.05


async def work(number):
    """Waits, and returns the number doubled."""
    await asyncio.sleep(WAIT_S)
    return number * 2


async def run_all(function, items):
    """Runs a function for all items concurrently. Returns results and exceptions in order."""
    return await asyncio.gather(*map(function, items), return_exceptions=True)
