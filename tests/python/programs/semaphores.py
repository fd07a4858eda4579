"""Semaphores: never more than the limit at once, `locked`, and a bounded semaphore that is released too often."""

import asyncio

running = most = 0


async def call(n, limit):
    global running, most
    async with limit:
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.06 * (1 + n % 2))
        running -= 1
        return n


async def main():
    limit = asyncio.Semaphore(3)
    print(await asyncio.gather(*(call(n, limit) for n in range(8))))
    print("most at once", most, "locked", limit.locked())
    bounded = asyncio.BoundedSemaphore(1)
    async with bounded:
        try:
            await asyncio.wait_for(bounded.acquire(), 0.05)
        except TimeoutError:
            print("no permit")
    try:
        bounded.release()
    except ValueError as error:
        print(error)
    print(bounded.locked(), limit.locked())


asyncio.run(main())
