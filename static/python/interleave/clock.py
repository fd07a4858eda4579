"""The clock of a run: real, virtual, or simulated.

On the virtual clock, computing takes no time and a wait ends as soon as nothing else can happen: the clock jumps to the
next deadline. `time.sleep` moves it on. `time.time`, `time.monotonic`, `time.perf_counter` (and their `_ns` forms),
`datetime.now` and `loop.time` all read it. A loop that only reads the clock would never end, so the number of readings
is limited.

The simulated clock does the same, but computing takes the time that it really takes.
"""

from __future__ import annotations

import datetime
import math
import sys
import time
from collections.abc import Callable
from typing import Protocol

from .errors import EndlessLoop
from .sources import Sources

MOST_READINGS = 100_000
"""The number of readings on one line, with no wait in between, that end a run on the virtual clock."""


START_S = 100_000.0
"""The time at the start of a run, in seconds. In many programs 0 stands for "long ago"."""

_ROUNDING_S = 1e-9
"""The clock moves on by this time more, so that the difference of two readings is never less than the wait between."""

_ROUNDING_OF_DATES_S = 1e-6
"""The same for `time.time`, whose floats are a quarter of a microsecond apart."""


# Captured at import: on the virtual clock, the name in module `time` is replaced during a run. A browser does not tell
# how long it has computed. Elsewhere, what other programs compute does not count.
_computed = time.perf_counter if sys.platform == "emscripten" else time.thread_time


class Simulated(Protocol):
    """The simulated threads, which move on with the clock: see `simulation.Simulation`."""

    def advance_to(self, moment: float) -> None:
        """As `VirtualClock.advance_to`."""

    def settle(self, *, has_effects: bool = True) -> None:
        """As `VirtualClock.settle`."""

    def next_change(self) -> float:
        """As `VirtualClock.next_change`."""


class VirtualClock:
    """A clock that moves only when it is advanced."""

    slowness = 1.0
    """The time on this clock for each second of computing, if that is counted: more than 1 while threads compute at the
    same time."""

    def __init__(self, epoch: float | None = None):
        """`epoch` is what `time.time` shows at the start, in seconds since 1970; by default, the real time."""
        self.now = START_S
        """Seconds, as `time.monotonic` shows them. Float seconds, as on every asyncio loop."""
        self.moves = 0
        """How often the clock has moved."""
        self.simulation: Simulated | None = None
        """The simulated threads, while there are some."""
        self.epoch = time.time() if epoch is None else epoch
        self.before_advance: Callable[[float], object] = lambda moment: None
        """Called with the new time before the clock moves on, and with infinity before a deadlock."""

    def advance_to(self, moment: float) -> None:
        """The program waits until `moment`. The clock never goes back."""
        if self.simulation is None:
            self.move_to(moment)
        else:
            self.simulation.advance_to(moment)

    def settle(self, *, has_effects: bool = True) -> None:
        """Before a wait: threads have computed at the same time, so what the program computed may have taken longer.

        With `has_effects`, effects of threads that are due are called.
        """
        if self.simulation is not None:
            self.simulation.settle(has_effects=has_effects)

    def next_change(self) -> float:
        """The time at which a thread does something next, if the program only waits. Infinity if there is none."""
        return math.inf if self.simulation is None else self.simulation.next_change()

    def move_to(self, moment: float) -> None:
        """Moves the clock alone, without the threads."""
        if moment > self.now:
            self.before_advance(moment)
            self.now = moment + _ROUNDING_S
            self.moves += 1

    def date(self) -> float:
        """What `time.time` shows, in seconds since 1970."""
        return self.epoch + (self.now - START_S) + self.moves * _ROUNDING_OF_DATES_S

    def monotonic(self) -> float:
        """What `time.monotonic` shows."""
        return self.now


class CountingClock(VirtualClock):
    """A clock on which computing takes the time that it really takes, and waiting none."""

    @property
    def now(self) -> float:
        """Seconds, as on the virtual clock."""
        return self._base + (_computed() - self._read_at) * self.slowness

    @now.setter
    def now(self, moment: float) -> None:
        self._base, self._read_at = moment, _computed()


class Unlimited:
    """In place of `Readings` where computing takes time, so that every loop that reads the clock ends."""

    def count(self, frame) -> None:
        """Does nothing."""

    def forget(self) -> None:
        """Does nothing."""


class Readings:
    """Counts the readings of the clock by each task on each line of the reader's files since the last wait."""

    def __init__(self, sources: Sources, current: Callable[[], int] = lambda: 0):
        """`current` returns the number of the task that runs now."""
        self._sources = sources
        self._current = current
        self._counts: dict[tuple[str, int, int], int] = {}

    def count(self, frame) -> None:
        """Counts a reading by this frame. Readings by other files, such as `logging`, do not count.

        Raises `EndlessLoop` at the limit.
        """
        filename = frame.f_code.co_filename
        if self._sources[filename] < 0:
            return
        key = filename, frame.f_lineno, self._current()
        count = self._counts[key] = self._counts.get(key, 0) + 1
        if count >= MOST_READINGS:
            self._counts.clear()
            raise EndlessLoop(self._sources.place(filename, frame.f_lineno), count)

    def forget(self) -> None:
        """All tasks that ran have waited: all counts start again."""
        if self._counts:
            self._counts.clear()


