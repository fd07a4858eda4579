"""What a record says about a program: the questions that its results cannot answer.

    from interleave import record

    async def main():
        await process_batch_async(range(10), max_concurrent=3)
        assert record.peak_in_flight("process_sample") == 3

The answers are about everything until now. They are the same in the page and under CPython, where `interleave_trace`
records. Times are in seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import NamedTuple

from .names import split_number

_ENDS = {"S": "succeeded", "F": "failed", "T": "timed out", "C": "cancelled"}
_NOT_FINISHED = "not finished"
_FOR = {
    "timer": "a timer", "subtasks": "its tasks", "response": "a response", "file": "a file",
    "worker": "a thread or process",
}


class Wait(NamedTuple):
    """A wait of a task."""

    task: str
    """The name of the task, with its number."""
    path: str | None
    """The file of the line; None if it is not in the program's files."""
    line: int | None
    awaited: str
    """What the task waited for, such as `a timer`, `the semaphore limit` or `fetch 2`; empty if that is not known."""
    began: float
    """When it began, since the start of the record."""
    seconds: float


class RecordView:
    """The record of the program that runs now.

    Tasks are chosen by name: `fetch` means all tasks of that name, also `fetch-1`, `fetch-2` and so on; `fetch 2` is
    one of them. A task without a name of its own has the name of its coroutine's function.
    """

    def __init__(
        self,
        read: Callable[[], dict],
        now_us: Callable[[], int],
        threads: Callable[[], set[int]] = set,
        current: Callable[[], int] = int,
    ):
        """`read` returns the record until now, as in `docs/run-file.md`, and `now_us` the time since its start.
        `threads` has the numbers of the tasks that are calls in threads or processes, and `current` the number of the
        task that runs now."""
        self._read = read
        self._now_us = now_us
        self._threads = threads
        self._current = current

    # For `checks`

    def now_us(self) -> int:
        """The microseconds since the start of the record."""
        return self._now_us()

    def current_task(self) -> int:
        """The number of the task that runs now; 0 outside of tasks."""
        return self._current()

    def events(self) -> list[tuple[int, int, str]]:
        """The time in microseconds, the number of the task and the letter of each event, in order."""
        return list(_events(self._read()))

    # For programs and tests

    def names(self) -> list[str]:
        """The names of all tasks without their numbers, in the order in which they were first used."""
        record = self._read()
        return list(dict.fromkeys(record["names"][index] for index in record["tasks"]["name"]))

    def peak_in_flight(self, name: str) -> int:
        """The maximum number of tasks of this name in progress at once.

        A task is in progress from its first step to its end, except while it is queued for a semaphore, lock, queue,
        event or condition.
        """
        record = self._read()
        chosen = _chosen(record, name)
        return max((len(active & chosen) for _, _, active in _moments(record)), default=0)

    def overlap(self, one: str, other: str) -> float:
        """The time during which at least one task of each name was in progress."""
        record = self._read()
        first, second = _chosen(record, one), _chosen(record, other)
        return sum(us for _, us, active in _moments(record) if active & first and active & second) / 1e6

    def longest_block(self) -> float:
        """The longest time for which the code of a task ran without waiting: nothing else could run in it."""
        threads, began, longest = self._threads(), {}, 0
        for at_us, task, kind in _events(self._read()):
            if kind == "(":
                began[task] = at_us
            elif kind in ")SFTC" and task in began:
                since = began.pop(task)
                longest = longest if task in threads else max(longest, at_us - since)
        now_us = self._now_us()
        # The step that asks has not ended.
        return max([longest, *(now_us - since for task, since in began.items() if task not in threads)]) / 1e6

    def outcomes(self, name: str) -> dict[str, int]:
        """How many tasks of this name `succeeded`, `failed`, were `timed out` or `cancelled`, or have `not finished`.

        Without those that did not happen.
        """
        record = self._read()
        found = {task: _NOT_FINISHED for task in _chosen(record, name)}
        found.update((task, _ENDS[kind]) for _, task, kind in _events(record) if kind in _ENDS and task in found)
        counts = {outcome: 0 for outcome in (*_ENDS.values(), _NOT_FINISHED)}
        for outcome in found.values():
            counts[outcome] += 1
        return {outcome: count for outcome, count in counts.items() if count}

    def waits(self, name: str) -> list[Wait]:
        """The waits of the tasks of this name, in the order in which they began. The last one may not have ended."""
        record = self._read()
        chosen, numbers, open_waits, found = _chosen(record, name), iter(record["events"]["wait"]), {}, []
        for at_us, task, kind in _events(record):
            if kind == ")":
                number = next(numbers)
                if task in chosen:
                    open_waits[task] = at_us, number
            elif (kind == "(" or kind in _ENDS) and task in open_waits:
                found.append(_wait(record, task, *open_waits.pop(task), at_us))
        now_us = self._now_us()
        found += [_wait(record, task, *began, now_us) for task, began in open_waits.items()]
        return sorted(found, key=lambda wait: wait.began)


