"""A swallowed CancelledError.

Cancelling a task raises `CancelledError` where it waits. Code that catches everything catches that, too, and the task
goes on: a timeout or Ctrl-C has no effect. Catch `Exception`, or raise `CancelledError` again.
"""

import asyncio


async def request():
    await asyncio.sleep(0.2)
    raise ConnectionError("no answer")


async def broken():
    for _ in range(4):
        try:
            return await request()
        except BaseException:
            pass  # Try again.


async def fixed():
    for _ in range(4):
        try:
            return await request()
        except Exception:
            pass  # Try again.


async def check(version):
    """A timeout of 0.3 s must end it soon after 0.3 s."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        async with asyncio.timeout(0.3):
            await version()
    except TimeoutError:
        pass
    is_over = loop.time() - began < 0.6
    print(f"{version.__name__}: {'passed' if is_over else 'failed: it went on after the timeout'}")


async def main():
    await check(broken)
    await check(fixed)


asyncio.run(main())
