"""Records a program that runs under CPython itself, and writes a run file.

`interleave_trace.py` is the door to this module. The site has it as one file without dependencies, which contains the
modules of this folder and those of `static/python/interleave` that they need.

The recorder is the same as in the page. The differences are here: the loops are CPython's own, so their heartbeat is
measured at the selector; executors have threads (`threads`); and the program's files are those on disk, from which
keys are removed (`keys`).
"""

from __future__ import annotations

import argparse
import asyncio
import atexit
import builtins
import contextlib
import functools
import gc
import importlib.util
import json
import os
import runpy
import shlex
import sys
import sysconfig
import threading
import time
import types
import weakref
from asyncio import base_events
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path

from . import checks, watch
from .columns import INFO, WARNING, LogLine, Piece, Record, microseconds, run_file_record
from .console import Console
from .heartbeat import Heartbeat
from .keys import masked, without
from .polls import Recorder
from .questions import RecordView
from .sources import Sources
from .text import shown_error
from .threads import ThreadCalls

MOST_EVENTS = 1_000_000
"""The default limit of a record: its file then has about 40 MB. The page opens files of at most 100 MB."""

_MOST_FILES = 100
_MOST_SOURCE_BYTES = 1_000_000
_LONGEST_NAME = 200
_LONGEST_ARGUMENTS = 10_000
_LONGEST_US = 86_400_000_000
"""The page opens runs of at most a day, and programs with at most this many files and bytes."""

_MOST_NOTES = 10
_NO_SOURCE = "# The source was left out of this run.\n"

_INSTALLED = tuple(
    sorted({f"{sysconfig.get_path(name)}/" for name in ("stdlib", "platstdlib", "purelib", "platlib")})
)
"""The folders of Python itself and of installed packages: the folder of a script may contain them."""

_REPLACED_IN_LOOPS = ("create_task", "call_soon", "_call_soon", "call_later", "call_exception_handler")

_IN_PROGRESS: list[Trace] = []
"""The recording in progress, if there is one: two would replace each other's functions."""

_wall_time, _perf_counter = time.time, time.perf_counter


