"""Part 2, many tasks at once: a batch takes as long as its longest sample.

Ten samples each take a different time. They are processed all at once, then at most
three at a time: that takes longer, but does not overload a server or fill the memory.
At the end, four models are downloaded concurrently and stored by name.

    python async_multiple.py              half the guide's delays, about two seconds
    python async_multiple.py --scale 1    the guide's own delays
"""

import argparse
import asyncio
import contextlib
import random
import time
from pathlib import Path
from typing import NamedTuple

STATIC = Path(__file__).resolve().parent.parent

# In seconds, at a scale of 1.
MODEL_DELAYS = {
    "logistic-regression": 0.5,
    "mlp-16": 1,
    "mlp-64": 1.5,
    "mlp-64-32": 2,
}


class Processed(NamedTuple):
    """A sample, and when its processing began and ended, in seconds."""

    sample: int
    began: float
    ended: float


async def process_sample(sample, delay):
    """Waits as long as this sample needs. Returns when that began and ended."""
    began = time.perf_counter()
    await asyncio.sleep(delay)
    return Processed(sample, began, time.perf_counter())


async def process_batch_async(samples, limit=None):
    """Processes samples, each with its delay, all at once or up to a limit."""
    permits = asyncio.Semaphore(limit) if limit else contextlib.nullcontext()

    async def process_with_permit(sample, delay):
        async with permits:
            return await process_sample(sample, delay)

    tasks = [process_with_permit(sample, delay) for sample, delay in samples.items()]
    return await asyncio.gather(*tasks)


async def download_model(name, delay):
    """Reads a file of weights and returns its size in bytes."""
    content = (STATIC / "models" / f"{name}.safetensors").read_bytes()
    await asyncio.sleep(delay)
    return len(content)


async def download_multiple_models(names, scale):
    """Downloads all models at once and returns their sizes by name."""
    tasks = [download_model(name, MODEL_DELAYS[name] * scale) for name in names]
    # The sizes are in the order of the tasks, whichever ends first.
    sizes = await asyncio.gather(*tasks)
    return dict(zip(names, sizes))


def draw_samples(options):
    """Draws the delay of each sample, which depends only on the seed and the sample."""
    samples = {}
    for sample in range(options.samples):
        draw = random.Random(f"{options.seed} process_sample {sample}")
        samples[sample] = draw.uniform(options.min, options.max) * options.scale
    return samples


def peak_concurrency(batch):
    """Returns the maximum number of samples in progress at the same time."""
    return max(
        sum(other.began <= one.began < other.ended for other in batch) for one in batch
    )


async def timed(coroutine):
    """Returns the coroutine's result and the seconds it took."""
    start = time.perf_counter()
    result = await coroutine
    return result, time.perf_counter() - start


async def main(options):
    samples = draw_samples(options)
    batch, seconds = await timed(process_batch_async(samples))
    times = [one.ended - one.began for one in batch]
    print(f"samples        {len(batch)}, {sum(times):.3f} s in total")
    print(f"longest        {max(times):.3f} s")
    print(f"all at once    {seconds:.3f} s, {peak_concurrency(batch)} at the same time")
    print(f"speed-up       {sum(times) / seconds:.2f} times")

    batch, seconds = await timed(process_batch_async(samples, options.limit))
    limit = f"limit {options.limit}" if options.limit else "no limit"
    print(f"{limit:15}{seconds:.3f} s, {peak_concurrency(batch)} at the same time")

    names = list(MODEL_DELAYS)
    models, seconds = await timed(download_multiple_models(names, options.scale))
    delays = sum(MODEL_DELAYS.values()) * options.scale
    print(f"{len(models)} models       {seconds:.3f} s, one by one {delays:.3f} s")
    for name, size in models.items():
        print(f"  {name:20}{size:6} bytes")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description="Multiple concurrent tasks, part 2 of the guide."
    )
    parser.add_argument("--samples", type=int, default=10, help="number of samples")
    parser.add_argument(
        "--min", type=float, default=0.1, help="minimum seconds per sample"
    )
    parser.add_argument(
        "--max", type=float, default=0.5, help="maximum seconds per sample"
    )
    parser.add_argument(
        "--limit", type=int, default=3, help="samples at once, 0 for no limit"
    )
    parser.add_argument("--seed", type=int, default=7, help="seed of the random delays")
    parser.add_argument(
        "--scale", type=float, default=0.5, help="factor for all delays"
    )
    options = parser.parse_args()
    if options.samples < 1 or options.limit < 0 or options.min > options.max:
        parser.error("use at least one sample, a limit of 0 or more, and min up to max")
    asyncio.run(main(options))
