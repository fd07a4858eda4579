"""An exception that is never retrieved.

A task that fails keeps its exception until somebody awaits it. If nobody does, the program goes on as if all was well, and
Python complains only when the task is collected. Await every task, for example in a task group.
"""

import asyncio


async def write_metrics():
    await asyncio.sleep(0.1)
    raise OSError("the disk is full")


async def broken():
    task = asyncio.create_task(write_metrics())
    await asyncio.sleep(0.3)
    return "done" if task.done() else "not done"


async def fixed():
    async with asyncio.TaskGroup() as group:
        group.create_task(write_metrics())
        await asyncio.sleep(0.3)
    return "done"


async def check(version):
    """The error must reach the caller."""
    try:
        result = await version()
    except* OSError as errors:
        print(f"{version.__name__}: passed: {errors.exceptions[0]}")
    else:
        print(f"{version.__name__}: failed: the result is “{result}”, and the error is lost")


async def main():
    await check(broken)
    await check(fixed)


asyncio.run(main())
