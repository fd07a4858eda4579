"""Watches the reader's functions while a check runs them: each call, and what blocks the event loop meanwhile.

The functions of a module are replaced by ones that note their calls, under all their names in the modules and their
classes. The times are those of the record, so that calls can be compared with its events. `checks` says what the calls
mean.

Other calls are not seen: those of a function that has been put into a list, a dict or a `functools.partial` before,
those of nested functions, properties and generators, and those of special methods such as `__init__`.
"""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import inspect
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import CodeType, FrameType, FunctionType, ModuleType

from .questions import RecordView

_SLEEP = time.sleep
_OPEN = builtins.open
_IS_COROUTINE = getattr(asyncio.coroutines, "_is_coroutine", None)


@dataclass(eq=False)
class Call:
    """A call of one of the reader's functions."""

    name: str
    arguments: dict[str, object]
    """By the names of the parameters, with the defaults."""
    line: str | None
    """The reader's line that makes the call, such as `scripts/async_basics.py:14`; None if a test makes it."""
    is_async: bool
    in_loop: bool
    """True if an event loop runs in the thread of the call. A plain function then blocks it."""
    called_us: int
    awaited_line: str | None = None
    """The reader's line that awaits the call; None if the call is a task."""
    task: int = 0
    """The number of the task in the record; 0 outside of tasks."""
    started_us: int | None = None
    ended_us: int | None = None
    outcome: str = "not started"
    """`not started`, `not finished`, `succeeded`, `failed` or `cancelled`."""
    result: object = None
    error: BaseException | None = None
    coroutine: object = field(default=None, repr=False)

    @property
    def started(self) -> float | None:
        """When it started, in seconds since the start of the record. A coroutine starts at its first step."""
        return None if self.started_us is None else self.started_us / 1e6

    @property
    def ended(self) -> float | None:
        """When it ended, in seconds since the start of the record."""
        return None if self.ended_us is None else self.ended_us / 1e6

    @property
    def seconds(self) -> float | None:
        """How long it took; None if it has not ended."""
        return None if self.ended_us is None else (self.ended_us - self.started_us) / 1e6

    @property
    def was_dropped(self) -> bool:
        """True if the coroutine exists, but nothing has ever run it."""
        return inspect.iscoroutine(self.coroutine) and inspect.getcoroutinestate(self.coroutine) == inspect.CORO_CREATED


@dataclass
class Block:
    """A call that stopped the event loop."""

    line: str
    """The reader's line with the call."""
    function: str
    """The function that blocks, such as `time.sleep`."""
    caller: tuple[str, str] | None
    """If `line` is in a plain function: the line of the coroutine that calls this function, and the function's name."""
    seconds: float


