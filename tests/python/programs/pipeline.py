"""A pipeline of an inference service: batches, retries with backoff, a progress line, dataclasses and pickles."""

import asyncio
import dataclasses
import inspect
import logging
import pickle
import random

logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
log = logging.getLogger("pipeline")


@dataclasses.dataclass
class Batch:
    number: int
    samples: list = dataclasses.field(default_factory=list)


async def flaky(batch, attempt):
    await asyncio.sleep(0.06)
    if random.random() < 0.4:
        raise ConnectionError(f"batch {batch.number}, attempt {attempt}")
    return [sample * 2 for sample in batch.samples]


async def with_retries(batch, attempts=4):
    for attempt in range(1, attempts + 1):
        try:
            return await flaky(batch, attempt)
        except ConnectionError as error:
            log.warning("retry after %s", error)
            await asyncio.sleep(0.05 * attempt)
    return None


async def batches(samples, size):
    batch = Batch(0)
    for sample in samples:
        batch.samples.append(sample)
        if len(batch.samples) == size:
            yield batch
            batch = Batch(batch.number + 1)
            await asyncio.sleep(0)


async def main():
    random.seed(7)
    async for batch in batches(range(12), 4):
        copy = pickle.loads(pickle.dumps(batch))
        print(copy == batch, copy, await with_retries(batch))
    print(random.randint(0, 100), [round(random.gauss(0, 1), 6) for _ in range(3)])
    print(inspect.getsource(Batch).splitlines()[1], __name__)
    print("progress", end="")
    for _ in range(3):
        await asyncio.sleep(0.05)
        print(".", end="", flush=True)
    print(" done")


if __name__ == "__main__":
    asyncio.run(main())
