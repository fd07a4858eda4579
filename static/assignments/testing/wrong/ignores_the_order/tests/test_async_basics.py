"""Tests of `scripts/async_basics.py`."""

import time

import pytest
from scripts import async_basics

RESULTS = ["weights of mlp", [0, 1, 2, 3], [0.25, 0.5, 1.0]]


async def seconds_of(coroutine):
    start = time.perf_counter()
    await coroutine
    return time.perf_counter() - start


@pytest.mark.asyncio
async def test_load_dataset():
    assert await async_basics.load_dataset(3) == [0, 1, 2]


@pytest.mark.asyncio
async def test_concurrent_is_faster():
    sequential = await seconds_of(async_basics.sequential_execution())
    concurrent = await seconds_of(async_basics.concurrent_execution())
    assert concurrent < 0.8 * sequential


@pytest.mark.asyncio
async def test_results_are_in_order():
    assert sorted(map(str, await async_basics.sequential_execution())) == sorted(map(str, RESULTS))
    assert sorted(map(str, await async_basics.concurrent_execution())) == sorted(map(str, RESULTS))
