"""Requests of programs: the real clients on our connections, what is recorded, and the second run."""

import os
import subprocess
import sys
import time

import harness
import pytest
from servers import CarryingHost, Server

from interleave import packages
from interleave.host import WallHost

AIOHTTP = """
import asyncio, sys
import aiohttp

URL = sys.argv[1]

async def fetch(session, path):
    try:
        async with session.get(URL + path) as response:
            response.raise_for_status()
            return (await response.json())["target"]
    except aiohttp.ClientResponseError as error:
        return f"{path}: {error.status} {error.message} {error.headers['Retry-After']}"
    except TimeoutError:
        return f"{path}: timed out"

async def main(paths, limit=5, timeout=3):
    connector = aiohttp.TCPConnector(limit=limit)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=timeout)) as session:
        for line in await asyncio.gather(*(fetch(session, path) for path in paths)):
            print(line)
"""

HTTPX = """
import asyncio, sys
import httpx

URL = sys.argv[1]

async def fetch(client, path):
    try:
        response = await client.get(URL + path)
        response.raise_for_status()
        return response.json()["target"]
    except httpx.HTTPStatusError as error:
        return f"{path}: {error.response.status_code} {error.response.headers['Retry-After']}"
    except httpx.TimeoutException:
        return f"{path}: timed out"

async def main(paths, limit=5, timeout=3):
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=limit), timeout=timeout) as client:
        for line in await asyncio.gather(*(fetch(client, path) for path in paths)):
            print(line)
"""

FIFTY = """
asyncio.run(main([f"/slow/0.05?n={n}" for n in range(48)] + ["/status/503", "/hang"]))
"""


@pytest.fixture
def server():
    with Server() as server:
        yield server


@pytest.fixture
def host():
    host = CarryingHost()
    yield host
    host.close()


def run(source, server, host, installed, clock="browser", **options):
    folders = packages.folders(installed)
    # Before the packages of the environment, which has some of them in another form.
    sys.path[:0] = folders
    try:
        return harness.run_source(source, clock, host=host, packages=installed, argv=(server.url,), **options)
    finally:
        del sys.path[: len(folders)]


