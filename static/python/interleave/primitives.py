"""Locks, events and queues of simulated threads.

The function of a simulated thread runs to its end when the thread starts. So what it does to an event or a queue is
kept until the simulation gets there, and the program itself can wait for it. A thread cannot wait for anything, and
what it sees must not depend on what another thread does at the same time: then `CannotSimulate` is raised.
"""

from __future__ import annotations

import functools
import queue
import sys
import threading
from collections import deque
from types import FrameType

from .thread_runs import ThreadRuns

# Not `__file__`, which names a compiled file in the page.
_LIBRARY = (threading.Condition.notify.__code__.co_filename, queue.Queue.get.__code__.co_filename)


class _OfRun:
    """The base of the classes here. Modules that are loaded only once may keep them, so they belong to no run."""

    _current: ThreadRuns

    @property
    def _runs(self) -> ThreadRuns:
        return _OfRun._current


def classes(runs: ThreadRuns) -> dict[str, dict[str, type]]:
    """The classes of the modules `threading` and `queue` for simulated threads, by module and name.

    From now on, they belong to the run of `runs`.
    """
    _OfRun._current = runs
    return _classes()


@functools.cache
def _classes() -> dict[str, dict[str, type]]:
    lock = type("Lock", (_Lock,), {"__module__": "threading"})
    found = {
        "threading": {
            "Lock": lock,
            "_allocate_lock": lock,
            "RLock": type("RLock", (_RLock,), {"__module__": "threading"}),
            "Condition": _derived(_ConditionMixin, threading.Condition),
            "Event": _derived(_EventMixin, threading.Event),
            "Semaphore": _derived(_SemaphoreMixin, threading.Semaphore),
            "BoundedSemaphore": _derived(_SemaphoreMixin, threading.BoundedSemaphore),
        },
        "queue": {
            name: _derived(_QueueMixin, getattr(queue, name)) for name in ("Queue", "LifoQueue", "PriorityQueue")
        },
    }
    # The original is in C, and has no limit.
    found["queue"]["SimpleQueue"] = type("SimpleQueue", (found["queue"]["Queue"],), {"__module__": "queue"})
    return found


def _derived(mixin: type, base: type) -> type:
    return type(base.__name__, (mixin, base), {"__module__": base.__module__})


class _Permits(_OfRun):
    """The holders of a number of permits, and the times. Only holds that last over a wait are kept."""

    def __init__(self, permits: int, what: str):
        self._permits = permits
        self._what = what
        self._taken: list[tuple[object, int, float]] = []
        self._waits: deque[tuple[float, float]] = deque(maxlen=10_000)

    def taken(self) -> int:
        """The number of permits that threads which have run already hold now."""
        now = self._runs.now()
        return sum(began <= now < ended for began, ended in self._waits)

    def take(self) -> None:
        """The thread or the program that runs now takes a permit."""
        self._taken.append((self._runs.running, self._runs.moves, self._runs.now()))

    def is_own(self) -> bool:
        """True if the one that runs now holds a permit."""
        return any(holder is self._runs.running for holder, _, _ in self._taken)

    def give_back(self) -> bool:
        """It gives a permit back. Returns False if it has none.

        Raises `CannotSimulate` if threads that have run already hold the others at some time in between.
        """
        runs = self._runs
        for index, (holder, moves, began) in enumerate(self._taken):
            if holder is runs.running:
                del self._taken[index]
                if runs.running is not None:
                    # A step of the thread, at which the program may go on.
                    runs.effect(lambda: None)
                if runs.moves != moves:
                    now = runs.now()
                    overlaps = sum(other_began < now and other_ended > began for other_began, other_ended in self._waits)
                    if overlaps >= self._permits:
                        raise runs.refusal(f"a thread waits for {self._what}")
                    self._waits.append((began, now))
                return True
        return False


