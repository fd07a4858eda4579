"""How tasks end: results, errors, cancellation with a message, errors that nobody retrieves, and `sys.exit`."""

import asyncio
import gc
import logging
import sys

logging.getLogger("asyncio").setLevel(logging.CRITICAL)


async def fails():
    await asyncio.sleep(0.05)
    raise ArithmeticError("not retrieved")


async def ignores():
    for _ in range(2):
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError as error:
            print("ignored", error.args)
    return "survived"


async def cleans_up():
    try:
        await asyncio.sleep(10)
    finally:
        await asyncio.sleep(0.05)
        print("finally, after sys.exit")


async def main():
    asyncio.create_task(fails())
    await asyncio.sleep(0.1)
    gc.collect()
    task = asyncio.create_task(ignores())
    await asyncio.sleep(0.05)
    for text in ("once", "twice"):
        task.cancel(text)
        await asyncio.sleep(0.05)
    print(await task, task.cancelled(), task.cancelling())
    early = asyncio.create_task(fails())
    early.cancel()
    print(repr((await asyncio.gather(early, return_exceptions=True))[0]))
    asyncio.create_task(cleans_up())
    await asyncio.sleep(0.05)
    sys.exit(3)


try:
    asyncio.run(main())
except SystemExit as error:
    print("exit code", error.code)
    raise
finally:
    print("the end")
