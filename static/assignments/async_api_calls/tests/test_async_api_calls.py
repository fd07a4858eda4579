"""Part 4: what your requests return, how many are sent at once, and what happens if the server is slow or fails."""

import asyncio

import aiohttp
import pytest
from interleave import checks
from scripts import async_api_calls, model_server

IMAGE = [0.5] * async_api_calls.PIXELS
BAD_IMAGE = [0.5]
LONG_S = 5


@pytest.fixture(scope="module")
def url():
    with model_server.model_server() as url:
        yield url


def run(name, *arguments):
    """Runs a function of the script. Returns its result, and what was seen."""

    async def limited():
        task = asyncio.create_task(getattr(async_api_calls, name)(*arguments))
        await asyncio.wait([task], timeout=LONG_S)
        if not task.done():
            raise AssertionError(f"{seen.place(name)}: `{name}` still waits after {LONG_S} s for a server that hangs")
        return await task

    with checks.observe(async_api_calls) as seen:
        result = asyncio.run(limited())
    return result, seen


def with_session(url, name, *arguments):
    """Runs a function of the script that gets a session."""

    async def run():
        async with aiohttp.ClientSession(url) as session:
            return await getattr(async_api_calls, name)(session, *arguments)

    with checks.observe(async_api_calls) as seen:
        try:
            return asyncio.run(run()), seen
        except aiohttp.ClientResponseError as error:
            return error, seen


# One request


def test_fetches_metadata(url):
    metadata, seen = with_session(url, "fetch_model_metadata", "mlp-16")
    assert metadata["name"] == "mlp-16"
    assert metadata["inputs"][0]["name"] == "images"
    seen.must_not_block()


def test_an_unknown_model_is_an_error(url):
    found, seen = with_session(url, "fetch_model_metadata", "no-such-model")
    assert isinstance(found, aiohttp.ClientResponseError), (
        f"{seen.place('fetch_model_metadata')}: the server answers with status 404, and `fetch_model_metadata` "
        f"returns {found} as if it were the metadata"
    )
    assert found.status == 404


def test_infers_a_batch(url):
    found, _ = with_session(url, "infer_batch", "mlp-16", [IMAGE, IMAGE])
    assert len(found) == 2 and all(label in range(10) for label in found)


# Many requests


def test_a_request_fails_alone(url):
    names = ["mlp-16", "no-such-model", "mlp-64"]
    try:
        models, seen = run("fetch_multiple_models", url, names)
    except aiohttp.ClientResponseError:
        line = async_api_calls.fetch_multiple_models.__code__.co_firstlineno
        raise AssertionError(
            f"scripts/async_api_calls.py:{line}: one unknown model is enough, and `fetch_multiple_models` raises its "
            "error: the metadata of the others are lost"
        ) from None
    assert list(models) == names
    assert [models["mlp-16"]["name"], models["mlp-64"]["name"]] == ["mlp-16", "mlp-64"]
    assert isinstance(models["no-such-model"], aiohttp.ClientResponseError)


def test_batches_are_in_order_and_a_bad_one_fails_alone(url):
    batches = [[IMAGE], [BAD_IMAGE], [IMAGE] * 3]
    results, _ = run("batch_inference_api", url, "mlp-16", batches, 3)
    first, bad, last = results
    assert (len(first), len(last)) == (1, 3)
    assert isinstance(bad, aiohttp.ClientResponseError) and bad.status == 400


def test_an_answer_that_is_not_json_fails_alone(url):
    results, _ = run("batch_inference_api", f"{url}s/fail=1,kinds=garbage/", "mlp-16", [[IMAGE]] * 2, 2)
    assert [isinstance(result, Exception) for result in results] == [True, True]


def test_models_are_fetched_concurrently(url):
    _, seen = run("fetch_multiple_models", f"{url}s/latency=100/", ["mlp-16", "mlp-64", "mlp-64-32"])
    seen.must_not_block()
    seen.must_overlap("fetch_model_metadata")


def test_the_limit_is_kept(url):
    _, seen = run("batch_inference_api", f"{url}s/latency=100/", "mlp-16", [[IMAGE]] * 8, 3)
    seen.must_have_in_flight("infer_batch", 3)


@pytest.mark.parametrize("name, arguments", [
    ("fetch_multiple_models", (["mlp-16", "mlp-64", "mlp-64-32"],)),
    ("batch_inference_api", ("mlp-16", [[IMAGE]] * 3, 2)),
])
def test_one_session_sends_all_requests(url, name, arguments, monkeypatch):
    sessions, init = [], aiohttp.ClientSession.__init__

    def noting(session, *args, **kwargs):
        sessions.append(session)
        init(session, *args, **kwargs)

    monkeypatch.setattr(aiohttp.ClientSession, "__init__", noting)
    _, seen = run(name, url, *arguments)
    place = seen.place(name)
    assert sessions, f"{place}: `{name}` creates no `aiohttp.ClientSession`"
    assert len(sessions) == 1, f"{place}: {len(sessions)} sessions are created: none can use the connection of another"
    assert sessions[0].closed, f"{place}: nothing closes the session of `{name}`"


# A server that is slow, full or failing


def test_a_request_that_hangs_times_out(url):
    server = f"{url}s/fail=1,kinds=hang/"
    models, _ = run("fetch_multiple_models", server, ["mlp-16", "mlp-64"])
    results, _ = run("batch_inference_api", server, "mlp-16", [[IMAGE]] * 2, 2)
    for result in (*models.values(), *results):
        assert isinstance(result, TimeoutError)


def test_the_timeout_is_for_each_request(url):
    """Six requests of 0.4 s, two at once, take 1.2 s."""
    try:
        results, _ = run("batch_inference_api", f"{url}s/latency=400/", "mlp-16", [[IMAGE]] * 6, 2)
        timed_out = sum(isinstance(result, TimeoutError) for result in results)
    except TimeoutError:
        timed_out = 6
    line = async_api_calls.batch_inference_api.__code__.co_firstlineno
    assert timed_out == 0, (
        f"scripts/async_api_calls.py:{line}: {timed_out} of 6 batches time out, though the server answers each in "
        f"0.4 s. The timeout of {async_api_calls.TIMEOUT_S:.1f} s is for one request: the wait for its turn does not count"
    )


def test_retry_after_is_respected(url):
    results, seen = run("batch_inference_api", f"{url}s/fail=1,kinds=429/", "mlp-16", [[IMAGE]], 1)
    seen.must_call("infer_batch", async_api_calls.MOST_ATTEMPTS)
    seen.must_pause("infer_batch", [1])
    assert isinstance(results[0], aiohttp.ClientResponseError) and results[0].status == 429


def test_other_errors_are_not_retried(url):
    results, seen = run("batch_inference_api", f"{url}s/fail=1,kinds=503/", "mlp-16", [[IMAGE]], 1)
    assert isinstance(results[0], aiohttp.ClientResponseError) and results[0].status == 503
    seen.must_call("infer_batch", 1)
