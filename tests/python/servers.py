"""A server for the tests of requests, and a host that carries a program's requests to it as the page does."""

import asyncio
import http.client
import json
import pickle
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "static" / "python"))

from interleave.host import WallHost

class CarryingHost(WallHost):
    """Sends requests by another process, because a program's run replaces the functions of sockets in this one.

    Their answers arrive between steps.
    """

    def __init__(self, allowed=("127.0.0.1", "localhost")):
        super().__init__()
        self._allowed = allowed
        self._arrived = queue.SimpleQueue()
        self.requests = self.aborts = 0
        self._carrier = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        # Its start is not part of the first request's time.
        pickle.load(self._carrier.stdout)
        threading.Thread(target=self._read, daemon=True).start()

    def close(self):
        self._carrier.kill()
        self._carrier.wait()
        self._carrier.stdin.close()
        self._carrier.stdout.close()

    def connect(self, number, host, port):
        answer = ("open",) if host in self._allowed else ("failed", f"{host} is not allowed")
        self._arrived.put([(number, 0.0, *answer)])

    def request(self, number, method, url, headers, body):
        pickle.dump((number, method, url, headers, body), self._carrier.stdin)
        self._carrier.stdin.flush()
        self.requests += 1

    def abort(self, number):
        self.aborts += 1

    def deliver(self, run):
        """Passes on what has arrived."""
        while not self._arrived.empty():
            for answer in self._arrived.get():
                run.receive(*answer)

    def _read(self):
        try:
            while True:
                self._arrived.put(pickle.load(self._carrier.stdout))
        except (EOFError, ValueError, OSError):
            pass


def _carry():
    """The other process: a thread for each request."""
    lock = threading.Lock()
    pickle.dump("ready", sys.stdout.buffer)
    sys.stdout.buffer.flush()
    while True:
        try:
            request = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        threading.Thread(target=_send, args=(lock, *request), daemon=True).start()


def _send(lock, number, method, url, headers, body):
    start = time.perf_counter()
    # The body is sent as a whole.
    headers = {name: value for name, value in headers if name.lower() != "transfer-encoding"}

    def answer(*contents):
        """Answers that arrive together, as those of a short response do in the page."""
        after_s = time.perf_counter() - start
        with lock:
            pickle.dump([(number, after_s, *content) for content in contents], sys.stdout.buffer)
            sys.stdout.buffer.flush()

    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    try:
        connection.request(method, f"{parts.path}?{parts.query}" if parts.query else parts.path, body or None, headers)
        response = connection.getresponse()
        head = ("response", response.status, response.getheaders())
        if response.length is not None and response.length <= 65536:
            body = response.read()
            answer(head, *([("chunk", body)] if body else []), ("end",))
            return
        answer(head)
        while chunk := response.read1(65536):
            answer(("chunk", chunk))
        answer(("end",))
    except OSError as error:
        answer(("failed", f"{url} cannot be reached: {error}"))
    finally:
        connection.close()


class Server:
    """A server in a thread of its own. `/slow/<seconds>`, `/status/<code>`, `/chunks/<n>`, `/echo`, `/hang`."""

    def __enter__(self):
        self.in_flight = self.most_in_flight = 0
        self.headers = []
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait()
        return self

    def __exit__(self, *exc_info):
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def _serve(self, ready):
        async def main():
            self._stopping = asyncio.Event()
            server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]
            ready.set()
            async with server:
                await self._stopping.wait()

        self._loop.run_until_complete(main())
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def _connected(self, reader, writer):
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                line, *lines = head.decode().strip().split("\r\n")
                method, target, _ = line.split(" ")
                headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
                self.headers.append(headers)
                body = await _body(reader, headers)
                self.in_flight += 1
                self.most_in_flight = max(self.in_flight, self.most_in_flight)
                try:
                    await self._answer(writer, method, target, body)
                finally:
                    self.in_flight -= 1
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _answer(self, writer, method, target, body):
        path, status, extra = target.partition("?")[0].strip("/").split("/"), 200, ""
        content = json.dumps({"method": method, "target": target, "body": body.decode()}).encode()
        match path:
            case ["slow", seconds]:
                await asyncio.sleep(float(seconds))
            case ["status", code]:
                status, extra = int(code), "Retry-After: 7\r\nX-Twice: a\r\nX-Twice: b\r\n"
            case ["hang"]:
                await asyncio.sleep(60)
            case ["chunks", count]:
                writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                for number in range(int(count)):
                    text = f"line {number}\n".encode()
                    writer.write(b"%x\r\n%s\r\n" % (len(text), text))
                    await writer.drain()
                    await asyncio.sleep(0.02)
                writer.write(b"0\r\n\r\n")
                return
        writer.write(
            f"HTTP/1.1 {status} {http.client.responses[status]}\r\nContent-Type: application/json\r\n{extra}"
            f"Content-Length: {len(content)}\r\n\r\n".encode()
        )
        writer.write(b"" if method == "HEAD" else content)
        await writer.drain()


async def _body(reader, headers):
    if headers.get("transfer-encoding") != "chunked":
        return await reader.readexactly(int(headers.get("content-length", 0)))
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body


if __name__ == "__main__":
    _carry()
