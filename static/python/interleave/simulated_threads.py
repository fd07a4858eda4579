"""`threading.Thread` and `ThreadPoolExecutor` for simulated threads."""

from __future__ import annotations

import itertools
import os
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import BrokenExecutor, Executor, _base
from concurrent.futures import Future as _Future
from functools import partial
from threading import Thread

from . import primitives
from .errors import CannotSimulate, EndlessLoop, LookTaken
from .names import called_name
from .simulation import MAIN_PROCESS
from .thread_runs import ThreadRuns

_FIRST_IDENT = 140_000_000_000_000
"""Numbers of threads look like those on Linux."""


class Threads:
    """The threads that a run has started, and the functions through which the program sees them."""

    def __init__(self, runs: ThreadRuns, processors: int):
        self.runs = runs
        self.processors = processors
        self._alive: dict[Thread, None] = {}
        self._waiting_timers: dict[threading.Timer, int] = {}
        """Timers whose time has not come yet, with the numbers of their tasks."""
        self.executors: weakref.WeakSet[PoolExecutor] = weakref.WeakSet()
        """The executors for which a program waits at its end."""
        self._idents = itertools.count(_FIRST_IDENT, 4096)
        self._main = threading.main_thread()

    def replacements(self) -> list[tuple[object, str, object]]:
        """Owner, name and function for everything that is replaced during a run."""
        import _threading_local
        import concurrent.futures.thread
        import queue

        owners = {"threading": threading, "queue": queue}
        classes = [
            (owners[module], name, kind)
            for module, kinds in primitives.classes(self.runs).items() for name, kind in kinds.items()
        ]
        executor_class, future_class = self._executor_class(), self._future_class()
        return [
            *classes,
            (threading, "local", _threading_local.local),
            (_threading_local, "current_thread", self.current_thread),
            # The first thread of each run is `Thread-1`.
            (threading, "_counter", itertools.count(1).__next__),
            *self._methods(),
            (concurrent.futures, "ThreadPoolExecutor", executor_class),
            (concurrent.futures.thread, "ThreadPoolExecutor", executor_class),
            *((owner, "Future", future_class) for owner in (concurrent.futures, concurrent.futures._base)),
            *self._functions(),
        ]

    def _methods(self) -> list[tuple[type, str, Callable]]:
        def start(thread):
            """As `Thread.start`."""
            self.start(thread)

        def join(thread, timeout=None):
            """As `Thread.join`."""
            self.join(thread, timeout)

        def is_alive(thread):
            """As `Thread.is_alive`."""
            self.runs.ask()
            running = self.runs.running
            return thread is self._main or thread in self._alive or running is not None and running.thread is thread

        def cancel(timer):
            """As `Timer.cancel`."""
            timer.finished.set()
            if self.runs.running is None:
                self._cancel(timer)
            else:
                self.runs.effect(lambda: self._cancel(timer))

        methods = [(Thread, method.__name__, method) for method in (start, join, is_alive)]
        return [*methods, (threading.Timer, "cancel", cancel)]

    def _future_class(self) -> type:
        runs = self.runs

        class Future(_Future):
            """A future that a thread may complete: others notice it when the simulation gets there."""

            def set_result(self, result):
                if runs.running is None:
                    super().set_result(result)
                else:
                    runs.effect(lambda: super(Future, self).set_result(result))

            def set_exception(self, exception):
                if runs.running is None:
                    super().set_exception(exception)
                else:
                    runs.effect(lambda: super(Future, self).set_exception(exception))

            def done(self):
                runs.ask()
                return super().done()

            def running(self):
                runs.ask()
                return super().running()

        Future.__module__, Future.__qualname__ = "concurrent.futures._base", "Future"
        return Future

    def _functions(self) -> list[tuple[object, str, Callable]]:
        """The functions that tell about threads and processors."""
        real_getpid = os.getpid

        def getpid():
            running = self.runs.running
            return running.pid if running is not None and running.pid else real_getpid()

        def get_ident():
            return self.current_thread().ident

        def current_thread():
            return self.current_thread()

        def enumerate():
            return [self._main, *self._alive]

        def active_count():
            return 1 + len(self._alive)

        def cpu_count():
            return self.processors

        def process_cpu_count():
            return self.processors

        def sched_getaffinity(pid, /):
            return set(range(self.processors))

        def get_native_id():
            return get_ident()

        of_threads = (get_ident, get_native_id, current_thread, enumerate, active_count)
        of_system = (getpid, cpu_count, process_cpu_count, sched_getaffinity)
        found = []
        for owner, functions in ((threading, of_threads), (os, of_system)):
            for function in functions:
                # Under these names they are pickled, too.
                function.__module__, function.__qualname__ = owner.__name__, function.__name__
                if hasattr(owner, function.__name__):
                    found.append((owner, function.__name__, function))
        return found

    def current_thread(self) -> Thread:
        """As `threading.current_thread`."""
        return self.runs.running.thread if self.runs.running is not None else self._main

    # Threads

    def start(
        self,
        thread: Thread,
        *,
        process: Hashable = MAIN_PROCESS,
        pid: int | None = None,
        run: Callable[[], BaseException | None] | None = None,
        at_end: Callable[[], object] | None = None,
    ) -> None:
        """As `Thread.start`, in a process.

        `run` is called in the thread, by default its method `run`, and returns the error. `at_end` is called when the
        thread ends.
        """
        if not thread._initialized:
            raise RuntimeError("thread.__init__() not called")
        if thread._started.is_set():
            raise RuntimeError("threads can only be started once")
        is_timer = isinstance(thread, threading.Timer)
        if self.runs.running is not None and not is_timer:
            raise self.runs.refusal("a thread starts another one")
        self.identify(thread)
        number = self.runs.add(_task_name(thread))
        self._alive[thread] = None
        if is_timer:
            self._waiting_timers[thread] = number
            self.runs.call_after(thread.interval, lambda: self._fire(thread))
            return
        self._start(thread, number, process, pid, run or partial(self._error_of, thread), at_end)

    def identify(self, thread: Thread) -> None:
        """The thread has started, and has the number by which programs tell threads apart."""
        thread._started.set()
        thread._ident = next(self._idents)

    def _start(self, thread: Thread, number: int, process: Hashable, pid: int | None, run, at_end) -> None:
        def end() -> None:
            self._alive.pop(thread, None)
            if at_end is not None:
                at_end()

        try:
            self.runs.start(thread, number, process, run, end, pid=pid)
        except BaseException:
            self._alive.pop(thread, None)
            raise

    def _cancel(self, timer: threading.Timer) -> None:
        number = self._waiting_timers.pop(timer, None)
        if number is not None:
            self.runs.cancel(number)
            self._alive.pop(timer, None)

    def _fire(self, timer: threading.Timer) -> None:
        number = self._waiting_timers.pop(timer, None)
        if number is None:
            return
        # What `Timer.run` does first has happened already.
        timer.interval = 0
        self._start(timer, number, MAIN_PROCESS, None, partial(self._error_of, timer), None)

    def join(self, thread: Thread, timeout: float | None) -> None:
        """As `Thread.join`."""
        if not thread._initialized:
            raise RuntimeError("Thread.__init__() not called")
        if not thread._started.is_set():
            raise RuntimeError("cannot join thread before it is started")
        if thread is self.current_thread():
            raise RuntimeError("cannot join current thread")
        limit = None if timeout is None else max(0.0, timeout)
        self.runs.wait_until(lambda: thread not in self._alive, limit, f"the thread `{thread.name}`")

    def wait_for_all(self) -> None:
        """At the end of a program: Python waits for all threads that are not daemons, and for those of executors."""
        for executor in list(self.executors):
            executor.shutdown()
        while threads := [it for it in self._alive if not it.daemon]:
            self.join(threads[0], None)

    def _error_of(self, thread: Thread) -> BaseException | None:
        """Runs a thread's method `run`. As in Python, an error is printed by `threading.excepthook`."""
        try:
            thread.run()
        except (EndlessLoop, LookTaken) as error:
            # They end a run.
            self.runs.fail(error)
            return error
        except SystemExit:
            return None
        except CannotSimulate as error:
            return error
        except BaseException as error:
            # Without this function.
            raised = error.__traceback__ and error.__traceback__.tb_next
            try:
                threading.excepthook(threading.ExceptHookArgs((type(error), error, raised, thread)))
            except Exception:
                sys.excepthook(*sys.exc_info())
            return error
        return None

    # Executors

    def _executor_class(self) -> type:
        from concurrent.futures.thread import BrokenThreadPool

        threads = self

        class ThreadPoolExecutor(PoolExecutor):
            """As `concurrent.futures.ThreadPoolExecutor`."""

            _names = itertools.count()
            _broken = BrokenThreadPool

            def __init__(self, max_workers=None, thread_name_prefix="", initializer=None, initargs=(), **ctxkwargs):
                if max_workers is None:
                    max_workers = min(32, threads.processors + 4)
                if max_workers <= 0:
                    raise ValueError("max_workers must be greater than 0")
                if initializer is not None and not callable(initializer):
                    raise TypeError("initializer must be a callable")
                self._thread_name_prefix = thread_name_prefix or f"ThreadPoolExecutor-{next(self._names)}"
                super().__init__(threads, max_workers, partial(initializer, *initargs) if initializer else None)

            def _worker(self, index: int) -> Worker:
                name = f"{self._thread_name_prefix}_{index}"
                return Worker(Thread(name=name), MAIN_PROCESS, None)

        ThreadPoolExecutor.__module__ = "concurrent.futures.thread"
        ThreadPoolExecutor.__qualname__ = "ThreadPoolExecutor"
        return ThreadPoolExecutor


