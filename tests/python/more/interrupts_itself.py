"""A program that sends itself the signal of Ctrl-C, and replaces a function that the package needs."""

import asyncio
import json
import signal
import sys


async def main():
    try:
        await asyncio.sleep(0.05)
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(1)
    except asyncio.CancelledError:
        print("cancelled")
        raise


try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted")
json.dumps = None
print("still here")
sys.exit(-1)
