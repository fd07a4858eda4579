"""`timeout`, `timeout_at`, nested timeouts, `reschedule`, `expired`, and `uncancel`."""

import asyncio


async def nested(outer, inner):
    try:
        async with asyncio.timeout(outer) as first:
            try:
                async with asyncio.timeout(inner) as second:
                    await asyncio.sleep(1)
            except TimeoutError:
                print("inner", second.expired(), first.expired())
                await asyncio.sleep(1)
    except TimeoutError:
        print("outer", first.expired(), second.expired())


async def extended():
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(0.1) as limit:
        await asyncio.sleep(0.05)
        limit.reschedule(loop.time() + 0.3)
        await asyncio.sleep(0.15)
        limit.reschedule(None)
        print("extended", limit.when())


async def cancelled_twice():
    task = asyncio.current_task()
    task.cancel()
    try:
        await asyncio.sleep(1)
    except asyncio.CancelledError:
        print("cancelling", task.cancelling(), "left", task.uncancel())
    await asyncio.sleep(0.05)
    return "went on"


async def main():
    await nested(0.2, 0.1)
    await nested(0.1, 0.2)
    await extended()
    try:
        async with asyncio.timeout_at(asyncio.get_running_loop().time() + 0.05):
            await asyncio.Event().wait()
    except TimeoutError as error:
        print("at", type(error.__cause__).__name__)
    print(await asyncio.create_task(cancelled_twice()))
    async with asyncio.timeout(None) as limit:
        await asyncio.sleep(0)
    print(limit)


asyncio.run(main())
