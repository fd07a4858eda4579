"""The errors that the package raises in a reader's program.

Their messages are for the reader: what happened, then what to do. Errors that end a run are not subclasses of
`Exception`, so a program that catches `Exception` cannot hide them.
"""

from __future__ import annotations

NO_PROCESSES = "a browser cannot start processes. Do the work in a coroutine instead."

ONLY_SIMULATED = "a browser has no threads or processes for Python. Choose the simulated clock, which simulates them."
"""For threads and processes on the real clock."""


class Deadlock(BaseException):
    """Nothing is ready and no timer is left, so the program would wait forever.

    `waiting` has one text for each waiting task: its name, its line and what it waits for.
    """

    def __init__(self, waiting: list[str]):
        self.waiting = waiting
        heading = "deadlock: every task waits, and nothing is left that could wake one"
        super().__init__("\n".join([heading, *(f"- {text}" for text in waiting)]))


class EndlessLoop(SystemExit):
    """One line asks for the time, or for the state of a thread, again and again, with no wait in between.

    A subclass of `SystemExit`, because asyncio passes every other error on to the task alone, and the loop goes on.
    """

    def __init__(self, place: str, readings: int):
        self.place = place
        super().__init__(
            f"{place} read the clock {readings:,} times with no wait in between. Computing takes no time on the "
            "virtual clock, so this loop would never end. Wait with `await asyncio.sleep(…)`, or use the real clock."
        )

    def __str__(self) -> str:
        return str(self.args[0])


class TooLong(BaseException):
    """The program has waited for so long on the virtual clock that the record cannot contain it."""

    def __init__(self, hours: int):
        super().__init__(
            f"the program has not ended after {hours} hours on its clock, and a record cannot be longer. Does a loop in it never end?"
        )


class RecordFull(BaseException):
    """The record of a run on the virtual clock has reached its limit."""

    def __init__(self, limit: int):
        super().__init__(f"the record has reached its limit of {limit:,} events, so the run was ended")


class LookTaken(SystemExit):
    """Ends a run on the virtual clock once the waiting tasks have been read.

    A subclass of `SystemExit` for the same reason as `EndlessLoop`.
    """


class CannotWait(RuntimeError):
    """Code that waits was called in a place where the page cannot wait for it on the real clock."""

    def __init__(self, call: str, place: str):
        self.call = call
        self.place = place
        super().__init__(
            f"`{call}` cannot wait at {place}. On the real clock it can wait only at the top level of the program, "
            "or in a plain function that the top level calls directly: not in a class body, lambda, generator or "
            "callback. Move the call there, or use the virtual clock, on which it can wait anywhere."
        )


class CannotSimulate(BaseException):
    """The result depends on what a simulated thread and others do at the same time.

    Not an `Exception`: a thread that catches everything and tries again would never end.
    """

    def __init__(self, place: str, what: str):
        super().__init__(
            f"{what} at {place}. This cannot be simulated, because the function of a simulated thread runs to its end "
            "when the thread starts. Let threads return results, and let the program wait for them."
        )


class NotInBrowser(NotImplementedError):
    """Something that a browser cannot do. Programs that catch `NotImplementedError` continue."""


class NoProcesses(OSError, NotInBrowser):
    """Another process. Libraries that can do without one catch `OSError`."""


class NoNetwork(ConnectionRefusedError, NotInBrowser):
    """A connection or a server. Programs that catch `ConnectionError` or `OSError` continue.

    The order of the bases matters: with an error number before the text, it has `errno` and `strerror`.
    """


class NotebookCommand(SyntaxError):
    """A line that only a notebook understands, such as `!pip install …`."""


class BadProgram(ValueError):
    """The files of a program cannot be used, for example because a path leaves the program's folder."""


for _error in (
    Deadlock, EndlessLoop, TooLong, RecordFull, LookTaken, CannotWait, CannotSimulate, NotInBrowser, NoNetwork, NoProcesses,
    NotebookCommand, BadProgram,
):
    # Tracebacks show the module of an error, except that of built-in ones. The reader has not imported these.
    _error.__module__ = "builtins"
