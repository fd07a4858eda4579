"""Records every task of an event loop: its creation, polls, waits and end.

A task is not wrapped, so a program that looks at its own tasks sees what it would see without recording. Instead, the
recorder watches the loop: a task schedules each of its polls with the loop's `_call_soon`, and the handle that runs the
poll is the place where its start and end are recorded. This works for tasks in C and in Python, for subclasses of
`asyncio.Task`, for task factories, and for every loop that is a `BaseEventLoop`.

The order of the events of a poll is `(`, then `g` or `u` if the task was queued, then `q` if it is queued now, then
`)`.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import math
import sys
import time
from asyncio import base_events
from collections.abc import Callable
from types import BuiltinFunctionType, CodeType, MethodType

from .columns import (
    BEGAN, CANCELLED, ERROR, FAILED, GOT, LEFT_QUEUE, QUEUED, READY, SPAWNED, SUCCEEDED, TIMED_OUT, WAITS, WARNING,
    LogLine, Piece, Record, microseconds,
)
from .handles import TaskState, poll_end, poll_handle, quick_call_later, task_start, without_step
from .names import function_name, given_name, is_default, split_number
from .sources import Sources
from .text import shown_error
from .waits import Waits

MOST_BLOCK_NOTES = 100
"""The log lists at most this number of blocks."""

_FLUSH_AFTER_S = 0.025
"""A piece is sent at the first poll after this time, so that little is lost if the host ends a blocked program."""

_FLUSH_LINES_AFTER_S = 0.01
"""When the program prints, a piece is sent after this time."""

_MOST_LOST = 10_000
"""The number of tasks that are remembered after they were collected. Not all of them are reported."""

_NAMED_AFTER_S = 0.25
"""The time that a task has to name a task that it has created, if it prints in the meantime."""

_FLUSH_AFTER_EVENTS = 20_000
"""A piece is sent when it has this number of events."""

# Captured at import: on the virtual clock, the name in module `time` is replaced during a run.
_perf_counter = time.perf_counter


def _step_type() -> type:
    """The type of the callback with which a task in C schedules a poll that no future wakes."""

    class Catcher(base_events.BaseEventLoop):
        def call_soon(self, callback, *args, context=None):
            self.caught = callback

    async def nothing():
        pass

    loop, coro = Catcher(), nothing()
    # With a name, because the program's first task is `Task-1`.
    task = asyncio.Task(coro, loop=loop, name="step")
    kind = type(loop.caught)
    task._log_destroy_pending = False
    coro.close()
    loop.close()
    return kind


_C_STEP = _step_type()
_GROUP_CREATE_TASK = asyncio.TaskGroup.create_task.__code__
_BUILTIN, _METHOD = BuiltinFunctionType, MethodType
_PYTHON_STEPS = frozenset({asyncio.tasks._PyTask._Task__step, asyncio.tasks._PyTask._Task__wakeup})
_HOUSEKEEPING = {
    id(base_events.BaseEventLoop.shutdown_asyncgens.__code__): lambda loop: len(loop._asyncgens) > 0,
    # Its threads have rows of their own.
    id(base_events.BaseEventLoop.shutdown_default_executor.__code__): lambda loop: False,
}
"""Coroutines that every `asyncio.run` runs at its end. They are recorded only if they have something to do."""

_OF_CLIENTS = {
    "_resolve_host_with_throttle": "/aiohttp/connector.py",
    "_wait_for_close": "/aiohttp/connector.py",
    "try_connect": "/anyio/_core/_sockets.py",
}
"""Coroutines for which clients of HTTP create tasks, and their files. They are not recorded."""

_RARELY_RECORDED = {"shutdown_asyncgens", "shutdown_default_executor", *_OF_CLIENTS}
"""The names of all these coroutines: one look tells that a task is recorded."""


def note_housekeeping(function: Callable) -> None:
    """Tasks of this coroutine function are not recorded."""
    _HOUSEKEEPING[id(function.__code__)] = lambda loop: False
    _RARELY_RECORDED.add(function.__code__.co_name)


class Recorder:
    """Records the tasks of the loops that it is attached to.

    `clock` returns the time in seconds since any moment; the record starts when the recorder is made. `send` takes the
    pieces.
    """

    def __init__(
        self,
        sources: Sources,
        clock: Callable[[], float],
        send: Callable[[Piece], object],
        record: Record | None = None,
        *,
        renumber: bool = False,
        is_live: bool = True,
    ):
        """`renumber`: tasks without a name are called `Task-1`, `Task-2` … again, as in a new interpreter. `is_live`:
        pieces are shown while the program runs. Otherwise one is sent only when it is long."""
        self.sources = sources
        self.clock = clock
        self.start = clock()
        self.record = record or Record()
        self.waits = Waits(sources, self.number_of, self.record.task_parent)
        self.current = 0
        """The number of the task whose poll runs now; 0 outside of all tasks."""
        self.outside = 0
        """The number that `current` has outside of all tasks of the loop: 0, or that of a thread."""
        self.is_recording = True
        """False after the record has become full."""
        self.has_threads = False
        """True if simulated threads add to the record: what they do is known later than what others do at that time."""
        self._send = send
        self._flush_after_s = _FLUSH_AFTER_S if is_live else math.inf
        self._states: dict[int, TaskState] = {}
        self._lost: dict[int, TaskState] = {}
        """The tasks that were collected before they ended. Python reports each of them a moment later."""
        self._indexes, self._task_names = self.record.name_indexes, self.record.task_name
        self._new: list[TaskState] = []
        """The tasks since the last piece, some of which have no name yet."""
        self._blocks: dict[tuple, tuple[int, float, int]] = {}
        """For each place that blocked: how often, the longest time in seconds, and the task that did it last."""
        self.slept: tuple[float, str] | None = None
        """The last `time.sleep` of the program: when it began, and its line."""
        self._is_in_group = False
        self._eager = 0
        """The number of the task that is being started at once, until it is bound."""
        self._default_names = map("Task-{}".format, itertools.count(1)) if renumber else None
        self._default_name: str | None = None
        """While a task without a name is created, the one that it gets."""
        self._was_woken = False
        """True if the current task was made ready during its own poll, as by `sleep(0)`."""
        self._queued: dict[int, int] = {}
        """For each task that is queued, the index of the object for which it is queued."""
        self._grant: int | None = None
        """The place of the event `g` of the current poll, which may have to become a `u`. Until then nothing is
        sent."""
        self._at_deadline: set[int] = set()
        """The tasks that are being cancelled because of a deadline."""
        self._event, self._event_at = _event_functions(self.record, clock)
        self._room = 0
        """The length of `record.events` at which a piece is sent."""
        self._flush_at = 0.0
        self._plan_flush()
        self._start_task = task_start(self)
        self._end_poll = poll_end(self)
        self._handle_type = poll_handle(self)

    def now_us(self) -> int:
        """The time since the run's start in whole microseconds."""
        return microseconds(self.clock() - self.start)

    # The tasks

    def number_of(self, task) -> int:
        """The number of a task that has not ended, or 0."""
        state = self._states.get(id(task))
        return state.number if state is not None else 0

    def attach(self, loop: base_events.BaseEventLoop) -> None:
        """Records the tasks of a loop from now on."""
        create_task = loop.create_task
        handle_exception = loop.call_exception_handler
        names, frame_of_caller = self._default_names, sys._getframe
        is_plain = is_of_asyncio(create_task, "create_task")

        schedule = self._scheduler(loop, loop._call_soon)
        if is_of_asyncio(loop.call_soon, "call_soon"):
            loop.call_soon = self._quick_call_soon(loop, schedule)
        loop._call_soon = schedule
        if is_of_asyncio(loop.call_later, "call_later") and is_of_asyncio(loop.call_at, "call_at"):
            loop.call_later = quick_call_later(loop)

        @functools.wraps(create_task)
        def recording_create_task(coro, **kwargs):
            caller = frame_of_caller(1)
            if caller.f_code is _GROUP_CREATE_TASK:
                # A task of the group may create another one in it: then the group awaits that, not the creator.
                group = caller.f_locals["self"]
                self._is_in_group = self.number_of(group._parent_task) == self.current
            try:
                if names is not None and kwargs and kwargs.get("name") is not None and is_default(str(kwargs["name"])):
                    self._default_name = kwargs["name"]
                if loop._task_factory is not None or kwargs and kwargs.get("eager_start"):
                    return self._create_with_factory(loop, create_task, coro, kwargs)
                if names is not None and self.is_recording and (not kwargs or kwargs.get("name") is None):
                    self._default_name = kwargs["name"] = next(names)
                if not is_plain or loop._debug or loop._closed:
                    return create_task(coro, **kwargs)
                # As `create_task`, without the call.
                task_type = base_events.tasks.Task
                return task_type(coro, loop=loop, **kwargs) if kwargs else task_type(coro, loop=loop)
            finally:
                self._is_in_group = False
                self._default_name = None

        @functools.wraps(handle_exception)
        def recording_exception_handler(context):
            self._note_exception(context)
            handle_exception(context)

        loop.create_task = recording_create_task
        loop.call_exception_handler = recording_exception_handler

    def _scheduler(self, loop, call_soon) -> Callable:
        """The loop's `_call_soon`: makes a handle that records the poll, if the callback is a poll."""
        states, handle_type, event = self._states, self._handle_type, self._event
        ready, is_stepped = loop._ready, hasattr(loop, "step")

        @functools.wraps(call_soon)
        def _call_soon(callback, args, context):
            # Polls are steps of tasks in C, their wake-ups by a future, and both of tasks in Python.
            kind = type(callback)
            if kind is not _C_STEP and (kind is not _BUILTIN or callback.__name__ != "task_wakeup"):
                if kind is not _METHOD or callback.__func__ not in _PYTHON_STEPS:
                    return without_step(call_soon(callback, args, context))
            task = callback.__self__
            state = states.get(id(task))
            if state is None:
                state = self._add(task, loop)
                if state is None:
                    return without_step(call_soon(callback, args, context))
            elif state.number == self.current:
                self._was_woken = True
            elif state.wait >= 0:
                event(state.number, READY)
            handle = handle_type(state, callback, args, loop, context)
            ready.append(without_step(handle))
            if is_stepped and not loop._is_stepping:
                loop._on_ready()
            return handle

        return _call_soon

    def _quick_call_soon(self, loop, schedule) -> Callable:
        """The loop's `call_soon` with fewer calls than asyncio's own: three are made for every task."""
        call_soon, states, clock, add_task = loop.call_soon, self._states, self.clock, self._add
        add_event = self.record.events.extend
        plain_handle, poll_handle, function = asyncio.Handle, self._handle_type, type(_step_type)
        add_handle = loop._ready.append

        @functools.wraps(call_soon)
        def quick_call_soon(callback, *args, context=None):
            if loop._debug or loop._closed:
                return without_step(call_soon(callback, *args, context=context))
            if loop._thread_id is None:
                # Outside of a step, the host must be notified.
                return schedule(callback, args, context)
            kind = type(callback)
            if kind is function:
                handle = plain_handle(callback, args, loop, context)
                add_handle(handle)
                return handle
            if kind is not _C_STEP and (kind is not _BUILTIN or callback.__name__ != "task_wakeup"):
                return schedule(callback, args, context)
            # As in `_scheduler`.
            task = callback.__self__
            state = states.get(id(task))
            if state is None:
                state = add_task(task, loop)
                if state is None:
                    return schedule(callback, args, context)
            elif state.number == self.current:
                self._was_woken = True
            elif state.wait >= 0:
                add_event((clock(), state.number, READY))
            handle = poll_handle(state, callback, args, loop, context)
            add_handle(handle)
            return handle

        return quick_call_soon

    def _add(self, task, loop) -> TaskState | None:
        """Records a new task inside the current one. Its name is read later: it may be given after the creation.

        Returns None if it is not recorded.
        """
        if not self.is_recording:
            return None
        if self._eager and asyncio.current_task(loop) is task:
            # A task that is being started at once yields before its creation is over.
            state, self._eager = self._start_task(task, self._eager), 0
            state.wait, self._was_woken = 0, True
            return state
        if self._default_name is None and self._default_names is not None and is_default(task.get_name()):
            task.set_name(next(self._default_names))
        code = getattr(task.get_coro(), "cr_code", None)
        if code is not None and code.co_name in _RARELY_RECORDED and not self._is_recorded(code, loop):
            return None
        return self._start_task(task)

    def _is_recorded(self, code: CodeType, loop) -> bool:
        """False for asyncio's own tasks that have nothing to do, and for those of clients."""
        has_work = _HOUSEKEEPING.get(id(code)) if self.current == self.outside else None
        if has_work is not None and not has_work(loop):
            return False
        return not code.co_filename.endswith(_OF_CLIENTS.get(code.co_name, "\0"))

    def _forget(self, state: TaskState) -> None:
        """The task was collected before it ended. A new task may get the same id."""
        if self._states.get(state.id) is state:
            if len(self._lost) >= _MOST_LOST:
                self._lost.clear()
            self._lost[state.id] = self._states.pop(state.id)

    def _create_with_factory(self, loop, create_task, coro, kwargs):
        """Creates a task that may run at once, before it is scheduled."""
        is_eager = kwargs.get("eager_start") or _is_eager_factory(loop._task_factory)
        if not (self.is_recording and is_eager and loop.is_running()):
            task = create_task(coro, **kwargs)
            self._catch_up(task, loop)
            return task
        name = kwargs.get("name")
        if name is None and self._default_names is not None:
            kwargs["name"] = next(self._default_names)
        outer, outer_eager = self.current, self._eager
        number = self.current = self._eager = self.record.add_task(outer, self._is_in_group)
        self._event(number, SPAWNED)
        self.record.name_task(number, *self._eager_name(coro, name))
        began = self._event(number, BEGAN)
        try:
            task = create_task(coro, **kwargs)
        except BaseException:
            self._event(number, FAILED)
            raise
        finally:
            self.current, self._eager = outer, outer_eager
        state = self._states.get(id(task))
        if state is None:
            state = self._start_task(task, number)
            state.wait = 0
        self._end_poll(state, task, began)
        return task

    @staticmethod
    def _eager_name(coro, name) -> tuple[str, int]:
        return (function_name(coro), 0) if name is None else split_number(str(name))

    def _catch_up(self, task, loop) -> None:
        """Records a task that a factory of the program's own started, if that was not seen."""
        if not self.is_recording or id(task) in self._states or not hasattr(task, "get_coro"):
            return
        if id(getattr(task.get_coro(), "cr_code", None)) in _HOUSEKEEPING:
            return
        state = self._add(task, loop)
        if state is not None:
            self._name(state, task)
            self._end_poll(state, task, self._event(state.number, BEGAN))

    def _name(self, state: TaskState, task) -> None:
        state.wait = 0
        name = task.get_name()
        if name is not state.given and not is_default(name):
            self.record.name_task(state.number, *split_number(name))
            return
        coro = task.get_coro()
        # Most names are known already. The name of asyncio's wrapper of awaitables is never one of them.
        index = self._indexes.get(getattr(coro, "__name__", None))
        if index is None:
            self.record.name_task(state.number, function_name(coro))
        else:
            self._task_names[state.number] = index

    # The polls

    def _record_grant(self, began: float, task, number: int, woken_by: tuple) -> None:
        """A poll began of a task that was queued."""
        future = woken_by[0] if woken_by else None
        was_granted = (
            asyncio.isfuture(future) and not future.cancelled() and not task._must_cancel
            and getattr(future, "_exception", None) is None
        )
        self._event_at(began, number, GOT if was_granted else LEFT_QUEUE)
        if was_granted:
            self._grant = len(self.record.events) - 1

    def _record_queue(self, now: float, number: int, queued: int) -> None:
        """At the end of a poll, a task is queued for the object `queued` (-1 for none), or was before the poll."""
        before, grant, self._grant = self._queued.pop(number, -1), self._grant, None
        if queued < 0:
            return
        if before == queued and grant is not None:
            # It was woken, but another task was faster: it waits for the same object again.
            self.record.events[grant] = LEFT_QUEUE
        self._queued[number] = queued
        self._event_at(now, number, QUEUED)

    def _end(self, number: int, task, now: float) -> None:
        state = self._states.pop(id(task), None)
        if state is not None and state.wait < 0:
            self._name(state, task)
        if self._queued and self._queued.pop(number, None) is not None:
            self._grant = None
        if task._exception is None and not task.cancelled():
            self._event_at(now, number, SUCCEEDED)
            return
        kind, error = self._outcome(task, number in self._at_deadline)
        self._event_at(now, number, kind)
        self._at_deadline.discard(number)
        if error is not None:
            place = self.sources.place_of_error(error)
            text = shown_error(error) + (f" ({place})" if place else "")
            self.note(ERROR, text, number)

    @staticmethod
    def _outcome(task, is_at_deadline: bool) -> tuple[int, BaseException | None]:
        """The letter of an outcome, and the error to show. `task.exception()` would count as retrieving it."""
        if task.cancelled():
            return (TIMED_OUT if is_at_deadline else CANCELLED), None
        error = task._exception
        if error is None or isinstance(error, SystemExit) and not error.code:
            return SUCCEEDED, None
        if isinstance(error, KeyboardInterrupt):
            return CANCELLED, None
        return (TIMED_OUT if isinstance(error, TimeoutError) else FAILED), error

    def mark_deadline(self, task) -> None:
        """The task is about to be cancelled because of a deadline."""
        number = self.number_of(task)
        if number:
            self._at_deadline.add(number)

    # What is not a task of the loop: requests, threads, calls in them

    def add_row(self, name: str, parent: int | None = None) -> int:
        """Records such a thing as a task inside the current one, or inside `parent`.

        Returns its number, or 0 if nothing is recorded any more.
        """
        if not self.is_recording:
            return 0
        number = self.record.add_task(self.current if parent is None else parent, False)
        self.record.name_task(number, name)
        self.add_event(number, SPAWNED)
        return number

    def add_event(self, number: int, kind: int) -> None:
        """Records an event of it now. Has no effect for the number 0."""
        if number and self.is_recording:
            self.record.events.extend((self.clock(), number, kind))

    def sleep_in(self, number: int, sleep: Callable[[], object]) -> None:
        """Calls `sleep`, which blocks. If it blocks this thing and not a task in it, the thing waits meanwhile."""
        if not number or number != self.current or not self.is_recording:
            sleep()
            return
        self.add_event(number, WAITS)
        self.record.wait.append(self.waits.timer(sys._getframe(1)))
        sleep()
        self.add_event(number, READY)
        self.add_event(number, BEGAN)

    # The log

    def note(self, level: str, text: str, task: int | None = None) -> None:
        """Adds one of our own lines to the log, by default for the current task."""
        number = self.current if task is None else task
        self.record.add_line(LogLine(self.now_us(), number, level, text, "note"))

    def _note_block(self, state: TaskState, task, before: int, began: float) -> None:
        """`before` is the number of the wait before the poll, which began at `began`."""
        seconds = self.clock() - began
        name = given_name(task)[0]
        first = self._place(before) or "its start"
        last = "its end" if task.done() else self._place(state.wait) or "its next wait"
        place = f"between {first} and {last}"
        if self.slept is not None and self.slept[0] >= began:
            place = f"by `time.sleep` in {self.slept[1]}"
        known = self._blocks.get((name, place))
        if known is not None:
            times, longest, _ = known
            self._blocks[name, place] = times + 1, max(longest, seconds), state.number
        elif len(self._blocks) < MOST_BLOCK_NOTES:
            self._blocks[name, place] = 1, seconds, state.number
            text = (
                f"Task `{name}` blocked the event loop for {seconds * 1000:.0f} ms, {place}. "
                "No other task could run in that time."
            )
            self.note(WARNING, text, state.number)

    def note_sleep(self, place: str) -> None:
        """The program calls `time.sleep` on this line."""
        self.slept = self.clock(), place

    def note_repeated_blocks(self) -> None:
        """At the end of the run: a place that blocked more than once was reported only the first time."""
        for (name, place), (times, longest, number) in self._blocks.items():
            if times > 1:
                text = (
                    f"Altogether, task `{name}` blocked the event loop {times} times {place}, "
                    f"for up to {longest * 1000:.0f} ms."
                )
                self.note(WARNING, text, number)
        self._blocks.clear()

    def _place(self, wait: int) -> str | None:
        line = self.waits.list[wait - 1]["line"] if wait > 0 else None
        return f"{self.sources.used[line['source']][0]} line {line['line']}" if line else None

    def _note_exception(self, context: dict) -> None:
        """Python reports an error that nobody handles: adds the line to it."""
        future = context.get("task") or context.get("future")
        error = context.get("exception")
        subject = f"Task `{given_name(future)[0]}`" if hasattr(future, "get_coro") else "A future"
        place = self.sources.place_of_error(error) if error is not None else None
        message = str(context.get("message", ""))
        number = self.number_of(future)
        if message.startswith("Task was destroyed"):
            lost = self._lost.pop(id(future), None) or self._states.get(id(future))
            if lost is not None:
                number, place = lost.number, self._place(lost.wait)
            text = f"{subject} was destroyed before it ended. Keep a reference to it, and await it"
        elif message.endswith("exception was never retrieved"):
            text = f"{subject} failed, and nothing retrieved its exception: {shown_error(error)}"
        else:
            text = message + (f": {shown_error(error)}" if error is not None else "")
        self.note(WARNING, text + (f" ({place})" if place else ""), number)

    # The pieces

    def _plan_flush(self) -> None:
        self._flush_at = _perf_counter() + self._flush_after_s
        self._room = 3 * min(_FLUSH_AFTER_EVENTS, self.record.events_left)

    def flush_if_due(self, *, is_settled: bool = False) -> None:
        """Sends a piece if it has become long, or some time after the last one. `is_settled` as in `flush`."""
        if self._grant is None and (len(self.record.events) >= self._room or _perf_counter() >= self._flush_at):
            self.flush(is_settled=is_settled)

    def flush_within_poll(self) -> None:
        """As `flush_if_due`, for a line of the log while a task runs: it may have created a task and be about to name
        it."""
        has_unnamed = bool(self._new) and self._new[-1].wait < 0
        after = _NAMED_AFTER_S if has_unnamed else _FLUSH_LINES_AFTER_S
        if self._grant is None and _perf_counter() >= self._flush_at - _FLUSH_AFTER_S + after:
            self.flush()

    def flush(self, *, is_settled: bool = False) -> None:
        """Sends everything that was recorded since the last piece, if there is something.

        `is_settled`: what simulated threads have done until now has been recorded. Otherwise a run with threads sends
        nothing, because pieces are in the order of time.
        """
        if self.has_threads and not is_settled:
            self._plan_flush()
            return
        for state in self._new:
            if state.wait < 0:
                task = state()
                if task is not None:
                    self._name(state, task)
                else:
                    self.record.name_task(state.number, "task")
        self._new.clear()
        if self.is_recording and self.record.events_left <= 0:
            self._stop_recording()
        if self.has_threads:
            self.record.sort_news()
        if self.record.has_news():
            self._send(self._take_piece())
        self._plan_flush()

    def _take_piece(self, *, keeps: bool = False) -> Piece:
        return self.record.take_piece(
            self.start, self.sources.used, self.waits.objects, self.waits.list, keeps=keeps
        )

    def next_piece(self) -> Piece:
        """What `flush` would send."""
        for state in self._new:
            task = state()
            # It is named for good when it runs: the program may still give it a name.
            if state.wait < 0 and task is not None:
                self.record.name_task(state.number, *given_name(task))
        if self.has_threads:
            self.record.sort_news()
        return self._take_piece(keeps=True)

    def _stop_recording(self) -> None:
        self.is_recording = False
        self._states.clear()
        limit = self.record.most_events
        self.note(WARNING, f"The record has reached its limit of {limit:,} events. What follows is not recorded.", 0)


def _event_functions(record: Record, clock: Callable[[], float]) -> tuple[Callable, Callable]:
    """`event(task, kind)` records an event now and returns its time; `event_at(now, task, kind)` records one at `now`.

    Functions and not methods, because the names that they use are looked up once here, and not for every event.
    """
    add = record.events.extend

    def event(task: int, kind: int) -> float:
        now = clock()
        add((now, task, kind))
        return now

    def event_at(now: float, task: int, kind: int) -> None:
        add((now, task, kind))

    return event, event_at


def is_of_asyncio(method: Callable, name: str) -> bool:
    """True if the method of a loop is that of `BaseEventLoop`: its type does not change it, and nobody replaced it.

    Not by a look into `vars(loop)`: under 3.11 and 3.12 that makes every later access to the loop's attributes slow.
    """
    return getattr(method, "__func__", None) is getattr(base_events.BaseEventLoop, name)


def _is_eager_factory(factory) -> bool:
    name = getattr(factory, "__qualname__", "")
    return name == "create_eager_task_factory.<locals>.factory" or factory is getattr(
        asyncio, "eager_task_factory", asyncio
    )
