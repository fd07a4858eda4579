"""The calls that a program hands to the threads and processes of an executor, as tasks of the record.

A call is a task inside the one that handed it over: created then, running from when a thread takes it, ended when the
function returns. Of a process only the end is known, so its call runs from the beginning.
"""

from __future__ import annotations

import concurrent.futures
import functools
import threading
from collections import deque
from collections.abc import Callable

from .columns import BEGAN, CANCELLED, FAILED, SPAWNED, SUCCEEDED
from .names import called_name
from .polls import Recorder


class ThreadCalls:
    """The calls so far. Threads add to them, so they are not part of the record's events until the end."""

    def __init__(self, recorder: Recorder):
        self._recorder = recorder
        self._thread = threading.get_ident()
        self._events: deque[tuple[float, int, int]] = deque()
        self._tasks: set[int] = set()

    def events(self) -> list[tuple[float, int, int]]:
        """Time, task and kind of each event, in no order."""
        return list(self._events)

    def tasks(self) -> set[int]:
        """The numbers of the calls' tasks."""
        return self._tasks

    def replacements(self) -> list[tuple[object, str, Callable]]:
        """Owner, name and function for everything that is watched."""
        pools = (concurrent.futures.ThreadPoolExecutor, concurrent.futures.ProcessPoolExecutor)
        return [(pool, "submit", self._recording_submit(pool)) for pool in pools]

    def _recording_submit(self, pool: type) -> Callable:
        submit = pool.submit
        is_of_threads = pool is concurrent.futures.ThreadPoolExecutor

        @functools.wraps(submit)
        def recording_submit(executor, function, /, *args, **kwargs):
            # Tasks belong to the loop's thread: what other threads hand over has no place in the record.
            if not self._recorder.is_recording or threading.get_ident() != self._thread:
                return submit(executor, function, *args, **kwargs)
            number = self._add(function)
            if is_of_threads:
                future = submit(executor, self._recorded, number, function, *args, **kwargs)
                future.add_done_callback(functools.partial(self._note_cancelled, number))
            else:
                future = submit(executor, function, *args, **kwargs)
                self._note(number, BEGAN)
                future.add_done_callback(functools.partial(self._note_end, number))
            return future

        return recording_submit

    def _add(self, function) -> int:
        recorder = self._recorder
        number = recorder.record.add_task(recorder.current, False)
        recorder.record.events.extend((recorder.clock(), number, SPAWNED))
        recorder.record.name_task(number, called_name(function))
        self._tasks.add(number)
        return number

    def _note(self, number: int, kind: int) -> None:
        self._events.append((self._recorder.clock(), number, kind))

    def _recorded(self, number: int, function, /, *args, **kwargs):
        self._note(number, BEGAN)
        try:
            result = function(*args, **kwargs)
        except BaseException:
            self._note(number, FAILED)
            raise
        self._note(number, SUCCEEDED)
        return result

    def _note_cancelled(self, number: int, future) -> None:
        if future.cancelled():
            self._note(number, CANCELLED)

    def _note_end(self, number: int, future) -> None:
        if future.cancelled():
            self._note(number, CANCELLED)
        else:
            self._note(number, FAILED if future.exception() else SUCCEEDED)