def virtual_functions(
    clock: VirtualClock, readings: Readings, is_active: Callable[[], bool], on_sleep: Callable[[], None]
) -> dict[str, Callable]:
    """The functions of module `time` on a virtual clock, by name.

    Modules of the standard library that are imported during a run may keep these functions. After the run `is_active`
    returns False, and then they call the real ones. `sleep` calls `on_sleep` first.
    """
    functions = {name: _reading(name, clock, readings, is_active) for name in ("time", "monotonic", "perf_counter")}
    for name, read in list(functions.items()):
        functions[f"{name}_ns"] = _nanoseconds(f"{name}_ns", read)
    functions["sleep"] = _virtual_sleep(clock, is_active, on_sleep)
    for name, place in (("localtime", 0), ("gmtime", 0), ("ctime", 0), ("asctime", 0), ("strftime", 1)):
        functions[name] = _of_now(name, place, functions["time"], functions)
    return functions


def _of_now(name: str, place: int, read: Callable[[], float], functions: dict[str, Callable]) -> Callable:
    """A function of module `time` that is about the time now if its argument at `place` is missing."""
    real = getattr(time, name)

    def of_now(*arguments):
        if len(arguments) == place:
            now = read()
            return real(*arguments, now if name in ("localtime", "gmtime", "ctime") else functions["localtime"](now))
        return real(*arguments)

    return _named(of_now, name)


def virtual_dates(read: Callable[[], float]) -> dict[str, object]:
    """The classes `datetime` and `date` of module `datetime` on a virtual clock, by name. `read` is its `time.time`.

    Every date is an instance of them, also one that was made by the classes that they replace.
    """

    class date(datetime.date, metaclass=_instances_of(datetime.date)):
        @classmethod
        def today(cls):
            return cls.fromtimestamp(read())

    class datetime_(datetime.datetime, metaclass=_instances_of(datetime.datetime)):
        @classmethod
        def now(cls, tz=None):
            return cls.fromtimestamp(read(), tz)

        @classmethod
        def today(cls):
            return cls.fromtimestamp(read())

        @classmethod
        def utcnow(cls):
            return cls.fromtimestamp(read(), datetime.timezone.utc).replace(tzinfo=None)

    for kind, name in ((date, "date"), (datetime_, "datetime")):
        kind.__name__ = kind.__qualname__ = name
        kind.__module__ = "datetime"
        kind.__repr__ = _repr_of(kind)
    return {"date": date, "datetime": datetime_}


def _instances_of(real: type) -> type:
    """The class of a class that has all instances and subclasses of `real`."""

    class Meta(type(real)):
        def __instancecheck__(cls, instance):
            return isinstance(instance, real) if cls.__base__ is real else super().__instancecheck__(instance)

        def __subclasscheck__(cls, subclass):
            return issubclass(subclass, real) if cls.__base__ is real else super().__subclasscheck__(subclass)

    return Meta


def _repr_of(kind: type) -> Callable[[object], str]:
    # Of a class that is written in Python, `repr` shows the name without the module.
    real = kind.__base__.__repr__
    return lambda self: f"datetime.{real(self)}" if type(self) is kind else real(self)


def _reading(name: str, clock: VirtualClock, readings: Readings, is_active: Callable[[], bool]) -> Callable[[], float]:
    real = getattr(time, name)
    now = clock.date if name == "time" else clock.monotonic

    def read() -> float:
        if not is_active():
            return real()
        frame = sys._getframe(1)
        # Other functions of this file call this one: the frame that counts is their caller. Not `__file__`, which names a
        # compiled file in the page.
        readings.count(frame.f_back if frame.f_code.co_filename == _reading.__code__.co_filename else frame)
        clock.settle(has_effects=False)
        return now()

    return _named(read, name)


def _nanoseconds(name: str, read: Callable[[], float]) -> Callable[[], int]:
    def read_ns() -> int:
        return round(read() * 1e9)

    return _named(read_ns, name)


def _virtual_sleep(
    clock: VirtualClock, is_active: Callable[[], bool], on_sleep: Callable[[], None]
) -> Callable[[float], None]:
    real = time.sleep

    def sleep(seconds: float, /) -> None:
        if is_active():
            seconds = checked_seconds(seconds)
            clock.settle()
            on_sleep()
            clock.advance_to(clock.now + seconds)
        else:
            real(seconds)

    return _named(sleep, "sleep")


def real_sleep(block: Callable[[float], object], is_active: Callable[[], bool]) -> Callable[[float], None]:
    """`time.sleep` on the real clock: it blocks through the host's function."""
    real = time.sleep

    def sleep(seconds: float, /) -> None:
        if is_active():
            block(checked_seconds(seconds))
        else:
            real(seconds)

    return _named(sleep, "sleep")


def checked_seconds(seconds: float) -> float:
    """The argument of `time.sleep`, with the errors that CPython raises for it."""
    if isinstance(seconds, str | bytes) or not hasattr(type(seconds), "__float__") and not hasattr(
        type(seconds), "__index__"
    ):
        raise TypeError(f"'{type(seconds).__name__}' object cannot be interpreted as an integer")
    seconds = float(seconds)
    if seconds != seconds:
        raise ValueError("Invalid value NaN (not a number)")
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    return seconds


def _named(function: Callable, name: str) -> Callable:
    function.__name__ = function.__qualname__ = name
    function.__module__ = "time"
    return function
