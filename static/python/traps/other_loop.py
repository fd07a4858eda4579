"""A lock of another asyncio.run.

Each `asyncio.run` has an event loop of its own. A lock, queue or session belongs to the loop in which it was first waited
for, and cannot be used in another. Create it inside, and call `asyncio.run` once.
"""

import asyncio

lock = asyncio.Lock()


async def update(lock):
    async with lock:
        await asyncio.sleep(0.1)


async def update_twice(lock):
    await asyncio.gather(update(lock), update(lock))


def broken():
    asyncio.run(update_twice(lock))
    asyncio.run(update_twice(lock))


def fixed():
    async def main():
        own_lock = asyncio.Lock()
        await update_twice(own_lock)
        await update_twice(own_lock)

    asyncio.run(main())


def check(version):
    """The updates must be made without an error."""
    try:
        version()
    except RuntimeError as error:
        # The text begins with the lock itself.
        print(f"{version.__name__}: failed: the lock {str(error).partition('> ')[2]}")
    else:
        print(f"{version.__name__}: passed")


check(broken)
check(fixed)
