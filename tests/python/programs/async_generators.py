"""Async generators: `aclose`, `asend`, `athrow`, comprehensions, and one that the loop closes at its end."""

import asyncio


async def ticks(name, n):
    try:
        for tick in range(n):
            await asyncio.sleep(0.05)
            yield tick
    finally:
        await asyncio.sleep(0.05)
        print(name, "closed")


async def echo():
    received = None
    while True:
        try:
            received = yield received
            await asyncio.sleep(0)
        except ValueError as error:
            received = f"caught {error}"


unfinished = []


async def main():
    print([tick async for tick in ticks("list", 3) if tick != 1])
    generator = ticks("broken off", 5)
    async for tick in generator:
        if tick == 1:
            break
    await generator.aclose()
    talk = echo()
    await anext(talk)
    print(await talk.asend("hello"), await talk.athrow(ValueError("thrown")))
    print(await anext(ticks("default", 0), "nothing"))
    first, second = ticks("left", 3), ticks("two", 1)
    print(await anext(first), {tick async for tick in second})
    async for _ in first:
        break
    await first.aclose()
    unfinished.append(ticks("unfinished", 3))
    print(await anext(unfinished[0]))
    print("main ends")


asyncio.run(main())
