"""Tests of `scripts/async_basics.py`."""

import pytest
from scripts import async_basics

RESULTS = ["weights of mlp", [0, 1, 2, 3], [0.25, 0.5, 1.0]]


@pytest.mark.asyncio
async def test_load_dataset():
    raise NotImplementedError("Write one `assert` for each thing that the code promises: start with the result of `load_dataset`.")


@pytest.mark.asyncio
async def test_concurrent_is_faster():
    raise NotImplementedError("Write one `assert` for each thing that the code promises: start with the result of `load_dataset`.")


@pytest.mark.asyncio
async def test_results_are_in_order():
    raise NotImplementedError("Write one `assert` for each thing that the code promises: start with the result of `load_dataset`.")
