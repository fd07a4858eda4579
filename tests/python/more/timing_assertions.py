"""Differences of times are never less than the waits, and 0 is long ago."""

import asyncio
import time


async def main():
    loop = asyncio.get_running_loop()
    for read in (time.monotonic, time.perf_counter, loop.time):
        enough = 0
        for _ in range(10):
            start = read()
            await asyncio.sleep(0.01)
            enough += read() - start >= 0.01
        print(read.__name__, enough)
    last_call = 0.0
    if time.monotonic() - last_call < 1:
        print("waits for the time since the last call")


asyncio.run(main())
