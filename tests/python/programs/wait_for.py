"""`wait_for`: in time, too late, a task that cleans up, one that refuses to be cancelled, and a limit of zero."""

import asyncio


async def slow(name, delay):
    try:
        await asyncio.sleep(delay)
        return f"{name} finished"
    except asyncio.CancelledError:
        print(name, "is cancelled")
        await asyncio.sleep(0.05)
        print(name, "has cleaned up")
        raise


async def stubborn():
    try:
        await asyncio.sleep(1)
    except asyncio.CancelledError:
        return "returned anyway"


async def main():
    print(await asyncio.wait_for(slow("a", 0.05), 0.2))
    try:
        await asyncio.wait_for(slow("b", 1), 0.1)
    except TimeoutError as error:
        print("timeout", repr(error))
    task = asyncio.create_task(slow("c", 1), name="c")
    try:
        await asyncio.wait_for(task, 0.1)
    except TimeoutError:
        print("the task is cancelled:", task.cancelled())
    try:
        print(await asyncio.wait_for(stubborn(), 0.1))
    except TimeoutError:
        print("too late")
    try:
        await asyncio.wait_for(asyncio.sleep(1), 0)
    except TimeoutError:
        print("no time at all")
    print(await asyncio.wait_for(asyncio.sleep(0.05, "no limit"), None))


asyncio.run(main())
