"""Runs a whole program: its files, its environment, its clock and its end.

`Run` is driven by its host:

    run = Run(files, host, seed=7, clock="browser")
    due = run.step()    # seconds until the next call: 0 for now, None for "when `host.wake` is called"
    …
    run.is_over, run.result

On the real clock, `step` runs what is ready and returns. On the virtual clock, the first `step` runs the whole program.
"""

from __future__ import annotations

import ast
import asyncio
import atexit
import contextvars
import datetime
import functools
import gc
import inspect
import logging
import os
import shutil
import signal
import sys
import tempfile
import time
import types
import warnings
import weakref
from collections.abc import Callable
from pathlib import Path

from . import clock as clocks
from . import draws, ending, imports, lift, look, packages, polls, tree, unsupported, watch
from .calls import Calls
from .columns import ERROR, INFO, MOST_EVENTS, WARNING, LogLine, Piece, Record, microseconds, run_file_record
from .console import Console
from .ending import Result
from .errors import LookTaken, RecordFull
from .files import Files
from .heartbeat import Heartbeat
from .host import Host
from .loop import Loop, VirtualLoop, enter_running_loop, leave_running_loop
from .modules import LiftingFinder
from .network import Carrier, Network
from .questions import RecordView
from .replay import Replay
from .restore import Snapshot
from .simulated_processes import Processes
from .simulated_threads import Threads
from .simulation import Simulation
from .sources import Sources
from .text import shown_error
from .thread_runs import ThreadRuns
from .virtual_server import SERVER_URL, VirtualServer
from .waiting import Lifted
# pytest replaces these in order to collect warnings.
_WARNINGS = {name: getattr(warnings, name) for name in ("showwarning", "_showwarnmsg_impl") if hasattr(warnings, name)}


