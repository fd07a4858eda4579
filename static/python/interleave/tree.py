"""The tasks that wait at this moment: each with its line, what it waits for, and which tasks await it.

The tree is a list of tasks that refer to each other by number, so tasks that share what they wait for are listed once.
(CPython's `print_call_graph` repeats them, which grows exponentially: python/cpython#156860.) Tasks that are awaited
through `as_completed` are included, which CPython's graph misses (python/cpython#156523).
"""

from __future__ import annotations

import asyncio
from types import FrameType
from typing import NamedTuple

from .names import given_name
from .polls import Recorder
from .text import Budget
from .waits import Wait

_MOST_VARIABLES = 50
"""The number of variables that are shown of a task."""

LONGEST_LOCALS_S = 0.25
"""The time after which values are no longer asked for their texts."""


class Entry(NamedTuple):
    """A task that has not ended, as it is now."""

    task: asyncio.Task
    number: int
    wait: Wait
    awaited: list[int]
    """The numbers of the tasks that it waits for."""
    awaited_by: list[int]
    """The numbers of the tasks that wait for it."""


def entries(recorder: Recorder, loops: list[asyncio.AbstractEventLoop]) -> list[Entry]:
    """All tasks of the loops that have not ended, in the order of their numbers."""
    tasks = [task for loop in loops for task in asyncio.all_tasks(loop) if recorder.number_of(task)]
    tasks.sort(key=recorder.number_of)
    awaited_by: dict[int, set[int]] = {recorder.number_of(task): set() for task in tasks}
    found = []
    for task in tasks:
        number = recorder.number_of(task)
        wait = recorder.waits.look(task.get_coro(), getattr(task, "_fut_waiter", None))
        awaited = [recorder.number_of(future) for future in wait.target] if wait.kind == "tasks" else []
        awaited = sorted({other for other in awaited if other})
        for other in awaited:
            awaited_by.get(other, set()).add(number)
        found.append(Entry(task, number, wait, awaited, []))
    _add_groups(recorder, awaited_by)
    for entry in found:
        entry.awaited_by.extend(sorted(awaited_by[entry.number]))
    return found


def waiting(recorder: Recorder, loops: list[asyncio.AbstractEventLoop], *, with_locals: bool = False) -> list[dict]:
    """All tasks of the loops that have not ended, in the order of their numbers.

    Each is `{"task", "name", "line", "for", "awaited_by"}` with the `line` and `for` of a wait in `docs/run-file.md`,
    except that `for` lists all tasks and an object is written out. `awaited_by` has the numbers of the tasks that
    wait for it. `with_locals` adds `"locals"`: the variables of the innermost frame of the reader's files, as texts.
    """
    budget = Budget(LONGEST_LOCALS_S)
    found = []
    for task, number, wait, awaited, awaited_by in entries(recorder, loops):
        line = _line(recorder, wait.frame)
        entry = {
            "task": number, "name": task.get_name(), "line": line, "for": _for(wait, awaited),
            "awaited_by": awaited_by,
        }
        if with_locals:
            entry["locals"] = shown_locals(wait.frame, budget)
        found.append(entry)
    return found


def _add_groups(recorder: Recorder, awaited_by: dict[int, set[int]]) -> None:
    """A task in a task group is awaited by the group's task, even while that waits for something else in its block."""
    for number, others in awaited_by.items():
        parent = recorder.record.task_parent[number]
        if recorder.record.task_in_group[number] and parent in awaited_by:
            others.add(parent)


def described(recorder: Recorder, loop: asyncio.AbstractEventLoop) -> list[str]:
    """The waiting tasks of a loop as texts, such as ``main` waits at main.py line 7 for the lock `door``."""
    texts = []
    for task in sorted(asyncio.all_tasks(loop), key=recorder.number_of):
        wait = recorder.waits.look(task.get_coro(), getattr(task, "_fut_waiter", None))
        shown = shown_name(task)
        place = f"at {recorder.sources.place(wait.frame.f_code.co_filename, wait.frame.f_lineno)}" if wait.frame else ""
        words = in_words(recorder, wait)
        texts.append(" ".join(part for part in (f"`{shown}` waits", place, words and f"for {words}") if part))
    return texts


def shown_name(task) -> str:
    """The name of a task in the record, with its number."""
    name, number = given_name(task)
    return f"{name} {number - 1}" if number else name


def in_words(recorder: Recorder, wait: Wait) -> str:
    """Returns the awaited thing in words, such as "a timer" or "the lock `door`"; empty if that is not known."""
    if wait.kind == "tasks":
        names = [f"`{given_name(future)[0]}`" for future in wait.target if hasattr(future, "get_coro")]
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        return f"{', '.join(names[:5])}{more}" if names else ""
    if wait.kind == "object":
        name = recorder.waits.object_name(wait)
        article = "an" if wait.object_kind == "event" else "a"
        return f"the {wait.object_kind} `{name}`" if name else f"{article} {wait.object_kind}"
    return {"timer": "a timer", "worker": "a thread or process"}.get(wait.kind, "")


def _line(recorder: Recorder, frame: FrameType | None) -> dict | None:
    if frame is None:
        return None
    return {"source": recorder.sources[frame.f_code.co_filename], "line": frame.f_lineno}


def _for(wait, awaited: list[int]) -> object:
    if wait.kind == "tasks":
        return {"tasks": awaited} if awaited else None
    if wait.kind == "object":
        return {"object": {"kind": wait.object_kind}}
    return wait.kind


def shown_locals(frame: FrameType | None, budget: Budget) -> dict[str, str]:
    """The variables of a frame as texts."""
    if frame is None:
        return {}
    code, values = frame.f_code, frame.f_locals
    # A variable that an inner function uses is a cell variable. Those of comprehensions (`.0`) are not the reader's.
    names = dict.fromkeys(code.co_varnames + code.co_cellvars + code.co_freevars)
    found = [name for name in names if name in values and name.isidentifier()]
    return {name: budget.shown(values[name]) for name in found[:_MOST_VARIABLES]}
