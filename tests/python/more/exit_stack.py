"""Context managers that wait when they are entered and left, on a stack and with errors."""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager


@asynccontextmanager
async def res(name):
    print("open", name)
    await asyncio.sleep(0.01)
    try:
        yield name
    except RuntimeError as e:
        print(name, "saw", e)
        raise
    finally:
        await asyncio.sleep(0.01)
        print("close", name)


class Conn:

    async def __aenter__(self):
        await asyncio.sleep(0.01)
        print("enter")
        return self

    async def __aexit__(self, t, e, tb):
        await asyncio.sleep(0.01)
        print("exit", t and t.__name__)
        return t is KeyError


async def main():
    async with AsyncExitStack() as s:
        names = [await s.enter_async_context(res(n)) for n in "abc"]
        s.push_async_callback(asyncio.sleep, 0.01)
        s.callback(print, "cb")
        print(names)
    try:
        async with res("x"), Conn():
            raise RuntimeError("boom")
    except RuntimeError as e:
        print("out", e)
    async with Conn():
        raise KeyError("swallowed")
    print("done")


asyncio.run(main())
