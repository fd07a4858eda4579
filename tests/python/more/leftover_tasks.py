"""Tasks that are left when the main task ends are cancelled, and one of them fails."""

import asyncio


async def background(n):
    try:
        await asyncio.sleep(10)
    except asyncio.CancelledError:
        print("background cancelled", n)
        await asyncio.sleep(0.02)
        print("background cleaned", n)
        raise


async def bad():
    try:
        await asyncio.sleep(10)
    finally:
        raise ValueError("in cleanup")


async def main():
    asyncio.create_task(background(1))
    asyncio.create_task(bad())
    await asyncio.sleep(0.01)
    print("main ends")


asyncio.run(main())
print("after")
