"""Two event loops with the handles, heap, tasks and futures of CPython's own `BaseEventLoop`.

`Loop` never blocks. Its host calls `step`, which runs everything that is ready and returns when the next step is due.
`VirtualLoop` runs on a virtual clock: instead of waiting, its clock jumps to the next deadline. So it can block
anywhere, and `asyncio.run` works as usual. If nothing is ready and no timer is left, it raises `Deadlock`.

What a browser cannot do is in `unsupported`; recording is in `polls`.
"""

from __future__ import annotations

import asyncio
import math
import sys
import threading
import time
from asyncio import base_events, events
from collections.abc import Callable
from typing import Protocol

from . import unsupported
from .clock import START_S, Readings, VirtualClock
from .errors import CannotWait, Deadlock, TooLong
from .network import ConnectionsMixin
from .polls import note_housekeeping
from .sources import Sources

# Captured at import: on the virtual clock, the names in module `time` are replaced during a run.
_monotonic = time.monotonic


_TOGETHER_S = 0.005
"""Deadlines that are this close to the first one may be met in one iteration when the host is late. Without it, each of
many timers would get an iteration of its own."""

_CATCHES_UP_S = 0.0001
"""The part of its lag behind the host, in seconds, that a loop makes up with each step while something is ready. The
work after a deadline takes a few steps. Catching up 50 ms takes 500."""


class _NeverBlocks:
    """A selector without files: there is never anything to wait for."""

    def select(self, timeout: float | None = None) -> list:
        return []

    def close(self) -> None:
        pass


class _AsyncGeneratorsMixin:
    def shutdown_asyncgens(self):
        """As asyncio's, but without generators that have ended: closing them does nothing.

        From CPython 3.12 on, some of them are still in memory, because the traceback of an error keeps them. Which ones
        depends on the functions that ran the loop, and so on the clock.
        """
        for generator in [it for it in self._asyncgens if it.ag_frame is None]:
            self._asyncgens.discard(generator)
        return super().shutdown_asyncgens()


