"""Task groups in task groups, `except*`, and errors in the body."""

import asyncio


async def ok(n):
    await asyncio.sleep(n)
    return n


async def fail(n, exc):
    await asyncio.sleep(n)
    raise exc


async def forever(name):
    try:
        await asyncio.Event().wait()
    finally:
        print(name, "cleaned")


async def main():
    async with asyncio.TaskGroup() as tg:
        a = tg.create_task(ok(0.05))
        b = tg.create_task(ok(0.1), name="b")
    print(a.result(), b.result())
    try:
        async with asyncio.TaskGroup() as outer:
            outer.create_task(forever("outer"))
            async with asyncio.TaskGroup() as inner:
                inner.create_task(forever("inner"))
                inner.create_task(fail(0.05, ValueError("v")))
                inner.create_task(fail(0.05, TypeError("t")))
    except* ValueError as eg:
        print("value", eg.exceptions[0].message, [repr(e) for e in eg.exceptions[0].exceptions])
    except* TypeError as eg:
        print("type", str(eg))
    try:
        async with asyncio.TaskGroup() as tg:
            tg.create_task(fail(0.03, KeyError("k")))
            await asyncio.sleep(1)
    except BaseExceptionGroup as eg:
        print(type(eg).__name__, eg, eg.exceptions)
    try:
        async with asyncio.TaskGroup() as tg:
            tg.create_task(forever("x"))
            await asyncio.sleep(0)
            raise OSError("body")
    except* OSError as eg:
        print("body", eg.exceptions)
    tg = asyncio.TaskGroup()
    try:
        c = ok(1)
        tg.create_task(c)
    except RuntimeError as e:
        print("error", str(e)[:30])
        c.close()


asyncio.run(main())
