"""Tests of `scripts/async_ml_pipeline.py`."""

import pytest
from scripts.async_ml_pipeline import AsyncMLPipeline, Sample, classify, read_pixels

COUNT = 8


@pytest.mark.asyncio
async def test_preprocess_sample():
    sample = await AsyncMLPipeline().preprocess_sample(Sample(1, [0, 8, 16]))
    assert sample == Sample(1, [0.0, 0.5, 1.0])


@pytest.mark.asyncio
@pytest.mark.parametrize("way", ["run_pipeline", "run_streamed"])
async def test_complete_pipeline(way):
    samples = await getattr(AsyncMLPipeline(batch_size=4), way)(COUNT)
    assert [sample.id for sample in samples] == list(range(COUNT))
    for sample in samples:
        pixels = [pixel / 16 for pixel in read_pixels(sample.id)]
        assert sample == Sample(sample.id, pixels, classify(pixels))


@pytest.mark.asyncio
async def test_an_error_is_raised():
    class Failing(AsyncMLPipeline):
        async def predict_sample(self, sample):
            if sample.id == 5:
                raise ValueError("a bad sample")
            return await super().predict_sample(sample)

    with pytest.raises((ValueError, ExceptionGroup)):
        await Failing().run_streamed(COUNT)
