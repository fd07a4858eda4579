"""Runs the functions of simulated threads, and keeps what they do for `simulation`.

What a function adds to the record while it runs is taken out of it again, and becomes steps: the record gets it at the
times at which it happens in the simulation.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import math
import sys
import threading
import weakref
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from operator import itemgetter

from .clock import START_S, Readings, VirtualClock
from .columns import BEGAN, CANCELLED, ERROR, FAILED, SPAWNED, SUCCEEDED, WAITS, WARNING, microseconds
from .errors import CannotSimulate, Deadlock
from .loop import enter_running_loop, leave_running_loop
from .polls import Recorder
from .simulation import Kind, Simulation, Step
from .text import shown_error

MOST_SLEEPS = 20_000
"""The number of waits after which a thread must be waiting for what another one does."""


@dataclass
class RunningThread:
    """A thread whose function runs now."""

    thread: threading.Thread
    """The object that the program sees as its current thread."""
    number: int
    """Its task in the record; 0 if nothing is recorded."""
    process: Hashable
    pid: int | None
    """The number of its process, if that is not the program's own."""
    started: float
    slowness: float
    sleeps: list[tuple[float, float]] = field(default_factory=list)
    """When its waits began and ended, in its own time."""
    effects: list[tuple[float, Callable[[], object]]] = field(default_factory=list)
    """Functions that change what others see, with their times."""


