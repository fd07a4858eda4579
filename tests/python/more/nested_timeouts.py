"""Timeouts in timeouts, moved deadlines, and deadlines in the past."""

import asyncio


async def main():
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(0.3) as outer:
            try:
                async with asyncio.timeout(0.06) as inner:
                    await asyncio.sleep(1)
            except TimeoutError:
                print("inner", inner.expired(), outer.expired())
            await asyncio.sleep(1)
    except TimeoutError:
        print("outer", outer.expired())
    async with asyncio.timeout(0.05) as cm:
        cm.reschedule(loop.time() + 0.3)
        await asyncio.sleep(0.1)
    print("rescheduled", cm.expired(), cm)
    async with asyncio.timeout(None) as cm:
        print(cm.when())
    try:
        async with asyncio.timeout_at(loop.time() - 1):
            await asyncio.sleep(0)
            print("not here?")
    except TimeoutError:
        print("past")
    try:
        async with asyncio.timeout(0.02):
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                print("cancelled inside", asyncio.current_task().cancelling())
                raise
    except TimeoutError as e:
        print(repr(e), asyncio.current_task().cancelling(), repr(e.__cause__))


asyncio.run(main())