class Trace:
    """A recording of the loops of this thread, from `start` to `stop`. Then `save` writes it."""

    def __init__(self, root: Path, main: Path | None = None, *, most_events: int = MOST_EVENTS, echoes: bool = True):
        """Files below `root` are the program's; `main` is the first of them. `echoes`: lines that are printed are also
        in the log."""
        self._root = root.resolve()
        self._main = main.resolve() if main is not None else None
        self._sources = Sources(self._root, excluded=_INSTALLED)
        self._pieces: list[Piece] = []
        record = Record(most_events)
        self._recorder = Recorder(self._sources, _perf_counter, self._pieces.append, record, is_live=False)
        self._heartbeat = Heartbeat(record)
        self._threads = ThreadCalls(self._recorder)
        self._thread = threading.get_ident()
        self._console = Console(self._add_line) if echoes else None
        self._replaced: list[tuple[object, str, object]] = []
        # By loop, the functions that were put there and into its selector. All weak, so that loops that the program
        # forgets are closed: the functions have references to their loop.
        self._loops: weakref.WeakKeyDictionary[base_events.BaseEventLoop, dict[str, weakref.ref]] = (
            weakref.WeakKeyDictionary()
        )
        self._process = os.getpid()
        self._length_us: int | None = None
        self._error: BaseException | None = None

    # What is recorded

    def start(self, *, attaches: bool = False) -> None:
        """Records all loops that this thread creates from now on. `attaches`: also those that exist already.

        Raises `RuntimeError` if another recording is in progress.
        """
        if _IN_PROGRESS:
            raise RuntimeError("another recording is in progress. End it first")
        _IN_PROGRESS.append(self)
        version = ".".join(map(str, sys.version_info[:3]))
        self._recorder.note(INFO, f"Recorded by interleave_trace.py under {sys.implementation.name} {version}.", 0)
        init, run_forever = base_events.BaseEventLoop.__init__, base_events.BaseEventLoop.run_forever

        @functools.wraps(init)
        def recording_init(loop, *args, **kwargs):
            init(loop, *args, **kwargs)
            self._attach(loop)

        @functools.wraps(run_forever)
        def watched_run_forever(loop):
            if threading.get_ident() == self._thread:
                self._watch_selector(loop)
            else:
                # Its tasks would be mixed with those of this thread.
                self._detach(loop)
            return run_forever(loop)

        self._replace([
            (base_events.BaseEventLoop, "__init__", recording_init),
            (base_events.BaseEventLoop, "run_forever", watched_run_forever),
            (time, "sleep", self._noting_sleep(time.sleep)),
            *watch.replacements(self._recorder),
            *self._threads.replacements(),
        ])
        if self._console is not None:
            copies = (("stdout", self._console.stdout), ("stderr", self._console.stderr))
            # A stream is None if it was closed before Python started.
            streams = [(name, getattr(sys, name), copy) for name, copy in copies if getattr(sys, name) is not None]
            self._replace([(sys, name, _Echo(stream, copy)) for name, stream, copy in streams])
            self._replace(self._console.replacements())
        for loop in _loops_of_this_thread() if attaches else ():
            self._attach(loop)
            self._watch_selector(loop)

    def _replace(self, replacements: list[tuple[object, str, object]]) -> None:
        for owner, name, value in replacements:
            self._replaced.append((owner, name, vars(owner).get(name)))
            setattr(owner, name, value)

    def _attach(self, loop) -> None:
        if isinstance(loop, base_events.BaseEventLoop) and threading.get_ident() == self._thread:
            before = _own_functions(loop)
            self._recorder.attach(loop)
            after = _own_functions(loop)
            # The recorder leaves some of those alone that the program has replaced.
            self._loops[loop] = {name: weakref.ref(it) for name, it in after.items() if it is not before.get(name)}

    def _detach(self, loop) -> None:
        if loop not in self._loops:
            return
        added, current = self._loops.pop(loop), _own_functions(loop)
        # The program may have replaced some of ours.
        names = [name for name, function in current.items() if name in added and function is added[name]()]
        _restore(loop, {name: _before(loop, name) for name in names})
        # A loop that is closed has none.
        selector = getattr(loop, "_selector", None)
        if selector is not None and "select" in added and selector.select is added["select"]():
            del selector.select

    def _watch_selector(self, loop) -> None:
        """The loop is free while it waits in its selector, and busy from one wait to the next."""
        selector = getattr(loop, "_selector", None)
        if loop not in self._loops or selector is None:
            return
        recorder, heartbeat = self._recorder, self._heartbeat
        heartbeat.skip(recorder.now_us())
        if "select" in vars(selector):
            return
        select = selector.select

        @functools.wraps(select)
        def watched_select(timeout=None):
            if recorder.is_recording:
                heartbeat.after_step(recorder.now_us())
            try:
                return select(timeout)
            finally:
                if recorder.is_recording:
                    now_us = recorder.now_us()
                    heartbeat.before_step(now_us, now_us)

        selector.select = watched_select
        self._loops[loop]["select"] = weakref.ref(watched_select)

    def _noting_sleep(self, sleep: Callable[[float], None]) -> Callable[[float], None]:
        @functools.wraps(sleep)
        def noting_sleep(seconds, /):
            if threading.get_ident() == self._thread:
                self._recorder.note_sleep(self._sources.place_of(sys._getframe(1)))
            sleep(seconds)

        return noting_sleep

    def _add_line(self, level: str, text: str, origin: str) -> None:
        recorder = self._recorder
        task = recorder.current if threading.get_ident() == self._thread else 0
        recorder.record.add_line(LogLine(recorder.now_us(), task, level, text, origin))

    def stop(self, error: BaseException | None = None) -> None:
        """Ends the recording. `error` is the one that ended the program, if one did."""
        if self._length_us is not None:
            return
        recorder = self._recorder
        recorder.note_repeated_blocks()
        if self._console is not None:
            self._console.close()
        recorder.flush()
        # A piece even if nothing happened.
        self._pieces.append(recorder.next_piece())
        recorder.is_recording = False
        recorder._states.clear()
        self._length_us = min(recorder.now_us(), _LONGEST_US)
        self._error = error
        for loop in list(self._loops):
            self._detach(loop)
        for owner, name, value in reversed(self._replaced):
            # The program may have put a stream of its own in the place of ours.
            if owner is not sys or isinstance(getattr(sys, name), _Echo):
                _restore(owner, {name: value})
        _IN_PROGRESS.remove(self)

    # What tests ask

    def view(self) -> RecordView:
        """The record, for questions about everything until now."""
        recorder = self._recorder
        return RecordView(self._record_until_now, recorder.now_us, self._threads.tasks, lambda: recorder.current)

    def _record_until_now(self) -> dict:
        if self._length_us is not None:
            return self._record(self._pieces)
        return self._record([*self._pieces, self._recorder.next_piece()])

    def _record(self, pieces: list[Piece]) -> dict:
        """The record with the calls in threads."""
        record = run_file_record(pieces, "browser")
        record["events"] = _with_events(record["events"], [
            (microseconds(at - self._recorder.start), task, kind) for at, task, kind in self._threads.events()
        ])
        return record

    # The file

    def save(self, path: Path, *, has_source: bool = True, arguments: tuple[str, ...] = ()) -> None:
        """Writes the run file. Without `has_source`, it contains no line of the program.

        What looks like a key is replaced in the program, in its output and in its arguments.
        """
        self.stop()
        if os.getpid() != self._process:
            # A copy of the program that `os.fork` has made.
            return
        run = self._run_file(has_source, arguments)
        _mask(run)
        text = json.dumps(run, separators=(",", ":"))
        # A reader of the file never sees a part of it.
        partial = path.with_name(f"{path.name}.part")
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path)

    def _run_file(self, has_source: bool, arguments: tuple[str, ...]) -> dict:
        record = self._record(self._pieces)
        record["log"].sort(key=lambda line: line["at_us"])
        for source in record["waits"]["sources"]:
            # A script may have no `.py`, but the main file of a program has it.
            if self._main is not None and source["path"] == self._main.name:
                source["path"] = self._main_name()
        files = self._files() if has_source else [(self._main_name(), _NO_SOURCE)]
        code: dict = {"files": [{"name": name, "text": text} for name, text in files]}
        shown = shlex.join(arguments)
        if shown and len(shown) <= _LONGEST_ARGUMENTS:
            code["arguments"] = shown
        events = len(record["events"]["task"])
        return {
            "format": "interleave-run",
            "version": 2,
            "app": "interleave_trace",
            "program": {"exercise": "program"},
            "settings": {"code": code, "clock": "browser"},
            "seed": 0,
            "finished_at_ms": int(_wall_time() * 1000),
            "ending": self._ending(),
            "clock_resolution_us": 1,
            "memory": None,
            "record_bytes": 17 * events,
            "record": record,
            "ideal": None,
            "report": self._report(record),
        }

    def _report(self, record: dict) -> dict | None:
        """The warnings, as the findings of the run. The first one is next to the first part. None without warnings."""
        lines = [line for piece in self._pieces for line in json.loads(piece.more)["log"]]
        warnings = [line["text"] for line in lines if (line["origin"], line["level"]) == ("note", WARNING)]
        names, columns = record["names"], record["tasks"]
        parts = [names[name] for name, parent in zip(columns["name"], columns["parent"]) if parent == 0]
        if not warnings:
            return None
        headlines = [{"part": part, "text": warnings[0]} for part in parts[:1]]
        return {"headlines": headlines, "notes": warnings[:_MOST_NOTES], "sections": [], "checks": []}

    def _ending(self) -> dict:
        error, length_us = self._error, self._length_us or 0
        if isinstance(error, KeyboardInterrupt):
            return {"stopped": {"after_us": length_us}}
        if error is None or isinstance(error, SystemExit) and not error.code:
            return {"finished": {"wall_us": length_us}}
        steps = self._sources.own_steps(error.__traceback__)
        line = steps and {
            "path": self._sources.path(steps[-1].tb_frame.f_code.co_filename), "line": steps[-1].tb_lineno
        }
        failed = {"after_us": length_us, "message": shown_error(error), "advice": "The whole traceback is in the log."}
        return {"failed": {**failed, **({"line": line} if line else {})}}

    def _main_name(self) -> str:
        name = self._main.name if self._main is not None else "main.py"
        return name if name.endswith(".py") else f"{name}.py"

    def _files(self) -> list[tuple[str, str]]:
        """Names and texts of the program's files: the main file, and the modules in its folder that are imported."""
        loaded = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
        used = [str(self._root / path) for path, _ in self._sources.used]
        paths = [*map(Path, used), *(Path(name) for name in loaded if name)]
        named = {name: path for path in reversed(paths) if (name := self._name_of(path)) is not None}
        if self._main is not None:
            named.pop(self._main_name(), None)
            named[self._main_name()] = self._main
        found, left = [], _MOST_SOURCE_BYTES
        for name, path in list(reversed(named.items()))[:_MOST_FILES]:
            with contextlib.suppress(OSError, UnicodeDecodeError):
                text = path.read_bytes().decode("utf-8")
                left -= len(text.encode())
                if left < 0:
                    break
                found.append((name, text))
        return found or [(self._main_name(), _NO_SOURCE)]

    def _name_of(self, path: Path) -> str | None:
        """The name of a file of the program; None for other files."""
        try:
            name = path.resolve().relative_to(self._root).as_posix()
        except (ValueError, OSError):
            # It is elsewhere, or the working folder is gone.
            return None
        is_own = self._sources.is_own(str(path.resolve())) and path.suffix == ".py" and path.is_file()
        is_ours = "dist-packages" in name or path.name == "interleave_trace.py"
        return name if is_own and not is_ours and len(name.encode()) <= _LONGEST_NAME else None


