"""A queue that never ends.

`queue.join()` returns when `task_done()` was called once for each item. If a consumer dies, or forgets the call after an
error, the producer waits forever. Call `task_done()` in a `finally`, and let the error of a consumer end the rest.
"""

import asyncio


async def predict(item):
    await asyncio.sleep(0.05)
    if item == 3:
        raise ValueError("sample 3 is not an image")


async def broken_consumer(queue):
    while True:
        item = await queue.get()
        await predict(item)
        queue.task_done()


async def fixed_consumer(queue):
    while True:
        item = await queue.get()
        try:
            await predict(item)
        except ValueError as error:
            print(f"fixed: {error}")
        finally:
            queue.task_done()


async def run(consume):
    queue = asyncio.Queue()
    for item in range(6):
        queue.put_nowait(item)
    consumer = asyncio.create_task(consume(queue))
    try:
        # Without the limit, a program waits here forever.
        async with asyncio.timeout(1):
            await queue.join()
        return 0
    except TimeoutError:
        return queue.qsize() + 1
    finally:
        consumer.cancel()
        await asyncio.gather(consumer, return_exceptions=True)


async def main():
    """The queue must be empty in the end, although one sample is bad."""
    for name, consume in (("broken", broken_consumer), ("fixed", fixed_consumer)):
        left = await run(consume)
        print(f"{name}: {f'failed: {left} of 6 items were never done' if left else 'passed'}")


asyncio.run(main())
