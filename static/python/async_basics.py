"""Part 1, async basics: waits that do not depend on each other can overlap.

A model is downloaded, a data set is loaded, and the data are scaled. First one after
the other, then with the first two concurrently. At the end, `asyncio.sleep` and
`time.sleep`: the first lets others run while it waits, the second stops them all.

    python async_basics.py              short delays, about two seconds in all
    python async_basics.py --scale 5    the guide's own delays
"""

import argparse
import asyncio
import csv
import json
import struct
import time
from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent

# All in seconds.
DOWNLOAD_DELAY = 0.4
LOAD_DELAY = 0.2
PREPROCESS_DELAY = 0.3
DEMO_DELAY = 0.1
BEAT = 0.02

MODEL = "logistic-regression"
BRIGHTEST_PIXEL = 16


async def download_model(name, delay):
    """Reads a file of weights and returns the shape of each tensor in it."""
    content = (STATIC / "models" / f"{name}.safetensors").read_bytes()
    await asyncio.sleep(delay)
    (header_size,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + header_size])
    del header["__metadata__"]
    return {tensor: info["shape"] for tensor, info in header.items()}


async def load_dataset(delay):
    """Reads the digits and returns for each its label, then its 64 pixels."""
    text = (STATIC / "data" / "digits.csv").read_text()
    await asyncio.sleep(delay)
    header, *rows = csv.reader(text.splitlines())
    return [[int(value) for value in row] for row in rows]


async def preprocess_data(dataset, delay):
    """Returns the pixels without the labels, scaled to the range from 0 to 1."""
    await asyncio.sleep(delay)
    return [[pixel / BRIGHTEST_PIXEL for pixel in pixels] for label, *pixels in dataset]


async def sequential_execution(scale):
    """One after the other: the delays add up."""
    model = await download_model(MODEL, DOWNLOAD_DELAY * scale)
    dataset = await load_dataset(LOAD_DELAY * scale)
    features = await preprocess_data(dataset, PREPROCESS_DELAY * scale)
    return model, features


async def concurrent_execution(scale):
    """Download and load concurrently: only the longer of the two delays counts."""
    model, dataset = await asyncio.gather(
        download_model(MODEL, DOWNLOAD_DELAY * scale),
        load_dataset(LOAD_DELAY * scale),
    )
    # This needs the data set, so it has to come after.
    features = await preprocess_data(dataset, PREPROCESS_DELAY * scale)
    return model, features


async def async_sleep(delay):
    """Three waits that return control to the event loop."""
    await asyncio.gather(*(asyncio.sleep(delay) for _ in range(3)))


async def blocking_sleep(delay):
    """Three waits that block the event loop: one after the other, nothing else runs."""

    async def block():
        time.sleep(delay)

    await asyncio.gather(*(block() for _ in range(3)))


async def heartbeat(lags):
    """Records the delay of each beat, until it is cancelled."""
    while True:
        due = time.perf_counter() + BEAT
        await asyncio.sleep(BEAT)
        lags.append(time.perf_counter() - due)


async def timed(coroutine):
    """Returns the coroutine's result and the seconds it took."""
    start = time.perf_counter()
    result = await coroutine
    return result, time.perf_counter() - start


async def with_heartbeat(coroutine):
    """Returns the seconds the coroutine took, and the event loop's longest lag."""
    lags = []
    heart = asyncio.create_task(heartbeat(lags))
    await asyncio.sleep(BEAT * 2)  # let it beat once
    _, seconds = await timed(coroutine)
    await asyncio.sleep(BEAT * 2)  # and once more, to notice a late beat
    heart.cancel()
    return seconds, max(lags)


async def main(scale):
    (model, features), sequential = await timed(sequential_execution(scale))
    _, concurrent = await timed(concurrent_execution(scale))
    print(f"loaded         {len(model)} tensors and {len(features)} images")
    print(f"sequential     {sequential:.3f} s")
    print(f"concurrent     {concurrent:.3f} s")
    print(f"speed-up       {sequential / concurrent:.2f} times")

    demos = {"asyncio.sleep": async_sleep, "time.sleep": blocking_sleep}
    for name, demo in demos.items():
        seconds, lag = await with_heartbeat(demo(DEMO_DELAY * scale))
        print(f"{name:15}{seconds:.3f} s for three, longest lag {lag:.3f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Async basics, part 1 of the guide.")
    parser.add_argument(
        "--scale", type=float, default=1, help="factor for all delays"
    )
    asyncio.run(main(parser.parse_args().scale))
