"""Part 5, an ML pipeline: sequential stages are slow; concurrent stages overlap.

Hand-written digits are loaded, preprocessed and classified by a real model. First batch
after batch, as in the guide; then streamed, where each stage is a task of its own, with
bounded queues between them; then streamed with inference in processes. In addition to
its real work, each stage waits, as it would for a disk or a larger model.

    pip install numpy safetensors
    python async_ml_pipeline.py                  the guide's delays, batches of 8
    python async_ml_pipeline.py --batch-size 32  the guide's own batches
    python async_ml_pipeline.py --predict 0.05   a slow model: the queues fill
    python async_ml_pipeline.py --sweep          compares batch sizes
"""

import argparse
import asyncio
import csv
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

STATIC = Path(__file__).resolve().parent.parent
BRIGHTEST = 16
END = object()  # comes after the last batch in a queue


@dataclass
class Sample:
    """A digit on its way through the pipeline."""

    id: int
    label: int
    pixels: np.ndarray  # 0 to 16 when loaded, 0 to 1 when preprocessed
    prediction: int | None = None


@dataclass(frozen=True)
class Delays:
    """The delays of the stages, in seconds."""

    load: float  # for all samples together
    preprocess: float  # for each sample
    predict: float  # for each sample


class Classifier:
    """A multilayer perceptron, or a logistic regression, which has one layer."""

    def __init__(self, path):
        tensors = load_file(path)
        layers = range(len(tensors) // 2)
        self.layers = [
            (tensors[f"layers.{n}.weight"], tensors[f"layers.{n}.bias"]) for n in layers
        ]

    def predict(self, images):
        """Returns the digit with the greatest score for each image."""
        for weight, bias in self.layers[:-1]:
            images = np.maximum(images @ weight.T + bias, 0)
        weight, bias = self.layers[-1]
        return (images @ weight.T + bias).argmax(axis=1)


class AsyncMLPipeline:
    """Loads, preprocesses and predicts samples in batches."""

    def __init__(self, model, digits, delays, batch_size, bound, workers=None):
        self.model = model
        self.digits = digits
        self.delays = delays
        self.batch_size = batch_size
        self.bound = bound
        self.workers = workers  # an executor and its number of processes
        self.busy = {}  # seconds of work by stage
        self.deepest = 0  # most batches in a queue

    async def load_data(self, ids, seconds):
        """Loads samples by number. The first image follows the last one again."""
        await asyncio.sleep(seconds)
        rows = [self.digits[n % len(self.digits)] for n in ids]
        return [Sample(n, row[0], row[1:].astype(float)) for n, row in zip(ids, rows)]

    async def preprocess_sample(self, sample):
        """Scales the pixels to the range from 0 to 1, as in the training."""
        await asyncio.sleep(self.delays.preprocess)
        return replace(sample, pixels=sample.pixels / BRIGHTEST)

    async def preprocess_batch(self, batch):
        """Preprocesses samples concurrently, which takes as long as one of them."""
        return await asyncio.gather(*map(self.preprocess_sample, batch))

    async def predict_sample(self, sample):
        """Classifies one sample."""
        await asyncio.sleep(self.delays.predict)
        (digit,) = self.model.predict(sample.pixels[None])
        return replace(sample, prediction=int(digit))

    async def predict_batch(self, batch):
        """Classifies a batch: each sample here, or the whole batch in another process."""
        if not self.workers:
            return await asyncio.gather(*map(self.predict_sample, batch))
        await asyncio.sleep(self.delays.predict)
        images = np.array([sample.pixels for sample in batch])
        executor, _ = self.workers
        loop = asyncio.get_running_loop()
        digits = await loop.run_in_executor(executor, self.model.predict, images)
        pairs = zip(batch, digits.tolist())
        return [replace(sample, prediction=digit) for sample, digit in pairs]

    async def run_pipeline(self, samples):
        """The guide's way: while one stage works, the others wait."""
        batches = self.batches(samples)
        loading = self.load_data(range(samples), self.delays.load if batches else 0)
        loaded = await self.timed("load", loading)
        predicted = []
        for ids in batches:
            batch = loaded[ids.start : ids.stop]
            batch = await self.timed("preprocess", self.preprocess_batch(batch))
            predicted += await self.timed("predict", self.predict_batch(batch))
        return predicted

    async def run_streamed(self, samples):
        """All stages run at the same time, each on a batch of its own."""
        loaded = asyncio.Queue(maxsize=self.bound)
        preprocessed = asyncio.Queue(maxsize=self.bound)
        predicted = []
        _, at_once = self.workers or (None, 1)
        # The first error cancels the other stages.
        async with asyncio.TaskGroup() as stages:
            stages.create_task(self.load_stage(samples, loaded))
            stages.create_task(self.preprocess_stage(loaded, preprocessed))
            for _ in range(at_once):
                stages.create_task(self.predict_stage(preprocessed, predicted))
        # One process may have overtaken another.
        return sorted(predicted, key=lambda sample: sample.id)

    async def load_stage(self, samples, output):
        batches = self.batches(samples)
        for ids in batches:
            loading = self.load_data(ids, self.delays.load / len(batches))
            await self.put(output, await self.timed("load", loading))
        await output.put(END)

    async def preprocess_stage(self, source, output):
        while (batch := await source.get()) is not END:
            work = self.preprocess_batch(batch)
            await self.put(output, await self.timed("preprocess", work))
        await output.put(END)

    async def predict_stage(self, source, predicted):
        while (batch := await source.get()) is not END:
            predicted += await self.timed("predict", self.predict_batch(batch))
        # For the other tasks that read from this queue.
        await source.put(END)

    async def put(self, queue, batch):
        """Waits for space in the queue, if this stage is faster than the next one."""
        await queue.put(batch)
        self.deepest = max(self.deepest, queue.qsize())

    def batches(self, samples):
        """Returns the numbers of the samples in each batch; the last may be smaller."""
        starts = range(0, samples, self.batch_size)
        return [range(n, min(n + self.batch_size, samples)) for n in starts]

    async def timed(self, stage, work):
        """Adds the time of the work to the busy time of the stage."""
        start = time.perf_counter()
        result = await work
        elapsed = time.perf_counter() - start
        self.busy[stage] = self.busy.get(stage, 0) + elapsed
        return result


async def measure(name, pipeline, run, samples):
    """Runs the pipeline one way, prints the results, and returns the seconds."""
    start = time.perf_counter()
    predicted = await run(samples)
    seconds = time.perf_counter() - start
    assert [sample.id for sample in predicted] == list(range(samples))
    right = sum(sample.prediction == sample.label for sample in predicted)
    print(
        f"{name:13}{seconds:6.3f} s, {samples / seconds:7.1f} samples per second, "
        f"{right} of {samples} correct"
    )
    _, at_once = pipeline.workers or (None, 1)
    for stage, busy in pipeline.busy.items():
        share = busy / seconds / (at_once if stage == "predict" else 1)
        print(f"  {stage:11}{busy:6.3f} s busy, {share:4.0%}")
    if pipeline.deepest:
        print(f"  {'queues':11}{pipeline.deepest:6} batches at most")
    return seconds


def ideal(delays, batches):
    """Returns the ideal time: one batch, then the slowest stage for each other batch."""
    if not batches:
        return 0
    times = [delays.load / batches, delays.preprocess, delays.predict]
    return sum(times) + (batches - 1) * max(times)


async def sweep(make, samples):
    """Prints the samples per second for each batch size, both ways."""
    sizes = [2**n for n in range(32) if 2**n < samples] + [samples]
    print("batch size  sequential  streamed  samples per second")
    for size in sizes:
        per_second = []
        for way in (AsyncMLPipeline.run_pipeline, AsyncMLPipeline.run_streamed):
            start = time.perf_counter()
            await way(make(size), samples)
            per_second.append(samples / (time.perf_counter() - start))
        print("{:10}  {:10.1f}{:10.1f}".format(size, *per_second))


async def main(options):
    model = Classifier(STATIC / "models" / f"{options.model}.safetensors")
    with open(STATIC / "data" / "digits.csv", newline="") as file:
        rows = list(csv.reader(file))[1:]
    digits = np.array(rows, dtype=int)
    delays = [options.load, options.preprocess, options.predict]
    delays = Delays(*(delay * options.scale for delay in delays))

    def make(batch_size=options.batch_size, workers=None):
        return AsyncMLPipeline(
            model, digits, delays, batch_size, options.bound, workers
        )

    pipeline = make()
    sequential = await measure("sequential", pipeline, pipeline.run_pipeline, options.samples)
    pipeline = make()
    run = pipeline.run_streamed
    streamed = await measure("streamed", pipeline, run, options.samples)
    batches = len(pipeline.batches(options.samples))
    print(f"speed-up     {sequential / streamed:6.2f} times")
    print(f"by formula   {ideal(delays, batches):6.3f} s streamed")

    if options.workers:
        with ProcessPoolExecutor(options.workers) as executor:
            # The start of the processes is not measured.
            warm_up = [np.zeros((1, digits.shape[1] - 1))] * options.workers
            list(executor.map(model.predict, warm_up))
            pipeline = make(workers=(executor, options.workers))
            name = f"{options.workers} processes"
            await measure(name, pipeline, pipeline.run_streamed, options.samples)
    if options.sweep and options.samples:
        await sweep(make, min(options.samples, 200))


def parse_options():
    """Reads the command line, and exits with a message if an option is wrong."""
    parser = argparse.ArgumentParser(
        description="An async ML pipeline, part 5 of the guide."
    )
    parser.add_argument("--samples", type=int, default=200, help="number of digits")
    parser.add_argument(
        "--batch-size", type=int, default=8, help="samples in a batch"
    )
    parser.add_argument(
        "--bound", type=int, default=2, help="maximum batches between two stages"
    )
    parser.add_argument(
        "--load", type=float, default=0.5, help="seconds for all samples together"
    )
    parser.add_argument(
        "--preprocess", type=float, default=0.01, help="seconds for a sample"
    )
    parser.add_argument(
        "--predict", type=float, default=0.02, help="seconds for a sample"
    )
    parser.add_argument(
        "--scale", type=float, default=1, help="factor for all delays"
    )
    parser.add_argument(
        "--model",
        choices=["logistic-regression", "mlp-16", "mlp-64", "mlp-64-32"],
        default="mlp-64",
    )
    parser.add_argument(
        "--workers", type=int, default=2, help="processes, 0 for none"
    )
    parser.add_argument(
        "--sweep", action="store_true", help="also try batches of 1, 2, 4, ..."
    )
    options = parser.parse_args()
    if not (0 <= options.samples <= 10**6 and 0 <= options.workers <= 61):
        parser.error("samples must be from 0 to 1,000,000, and workers from 0 to 61")
    if options.batch_size < 1 or options.bound < 1:
        parser.error("batch size and bound must be 1 or more")
    delays = [options.load, options.preprocess, options.predict, options.scale]
    if not all(0 <= delay < 1000 for delay in delays):
        parser.error("delays and scale must be from 0 to less than 1000")
    return options


if __name__ == "__main__":
    asyncio.run(main(parse_options()))
