"""Checks of what happens while the reader's code runs: what overlaps, what blocks, and what nothing waits for.

    from interleave import checks

    def test_the_two_overlap():
        with checks.observe(async_basics) as seen:
            asyncio.run(async_basics.concurrent_execution())
        seen.must_overlap("download_model", "load_dataset")

Only what happens inside of the block counts. A check that fails raises an `AssertionError` with a sentence that names
the line, such as "scripts/async_basics.py:14 waits 200 ms for `download_model` before …". Checks are the same in the
page, where times are exact, and under CPython.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import sys
import textwrap
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import accumulate
from types import ModuleType

from . import mistakes
from .observed import Block, Call, Observed
from .questions import RecordView

_BLOCKED_S = 0.05
"""A plain function that takes at least this time in the event loop blocks it."""

_EARLY_S = time.get_clock_info("monotonic").resolution
"""An event loop may end a wait this number of seconds early: under Windows, that is a large part of a short wait."""

_LATE = 3.0
"""A pause on a real clock may be this number of times too long, because the machine may be busy."""


def _of_this_run() -> AbstractContextManager[RecordView]:
    return contextlib.nullcontext(sys.modules[__package__].record)


recording: Callable[[], AbstractContextManager[RecordView]] = _of_this_run
"""Returns a record for the length of a block. Under CPython, `interleave_trace` sets another function."""


@contextlib.contextmanager
def observe(*modules: ModuleType) -> Iterator[Seen]:
    """Watches the functions of the reader's modules until the end of the block.

    An error in the block that is a well-known mistake becomes an `AssertionError` with a sentence about it. So does a
    coroutine that nothing has awaited.
    """
    __tracebackhide__ = True
    with recording() as record:
        observed = Observed(modules, record)
        seen = Seen(observed, record)
        found = None
        try:
            observed.start()
            yield seen
        except Exception as error:
            found = mistakes.sentence(error, observed)
            if found is None and not isinstance(error, NotImplementedError):
                found = mistakes.dropped(observed)
            if found is None:
                raise
        else:
            found = mistakes.dropped(observed)
        finally:
            observed.stop()
            seen.close()
    if found is not None:
        raise AssertionError(found) from None


class Seen:
    """What happened in a block of `observe`. The questions can also be asked inside of the block, about everything
    until then."""

    def __init__(self, observed: Observed, record: RecordView):
        self._observed = observed
        self._record = record
        self._began_us = record.now_us()
        self._ended_us: int | None = None
        self._events: list[tuple[int, int, str]] | None = None
        self._by_task: dict[int, _Steps] | None = None

    def close(self) -> None:
        """The block has ended: what happens later does not count."""
        self._ended_us = self._record.now_us()
        self._events = self._record.events()
        for call in self._observed.calls:
            if call.was_dropped:
                call.coroutine.close()

    # Questions

    @property
    def seconds(self) -> float:
        """The length of the block."""
        ended_us = self._record.now_us() if self._ended_us is None else self._ended_us
        return (ended_us - self._began_us) / 1e6

    def calls(self, name: str) -> list[Call]:
        """The calls of this function, in the order in which they started. At the end, those that have not started."""
        if name not in self._observed.functions:
            known = ", ".join(f"`{it}`" for it in self._observed.functions) or "none"
            raise AssertionError(f"there is no function `{name}`. The functions are: {known}")
        first_name = self._observed.first_name(name)
        calls = [call for call in self._observed.calls if call.name == first_name]
        return sorted(calls, key=lambda call: (call.started_us is None, call.started_us))

    def peak_in_flight(self, name: str) -> int:
        """The maximum number of calls of this function in progress at once.

        A call that is queued for a semaphore, lock, queue, event or condition is not in progress.
        """
        return _peak([span for call in self.calls(name) if call.started_us is not None for span in self._spans(call)])

    def pauses(self, name: str) -> list[float]:
        """The seconds from the end of each call of this function to the start of the next one."""
        calls = [call for call in self.calls(name) if call.ended is not None]
        return [later.started - earlier.ended for earlier, later in zip(calls, calls[1:])]

    def place(self, name: str) -> str:
        """The line on which a function of the reader begins, such as `scripts/async_basics.py:14`."""
        return self._observed.place(name)

    def watched(self, function: Callable) -> Callable:
        """The same function for a test of its own, with its calls noted as those of the reader's functions."""
        return self._observed.watched(function)

    # Checks

    def must_call(self, name: str, times: int | None = None) -> None:
        """Fails unless the function ran, or ran this number of times."""
        __tracebackhide__ = True
        number = sum(call.started_us is not None for call in self.calls(name))
        if times is None and number == 0:
            raise AssertionError(f"{self.place(name)} defines `{name}`, but it never runs.")
        if times is not None and number != times:
            runs = f"runs {_times(number)}" if number else "never runs"
            raise AssertionError(f"{self.place(name)} defines `{name}`, which {runs}. Expected: {_times(times)}.")

    def must_overlap(self, *names: str) -> None:
        """Fails unless all calls of these functions were in progress at the same time."""
        __tracebackhide__ = True
        calls = self._ran(*names)
        late = max(calls, key=lambda call: call.started_us)
        early = min(calls, key=self._end_of)
        if self._end_of(early) <= late.started_us:
            following = [call for call in calls if call.started_us >= self._end_of(early)]
            late = min(following, key=lambda call: call.started_us)
            raise AssertionError(self._in_turn(early, late) + self._nothing_else(early))

    def must_not_overlap(self, *names: str) -> None:
        """Fails if one call of these functions starts before another one has ended."""
        __tracebackhide__ = True
        calls = sorted(self._ran(*names), key=lambda call: call.started_us)
        for earlier, later in zip(calls, calls[1:]):
            if later.started_us < self._end_of(earlier):
                line = later.line or self.place(later.name)
                raise AssertionError(f"{line} starts `{later.name}` while `{earlier.name}` is in progress.")

    def must_have_in_flight(self, name: str, number: int) -> None:
        """Fails unless the maximum number of calls of this function in progress at once is `number`."""
        __tracebackhide__ = True
        calls = self._ran(name)
        peak = self.peak_in_flight(name)
        if peak < number:
            raise AssertionError(self._too_few(calls, name, peak, number))
        if peak > number:
            raise AssertionError(self._too_many(calls, name, peak, number))

    def must_not_block(self) -> None:
        """Fails if a function blocked the event loop: `time.sleep`, `open`, or a plain function of the reader that
        takes long."""
        __tracebackhide__ = True
        if self._observed.blocks:
            raise AssertionError(_block(max(self._observed.blocks, key=lambda block: block.seconds)))
        plain = [call for call in self._observed.calls if call.in_loop and not call.is_async]
        longest = max((it for it in plain if it.seconds is not None), key=lambda call: call.seconds, default=None)
        if longest is not None and longest.seconds >= _BLOCKED_S:
            raise AssertionError(
                f"{longest.line or self.place(longest.name)} calls `{longest.name}`, which blocks the event loop for "
                f"{_shown(longest.seconds)}: no other task can run in that time."
            )

    def must_take(self, name: str, seconds: float) -> None:
        """Fails if a call of this function takes less than this time."""
        __tracebackhide__ = True
        for call in self._ran(name):
            if call.seconds is not None and call.seconds < _least(seconds):
                raise AssertionError(
                    f"{self.place(name)} defines `{name}`, which takes {_shown(call.seconds)}. "
                    f"Expected: at least {_shown(seconds)}."
                )

    def must_pause(self, name: str, seconds: list[float]) -> None:
        """Fails unless the pauses between the calls of this function are these."""
        __tracebackhide__ = True
        pauses = self.pauses(name)
        are_right = len(pauses) == len(seconds) and all(
            _least(expected) <= pause <= _LATE * expected + 0.1 for pause, expected in zip(pauses, seconds)
        )
        if not are_right:
            place = next((call.line for call in self.calls(name) if call.line), None) or self.place(name)
            raise AssertionError(
                f"{place} calls `{name}` with these pauses: {_list(pauses)}. Expected: {_list(seconds)}."
            )

    def must_finish(self, *names: str) -> None:
        """Fails if a call of these functions was cancelled, or had not ended at the end of the block."""
        __tracebackhide__ = True
        for call in self._ran(*names):
            if call.outcome in ("cancelled", "not finished"):
                raise AssertionError(
                    f"{call.line or self.place(call.name)} starts `{call.name}`, but nothing waits for it: it was "
                    f"{call.outcome if call.outcome == 'cancelled' else 'not finished'} when the event loop ended."
                )

    def must_be_cancelled(self, task: asyncio.Task, name: str) -> None:
        """Fails unless the task, which runs this function and which a test has cancelled, has the outcome `cancelled`.

        If the task has failed, raises its error.
        """
        __tracebackhide__ = True
        if task.cancelled():
            return
        if task.done() and task.exception() is not None:
            raise task.exception()
        # A task that has ended ignores `cancel`.
        if task.done() and not task.cancelling():
            raise AssertionError(f"{self.place(name)}: `{name}` ends before it is cancelled. Does it wait?")
        line = self._catching_line(name) or self.place(name)
        raise AssertionError(
            f"{line} catches `CancelledError`, and `{name}` goes on: a task that runs it cannot be cancelled."
        )

    # Sentences

    def _ran(self, *names: str) -> list[Call]:
        __tracebackhide__ = True
        for name in names:
            self.must_call(name)
        return [call for name in names for call in self.calls(name) if call.started_us is not None]

    def _end_of(self, call: Call) -> float:
        return float("inf") if call.ended_us is None else call.ended_us

    def _in_turn(self, early: Call, late: Call) -> str:
        """A call ended before the other one started."""
        place = early.awaited_line or early.line or self.place(early.name)
        is_repeated = (early.name, early.awaited_line) == (late.name, late.awaited_line)
        if not early.awaited_line:
            following = "the next one" if is_repeated else f"`{late.name}`"
            return f"{place}: {'each ' if is_repeated else ''}`{early.name}` ends before {following} starts."
        waits = f"{place} waits {_shown(early.seconds)} for `{early.name}`"
        if is_repeated:
            return f"{waits}, then for the next one, and so on."
        where = late.awaited_line or late.line or self.place(late.name)
        starter = "it" if where == place else _line(where)
        return f"{waits} before {starter} starts `{late.name}`."

    def _nothing_else(self, call: Call) -> str:
        """A sentence if the record has no event of another task during a call that is awaited; else empty."""
        others = any(
            task != call.task and kind in "()" and call.started_us < at_us < call.ended_us
            for at_us, task, kind in self._all_events()
        )
        return "" if others or not call.awaited_line else " Nothing else runs meanwhile."

    def _too_few(self, calls: list[Call], name: str, peak: int, number: int) -> str:
        first = calls[0]
        following = [call for call in calls[1:] if call.started_us >= self._end_of(first)]
        if peak == 1 and following:
            return f"{self._in_turn(first, following[0])} {number} may be in progress at once."
        place = first.line or self.place(name)
        return f"{place} has at most {peak} `{name}` in progress at once. Expected: {number}."

    def _too_many(self, calls: list[Call], name: str, peak: int, number: int) -> str:
        lines = [line for line, _ in self._observed.semaphores]
        repeated = next((line for line in lines if lines.count(line) > 1), None)
        if repeated is not None:
            return (
                f"{repeated} creates {lines.count(repeated)} semaphores, one in each call. They do not limit each other: {peak} "
                f"`{name}` are in progress at once. Expected: {number}."
            )
        place = calls[0].line or self.place(name)
        return f"{place} has {peak} `{name}` in progress at once. Expected: {number}."

    def _catching_line(self, name: str) -> str | None:
        """The first `except` of a function that catches `CancelledError`, and does not raise it again."""
        function = inspect.unwrap(self._observed.functions[name])
        source, first = inspect.getsourcelines(function)
        path = self.place(name).rpartition(":")[0]
        for node in ast.walk(ast.parse(textwrap.dedent("".join(source)))):
            raises = any(isinstance(it, ast.Raise) for it in ast.walk(node))
            if isinstance(node, ast.ExceptHandler) and not raises and _catches_cancellation(node):
                return f"{path}:{first + node.lineno - 1}"
        return None

    # Times

    def _all_events(self) -> list[tuple[int, int, str]]:
        return self._record.events() if self._events is None else self._events

    def _spans(self, call: Call) -> list[tuple[int, int]]:
        """The times in which a call was in progress and not queued, in microseconds."""
        ended_us = self._record.now_us() if call.ended_us is None else call.ended_us
        if not call.is_async or not call.task:
            return [(call.started_us, ended_us)]
        steps = self._steps()[call.task]
        # It may be about to queue until the end of its first step.
        first = bisect_left(steps.ends, call.started_us)
        spans, since = [], min(steps.ends[first], ended_us) if first < len(steps.ends) else ended_us
        for left, until in steps.queued:
            if left < ended_us and until > since:
                spans.append((since, max(since, left)))
                since = min(until, ended_us)
        return [*spans, (since, ended_us)]

    def _steps(self) -> dict[int, _Steps]:
        """The steps of each task."""
        if self._by_task is not None:
            return self._by_task
        found: dict[int, _Steps] = defaultdict(_Steps)
        for at_us, task, kind in self._all_events():
            found[task].add(at_us, kind)
        if self._events is not None:
            self._by_task = found
        return found