class Worker:
    """A thread or process of an executor."""

    def __init__(self, thread: Thread, process: Hashable, pid: int | None):
        self.thread = thread
        self.process = process
        self.pid = pid
        self.is_new = True


class PoolExecutor(Executor):
    """An executor with a number of simulated threads or processes, each of which takes one call after the other."""

    _broken: type = BrokenExecutor
    """The error of an executor whose workers could not be prepared."""

    def __init__(self, threads: Threads, max_workers: int, initializer: Callable[[], object] | None):
        threads.executors.add(self)
        self._threads = threads
        self._max_workers = max_workers
        self._initializer = initializer
        self._workers: list[Worker] = []
        self._idle: list[Worker] = []
        self._queue: deque[tuple[_Future, int, Callable[[], object]]] = deque()
        self._unfinished: dict[_Future, None] = {}
        self._is_broken = False
        self._shutdown = False

    def _worker(self, index: int) -> Worker:
        raise NotImplementedError

    def _prepared(self, function, args: tuple, kwargs: dict) -> Callable[[], object]:
        """The call as a function without arguments."""
        return partial(function, *args, **kwargs)

    def _returned(self, result: object) -> object:
        """The result as the program gets it."""
        return result

    def submit(self, fn, /, *args, **kwargs) -> _Future:
        if self._is_broken:
            raise self._broken("A worker's initializer failed, the pool is not usable anymore")
        if self._shutdown:
            raise RuntimeError("cannot schedule new futures after shutdown")
        runs = self._threads.runs
        if runs.running is not None:
            raise runs.refusal("a thread starts another one")
        future, number = _base.Future(), runs.add(called_name(fn))
        self._unfinished[future] = None
        future.add_done_callback(self._forget)
        self._queue.append((future, number, partial(self._call, fn, args, kwargs)))
        self._start_calls()
        return future

    def _call(self, function, args: tuple, kwargs: dict) -> object:
        return self._returned(self._prepared(function, args, kwargs)())

    def _forget(self, future: _Future) -> None:
        self._unfinished.pop(future, None)

    def _start_calls(self) -> None:
        """Workers that are free take calls from the queue."""
        while self._queue:
            if not self._idle and len(self._workers) < self._max_workers:
                worker = self._worker(len(self._workers))
                self._threads.identify(worker.thread)
                self._workers.append(worker)
                self._idle.append(worker)
            if not self._idle:
                return
            future, number, call = self._queue.popleft()
            if not future.set_running_or_notify_cancel():
                self._threads.runs.cancel(number)
                continue
            self._run(self._idle.pop(), future, number, call)

    def _run(self, worker: Worker, future: _Future, number: int, call: Callable[[], object]) -> None:
        outcome: list[tuple[object, BaseException | None]] = []

        def run() -> BaseException | None:
            result, error = None, None
            try:
                if worker.is_new and self._initializer is not None:
                    self._initialize()
                worker.is_new = False
                result = call()
            except BaseException as raised:
                error = raised
            outcome.append((result, error))
            return error

        def end() -> None:
            self._idle.append(worker)
            result, error = outcome[0]
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)
            self._start_calls()

        self._threads.runs.start(worker.thread, number, worker.process, run, end, pid=worker.pid)

    def _initialize(self) -> None:
        try:
            self._initializer()
        except BaseException as error:
            self._is_broken = True
            raise self._broken("A worker's initializer failed, the pool is not usable anymore") from error

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._shutdown = True
        if cancel_futures:
            for future, number, _ in self._queue:
                future.cancel()
                self._threads.runs.cancel(number)
            self._queue.clear()
        if wait:
            self._threads.runs.wait_until(lambda: not self._unfinished, None, "an executor")


def _task_name(thread: Thread) -> str:
    """The name that the program gave, or that of the function."""
    target = getattr(thread, "_target", None)
    if target is None:
        target = thread.function if isinstance(thread, threading.Timer) else type(thread)
    default = f"Thread-{thread.name[7:].partition(' ')[0]}" if thread.name.startswith("Thread-") else None
    is_default = default is not None and thread.name in (default, f"{default} ({getattr(target, '__name__', '')})")
    return called_name(target) if is_default else thread.name[:200]
