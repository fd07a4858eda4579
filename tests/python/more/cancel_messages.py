"""Messages of cancellations, `uncancel`, and a task that cancels itself."""

import asyncio


async def worker():
    try:
        await asyncio.sleep(10)
    except asyncio.CancelledError as e:
        print("msg", e.args, asyncio.current_task().cancelling())
        raise


async def stubborn():
    try:
        await asyncio.sleep(10)
    except asyncio.CancelledError:
        print("uncancel", asyncio.current_task().uncancel())
    await asyncio.sleep(0.02)
    return "survived"


async def main():
    t = asyncio.create_task(worker())
    await asyncio.sleep(0.01)
    print(t.cancel("shutdown"), t.cancelled())
    try:
        await t
    except asyncio.CancelledError as e:
        print("await", e.args, t.cancelled(), t.cancel())
    t = asyncio.create_task(stubborn())
    await asyncio.sleep(0.01)
    t.cancel()
    print(await t, t.cancelling())
    t = asyncio.create_task(worker())
    t.cancel("before start")
    try:
        await t
    except asyncio.CancelledError as e:
        print("never started", e.args)

    async def nested():
        inner = asyncio.create_task(worker())
        try:
            await inner
        finally:
            print("inner cancelled", inner.cancelled())

    t = asyncio.create_task(nested())
    await asyncio.sleep(0.01)
    t.cancel("from outside")
    try:
        await t
    except asyncio.CancelledError as e:
        print(e.args)
    me = asyncio.current_task()
    me.cancel("self")
    try:
        await asyncio.sleep(1)
    except asyncio.CancelledError as e:
        print("self", e.args, me.uncancel())


asyncio.run(main())
