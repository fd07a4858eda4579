"""Part 4, async API calls: one session for all requests, and one outcome for each.

Asks an inference endpoint for the inputs of its models, then sends it batches of
made-up data: a limited number at once, each with a timeout, failures counted by cause,
and temporary failures retried. At the end it prints the latencies since a request was
due and since it was sent. The endpoint can be any that speaks the Open Inference
Protocol v2. Without one, this file starts a server that pretends to be one.

    pip install aiohttp
    python async_api_calls.py                uses the pretend server, for three seconds
    python async_api_calls.py --rate 100     at a fixed rate, however slow the answers
    python async_api_calls.py --sweep        finds a good number of requests at once
    python async_api_calls.py --url http://localhost:8000 --model resnet
"""

import argparse
import asyncio
import contextlib
import email.utils
import io
import itertools
import json
import math
import random
import statistics
import sys
import time
from collections import Counter
from typing import NamedTuple
from urllib.parse import quote, urlsplit

import aiohttp
from aiohttp import web

# The maximum size of a request or an answer, in bytes.
BODY_LIMIT = 16 << 20

# The statuses of errors that may be temporary.
TRANSIENT = {408, 429, 500, 502, 503, 504}

# In seconds.
BASE = 0.1
CAP = 2
PATIENCE = 30
BEAT = 0.02
MOST_LAG = 0.05

PERCENTILES = (50, 95, 99)
LEVELS = (1, 2, 4, 8, 16, 32)
VISITS = 5
ROUNDS = 8


class Failure(Exception):
    """A request without a usable answer: the cause, for counting, and the details."""

    def __init__(self, cause, details, is_transient=False, retry_after=0):
        super().__init__(f"{cause}: {printable(details)}")
        self.cause = cause
        self.is_transient = is_transient
        self.retry_after = retry_after


def printable(text):
    """Returns the beginning of a server's text as one line without control characters."""
    text = "".join(char if char.isprintable() else " " for char in str(text)[:200])
    return " ".join(text.split())


class Outcome(NamedTuple):
    """The result of a request, whether it succeeded or failed."""

    answer: dict | None
    failure: Failure | None
    attempts: int
    since_due: float  # seconds from when it was due to its end
    since_sent: float  # seconds that the last attempt took


def open_session(url, options):
    """Makes the session, which keeps connections open for the next request."""
    return aiohttp.ClientSession(
        base_url=url,
        headers={"Content-Type": "application/json"},
        timeout=aiohttp.ClientTimeout(total=options.timeout),
        # Our semaphore sets the limit. A second queue here would be hidden.
        connector=aiohttp.TCPConnector(limit=0),
    )


async def call(session, method, path, body=None):
    """Sends a request once. Returns the JSON of its answer, or raises `Failure`."""
    try:
        async with session.request(method, path, data=body) as response:
            content = await read_body(response)
    except TimeoutError:
        limit = session.timeout.total
        raise Failure("timed out", f"no answer within {limit:g} s", True) from None
    except aiohttp.ClientConnectorError as error:
        raise Failure("unreachable", error.strerror or error, True) from error
    except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError) as error:
        raise Failure("connection lost", error, True) from error
    except aiohttp.ClientError as error:
        details = getattr(error, "message", "") or type(error).__name__
        raise Failure("not the protocol", details) from error

    if response.status // 100 != 2:
        details = server_message(content) or response.reason
        wait = parse_retry_after(response.headers.get("Retry-After", ""))
        is_transient = response.status in TRANSIENT and wait <= PATIENCE
        raise Failure(f"HTTP {response.status}", details, is_transient, wait)
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        beginning = content[:60].decode(errors="replace")
        raise Failure("not JSON", beginning or "the body is empty") from None


async def read_body(response):
    """Reads piece by piece, and stops as soon as the limit is exceeded."""
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > BODY_LIMIT:
            raise Failure("too large", f"an answer of more than {BODY_LIMIT >> 20} MB")
    return bytes(body)