def cpython(source, server):
    paths = os.pathsep.join(packages.folders(os.listdir(packages.ROOT)))
    ended = subprocess.run(
        [sys.executable, "-c", source, server.url], capture_output=True, text=True, timeout=60,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()


@pytest.mark.parametrize("client", [AIOHTTP, HTTPX], ids=["aiohttp", "httpx"])
def test_fifty_requests_print_the_same_as_under_cpython(client, server, host, installed):
    outcome = run(client + FIFTY, server, host, installed)
    assert (outcome.result.message, server.most_in_flight) == ("", 5)
    assert outcome.printed[-2].startswith("/status/503: 503") and outcome.printed[-1] == "/hang: timed out"
    assert outcome.printed == cpython(client + FIFTY, server)
    requests = [(name, end) for name, parent, end in outcome.tasks() if name.startswith("GET ")]
    assert sorted(requests) == [("GET /hang", "C"), *[("GET /slow/0.05", "S")] * 48, ("GET /status/503", "S")]
    assert host.aborts == 1


def test_each_request_is_a_task_with_its_phases(server, host, installed):
    source = AIOHTTP + "\nasyncio.run(main(['/chunks/3', '/slow/0.05'], limit=1))"
    outcome = run(source, server, host, installed)
    tasks = {name: number for number, (name, parent, end) in enumerate(outcome.tasks(), 1)}
    # `/chunks` is not JSON, so the program fails; the request has succeeded.
    assert outcome.kinds(tasks["GET /chunks/3"]) == "s(>)<cccS"
    assert outcome.record["tasks"]["parent"][tasks["GET /chunks/3"] - 1] == 2
    [request_wait] = outcome.waits("GET /chunks/3")
    assert request_wait[1] == "response"


def test_a_task_waits_for_its_request_and_for_the_connector(server, host, installed):
    outcome = run(AIOHTTP + "\nasyncio.run(main(['/slow/0.05'] * 3, limit=1))", server, host, installed)
    numbers = [number for number, (name, *_) in enumerate(outcome.tasks(), 1) if name.startswith("GET ")]
    line = AIOHTTP[: AIOHTTP.index("async with session.get")].count("\n") + 1
    waits = outcome.waits("fetch")
    assert [(line, {"tasks": [number]}) in waits for number in numbers] == [True] * 3
    [connector] = [thing for thing in outcome.record["waits"]["objects"] if thing["kind"] == "semaphore"]
    assert (connector["name"], connector["permits"]) == ("connector", 1)
    fetches = [outcome.kinds(number) for number, (name, *_) in enumerate(outcome.tasks(), 1) if name == "fetch"]
    assert ["q" in kinds for kinds in fetches] == [False, True, True]


def test_the_second_run_is_answered_as_the_first_was(server, host, installed):
    source = AIOHTTP + "\nasyncio.run(main([f'/slow/0.2?n={n}' for n in range(6)] + ['/status/429'], limit=2))"
    first = run(source, server, host, installed)
    asked = len(server.headers)
    began = time.perf_counter()
    second = run(source, server, WallHost(), installed, "virtual", replies=first.run.replies)
    assert second.printed == first.printed and len(first.printed) == 7
    assert len(server.headers) == asked
    assert time.perf_counter() - began < second.record["events"]["after_us"][-1] / 1e6 + 10
    # Three rounds of 0.2 s, on the virtual clock.
    ends = sum(second.record["events"]["after_us"]) / 1e6
    assert 0.6 <= ends < 1.5


def test_a_request_without_a_recording_is_never_sent(server, host, installed):
    source = AIOHTTP + "\nimport time\nasyncio.run(main([f'/echo/{time.perf_counter_ns()}']))"
    first = run(source, server, host, installed)
    second = run(source, server, WallHost(), installed, "virtual", replies=first.run.replies)
    assert len(server.headers) == 1
    assert "the first run did not send this `GET " in second.result.message


def test_stop_aborts_every_request(server, host, installed):
    source = AIOHTTP + "\nasyncio.run(main(['/hang'] * 8, limit=0, timeout=30))"
    outcome = run(source, server, host, installed, stop_when=lambda: host.requests == 8)
    assert outcome.result.ending == "stopped"
    assert host.aborts == 8
    ends = [end for name, parent, end in outcome.tasks() if name == "GET /hang"]
    assert ends == ["C"] * 8


@pytest.mark.parametrize("source, text", [
    ("aiohttp.ClientSession().get('http://other.example/x')",
     "ClientConnectorError Cannot connect to host other.example:80 ssl:default [other.example is not allowed]"),
    ("aiohttp.ClientSession().get('https://other.example:8443/x')",
     "ClientConnectorError Cannot connect to host other.example:8443 ssl:default [other.example is not allowed]"),
    ("aiohttp.ClientSession().ws_connect(URL)",
     "ClientOSError [Errno 111] a program in the page cannot open WebSockets. Use requests"),
    ("aiohttp.ClientSession().get('other.example/x')", "InvalidUrlClientError other.example/x"),
    ("asyncio.open_connection('other.example', 80)", "NoNetwork [Errno 111] other.example is not allowed"),
], ids=["host", "port", "websocket", "scheme", "connection"])
def test_a_failure_is_the_clients_own_error(source, text, server, host, installed):
    program = f"""
async def ask():
    try:
        await {source}
    except Exception as error:
        print(type(error).__name__, error)
asyncio.run(ask())
"""
    outcome = run(AIOHTTP + program, server, host, installed)
    assert outcome.printed == [text]


def test_bytes_that_are_not_http_are_named(server, host, installed):
    program = """
import asyncio, sys
from urllib.parse import urlsplit
async def main():
    url = urlsplit(sys.argv[1])
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(b"\\x01\\x02 hello\\r\\n\\r\\n")
    try:
        await reader.read()
    except OSError as error:
        print("HTTP/1.1" in str(error))
asyncio.run(main())
"""
    assert run(program, server, host, installed).printed == ["True"]


def test_bodies_and_headers_arrive(server, host, installed):
    program = AIOHTTP + """
async def post():
    async with aiohttp.ClientSession(headers={"X-Own": "1"}) as session:
        async with session.post(URL + "/echo?a=b", json={"a": [1, 2]}) as response:
            print(response.status, response.headers["Content-Type"], await response.text())
        async with session.put(URL + "/echo", data=b"x" * 300_000) as response:
            print(len((await response.json())["body"]))
        async with session.head(URL + "/echo") as response:
            print(response.status, await response.read())
        async with session.get(URL + "/chunks/3") as response:
            print([line async for line in response.content])
asyncio.run(post())
"""
    outcome = run(program, server, host, installed)
    assert outcome.printed == cpython(program, server)
    assert outcome.printed[0] == (
        '200 application/json {"method": "POST", "target": "/echo?a=b", "body": "{\\"a\\": [1, 2]}"}'
    )
    assert server.headers[0]["x-own"] == "1"


def test_on_the_virtual_clock_servers_cannot_be_asked(server, host, installed):
    outcome = run(AIOHTTP + "\nasyncio.run(main(['/echo']))", server, host, installed, "virtual")
    assert "Choose the real clock" in outcome.result.message
    assert server.headers == []


class PretendServer:
    """The model server's logic on the virtual clock: each request takes 0.1 s, one after the other."""

    def __init__(self):
        self.queue = []

    def begin(self, number, method, path, body):
        self.queue.append((number, path))
        steps = [["response", number, 200, [["content-type", "application/json"]]]]
        return steps + self._work(len(self.queue) == 1)

    def wake(self, number):
        done, path = self.queue.pop(0)
        assert done == number
        return [["body", number, f'{{"target": "{path}"}}'.encode()], *self._work(self.queue)]

    def abort(self, number):
        was_first = self.queue[0][0] == number
        self.queue = [entry for entry in self.queue if entry[0] != number]
        return self._work(was_first and self.queue)

    def _work(self, begins):
        return [["works", self.queue[0][0], 0.1]] if begins else []


def test_on_the_virtual_clock_the_model_server_is_asked(installed):
    url = "http://site.example/interleave/api/"
    source = AIOHTTP + "\nimport time\nasyncio.run(main([f'{n}' for n in range(20)], timeout=60))\nprint(time.perf_counter())"
    outcome = harness.run_source(
        source, "virtual", packages=installed, argv=(url,), environ={"MODEL_SERVER_URL": url}, server=PretendServer()
    )
    assert outcome.printed[:-1] == [str(n) for n in range(20)]
    assert float(outcome.printed[-1]) % 100 == pytest.approx(2, abs=0.001)
    assert [end for name, _, end in outcome.tasks() if name.startswith("GET ")] == ["S"] * 20


@pytest.mark.parametrize("path, text", [
    ("http://site.example/interleave/", "only use the model server at http://site.example/interleave/api/"),
    ("http://other.example/", "Choose the real clock"),
])
def test_on_the_virtual_clock_nothing_else_is_asked(path, text, installed):
    url = "http://site.example/interleave/api/"
    outcome = harness.run_source(
        AIOHTTP + "\nasyncio.run(main(['x']))", "virtual", packages=installed, argv=(path,),
        environ={"MODEL_SERVER_URL": url}, server=PretendServer(),
    )
    assert text in outcome.result.message


def test_a_timeout_on_the_virtual_clock_leaves_the_servers_queue(installed):
    url, server = "http://site.example/api/", PretendServer()
    outcome = harness.run_source(
        AIOHTTP + "\nasyncio.run(main(['a', 'b', 'c', 'd'], timeout=0.25))", "virtual", packages=installed, argv=(url,),
        environ={"MODEL_SERVER_URL": url}, server=server,
    )
    # Two of them are served before.
    assert sorted(line.partition(": ")[2] for line in outcome.printed) == ["", "", "timed out", "timed out"]
    assert server.queue == []


def test_a_server_says_that_there_is_none(server, host, installed):
    program = """
import asyncio
from aiohttp import web
async def main():
    runner = web.AppRunner(web.Application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
asyncio.run(main())
"""
    result = run(program, server, host, installed).result
    assert result.error == "NoNetwork" and "there is no server" in result.message


def test_a_program_of_the_guide_with_files_runs_unmodified(installed):
    root = harness.ROOT / "static"
    files = {
        "python/async_file_io.py": (root / "python/async_file_io.py").read_text(),
        "data/digits.csv": (root / "data/digits.csv").read_bytes(),
    }
    outcome = harness.run_files(harness.Files(files, "python/async_file_io.py"), "browser", packages=installed)
    assert outcome.result.message == ""
    # aiofiles hands over calls that take no time in the page.
    assert not [note for note in outcome.notes if "no threads" in note]


@pytest.mark.parametrize("client", [AIOHTTP, HTTPX], ids=["aiohttp", "httpx"])
def test_hosts_have_names(client, server, host, installed):
    source = client.replace("URL = sys.argv[1]", "URL = sys.argv[1].replace('127.0.0.1', 'localhost')")
    outcome = run(source + "\nasyncio.run(main(['/echo']))", server, host, installed)
    assert outcome.printed == ["/echo"]


def test_httpx_uses_a_connection_again(server, host, installed):
    source = HTTPX + "\nasyncio.run(main(['/echo'] * 4, limit=1))"
    outcome = run(source, server, host, installed)
    connects = [reply for reply in outcome.run.replies if reply[0] == "CONNECT"]
    assert len(connects) == 1 and outcome.printed == ["/echo"] * 4


def test_the_second_run_answers_requests_with_random_parts(server, host, installed):
    source = AIOHTTP + """
async def upload():
    async with aiohttp.ClientSession() as session:
        form = aiohttp.FormData()
        form.add_field("file", b"abc", filename="a.txt")
        async with session.post(URL + "/echo", data=form) as response:
            print(response.status, "abc" in (await response.json())["body"])
asyncio.run(upload())
"""
    first = run(source, server, host, installed)
    second = run(source, server, WallHost(), installed, "virtual", replies=first.run.replies)
    assert first.printed == second.printed == ["200 True"]


def test_responses_without_a_body_are_complete(server, host, installed):
    source = AIOHTTP + """
async def ask():
    async with aiohttp.ClientSession() as session:
        response = await session.head(URL + "/echo")
        print(response.status, int(response.headers["Content-Length"]) > 0)
        response = await session.get(URL + "/status/204")
        print(response.status)
asyncio.run(ask())
"""
    outcome = run(source, server, host, installed)
    assert outcome.printed == ["200 True", "204"]
    assert [end for name, _, end in outcome.tasks() if "/" in name] == ["S", "S"]
    assert host.aborts == 0


def test_what_a_program_leaves_open_is_aborted(server, host, installed):
    source = AIOHTTP + """
async def leave():
    global session, response
    session = aiohttp.ClientSession()
    response = await session.get(URL + "/chunks/100")
    print(response.status)
asyncio.run(leave())
"""
    outcome = run(source, server, host, installed)
    assert outcome.printed == ["200"] and host.aborts == 1
    assert [end for name, _, end in outcome.tasks() if name == "GET /chunks/100"] == ["C"]


def test_the_reason_of_a_failure_is_in_the_log(server, host, installed):
    source = HTTPX + """
async def ask():
    async with httpx.AsyncClient() as client:
        try:
            await client.get("http://other.example/")
        except httpx.ConnectError as error:
            print(error)
asyncio.run(ask())
"""
    outcome = run(source, server, host, installed)
    assert outcome.printed == ["All connection attempts failed"]
    assert "A request failed: other.example is not allowed." in outcome.notes
