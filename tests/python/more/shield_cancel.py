"""A shielded task outlives the cancellation of what waits for it."""

import asyncio


async def work(n):
    try:
        await asyncio.sleep(0.15)
        print("work finished", n)
        return n
    except asyncio.CancelledError:
        print("work cancelled", n)
        raise


async def waiter(t):
    try:
        return await asyncio.shield(t)
    except asyncio.CancelledError:
        print("waiter cancelled; inner done:", t.done())
        return await t


async def main():
    t = asyncio.create_task(work(1))
    w = asyncio.create_task(waiter(t))
    await asyncio.sleep(0.05)
    w.cancel()
    print(await w)
    try:
        async with asyncio.timeout(0.05):
            await asyncio.shield(work(2))
    except TimeoutError:
        print("timed out")
    await asyncio.sleep(0.2)
    inner = asyncio.create_task(work(3))
    outer = asyncio.shield(inner)
    await asyncio.sleep(0.05)
    inner.cancel()
    try:
        await outer
    except asyncio.CancelledError:
        print("outer sees cancel", outer.cancelled(), inner.cancelled())


asyncio.run(main())
