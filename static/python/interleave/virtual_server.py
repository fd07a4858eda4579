"""The page's own model server for programs on the virtual clock. Its latency passes on that clock."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from .network import Network

SERVER_URL = "MODEL_SERVER_URL"
"""The environment variable with the address of the model server."""

_OTHER = (
    "on the virtual clock, a program can send requests only to the model server of this page, because time stands still "
    "for all others. Choose the real clock."
)


class VirtualServer:
    """A `network.Carrier`.

    `server` is the server's logic (`model-server/src/stepped.rs`), with the methods `begin(number, method, path, body)`,
    `wake(number)` and `abort(number)`. Each returns what happens then: `["response", number, status, headers]`,
    `["works", number, seconds]` and `["body", number, bytes]`. It is None if there is none.
    """

    network: Network

    def __init__(self, server, url: str | None):
        self._server = server
        self._url = url or ""
        self._address = _address(self._url)
        self._sent_at: dict[int, float] = {}

    def connect(self, number: int, host: str, port: int) -> None:
        is_there = self._server is not None and (host, port) == self._address
        self._soon(number, *(("open",) if is_there else ("failed", _OTHER)))

    def request(self, number: int, method: str, url: str, headers: list[tuple[str, str]], body: bytes) -> None:
        if not url.startswith(self._url):
            self._soon(number, "failed", f"of this site, a program can only use the model server at {self._url}")
            return
        loop = asyncio.get_running_loop()
        self._sent_at[number] = loop.time()
        self._follow(loop, self._server.begin(number, method, url.removeprefix(self._url), body))

    def abort(self, number: int) -> None:
        if self._sent_at.pop(number, None) is not None:
            self._follow(asyncio.get_running_loop(), self._server.abort(number))

    def _soon(self, number: int, kind: str, *content) -> None:
        asyncio.get_running_loop().call_soon(self.network.receive, number, 0.0, kind, *content)

    def _follow(self, loop, steps) -> None:
        for kind, number, *content in steps:
            if kind == "works":
                loop.call_later(content[0], self._wake, loop, number)
            elif kind == "response":
                status, headers = content
                loop.call_soon(self._receive, number, "response", status, [(name, value) for name, value in headers])
            else:
                loop.call_soon(self._receive_body, number, bytes(content[0]))

    def _wake(self, loop, number: int) -> None:
        self._follow(loop, self._server.wake(number))

    def _receive_body(self, number: int, body: bytes) -> None:
        self._receive(number, "chunk", body)
        self._receive(number, "end")
        self._sent_at.pop(number, None)

    def _receive(self, number: int, kind: str, *content) -> None:
        if number in self._sent_at:
            after_s = asyncio.get_running_loop().time() - self._sent_at[number]
            self.network.receive(number, after_s, kind, *content)


def _address(url: str) -> tuple[str | None, int | None]:
    """Host and port. The reader may have typed another address, which need not be one."""
    try:
        parts = urlsplit(url)
        return parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None, None
