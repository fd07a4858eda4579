"""An async generator that is left early.

`break` ends the loop over an async generator, but not the generator: its `finally` runs only when it is collected, later and in
another task. `contextlib.aclosing` closes it at the end of the block.
"""

import asyncio
from contextlib import aclosing

events = []


async def rows():
    events.append("opened")
    try:
        for number in range(1_000):
            await asyncio.sleep(0.01)
            yield number
    finally:
        await asyncio.sleep(0.01)
        events.append("closed")


async def broken():
    source = rows()
    async for number in source:
        if number == 3:
            break
    events.append("next step")
    # Somebody still refers to it, as a variable or a traceback often does.
    return source


async def fixed():
    async with aclosing(rows()) as source:
        async for number in source:
            if number == 3:
                break
    events.append("next step")


async def check(version):
    """What the generator has opened must be closed before the next step."""
    events.clear()
    source = await version()
    is_closed = events == ["opened", "closed", "next step"]
    print(f"{version.__name__}: {'passed' if is_closed else 'failed'}: {', '.join(events)}")
    if source is not None:
        await source.aclose()


async def main():
    await check(broken)
    await check(fixed)


asyncio.run(main())
