"""Part 4, async API calls: one session for all requests, and one outcome for each.

Asks an inference endpoint what its models take, then sends it batches of made-up data:
a limited number at once, each with a timeout, failures counted by cause, and temporary
failures retried. At the end it prints how long that took, from when a request was due
and from when it was sent. The endpoint can be any that speaks the Open Inference
Protocol v2. Without one, this file starts a server that pretends to be one.

    pip install aiohttp
    python async_api_calls.py                asks the pretend server, for three seconds
    python async_api_calls.py --rate 100     at a fixed rate, however slow the answers
    python async_api_calls.py --sweep        finds how many at once are worth it
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
import sys
import time
from collections import Counter
from typing import NamedTuple
from urllib.parse import quote, urlsplit

import aiohttp
from aiohttp import web

# In bytes, of a body either way.
BODY_LIMIT = 16 << 20

# The statuses that may be gone another time.
TRANSIENT = {408, 429, 500, 502, 503, 504}

# In seconds.
BASE = 0.1
CAP = 2
PATIENCE = 30
BEAT = 0.02
MOST_LAG = 0.05

PERCENTILES = (50, 95, 99)
LEVELS = (1, 2, 4, 8, 16, 32)


class Failure(Exception):
    """Why there is no answer: a cause that can be counted, and the facts."""

    def __init__(self, cause, facts, is_transient=False, retry_after=0):
        super().__init__(f"{cause}: {printable(facts)}")
        self.cause = cause
        self.is_transient = is_transient
        self.retry_after = retry_after


def printable(text):
    """Returns a line of what a server sent, which must not play with our terminal."""
    text = "".join(char if char.isprintable() else " " for char in str(text)[:200])
    return " ".join(text.split())


class Outcome(NamedTuple):
    """The result of a request, whether it succeeded or failed."""

    answer: dict | None
    failure: Failure | None
    attempts: int
    from_schedule: float  # seconds from when it was due to its end
    from_send: float  # seconds that the last attempt took


def open_session(url, options):
    """Makes the session, which keeps connections open for the next request."""
    return aiohttp.ClientSession(
        base_url=url,
        headers={"Content-Type": "application/json"},
        timeout=aiohttp.ClientTimeout(total=options.timeout),
        # Our semaphore limits already. A second queue, here, would be an unseen one.
        connector=aiohttp.TCPConnector(limit=0),
    )


async def call(session, method, path, body=None):
    """Sends a request once, and returns the JSON of its reply or raises `Failure`."""
    try:
        async with session.request(method, path, data=body) as response:
            content = await read_body(response)
    except TimeoutError:
        limit = session.timeout.total
        raise Failure("timed out", f"no reply within {limit:g} s", True) from None
    except aiohttp.ClientConnectorError as error:
        raise Failure("unreachable", error.strerror or error, True) from error
    except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError) as error:
        raise Failure("connection lost", error, True) from error
    except aiohttp.ClientError as error:
        facts = getattr(error, "message", "") or type(error).__name__
        raise Failure("not the protocol", facts) from error

    if response.status // 100 != 2:
        facts = server_message(content) or response.reason
        wait = parse_retry_after(response.headers.get("Retry-After", ""))
        is_transient = response.status in TRANSIENT and wait <= PATIENCE
        raise Failure(f"HTTP {response.status}", facts, is_transient, wait)
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        beginning = content[:60].decode(errors="replace")
        raise Failure("not JSON", beginning or "the body is empty") from None


async def read_body(response):
    """Reads piece by piece, to stop as soon as it is too much."""
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > BODY_LIMIT:
            raise Failure("too large", f"a reply of more than {BODY_LIMIT >> 20} MB")
    return bytes(body)


def server_message(content):
    """Returns what a server says about its error, if that is for people to read."""
    try:
        return json.loads(content)["error"]
    except (ValueError, LookupError, TypeError, RecursionError):
        text = content.decode(errors="replace").strip()
        return "" if text.startswith("<") else text


def parse_retry_after(header):
    """Returns how many seconds the header says to wait: it has them, or a date."""
    try:
        if header.isdecimal():
            return int(header)
        date = email.utils.parsedate_to_datetime(header)
        return max(0, date.timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0


async def retry_async(operation, due, permits, options, name):
    """Tries while that may help. Never raises a `Failure`: it is an outcome, too."""
    draw = random.Random(f"{options.seed} {name}")
    # The permit is kept through pauses: a server in trouble gets less to do.
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
            # At random, so that not all come back at the same moment.
            pause = draw.uniform(0, min(CAP, BASE * 2 ** (attempt - 1)))
            await asyncio.sleep(failure.retry_after + pause)


async def fetch_model_metadata(session, model):
    """Returns what the model takes and gives."""
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
    """Tells whether the value describes a tensor in the protocol's way."""
    match value:
        case {"name": str(), "datatype": str(), "shape": [*shape]}:
            return all(type(size) is int for size in shape)
    return False


