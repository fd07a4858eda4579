"""What a recorder does for every task, at every poll and for every timer, with few calls.

Ten thousand tasks that sleep for 0.1 s may take 30 % longer when they are recorded, not more. So the functions here
belong to a `polls.Recorder` or a loop, and have looked up its columns and methods. A part of what recording costs is
saved again: handles and timers are made with fewer calls than asyncio's own.
"""

from __future__ import annotations

import functools
import time
import weakref
from asyncio import events
from collections.abc import Callable
from contextvars import copy_context
from heapq import heappush

from .columns import BEGAN, READY, SPAWNED, SUCCEEDED, WAITS

LONGEST_POLL_S = 0.05
"""A poll that takes longer than this blocks the loop: the log says which task, and between which lines."""

# Captured at import: on the virtual clock, the name in module `time` is replaced during a run.
_perf_counter = time.perf_counter


class TaskState(weakref.ref):
    """The data of a task that has not ended. It is a weak reference to the task, so there is one object for both.

    `number` is its number in the record. `id` is the id of the task. `wait` is the number of its latest wait; 0 if
    it is not known; -1 before its first poll, when its name is not known, either. `given` is the name that the recorder
    gave to it.
    """

    __slots__ = ("number", "id", "wait", "given")


def task_start(recorder) -> Callable:
    """`start_task(task, number)` returns the state of a new task. Without a number, the task is not in the record yet:
    it is recorded inside the current one.
    """
    record, clock, states, forget = recorder.record, recorder.clock, recorder._states, recorder._forget
    add_task, add_event, add_new = record.add_task, record.events.extend, recorder._new.append

    def start_task(task, number: int = 0) -> TaskState:
        if not number:
            number = add_task(recorder.current, recorder._is_in_group)
            add_event((clock(), number, SPAWNED))
        key = id(task)
        state = states[key] = TaskState(task, forget)
        state.number = number
        state.id = key
        state.wait = -1
        state.given = recorder._default_name
        add_new(state)
        return state

    return start_task


def without_step(handle: events.Handle) -> events.Handle:
    """The handle without the last step of its stack, which is that of the caller. It has a stack in debug mode only."""
    if handle._source_traceback:
        del handle._source_traceback[-1]
    return handle


class Timer(events.TimerHandle):
    """A timer that is made with few calls. It has the name of asyncio's own, which is shown in debug mode."""

    __slots__ = ()

    def __init__(self, when, callback, args, loop, context):
        self._context = copy_context() if context is None else context
        self._loop = loop
        self._callback = callback
        self._args = args
        self._cancelled = self._scheduled = False
        self._repr = self._source_traceback = None
        self._when = when

    def __lt__(self, other):
        # Of timers only: the heap of the loop compares each of them about fifteen times.
        return self._when < other._when


Timer.__name__ = Timer.__qualname__ = "TimerHandle"


def quick_call_later(loop) -> Callable:
    """The loop's `call_later` with fewer calls than asyncio's own: one is made for every sleep."""
    call_later = loop.call_later

    @functools.wraps(call_later)
    def quick_call_later(delay, callback, *args, context=None):
        if loop._debug or loop._closed or delay is None:
            return without_step(call_later(delay, callback, *args, context=context))
        timer = Timer(loop.time() + delay, callback, args, loop, context)
        heappush(loop._scheduled, timer)
        timer._scheduled = True
        return timer

    return quick_call_later


def poll_handle(recorder) -> type:
    """The class of the handles that run polls."""
    run = events.Handle._run
    clock, end_poll, name = recorder.clock, recorder._end_poll, recorder._name
    events_list = recorder.record.events
    add, queued = events_list.extend, recorder._queued
    # On the real clock, the start of the poll is also the time for sending: one reading less.
    is_real = clock is _perf_counter

    class Handle(events.Handle):
        """A handle that is made with few calls. It has the name of asyncio's own, which is shown in debug mode."""

        __slots__ = ("state",)

        def __init__(self, state, callback, args, loop, context):
            self.state = state
            if loop._debug:
                super().__init__(callback, args, loop, context)
                without_step(self)
                return
            self._context = copy_context() if context is None else context
            self._loop = loop
            self._callback = callback
            self._args = args
            self._cancelled = False
            self._repr = self._source_traceback = None

        def _run(self):
            if not recorder.is_recording:
                return run(self)
            task, state = self._callback.__self__, self.state
            number = state.number
            outer, recorder.current = recorder.current, number
            if state.wait < 0:
                name(state, task)
            began = clock()
            add((began, number, BEGAN))
            if number in queued:
                recorder._record_grant(began, task, number, self._args)
            elif len(events_list) >= recorder._room or (began if is_real else _perf_counter()) >= recorder._flush_at:
                recorder.flush()
            try:
                # As `run(self)`, without the call: a poll raises nothing that `run` would report.
                self._context.run(self._callback, *self._args)
            finally:
                recorder.current = outer
                end_poll(state, task, began)
                # As in asyncio: the frame may be kept by an error's traceback, as the `f_back` of the coroutine's.
                self = task = state = None

    Handle.__qualname__ = "Handle"
    return Handle


def poll_end(recorder) -> Callable:
    """`end_poll(state, task, began)` records the end of a poll: where the task waits, or how it ended."""
    states, clock, queued, event_at = recorder._states, recorder.clock, recorder._queued, recorder._event_at
    add, add_wait, number_of_wait = recorder.record.events.extend, recorder.record.wait.append, recorder.waits.number

    def end_poll(state, task, began: float) -> None:
        if not recorder.is_recording:
            return
        now = clock()
        number, before = state.number, state.wait
        if not task.done():
            # Tasks of other libraries may not have the attribute.
            waiter = getattr(task, "_fut_waiter", None)
            state.wait, queued_for = number_of_wait(task.get_coro(), waiter, number)
            if queued_for >= 0 or number in queued:
                recorder._record_queue(now, number, queued_for)
            add((now, number, WAITS))
            add_wait(state.wait)
            if recorder._was_woken:
                recorder._was_woken = False
                event_at(now, number, READY)
        elif before >= 0 and number not in queued and task._exception is None and not task.cancelled():
            states.pop(state.id, None)
            add((now, number, SUCCEEDED))
        else:
            recorder._end(number, task, now)
        if now - began > LONGEST_POLL_S:
            recorder._note_block(state, task, before, began)

    return end_poll
