"""The record of a run: one list of events, with its tasks, waits, heartbeats and log.

The record leaves the package in pieces, so that a page can show a run while it goes on. `Piece` describes the layout.
`run_file` puts the pieces together again, in the format of `docs/run-file.md`.
"""

from __future__ import annotations

import sys
from array import array
# Not the module: a program may replace its functions.
from json import dumps, loads
from operator import attrgetter, itemgetter
from typing import NamedTuple

MOST_EVENTS = 2_000_000
"""A record has at most this number of events. Each takes 17 bytes."""

MOST_LOG_LINES = 100_000
"""A record has at most this number of log lines."""

INFO, WARNING, ERROR = "info", "warning", "error"

# The letters of the kinds of events, see `docs/run-file.md`.
SPAWNED, BEGAN, WAITS, READY, QUEUED, GOT, LEFT_QUEUE = b"s()rqgu"
SUCCEEDED, FAILED, TIMED_OUT, CANCELLED = b"SFTC"
SENT, FIRST_BYTE, CHUNK = b"><c"


class LogLine(NamedTuple):
    """A line of the log."""

    at_us: int
    task: int
    """The number of the task that wrote it; 0 for none."""
    level: str
    text: str
    origin: str
    """`stdout`, `stderr` or `logging` (to stderr) if the program wrote it; `note` if it is one of ours."""


class Piece(NamedTuple):
    """Everything that was recorded since the previous piece.

    Numbers are little-endian. The n-th items of all columns of a group belong together.

    | field             | item    | meaning                                                                            |
    |-------------------|---------|------------------------------------------------------------------------------------|
    | `start`           | float   | the run's start in seconds of the recorder's clock                                 |
    | `event_at_s`      | float64 | when the event happened, in seconds of that clock: `microseconds(at - start)`      |
    | `event_task`      | uint32  | the number of its task, counted from 1                                             |
    | `event_kind`      | uint8   | its letter in ASCII, see `docs/run-file.md`                                        |
    | `event_wait`      | uint32  | for each event `)`, the number of its wait, counted from 1; 0 if it is not known   |
    | `task_name`       | uint32  | for each new task, the index of its name among all names, counted from 0           |
    | `task_number`     | uint32  | the number in its name plus one; 0 for none                                        |
    | `task_parent`     | uint32  | the number of its parent; 0 for none                                               |
    | `task_in_group`   | uint8   | 1 if its parent created it in a task group, and so awaits it until it ends         |
    | `beat_due_us`     | float64 | when each heartbeat was due                                                        |
    | `beat_late_us`    | float64 | how late it came, in microseconds                                                  |
    | `more`            | str     | JSON: an object with the new `names`, `sources`, `objects`, `waits` and `log`, and the |
    |                   |         | line that is `unfinished`                                                          |

    `names`, `sources`, `objects` and `waits` have only what is new: each list continues the one of the previous piece.
    They are written as in a run file (`waits` is `waits.list` there). A log line is `{"at_us", "task", "level", "text",
    "origin"}`, and `task` is null for none. `unfinished` is such a line, which later lines will replace, or null.
    """

    start: float
    event_at_s: array
    event_task: array
    event_kind: bytes
    event_wait: array
    task_name: array
    task_number: array
    task_parent: array
    task_in_group: bytes
    beat_due_us: array
    beat_late_us: array
    more: str


