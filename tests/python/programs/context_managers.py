"""Async context managers: `AsyncExitStack`, `asynccontextmanager`, `aclosing`, and what happens on cancellation."""

import asyncio
import contextlib


class Connection:
    def __init__(self, name):
        self.name = name

    async def __aenter__(self):
        await asyncio.sleep(0.05)
        print("open", self.name)
        return self

    async def __aexit__(self, kind, error, traceback):
        await asyncio.sleep(0.05)
        print("close", self.name, kind and kind.__name__)
        return kind is KeyError


@contextlib.asynccontextmanager
async def transaction(name):
    print("begin", name)
    try:
        yield name
    except BaseException as error:
        print("roll back", name, type(error).__name__)
        raise
    else:
        print("commit", name)


async def hang():
    async with Connection("c"), transaction("t3"):
        await asyncio.sleep(10)


async def main():
    async with contextlib.AsyncExitStack() as stack:
        for name in "ab":
            await stack.enter_async_context(Connection(name))
        stack.push_async_callback(asyncio.sleep, 0.05)
        async with transaction("t1"):
            await asyncio.sleep(0.05)
    async with Connection("swallows"):
        raise KeyError("inside")
    with contextlib.suppress(ZeroDivisionError):
        async with transaction("t2"):
            1 / 0
    task = asyncio.create_task(hang())
    await asyncio.sleep(0.1)
    task.cancel()
    print(await asyncio.gather(task, return_exceptions=True))


asyncio.run(main())
