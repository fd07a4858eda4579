"""Part 2, multiple concurrent tasks: all samples of a batch in progress, but never more than a limit.

    python scripts/async_multiple.py
"""

import asyncio
import time

# In seconds: sample 0 takes the first of these, sample 1 the second, and so on. Sample 4 takes the first one again.
SAMPLE_DELAYS = [0.06, 0.02, 0.04, 0.03]

# The delay of each model in seconds, and its size in bytes.
MODELS = {"mlp-64": (0.06, 17_000), "mlp-16": (0.04, 4_300), "linear": (0.02, 2_600)}


async def download_model(name):
    """Waits as long as this model takes, and returns its size. This function is complete."""
    delay, size = MODELS[name]
    await asyncio.sleep(delay)
    return size


async def process_sample(sample):
    """Waits as long as this sample takes. Returns its square."""
    await asyncio.sleep(SAMPLE_DELAYS[sample % len(SAMPLE_DELAYS)])
    return sample**2


async def process_batch_async(samples, max_concurrent):
    """Calls process_sample for all samples, at most max_concurrent of them at once. Returns the list of their results,
    in the order of the samples."""
    results = []
    for start in range(0, len(samples), max_concurrent):
        chunk = samples[start : start + max_concurrent]
        results += await asyncio.gather(*[process_sample(sample) for sample in chunk])
    return results


async def download_multiple_models(names):
    """Calls download_model for all names at once. Returns a dict from each name to the size of its model."""
    sizes = await asyncio.gather(*[download_model(name) for name in names])
    return dict(zip(names, sizes))


def main():
    for max_concurrent in (1, 3, 8):
        start = time.perf_counter()
        results = asyncio.run(process_batch_async(range(8), max_concurrent))
        print(f"{max_concurrent} at once   {time.perf_counter() - start:.3f} s  {results}")
    start = time.perf_counter()
    models = asyncio.run(download_multiple_models(list(MODELS)))
    print(f"{len(models)} models    {time.perf_counter() - start:.3f} s  {models}")


if __name__ == "__main__":
    main()
