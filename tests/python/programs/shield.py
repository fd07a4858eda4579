"""`shield`: the inner task goes on when the outer one is cancelled."""

import asyncio


async def save():
    await asyncio.sleep(0.4)
    print("saved")
    return "ok"


async def request(inner):
    try:
        return await asyncio.shield(inner)
    except asyncio.CancelledError:
        print("request cancelled, inner done:", inner.done())
        raise


async def main():
    inner = asyncio.create_task(save(), name="save")
    outer = asyncio.create_task(request(inner))
    await asyncio.sleep(0.05)
    outer.cancel("user left")
    try:
        await outer
    except asyncio.CancelledError as error:
        print("outer cancelled", error.args)
    print(await inner, inner.cancelled())
    try:
        await asyncio.wait_for(asyncio.shield(asyncio.create_task(save())), 0.05)
    except TimeoutError:
        print("waited long enough")
    await asyncio.sleep(0.5)


asyncio.run(main())
