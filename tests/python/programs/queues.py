"""Queues: bounded, by priority, last in first out, `join`, full and empty, and `shutdown` where there is one."""

import asyncio


async def producer(queue, n):
    for item in range(n):
        await queue.put(item)
        print("put", item, "of size", queue.qsize())
    await queue.put(None)


async def consumer(queue):
    while (item := await queue.get()) is not None:
        await asyncio.sleep(0.06)
        print("took", item)
        queue.task_done()
    queue.task_done()


async def main():
    queue = asyncio.Queue(maxsize=2)
    async with asyncio.TaskGroup() as group:
        group.create_task(producer(queue, 5), name="producer")
        group.create_task(consumer(queue), name="consumer")
        await queue.join()
        print("joined")
    for kind in (asyncio.PriorityQueue, asyncio.LifoQueue):
        other = kind()
        for item in (2, 3, 1):
            other.put_nowait(item)
        print(kind.__name__, [await other.get() for _ in range(3)])
    try:
        other.get_nowait()
    except asyncio.QueueEmpty:
        print("empty")
    small = asyncio.Queue(1)
    small.put_nowait("x")
    try:
        small.put_nowait("y")
    except asyncio.QueueFull:
        print("full", small)
    getter = asyncio.create_task(asyncio.wait_for(asyncio.Queue().get(), 0.1))
    try:
        await getter
    except TimeoutError:
        print("nothing came")


asyncio.run(main())