class _Echo:
    """A stream that also copies what is written to the log."""

    def __init__(self, stream, copy):
        self._stream, self._copy = stream, copy
        self.copied = copy.buffer

    def write(self, text):
        written = self._stream.write(text)
        with contextlib.suppress(ValueError, TypeError):
            self._copy.write(text)
        return written

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def __getattr__(self, name):
        return getattr(self._stream, name)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return self._stream.__exit__(*error)

    def __iter__(self):
        return iter(self._stream)


def _own_functions(loop: base_events.BaseEventLoop) -> dict[str, Callable]:
    """The functions that replace methods of a loop. Not by `vars`, which would make its attributes slow."""
    found = {name: getattr(loop, name) for name in _REPLACED_IN_LOOPS}
    return {name: it for name, it in found.items() if not _is_inherited(loop, name, it)}


def _is_inherited(loop: base_events.BaseEventLoop, name: str, function: object) -> bool:
    return getattr(function, "__func__", None) is getattr(type(loop), name)


def _before(loop: base_events.BaseEventLoop, name: str) -> object | None:
    """The function of a loop that the recorder has replaced; None if it was the method of its type."""
    value = getattr(loop, name).__wrapped__
    return None if _is_inherited(loop, name, value) else value


def _restore(owner: object, values: dict[str, object]) -> None:
    """Sets attributes; None stands for those that were inherited."""
    for name, value in values.items():
        if value is not None:
            setattr(owner, name, value)
        elif name in vars(owner):
            delattr(owner, name)


