"""The address of a model server: the page's own, or one that this file starts in a thread.

Both have the same paths. `s/<settings>/` before a path says how the server behaves, as in
`s/latency=100,capacity=2/v2/models/mlp-16`: `latency` in milliseconds, `capacity` requests at once, `fail=1` for
requests that all fail, and `kinds` for how: `500`, `503`, `429` with `Retry-After`, `hang` or `garbage`.
"""

import asyncio
import contextlib
import os
import threading

from aiohttp import web

MODELS = ("logistic-regression", "mlp-16", "mlp-64", "mlp-64-32")
PIXELS = 64


@contextlib.contextmanager
def model_server():
    """Yields the URL of a model server, which runs until the end of the block."""
    if "MODEL_SERVER_URL" in os.environ:
        yield os.environ["MODEL_SERVER_URL"]
        return
    loop, ports = asyncio.new_event_loop(), []
    is_ready, stopping = threading.Event(), asyncio.Event()

    async def serve():
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", ModelServer().answer)
        # A handler ends if its client leaves.
        runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ports.append(runner.addresses[0][1])
        is_ready.set()
        await stopping.wait()
        await runner.cleanup()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    is_ready.wait()
    try:
        yield f"http://127.0.0.1:{ports[0]}/"
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join()
        loop.close()


class ModelServer:
    """Answers as the page's server does, with labels that are made up."""

    def __init__(self):
        self.permits = {}  # by settings

    async def answer(self, request):
        settings, path = read_path(request.match_info["path"])
        status, answer = reply(path, await request.json() if request.can_read_body else None)
        if status != 200:
            return web.json_response(answer, status=status)
        capacity = int(settings.get("capacity", 10_000))
        async with self.permits.setdefault(str(settings), asyncio.Semaphore(capacity)):
            await asyncio.sleep(int(settings.get("latency", 0)) / 1000)
        if settings.get("fail") != "1":
            return web.json_response(answer)
        return await failure(settings.get("kinds", "500"))


def read_path(path):
    """Returns the settings, and the path after them."""
    if not path.startswith("s/"):
        return {}, path
    _, settings, path = path.split("/", 2)
    return dict(setting.split("=") for setting in settings.split(",")), path


def reply(path, body):
    """Returns the status and the JSON of an answer."""
    match path.split("/"):
        case ["v2", "models", model, *rest] if model in MODELS and rest in ([], ["infer"]):
            return inference(model, body) if rest else (200, metadata(model))
    return 404, {"error": f"there is nothing at `{path}`"}


def metadata(model):
    images = {"name": "images", "datatype": "FP32", "shape": [-1, PIXELS]}
    label = {"name": "label", "datatype": "INT64", "shape": [-1]}
    return {"name": model, "versions": ["1"], "inputs": [images], "outputs": [label]}


def inference(model, body):
    [images] = body["inputs"]
    count, data = images["shape"][0], images["data"]
    if len(data) != count * PIXELS:
        return 400, {"error": f"tensor `images` has {len(data)} elements, but its shape needs {count * PIXELS}"}
    found = [round(sum(data[n * PIXELS : (n + 1) * PIXELS])) % 10 for n in range(count)]
    label = {"name": "label", "datatype": "INT64", "shape": [count], "data": found}
    return 200, {"model_name": model, "outputs": [label]}


async def failure(kind):
    if kind == "hang":
        await asyncio.Event().wait()
    if kind == "garbage":
        return web.Response(text='{"model_name": "', content_type="application/json")
    headers = {"Retry-After": "1"} if kind == "429" else {}
    return web.json_response({"error": "simulated failure"}, status=int(kind), headers=headers)
