"""The checks of part 2. `seen` has what happened while the functions ran."""

import asyncio

import pytest
from interleave import checks
from scripts import async_multiple


def run(name, *arguments):
    """Runs a coroutine function of the script. Returns its result, and what was seen."""
    with checks.observe(async_multiple) as seen:
        function = getattr(async_multiple, name)
        result = asyncio.run(function(*arguments))
    return result, seen


def test_process_sample_returns_the_square():
    result, seen = run("process_sample", 3)
    assert result == 9
    seen.must_take("process_sample", async_multiple.SAMPLE_DELAYS[3])


def test_process_sample_does_not_block_the_event_loop():
    _, seen = run("process_sample", 3)
    seen.must_not_block()


def test_process_batch_async_processes_each_sample_once():
    _, seen = run("process_batch_async", [4, 5, 6], 3)
    seen.must_finish("process_sample")
    assert sorted(call.arguments["sample"] for call in seen.calls("process_sample")) == [4, 5, 6]


def test_process_batch_async_keeps_the_order():
    # Sample 0 takes longest, so it ends last.
    result, seen = run("process_batch_async", [0, 1, 2, 3], 4)
    place = seen.place("process_batch_async")
    assert result == [0, 1, 4, 9], f"{place} returns {result}. Expected: in the order of the samples, [0, 1, 4, 9]."


@pytest.mark.parametrize("max_concurrent", [1, 2, 3])
def test_process_batch_async_uses_the_whole_limit_and_no_more(max_concurrent):
    result, seen = run("process_batch_async", range(8), max_concurrent)
    seen.must_have_in_flight("process_sample", max_concurrent)
    assert result == [sample**2 for sample in range(8)]


def test_process_batch_async_starts_another_sample_when_one_ends():
    # Sample 0 takes longest. When sample 1 ends, sample 5 can start.
    _, seen = run("process_batch_async", [0, 1, 5], 2)
    seen.must_have_in_flight("process_sample", 2)
    calls = {call.arguments["sample"]: call for call in seen.calls("process_sample")}
    place = calls[5].line or seen.place("process_sample")
    assert calls[5].started < calls[0].ended, (
        f"{place} starts sample 5 only after sample 0 has ended, although sample 1 ended earlier: "
        "only 1 was in progress in the meantime. 2 may be in progress at once."
    )


def test_process_batch_async_has_nothing_to_do_without_samples():
    result, _ = run("process_batch_async", [], 2)
    assert result == []


NAMES = ["mlp-64", "mlp-16", "linear"]


def test_download_multiple_models_returns_the_sizes_by_name():
    result, seen = run("download_multiple_models", NAMES)
    seen.must_finish("download_model")
    expected = {"mlp-64": 17_000, "mlp-16": 4_300, "linear": 2_600}
    place = seen.place("download_multiple_models")
    assert result == expected, f"{place} returns {result}. Expected: the size of each model by its name, {expected}."


def test_download_multiple_models_downloads_all_at_once():
    _, seen = run("download_multiple_models", NAMES)
    seen.must_not_block()
    seen.must_overlap("download_model")
