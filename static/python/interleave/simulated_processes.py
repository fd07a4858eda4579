"""`ProcessPoolExecutor` and `multiprocessing` for simulated processes.

Arguments and results are pickled, as on their way to another process. But all of them share the program's memory, and
starting a process takes no time.
"""

from __future__ import annotations

import itertools
import pickle
import sys
import traceback
import types
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future
from functools import partial
from threading import Thread

from .errors import CannotSimulate, EndlessLoop, LookTaken
from .imports import Ignored
from .simulated_threads import PoolExecutor, Threads, Worker

_NOT_SIMULATED = (
    "Queue", "SimpleQueue", "JoinableQueue", "Pipe", "Manager", "Value", "Array", "Lock", "RLock", "Event", "Condition",
    "Semaphore", "BoundedSemaphore", "Barrier",
)


class Processes:
    """The processes of a run."""

    def __init__(self, threads: Threads):
        self._threads = threads
        self._pids = itertools.count(1001)
        self._names = itertools.count(1)
        self._alive: dict[object, None] = {}
        """The objects of class `Process` that have not ended."""
        self._running: list = []
        """The one that runs now."""
        self._executor = self._executor_class()

    def replacements(self) -> list[tuple[object, str, object]]:
        """Owner, name and class for everything that is replaced during a run."""
        import concurrent.futures

        self._put_module("concurrent.futures.process", ProcessPoolExecutor=self._executor, BrokenProcessPool=_Broken)
        return [(concurrent.futures, "ProcessPoolExecutor", self._executor)]

    @staticmethod
    def _put_module(name: str, **content: object) -> types.ModuleType:
        """Puts a module in the place of one that needs real processes. It is gone at the end of the run."""
        module = types.ModuleType(name)
        module.__loader__ = Ignored()
        vars(module).update(content)
        sys.modules[name] = module
        return module

    def multiprocessing_replacements(self) -> list[tuple[object, str, object]]:
        """The same for a program that uses `multiprocessing`."""
        import multiprocessing

        pool_class, current_process = self._pool_class(), multiprocessing.current_process
        of_threads = partial(pool_class, of_threads=True)
        module = self._put_module("multiprocessing.pool", Pool=pool_class, ThreadPool=of_threads)
        functions = {
            "Pool": pool_class,
            "Process": self._process_class(),
            "cpu_count": lambda: self._threads.processors,
            "pool": module,
            "active_children": lambda: list(self._alive),
            "current_process": lambda: self._running[0] if self._running else current_process(),
            "set_start_method": lambda method, force=False: None,
            "get_start_method": lambda allow_none=False: "spawn",
            "freeze_support": lambda: None,
            "get_context": lambda method=None: multiprocessing,
            **{name: partial(self._refuse, name) for name in _NOT_SIMULATED},
        }
        return [(multiprocessing, name, value) for name, value in functions.items()]

    def _refuse(self, name: str, *args, **kwargs):
        raise self._threads.runs.refusal(f"processes share a `multiprocessing.{name}`")

    def _executor_class(self) -> type:
        threads, pids = self._threads, self._pids

        class ProcessPoolExecutor(PoolExecutor):
            """As `concurrent.futures.ProcessPoolExecutor`."""

            _broken = _Broken

            def __init__(
                self, max_workers=None, mp_context=None, initializer=None, initargs=(), *, max_tasks_per_child=None
            ):
                if max_workers is None:
                    max_workers = threads.processors
                if max_workers <= 0:
                    raise ValueError("max_workers must be greater than 0")
                if initializer is not None and not callable(initializer):
                    raise TypeError("initializer must be a callable")
                super().__init__(threads, max_workers, partial(initializer, *initargs) if initializer else None)

            def _worker(self, index: int) -> Worker:
                pid = next(pids)
                return Worker(Thread(name="MainThread", daemon=True), ("process", pid), pid)

            def _prepared(self, function, args, kwargs):
                function, args, kwargs = pickle.loads(pickle.dumps((function, args, kwargs)))
                return partial(function, *args, **kwargs)

            def _returned(self, result):
                return pickle.loads(pickle.dumps(result))

            def map(self, fn, *iterables, timeout=None, chunksize=1, **options):
                if chunksize < 1:
                    raise ValueError("chunksize must be >= 1.")
                return super().map(fn, *iterables, timeout=timeout, **options)

        ProcessPoolExecutor.__module__ = "concurrent.futures.process"
        ProcessPoolExecutor.__qualname__ = "ProcessPoolExecutor"
        return ProcessPoolExecutor

    def _process_class(self) -> type:
        threads, pids, names, alive, running = self._threads, self._pids, self._names, self._alive, self._running

        class Process:
            """As `multiprocessing.Process`."""

            def __init__(self, group=None, target=None, name=None, args=(), kwargs=None, *, daemon=None):
                self._target, self._args, self._kwargs = target, args, kwargs or {}
                self.name = name or f"Process-{next(names)}"
                self.daemon = bool(daemon)
                self.pid = self.exitcode = None
                self._thread = None

            def run(self) -> None:
                if self._target is not None:
                    self._target(*self._args, **self._kwargs)

            def start(self) -> None:
                if self._thread is not None:
                    raise AssertionError("cannot start a process twice")
                self._target, self._args, self._kwargs = pickle.loads(
                    pickle.dumps((self._target, self._args, self._kwargs))
                )
                self.pid = next(pids)
                given = self.name if not self.name.startswith("Process-") else None
                self._thread = Thread(target=_named(self.run, given or self._target), name=given, daemon=self.daemon)
                threads.start(
                    self._thread, process=("process", self.pid), pid=self.pid, run=self._outcome, at_end=self._end
                )
                alive[self] = None

            def _outcome(self) -> BaseException | None:
                """Runs it as another process does, which prints its error."""
                self._code, error = 0, None
                outer, running[:] = running[:], [self]
                try:
                    self.run()
                except (EndlessLoop, LookTaken) as error_of_ours:
                    threads.runs.fail(error_of_ours)
                    self._code, error = 1, error_of_ours
                except SystemExit as exit:
                    self._code = exit.code if isinstance(exit.code, int) else int(exit.code is not None)
                except CannotSimulate as error_of_ours:
                    self._code, error = 1, error_of_ours
                except BaseException as raised:
                    self._code, error = 1, raised
                    shown = "".join(traceback.format_exception(type(raised), raised, raised.__traceback__.tb_next))
                    print(f"Process {self.name}:\n{shown}", end="", file=sys.stderr)
                finally:
                    running[:] = outer
                return error

            def _end(self) -> None:
                self.exitcode = self._code
                alive.pop(self, None)

            def __repr__(self) -> str:
                ended = f"stopped exitcode={self.exitcode}"
                state = "initial" if self.pid is None else "started" if self.is_alive() else ended
                return f"<Process name={self.name!r} pid={self.pid} {state}>"

            def join(self, timeout=None) -> None:
                if self._thread is None:
                    raise AssertionError("can only join a started process")
                threads.join(self._thread, timeout)

            def is_alive(self) -> bool:
                return self._thread is not None and self._thread.is_alive()

            def close(self) -> None:
                if self.is_alive():
                    raise ValueError("Cannot close a process while it is still running.")

            def terminate(self) -> None:
                if self.is_alive():
                    raise threads.runs.refusal("a process is ended from outside")

            kill = terminate

            @property
            def ident(self):
                return self.pid

        Process.__module__, Process.__qualname__ = "multiprocessing.context", "Process"
        return Process

    def _pool_class(self) -> type:
        threads, executor_class = self._threads, self._executor

        class Pool:
            """As `multiprocessing.Pool`, and as `ThreadPool`."""

            def __init__(
                self, processes=None, initializer=None, initargs=(), maxtasksperchild=None, *, of_threads=False
            ):
                import concurrent.futures

                kind = concurrent.futures.ThreadPoolExecutor if of_threads else executor_class
                if processes is not None and processes < 1:
                    raise ValueError("Number of processes must be at least 1")
                self._executor = kind(processes or threads.processors, initializer=initializer, initargs=initargs)
                self._is_open = True

            def apply_async(self, func, args=(), kwds=None, callback=None, error_callback=None):
                return _Result([self._submit(func, *args, **(kwds or {}))], callback, error_callback, is_single=True)

            def apply(self, func, args=(), kwds=None):
                return self.apply_async(func, args, kwds).get()

            def map_async(self, func, iterable, chunksize=None, callback=None, error_callback=None):
                return self.starmap_async(func, zip(iterable), chunksize, callback, error_callback)

            def map(self, func, iterable, chunksize=None):
                return self.map_async(func, iterable).get()

            def starmap_async(self, func, iterable, chunksize=None, callback=None, error_callback=None):
                return _Result([self._submit(func, *args) for args in iterable], callback, error_callback)

            def starmap(self, func, iterable, chunksize=None):
                return self.starmap_async(func, iterable).get()

            def imap(self, func, iterable, chunksize=1):
                return _Results(iter([self._submit(func, item) for item in iterable]))

            def imap_unordered(self, func, iterable, chunksize=1):
                from concurrent.futures import as_completed

                return _Results(as_completed([self._submit(func, item) for item in iterable]))

            def _submit(self, func, *args, **kwargs) -> Future:
                if not self._is_open:
                    raise ValueError("Pool not running")
                return self._executor.submit(func, *args, **kwargs)

            def close(self) -> None:
                self._is_open = False

            def terminate(self) -> None:
                self._is_open = False
                self._executor.shutdown(wait=False, cancel_futures=True)

            def join(self) -> None:
                if self._is_open:
                    raise ValueError("Pool is still running")
                self._executor.shutdown()

            def __enter__(self):
                return self

            def __exit__(self, *exc_info) -> None:
                self.terminate()

        Pool.__module__, Pool.__qualname__ = "multiprocessing.pool", "Pool"
        return Pool