class Record:
    """The columns of a record. Events are kept until they are taken as a piece, tasks during the whole run.

    Arrays and not lists of objects: with ten thousand tasks, most of the cost of recording is access to memory.
    """

    def __init__(self, most_events: int = MOST_EVENTS):
        self.most_events = most_events
        self.sent_events = 0
        """The number of events in all earlier pieces."""
        self.name_indexes: dict[str, int] = {}
        self._new_names: list[str] = []
        self._lines = 0
        self._sent = {"sources": 0, "objects": 0, "waits": 0, "tasks": 0}
        # These objects stay the same during the whole run: the hot path of `polls` keeps their methods.
        self.events: list = []
        """Time, task and kind of each event since the last piece, one after the other: one call adds an event."""
        self.wait = array(_UINT32)
        self.beat_due_us = array("d")
        self.beat_late_us = array("d")
        self.log: list[LogLine] = []
        self.unfinished: LogLine | None = None
        """A line that the program is still writing, such as a progress bar."""
        self._sent_unfinished: LogLine | None = None
        # One item for each task of the run, and one for code outside of all tasks.
        self.task_name = array(_UINT32, [0])
        self.task_number = array(_UINT32, [0])
        self.task_parent = array(_UINT32, [0])
        self.task_in_group = bytearray([0])
        self._places = array(_UINT32, [0])
        self._children = array(_UINT32, [0])

    @property
    def events_left(self) -> int:
        """The number of events until the limit."""
        return self.most_events - self.sent_events - len(self.events) // 3

    def add_task(self, parent: int, in_group: bool) -> int:
        """Adds a task whose name is not known yet. Returns its number."""
        parents = self.task_parent
        number = len(parents)
        parents.append(parent)
        self.task_name.append(0)
        self.task_number.append(0)
        self.task_in_group.append(in_group)
        return number

    def name_task(self, task: int, name: str, number: int = 0) -> None:
        """Names a task that was added since the last piece. `number` is the number in the name plus one."""
        index = self.name_indexes.get(name)
        if index is None:
            index = self.name_indexes[name] = len(self.name_indexes)
            self._new_names.append(name)
        self.task_name[task] = index
        if number:
            self.task_number[task] = number

    def path(self, task: int) -> list[int]:
        """The places of a task and its ancestors, outermost first. It identifies a task whatever the order of
        events."""
        # Most programs never draw, so the places among the siblings are counted only when they are needed.
        for parent in self.task_parent[len(self._places):]:
            self._children[parent] += 1
            self._places.append(self._children[parent])
            self._children.append(0)
        places = []
        while task:
            places.append(self._places[task])
            task = self.task_parent[task]
        return places[::-1]

    def add_line(self, line: LogLine) -> None:
        """Adds a line to the log. Beyond the limit, the log only says that there is more."""
        self._lines += 1
        if self._lines == MOST_LOG_LINES:
            text = f"The log has reached its limit of {MOST_LOG_LINES:,} lines. Later lines are not shown."
            line = LogLine(line.at_us, 0, WARNING, text, "note")
        if self._lines <= MOST_LOG_LINES:
            self.log.append(line)

    def sort_news(self) -> None:
        """Puts what happened since the last piece in the order of time. What has the same time stays in its order."""
        events, waits = self.events, iter(self.wait[:])
        rows = [
            (at, task, kind, next(waits) if kind == WAITS else None)
            for at, task, kind in zip(events[0::3], events[1::3], events[2::3])
        ]
        rows.sort(key=itemgetter(0))
        # The objects stay the same: the hot path of `polls` keeps their methods.
        del self.wait[:], events[:]
        for at, task, kind, wait in rows:
            events.extend((at, task, kind))
            if kind == WAITS:
                self.wait.append(wait)
        self.log.sort(key=attrgetter("at_us"))

    def has_news(self) -> bool:
        """True if something happened since the last piece."""
        return bool(self.events or self.log or self.beat_due_us) or self.unfinished != self._sent_unfinished

    def take_piece(
        self,
        start: float,
        sources: list[tuple[str, str]],
        objects: list[dict],
        waits: list[dict],
        *,
        keeps: bool = False,
    ) -> Piece:
        """Everything since the last piece.

        `start` is the run's start in seconds of the recorder's clock. The lists are complete; the piece gets only
        what is new in them. `keeps`: the next piece has it again.
        """
        more = {
            "names": self._new_names,
            "sources": [{"path": path, "hash": digest} for path, digest in self._news("sources", sources)],
            "objects": self._news("objects", objects),
            "waits": self._news("waits", waits),
            "log": [_log_entry(line) for line in self.log],
            "unfinished": _log_entry(self.unfinished) if self.unfinished is not None else None,
        }
        tasks = self._sent["tasks"] + 1
        piece = Piece(
            start, array("d", self.events[0::3]), array(_UINT32, self.events[1::3]), bytes(self.events[2::3]),
            self.wait[:],
            self.task_name[tasks:], self.task_number[tasks:], self.task_parent[tasks:],
            bytes(self.task_in_group[tasks:]),
            self.beat_due_us[:], self.beat_late_us[:], dumps(more),
        )
        if not keeps:
            self._forget_taken(sources, objects, waits)
        return piece if sys.byteorder == "little" else _swapped(piece)

    def _forget_taken(self, sources: list, objects: list, waits: list) -> None:
        self.sent_events += len(self.events) // 3
        self._sent = {
            "sources": len(sources), "objects": len(objects), "waits": len(waits), "tasks": len(self.task_parent) - 1,
        }
        self._new_names = []
        self._sent_unfinished = self.unfinished
        for column in (self.events, self.wait, self.beat_due_us, self.beat_late_us, self.log):
            del column[:]

    def _news(self, kind: str, items: list) -> list:
        return items[self._sent[kind]:]


def _log_entry(line: LogLine) -> dict:
    return dict(line._asdict(), task=line.task or None)


def microseconds(seconds: float) -> int:
    """Whole microseconds, rounded: the virtual clock adds floats. The reader of a piece must do the same."""
    return int(seconds * 1e6 + 0.5)


# The size of an array's items depends on the platform, except for those of "d".
_UINT32 = next(code for code in "IL" if array(code).itemsize == 4)


def _swapped(piece: Piece) -> Piece:
    for column in piece:
        if isinstance(column, array):
            column.byteswap()
    return piece


def run_file_record(pieces: list[Piece], clock: str) -> dict:
    """The pieces of a run as a `record` of `docs/run-file.md`. `clock` is the name of its clock there."""
    names, sources, objects, waits, log = [], [], [], [], []
    columns = {name: [] for name in Piece._fields if name not in ("start", "more")}
    for piece in pieces:
        more = loads(piece.more)
        names += more["names"]
        sources += more["sources"]
        objects += more["objects"]
        waits += more["waits"]
        log += [{key: line[key] for key in ("at_us", "task", "level", "text")} for line in more["log"]]
        for name, column in columns.items():
            column.extend(getattr(piece, name))
    at_us = [microseconds(at - pieces[0].start) for at in columns["event_at_s"]]
    return {
        "names": names,
        "tasks": {
            "name": columns["task_name"],
            "number": columns["task_number"],
            "parent": columns["task_parent"],
            "in_group": columns["task_in_group"],
        },
        "events": {
            "after_us": [time - before for time, before in zip(at_us, [0, *at_us])],
            "task": columns["event_task"],
            "kind": bytes(columns["event_kind"]).decode("ascii"),
            "wait": columns["event_wait"],
        },
        "waits": {"sources": sources, "objects": objects, "list": waits},
        "beats": {
            "due_us": [int(time) for time in columns["beat_due_us"]],
            "late_us": [int(time) for time in columns["beat_late_us"]],
        },
        "log": log,
        "hidden_at_us": None,
        "clock": clock,
        "has_simulated_parts": False,
    }