class Loop(ConnectionsMixin, unsupported.NotInBrowserMixin, _AsyncGeneratorsMixin, base_events.BaseEventLoop):
    """An event loop that its host steps.

    `on_ready` is called when something becomes ready outside of a step. `on_refusal` gets the text of each
    `CannotWait`, which the program may catch. `sources` is used to name the line on which
    code tries to block the loop.
    """

    def __init__(
        self,
        selector=None,
        *,
        on_ready: Callable[[], object] = lambda: None,
        on_refusal: Callable[[str], object] = lambda text: None,
        sources: Sources | None = None,
    ):
        self._on_refusal = on_refusal
        self._on_ready = on_ready
        self._sources = sources
        self._is_stepping = False
        self._saved_hooks = None
        self._lag = 0.0
        self._was_idle = True
        self._ran_until = -math.inf
        super().__init__()
        self._selector = _NeverBlocks() if selector is None else selector

    def time(self) -> float:
        # Not `time.monotonic()`: that name may be replaced while this loop runs.
        return _monotonic()

    def open(self) -> None:
        """Prepares the loop for steps, as `run_forever` does before its first iteration."""
        self._check_closed()
        self._check_running()
        self._set_coroutine_origin_tracking(self._debug)
        self._saved_hooks = sys.get_asyncgen_hooks()
        self._lag = 0.0
        self._was_idle = True
        self._ran_until = self.time()

    def step(self) -> float | None:
        """Runs what is ready. The loop is the running loop only during the step.

        Returns the number of seconds until the next step is due: 0 if something is ready, None if nothing is
        scheduled. Passes on `KeyboardInterrupt` and `SystemExit`, as `run_forever` does.
        """
        outer = events._get_running_loop()
        # Pyodide's own loop counts as running, and asyncio refuses to run a second one.
        events._set_running_loop(None)
        self._is_stepping = True
        self._thread_id = threading.get_ident()
        sys.set_asyncgen_hooks(firstiter=self._asyncgen_firstiter_hook, finalizer=self._asyncgen_finalizer_hook)
        events._set_running_loop(self)
        resolution = self._clock_resolution
        try:
            self._keep_order()
            # `_run_once` adds this to the time to see which timers are due.
            self._clock_resolution = resolution - self._lag
            self._run_once()
        finally:
            self._clock_resolution = resolution
            self._is_stepping = False
            self._thread_id = None
            events._set_running_loop(outer)
            sys.set_asyncgen_hooks(*self._saved_hooks)
            self._end_step()
        return self.due()

    def _keep_order(self) -> None:
        """Keeps timers in order when the host is late.

        A busy browser may step the loop so late that several deadlines have passed. CPython would run their callbacks in
        one iteration, so that a timeout beats a result that was due long before it. Here the loop lags behind the host
        instead: what follows from the first deadline runs before the next one is due. Time that the program itself takes
        is not part of the lag, so a program that blocks the loop misses its timeouts, as with CPython.
        """
        if not self._was_idle:
            # A program that never waits catches up slowly.
            self._lag = max(0.0, self._lag - _CATCHES_UP_S)
        elif not self._scheduled:
            self._lag = 0.0
        elif self._scheduled[0]._when > self._ran_until:
            # The loop has waited for this deadline.
            self._lag = max(0.0, self.time() - self._scheduled[0]._when - _TOGETHER_S)

    def _end_step(self) -> None:
        now = self.time()
        if not self._scheduled or self._scheduled[0]._when > now:
            # No deadline has passed that was not met.
            self._lag = 0.0
        self._was_idle = not self._ready
        self._ran_until = now - self._lag

    def due(self) -> float | None:
        """The number of seconds until the next step is due, as in `step`."""
        if self._ready or self._stopping:
            return 0
        if not self._scheduled:
            return None
        if not isinstance(self._selector, _NeverBlocks):
            # The program's own selector waits, or moves the program's own clock.
            return 0
        return max(0, self._scheduled[0]._when - self.time())

    @property
    def has_stopped(self) -> bool:
        """True if `stop` was called since the last `close_steps`."""
        return self._stopping

    def close_steps(self) -> None:
        """Ends a series of steps, as `run_forever` does after its last iteration."""
        self._stopping = False
        self._set_coroutine_origin_tracking(False)
        self._saved_hooks = None

    def is_running(self) -> bool:
        return self._thread_id is not None or self._saved_hooks is not None

    def run_forever(self) -> None:
        """Raises `CannotWait`: a step must return to the host. Where this can wait, `lift` has replaced the call."""
        self._check_closed()
        self._check_running()
        raise self._refusal()

    def run_until_complete(self, future):
        """Raises `CannotWait`, as `run_forever`."""
        self._check_closed()
        self._check_running()
        refusal = self._refusal()
        if asyncio.iscoroutine(future):
            future.close()
        # Nobody will run these tasks. Without this, each of them would add a message of its own.
        for task in asyncio.all_tasks(self):
            task._log_destroy_pending = False
            task.get_coro().close()
        raise refusal

    def _refusal(self) -> CannotWait:
        frame = sys._getframe(2)
        place = self._sources.place_of(frame) if self._sources is not None else "this line"
        refusal = CannotWait(_waiting_call(frame), place)
        self._on_refusal(str(refusal))
        return refusal

    def _call_soon(self, callback, args, context):
        handle = super()._call_soon(callback, args, context)
        if not self._is_stepping:
            self._on_ready()
        return handle

    def call_at(self, when, callback, *args, context=None):
        handle = super().call_at(when, callback, *args, context=context)
        if not self._is_stepping:
            self._on_ready()
        return handle

    def _write_to_self(self) -> None:
        """`call_soon_threadsafe` wakes the loop with it. Here `_call_soon` has done that."""

    def _process_events(self, event_list) -> None:
        """There are no files, so there are no events."""


_MOST_HOURS = 24
"""A record cannot be longer."""

_LONGEST_S = _MOST_HOURS * 3600 + 4e-7
"""In whole microseconds, the same: the clock moves on by a little more than the waits."""

_FREE_ITERATIONS = 10_000
"""The number of iterations of a virtual loop that take no time, if the clock does not move in between."""

_ITERATION_S = 1e-5
"""The time that each further iteration takes."""


class ThreadSide(Protocol):
    """What runs the functions of simulated threads: see `thread_runs`."""

    running: object | None

    def refusal(self, what: str) -> BaseException:
        """As `thread_runs.ThreadRuns.refusal`."""

    def effect(self, function: Callable[[], object]) -> None:
        """As `thread_runs.ThreadRuns.effect`."""


