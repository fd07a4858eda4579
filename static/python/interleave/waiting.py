"""The functions that code rewritten by `lift` calls during a run.

`asyncio.run`, `Runner.run` and the methods of a loop do here what they do in CPython, except that they wait by
giving the loop to the host: `steps` yields it, and the host resumes the program when the loop has stopped.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import signal
import sys
import types
import weakref
from asyncio import base_events, events, runners
from collections.abc import Callable

from .loop import Loop


@types.coroutine
def steps(loop: Loop):
    """Waits until the loop has stopped. Errors that a step raises are raised here."""
    yield loop


class Lifted:
    """The twins of a run's functions, and how the run can be interrupted."""

    def __init__(self) -> None:
        self._twins: weakref.WeakKeyDictionary[Callable, Callable] = weakref.WeakKeyDictionary()
        self._manager_twins: weakref.WeakKeyDictionary[Callable, Callable] = weakref.WeakKeyDictionary()
        """The twins of generators that `contextlib.contextmanager` decorates."""
        self.interrupts: list[Callable[[], object]] = []
        """The Ctrl-C handlers of the `Runner.run` calls in progress, innermost last."""

    def twin(self, twin: Callable) -> Callable[[Callable], Callable]:
        """A decorator that registers the twin of a function."""

        def register(function: Callable) -> Callable:
            twin.__defaults__ = function.__defaults__
            twin.__kwdefaults__ = function.__kwdefaults__
            twin.__name__, twin.__qualname__ = function.__name__, function.__qualname__
            code = function.__code__
            # Tracebacks show the names in the code.
            twin.__code__ = twin.__code__.replace(co_name=code.co_name, co_qualname=code.co_qualname)
            twins = self._manager_twins if inspect.isasyncgenfunction(twin) else self._twins
            twins[function] = twin
            return function

        return register

    def waiting(self, function: Callable) -> Callable:
        """A coroutine function that does what `function` does, but waits by giving the loop to the host."""
        if isinstance(function, functools.partial):
            return functools.partial(self.waiting(function.func), *function.args, **function.keywords)
        if function is asyncio.run:
            return self._run
        if isinstance(function, types.FunctionType) and function in self._twins:
            return self._twins[function]
        if isinstance(function, type):
            return self._waiting_class(function)
        call = getattr(type(function), "__call__", None)
        if isinstance(call, types.FunctionType) and call in self._twins:
            return functools.partial(self._twins[call], function)
        if isinstance(function, types.MethodType):
            method = self._waiting_method(function.__func__, function.__self__)
            if method is not None:
                return functools.partial(method, function.__self__)
        return _as_coroutine_function(function)

    def _waiting_class(self, kind: type) -> Callable:
        """Creates an object whose `__init__` may wait."""
        init = kind.__init__
        is_plain = type(kind).__call__ is type.__call__ and kind.__new__ is object.__new__
        if not is_plain or not isinstance(init, types.FunctionType) or init not in self._twins:
            return _as_coroutine_function(kind)

        async def create(*args, **kwargs):
            created = kind.__new__(kind)
            await self._twins[init](created, *args, **kwargs)
            return created

        return create

    def _waiting_method(self, function: Callable, owner: object) -> Callable | None:
        if function is asyncio.Runner.run:
            return self._runner_run
        if function is asyncio.Runner.close:
            return self._runner_close
        if isinstance(owner, Loop) and function is Loop.run_forever:
            return self._run_forever
        if isinstance(owner, Loop) and function is Loop.run_until_complete:
            return self._run_until_complete
        if function is base_events.BaseEventLoop.run_until_complete and events._get_running_loop() is owner:
            # On the virtual clock only a notebook's top level comes here.
            return self._run_until_complete
        return self._twins.get(function) if isinstance(function, types.FunctionType) else None

    def manager(self, manager: object) -> object:
        """An asynchronous context manager that does what a plain one does."""
        if isinstance(manager, contextlib._GeneratorContextManager) and manager.func in self._manager_twins:
            twin = contextlib.asynccontextmanager(self._manager_twins[manager.func])
            return twin(*manager.args, **manager.kwds)
        return _Manager(manager, self.waiting)

    async def _run(self, main, *, debug=None, **options):
        if events._get_running_loop() is not None:
            # A notebook's top level runs in a task. `nest_asyncio` makes the same of `asyncio.run`.
            return await asyncio.ensure_future(main)
        runner = asyncio.Runner(debug=debug, **options)
        try:
            return await self._runner_run(runner, main)
        finally:
            await self._runner_close(runner)

    async def _runner_run(self, runner, coro, *, context=None):
        # As `asyncio.Runner.run` of CPython 3.11 to 3.14.
        if not asyncio.iscoroutine(coro):
            if sys.version_info < (3, 14) or not inspect.isawaitable(coro):
                return runner.run(coro)
            coro = _awaited(coro)
        if events._get_running_loop() is not None:
            return await asyncio.ensure_future(coro)
        runner._lazy_init()
        if not isinstance(runner._loop, Loop):
            return runner.run(coro, context=context)
        task = runner._loop.create_task(coro, context=runner._context if context is None else context)
        on_sigint = functools.partial(runner._on_sigint, main_task=task)
        interrupt = functools.partial(on_sigint, signal.SIGINT, None)
        runner._interrupt_count = 0
        self.interrupts.append(interrupt)
        # For a program that sends itself the signal.
        is_default = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if is_default:
            signal.signal(signal.SIGINT, on_sigint)
        try:
            return await self._run_until_complete(runner._loop, task)
        except asyncio.CancelledError:
            if runner._interrupt_count > 0 and task.uncancel() == 0:
                raise KeyboardInterrupt() from None
            raise
        finally:
            self.interrupts.remove(interrupt)
            if is_default and signal.getsignal(signal.SIGINT) is on_sigint:
                signal.signal(signal.SIGINT, signal.default_int_handler)

    async def _runner_close(self, runner) -> None:
        # As `asyncio.Runner.close`.
        loop = runner._loop
        if runner._state is not runners._State.INITIALIZED or not isinstance(loop, Loop):
            return runner.close()
        try:
            await self._cancel_all_tasks(loop)
            await self._run_until_complete(loop, loop.shutdown_asyncgens())
            await self._run_until_complete(loop, loop.shutdown_default_executor())
        finally:
            if runner._set_event_loop:
                events.set_event_loop(None)
            loop.close()
            runner._loop = None
            runner._state = runners._State.CLOSED

    async def _cancel_all_tasks(self, loop: Loop) -> None:
        # As `asyncio.runners._cancel_all_tasks`.
        to_cancel = asyncio.all_tasks(loop)
        if not to_cancel:
            return
        for task in to_cancel:
            task.cancel()
        await self._run_until_complete(loop, asyncio.gather(*to_cancel, return_exceptions=True))
        for task in to_cancel:
            if not task.cancelled() and task.exception() is not None:
                loop.call_exception_handler({
                    "message": "unhandled exception during asyncio.run() shutdown",
                    "exception": task.exception(),
                    "task": task,
                })

    async def _run_until_complete(self, loop: Loop, future):
        # As `BaseEventLoop.run_until_complete`.
        loop._check_closed()
        if events._get_running_loop() is loop:
            return await asyncio.ensure_future(future)
        loop._check_running()
        is_new = not asyncio.isfuture(future)
        future = asyncio.ensure_future(future, loop=loop)
        if is_new:
            future._log_destroy_pending = False
        future.add_done_callback(base_events._run_until_complete_cb)
        try:
            await self._run_forever(loop)
        except BaseException:
            if is_new and future.done() and not future.cancelled():
                # The error is reported by `run_until_complete` itself, so the task need not report it.
                future.exception()
            raise
        finally:
            future.remove_done_callback(base_events._run_until_complete_cb)
        if not future.done():
            raise RuntimeError("Event loop stopped before Future completed.")
        return future.result()

    async def _run_forever(self, loop: Loop) -> None:
        loop.open()
        try:
            await steps(loop)
        finally:
            loop.close_steps()


class _Manager:
    """A plain context manager as an asynchronous one. A runner waits when it is closed."""

    def __init__(self, manager: object, waiting: Callable[[Callable], Callable]):
        self._manager = manager
        self._waiting = waiting

    async def __aenter__(self):
        return await self._waiting(type(self._manager).__enter__)(self._manager)

    async def __aexit__(self, *error):
        exit_manager = type(self._manager).__exit__
        if exit_manager is asyncio.Runner.__exit__:
            return await self._waiting(self._manager.close)()
        return await self._waiting(exit_manager)(self._manager, *error)


def _as_coroutine_function(function: Callable) -> Callable:
    async def call(*args, **kwargs):
        return function(*args, **kwargs)

    return call


async def _awaited(awaitable):
    return await awaitable
