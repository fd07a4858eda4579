"""Part 1, async basics: waits that do not depend on each other can overlap.

    python scripts/async_basics.py
"""

import asyncio
import time

# All in seconds.
DOWNLOAD_DELAY = 0.1
LOAD_DELAY = 0.06
PREPROCESS_DELAY = 0.04


async def download_model(name):
    """Waits DOWNLOAD_DELAY seconds. Returns the text "weights of <name>"."""
    await asyncio.sleep(DOWNLOAD_DELAY)
    return f"weights of {name}"


async def load_dataset(size):
    """Waits LOAD_DELAY seconds. Returns the list of the numbers from 0 to size - 1."""
    await asyncio.sleep(LOAD_DELAY)
    return list(range(size))


async def preprocess_data(values):
    """Waits PREPROCESS_DELAY seconds. Returns the values, each divided by the largest one."""
    await asyncio.sleep(PREPROCESS_DELAY)
    largest = max(values)
    return [value / largest for value in values]


async def sequential_execution():
    """Downloads "mlp", loads 4 numbers and preprocesses [2, 4, 8], one after the other. Returns the three results."""
    model = await download_model("mlp")
    dataset = await load_dataset(4)
    features = await preprocess_data([2, 4, 8])
    return [model, dataset, features]


async def concurrent_execution():
    """Does the same as sequential_execution, but all three at the same time. Returns the same list."""
    await asyncio.gather(download_model("mlp"), load_dataset(4), preprocess_data([2, 4, 8]))


def main():
    for execution in (sequential_execution, concurrent_execution):
        start = time.perf_counter()
        results = asyncio.run(execution())
        print(f"{execution.__name__:22}{time.perf_counter() - start:.3f} s  {results}")


if __name__ == "__main__":
    main()
