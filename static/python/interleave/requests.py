"""The requests of a program as tasks of the record: sent, first byte, chunks, end."""

from __future__ import annotations

import asyncio
import sys

from .columns import BEGAN, CANCELLED, CHUNK, ERROR, FAILED, FIRST_BYTE, SENT, SUCCEEDED, WAITS
from .polls import Recorder

_LONGEST_NAME = 100


class Requests:
    """Records each request as a task inside the one that sends it. The latter waits for it."""

    def __init__(self, recorder: Recorder):
        self._recorder = recorder

    def begin(self, method: str, target: str) -> int:
        """A request is sent now. Returns the number of its task; 0 if nothing is recorded any more."""
        recorder = self._recorder
        parent = self._sender()
        # A query may contain keys.
        number = recorder.add_row(f"{method} {target.partition('?')[0]}"[:_LONGEST_NAME], parent)
        if not number:
            return 0
        for kind in (BEGAN, SENT, WAITS):
            recorder.add_event(number, kind)
        recorder.record.wait.append(recorder.waits.response(sys._getframe(1)))
        recorder.waits.open_requests.setdefault(parent, []).append(number)
        return number

    def _sender(self) -> int:
        """The current task. Some clients have a task of their own that writes the request; then the one that created it."""
        recorder = self._recorder
        try:
            code = getattr(asyncio.current_task().get_coro(), "cr_code", None)
        except (AttributeError, RuntimeError):
            return recorder.current
        is_own = code is None or recorder.sources[code.co_filename] >= 0
        return recorder.current if is_own else recorder.record.task_parent[recorder.current] or recorder.current

    def first_byte(self, number: int) -> None:
        """Status and headers have arrived."""
        self._recorder.add_event(number, FIRST_BYTE)

    def chunk(self, number: int) -> None:
        """A part of the body has arrived."""
        self._recorder.add_event(number, CHUNK)

    def end(self, number: int, failed: str | None = None) -> None:
        """The response is complete, or has failed for a reason."""
        self._recorder.add_event(number, SUCCEEDED if failed is None else FAILED)
        if failed is not None and number:
            self._recorder.note(ERROR, failed, number)
        self._close(number)

    def abort(self, number: int) -> None:
        """The client has closed the connection."""
        self._recorder.add_event(number, CANCELLED)
        self._close(number)

    def abort_all(self) -> None:
        """The program has ended, and has left requests open."""
        for numbers in list(self._recorder.waits.open_requests.values()):
            for number in list(numbers):
                self.abort(number)

    def _close(self, number: int) -> None:
        if number:
            parent = self._recorder.record.task_parent[number]
            found = self._recorder.waits.open_requests.get(parent, [])
            if number in found:
                found.remove(number)
