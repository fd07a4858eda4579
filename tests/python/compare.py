"""Compares two records of a program, as the page does to know if the second one is the ideal of the first
(`src/python/difference.rs`).

They match if they have the same tasks, parents and outcomes, and if each task waited on the same set of lines. Siblings
may be created in another order, as by `as_completed`, so the children of a task are compared as a set.
"""

from __future__ import annotations

from collections import Counter

_OUTCOMES = {"S": "succeeded", "F": "failed", "T": "timed out", "C": "was cancelled", "R": "failed and was retried"}


class _Task:
    """The compared properties of a task."""

    def __init__(self, name: str):
        self.name = name
        self.outcome = "did not end"
        self.lines: set[tuple[str, int]] = set()
        self.children: list[_Task] = []
        self.signature = 0
        """The same number for tasks that match, with everything inside them."""


def difference(first: dict, second: dict) -> str | None:
    """The first difference between two records (as in `docs/run-file.md`), as a sentence; None if they match."""
    signatures: dict[tuple, int] = {}
    return _difference(_root(first, signatures), _root(second, signatures))


def _root(record: dict, signatures: dict[tuple, int]) -> _Task:
    """All tasks of a record below one that stands for code outside of all tasks."""
    columns = record["tasks"]
    numbers = columns.get("number") or [0] * len(columns["name"])
    tasks = [_Task("the program")]
    for name, number, parent in zip(columns["name"], numbers, columns["parent"]):
        text = record["names"][name] + (f" {number - 1}" if number else "")
        tasks.append(_Task(text))
        tasks[parent].children.append(tasks[-1])
    waits = record.get("waits") or {"sources": [], "list": []}
    numbers_of_waits = iter(record["events"].get("wait", ()))
    for task, kind in zip(record["events"]["task"], record["events"]["kind"]):
        if kind == ")":
            wait = next(numbers_of_waits, 0)
            line = waits["list"][wait - 1]["line"] if wait else None
            if line:
                tasks[task].lines.add((waits["sources"][line["source"]]["path"], line["line"]))
        elif kind in _OUTCOMES:
            tasks[task].outcome = _OUTCOMES[kind]
    # Children have greater numbers than their parents. No recursion: a chain of tasks may be long.
    for task in reversed(tasks):
        children = tuple(sorted(child.signature for child in task.children))
        key = task.name, task.outcome, tuple(sorted(task.lines)), children
        task.signature = signatures.setdefault(key, len(signatures))
    return tasks[0]


def _difference(first: _Task, second: _Task) -> str | None:
    while first.signature != second.signature:
        text = _own_difference(first, second)
        if text is not None:
            return text
        first, second = _children_that_differ(first, second)
    return None


def _own_difference(first: _Task, second: _Task) -> str | None:
    if first.outcome != second.outcome:
        return f"Task `{first.name}` {first.outcome} in the first run, but {second.outcome} in the second."
    if first.lines != second.lines:
        path, line = min(first.lines ^ second.lines)
        one = "first" if (path, line) in first.lines else "second"
        return f"Task `{first.name}` waited at {path} line {line} only in the {one} run."
    names = Counter(child.name for child in first.children), Counter(child.name for child in second.children)
    if names[0] != names[1]:
        name = min((names[0] - names[1]) + (names[1] - names[0]))
        creator = "the program" if first.name == "the program" else f"task `{first.name}`"
        return (
            f"In the first run, {creator} created {names[0][name]:,} × task `{name}`, but in the second "
            f"{names[1][name]:,}."
        )
    return None


def _children_that_differ(first: _Task, second: _Task) -> tuple[_Task, _Task]:
    """Pairs off the children that match, and returns two of the same name that are left."""
    left = Counter(child.signature for child in second.children)
    differing = None
    for child in first.children:
        if left[child.signature]:
            left[child.signature] -= 1
        elif differing is None:
            differing = child
    return differing, next(c for c in second.children if left[c.signature] and c.name == differing.name)
