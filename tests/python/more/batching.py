"""Requests are collected in batches of a limited size and age, as in a model server."""

import asyncio
from typing import NamedTuple


class Request(NamedTuple):
    x: int
    fut: asyncio.Future


class Batcher:

    def __init__(self, size, wait):
        self.q = asyncio.Queue()
        self.size = size
        self.wait = wait
        self.batches = []

    async def predict(self, x):
        fut = asyncio.get_running_loop().create_future()
        await self.q.put(Request(x, fut))
        return await fut

    async def run(self):
        while True:
            batch = [await self.q.get()]
            deadline = asyncio.get_running_loop().time() + self.wait
            while len(batch) < self.size:
                left = deadline - asyncio.get_running_loop().time()
                if left <= 0:
                    break
                try:
                    batch.append(await asyncio.wait_for(self.q.get(), left))
                except TimeoutError:
                    break
            self.batches.append(len(batch))
            await asyncio.sleep(0.02)
            for r in batch:
                if not r.fut.cancelled():
                    r.fut.set_result(r.x**2)


async def main():
    b = Batcher(4, 0.05)
    t = asyncio.create_task(b.run())
    print(await asyncio.gather(*(b.predict(i) for i in range(10))))
    t.cancel()
    try:
        await t
    except asyncio.CancelledError:
        print("stopped", b.batches)


asyncio.run(main())
