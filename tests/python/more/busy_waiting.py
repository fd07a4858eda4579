"""Loops that wait for a time without sleeping until then."""

import asyncio
import time


async def until_a_time():
    end = time.monotonic() + 0.05
    while time.monotonic() < end:
        await asyncio.sleep(0)
    print("the time has come")


async def until_a_flag():
    flags = []
    asyncio.get_running_loop().call_later(0.05, flags.append, True)
    while not flags:
        await asyncio.sleep(0)
    print("the flag is set")


async def with_callbacks():
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    end = time.monotonic() + 0.05

    def poll():
        if time.monotonic() >= end:
            done.set_result("the future is done")
        else:
            loop.call_soon(poll)

    poll()
    print(await done)


async def main():
    await until_a_time()
    await until_a_flag()
    await with_callbacks()


asyncio.run(main())
