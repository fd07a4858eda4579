"""Functions that a program hands to the threads of an executor, on the real clock: they run on the event loop."""

from __future__ import annotations

import sys
from asyncio import AbstractEventLoop, Future
from collections.abc import Callable

from .columns import BEGAN, CANCELLED, FAILED, SUCCEEDED, WARNING
from .errors import ONLY_SIMULATED, NotInBrowser
from .handles import LONGEST_POLL_S
from .names import called_name
from .polls import Recorder

_NO_THREADS = "There are no threads in the page"

# The modules between the reader's code and the loop.
_BETWEEN = frozenset({"asyncio", "interleave"})


class Calls:
    """The calls of a run. Each is a task inside the one that hands it over."""

    def __init__(self, recorder: Recorder):
        self._recorder = recorder
        self._warned: set[str] = set()
        self._running = 0
        """The number of the call that runs now."""

    def run(self, loop: AbstractEventLoop, executor, function, args: tuple) -> Future:
        """As `loop.run_in_executor`: the function runs in the next iteration of the loop."""
        # By name: importing the class would make the start slower.
        if any(kind.__name__ == "ProcessPoolExecutor" for kind in type(executor).__mro__):
            raise NotInBrowser(ONLY_SIMULATED)
        future = loop.create_future()
        self._recorder.waits.note_call(future)
        number = self._recorder.add_row(called_name(function))
        loop.call_soon(self._call, future, number, self._warning(function), function, args)
        return future

    def _call(self, future: Future, number: int, warning: str | None, function, args: tuple) -> None:
        if future.cancelled():
            self._recorder.add_event(number, CANCELLED)
            return
        recorder = self._recorder
        outer, recorder.current = recorder.current, number or recorder.current
        self._running = number
        self._recorder.add_event(number, BEGAN)
        began = recorder.clock()
        try:
            result = function(*args)
        except BaseException as error:
            self._recorder.add_event(number, FAILED)
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            # A future cannot have this error: it would end the coroutine that awaits it.
            is_stop = isinstance(error, StopIteration)
            if not future.done():
                future.set_exception(RuntimeError(f"{called_name(function)} raised StopIteration") if is_stop else error)
        else:
            self._recorder.add_event(number, SUCCEEDED)
            # The function itself may have cancelled the task that waits for it.
            if not future.done():
                future.set_result(result)
        finally:
            recorder.current, self._running = outer, 0
            self._warn(number, warning, recorder.clock() - began)

    def sleep(self, sleep: Callable[[], object]) -> None:
        """The program blocks, perhaps in a call."""
        self._recorder.sleep_in(self._running, sleep)

    def _warning(self, function) -> str | None:
        """The beginning of the warning. None if a package hands the function over, such as `aiofiles`: its calls take no
        time."""
        sources, frame = self._recorder.sources, sys._getframe(2)
        name = called_name(function)
        while frame is not None and frame.f_code.co_name != "_run_once":
            if sources[frame.f_code.co_filename] >= 0:
                place = sources.place(frame.f_code.co_filename, frame.f_lineno)
                return f"{_NO_THREADS}: `{name}`, which {place} hands to a thread, ran on the event loop"
            if frame.f_globals.get("__name__", "").partition(".")[0] not in _BETWEEN:
                return None
            frame = frame.f_back
        return f"{_NO_THREADS}: `{name}` ran on the event loop"

    def _warn(self, number: int, warning: str | None, seconds: float) -> None:
        if warning is None or warning in self._warned:
            return
        self._warned.add(warning)
        blocked = f", and blocked it for {seconds * 1000:.0f} ms" if seconds > LONGEST_POLL_S else ""
        self._recorder.note(WARNING, f"{warning}{blocked}.", number)