class _Lock(_OfRun):
    """As `threading.Lock`, which is in C and would block the page."""

    def __init__(self) -> None:
        self._is_locked = False
        self._held = _Permits(1, "a lock that another one holds")

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        if not blocking and timeout != -1:
            raise ValueError("can't specify a timeout for a non-blocking call")
        if timeout != -1 and timeout < 0:
            raise ValueError("timeout value must be a non-negative number")
        if self._is_taken():
            if not blocking:
                return False
            if self._runs.running is not None:
                if timeout == -1 or not self._held.is_own():
                    raise self._runs.refusal("a thread waits for a lock that another one holds")
                self._runs.sleep(timeout)
                return False
            limit = None if timeout == -1 else timeout
            if not self._runs.wait_until(lambda: not self._is_taken(), limit, "a lock"):
                return False
        self._is_locked = True
        self._held.take()
        return True

    def _is_taken(self) -> bool:
        return self._is_locked or self._held.taken() > 0

    def release(self) -> None:
        if not self._is_locked:
            raise RuntimeError("release unlocked lock")
        if self._runs.running is not None and not self._held.is_own():
            # A lock of the program, which notices it later.
            self._runs.effect(self._unlock)
        else:
            self._unlock()
            self._held.give_back()

    def _unlock(self) -> None:
        self._is_locked = False

    def locked(self) -> bool:
        self._runs.ask()
        return self._is_taken()

    def __reduce__(self):
        raise TypeError("cannot pickle '_thread.lock' object")

    def _at_fork_reinit(self) -> None:
        self._is_locked = False

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *exc_info) -> None:
        self.release()

    def __repr__(self) -> str:
        state = "locked" if self._is_locked else "unlocked"
        return f"<{state} _thread.lock object at {id(self):#x}>"


class _RLock(threading._PyRLock):
    """As `threading.RLock`. This one is in Python, and made of a `Lock`."""

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        return bool(super().acquire(blocking, timeout))

    __enter__ = acquire


class _ConditionMixin(_OfRun):
    """A thread cannot notify others: at that time, nobody waits yet."""

    def notify(self, n: int = 1) -> None:
        self._expect_program(sys._getframe(1))
        super().notify(n)

    def notify_all(self) -> None:
        self._expect_program(sys._getframe(1))
        super().notify_all()

    def _expect_program(self, caller: FrameType) -> None:
        # The library's own calls, such as those of a queue, have been looked at before.
        if self._runs.running is not None and caller.f_code.co_filename not in _LIBRARY:
            raise self._runs.refusal("a thread notifies others")

    def wait(self, timeout: float | None = None) -> bool:
        if self._runs.running is not None:
            raise self._runs.refusal("a thread waits for another one")
        return super().wait(timeout)


class _EventMixin(_OfRun):
    """An event that the program sets is seen by threads that start later. One that a thread sets is seen when the
    simulation gets there."""

    def __init__(self) -> None:
        super().__init__()
        self._asked: tuple[float, str] | None = None
        """When a thread saw last that the event was not set, and its name."""
        self._own: tuple[object, bool] | None = None
        """The thread that runs now, and how it has left the event: others see that later."""

    def is_set(self) -> bool:
        self._runs.ask()
        running = self._runs.running
        if running is not None and self._own is not None and self._own[0] is running:
            return self._own[1]
        if super().is_set():
            return True
        if running is not None and (self._asked is None or self._runs.now() > self._asked[0]):
            self._asked = self._runs.now(), running.thread.name
        return False

    isSet = is_set

    def set(self) -> None:
        if self._runs.running is not None:
            self._own = self._runs.running, True
            self._runs.effect(self._set)
        else:
            self._set()

    def _set(self) -> None:
        if self._asked is not None and self._asked[0] > self._runs.now():
            raise self._runs.refusal(f"an event is set for which `{self._asked[1]}` has asked at a later time")
        super().set()

    def clear(self) -> None:
        if self._runs.running is not None:
            self._own = self._runs.running, False
            self._runs.effect(super().clear)
        else:
            super().clear()

    def wait(self, timeout: float | None = None) -> bool:
        if self._runs.running is None:
            return self._runs.wait_until(super().is_set, timeout, "an event")
        if self.is_set():
            return True
        if timeout is None:
            raise self._runs.refusal("a thread waits for an event")
        self._runs.sleep(max(0.0, timeout))
        return self.is_set()


