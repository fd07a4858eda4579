"""A timeout that does not stop a thread.

A timeout ends the wait for a thread, but nothing can end the thread: its function goes on, and still does what it was
meant to do. Give the function itself a limit, such as the `timeout` that most blocking calls have.
"""

import asyncio
import time


def save(written, limit):
    """Writes after five steps, unless the limit is reached before."""
    began = time.monotonic()
    for _ in range(5):
        time.sleep(0.1)
        if time.monotonic() - began >= limit:
            return
    written.append("results")


async def broken(written):
    await asyncio.wait_for(asyncio.to_thread(save, written, 60), 0.25)


async def fixed(written):
    await asyncio.wait_for(asyncio.to_thread(save, written, 0.2), 0.25)


async def check(version):
    """Half a second after the timeout, nothing may have been written."""
    written = []
    try:
        await version(written)
    except TimeoutError:
        print(f"{version.__name__}: timed out")
    await asyncio.sleep(0.5)
    print(f"{version.__name__}: {'failed: the thread has written ' + written[0] if written else 'passed'}")


async def main():
    await check(broken)
    await check(fixed)


asyncio.run(main())