def _with_events(events: dict, others: list[tuple[int, int, int]]) -> dict:
    """The columns of events with others among them, in the order of time."""
    if not others:
        return events
    rows = [*zip(accumulate(events["after_us"]), events["task"], events["kind"])]
    rows += [(at_us, task, chr(kind)) for at_us, task, kind in others]
    rows.sort(key=lambda row: row[0])
    at_us = [row[0] for row in rows]
    return {
        "after_us": [time - before for time, before in zip(at_us, [0, *at_us])],
        "task": [row[1] for row in rows],
        "kind": "".join(row[2] for row in rows),
        "wait": events["wait"],
    }


def _mask(run: dict) -> None:
    """Removes keys from everything in a run file that comes from the program, also where it has printed them."""
    code, record, report = run["settings"]["code"], run["record"], run["report"] or {"headlines": [], "notes": []}
    keys: list[str] = []
    for file in code["files"]:
        file["text"] = masked(file["text"], keys)
    texts = [*((line, "text") for line in record["log"]), *((headline, "text") for headline in report["headlines"])]
    texts += [(code, "arguments"), (run["ending"].get("failed", {}), "message")]
    for owner, name in texts:
        if name in owner:
            owner[name] = without(owner[name], keys)
    for owner, name in ((record, "names"), (report, "notes")):
        owner[name] = [without(text, keys) for text in owner[name]]