def server_message(content):
    """Returns the server's error message, or an empty text if it sent a web page."""
    try:
        return json.loads(content)["error"]
    except (ValueError, LookupError, TypeError, RecursionError):
        text = content.decode(errors="replace").strip()
        return "" if text.startswith("<") else text


def parse_retry_after(header):
    """Returns the seconds to wait. The header contains them, or a date."""
    try:
        if header.isdecimal():
            return int(header)
        date = email.utils.parsedate_to_datetime(header)
        return max(0, date.timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0


async def retry_async(operation, due, permits, options, name):
    """Retries temporary failures. Returns a `Failure` in the outcome; never raises it."""
    draw = random.Random(f"{options.seed} {name}")
    # The permit is held during pauses, so that an overloaded server gets fewer requests.
    async with permits:
        for attempt in itertools.count(1):
            answer = failure = None
            sent = time.perf_counter()
            try:
                answer = await operation(attempt)
            except Failure as error:
                failure = error
            end = time.perf_counter()
            if not failure or not failure.is_transient or attempt > options.retries:
                return Outcome(answer, failure, attempt, end - due, end - sent)
            # At random, so that requests do not all retry at the same moment.
            pause = draw.uniform(0, min(CAP, BASE * 2 ** (attempt - 1)))
            await asyncio.sleep(failure.retry_after + pause)


async def fetch_model_metadata(session, model):
    """Returns the inputs and outputs of a model."""
    metadata = await call(session, "GET", f"v2/models/{quote(model, safe='')}")
    match metadata:
        case {"inputs": [_, *_] as inputs} if all(map(is_tensor, inputs)):
            return metadata
    raise Failure("not the protocol", "no inputs with name, datatype and shape")


async def fetch_multiple_models(session, models, options):
    """Fetches the metadata of all models at once, and returns an outcome for each."""
    permits = asyncio.Semaphore(options.limit)
    due = time.perf_counter()

    def fetch(model):
        async def operation(_):
            return await fetch_model_metadata(session, model)

        return retry_async(operation, due, permits, options, model)

    outcomes = await asyncio.gather(*map(fetch, models))
    return dict(zip(models, outcomes))


def is_tensor(value):
    """Returns True if the value is tensor metadata of the protocol."""
    match value:
        case {"name": str(), "datatype": str(), "shape": [*shape]}:
            return all(type(size) is int for size in shape)
    return False


def build_inputs(metadata, options):
    """Returns the inputs of the model, with made-up data, as JSON."""
    draw = random.Random(options.seed)
    inputs = []
    for tensor in metadata["inputs"]:
        # -1 means any size: the batch size in the first dimension, otherwise 1.
        shape = [1 if size < 0 else size for size in tensor["shape"]]
        if tensor["shape"][:1] == [-1]:
            shape[0] = options.batch_size
        if math.prod(shape) * 8 > BODY_LIMIT:
            raise Failure("too large", f"a request with {math.prod(shape):,} numbers")
        data = [element(tensor["datatype"], draw) for _ in range(math.prod(shape))]
        tensor = {key: tensor[key] for key in ("name", "datatype")}
        inputs.append(tensor | {"shape": shape, "data": data})
    return json.dumps(inputs)


def element(datatype, draw):
    """Makes up one element of a tensor."""
    if datatype == "BOOL":
        return draw.random() < 0.5
    if datatype == "BYTES":
        return f"text {draw.randrange(10)}"
    return draw.randrange(10) if "INT" in datatype else round(draw.random(), 4)


async def infer(session, model, inputs, name):
    """Sends a batch once, and returns the answer."""
    # All requests have the same inputs, so these are converted to JSON only once. They
    # may be large: a file is sent piece by piece, and the event loop can do other work.
    body = io.BytesIO(f'{{"id": {json.dumps(name)}, "inputs": {inputs}}}'.encode())
    path = f"v2/models/{quote(model, safe='')}/infer"
    answer = await call(session, "POST", path, body)
    match answer:
        case {"outputs": [_, *_] as outputs} if all(map(has_data, outputs)):
            return answer
    raise Failure("not the protocol", "no outputs with data that fit their shape")


def has_data(value):
    """Returns True if the number of values matches the shape, flat or nested."""
    if not is_tensor(value) or not isinstance(value.get("data"), list):
        return False
    return len(value["data"]) in (math.prod(value["shape"]), *value["shape"][:1])


async def batch_inference_api(session, model, inputs, options):
    """Sends the requests. Returns an outcome for each, and the seconds they took."""
    permits = asyncio.Semaphore(options.limit)
    start = time.perf_counter()

    async def send(number):
        # Fixed from the beginning: a slow server does not slow down the schedule.
        due = start + (number / options.rate if options.rate else 0)
        await asyncio.sleep(due - time.perf_counter())

        async def operation(attempt):
            return await infer(session, model, inputs, f"{number}.{attempt}")

        return await retry_async(operation, due, permits, options, number)

    outcomes = await asyncio.gather(*map(send, range(options.requests)))
    return outcomes, time.perf_counter() - start


async def sweep(session, model, inputs, options):
    """Prints throughput and p95 at increasing concurrency. Returns all outcomes."""
    count = options.requests // VISITS
    print(f"sweep               {VISITS} visits of {count} requests or more at each level, without retries")
    rates, latencies = {limit: [] for limit in LEVELS}, {limit: [] for limit in LEVELS}
    everything = []
    for visit in range(VISITS):
        # Up and down, so that a change of the server in between shows.
        for limit in LEVELS if visit % 2 == 0 else reversed(LEVELS):
            # A pause before a retry would count as if the server were slow.
            # With few rounds, the last one, in which the server is not busy, would count too much.
            changes = {"requests": max(count, ROUNDS * limit), "limit": limit, "retries": 0}
            level = argparse.Namespace(**vars(options) | changes)
            outcomes, took = await batch_inference_api(session, model, inputs, level)
            answered = [one.since_sent for one in outcomes if one.answer]
            rates[limit].append(len(answered) / took)
            latencies[limit] += answered
            everything += outcomes
    print(f"  {'at once':18}{'throughput':>12}{'95 %':>10}{'p95':>10} since sent")
    for limit in LEVELS:
        mean, half = interval(rates[limit])
        p95 = seconds(percentile(latencies[limit], 95))
        print(f"  {limit:<18}{mean:>10.1f}/s{'±' + format(half, '.1f'):>10}{p95:>10}")
    print_knee(rates, latencies)
    return everything


def interval(sample):
    """The mean of five values, and half of its 95 % confidence interval (Student's t)."""
    return statistics.mean(sample), 2.776 * statistics.stdev(sample) / math.sqrt(len(sample))


def print_knee(rates, latencies):
    """Prints the concurrency beyond which more requests at once only wait, if the measurements show it."""
    medians = [statistics.median(values) for values in latencies.values() if values]
    if not medians:
        return
    best = max(LEVELS, key=lambda limit: statistics.mean(rates[limit]))
    # The concurrency that keeps the server busy without a queue, by Little's law.
    saturation = statistics.mean(rates[best]) * min(medians)
    knee = min(LEVELS, key=lambda limit: abs(math.log(limit / saturation)))
    deciding = [interval(rates[limit]) for limit in LEVELS if limit >= knee or limit == best]
    if any(half > 0.2 * mean for mean, half in deciding):
        print("knee                not clear: the throughput varies too much, so send more --requests")
    elif knee == LEVELS[-1]:
        print(f"knee                none up to {knee} at once")
    else:
        print(f"knee                {knee} at once: more requests only wait")


def percentile(values, p):
    """Interpolates between the two nearest values (type 7), if there are enough."""
    # At least one of them must be above it: p95 needs 20 values, p99 needs 100.
    if len(values) * (100 - p) < 100:
        return None
    place = (len(values) - 1) * p / 100
    below, above = (sorted(values)[index] for index in (int(place), math.ceil(place)))
    return below + (above - below) * (place % 1)


def seconds(value):
    return "-" if value is None else f"{value:.3f} s"


def print_models(models):
    """Prints the inputs of each model, or the failure."""
    took = max(one.since_due for one in models.values())
    print(f"models              {len(models)}, all at once in {took:.3f} s")
    for model, (metadata, failure, *_) in models.items():
        tensors = metadata["inputs"] if metadata else []
        forms = (f"{one['name']} {one['datatype']} {one['shape']}" for one in tensors)
        print(f"  {model:18}{failure or printable(', '.join(forms))}")


def print_outcomes(outcomes, took):
    """Prints the outcomes of the requests, and the time they took."""
    print(f"requests            {len(outcomes)} in {took:.3f} s")
    ends = Counter(
        one.failure.cause if one.failure else "succeeded" for one in outcomes
    )
    for end, count in ends.most_common():
        print(f"  {end:18}{count}")
    attempts = Counter(one.attempts for one in outcomes)
    print(f"attempts            {sum(one.attempts for one in outcomes)}")
    for each, count in sorted(attempts.items()):
        print(f"  {f'{each} for each of':18}{count}")

    answered = [one for one in outcomes if one.answer]
    print(f"throughput          {len(answered) / took:.1f} answers per second")
    print_latencies(answered)


def print_latencies(answered):
    """Prints the percentiles since due and since sent, and why they differ a lot."""
    since_due = [one.since_due for one in answered]
    since_sent = [one.since_sent for one in answered]
    headings = "".join(f"{f'p{p}':>10}" for p in PERCENTILES)
    print(f"latency             {headings} of {len(answered)} that succeeded")
    for name, values in ("since due", since_due), ("since sent", since_sent):
        columns = (seconds(percentile(values, p)) for p in PERCENTILES)
        print(f"  {name:18}" + "".join(f"{column:>10}" for column in columns))

    p = 99 if len(answered) >= 100 else 95
    due, sent = percentile(since_due, p), percentile(since_sent, p)
    if due and due > 2 * sent:
        print(
            f"The p{p} since due is {due / sent:.1f} times that since sent: requests"
            " waited here, for a permit or\na retry. Latency since sent leaves that"
            " out; this is called coordinated omission."
        )


async def heartbeat(lags):
    """Records the delay of each beat, until it is cancelled."""
    while True:
        due = time.perf_counter() + BEAT
        await asyncio.sleep(BEAT)
        lags.append(time.perf_counter() - due)


async def main(options):
    """Returns True if a request succeeded, or if there were no requests."""
    url = options.url
    server = contextlib.nullcontext(url) if url else pretend_server(options)
    async with server as url, open_session(url, options) as session:
        print(f"endpoint            {url}")
        models = await fetch_multiple_models(session, options.model, options)
        model = options.model[0]
        if models[model].failure:
            raise models[model].failure
        print_models(models)
        inputs = build_inputs(models[model].answer, options)
        lags = [0]
        heart = asyncio.create_task(heartbeat(lags))
        if options.sweep:
            outcomes = await sweep(session, model, inputs, options)
        else:
            outcomes, took = await batch_inference_api(session, model, inputs, options)
            print_outcomes(outcomes, took)
        heart.cancel()
    if max(lags) > MOST_LAG:
        print(f"The event loop was up to {max(lags):.3f} s late, so all took longer.")
    return not outcomes or any(one.answer for one in outcomes)


# Name, default, minimum, maximum and help. A whole default: whole numbers only.
NUMBERS = (
    ("requests", 200, 0, 100_000, "number of requests; a sweep sends as many at each level"),
    ("batch-size", 10, 1, 10_000, "samples in a request, if the model allows it"),
    ("limit", 8, 0, 10_000, "requests at once, 0 for no limit"),
    ("timeout", 10.0, 0.001, 3600, "seconds until an attempt is ended"),
    ("retries", 2, 0, 20, "retries after the first attempt"),
    ("rate", 0.0, 0, 10_000, "requests due per second, 0 for all at once"),
    ("latency", 0.1, 0, 60, "average seconds per request of the pretend server"),
    ("capacity", 8, 0, 10_000, "requests that it handles at once, 0 for no limit"),
    ("failure-rate", 0.05, 0, 1, "share of attempts that fail there"),
    ("seed", 7, 0, 2**63, "seed of the random failures"),
)


def url(text):
    """Reads the URL before the protocol's paths, or raises `ValueError`."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError
    parts.hostname.encode("idna")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}/"


def parse_options():
    """Reads the command line, and exits with a message if an option is wrong."""
    about = "Async API calls, part 4 of the guide."
    parser = argparse.ArgumentParser(description=about, usage="%(prog)s [options]")
    add = parser.add_argument
    add("--url", type=url, help="URL of an endpoint, instead of the pretend server")
    add("--model", nargs="+", help="models; the first gets the requests")
    add("--sweep", action="store_true", help="find a good number of requests at once")
    for name, default, _, _, says in NUMBERS:
        add(f"--{name}", type=type(default), default=default, help=says)
    options = parser.parse_args()

    for name, _, least, most, _ in NUMBERS:
        if not least <= getattr(options, name.replace("-", "_")) <= most:
            parser.error(f"--{name} must be from {least} to {most}")
    if options.url and not options.model:
        parser.error("--url needs a --model, too")
    if options.sweep and options.rate:
        parser.error("--sweep varies the concurrency, so it cannot have a --rate")
    options.model = options.model or [*PRETEND_MODELS, "digits-lost"]
    options.limit = options.limit or sys.maxsize
    options.capacity = options.capacity or sys.maxsize
    return options


# --- The pretend server -------------------------------------------------------------

PRETEND_MODELS = ("digits", "digits-small")
PIXELS = 64


@contextlib.asynccontextmanager
async def pretend_server(options):
    """Serves on a free port of this machine, and yields the URL."""
    server = PretendServer(options)
    app = web.Application(client_max_size=BODY_LIMIT)
    app.router.add_get("/v2/models/{model}", server.metadata)
    app.router.add_post("/v2/models/{model}/infer", server.infer)
    # A client that closes its connection leaves the queue.
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


class PretendServer:
    """Speaks the protocol, with models that only pretend to recognise digits."""

    def __init__(self, options):
        self.options = options
        self.permits = asyncio.Semaphore(options.capacity)

    async def metadata(self, request):
        """Returns the inputs and outputs of a model."""
        await asyncio.sleep(self.options.latency)
        name = request.match_info["model"]
        if name not in PRETEND_MODELS:
            error = {"error": f"there is no model `{name}`"}
            return web.json_response(error, status=404)
        images = {"name": "images", "datatype": "FP32", "shape": [-1, PIXELS]}
        label = {"name": "label", "datatype": "INT64", "shape": [-1]}
        return web.json_response({"name": name, "inputs": [images], "outputs": [label]})

    async def infer(self, request):
        """Waits for a permit, takes some time, then answers or fails."""
        body = await request.json()
        # By the name of the request, not by the order of arrival.
        draw = random.Random(f"{self.options.seed} request {body['id']}")
        async with self.permits:
            await asyncio.sleep(self.options.latency * draw.uniform(0.5, 1.5))
        if draw.random() < self.options.failure_rate:
            status = draw.choice([200, 429, 500, 503])
            headers = {"Retry-After": "1"} if status == 429 else {}
            # The body is cut off, so it is not valid JSON.
            text = '{"outputs": [' if status == 200 else '{"error": "on purpose"}'
            headers["Content-Type"] = "application/json"
            return web.Response(status=status, headers=headers, text=text)

        [images] = body["inputs"]
        pixels = images["data"]
        rows = (pixels[at : at + PIXELS] for at in range(0, len(pixels), PIXELS))
        labels = [int(sum(row)) % 10 for row in rows]
        label = {"name": "label", "datatype": "INT64", "shape": [len(labels)]}
        answer = {"model_name": request.match_info["model"], "id": body["id"]}
        return web.json_response(answer | {"outputs": [label | {"data": labels}]})


if __name__ == "__main__":
    try:
        sys.exit(0 if asyncio.run(main(parse_options())) else 1)
    except Failure as failure:
        sys.exit(f"error: {failure}")
    except KeyboardInterrupt:
        sys.exit("stopped")
