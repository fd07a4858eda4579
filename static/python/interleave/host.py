"""The host: what a run needs from the world outside it.

In the page, the host is the worker's JavaScript. In tests and on the command line it is `WallHost`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from .errors import NoNetwork

if TYPE_CHECKING:
    from .columns import Piece


class Host(Protocol):
    """The functions that a run calls."""

    def now(self) -> float:
        """The real time in seconds since any fixed moment. It never goes back."""

    def sleep(self, seconds: float) -> None:
        """Blocks for this time. `time.sleep` calls it on the real clock."""

    def wake(self) -> None:
        """Something became ready outside of a step: the host must call `Run.step` again soon."""

    def send(self, piece: Piece) -> None:
        """Takes the next piece of the record. Called during steps, also while the program computes."""

    def connect(self, number: int, host: str, port: int) -> None:
        """See `network.Carrier`: a host carries the requests of a program on the real clock."""

    def request(self, number: int, method: str, url: str, headers: list[tuple[str, str]], body: bytes) -> None:
        """See `network.Carrier`."""

    def abort(self, number: int) -> None:
        """See `network.Carrier`."""


class HostFunctions:
    """A host made of functions.

    JavaScript passes `send`, `wake`, `sleep` and the functions of a carrier. By default the time is Python's own
    `time.perf_counter`, because a call of a JavaScript function takes longer than everything else that is done for an
    event.
    """

    def __init__(
        self,
        send: Callable[[Piece], object],
        wake: Callable[[], object],
        sleep: Callable[[float], object],
        connect: Callable[[int, str, int], object],
        request: Callable[[int, str, str, list, bytes], object],
        abort: Callable[[int], object],
        now: Callable[[], float] = time.perf_counter,
    ):
        self.send = send
        self.wake = wake
        self.sleep = sleep
        self.connect = connect
        self.request = request
        self.abort = abort
        self.now = now


class WallHost:
    """A host that really waits, for programs under CPython. It collects the pieces in `pieces`, and has no servers."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.now = time.perf_counter
        self.sleep = time.sleep

    def wake(self) -> None:
        """Does nothing: the host calls `step` as soon as the loop is due."""

    def send(self, piece: Piece) -> None:
        self.pieces.append(piece)

    def connect(self, number: int, host: str, port: int) -> None:
        raise NoNetwork(f"there is no network here, so {host} cannot be reached")

    def request(self, number: int, method: str, url: str, headers: list[tuple[str, str]], body: bytes) -> None:
        raise NoNetwork(f"there is no network here, so {url} cannot be reached")

    def abort(self, number: int) -> None:
        """Nothing was sent."""
