"""Asynchronous generators that are merged, and left early."""

import asyncio


async def src(name, delay, n):
    for i in range(n):
        await asyncio.sleep(delay)
        yield f"{name}{i}"


async def merge(*its):
    q = asyncio.Queue()
    done = object()

    async def pump(it):
        try:
            async for x in it:
                await q.put(x)
        finally:
            await q.put(done)

    ts = [asyncio.create_task(pump(i)) for i in its]
    left = len(ts)
    try:
        while left:
            x = await q.get()
            if x is done:
                left -= 1
            else:
                yield x
    finally:
        for t in ts:
            t.cancel()
        await asyncio.gather(*ts, return_exceptions=True)


async def main():
    print([x async for x in merge(src("a", 0.1, 3), src("b", 0.25, 2))])
    async for x in merge(src("c", 0.12, 10), src("d", 0.3, 10)):
        print(x)
        if x == "d0":
            break


asyncio.run(main())
