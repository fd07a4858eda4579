"""Threads and processes that are simulated: what each of them did, at the times at which it would have happened.

There is one interpreter and one thread. So the function of a simulated thread runs to its end when the thread starts,
with a time of its own: `time.sleep` moves only this time on. What it does meanwhile is kept as *steps*: a time of
computing, a wait, an event of the record, a result. Afterwards the steps are played while the program goes on:

- Waits pass at the same time.
- The threads of a process that compute share one interpreter lock: of n threads, each computes 1/n as fast. The
  program itself is one of them while it computes.
- Processes share the processors: if more of them compute than there are processors, each of them gets its share.

A step takes effect only when it is reached, so a result is there when the thread would have had it. Memory is
different: what a thread writes to a variable is there as soon as the thread has started. Therefore a thread cannot wait
for another one, see `primitives`. What is refused there is decided by the thread's own time, which is an estimate if
more threads start later.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from enum import Enum, auto

from .clock import VirtualClock

MAIN_PROCESS = "main"
"""The process of the program itself and its threads."""


class Kind(Enum):
    """The kind of a step."""

    COMPUTE = auto()
    """Computing: its seconds if nothing else computes."""
    SLEEP = auto()
    """A wait: its seconds."""
    RECORD = auto()
    """A function that adds something to the record, and gets the time. It never runs code of the program."""
    EFFECT = auto()
    """A function without arguments, which may run code of the program. It is called when the program waits."""


Step = tuple[Kind, object]


class _Playback:
    """The steps of a thread that are still to come. Without steps: what the program itself computes."""

    __slots__ = ("process", "steps")

    def __init__(self, process: Hashable, steps: Iterable[Step]):
        self.process = process
        self.steps = deque(steps)


class _Process:
    """The threads of a process that compute now.

    They share its computing equally. So it is enough to know how much each of them has got since the beginning, and at
    which amount each of them is ready.
    """

    def __init__(self) -> None:
        self.served = 0.0
        self.computing: list[tuple[float, int, _Playback]] = []


class Simulation:
    """The threads that have started, on the clock of a run."""

    def __init__(self, clock: VirtualClock, processors: int):
        self._clock = clock
        self.processors = processors
        self._numbers = itertools.count()
        self._processes: dict[Hashable, _Process] = {}
        self._sleeping: list[tuple[float, int, _Playback]] = []
        self._due: deque[Callable[[], object]] = deque()
        self._played_until = clock.now
        self._is_playing = False
        self.is_taking_effect = False
        """True while effects are called."""
        self._own: _Playback | None = None
        """What the program itself computes, while that is played."""
        self.on_thread_wait: Callable[[float], None] | None = None
        """While the function of a thread runs, what is called with the time until which it waits."""

    # Threads

    def play(self, process: Hashable, steps: Iterable[Step]) -> None:
        """A thread of this process starts now, and will do these steps."""
        if not self._is_playing:
            self._played_until = self._clock.now
            self._is_playing = True
            self._clock.simulation = self
        self._go_on(_Playback(process, steps))

    def slowness(self, process: Hashable) -> float:
        """The time that a second of computing would take in another thread of this process."""
        computing = {key: len(it.computing) for key, it in self._processes.items()}
        threads = computing.get(process, 0) + 1
        return threads * max(1.0, len(computing.keys() | {process}) / self.processors)

    # The clock's side

    def advance_to(self, moment: float) -> None:
        """The program, or the thread whose function runs, waits until `moment`. Meanwhile threads have effects."""
        if self.on_thread_wait is not None:
            self.on_thread_wait(moment)
            return
        self.settle()
        while self._clock.now < moment and (change := self.next_change()) <= moment:
            self._clock.move_to(change)
            self._play_until(self._clock.now)
            self._take_effect()
        self._clock.move_to(moment)
        if self._is_playing:
            self._play_until(self._clock.now)
            self._take_effect()

    def settle(self, *, has_effects: bool = True) -> None:
        """What the program has computed since the last call is played together with what threads have computed.

        The clock moves on if that takes longer. Without `has_effects`, effects are kept for the next call.
        """
        if self.on_thread_wait is not None or not self._is_playing:
            return
        computed = self._clock.now - self._played_until
        self._own = _Playback(MAIN_PROCESS, ())
        self._compute(self._own, max(0.0, computed))
        while self._own is not None:
            self._play_next()
        self._clock.now = max(self._clock.now, self._played_until)
        if has_effects:
            self._take_effect()

    def next_change(self) -> float:
        """The time of the next step, if the program only waits. Infinity if no thread is left."""
        if self.on_thread_wait is not None:
            # A thread does not notice the others.
            return math.inf
        sleeping = self._sleeping[0][0] if self._sleeping else math.inf
        return min([sleeping, *map(self._ready_at, self._processes.values())])

    # Playing

    def _ready_at(self, process: _Process) -> float:
        left = process.computing[0][0] - process.served
        return self._played_until + max(0.0, left) / self._rate(process)

    def _rate(self, process: _Process) -> float:
        """The computing that each thread of a process gets in a second."""
        return min(1.0, self.processors / len(self._processes)) / len(process.computing)

    def _play_until(self, moment: float) -> None:
        while self._is_playing and self.next_change() <= moment:
            self._play_next()
        self._pass_time(moment)

    def _play_next(self) -> None:
        """Moves on to the next end of a wait or of computing, and begins what comes after it."""
        moment = self.next_change()
        self._pass_time(moment)
        if self._sleeping and self._sleeping[0][0] <= moment:
            self._go_on(heapq.heappop(self._sleeping)[2])
            return
        # The one for which `moment` was worked out: rounding may leave a rest.
        key, process = min(self._processes.items(), key=lambda entry: self._ready_at(entry[1]))
        ready = heapq.heappop(process.computing)[2]
        if not process.computing:
            del self._processes[key]
        self._go_on(ready)

    def _pass_time(self, moment: float) -> None:
        seconds = moment - self._played_until
        if seconds > 0:
            for process in self._processes.values():
                process.served += seconds * self._rate(process)
            self._played_until = moment

    def _go_on(self, playback: _Playback) -> None:
        """Begins the next step of a thread that takes time."""
        if playback is self._own:
            self._own = None
        while playback.steps:
            kind, value = playback.steps.popleft()
            if kind is Kind.RECORD:
                value(self._played_until)
            elif kind is Kind.EFFECT:
                self._due.append(value)
            elif kind is Kind.COMPUTE:
                self._compute(playback, value)
                return
            else:
                heapq.heappush(self._sleeping, (self._played_until + value, next(self._numbers), playback))
                return

    def _compute(self, playback: _Playback, seconds: float) -> None:
        process = self._processes.setdefault(playback.process, _Process())
        heapq.heappush(process.computing, (process.served + seconds, next(self._numbers), playback))

    def _take_effect(self) -> None:
        """Calls the effects that are due. They may start threads."""
        outer, self.is_taking_effect = self.is_taking_effect, True
        try:
            while self._due:
                self._due.popleft()()
        finally:
            self.is_taking_effect = outer
        if self._is_playing and not self._processes and not self._sleeping:
            self._is_playing = False
            self._clock.simulation = None
