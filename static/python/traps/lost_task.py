"""A task that nobody keeps.

The event loop has only a weak reference to a task that waits. If the program has none either, the task can be collected
as garbage in the middle of its work, and never ends. Keep a reference until it has ended.
"""

import asyncio
import gc


async def wait_for_answer():
    # Nothing else refers to this future, as with many an answer that comes from elsewhere.
    await asyncio.get_running_loop().create_future()


async def broken():
    asyncio.create_task(wait_for_answer())
    await asyncio.sleep(0.1)
    gc.collect()
    return len(asyncio.all_tasks()) - 1


tasks = set()


async def fixed():
    task = asyncio.create_task(wait_for_answer())
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    await asyncio.sleep(0.1)
    gc.collect()
    return len(asyncio.all_tasks()) - 1


async def check(version):
    """The task must still be there."""
    left = await version()
    print(f"{version.__name__}: {'passed' if left else 'failed: the task is gone, and its work with it'}")
    for task in list(tasks):
        task.cancel()
    await asyncio.sleep(0)


async def main():
    await check(broken)
    await check(fixed)


asyncio.run(main())
