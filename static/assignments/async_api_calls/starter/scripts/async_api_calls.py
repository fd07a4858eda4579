"""Part 4, async API calls: one session for all requests, and one result for each.

    python scripts/async_api_calls.py
"""

import asyncio
import time

import aiohttp

TIMEOUT_S = 1.0
MOST_ATTEMPTS = 2
PIXELS = 64


def request_body(images):
    """Returns the JSON of an inference request."""
    pixels = [pixel for image in images for pixel in image]
    return {"inputs": [{"name": "images", "shape": [len(images), PIXELS], "datatype": "FP32", "data": pixels}]}


def labels(answer):
    """Returns the labels in the JSON of an answer."""
    return next(output["data"] for output in answer["outputs"] if output["name"] == "label")


async def fetch_model_metadata(session, model):
    """Returns the metadata of a model."""
    raise NotImplementedError("Start with `fetch_model_metadata`: a request is an `async with` block, and the JSON of its answer is awaited in it.")


async def fetch_multiple_models(base_url, models):
    """Returns the metadata or the exception of each model."""
    raise NotImplementedError("Start with `fetch_model_metadata`: a request is an `async with` block, and the JSON of its answer is awaited in it.")


async def infer_batch(session, model, images):
    """Sends a batch once. Returns a label for each image."""
    raise NotImplementedError("Start with `fetch_model_metadata`: a request is an `async with` block, and the JSON of its answer is awaited in it.")


async def batch_inference_api(base_url, model, batches, limit):
    """Returns the labels or the exception of each batch. At most `limit` are sent at once."""
    raise NotImplementedError("Start with `fetch_model_metadata`: a request is an `async with` block, and the JSON of its answer is awaited in it.")


async def main(url):
    slow = f"{url}s/latency=100/"
    models = await fetch_multiple_models(slow, ["mlp-16", "mlp-64", "no-such-model"])
    for name, result in models.items():
        print(f"{name:14}{repr(result)[:60]}")

    batches = [[[0.5] * PIXELS] * 4] * 8
    for limit in (1, 4):
        start = time.perf_counter()
        results = await batch_inference_api(slow, "mlp-16", batches, limit)
        print(f"limit {limit}       {len(results)} batches in {time.perf_counter() - start:.2f} s")


if __name__ == "__main__":
    # This file's folder is the first in which Python looks for modules.
    from model_server import model_server

    with model_server() as url:
        asyncio.run(main(url))
