"""Five versions of `scripts/jobs.py`. Each has a bug."""

import asyncio
import time
from types import SimpleNamespace

from scripts import jobs


async def work_without_return(number):
    await asyncio.sleep(jobs.WAIT_S)
    number * 2


async def work_that_blocks(number):
    time.sleep(jobs.WAIT_S)
    return number * 2


async def run_in_turn(function, items):
    results = []
    for item in items:
        try:
            results.append(await function(item))
        except Exception as error:
            results.append(error)
    return results


async def run_in_order_of_completion(function, items):
    results = []

    async def run(item):
        try:
            results.append(await function(item))
        except Exception as error:
            results.append(error)

    await asyncio.gather(*map(run, items))
    return results


async def run_without_errors(function, items):
    results = await asyncio.gather(*map(function, items), return_exceptions=True)
    return [result for result in results if not isinstance(result, Exception)]


async def run_until_an_error(function, items):
    return await asyncio.gather(*map(function, items))


def version(work=jobs.work, run_all=jobs.run_all):
    return SimpleNamespace(work=work, run_all=run_all)


# The name of the validation that must find the bug: what the code does, and the code.
BUGS = {
    "async_function": ("`work` forgets `return`", version(work=work_without_return)),
    "gather": (
        "`run_all` returns results in the order in which the jobs end",
        version(run_all=run_in_order_of_completion),
    ),
    "error_handling": (
        "`run_all` leaves out the results of jobs that fail", version(run_all=run_without_errors),
    ),
    "concurrent_tasks": ("`run_all` runs one job after the other", version(run_all=run_in_turn)),
    "speed_up": ("`work` waits with `time.sleep`", version(work=work_that_blocks)),
}
RAISES = version(run_all=run_until_an_error)
