"""Locks are fair, a cancelled waiter makes room, and a lock is released when its block fails."""

import asyncio


async def visit(name, lock, seconds):
    async with lock:
        print(name, "in")
        await asyncio.sleep(seconds)
    print(name, "out", lock.locked())


async def failing(lock):
    try:
        async with lock:
            await asyncio.sleep(0.05)
            raise OSError("broken")
    except OSError as error:
        print(error, lock.locked())


async def main():
    lock = asyncio.Lock()
    visitors = [asyncio.create_task(visit(f"visitor-{n}", lock, 0.06), name=f"visitor-{n}") for n in range(4)]
    await asyncio.sleep(0.03)
    visitors[1].cancel()
    print([repr(result) for result in await asyncio.gather(*visitors, return_exceptions=True)])
    await failing(lock)
    await lock.acquire()
    waiting = asyncio.create_task(visit("late", lock, 0.05))
    await asyncio.sleep(0.05)
    lock.release()
    await waiting
    try:
        lock.release()
    except RuntimeError as error:
        print(error)


asyncio.run(main())