class _Steps:
    """The times at which the steps of a task ended, and the times in which it was queued."""

    def __init__(self) -> None:
        self.ends: list[int] = []
        self._queued: list[tuple[int, int]] = []
        self._since: int | None = None

    def add(self, at_us: int, kind: str) -> None:
        """Takes the next event of the task."""
        if kind in ")SFTC":
            self.ends.append(at_us)
        if kind == "q":
            self._since = at_us
        elif kind in "guSFTC" and self._since is not None:
            self._queued.append((self._since, at_us))
            self._since = None

    @property
    def queued(self) -> list[tuple[int, int]]:
        """From when to when it was queued. The last of these times may not have ended."""
        return self._queued + ([(self._since, 2**62)] if self._since is not None else [])


def _peak(spans: list[tuple[int, int]]) -> int:
    """The maximum number of spans that contain the same moment. One that is over is not counted with the next one."""
    lasting = [(since, until) for since, until in spans if until > since]
    changes = sorted([*((since, 1) for since, _ in lasting), *((until, -1) for _, until in lasting)])
    return max([*accumulate(change for _, change in changes), min(1, len(spans))])


def _block(block: Block) -> str:
    took = f"blocks the event loop for {_shown(block.seconds)}" if block.seconds >= 0.001 else "blocks the event loop"
    after = "no other task can run in that time."
    if block.caller is None:
        return f"{block.line} {took} (`{block.function}`): {after}"
    line, function = block.caller
    return f"{line} calls `{function}`, which {took} (`{block.function}` in {_line(block.line)}): {after}"


def _line(place: str) -> str:
    """The line of a place without its file, which the sentence has named."""
    return f"line {place.rpartition(':')[2]}"


def _catches_cancellation(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(ast.unparse(kind).rpartition(".")[2] in ("BaseException", "CancelledError") for kind in kinds)


def _least(seconds: float) -> float:
    """The shortest time that is accepted as a wait of this length."""
    return 0.95 * seconds - _EARLY_S


def _shown(seconds: float | None) -> str:
    """A time as text, such as `200 ms` or `1.5 s`."""
    if seconds is None:
        return "a time"
    return f"{seconds * 1000:.0f} ms" if seconds < 0.9995 else f"{seconds:.3g} s"


def _list(times: list[float]) -> str:
    return ", ".join(map(_shown, times)) or "none"


def _times(number: int) -> str:
    return {0: "never", 1: "once"}.get(number, f"{number} times")
