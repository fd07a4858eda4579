"""Awaitables, futures and coroutines of the program's own."""

import asyncio
import types


class Sleep:

    def __init__(self, d):
        self.d = d

    def __await__(self):
        yield from asyncio.sleep(self.d).__await__()
        return f"slept {self.d}"


class Ready:

    def __await__(self):
        return 5
        yield


class Immediate:

    def __await__(self):
        yield
        return "tick"


@types.coroutine
def legacy():
    x = yield from asyncio.sleep(0.01, "legacy").__await__()
    return x


class Later(asyncio.Future):

    def __init__(self, value, delay):
        super().__init__()
        self.get_loop().call_later(delay, self._go, value)

    def _go(self, v):
        self.set_result(v)


async def main():
    print(await Sleep(0.02), await Ready(), await Immediate(), await legacy(), await Later("later", 0.02))
    print(await asyncio.gather(Sleep(0.01), Ready()))
    print(await asyncio.wait_for(Sleep(0.01), 1))
    f = asyncio.Future()
    f.set_exception(ValueError("x"))
    try:
        await f
    except ValueError as e:
        print(e)

    class Weird:

        def __await__(self):
            yield 42

    try:
        await Weird()
    except RuntimeError as e:
        print(e)
    t = asyncio.current_task()

    async def self_await():
        await asyncio.current_task()

    try:
        await asyncio.create_task(self_await(), name="self")
    except RuntimeError as e:
        print(str(e)[:20])


asyncio.run(main())
