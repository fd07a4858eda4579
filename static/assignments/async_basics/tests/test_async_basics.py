"""The checks of part 1. `seen` has what happened while the functions ran."""

import asyncio

import pytest
from interleave import checks
from scripts import async_basics


def run(name, *arguments):
    """Runs a coroutine function of the script. Returns its result, and what was seen."""
    with checks.observe(async_basics) as seen:
        function = getattr(async_basics, name)
        result = asyncio.run(function(*arguments))
    return result, seen


def test_download_model_returns_the_weights():
    result, seen = run("download_model", "mlp")
    assert result == "weights of mlp"
    seen.must_take("download_model", async_basics.DOWNLOAD_DELAY)


def test_load_dataset_returns_the_numbers():
    result, seen = run("load_dataset", 3)
    assert result == [0, 1, 2]
    seen.must_take("load_dataset", async_basics.LOAD_DELAY)


def test_preprocess_data_divides_by_the_largest():
    result, seen = run("preprocess_data", [1, 2, 4])
    assert result == [0.25, 0.5, 1.0]
    seen.must_take("preprocess_data", async_basics.PREPROCESS_DELAY)


@pytest.mark.parametrize(
    "name, argument", [("download_model", "mlp"), ("load_dataset", 3), ("preprocess_data", [1, 2])]
)
def test_no_function_blocks_the_event_loop(name, argument):
    _, seen = run(name, argument)
    seen.must_not_block()


RESULTS = ["weights of mlp", [0, 1, 2, 3], [0.25, 0.5, 1.0]]


def test_sequential_execution_returns_the_three_results():
    result, seen = run("sequential_execution")
    for name in ("download_model", "load_dataset", "preprocess_data"):
        seen.must_call(name, 1)
    assert result == RESULTS


def test_sequential_execution_does_one_after_the_other():
    _, seen = run("sequential_execution")
    seen.must_not_overlap("download_model", "load_dataset", "preprocess_data")


def test_concurrent_execution_returns_the_same_results():
    result, seen = run("concurrent_execution")
    seen.must_finish("download_model", "load_dataset", "preprocess_data")
    place = seen.place("concurrent_execution")
    assert result is not None, f"{place}: `concurrent_execution` returns `None`. Does it have a `return`?"
    assert list(result) == RESULTS, f"{place} returns {result}. Expected: the results in the order {RESULTS}."


def test_concurrent_execution_overlaps_the_three_waits():
    _, seen = run("concurrent_execution")
    seen.must_not_block()
    seen.must_overlap("download_model", "load_dataset", "preprocess_data")


def test_concurrent_execution_takes_as_long_as_the_longest_wait():
    _, seen = run("concurrent_execution")
    waits = [seen.calls(name)[0].seconds for name in ("download_model", "load_dataset", "preprocess_data")]
    (call,) = seen.calls("concurrent_execution")
    assert call.seconds < 0.8 * sum(waits), (
        f"{seen.place('concurrent_execution')} takes {call.seconds:.3f} s. Its longest wait takes {max(waits):.3f} s."
    )
