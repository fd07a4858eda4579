"""How a run ended: the kind of end, and the error with its line and a traceback cut down to the reader's own files."""

from __future__ import annotations

import traceback
from typing import NamedTuple

from .errors import Deadlock, EndlessLoop, RecordFull, TooLong
from .sources import Sources
from .text import cut, shown_error

_LONGEST_TRACEBACK = 20_000
_NO_MEMORY = "the program needs more memory than the page can give it"


class Result(NamedTuple):
    """The end of a run."""

    ending: str
    """`finished`, `exited` (by `sys.exit` with a code that is not 0), `failed`, `stopped`, `deadlocked` or
    `limited`."""
    exit_code: int = 0
    error: str = ""
    """The type of the error."""
    message: str = ""
    path: str | None = None
    """The file of the error's line, as the reader knows it."""
    line: int | None = None
    column: int | None = None
    """The column of a syntax error, counted from 1."""
    traceback: str = ""


def result(error: BaseException | None, sources: Sources, *, was_stopped: bool) -> Result:
    """The result of a program that ended with this error; None if it ran to its end."""
    if error is None:
        return Result("finished")
    if isinstance(error, SystemExit) and not isinstance(error, EndlessLoop):
        return _exited(error)
    if was_stopped and isinstance(error, KeyboardInterrupt):
        return Result("stopped", exit_code=130)
    kind = "failed"
    if isinstance(error, Deadlock):
        kind = "deadlocked"
    elif isinstance(error, EndlessLoop | RecordFull | TooLong):
        kind = "limited"
    path, line, column = _place(error, sources)
    message = shown_error(error).removeprefix(f"{type(error).__name__}").removeprefix(": ")
    if isinstance(error, SyntaxError) and error.msg:
        # Without the place, which Python adds.
        message = str(error.msg)
    if isinstance(error, MemoryError) and not message:
        message = _NO_MEMORY
    exit_code = 130 if isinstance(error, KeyboardInterrupt) else 1
    return Result(kind, exit_code, type(error).__name__, message, path, line, column, shown_traceback(error, sources))


def _exited(error: SystemExit) -> Result:
    """As CPython: None is 0, a number is itself, and anything else is printed and is 1."""
    code = error.code
    if code is None or isinstance(code, int):
        code = (code or 0) & 0xFF
        return Result("exited" if code else "finished", exit_code=code)
    return Result("exited", 1, message=cut(str(code), _LONGEST_TRACEBACK))


def _place(error: BaseException, sources: Sources) -> tuple[str | None, int | None, int | None]:
    if isinstance(error, SyntaxError) and error.filename:
        return sources.path(error.filename), error.lineno, error.offset
    steps = sources.own_steps(error.__traceback__)
    if not steps:
        return None, None, None
    return sources.path(steps[-1].tb_frame.f_code.co_filename), steps[-1].tb_lineno, None


def shown_traceback(error: BaseException, sources: Sources) -> str:
    """The traceback as CPython prints it, without the steps in other files than the reader's."""
    try:
        shown = traceback.TracebackException.from_exception(error)
        _cut_down(shown, sources)
        return cut("".join(shown.format()).rstrip("\n"), _LONGEST_TRACEBACK)
    except (MemoryError, RecursionError):
        return shown_error(error)


def _cut_down(shown: traceback.TracebackException | None, sources: Sources) -> None:
    pending = [shown]
    while pending:
        shown = pending.pop()
        if shown is None:
            continue
        own = [step for step in shown.stack if sources[step.filename] >= 0]
        for step in own:
            step.filename = sources.path(step.filename)
        shown.stack[:] = own
        if getattr(shown, "filename", None):
            shown.filename = sources.path(shown.filename)
        pending += [shown.__cause__, shown.__context__, *(getattr(shown, "exceptions", None) or ())]
