"""What servers answered in a run, again in a second one on the virtual clock. Nothing is sent.

The times between a request and the parts of its response are those of the first run, on the virtual clock. They take no
real time.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .network import Network


class Replay:
    """A `network.Carrier`. `replies` lists the answers to each request of the first run, in the order of sending.

    A reply is `(method, url, body, answers)`, and an answer is `[after_s, kind, *content]`, see `Network.receive`. Requests
    that are the same get their replies in that order. A question if a host may be asked has the method `CONNECT`, the URL
    `<host>:<port>` and no body.
    """

    network: Network

    def __init__(self, replies: list):
        self._replies = defaultdict(deque)
        for method, url, body, answers in replies:
            self._replies[method, url, body].append(answers)
        self._timers: dict[int, asyncio.TimerHandle] = {}

    def connect(self, number: int, host: str, port: int) -> None:
        replies = self._replies["CONNECT", f"{host}:{port}", b""]
        self._answer(number, replies.popleft() if replies else [[0.0, "open"]])

    def request(self, number: int, method: str, url: str, headers: list[tuple[str, str]], body: bytes) -> None:
        replies = self._replies[method, url, body] or self._similar(method, url)
        # A query may contain keys.
        place = url.partition("?")[0]
        why = f"the first run did not send this `{method} {place}`, or its responses were too large to be kept"
        self._answer(number, replies.popleft() if replies else [[0.0, "failed", why]])

    def _similar(self, method: str, url: str) -> deque:
        """The replies to another request with this method and path. A program may send something random, such as the
        boundary of a form."""
        place = url.partition("?")[0]
        for (other, other_url, _), replies in self._replies.items():
            if replies and other == method and other_url.partition("?")[0] == place:
                return replies
        return deque()

    def _answer(self, number: int, answers: list) -> None:
        loop = asyncio.get_running_loop()
        self._wait(loop, number, loop.time(), deque(answers))

    def _wait(self, loop, number: int, sent_at: float, answers: deque) -> None:
        # One timer at a time: the order of timers that are due together is not defined.
        if answers:
            self._timers[number] = loop.call_at(sent_at + answers[0][0], self._deliver, loop, number, sent_at, answers)
        else:
            self._timers.pop(number, None)

    def _deliver(self, loop, number: int, sent_at: float, answers: deque) -> None:
        after_s = answers[0][0]
        while answers and answers[0][0] <= after_s:
            self.network.receive(number, *answers.popleft())
        self._wait(loop, number, sent_at, answers)

    def abort(self, number: int) -> None:
        timer = self._timers.pop(number, None)
        if timer is not None:
            timer.cancel()