class Run:
    """One run of a program.

    `argv`: the arguments after the program's name. `environ`: variables that are added to the environment.
    `clock`: `"browser"`, `"virtual"` or `"simulated"`. `processors`: those that simulated threads and processes share.
    `most_events`: the limit of the record. `look_at_us`: on the virtual clock, a
    moment in microseconds since the start at which the run ends, with `seen`. Such a run sends no pieces. `packages`:
    those that the program may import, which were installed before (`packages.install`). `replies`: the answers of the
    servers in an earlier run, see `replay`. `server`: the model server on the virtual clock, see `virtual_server`.
    """

    def __init__(
        self,
        files: Files,
        host: Host,
        *,
        seed: int = 0,
        clock: str = "browser",
        argv: tuple[str, ...] = (),
        environ: dict[str, str] | None = None,
        most_events: int = MOST_EVENTS,
        look_at_us: int | None = None,
        processors: int = 4,
        packages: tuple[str, ...] = (),
        replies: list | None = None,
        server=None,
    ):
        self._files = files
        self._host = host
        self._seed = seed
        self.clock = clock
        self.is_virtual = clock != "browser"
        """True if waits take no real time."""
        self._argv = argv
        self._environ = environ or {}
        self._root = Path(tempfile.mkdtemp(prefix="program-")).resolve()
        self._sources = Sources(self._root)
        self._clock = clocks.CountingClock() if clock == "simulated" else clocks.VirtualClock()
        now = (lambda: self._clock.now - clocks.START_S) if self.is_virtual else host.now
        record = Record(most_events)
        send = host.send if look_at_us is None else lambda piece: None
        self._kept: list[Piece] = []
        if files.mention("interleave"):
            send = self._keeping(send)
        self.recorder = polls.Recorder(self._sources, now, send, record, renumber=True)
        if look_at_us is not None:
            self._look_at_us = look_at_us
            self._clock.before_advance = self._look_before
        self._heartbeat = Heartbeat(record, only_late=self.is_virtual)
        self._console = Console(self._add_line, self._show_unfinished)
        self._readings = (
            clocks.Unlimited() if clock == "simulated"
            else clocks.Readings(self._sources, lambda: self.recorder.current)
        )
        self._packages = packages
        self._lifted = Lifted()
        self._network = Network(self._carrier(replies, server), self.recorder, keeps=not self.is_virtual)
        self._calls = None if self.is_virtual else Calls(self.recorder)
        self._threads = self._simulated_threads(processors) if self.is_virtual else None
        self._loops: list = []
        self._exit_functions: list[tuple[Callable, tuple, dict]] = []
        self._snapshot: Snapshot | None = None
        self._context = contextvars.Context()
        """The program has a context of its own: what it sets in it is not there in the next run."""
        self._coroutine = None
        self._loop: Loop | None = None
        """The loop for which the top level of the program waits."""
        self._error: BaseException | None = None
        """The error of the last step, until it is raised in the program or shown."""
        self._free_until_us = 0
        self._is_interrupted = False
        self._refusals: set[str] = set()
        self._was_stopped = False
        self._was_ended = False
        self._is_active = False
        self._has_looked = False
        self.seen: list[dict] = []
        """The tasks that waited at `look_at_us`, see `look.seen`. Empty if the program ended before."""
        self.result: Result | None = None

    def _carrier(self, replies: list | None, server) -> Carrier:
        if not self.is_virtual:
            return self._host
        if replies is not None:
            return Replay(replies)
        return VirtualServer(server, self._environ.get(SERVER_URL))

    def _simulated_threads(self, processors: int) -> Threads:
        simulation = Simulation(self._clock, processors)
        return Threads(ThreadRuns(self.recorder, self._clock, simulation, self._readings), processors)

    @property
    def is_over(self) -> bool:
        """True if the program has ended."""
        return self.result is not None

    # Driving the program

    def step(self) -> float | None:
        """Runs what is due. Returns the seconds until the next call is due: 0 for now, None for "after `host.wake`".

        The first call starts the program. Never raises an error of the program: see `result`.
        """
        if self.is_over:
            return None
        outer, outer_task = leave_running_loop()
        try:
            due = self._context.run(self._step)
            if due == 0:
                self.recorder.flush_if_due()
            elif not self.is_over:
                self.recorder.flush()
            return due
        finally:
            enter_running_loop(outer, outer_task)

    def _step(self) -> float | None:
        if self._coroutine is None:
            try:
                self._start()
            except BaseException as error:
                self._error = error
            return self._resume() if self._error is None else self._finish()
        try:
            if self._is_interrupted:
                self._is_interrupted = False
                raise KeyboardInterrupt
            due = self._step_loop()
        except BaseException as error:
            self._error = error
        # Not inside of `except`: it would become the context of the program's next error, and live until the end.
        return self._resume() if self._error is not None or self._loop.has_stopped else due

    def _step_loop(self) -> float | None:
        self._network.begin_step()
        now_us = self.recorder.now_us()
        self._heartbeat.before_step(now_us, min(self._free_until_us, now_us))
        due = self._loop.step()
        after_us = self.recorder.now_us()
        self._heartbeat.after_step(after_us)
        # Without a timer, the loop is free until something wakes it.
        self._free_until_us = 2**62 if due is None else after_us + microseconds(due)
        return due

    def _resume(self) -> float | None:
        """Continues the top level of the program until it waits again. An error of the last step is raised there."""
        self._loop = None
        error, self._error = self._error, None
        try:
            self._loop = self._coroutine.send(None) if error is None else self._coroutine.throw(error)
        except StopIteration:
            pass
        except BaseException as end:
            self._error = end
        finally:
            # A name for an error would keep the program's objects alive after its end.
            del error
        if self._loop is None:
            return self._finish()
        now_us = self.recorder.now_us()
        self._heartbeat.skip(now_us)
        self._free_until_us = now_us
        return 0

    def receive(self, number: int, after_s: float, kind: str, *content) -> None:
        """Takes an answer to a request of the program, between two steps: see `network.Network.receive`."""
        if not self.is_over:
            self._context.run(self._network.receive, number, after_s, kind, *content)

    @property
    def replies(self) -> list | None:
        """What servers answered, for another run on the virtual clock. None if it was too large to be kept."""
        return self._network.replies

    def stop(self) -> None:
        """Does what Ctrl-C does: cancels the main task, or raises `KeyboardInterrupt` where the program is.

        Has no effect while the program blocks: then the host must end the interpreter.
        """
        if self.is_over:
            return
        self._was_stopped = True
        try:
            handler = signal.getsignal(signal.SIGINT)
            if callable(handler) and handler is not signal.default_int_handler:
                handler(signal.SIGINT, None)
            elif self._lifted.interrupts:
                self._lifted.interrupts[-1]()
            else:
                self._is_interrupted = True
        except KeyboardInterrupt:
            self._is_interrupted = True
        self._host.wake()

    # The beginning

    def _start(self) -> None:
        self._files.write(self._root)
        self._snapshot = Snapshot()
        self._is_active = True
        trees = self._files.trees()
        self._set_up(trees)
        main = types.ModuleType("__main__")
        filename = str(self._root / self._files.main)
        main.__file__ = filename
        sys.modules["__main__"] = main
        self._coroutine = self._top_level(trees[self._files.main], filename, main.__dict__)

    def _top_level(self, tree: ast.Module, filename: str, scope: dict):
        """The program as a coroutine."""
        is_notebook = lift.is_notebook(tree)
        if is_notebook or not self.is_virtual:
            tree = lift.lifted(tree, self._names, is_main=True)
        code = compile(tree, filename, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        if is_notebook and self.is_virtual:
            return _as_coroutine(lambda: asyncio.run(eval(code, scope)))
        if is_notebook:
            return self._lifted.waiting(asyncio.run)(eval(code, scope))
        if code.co_flags & inspect.CO_COROUTINE:
            return eval(code, scope)
        return _as_coroutine(lambda: exec(code, scope))

    def _set_up(self, trees: dict[str, ast.Module]) -> None:
        self._names = lift.waiting_names(trees.values())
        snapshot = self._snapshot
        recorder = self.recorder
        snapshot.replace([
            (sys, "stdout", self._console.stdout),
            (sys, "stderr", self._console.stderr),
            (sys, "unraisablehook", self._note_unraisable),
            # Its finalizers run at its end, and the next program has its own.
            (weakref.finalize, "_registered_with_atexit", False),
            (weakref.finalize, "_shutdown", False),
            (weakref.finalize, "_registry", {}),
            (sys.modules[__package__], "record", self._view()),
            (sys.modules[__package__], "report_test", self._report_test),
            (atexit, "register", self._register_exit),
            (atexit, "unregister", self._unregister_exit),
            *self._console.replacements(),
            *unsupported.replacements(),
            *self._thread_functions(),
            *watch.replacements(recorder),
            *draws.replacements(self._seed, lambda: recorder.current, recorder.record.path),
            *self._time_functions(),
            *self._loop_classes(),
            (warnings, "_warn_unawaited_coroutine", self._warn_unawaited),
        ])
        _reset_logging_and_warnings()
        # One frame is enough for the line on which a coroutine that is never awaited was created.
        sys.set_coroutine_origin_tracking_depth(1)
        vars(sys.modules["builtins"])[lift.HELPER] = self._lifted
        asyncio.events._event_loop_policy = self._policy_class()
        imports.Finder.install()
        if not self.is_virtual:
            sys.meta_path.insert(0, LiftingFinder(self._root, self._lift_module))
        os.chdir(self._root)
        os.environ.update(self._environ)
        sys.path.insert(0, str((self._root / self._files.main).parent))
        sys.path += packages.folders(self._packages)
        sys.argv[:] = [str(self._root / self._files.main), *self._argv]

    def _lift_module(self, source: str, filename: str) -> ast.Module:
        return lift.lifted(lift.parse(source, filename), self._names, is_main=False)

    def _time_functions(self) -> list[tuple[object, str, object]]:
        is_active = lambda: self._is_active  # noqa: E731
        if self.is_virtual:
            functions = clocks.virtual_functions(self._clock, self._readings, is_active, self._note_sleep)
            dates = clocks.virtual_dates(functions["time"])
        else:
            functions = {"sleep": clocks.real_sleep(self._block, is_active)}
            dates = {}
        return [
            *((time, name, function) for name, function in functions.items()),
            *((datetime, name, kind) for name, kind in dates.items()),
        ]

    def _thread_functions(self) -> list[tuple[object, str, object]]:
        if self._threads is None:
            return []
        processes = Processes(self._threads)
        functions = [*self._threads.replacements(), *processes.replacements()]
        if self._files.mention("multiprocessing"):
            functions += processes.multiprocessing_replacements()
        return functions

    def _keeping(self, send: Callable[[Piece], object]) -> Callable[[Piece], object]:
        """Also keeps what is sent, because the program may ask about it."""

        def keep_and_send(piece: Piece) -> None:
            self._kept.append(piece)
            send(piece)

        return keep_and_send

    def _view(self) -> RecordView:
        recorder = self.recorder
        return RecordView(self._record_until_now, recorder.now_us, current=lambda: recorder.current)

    def _record_until_now(self) -> dict:
        self._clock.settle()
        return run_file_record([*self._kept, self.recorder.next_piece()], self.clock)

    def _block(self, seconds: float) -> None:
        self._note_sleep()
        self.recorder.flush()
        self._calls.sleep(functools.partial(self._host.sleep, seconds))

    def _note_sleep(self) -> None:
        self._readings.forget()
        self.recorder.note_sleep(self._sources.place_of(sys._getframe(1)))

    # The loops

    def _loop_classes(self) -> list[tuple[object, str, type]]:
        """The program's names for an event loop that it can create or subclass."""
        self._loop_class = self._own_loop_class()
        owners = [asyncio, sys.modules.get("asyncio.unix_events")]
        self._policy_class = policy_of(self._loop_class)
        loops = dict.fromkeys(("SelectorEventLoop", "EventLoop", "_UnixSelectorEventLoop"), self._loop_class)
        policies = ("DefaultEventLoopPolicy", "_DefaultEventLoopPolicy", "_UnixDefaultEventLoopPolicy")
        names = {**loops, **dict.fromkeys(policies, self._policy_class)}
        return [
            (owner, name, kind) for owner in owners if owner for name, kind in names.items() if name in vars(owner)
        ]

    def _own_loop_class(self) -> type:
        run = self
        base = VirtualLoop if self.is_virtual else Loop

        class _UnixSelectorEventLoop(base):
            """The program's event loop. It has the name of CPython's own, which programs print."""

            def __init__(self, selector=None):
                super().__init__(selector, **run._loop_options())
                self.use(run._network, run._calls)
                if run._threads is not None:
                    self.use_threads(run._threads.runs)
                run._loops.append(self)
                run.recorder.attach(self)

            def close(self):
                super().close()
                if self in run._loops:
                    run._loops.remove(self)

        _UnixSelectorEventLoop.__module__ = "asyncio.unix_events"
        _UnixSelectorEventLoop.__qualname__ = "_UnixSelectorEventLoop"
        return _UnixSelectorEventLoop

    def _loop_options(self) -> dict:
        if not self.is_virtual:
            return {"on_ready": self._host.wake, "on_refusal": self._note_refusal, "sources": self._sources}
        return {
            "clock": self._clock,
            "readings": self._readings,
            "describe_waits": functools.partial(tree.described, self.recorder),
            "on_select": self._each_iteration,
            "on_run": self._begin_loop,
        }

    def _begin_loop(self) -> None:
        """A loop on the virtual clock begins to run. Until now there was none, so none was blocked."""
        if self._threads.runs.running is None:
            self._heartbeat.skip(self.recorder.now_us())

    def _look_before(self, moment: float) -> None:
        """The virtual clock is about to move on to `moment`: takes the look, if it is due, and ends the run."""
        if (moment - clocks.START_S) * 1e6 + 0.5 < self._look_at_us + 1:
            return
        # Texts of local variables are made by code of the program, which may read the clock or sleep.
        self._clock.before_advance = lambda moment: None
        running = self._sources.own_frame(sys._getframe(1)) if self.recorder.current else None
        self.seen = look.seen(self.recorder, self._loops, running)
        self._has_looked = True
        raise LookTaken

    def _each_iteration(self, until: float) -> None:
        """On the virtual clock, after everything that was ready has run, and before the clock jumps."""
        if self._has_looked:
            # The program has caught the error, or `asyncio.run` cancels its tasks.
            raise LookTaken
        self._readings.forget()
        if self._threads.runs.running is not None:
            # A loop in a thread, whose record comes later.
            return
        now = self._clock.now
        self._heartbeat.after_step(self.recorder.now_us())
        until_us = microseconds(until - clocks.START_S)
        self._heartbeat.before_step(until_us, until_us)
        self.recorder.flush_if_due(is_settled=True)
        # What recording takes is not part of the program's computing.
        self._clock.now = now
        if not self.recorder.is_recording and not self._was_ended:
            # Once: after it, the program may still clean up.
            self._was_ended = True
            raise RecordFull(self.recorder.record.most_events)

    # What the program prints, and Python's warnings

    def _add_line(self, level: str, text: str, origin: str) -> None:
        recorder = self.recorder
        if origin != "stdout":
            # Python's warnings and tracebacks show where a file is in the interpreter's file system.
            text = self._sources.with_own_paths(text)
        recorder.record.unfinished = None
        recorder.record.add_line(LogLine(recorder.now_us(), recorder.current, level, text, origin))
        recorder.flush_within_poll()

    def _report_test(self, result: str) -> None:
        """The result of a test, in JSON: see `testing`."""
        self._add_line(INFO, result, "test")

    def _show_unfinished(self, level: str, text: str, origin: str) -> None:
        recorder = self.recorder
        recorder.record.unfinished = LogLine(recorder.now_us(), recorder.current, level, text, origin)
        recorder.flush_within_poll()

    def _note_unraisable(self, unraisable) -> None:
        """An error that Python cannot pass on, such as one in `__del__`."""
        error = unraisable.exc_value
        if error is None:
            return
        place = self._sources.place_of_error(error)
        text = f"{unraisable.err_msg or 'Exception ignored in'}: {shown_error(error)}"
        self.recorder.note(WARNING, text + (f" ({place})" if place else ""))

    def _note_refusal(self, text: str) -> None:
        """A wait is refused, at a place that the text names. To clean up, `asyncio.run` tries to wait once more."""
        if text not in self._refusals:
            self._refusals.add(text)
            self.recorder.note(WARNING, text)

    def _warn_unawaited(self, coro) -> None:
        name = coro.__qualname__
        origin = coro.cr_origin
        place = ""
        if origin and self._sources[origin[0][0]] >= 0:
            place = f" ({self._sources.place(origin[0][0], origin[0][1])})"
        self.recorder.note(WARNING, f"Coroutine `{name}` was created and never awaited{place}")
        # As CPython does it, where the creation is not tracked.
        warnings.warn(f"coroutine '{name}' was never awaited", RuntimeWarning, stacklevel=2, source=coro)

    def _register_exit(self, function, *args, **kwargs):
        self._exit_functions.append((function, args, kwargs))
        return function

    def _unregister_exit(self, function) -> None:
        self._exit_functions[:] = [entry for entry in self._exit_functions if entry[0] != function]

    # The end

    def _finish(self) -> None:
        """Ends the run: shows the error, calls the exit functions, and puts everything back."""
        self._coroutine = None
        error, self._error = self._error, None
        result = ending.result(error, self._sources, was_stopped=self._was_stopped)
        if self._snapshot is not None:
            if not self._has_looked:
                self._show_error(error, result)
            # The traceback keeps the program's objects alive, which must go while their output is still seen.
            del error
            if not self._has_looked:
                self._wait_for_threads()
                result = self._with_threads_failure(result)
            if not self._has_looked:
                self._call_exit_functions()
            self._leave()
        self.recorder.note_repeated_blocks()
        self._console.close()
        self.recorder.flush(is_settled=True)
        if self._snapshot is not None:
            self._snapshot.restore(self._is_own_module)
        shutil.rmtree(self._root, ignore_errors=True)
        self.result = result

    def _show_error(self, error: BaseException | None, result: Result) -> None:
        if error is not None and not isinstance(error, SystemExit) and not self._snapshot.is_own_hook(sys.excepthook):
            try:
                sys.excepthook(type(error), error, error.__traceback__)
                return
            except BaseException as other:
                result = ending.result(other, self._sources, was_stopped=False)
        # Line by line, because a long line of the log is cut.
        for line in (result.traceback or result.message).splitlines():
            self.recorder.note(ERROR, line, 0)

    def _wait_for_threads(self) -> None:
        """As at the end of CPython."""
        if self._threads is None:
            return
        try:
            self._threads.wait_for_all()
        except BaseException as error:
            if not self._has_looked:
                self._show_error(error, ending.result(error, self._sources, was_stopped=False))

    def _with_threads_failure(self, result: Result) -> Result:
        """The result of a run in which something could not be simulated, although the program may have finished."""
        failure = self._threads.runs.failure if self._threads is not None else None
        if failure is None or result.error:
            return result
        # It keeps the program's objects alive.
        self._threads.runs.failure = None
        return ending.result(failure, self._sources, was_stopped=False)

    def _call_exit_functions(self) -> None:
        """As at the end of CPython: the last function first. An error in one is shown, and the others are called."""
        while self._exit_functions:
            function, args, kwargs = self._exit_functions.pop()
            try:
                function(*args, **kwargs)
            except BaseException as error:
                self._show_error(error, ending.result(error, self._sources, was_stopped=False))

    def _leave(self) -> None:
        """Lets go of the program's objects, while their warnings still go to the log."""
        main = sys.modules.get("__main__")
        if main is not None and self._is_own_module(main):
            # As at the end of CPython: finalizers still see the module's names, if nothing keeps the module.
            ref = weakref.ref(main)
            self._snapshot.restore_main()
            del main
            gc.collect()
            main = ref()
            if main is not None:
                main.__dict__.clear()
        self._network.close()
        for loop in list(self._loops):
            if not loop.is_closed() and not loop.is_running():
                loop.close()
        self._lifted.interrupts.clear()
        gc.collect()
        self._is_active = False

    def _is_own_module(self, module) -> bool:
        """True for a module that the next run loads again: packages keep names that are replaced during a run."""
        # A folder without `__init__.py` has only a path.
        filename = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", ())), "")
        return packages.is_pure_package(module) or str(filename).startswith(f"{self._root}/") or isinstance(
            getattr(module, "__loader__", None), imports.Ignored
        )

    # What waits

    def waiting(self, *, with_locals: bool = False) -> list[dict]:
        """Returns the tasks that wait now, see `tree.waiting`. `with_locals` adds local variables, which are never
        recorded."""
        return tree.waiting(self.recorder, self._loops, with_locals=with_locals)


def record_of(run: Run, pieces: list) -> dict:
    """The record of a run in the format of `docs/run-file.md`, from all its pieces."""
    return run_file_record(pieces, run.clock)


def _reset_logging_and_warnings() -> None:
    """Logging and warnings as in a new interpreter: another program of the interpreter, such as pytest, may use
    them."""
    logging.root.handlers.clear()
    logging.root.setLevel(logging.WARNING)
    warnings.resetwarnings()
    for category in (ResourceWarning, ImportWarning, PendingDeprecationWarning, DeprecationWarning):
        warnings.simplefilter("ignore", category)
    warnings.filterwarnings("default", category=DeprecationWarning, module="__main__")
    # `tqdm` starts a thread that only watches for bars that are not updated.
    warnings.filterwarnings("ignore", message="tqdm:disabling monitor support")
    for name, value in _WARNINGS.items():
        setattr(warnings, name, value)


def policy_of(loop_class: type) -> type:
    """The class of the event loop policy that creates a run's loops."""
    base = getattr(asyncio.events, "_BaseDefaultEventLoopPolicy", None) or asyncio.events.BaseDefaultEventLoopPolicy
    return type("_UnixDefaultEventLoopPolicy", (base,), {"_loop_factory": loop_class})


async def _as_coroutine(function: Callable[[], object]) -> None:
    """The top level of a program that does not wait, or that can block."""
    function()
