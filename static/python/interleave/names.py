"""Names of tasks: the name that the program gave, or else the name of the coroutine's function.

A trailing number is stored apart (`worker-3` is number 3 of the `worker`s), so that tasks of one kind are found by it.
"""

from __future__ import annotations

import functools
import re

_NUMBERED = re.compile(r"(.*[^\d\s_#:-])[\s_#:-]+(0|[1-9]\d{0,8})")
_LONGEST = 200


def given_name(task) -> tuple[str, int]:
    """The recorded name of a task, and its number plus one (0 for none)."""
    name = task.get_name()
    if is_default(name):
        return function_name(task.get_coro()), 0
    return split_number(name)


def is_default(name: str) -> bool:
    """True if asyncio gave the name."""
    return name[:5] == "Task-" and name[5:].isdigit()


def split_number(name: str) -> tuple[str, int]:
    """The name without its trailing number, and the number plus one (0 for none)."""
    match = _NUMBERED.fullmatch(name)
    if match:
        return match[1][:_LONGEST], int(match[2]) + 1
    return name[:_LONGEST], 0


def function_name(coro) -> str:
    """The name of the function that made the coroutine."""
    name = getattr(coro, "__name__", None) or type(coro).__name__
    if name == "_wrap_awaitable" and getattr(coro, "cr_frame", None) is not None:
        # asyncio wraps an awaitable that is not a coroutine. The reader knows the type of the awaitable.
        name = type(coro.cr_frame.f_locals.get("awaitable")).__name__
    return str(name)[:_LONGEST]


def called_name(function) -> str:
    """The name of the reader's function: `asyncio.to_thread` hands over a partial of `Context.run`."""
    while isinstance(function, functools.partial):
        is_run = getattr(function.func, "__name__", "") == "run" and function.args and callable(function.args[0])
        function = function.args[0] if is_run else function.func
    return str(getattr(function, "__name__", None) or type(function).__name__)[:_LONGEST]
