"""Part 5: the results of the pipeline, how its stages overlap, its memory, and its end."""

import asyncio

import pytest
from interleave import checks
from scripts import async_ml_pipeline
from scripts.async_ml_pipeline import BRIGHTEST, AsyncMLPipeline, Sample, classify, read_pixels

COUNT = 10  # samples. The last of three batches has only two
FOREVER_S = 3


def expected(count):
    """The samples after all stages."""
    images = [[pixel / BRIGHTEST for pixel in read_pixels(id)] for id in range(count)]
    return [Sample(id, pixels, classify(pixels)) for id, pixels in enumerate(images)]


def place_of(method):
    return f"scripts/async_ml_pipeline.py:{method.__code__.co_firstlineno}"


def waiting_line(task):
    """The line of the pipeline on which a task waits; None if it does not wait there."""
    line, coroutine = None, task.get_coro()
    while getattr(coroutine, "cr_frame", None) is not None:
        if coroutine.cr_frame.f_code.co_filename == async_ml_pipeline.__file__:
            line = coroutine.cr_frame.f_lineno
        coroutine = coroutine.cr_await
    return line


def waiting_lines(*but):
    """The lines on which tasks wait, without these tasks."""
    lines = (waiting_line(task) for task in asyncio.all_tasks() if task not in but)
    return sorted(line for line in lines if line)


async def ends(coroutine):
    """Returns the result of a coroutine. Fails if it never ends."""
    task = asyncio.create_task(coroutine)
    await asyncio.wait([task], timeout=FOREVER_S)
    if not task.done():
        lines = waiting_lines(task, asyncio.current_task()) or waiting_lines()
        text = ", and line ".join(map(str, lines))
        raise AssertionError(f"scripts/async_ml_pipeline.py:{text} still waits: the pipeline never ends")
    return await task


async def seconds_of(coroutine):
    loop = asyncio.get_running_loop()
    start = loop.time()
    await ends(coroutine)
    return loop.time() - start


# Stages


def test_loads_samples():
    samples = asyncio.run(AsyncMLPipeline().load_data(range(3, 5)))
    assert samples == [Sample(3, read_pixels(3)), Sample(4, read_pixels(4))]


def test_preprocesses_a_sample():
    sample = Sample(1, [0, 8, 16])
    assert asyncio.run(AsyncMLPipeline().preprocess_sample(sample)) == Sample(1, [0.0, 0.5, 1.0])
    assert sample.pixels == [0, 8, 16], (
        f"{place_of(AsyncMLPipeline.preprocess_sample)}: `preprocess_sample` changes the sample that it gets"
    )


def test_predicts_a_sample():
    sample = Sample(1, [0.0, 0.5, 1.0])
    assert asyncio.run(AsyncMLPipeline().predict_sample(sample)) == Sample(1, [0.0, 0.5, 1.0], classify([0.0, 0.5, 1.0]))


@pytest.mark.parametrize("stage", ["preprocess", "predict"])
def test_the_samples_of_a_batch_are_processed_concurrently(stage):
    batch = [Sample(id, [0.5]) for id in (3, 1, 2)]
    with checks.observe(async_ml_pipeline) as seen:
        results = asyncio.run(getattr(AsyncMLPipeline(), f"{stage}_batch")(batch))
    assert [sample.id for sample in results] == [3, 1, 2]
    seen.must_overlap(f"{stage}_sample")


# The whole pipeline


@pytest.mark.parametrize("count", [0, 1, 4, COUNT])
def test_runs_stage_after_stage(count):
    with checks.observe(async_ml_pipeline) as seen:
        assert asyncio.run(AsyncMLPipeline().run_pipeline(count)) == expected(count)
    if count:
        seen.must_not_overlap("load_data", "preprocess_batch", "predict_batch")


@pytest.mark.parametrize("count", [0, 1, 4, COUNT])
def test_streaming_ends(count):
    samples = asyncio.run(ends(AsyncMLPipeline().run_streamed(count)))
    assert sorted(samples, key=lambda sample: sample.id) == expected(count)


def test_streaming_keeps_the_order():
    class FirstIsSlow(AsyncMLPipeline):
        async def predict_sample(self, sample):
            await asyncio.sleep(0.2 if sample.id < self.batch_size else 0)
            return await super().predict_sample(sample)

    ids = [sample.id for sample in asyncio.run(ends(FirstIsSlow().run_streamed(COUNT)))]
    assert ids == sorted(ids), (
        f"{place_of(AsyncMLPipeline.run_streamed)}: the samples are in the order in which they were predicted"
    )


def test_no_stage_blocks_the_loop():
    with checks.observe(async_ml_pipeline) as seen:
        asyncio.run(ends(AsyncMLPipeline().run_streamed(COUNT)))
    seen.must_not_block()


def test_the_stages_work_at_the_same_time():
    pipeline = AsyncMLPipeline(batch_size=2)
    ideal = pipeline.load_s + pipeline.preprocess_s + 10 * pipeline.predict_s
    for _ in range(3):  # A busy machine may disturb one of the comparisons.
        in_turn = asyncio.run(seconds_of(pipeline.run_pipeline(20)))
        streamed = asyncio.run(seconds_of(pipeline.run_streamed(20)))
        if streamed < 0.6 * in_turn:
            return
    raise AssertionError(
        f"{place_of(AsyncMLPipeline.run_streamed)}: `run_pipeline` takes {in_turn:.2f} s for ten batches, and "
        f"`run_streamed` {streamed:.2f} s: the stages take turns. If all work at the same time, it is about {ideal:.2f} s"
    )


def test_a_slow_stage_holds_up_the_stages_before_it():
    class Counting(AsyncMLPipeline):
        """Counts the batches from the beginning of `load_data` to the end of `predict_batch`."""

        inside = peak = 0

        async def load_data(self, ids):
            self.inside += 1
            self.peak = max(self.peak, self.inside)
            return await super().load_data(ids)

        async def predict_batch(self, batch):
            predicted = await super().predict_batch(batch)
            self.inside -= 1
            return predicted

    pipeline = Counting(bound=1, load_s=0.001, preprocess_s=0.001, predict_s=0.03)
    asyncio.run(ends(pipeline.run_streamed(60)))
    assert pipeline.peak <= 2 * pipeline.bound + 3, (
        f"{place_of(AsyncMLPipeline.run_streamed)}: {pipeline.peak} batches are in the pipeline at once. "
        "A fast stage runs ahead of a slow one: its queue never makes it wait"
    )


@pytest.mark.parametrize("stage", ["load_data", "preprocess_sample", "predict_sample"])
def test_an_error_ends_all_stages(stage):
    pipeline, work = AsyncMLPipeline(bound=1), getattr(AsyncMLPipeline, stage)

    async def fails_in_the_third_batch(item):
        first = item[0] if stage == "load_data" else item.id
        if first >= 8:
            raise ValueError("a bad sample")
        return await work(pipeline, item)

    setattr(pipeline, stage, fails_in_the_third_batch)
    place = place_of(AsyncMLPipeline.run_streamed)

    async def fail():
        try:
            samples = await ends(pipeline.run_streamed(60))
        except (ValueError, ExceptionGroup):
            await asyncio.sleep(0)  # Tasks that were cancelled end now.
        else:
            raise AssertionError(
                f"{place}: `{stage}` fails, but `run_streamed` raises no error: it returns {len(samples)} of 60 samples"
            )
        for line in waiting_lines():
            raise AssertionError(
                f"scripts/async_ml_pipeline.py:{line} still waits after `{stage}` has failed: its task is left behind"
            )

    asyncio.run(fail())