class Observed:
    """The calls of the functions and methods of some modules, from `start` to `stop`."""

    def __init__(self, modules: tuple[ModuleType, ...], record: RecordView):
        self._modules = modules
        self._record = record
        self._files = {module.__file__: shown_path(module.__file__) for module in modules}
        self._replaced = contextlib.ExitStack()
        self._thread = threading.get_ident()
        self._watched: dict[Callable, Callable] = {}
        self._first_names: dict[Callable, str] = {}
        self.functions: dict[str, Callable] = {}
        """The reader's functions, by name. A method has its own name, without that of its class. A function with two
        names is here twice."""
        self.calls: list[Call] = []
        self.blocks: list[Block] = []
        self.semaphores: list[tuple[str, int]] = []
        """The line that created a semaphore, and the number of its permits."""

    def start(self) -> None:
        """Replaces the functions."""
        names = {module.__name__ for module in self._modules}
        # A class with two names is one class.
        classes = {id(it): it for module in self._modules for it in _classes(module)}
        for owner in (*self._modules, *classes.values()):
            self._watch_functions(owner, names)
        for module in self._modules:
            for name, value in list(vars(module).items()):
                if value is _SLEEP or value is time.sleep:
                    self._replace(module, name, self._noting_sleep(value))
        self._replace(time, "sleep", self._noting_sleep(time.sleep))
        self._replace(builtins, "open", self._noting_open(builtins.open))
        self._replace(asyncio.Semaphore, "__init__", self._noting_semaphore(asyncio.Semaphore.__init__))

    def stop(self) -> None:
        """Puts the functions back."""
        self._replaced.close()

    def _replace(self, owner: object, name: str, value: object) -> None:
        before = vars(owner)[name]
        setattr(owner, name, value)
        self._replaced.callback(setattr, owner, name, before)

    # Calls

    def _watch_functions(self, owner: object, modules: set[str]) -> None:
        for name, value in list(vars(owner).items()):
            kind = type(value) if isinstance(value, staticmethod | classmethod) else None
            function = value.__func__ if kind else value
            is_own = isinstance(function, FunctionType) and function.__module__ in modules
            if is_own and not name.startswith("__"):
                watched = self.watched(function, name)
                self._replace(owner, name, kind(watched) if kind else watched)

    def watched(self, function: Callable, name: str | None = None) -> Callable:
        """A function that does the same, and whose calls are noted."""
        name = name or function.__name__
        self.functions[name] = function
        if function not in self._watched:
            self._first_names[function] = name
            self._watched[function] = self._new_watched(function, name)
        return self._watched[function]

    def first_name(self, name: str) -> str:
        """The name of this function in its calls: of several names, the first one."""
        return self._first_names[self.functions[name]]

    def _new_watched(self, function: Callable, name: str) -> Callable:
        if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
            # Its body runs later, in the loop of the one that asks for the items.
            return function
        if inspect.iscoroutinefunction(function):
            return self._watched_coroutine_function(function, name)
        return self._watched_plain_function(function, name)

    def _watched_plain_function(self, function: Callable, name: str) -> Callable:
        def watched(*args, **kwargs):
            __tracebackhide__ = True
            call = self._new_call(name, function, args, kwargs, is_async=False)
            with self._noting(call):
                call.result = function(*args, **kwargs)
            return call.result

        return _like(watched, function)

    def _watched_coroutine_function(self, function: Callable, name: str) -> Callable:
        async def run(call, args, kwargs):
            __tracebackhide__ = True
            call.awaited_line = self.line_of(sys._getframe(1))
            with self._noting(call):
                call.result = await function(*args, **kwargs)
            return call.result

        def watched(*args, **kwargs):
            __tracebackhide__ = True
            call = self._new_call(name, function, args, kwargs, is_async=True)
            call.coroutine = run(call, args, kwargs)
            # The record names a task by its coroutine, and so does Python in its warnings.
            call.coroutine.__name__, call.coroutine.__qualname__ = name, function.__qualname__
            return call.coroutine

        if _IS_COROUTINE is not None:
            watched._is_coroutine = _IS_COROUTINE
        if hasattr(inspect, "markcoroutinefunction"):
            inspect.markcoroutinefunction(watched)
        return _like(watched, function)

    def _new_call(self, name: str, function: Callable, args: tuple, kwargs: dict, *, is_async: bool) -> Call:
        __tracebackhide__ = True
        try:
            bound = inspect.signature(function).bind(*args, **kwargs)
        except TypeError:
            # The call itself raises an error in Python's usual words.
            function(*args, **kwargs)
            raise
        bound.apply_defaults()
        line = self.line_of(sys._getframe(2))
        in_loop = asyncio._get_running_loop() is not None
        call = Call(name, dict(bound.arguments), line, is_async, in_loop, self._record.now_us())
        self.calls.append(call)
        return call

    @contextlib.contextmanager
    def _noting(self, call: Call):
        __tracebackhide__ = True
        is_own_thread = threading.get_ident() == self._thread
        call.task = self._record.current_task() if is_own_thread else 0
        call.started_us, call.outcome = self._record.now_us(), "not finished"
        try:
            yield
        except BaseException as error:
            call.error = error
            call.outcome = "cancelled" if isinstance(error, asyncio.CancelledError | GeneratorExit) else "failed"
            raise
        else:
            call.outcome = "succeeded"
        finally:
            call.ended_us = self._record.now_us()

    # What blocks the event loop

    def _noting_sleep(self, sleep: Callable) -> Callable:
        def noting_sleep(seconds, /):
            began_us = self._record.now_us()
            sleep(seconds)
            self._note_block(sys._getframe(1), "time.sleep", began_us)

        return _like(noting_sleep, sleep)

    def _noting_open(self, open_file: Callable) -> Callable:
        def noting_open(*args, **kwargs):
            began_us = self._record.now_us()
            file = open_file(*args, **kwargs)
            caller = sys._getframe(1)
            # Other modules, such as `aiofiles`, open files in threads.
            if caller.f_code.co_filename in self._files:
                self._note_block(caller, "open", began_us)
            return file

        return _like(noting_open, open_file)

    def _note_block(self, frame: FrameType, function: str, began_us: int) -> None:
        frames = self._own_frames(frame)
        coroutine = next((it for it in frames if it.f_code.co_flags & inspect.CO_COROUTINE), None)
        if asyncio._get_running_loop() is None or coroutine is None:
            return
        seconds = (self._record.now_us() - began_us) / 1e6
        called = frames[frames.index(coroutine) - 1] if coroutine is not frames[0] else None
        caller = (self._place(coroutine), called.f_code.co_name) if called else None
        self.blocks.append(Block(self._place(frames[0]), function, caller, seconds))

    def _noting_semaphore(self, init: Callable) -> Callable:
        def noting_init(semaphore, value=1, **kwargs):
            init(semaphore, value, **kwargs)
            line = self.line_of(sys._getframe(1))
            if line is not None:
                self.semaphores.append((line, value))

        return _like(noting_init, init)

    # Lines

    def _own_frames(self, frame: FrameType | None) -> list[FrameType]:
        """The frames in the reader's files, innermost first, up to the event loop."""
        found = []
        while frame is not None and not _is_loop(frame.f_code):
            if frame.f_code.co_filename in self._files:
                found.append(frame)
            frame = frame.f_back
        return found

    def line_of(self, frame: FrameType | None) -> str | None:
        """The nearest line of the reader's files; None if the event loop or a test is in between."""
        frames = self._own_frames(frame)
        return self._place(frames[0]) if frames else None

    def _place(self, frame: FrameType) -> str:
        return f"{self._files[frame.f_code.co_filename]}:{frame.f_lineno}"

    def place(self, name: str) -> str:
        """The line on which a function of the reader begins."""
        code = self.functions[name].__code__
        return f"{self._files.get(code.co_filename, shown_path(code.co_filename))}:{code.co_firstlineno}"

    def place_of_error(self, error: BaseException) -> str | None:
        """The innermost line of the reader's files through which an error passed."""
        found, step = None, error.__traceback__
        while step is not None:
            if step.tb_frame.f_code.co_filename in self._files:
                found = f"{self._files[step.tb_frame.f_code.co_filename]}:{step.tb_lineno}"
            step = step.tb_next
        return found

    def is_raised_by_reader(self, error: BaseException) -> bool:
        """True if the reader's own code raised the error, and no function that it calls."""
        step = error.__traceback__
        while step is not None and step.tb_next is not None:
            step = step.tb_next
        return step is not None and step.tb_frame.f_code.co_filename in self._files


def shown_path(filename: str) -> str:
    """The path of a file of the program, from the folder that contains it."""
    path = os.path.relpath(os.path.realpath(filename), os.path.realpath(os.getcwd()))
    return os.path.basename(filename) if path.startswith("..") else path.replace(os.sep, "/")


def _classes(module: ModuleType) -> list[type]:
    return [it for it in vars(module).values() if isinstance(it, type) and it.__module__ == module.__name__]


def _is_loop(code: CodeType) -> bool:
    return code.co_name == "_run_once" and code.co_filename.endswith("base_events.py")


def _like(watched: Callable, function: Callable) -> Callable:
    """Gives a function the names and the signature of another one."""
    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(watched, name, getattr(function, name, None))
    watched.__wrapped__ = function
    return watched
