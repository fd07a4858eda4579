"""A blocking call inside a coroutine.

`time.sleep`, `requests.get` or a long computation does not wait as `await` does: it stops the whole event loop, and with it
every other task. Use what can be awaited.
"""

import asyncio
import time


async def heartbeat(beats):
    while True:
        beats.append(asyncio.get_running_loop().time())
        await asyncio.sleep(0.02)


async def broken():
    time.sleep(0.6)


async def fixed():
    await asyncio.sleep(0.6)


async def check(version):
    """Another task that wakes every 0.02 s must not be late by more than 0.4 s."""
    beats = []
    task = asyncio.create_task(heartbeat(beats))
    await asyncio.sleep(0.05)
    await version()
    await asyncio.sleep(0.05)
    task.cancel()
    late = max(after - before for before, after in zip(beats, beats[1:])) - 0.02
    print(f"{version.__name__}: {'passed' if late < 0.4 else 'failed: no other task could run meanwhile'}")


async def main():
    await check(broken)
    await check(fixed)


asyncio.run(main())
