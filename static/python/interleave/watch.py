"""The parts of asyncio that a recorder watches: the deadlines that cancel tasks, and the permits of semaphores.

The functions are replaced while a recorder is in use. They behave as before, and also notify the recorder.
"""

from __future__ import annotations

import asyncio
import functools
import sys
from asyncio import timeouts
from collections.abc import Callable

from .polls import Recorder


def replacements(recorder: Recorder) -> list[tuple[object, str, Callable]]:
    """Owner, name and function for everything that is watched."""
    on_timeout = timeouts.Timeout._on_timeout
    init_semaphore = asyncio.Semaphore.__init__

    @functools.wraps(on_timeout)
    def marking_on_timeout(self):
        recorder.mark_deadline(getattr(self._task, "_fut_waiter", None))
        on_timeout(self)

    @functools.wraps(init_semaphore)
    def noting_init(self, value=1, **kwargs):
        init_semaphore(self, value, **kwargs)
        recorder.waits.note_permits(self, value)

    found = [(timeouts.Timeout, "_on_timeout", marking_on_timeout), (asyncio.Semaphore, "__init__", noting_init)]
    if hasattr(asyncio.tasks, "_cancel_and_wait"):
        # `wait_for` cancels a task of its own with it: up to 3.11 at the deadline, later if the limit is not positive.
        cancel_and_wait = asyncio.tasks._cancel_and_wait

        @functools.wraps(cancel_and_wait)
        def marking_cancel_and_wait(fut, *args, **kwargs):
            waiter = sys._getframe(1).f_locals.get("waiter")
            # If the waiter was cancelled, the caller was, and not at the deadline.
            if waiter is None or not waiter.cancelled():
                recorder.mark_deadline(fut)
            return cancel_and_wait(fut, *args, **kwargs)

        found.append((asyncio.tasks, "_cancel_and_wait", marking_cancel_and_wait))
    return found
