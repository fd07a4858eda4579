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
    async with session.get(f"v2/models/{model}") as response:
        response.raise_for_status()
        return await response.json()


async def fetch_multiple_models(base_url, models):
    """Returns the metadata or the exception of each model."""
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with aiohttp.ClientSession(base_url, timeout=timeout) as session:
        requests = [fetch_model_metadata(session, model) for model in models]
        results = await asyncio.gather(*requests, return_exceptions=True)
    return dict(zip(models, results))


async def infer_batch(session, model, images):
    """Sends a batch once. Returns a label for each image."""
    async with session.post(f"v2/models/{model}/infer", json=request_body(images)) as response:
        response.raise_for_status()
        return labels(await response.json())


async def batch_inference_api(base_url, model, batches, limit):
    """Returns the labels or the exception of each batch. At most `limit` are sent at once."""
    async def send(session, images):
        async with asyncio.Semaphore(limit):
            for attempt in range(1, MOST_ATTEMPTS + 1):
                try:
                    return await infer_batch(session, model, images)
                except aiohttp.ClientResponseError as error:
                    if error.status != 429 or attempt == MOST_ATTEMPTS:
                        raise
                    await asyncio.sleep(float(error.headers["Retry-After"]))

    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with aiohttp.ClientSession(base_url, timeout=timeout) as session:
        requests = [send(session, images) for images in batches]
        return await asyncio.gather(*requests, return_exceptions=True)


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