class VirtualLoop(ConnectionsMixin, unsupported.NotInBrowserMixin, _AsyncGeneratorsMixin, base_events.BaseEventLoop):
    """An event loop on a virtual clock, which may be shared with other loops.

    A program may pass a selector of its own, as to `asyncio.SelectorEventLoop`. Then that selector moves the time, and
    a deadlock is not detected.
    """

    def __init__(
        self,
        selector=None,
        *,
        clock: VirtualClock | None = None,
        readings: Readings | None = None,
        describe_waits: Callable[[asyncio.AbstractEventLoop], list[str]] = lambda loop: [],
        on_select: Callable[[float], object] = lambda until: None,
        on_run: Callable[[], object] = lambda: None,
    ):
        """`describe_waits` returns a text for each waiting task.

        `on_run` is called when the loop begins to run, and `on_select` in every iteration, before the clock jumps to the
        given time.
        """
        self._clock = clock or VirtualClock()
        self._readings = readings
        self._describe_waits = describe_waits
        self._on_select = on_select
        self._on_run = on_run
        self._runs: ThreadSide | None = None
        self._iterations = 0
        """The number of iterations since the clock has moved, other than by them."""
        self._moved_to = self._clock.now
        super().__init__()
        self._clock_resolution = 1e-9
        self._selector = _Jumps(self) if selector is None else selector

    def use_threads(self, runs: ThreadSide) -> None:
        """Sets what runs the functions of simulated threads."""
        self._runs = runs

    def run_forever(self) -> None:
        self._on_run()
        super().run_forever()

    def time(self) -> float:
        if self._readings is not None:
            self._readings.count(sys._getframe(1))
        self._clock.settle(has_effects=False)
        return self._clock.now

    def call_soon_threadsafe(self, callback, *args, context=None):
        call_soon = super().call_soon_threadsafe
        if self._runs is None or self._runs.running is None or self._thread_id == threading.get_ident():
            return call_soon(callback, *args, context=context)
        self._check_closed()
        handle = asyncio.Handle(callback, args, self, context)
        # The context of the thread, not that of the program at that time.
        context = handle._context
        self._runs.effect(lambda: None if handle.cancelled() else call_soon(callback, *args, context=context))
        return handle

    def shutdown_default_executor(self, timeout=None):
        """As asyncio's, which starts a thread that waits for the others."""
        executor = self._default_executor
        if self._runs is None or executor is None:
            return super().shutdown_default_executor()
        self._executor_shutdown_called = True
        return _shut_down(executor, timeout)

    def _select(self) -> None:
        """Moves the clock to the next deadline if nothing is ready. Raises `Deadlock` if there is no deadline."""
        self._clock.settle()
        if self._ready or self._stopping:
            self._move(self._end_of_iteration())
            self._moved_to = self._clock.now
            return
        change = self._clock.next_change()
        if not self._scheduled and change == math.inf:
            if self._runs is not None and self._runs.running is not None:
                raise self._runs.refusal("the event loop of a thread waits for others")
            self._on_select(self._clock.now)
            self._clock.before_advance(math.inf)
            raise Deadlock(self._describe_waits(self))
        if self._scheduled:
            change = min(change, self._scheduled[0]._when)
        # A deadline may be so near that the time as a float does not change until then. A program that waits for such
        # rests would never end.
        self._move(max(self._clock.now + self._clock_resolution, change))

    def _end_of_iteration(self) -> float:
        """The time at the end of an iteration in which something was ready.

        Iterations take no time. But a program that waits for a time with `sleep(0)` in a loop would never end, so after
        many of them each takes about as long as in CPython.
        """
        now = self._clock.now
        self._iterations = self._iterations + 1 if now == self._moved_to else 1
        return now if self._iterations <= _FREE_ITERATIONS else now + _ITERATION_S

    def _move(self, until: float) -> None:
        self._on_select(until)
        if until - START_S > _LONGEST_S:
            raise TooLong(_MOST_HOURS)
        if until > self._clock.now:
            self._clock.advance_to(until)

    def _write_to_self(self) -> None:
        """`call_soon_threadsafe` wakes the loop with it. This loop never waits."""

    def _process_events(self, event_list) -> None:
        """There are no files, so there are no events."""


class _Jumps:
    """A selector that moves the loop's clock instead of waiting."""

    def __init__(self, loop: VirtualLoop):
        self._loop = loop

    def select(self, timeout: float | None = None) -> list:
        # Not by `timeout`: it is also 0 if the next deadline is too near to make a difference.
        self._loop._select()
        return []

    def close(self) -> None:
        pass


async def _shut_down(executor, timeout: float | None) -> None:
    executor.shutdown(wait=False)
    unfinished = [asyncio.wrap_future(future) for future in list(executor._unfinished)]
    if unfinished:
        done, _ = await asyncio.wait(unfinished, timeout=timeout)
        for future in done:
            # The one who waits for a call gets its error.
            future.cancelled() or future.exception()


note_housekeeping(_shut_down)


def _waiting_call(frame) -> str:
    """The name of the call that tries to block, as the reader wrote it. `frame` is the caller of the loop's method."""
    name = "loop.run_until_complete"
    while frame is not None and frame.f_globals.get("__name__") == "asyncio.runners":
        name = "Runner.run" if "self" in frame.f_locals else "asyncio.run"
        frame = frame.f_back
    return name


def leave_running_loop() -> tuple[object, object]:
    """Nothing runs in the loop that counts as running, so that another one can be started. Returns that loop and its
    current task."""
    loop = asyncio._get_running_loop()
    task = None
    if loop is not None and hasattr(asyncio.tasks, "_swap_current_task"):
        task = asyncio.tasks._swap_current_task(loop, None)
    asyncio._set_running_loop(None)
    return loop, task


def enter_running_loop(loop, task) -> None:
    asyncio._set_running_loop(loop)
    if task is not None:
        asyncio.tasks._swap_current_task(loop, task)
