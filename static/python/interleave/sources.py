"""The reader's own source files: which files they are, and how a line of them is written in a message.

The record shows lines of these files only. A frame of any other file, such as the standard library, is skipped.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import FrameType, TracebackType


class Sources(dict):
    """A map from the file name of a code object to the index of the reader's file in `used`, or -1 for other files.

    A lookup is one access to a dictionary, because it is made for every frame at the end of every poll.
    """

    def __init__(self, root: Path, extra: tuple[str, ...] = (), excluded: tuple[str, ...] = ()):
        """Files below `root` are the reader's, but not those below `excluded`. Those with the names in `extra` are."""
        super().__init__()
        self._root = str(root.resolve()).rstrip("/") + "/"
        self._extra = extra
        self._excluded = excluded
        self.used: list[tuple[str, str]] = []
        """The path, and the first 16 hexadecimal digits of the SHA-256 of the content (empty if it cannot be read)."""

    def __missing__(self, filename: str) -> int:
        index = -1
        if self.is_own(filename):
            index = len(self.used)
            self.used.append((self.path(filename), _hash(filename)))
        self[filename] = index
        return index

    def is_own(self, filename: str) -> bool:
        """True for a file of the reader."""
        is_installed = "/site-packages/" in filename or filename.startswith(self._excluded or ("\0",))
        return filename in self._extra or filename.startswith(self._root) and not is_installed

    def path(self, filename: str) -> str:
        """The path as the reader knows it."""
        return filename.removeprefix(self._root)

    def with_own_paths(self, text: str) -> str:
        """A text with paths as the reader knows them."""
        return text.replace(self._root, "")

    def place(self, filename: str, line: int) -> str:
        """A line as text, such as `main.py line 7`."""
        return f"{self.path(filename)} line {line}"

    def own_frame(self, frame: FrameType | None) -> FrameType | None:
        """The nearest frame of the reader's files: the given one, or one that called it."""
        while frame is not None and self[frame.f_code.co_filename] < 0:
            frame = frame.f_back
        return frame

    def place_of(self, frame: FrameType | None) -> str:
        """The nearest line of the reader's files, as text."""
        own = self.own_frame(frame)
        return self.place(own.f_code.co_filename, own.f_lineno) if own else "an unknown line"

    def own_steps(self, traceback: TracebackType | None) -> list[TracebackType]:
        """The steps of a traceback that are in the reader's files, outermost first."""
        steps = []
        while traceback is not None:
            if self[traceback.tb_frame.f_code.co_filename] >= 0:
                steps.append(traceback)
            traceback = traceback.tb_next
        return steps

    def place_of_error(self, error: BaseException) -> str | None:
        """The innermost line of the reader's files through which an error passed, as text."""
        steps = self.own_steps(error.__traceback__)
        if not steps:
            return None
        return self.place(steps[-1].tb_frame.f_code.co_filename, steps[-1].tb_lineno)


def _hash(filename: str) -> str:
    try:
        return hashlib.sha256(Path(filename).read_bytes()).hexdigest()[:16]
    except OSError:
        return ""