def build_inputs(metadata, options):
    """Returns the inputs that the model wants, with made-up data, as JSON."""
    draw = random.Random(options.seed)
    inputs = []
    for tensor in metadata["inputs"]:
        # -1 is any size: in the first dimension the batch, else one is enough.
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
    # The inputs are the same for all, so they become JSON only once. They may be large:
    # as a file, they are sent piece by piece, and the loop can do other work meanwhile.
    body = io.BytesIO(f'{{"id": {json.dumps(name)}, "inputs": {inputs}}}'.encode())
    path = f"v2/models/{quote(model, safe='')}/infer"
    answer = await call(session, "POST", path, body)
    match answer:
        case {"outputs": [_, *_] as outputs} if all(map(has_data, outputs)):
            return answer
    raise Failure("not the protocol", "no outputs with data that fit their shape")


def has_data(value):
    """Tells whether a tensor has as many data as its shape says, flat or in rows."""
    if not is_tensor(value) or not isinstance(value.get("data"), list):
        return False
    return len(value["data"]) in (math.prod(value["shape"]), *value["shape"][:1])


async def batch_inference_api(session, model, inputs, options):
    """Sends the requests; returns an outcome for each, and the seconds they took."""
    permits = asyncio.Semaphore(options.limit)
    start = time.perf_counter()

    async def send(number):
        # Fixed from the beginning: a server that is slow does not slow the schedule.
        due = start + (number / options.rate if options.rate else 0)
        await asyncio.sleep(due - time.perf_counter())

        async def operation(attempt):
            return await infer(session, model, inputs, f"{number}.{attempt}")

        return await retry_async(operation, due, permits, options, number)

    outcomes = await asyncio.gather(*map(send, range(options.requests)))
    return outcomes, time.perf_counter() - start


async def sweep(session, model, inputs, options):
    """Prints what more at once bring, and returns all outcomes."""
    count = options.requests // 5
    print(f"sweep               {count} requests each, none tried again")
    print(f"  {'at once':18}{'throughput':>12}{'p95':>10} since sent")
    rates, everything = {}, []
    for limit in LEVELS:
        # A pause before another attempt would count as if the server were slow.
        changes = {"requests": count, "limit": limit, "retries": 0}
        level = argparse.Namespace(**vars(options) | changes)
        outcomes, took = await batch_inference_api(session, model, inputs, level)
        latencies = [one.from_send for one in outcomes if one.answer]
        rates[limit] = len(latencies) / took
        p95 = seconds(percentile(latencies, 95))
        print(f"  {limit:<18}{rates[limit]:>10.1f}/s{p95:>10}")
        everything += outcomes
    if best := max(rates.values()):
        knee = min(limit for limit in LEVELS if rates[limit] >= 0.9 * best)
        print(f"knee                {knee}, the fewest within 10 % of the best")
    return everything


def percentile(values, p):
    """Interpolates between the two nearest values (type 7), if there are enough."""
    # One of them has to be above it: p95 wants 20, p99 wants 100.
    if len(values) * (100 - p) < 100:
        return None
    place = (len(values) - 1) * p / 100
    below, above = (sorted(values)[index] for index in (int(place), math.ceil(place)))
    return below + (above - below) * (place % 1)


def seconds(value):
    return "-" if value is None else f"{value:.3f} s"


def print_models(models):
    """Prints what each model takes, or why that is not known."""
    took = max(one.from_schedule for one in models.values())
    print(f"models              {len(models)}, all at once in {took:.3f} s")
    for model, (metadata, failure, *_) in models.items():
        tensors = metadata["inputs"] if metadata else []
        forms = (f"{one['name']} {one['datatype']} {one['shape']}" for one in tensors)
        print(f"  {model:18}{failure or printable(', '.join(forms))}")


