"""Six mistakes in the scripts. Each replaces a function by a wrong version."""

import asyncio

from scripts import async_basics
from scripts.async_ml_pipeline import AsyncMLPipeline

_run_streamed = AsyncMLPipeline.run_streamed


async def load_from_one(size):
    await asyncio.sleep(async_basics.LOAD_DELAY)
    return list(range(1, size + 1))


async def await_one_after_the_other():
    model = await async_basics.download_model("mlp")
    dataset = await async_basics.load_dataset(4)
    features = await async_basics.preprocess_data([2, 4, 8])
    return [model, dataset, features]


async def return_as_they_arrive():
    results = []

    async def add(coroutine):
        results.append(await coroutine)

    await asyncio.gather(
        add(async_basics.download_model("mlp")),
        add(async_basics.load_dataset(4)),
        add(async_basics.preprocess_data([2, 4, 8])),
    )
    return results


async def preprocess_without_scaling(self, sample):
    await asyncio.sleep(self.preprocess_s)
    return sample


async def stream_full_batches(self, count):
    return await _run_streamed(self, count - count % self.batch_size)


def without_errors(work):
    async def work_or_nothing(batch):
        try:
            return await work(batch)
        except Exception:
            return []

    return work_or_nothing


async def stream_without_errors(self, count):
    for stage in ("load_data", "preprocess_batch", "predict_batch"):
        setattr(self, stage, without_errors(getattr(self, stage)))
    try:
        return await _run_streamed(self, count)
    except Exception:
        return []


BASICS, PIPELINE = "tests/test_async_basics.py", "tests/test_async_pipeline.py"

# The file that should notice the mistake, the mistake, the function that has it, and the wrong version.
VERSIONS = [
    (BASICS, "`load_dataset` counts from 1", "scripts.async_basics.load_dataset", load_from_one),
    (
        BASICS, "`concurrent_execution` awaits one after the other",
        "scripts.async_basics.concurrent_execution", await_one_after_the_other,
    ),
    (
        BASICS, "`concurrent_execution` returns the results in the order in which they arrive",
        "scripts.async_basics.concurrent_execution", return_as_they_arrive,
    ),
    (
        PIPELINE, "`preprocess_sample` does not scale",
        "scripts.async_ml_pipeline.AsyncMLPipeline.preprocess_sample", preprocess_without_scaling,
    ),
    (
        PIPELINE, "`run_streamed` drops the last batch if it is smaller than the others",
        "scripts.async_ml_pipeline.AsyncMLPipeline.run_streamed", stream_full_batches,
    ),
    (
        PIPELINE, "`run_streamed` leaves out a batch that fails, and raises no error",
        "scripts.async_ml_pipeline.AsyncMLPipeline.run_streamed", stream_without_errors,
    ),
]
