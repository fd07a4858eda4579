"""The model server on the virtual clock, for tests outside of the page: what `model-server/src/stepped.rs` is there.

It has the settings `latency`, `capacity`, `fail=1` and `kinds` with one kind, and labels that are made up.
"""

import json
from collections import defaultdict, deque

URL = "http://site.example/interleave/api/"

MODELS = ("logistic-regression", "mlp-16", "mlp-64", "mlp-64-32")
PIXELS = 64


class SteppedServer:
    """For `Run(server=...)`. Each method returns what happens then, see `VirtualServer`."""

    def __init__(self):
        self.requests = {}
        # By scenario.
        self.serving = defaultdict(set)
        self.queued = defaultdict(deque)

    def begin(self, number, method, path, body):
        scenario, path = path.split("/", 2)[1:] if path.startswith("s/") else ("", path)
        settings = dict(setting.split("=") for setting in scenario.split(",") if setting)
        status, answer = reply(path, bytes(body))
        kind = settings.get("kinds", "500") if settings.get("fail") == "1" and status == 200 else None
        if kind not in (None, "hang", "garbage"):
            status, answer = int(kind), {"error": "simulated failure"}
        headers = [["content-type", "application/json"], *([["retry-after", "1"]] if kind == "429" else [])]
        text = b'{"model_name": "' if kind == "garbage" else json.dumps(answer).encode()
        steps = [["response", number, status, headers]]
        if status in (400, 404):
            return [*steps, ["body", number, text]]
        self.requests[number] = scenario, settings, kind, text
        self.queued[scenario].append(number)
        return steps + self._serve(scenario)

    def wake(self, number):
        if number not in self.requests:
            return []
        scenario, _, kind, text = self.requests[number]
        self.serving[scenario].discard(number)
        return ([] if kind == "hang" else [["body", number, text]]) + self._serve(scenario)

    def abort(self, number):
        scenario, *_ = self.requests.pop(number, ("",))
        self.serving[scenario].discard(number)
        if number in self.queued[scenario]:
            self.queued[scenario].remove(number)
        return self._serve(scenario)

    def _serve(self, scenario):
        """Begins the work on requests of the queue."""
        steps, serving, queued = [], self.serving[scenario], self.queued[scenario]
        while queued:
            _, settings, *_ = self.requests[queued[0]]
            if len(serving) >= int(settings.get("capacity", 10_000)):
                break
            number = queued.popleft()
            serving.add(number)
            steps.append(["works", number, int(settings.get("latency", 0)) / 1000])
        return steps


def reply(path, body):
    """The status and the JSON of an answer."""
    match path.split("/"):
        case ["v2", "models", model] if model in MODELS:
            return 200, {"name": model, "inputs": [{"name": "images", "datatype": "FP32", "shape": [-1, PIXELS]}]}
        case ["v2", "models", model, "infer"] if model in MODELS:
            [images] = json.loads(body)["inputs"]
            count = images["shape"][0]
            if len(images["data"]) != count * PIXELS:
                return 400, {"error": "the data do not fit the shape"}
            return 200, {"outputs": [{"name": "label", "datatype": "INT64", "shape": [count], "data": [7] * count}]}
    return 404, {"error": "there is no such model"}