class _SemaphoreMixin(_OfRun):
    """A semaphore whose permits threads take and give back. A permit that a thread only gives back is there for the
    program when the simulation gets there."""

    def __init__(self, value: int = 1):
        if value < 0:
            raise ValueError("semaphore initial value must be >= 0")
        # As the original, which calls its base under the name that is replaced.
        self._cond = threading.Condition(threading.Lock())
        self._value = self._initial_value = value
        self._held = _Permits(max(1, value), "a semaphore")

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
        if not blocking and timeout is not None:
            raise ValueError("can't specify timeout for non-blocking acquire")
        runs = self._runs
        if self._left() <= 0:
            if not blocking:
                return False
            if runs.running is not None:
                raise runs.refusal("a thread waits for a semaphore")
            if not runs.wait_until(lambda: self._left() > 0, timeout, "a semaphore"):
                return False
        self._held.take()
        return super().acquire()

    __enter__ = acquire

    def _left(self) -> int:
        return self._value - self._held.taken()

    def release(self, n: int = 1) -> None:
        if self._runs.running is not None and not self._held.is_own():
            self._runs.effect(lambda: super(_SemaphoreMixin, self).release(n))
            return
        super().release(n)
        for _ in range(n):
            self._held.give_back()


class _QueueMixin(_OfRun):
    """A queue that threads fill for the program, or that was filled before a thread started."""

    def __init__(self, maxsize: int = 0):
        super().__init__(maxsize)
        self._seen: tuple[float, object] = 0.0, None
        """When a thread looked into the queue last, and which."""

    def put(self, item, block: bool = True, timeout: float | None = None) -> None:
        if self._runs.running is None:
            self._expect_not_seen()
            super().put(item, block, timeout)
        elif self.maxsize > 0:
            raise self._runs.refusal("a thread waits for room in a queue")
        else:
            self._runs.effect(lambda: _QueueMixin.put(self, item))

    def put_nowait(self, item) -> None:
        self.put(item, block=False)

    def get(self, block: bool = True, timeout: float | None = None):
        self._look()
        if self._runs.running is not None and not super().qsize() and block:
            if timeout is None:
                raise self._runs.refusal("a thread waits for an item of a queue")
            self._runs.sleep(max(0.0, timeout))
            # What is put in the meantime would have ended the wait.
            self._look()
            raise queue.Empty
        if self._runs.running is None and block:
            is_over = lambda: self.queue or getattr(self, "is_shutdown", False)  # noqa: E731
            if not self._runs.wait_until(is_over, timeout, "an item of a queue"):
                raise queue.Empty
        return super().get(block=False)

    def get_nowait(self):
        return self.get(block=False)

    def qsize(self) -> int:
        self._look()
        return super().qsize()

    def empty(self) -> bool:
        self._look()
        return super().empty()

    def full(self) -> bool:
        self._look()
        return super().full()

    def shutdown(self, immediate: bool = False) -> None:
        """As `Queue.shutdown` of Python 3.13."""
        if self._runs.running is None:
            super().shutdown(immediate)
        else:
            self._runs.effect(lambda: super(_QueueMixin, self).shutdown(immediate))

    def task_done(self) -> None:
        if self._runs.running is None:
            super().task_done()
        else:
            self._runs.effect(super().task_done)

    def join(self) -> None:
        self._runs.wait_until(lambda: not self.unfinished_tasks, None, "a queue")

    def _look(self) -> None:
        self._runs.ask()
        self._expect_not_seen()
        if self._runs.running is not None:
            self._seen = self._runs.now(), self._runs.running

    def _expect_not_seen(self) -> None:
        moment, other = self._seen
        if other is not None and other is not self._runs.running and moment > self._runs.now():
            raise self._runs.refusal("a queue is shared by several threads")