class _Broken(BrokenExecutor):
    """As `concurrent.futures.process.BrokenProcessPool`."""


_Broken.__name__ = _Broken.__qualname__ = "BrokenProcessPool"
_Broken.__module__ = "concurrent.futures.process"


class _Results:
    """As `multiprocessing.pool.IMapIterator`."""

    def __init__(self, futures: Iterator[Future]):
        self._futures = futures

    def __iter__(self):
        return self

    def __next__(self, timeout: float | None = None) -> object:
        return next(self._futures).result(timeout)

    next = __next__


class _Result:
    """As `multiprocessing.pool.AsyncResult`."""

    def __init__(
        self,
        futures: list[Future],
        callback: Callable[[object], object] | None,
        error_callback: Callable[[BaseException], object] | None,
        *,
        is_single: bool = False,
    ):
        self._futures = futures
        self._is_single = is_single
        self._left = len(futures)
        self._callbacks = callback, error_callback
        for future in futures:
            future.add_done_callback(self._note_done)

    def _note_done(self, future: Future) -> None:
        self._left -= 1
        if self._left:
            return
        callback, error_callback = self._callbacks
        errors = self._errors()
        if errors and error_callback is not None:
            error_callback(errors[0])
        elif not errors and callback is not None:
            callback(self._value())

    def _errors(self) -> list[BaseException]:
        errors = [future.exception() for future in self._futures if not future.cancelled()]
        return [error for error in errors if error is not None]

    def _value(self) -> object:
        results = [future.result() for future in self._futures]
        return results[0] if self._is_single else results

    def get(self, timeout: float | None = None) -> object:
        self.wait(timeout)
        if not self.ready():
            from multiprocessing import TimeoutError

            raise TimeoutError
        return self._value()

    def wait(self, timeout: float | None = None) -> None:
        from concurrent.futures import wait

        wait(self._futures, timeout)

    def ready(self) -> bool:
        return all(future.done() for future in self._futures)

    def successful(self) -> bool:
        if not self.ready():
            raise ValueError(f"{self!r} not ready")
        return not self._errors()


def _named(function: Callable[[], object], named_as) -> Callable[[], object]:
    """The function with the name of another one, by which the record calls it."""

    def run() -> None:
        function()

    run.__name__ = named_as if isinstance(named_as, str) else getattr(named_as, "__name__", "run")
    return run