# From inside a program


def install(
    output: str | os.PathLike | None = None, *, source: bool = True, most_events: int = MOST_EVENTS
) -> Trace:
    """Records the program from now on until it exits, and then writes the run file `output`.

    Returns the recording, which `stop` ends earlier. `source=False` leaves the program's files out of the file.
    """
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    main_path = Path(main) if main else None
    trace = Trace(main_path.parent if main_path else Path.cwd(), main_path, most_events=most_events)
    path = _absolute(output if output is not None else _default_path(main_path))

    def save() -> None:
        error = getattr(sys, "last_value", None)
        trace.stop(error)
        _save(trace, path, source, tuple(sys.argv[1:]))

    atexit.register(save)
    trace.start()
    return trace


@contextlib.contextmanager
def record(
    output: str | os.PathLike, *, source: bool = True, most_events: int = MOST_EVENTS, root: str | os.PathLike | None = None
) -> Iterator[Trace]:
    """Records a part of a program, such as a minute of a service, and writes the run file `output`.

    Inside a coroutine, the running loop is recorded. Its tasks are in the record from the next time that they run.
    Files below `root` are the program's: by default, those in the folder of the main file.
    """
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    folder = Path(root) if root is not None else Path(main).parent if main else Path.cwd()
    trace = Trace(folder, Path(main) if main else None, most_events=most_events, echoes=False)
    path = _absolute(output)
    trace.start(attaches=True)
    try:
        yield trace
    except BaseException as error:
        trace.stop(error)
        raise
    finally:
        trace.stop()
        trace.save(path, has_source=source)


@contextlib.contextmanager
def view(root: str | os.PathLike, *, attaches: bool = True) -> Iterator[RecordView]:
    """Records until the end of the block, and answers questions about it. Nothing is written.

    Files below `root` are the program's. `attaches`: also loops that exist already are recorded.
    """
    trace = Trace(Path(root), echoes=False)
    trace.start(attaches=attaches)
    try:
        yield trace.view()
    finally:
        trace.stop()


def _loops_of_this_thread() -> list[base_events.BaseEventLoop]:
    """The loop that runs now or, outside of one, all loops: a test may have created its loop before its fixtures."""
    with contextlib.suppress(RuntimeError):
        return [asyncio.get_running_loop()]
    # Not `isinstance`, which may run code of the object.
    loops = [it for it in gc.get_objects() if base_events.BaseEventLoop in type(it).__mro__]
    return [it for it in loops if not it.is_closed() and it._thread_id in (None, threading.get_ident())]


def _default_path(main: Path | None) -> Path:
    return Path(f"{main.stem if main else 'run'}-{time.strftime('%Y%m%d-%H%M%S')}.json")


def _absolute(path: str | os.PathLike) -> Path:
    """The program may change its working folder."""
    return Path(os.path.abspath(path))


def _save(trace: Trace, path: Path, has_source: bool, arguments: tuple[str, ...]) -> bool:
    try:
        trace.save(path, has_source=has_source, arguments=arguments)
    except OSError as error:
        text, is_saved = f"the run could not be written to {path}: {error.strerror or error}", False
    else:
        text, is_saved = f"the run is in {path}. Open it with “Open a run…” on the page.", True
    # The program may have closed the stream.
    with contextlib.suppress(ValueError, OSError, AttributeError):
        print(f"interleave_trace: {text}", file=sys.stderr)
    return is_saved


# As a command


