"""Conditions: `wait_for` with a predicate, `notify` one and all, and a waiter that times out."""

import asyncio

items = []


async def consumer(name, condition):
    async with condition:
        await condition.wait_for(lambda: items)
        print(name, "takes", items.pop())


async def producer(condition):
    for n in range(3):
        await asyncio.sleep(0.06)
        async with condition:
            items.append(n)
            condition.notify(1)


async def listener(name, condition):
    async with condition:
        await condition.wait()
        print(name, "hears")
        await asyncio.sleep(0.06)


async def main():
    condition = asyncio.Condition()
    async with asyncio.TaskGroup() as group:
        for n in range(3):
            group.create_task(consumer(f"consumer-{n}", condition), name=f"consumer-{n}")
        group.create_task(producer(condition))
    listeners = [asyncio.create_task(listener(f"listener-{n}", condition), name=f"listener-{n}") for n in range(2)]
    await asyncio.sleep(0.05)
    async with condition:
        condition.notify_all()
    await asyncio.gather(*listeners)
    try:
        async with asyncio.timeout(0.05):
            async with condition:
                await condition.wait()
    except TimeoutError:
        print("not notified", condition.locked())


asyncio.run(main())
