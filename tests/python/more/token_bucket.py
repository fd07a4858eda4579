"""A rate limiter whose last rest is shorter than the clock can show."""

import asyncio
import time


async def main():
    rate, tokens, updated = 20, 3.0, time.monotonic()
    for _ in range(9):
        while True:
            now = time.monotonic()
            tokens, updated = min(3, tokens + (now - updated) * rate), now
            if tokens >= 1:
                break
            await asyncio.sleep((1 - tokens) / rate)
        tokens -= 1
    print("done")


asyncio.run(main())
