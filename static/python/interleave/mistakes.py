"""Sentences for errors whose own message does not say what the reader has done, such as a list for `asyncio.gather`."""

from __future__ import annotations

import builtins
import inspect
import re
from types import FrameType

from .observed import Observed

_NOT_AWAITABLE = r"(?:object (\S+) can't be used in 'await' expression|'?(\S+?)'? object can't be awaited)"
_COROUTINE_AS_RESULT = r"\bcoroutine\b.*(?:iterable|subscriptable|attribute|len\(\))|operand.*'coroutine'"

_KNOWN = [
    (r"asyncio\.run\(\) cannot be called", "calls `asyncio.run` in a coroutine, where an event loop runs already."),
    (r"is bound to a different event loop",
     "uses an object of asyncio, such as a semaphore, that belongs to an earlier `asyncio.run`."),
    (r"no running event loop", "needs a running event loop, but it is not called from a coroutine."),
    (r"cannot reuse already awaited coroutine",
     "awaits a coroutine a second time. Each call makes a coroutine that can be awaited once."),
]
"""Patterns of the messages of `RuntimeError`, and what the reader has done."""


def sentence(error: BaseException, observed: Observed) -> str | None:
    """Says what the reader has done, with its line. None for an error that explains itself, or that is not known."""
    # The reader has not written this function.
    if isinstance(error, NotImplementedError):
        return None
    described = _described(error, observed)
    if described is None:
        return None
    place = observed.place_of_error(error)
    # Other messages contain addresses, which differ from run to run.
    message = f" Python's message: {error}" if isinstance(error, TypeError) else ""
    return f"{place} {described}{message}" if place else None


def dropped(observed: Observed) -> str | None:
    """A sentence about a coroutine that nothing has run."""
    calls = [call for call in observed.calls if call.was_dropped]
    if not calls:
        return None
    name, place = calls[0].name, calls[0].line or observed.place(calls[0].name)
    number = sum((call.name, call.line) == (name, calls[0].line) for call in calls)
    if number > 1:
        return f"{place} creates {number} coroutines of `{name}`, but nothing awaits them: they never run."
    return f"{place} calls `{name}`, but nothing awaits the coroutine: it never runs."


def _described(error: BaseException, observed: Observed) -> str | None:
    text = str(error)
    if isinstance(error, TypeError):
        return _of_gather(error) or _of_await(text) or _of_coroutine(text) or _of_thread(text, error, observed)
    if isinstance(error, AttributeError | ValueError):
        return _of_coroutine(text)
    if isinstance(error, RuntimeError):
        return next((known for pattern, known in _KNOWN if re.search(pattern, text)), None)
    return None


def _of_gather(error: TypeError) -> str | None:
    frame = _frame_of("gather", error)
    if frame is None or not re.search(r"unhashable|awaitable is required", str(error)):
        return None
    given = next((it for it in frame.f_locals.get("coros_or_futures", ()) if not inspect.isawaitable(it)), None)
    return f"gives `asyncio.gather` {_shown(given)}. It takes awaitables, each as an argument of its own."


def _of_await(text: str) -> str | None:
    match = re.search(_NOT_AWAITABLE, text)
    if match is None:
        return None
    kind = match[1] or match[2]
    if kind == "NoneType":
        return "awaits `None`: what it calls is not an `async def` function."
    return f"awaits {_object_of(kind)}, and that cannot be awaited."


def _of_coroutine(text: str) -> str | None:
    if re.search(_COROUTINE_AS_RESULT, text):
        return "uses a coroutine as if it were the result. Nothing has awaited it."
    return None


def _of_thread(text: str, error: TypeError, observed: Observed) -> str | None:
    """A pool called something that is not a function. Where the reader's own code does, Python's message is enough."""
    is_known = re.search(r"object is not callable|first argument must be callable", text)
    if not is_known or observed.is_raised_by_reader(error):
        return None
    return "gives a thread something that is not a function. It takes the function itself, and then its arguments."


def _frame_of(function: str, error: BaseException) -> FrameType | None:
    step = error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        if code.co_name == function and "asyncio" in code.co_filename:
            return step.tb_frame
        step = step.tb_next
    return None


def _shown(value: object) -> str:
    if inspect.isgenerator(value):
        return "a generator"
    if inspect.isroutine(value):
        return f"the function `{value.__name__}` itself, which was not called"
    if value is None:
        return "`None`"
    return _object_of(type(value).__name__)


def _object_of(kind: str) -> str:
    """An object of the type with this name: `a list`, `an int`, or "an object of type `OrderedDict`"."""
    if kind not in vars(builtins):
        return f"an object of type `{kind}`"
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
