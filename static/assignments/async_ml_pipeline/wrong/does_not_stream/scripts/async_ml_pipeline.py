"""Part 5, an ML pipeline: sequential stages are slow; concurrent stages overlap.

    python scripts/async_ml_pipeline.py
"""

import asyncio
import time
from dataclasses import dataclass, replace

BRIGHTEST = 16
END = object()  # comes after the last batch in a queue


@dataclass
class Sample:
    """An image on its way through the pipeline."""

    id: int
    pixels: list[float]  # 0 to 16 when loaded, 0 to 1 when preprocessed
    prediction: int | None = None


def read_pixels(id):
    """Returns the pixels of a made-up image."""
    return [(id * 7 + n) % (BRIGHTEST + 1) for n in range(4)]


def classify(pixels):
    """Returns the class of an image. Its pixels are from 0 to 1."""
    return round(sum(pixels) * 10) % 10


class AsyncMLPipeline:
    """Loads, preprocesses and predicts samples in batches."""

    def __init__(self, batch_size=4, bound=2, *, load_s=0.04, preprocess_s=0.04, predict_s=0.05):
        self.batch_size = batch_size
        self.bound = bound
        self.load_s = load_s
        self.preprocess_s = preprocess_s
        self.predict_s = predict_s

    def batches(self, count):
        """Returns the ids of the samples in each batch; the last one may be smaller."""
        starts = range(0, count, self.batch_size)
        return [range(start, min(start + self.batch_size, count)) for start in starts]

    async def load_data(self, ids):
        """Loads a batch."""
        await asyncio.sleep(self.load_s)
        return [Sample(id, read_pixels(id)) for id in ids]

    async def preprocess_sample(self, sample):
        """Scales the pixels to the range from 0 to 1."""
        await asyncio.sleep(self.preprocess_s)
        return replace(sample, pixels=[pixel / BRIGHTEST for pixel in sample.pixels])

    async def preprocess_batch(self, batch):
        """Preprocesses samples concurrently, which takes as long as one of them."""
        return await asyncio.gather(*map(self.preprocess_sample, batch))

    async def predict_sample(self, sample):
        """Classifies a sample."""
        await asyncio.sleep(self.predict_s)
        return replace(sample, prediction=classify(sample.pixels))

    async def predict_batch(self, batch):
        """Predicts samples concurrently, which takes as long as one of them."""
        return await asyncio.gather(*map(self.predict_sample, batch))

    async def run_pipeline(self, count):
        """While one stage works, the others wait."""
        predicted = []
        for ids in self.batches(count):
            batch = await self.load_data(ids)
            batch = await self.preprocess_batch(batch)
            predicted += await self.predict_batch(batch)
        return predicted

    async def run_streamed(self, count):
        """All stages work at the same time, each on a batch of its own."""
        predicted = []
        for ids in self.batches(count):
            batch = await asyncio.create_task(self.load_data(ids))
            batch = await asyncio.create_task(self.preprocess_batch(batch))
            predicted += await asyncio.create_task(self.predict_batch(batch))
        return predicted


async def main():
    count = 40
    pipeline = AsyncMLPipeline()
    for run in (pipeline.run_pipeline, pipeline.run_streamed):
        start = time.perf_counter()
        samples = await run(count)
        seconds = time.perf_counter() - start
        print(f"{run.__name__:14}{seconds:6.3f} s, {len(samples) / seconds:5.1f} samples per second")


if __name__ == "__main__":
    asyncio.run(main())