class ThreadRuns:
    """The threads of a run."""

    def __init__(self, recorder: Recorder, clock: VirtualClock, simulation: Simulation, readings: Readings):
        """`readings` counts how often the program asks for the state of a thread with no wait in between."""
        self._recorder = recorder
        self._clock = clock
        self._readings = readings
        self._simulation = simulation
        self.running: RunningThread | None = None
        """The thread whose function runs now; None while the program itself runs."""
        self._contexts: weakref.WeakKeyDictionary[threading.Thread, contextvars.Context] = weakref.WeakKeyDictionary()
        self._refused: set[str] = set()
        self.failure: BaseException | None = None
        """The first error for which the run has failed although the program may have ended as usual."""

    # Time

    @property
    def moves(self) -> int:
        """The number of times that the clock has moved. It changes with each wait."""
        return self._clock.moves

    def ask(self) -> None:
        """The program asks for the state of something that threads change. It may do so until the state changes."""
        if self.running is None:
            self._clock.settle()
            frame = sys._getframe(1)
            while frame.f_globals.get("__package__") == __package__ and frame.f_back is not None:
                frame = frame.f_back
            self._readings.count(frame)

    def now(self) -> float:
        """The time, in seconds of the run's clock, of the thread or the program that runs now."""
        return self._clock.now

    def sleep(self, seconds: float) -> None:
        """The thread or the program that runs now waits for this time."""
        self._clock.settle()
        self._clock.advance_to(self._clock.now + seconds)

    def wait_until(self, is_over: Callable[[], bool], seconds: float | None, what: str) -> bool:
        """The program itself waits until `is_over()`, for at most this number of seconds. Returns False at the limit.

        Raises `CannotSimulate` in a thread, and `Deadlock` if no thread is left that could end the wait. `what` says
        for what it waits.
        """
        if is_over():
            return True
        if self.running is not None:
            raise self.refusal(f"a thread waits for {what}")
        clock = self._clock
        clock.settle()
        limit = math.inf if seconds is None else clock.now + seconds
        while not is_over():
            if clock.now >= limit:
                return False
            moment = min(clock.next_change(), limit)
            if moment == math.inf:
                raise Deadlock([f"{self._place()} waits for {what}"])
            clock.advance_to(moment)
            self._readings.forget()
            now = clock.now
            self._recorder.flush_if_due(is_settled=True)
            # As in a loop's iteration: what recording takes is not part of the program's computing.
            clock.now = now
        return True

    def refusal(self, what: str) -> CannotSimulate:
        """The error for something that cannot be simulated, which `what` says."""
        error = CannotSimulate(self._place(), what)
        self.fail(error)
        return error

    def fail(self, error: BaseException) -> None:
        """The run has failed. The program may lose the error with a thread."""
        self.failure = self.failure or error
        if str(error) not in self._refused:
            self._refused.add(str(error))
            self._recorder.note(WARNING, str(error))

    def _place(self) -> str:
        return self._recorder.sources.place_of(sys._getframe(2))

    # Threads

    def add(self, name: str) -> int:
        """Records a thread, or a call that waits for one. Returns its number, as `Recorder.add_row`."""
        self._recorder.has_threads = True
        return self._recorder.add_row(name)

    def cancel(self, number: int) -> None:
        """A call was cancelled before a thread took it."""
        self._recorder.add_event(number, CANCELLED)

    def call_after(self, seconds: float, effect: Callable[[], object]) -> None:
        """Calls `effect` after this time, without a thread."""
        steps = [(Kind.SLEEP, seconds), (Kind.EFFECT, self._guarded(effect))]
        if self.running is None:
            self._clock.settle()
            self._simulation.play(None, steps)
        else:
            self.effect(lambda: self._simulation.play(None, steps))

    def start(
        self,
        thread: threading.Thread,
        number: int,
        process: Hashable,
        function: Callable[[], BaseException | None],
        at_end: Callable[[], object],
        *,
        pid: int | None = None,
    ) -> None:
        """Starts a thread: runs its function, and plays what it did from now on.

        `function` returns the error with which it failed. `at_end` is called at the time at which the thread ends.
        """
        clock, simulation, recorder = self._clock, self._simulation, self._recorder
        # Effects that are due after the one that starts this thread come after it.
        clock.settle(has_effects=not simulation.is_taking_effect)
        # From now on, nothing is sent in the middle of a task's poll.
        recorder.has_threads = True
        running = RunningThread(thread, number, process, pid, clock.now, simulation.slowness(process))
        error, ended, captured = self._run(running, function)
        if number:
            captured += self._end(number, error, ended)
        steps = list(_steps(running, captured, ended))
        simulation.play(process, [*steps, (Kind.EFFECT, self._guarded(at_end))])

    def _run(self, running: RunningThread, function) -> tuple[BaseException | None, float, list]:
        """Runs the function in the thread's own time. Returns its error, its end, and what it has recorded."""
        clock, simulation, recorder = self._clock, self._simulation, self._recorder
        outer_loop, outer_task = leave_running_loop()
        outer_current, recorder.current = recorder.current, running.number or recorder.current
        slept = recorder.slept
        recorder.outside = recorder.current
        restore_loop = _without_loop()
        before_advance, clock.before_advance = clock.before_advance, lambda moment: None
        marks = self._marks()
        self.running = running
        outer_simulation, clock.simulation = clock.simulation, simulation
        simulation.on_thread_wait = self._sleep_until
        clock.slowness, clock.now = running.slowness, running.started
        try:
            self._recorder.add_event(running.number, BEGAN)
            error = self._context(running.thread).run(function)
            ended = clock.now
        finally:
            clock.slowness, clock.now = 1.0, running.started
            clock.before_advance, clock.simulation = before_advance, outer_simulation
            simulation.on_thread_wait = self.running = None
            recorder.current, recorder.outside, recorder.slept = outer_current, 0, slept
            restore_loop()
            captured = self._take_out(marks)
            enter_running_loop(outer_loop, outer_task)
        return error, ended, captured

    def _sleep_until(self, moment: float) -> None:
        running, recorder, clock = self.running, self._recorder, self._clock
        if len(running.sleeps) >= MOST_SLEEPS:
            raise self.refusal(f"a thread waits for what others do: it has waited {MOST_SLEEPS:,} times")
        began = clock.now
        recorder.sleep_in(running.number, lambda: clock.move_to(moment))
        running.sleeps.append((began, clock.now))

    def effect(self, function: Callable[[], object]) -> None:
        """The thread that runs now does something that others notice: it is done when the simulation gets there."""
        self.running.effects.append((self._clock.now, self._guarded(function)))

    def _guarded(self, function: Callable[[], object]) -> Callable[[], object]:
        """An error of a thread's effect does not belong to what the program does at that time."""

        def effect() -> None:
            try:
                function()
            except CannotSimulate:
                # It has been noted.
                pass
            except Exception as error:
                self._recorder.note(ERROR, f"In a thread: {shown_error(error)}", 0)

        return effect

    def _context(self, thread: threading.Thread) -> contextvars.Context:
        """The context variables of a thread, which the calls of a worker share."""
        if thread not in self._contexts:
            given = getattr(thread, "_context", None)
            self._contexts[thread] = contextvars.Context() if given is None else given
        return self._contexts[thread]

    # The record

    def _marks(self) -> tuple[int, int, int]:
        record = self._recorder.record
        return len(record.events), len(record.wait), len(record.log)

    def _take_out(self, marks: tuple[int, int, int]) -> list[tuple[float, Callable[[float], None]]]:
        """Takes what was recorded since `marks` out of the record: when, and a function that adds it at another time.

        Times are seconds of the recorder's clock.
        """
        record, start = self._recorder.record, self._recorder.start
        events, waits, log = record.events[marks[0]:], iter(record.wait[marks[1]:]), record.log[marks[2]:]
        del record.events[marks[0]:], record.wait[marks[1]:], record.log[marks[2]:]
        found = []
        for at, task, kind in zip(events[0::3], events[1::3], events[2::3]):
            if kind == SPAWNED:
                # Tasks have numbers in the order of their creation, so these are created when the thread starts.
                self._add_event(task, kind, None, self._clock.now)
                continue
            wait = next(waits) if kind == WAITS else None
            found.append((at, functools.partial(self._add_event, task, kind, wait)))
        # The times of lines are rounded. A line is never later than what follows it.
        found += [(start + (line.at_us - 0.5) / 1e6, functools.partial(self._add_line, line)) for line in log]
        found.sort(key=itemgetter(0))
        return [(START_S + at, add) for at, add in found]

    def _end(self, number: int, error: BaseException | None, ended: float) -> list:
        found = [(ended, functools.partial(self._add_event, number, SUCCEEDED if error is None else FAILED, None))]
        if error is not None:
            place = self._recorder.sources.place_of_error(error)
            text = shown_error(error) + (f" ({place})" if place else "")
            found.append((ended, lambda moment: self._recorder.note(ERROR, text, number)))
        return found

    def _add_event(self, task: int, kind: int, wait: int | None, moment: float) -> None:
        record = self._recorder.record
        record.events.extend((moment - START_S, task, kind))
        if wait is not None:
            record.wait.append(wait)

    def _add_line(self, line, moment: float) -> None:
        at_us = microseconds(moment - START_S - self._recorder.start)
        self._recorder.record.log.append(line._replace(at_us=at_us))


def _steps(running: RunningThread, captured: list, ended: float):
    """The steps of a thread, from its waits, what it has recorded, and its effects."""
    moments = [
        *((began, 1, (Kind.SLEEP, until)) for began, until in running.sleeps),
        *((at, 0, (Kind.RECORD, add)) for at, add in captured),
        *((at, 0, (Kind.EFFECT, function)) for at, function in running.effects),
    ]
    now = running.started
    # What happens when a wait ends comes after it, because it has a later time.
    for at, _, (kind, value) in sorted(moments, key=itemgetter(0, 1)):
        if at > now:
            yield Kind.COMPUTE, (at - now) / running.slowness
            now = at
        if kind is Kind.SLEEP:
            yield Kind.SLEEP, value - at
            now = max(now, value)
        else:
            yield kind, value
    if ended > now:
        yield Kind.COMPUTE, (ended - now) / running.slowness


def _without_loop() -> Callable[[], None]:
    """A thread has no event loop until it sets one. Returns a function that gives the program its own back."""
    policy = asyncio.events._event_loop_policy
    if not hasattr(policy, "_local"):
        return lambda: None
    outer, policy._local = policy._local, type(policy._local)()

    def restore() -> None:
        policy._local = outer

    return restore