def print_outcomes(outcomes, took):
    """Prints how the requests ended, and how long they took."""
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
    """Prints percentiles both ways, and why they differ if they do so much."""
    from_schedule = [one.from_schedule for one in answered]
    from_send = [one.from_send for one in answered]
    headings = "".join(f"{f'p{p}':>10}" for p in PERCENTILES)
    print(f"latency             {headings} of {len(answered)} that succeeded")
    for name, values in ("since due", from_schedule), ("since sent", from_send):
        columns = (seconds(percentile(values, p)) for p in PERCENTILES)
        print(f"  {name:18}" + "".join(f"{column:>10}" for column in columns))

    p = 99 if len(answered) >= 100 else 95
    felt, served = percentile(from_schedule, p), percentile(from_send, p)
    if felt and felt > 2 * served:
        print(
            f"The p{p} since due is {felt / served:.1f} times that since sent:"
            " requests waited here, for the limit or\nanother attempt. Latencies from"
            " send leave that out; this is called coordinated omission."
        )


async def heartbeat(lags):
    """Notes how late each beat comes, until it is cancelled."""
    while True:
        due = time.perf_counter() + BEAT
        await asyncio.sleep(BEAT)
        lags.append(time.perf_counter() - due)


async def main(options):
    """Returns whether anything succeeded, if anything was to."""
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
        print(f"All took longer, as the event loop itself was {max(lags):.3f} s late.")
    return not outcomes or any(one.answer for one in outcomes)


# Name, default, least, most, and what it says. Whole defaults want whole numbers.
NUMBERS = (
    ("requests", 200, 0, 100_000, "how many; a fifth at each level of a sweep"),
    ("batch-size", 10, 1, 10_000, "samples in a request, if the model lets us choose"),
    ("limit", 8, 0, 10_000, "requests at once, 0 for no limit"),
    ("timeout", 10.0, 0.001, 3600, "seconds until an attempt is ended"),
    ("retries", 2, 0, 20, "attempts that may follow the first"),
    ("rate", 0.0, 0, 10_000, "requests due per second, 0 for all at once"),
    ("latency", 0.1, 0, 60, "average seconds that the pretend server takes"),
    ("capacity", 8, 0, 10_000, "requests that it serves at once, 0 for no limit"),
    ("failure-rate", 0.05, 0, 1, "share of attempts that it lets fail"),
    ("seed", 7, 0, 2**63, "another seed, other failures"),
)


def url(text):
    """Reads a URL that the protocol's paths can follow, or raises `ValueError`."""
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
    add("--url", type=url, help="of an endpoint, instead of the pretend server")
    add("--model", nargs="+", help="models to ask about; the first gets the requests")
    add("--sweep", action="store_true", help="find how many at once are worth it")
    for name, default, _, _, says in NUMBERS:
        add(f"--{name}", type=type(default), default=default, help=says)
    options = parser.parse_args()

    for name, _, least, most, _ in NUMBERS:
        if not least <= getattr(options, name.replace("-", "_")) <= most:
            parser.error(f"--{name} must be from {least} to {most}")
    if options.url and not options.model:
        parser.error("--url needs a --model, too")
    if options.sweep and options.rate:
        parser.error("a sweep goes by how many are at once, so it has no --rate")
    options.model = options.model or [*PRETEND_MODELS, "digits-lost"]
    options.limit = options.limit or sys.maxsize
    options.capacity = options.capacity or sys.maxsize
    return options


# --- The pretend server, for those who have none ------------------------------------

PRETEND_MODELS = ("digits", "digits-small")
PIXELS = 64


@contextlib.asynccontextmanager
async def pretend_server(options):
    """Serves on a free port of this machine, and yields the URL."""
    server = PretendServer(options)
    app = web.Application(client_max_size=BODY_LIMIT)
    app.router.add_get("/v2/models/{model}", server.metadata)
    app.router.add_post("/v2/models/{model}/infer", server.infer)
    # A client that hangs up leaves the queue.
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


class PretendServer:
    """Speaks the protocol; its models only pretend to know digits."""

    def __init__(self, options):
        self.options = options
        self.places = asyncio.Semaphore(options.capacity)

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
        """Waits for a place, takes some time there, then answers or fails."""
        body = await request.json()
        # By the name of the request, not by the order in which they come.
        draw = random.Random(f"{self.options.seed} request {body['id']}")
        async with self.places:
            await asyncio.sleep(self.options.latency * draw.uniform(0.5, 1.5))
        if draw.random() < self.options.failure_rate:
            status = draw.choice([200, 429, 500, 503])
            headers = {"Retry-After": "1"} if status == 429 else {}
            # What breaks off is no JSON.
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