def _events(record: dict) -> Iterator[tuple[int, int, str]]:
    events = record["events"]
    return zip(accumulate(events["after_us"]), events["task"], events["kind"])


def _moments(record: dict) -> Iterator[tuple[int, int, set[int]]]:
    """The tasks in progress from each event to the next, with the time of the first and the length, in microseconds.

    A task that runs counts as in progress only at the end of its step: it may be about to queue. It also counts when
    another one begins or ends a step meanwhile: then one of them is in a thread, or was started at once by the other.
    """
    active: set[int] = set()
    running: set[int] = set()
    queued: set[int] = set()
    events = list(_events(record))
    for index, (at_us, task, kind) in enumerate(events):
        if kind in "()SFTC":
            active |= running - queued - {task}
        if kind == "(":
            running.add(task)
        elif kind == "q":
            queued.add(task)
            active.discard(task)
        elif kind in "gu":
            queued.discard(task)
        elif kind == ")":
            running.discard(task)
            (active.discard if task in queued else active.add)(task)
        elif kind in _ENDS:
            if task in running and task not in queued:
                yield at_us, 0, active | {task}
            for tasks in (active, running, queued):
                tasks.discard(task)
        until_us = events[index + 1][0] if index + 1 < len(events) else at_us
        yield at_us, until_us - at_us, active


def _chosen(record: dict, name: str) -> set[int]:
    names, tasks = record["names"], record["tasks"]
    one_name, one_number = split_number(name)
    found = {
        task for task, (index, number) in enumerate(zip(tasks["name"], tasks["number"]), 1)
        if names[index] == name or one_number and (names[index], number) == (one_name, one_number)
    }
    if not found:
        known = ", ".join(f"`{names[index]}`" for index in dict.fromkeys(tasks["name"])) or "none"
        raise LookupError(f"no task is called `{name}`. The names of the tasks so far: {known}")
    return found


def _shown(record: dict, task: int) -> str:
    number = record["tasks"]["number"][task - 1]
    name = record["names"][record["tasks"]["name"][task - 1]]
    return f"{name} {number - 1}" if number else name


def _wait(record: dict, task: int, began_us: int, number: int, ended_us: int) -> Wait:
    waits = record["waits"]
    entry = waits["list"][number - 1] if number else {"line": None, "for": None}
    place = entry["line"]
    path = waits["sources"][place["source"]]["path"] if place else None
    awaited = _awaited(record, entry["for"])
    return Wait(_shown(record, task), path, place and place["line"], awaited, began_us / 1e6, (ended_us - began_us) / 1e6)


def _awaited(record: dict, awaited) -> str:
    if isinstance(awaited, str):
        return _FOR.get(awaited, awaited)
    if not awaited:
        return ""
    if "tasks" in awaited:
        return ", ".join(_shown(record, task) for task in awaited["tasks"])
    described = record["waits"]["objects"][awaited["object"]]
    return f"the {described['kind']} {described['name']}" if described["name"] else f"a {described['kind']}"