def main(argv: list[str]) -> int:
    """Runs a script or module with its arguments, and writes the run file. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="interleave_trace.py", description="Records an asyncio program, and writes a file that Interleave shows."
    )
    parser.add_argument("-o", "--output", type=Path, help="the run file; by default its name has the script's and the time")
    parser.add_argument("--no-source", action="store_true", help="leave the program's files out of the run file")
    parser.add_argument(
        "--most-events", type=int, default=MOST_EVENTS, metavar="N", help="stop recording after N events (%(default)s)"
    )
    parser.add_argument("-m", dest="module", action="store_true", help="SCRIPT is the name of a module, as in python -m")
    parser.add_argument("script", metavar="SCRIPT", help="the program")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="...", help="its arguments")
    options = parser.parse_args(argv)
    script = Path(options.script)
    if not options.module and not script.is_file():
        parser.error(f"there is no file {script}")
    trace = Trace(
        Path.cwd() if options.module else script.parent, None if options.module else script,
        most_events=options.most_events,
    )
    run = _module(options.script) if options.module else _script(script)
    path = _absolute(options.output or _default_path(None if options.module else script))
    process = os.getpid()
    sys.argv[:] = [str(script), *options.arguments]
    trace.start()
    error = None
    try:
        run(trace)
    except BaseException as raised:
        error = raised
        if not isinstance(error, SystemExit):
            _print_error(error)
    if os.getpid() != process:
        # A copy of the program that `os.fork` has made.
        raise error if isinstance(error, SystemExit) else SystemExit(0 if error is None else 1)
    trace.stop(error)
    is_saved = _save(trace, path, not options.no_source, tuple(options.arguments))
    if isinstance(error, KeyboardInterrupt):
        # Python cleans up, and the shell sees that the program was interrupted. The traceback has been printed.
        sys.excepthook = lambda *_: None
    if isinstance(error, KeyboardInterrupt | SystemExit):
        raise error
    return 1 if error is not None or not is_saved else 0


def _script(path: Path) -> Callable[[Trace], None]:
    """The script as Python runs it: in a module `__main__`, with its folder on `sys.path`."""

    def run(trace: Trace) -> None:
        module = types.ModuleType("__main__")
        module.__file__ = os.path.abspath(path)
        module.__builtins__ = builtins
        sys.modules["__main__"] = module
        sys.path[0] = str(path.parent.resolve())
        offer_package()
        # It has not the `from __future__ import` of this file.
        exec(compile(path.read_bytes(), str(path.resolve()), "exec", dont_inherit=True), module.__dict__)

    return run


def offer_package() -> None:
    """Makes `from interleave import record, checks` work as in the page, unless there is another module of that name.

    Its `record` is that of the recording in progress.
    """
    if "interleave" in sys.modules or importlib.util.find_spec("interleave") is not None:
        return
    package = types.ModuleType("interleave", "What the program can ask about its own record.")
    package.record = RecordView(
        lambda: _in_progress()._record_until_now(), lambda: _in_progress()._recorder.now_us(),
        lambda: _in_progress()._threads.tasks(), lambda: _in_progress()._recorder.current,
    )
    package.checks = checks
    checks.recording = _view_for_checks
    sys.modules.update({"interleave": package, "interleave.checks": checks})


def _in_progress() -> Trace:
    if not _IN_PROGRESS:
        raise RuntimeError("nothing is recorded. In a test, use the fixture `record` or `checks.observe`")
    return _IN_PROGRESS[-1]


@contextlib.contextmanager
def _view_for_checks() -> Iterator[RecordView]:
    """The record in progress, or one of its own."""
    if _IN_PROGRESS:
        yield _IN_PROGRESS[-1].view()
        return
    # The loops of a test are created in the block, or the block is in one that runs. To look for others takes long.
    with view(Path.cwd(), attaches=asyncio._get_running_loop() is not None) as own:
        yield own


def _module(name: str) -> Callable[[Trace], None]:
    def run(trace: Trace) -> None:
        sys.path[0] = os.getcwd()
        offer_package()
        runpy.run_module(name, run_name="__main__", alter_sys=True)

    return run


def _print_error(error: BaseException) -> None:
    """Prints the traceback without the frames of this file."""
    step = error.__traceback__
    while step is not None and (step.tb_frame.f_globals.get("__name__") == __name__ or "runpy" in step.tb_frame.f_code.co_filename):
        step = step.tb_next
    sys.excepthook(type(error), error.with_traceback(step), step)
