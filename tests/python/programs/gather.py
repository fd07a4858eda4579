"""`gather`: results in the order of the arguments, nested gathers, and failures that are collected or raised."""

import asyncio


async def fetch(name, delay):
    await asyncio.sleep(delay)
    print("fetched", name)
    if name == "bad":
        raise ValueError(name)
    return name.upper()


async def main():
    print(await asyncio.gather(fetch("c", 0.15), fetch("a", 0.05), fetch("b", 0.1)))
    results = await asyncio.gather(fetch("x", 0.05), fetch("bad", 0.1), return_exceptions=True)
    print([repr(result) for result in results])
    print(await asyncio.gather(asyncio.gather(fetch("d", 0.05), fetch("e", 0.1)), fetch("f", 0.15)))
    others = [asyncio.create_task(fetch("slow", 0.2), name="slow-1"), asyncio.create_task(fetch("bad", 0.05))]
    try:
        await asyncio.gather(*others)
    except ValueError as error:
        print("raised", error, [task.done() for task in others])
    print(await others[0], await asyncio.gather())


asyncio.run(main())
