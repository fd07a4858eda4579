"""A look at one moment of a run on the virtual clock: what waits then, with local variables.

Local variables are not recorded. To show them, the program runs again until that moment. Then the entries are taken,
and the run ends at once.
"""

from __future__ import annotations

import asyncio
from json import dumps
from types import FrameType

from . import tree
from .polls import Recorder
from .text import Budget

MOST_CHARACTERS = 1_000_000
"""The length of the JSON text of a look. Further entries are left out."""

_SLEEP = "`time.sleep`, which blocks the event loop"


def seen(recorder: Recorder, loops: list[asyncio.AbstractEventLoop], running: FrameType | None) -> list[dict]:
    """All tasks that have not ended, in the order of their numbers in the record.

    Each is `{"task", "name", "path", "line", "for", "awaited_by", "locals"}`:

    - `task`: its number, and `awaited_by`: the numbers of the tasks that wait for it
    - `name`: as in the record, with its number, such as `worker 3`
    - `path` and `line`: the line on which it waits; None if it is not in the program's files
    - `for`: what it waits for, in words, such as "a timer" or "the lock `door`"; empty if it is ready
    - `locals`: the variables at that line, as texts

    `running` is the frame of the program that calls `time.sleep`; None if every task waits.
    """
    budget = Budget(tree.LONGEST_LOCALS_S)
    found = []
    for task, number, wait, _, awaited_by in tree.entries(recorder, loops):
        is_running = running is not None and number == recorder.current
        frame = running if is_running else wait.frame
        found.append({
            "task": number,
            "name": tree.shown_name(task),
            "path": frame and recorder.sources.path(frame.f_code.co_filename),
            "line": frame and frame.f_lineno,
            "for": _SLEEP if is_running else tree.in_words(recorder, wait),
            "awaited_by": awaited_by,
            # Texts of tasks and functions show where a file is in the interpreter's file system.
            "locals": {
                name: recorder.sources.with_own_paths(text)
                for name, text in tree.shown_locals(frame, budget).items()
            },
        })
    return found


def as_text(entries: list[dict], most: int = MOST_CHARACTERS) -> str:
    """The entries as JSON with at most this number of characters. The last entries are left out if need be."""
    texts, left = [], most - len("[]")
    for entry in entries:
        text = dumps(entry)
        left -= len(text) + len(", ")
        if left < 0:
            break
        texts.append(text)
    return f"[{', '.join(texts)}]"
