"""`print` and `logging` as lines of the log, with time and task.

Each stream collects text until a line is complete. A carriage return starts the line again, as in a terminal, so of a
progress bar only its last state is a line; until then the bar is the stream's unfinished line. The amount of output is limited: beyond it, lines are counted, not kept.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable

from .columns import ERROR, INFO, WARNING

MOST_LINES = 20_000
"""The number of lines that a program can write to the log."""

MOST_CHARACTERS = 4_000_000
"""The number of characters that a program can write to the log."""

LONGEST_LINE = 10_000
"""The number of characters at which a line is cut."""


class Console:
    """The streams of a run. `add_line(level, text, origin)` adds a line to the log.

    `show_unfinished` is called with the same for a line that was started again, and is not complete yet.
    """

    def __init__(
        self,
        add_line: Callable[[str, str, str], None],
        show_unfinished: Callable[[str, str, str], None] = lambda level, text, origin: None,
    ):
        self._add_line = add_line
        self._show_unfinished = show_unfinished
        self._lines_left = MOST_LINES
        self._characters_left = MOST_CHARACTERS
        self._dropped = 0
        self.stdout = _stream(self, "stdout", INFO)
        self.stderr = _stream(self, "stderr", WARNING)

    @property
    def is_full(self) -> bool:
        """True if the limit is reached."""
        return self._lines_left <= 0 or self._characters_left <= 0

    def line(self, level: str, text: str, origin: str) -> None:
        """Adds a complete line, within the limits."""
        if self.is_full:
            self._dropped += 1
            return
        self._lines_left -= 1
        self._characters_left -= len(text)
        if len(text) > LONGEST_LINE:
            text = f"{text[:LONGEST_LINE]}… ({len(text) - LONGEST_LINE:,} more characters)"
        self._add_line(level, text, origin)
        if self.is_full:
            notice = f"The output has reached its limit of {MOST_LINES:,} lines. The rest is not shown."
            self._add_line(WARNING, notice, "note")

    def unfinished(self, level: str, text: str, origin: str) -> None:
        """Shows an unfinished line, within the limits."""
        if not self.is_full:
            self._show_unfinished(level, text[:LONGEST_LINE], origin)

    def close(self) -> None:
        """Adds what is left of incomplete lines, and the number of lines that were not kept."""
        for stream in (self.stdout, self.stderr):
            try:
                stream.flush()
            except ValueError:
                # The program has closed the stream.
                continue
            stream.buffer.end_line()
        if self._dropped:
            self._add_line(WARNING, f"{self._dropped:,} more lines were printed.", "note")

    def replacements(self) -> list[tuple[object, str, Callable]]:
        """Owner, name and function that give lines of `logging` the level of their record."""
        emit = logging.StreamHandler.emit

        def emit_with_level(handler, record):
            # A stream that copies what is written has the lines as `copied`.
            buffer = getattr(handler.stream, "copied", None) or getattr(handler.stream, "buffer", None)
            if not isinstance(buffer, _Lines):
                return emit(handler, record)
            buffer.level = _level(record.levelno)
            try:
                return emit(handler, record)
            finally:
                buffer.level = None

        emit_with_level.__name__, emit_with_level.__qualname__ = "emit", "StreamHandler.emit"
        return [(logging.StreamHandler, "emit", emit_with_level)]


class _Lines(io.BufferedIOBase):
    """The bytes of a stream, as lines. It is the `buffer` of the text stream, as in CPython."""

    def __init__(self, console: Console, origin: str, level: str):
        self._console = console
        self._origin = origin
        self._level = level
        self._pending: list[bytes] = []
        self.level: str | None = None
        """The level of the lines that `logging` writes now."""

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        data = bytes(data)
        if b"\n" not in data:
            if not self._console.is_full:
                self._pending.append(data)
                if len(self._pending) > 10_000:
                    self._pending = [b"".join(self._pending)[-4 * LONGEST_LINE:]]
                if b"\r" in data:
                    line = b"".join(self._pending)
                    shown = _restarted(line)
                    self._pending = [shown, b"\r"] if line.endswith(b"\r") else [shown]
                    self._console.unfinished(self._level, shown.decode("utf-8", "replace"), self._origin)
            return len(data)
        *lines, rest = data.split(b"\n")
        lines[0] = b"".join((*self._pending, lines[0]))
        self._pending = [rest] if rest else []
        for line in lines:
            self._add(line)
        return len(data)

    def _add(self, line: bytes) -> None:
        if self._console.is_full:
            # Not even decoded: a program may print a million lines.
            return self._console.line(self._level, "", self._origin)
        text = _restarted(line).decode("utf-8", "replace")
        # `logging` usually writes to stderr. What it writes to stdout was printed, like everything else there.
        is_logged = self.level is not None and self._origin == "stderr"
        origin = "logging" if is_logged else self._origin
        self._console.line(self.level or self._level, text, origin)

    def end_line(self) -> None:
        """Adds the rest of a line without its end."""
        rest, self._pending = b"".join(self._pending), []
        if rest.strip(b"\r"):
            self._add(rest)


def _restarted(line: bytes) -> bytes:
    """What a terminal shows of a line with carriage returns, if each state is at least as long as the one before."""
    return line.rstrip(b"\r").rpartition(b"\r")[2]


def _stream(console: Console, name: str, level: str) -> io.TextIOWrapper:
    errors = "strict" if name == "stdout" else "backslashreplace"
    stream = io.TextIOWrapper(_Lines(console, name, level), "utf-8", errors, newline="\n", write_through=True)
    stream.mode = "w"
    return stream


def _level(number: int) -> str:
    if number >= logging.ERROR:
        return ERROR
    return WARNING if number >= logging.WARNING else INFO
