"""Events, and barriers that fill, break and are reset."""

import asyncio


async def starter(event):
    await asyncio.sleep(0.06)
    print("go")
    event.set()


async def runner(n, event):
    await event.wait()
    await asyncio.sleep(0.06 * n)
    print("runner", n, "at the end")


async def party(n, barrier):
    await asyncio.sleep(0.06 * n)
    place = await barrier.wait()
    if place == 0:
        print("all are here")


async def broken(barrier):
    try:
        async with barrier as place:
            return place
    except asyncio.BrokenBarrierError as error:
        return type(error).__name__


async def main():
    event = asyncio.Event()
    await asyncio.gather(starter(event), *(runner(n, event) for n in range(3)))
    event.clear()
    print(event.is_set())
    barrier = asyncio.Barrier(3)
    await asyncio.gather(*(party(n, barrier) for n in range(3)))
    waiters = [asyncio.create_task(broken(barrier)) for _ in range(2)]
    await asyncio.sleep(0.05)
    print(barrier.n_waiting, barrier.parties, barrier.broken)
    await barrier.abort()
    print(await asyncio.gather(*waiters), barrier.broken)
    await barrier.reset()
    print(barrier.broken)


asyncio.run(main())
