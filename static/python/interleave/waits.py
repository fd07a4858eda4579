"""Where a task waits, and for what.

At the end of a poll, the chain of awaits leads from the task's coroutine to the future that it waits for. The innermost
frame of the reader's own files is the line on which the task waits. The first frame below it that belongs to asyncio
(`sleep`, `Lock.acquire`, `TaskGroup.__aexit__` …) says what it waits for.

Each place is listed once. The numbers of the lists are those of `docs/run-file.md`.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import weakref
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from types import AsyncGeneratorType, CodeType, CoroutineType, FrameType, GeneratorType
from typing import NamedTuple

from .sources import Sources

QUEUED_KINDS = frozenset({"semaphore", "lock", "queue", "event", "condition"})
"""A task that waits for an object of these kinds is queued for it."""

MOST_LISTED = 256
"""A wait for more tasks than this is recorded as a wait for subtasks, or for as many of them as this."""

MOST_LISTED_IN_ALL = 1_000_000
"""The number of tasks that all waits of a record list together."""

_TIMER, _OBJECT, _TASKS, _WORKER, _RESPONSE = "timer", "object", "tasks", "worker", "response"


_ASYNCIO = asyncio.__path__[0]


class Wait(NamedTuple):
    """A wait as it is now, with the live objects."""

    frame: FrameType | None
    """The innermost frame of the reader's files."""
    kind: str | None
    """`timer`, `object`, `tasks`, `worker` (a call in a thread or process) or `response`; None if it is not known."""
    target: object = None
    """The object, or the futures as a list."""
    object_kind: str = ""
    """The kind of an object, as in `docs/run-file.md`."""


class Waits:
    """The places in which tasks wait, and the sources and objects that they refer to."""

    def __init__(self, sources: Sources, number_of: Callable[[object], int], parents: Sequence[int]):
        """`number_of` returns the number of a task that is recorded and has not ended, or 0. `parents` are by
        number."""
        self._sources = sources
        self._number_of = number_of
        self._parents = parents
        self._known = known_places()
        self._numbers: dict[tuple, int] = {}
        self._objects: dict[int, tuple[object, int]] = {}
        self._permits: dict[int, tuple[object, int]] = {}
        self._listed = 0
        self._calls: weakref.WeakSet = weakref.WeakSet()
        """The futures of calls that the loop runs in place of a thread."""
        self._connectors: type | tuple = ()
        """A client's class of objects that limit its connections."""
        self.open_requests: dict[int, list[int]] = {}
        """For each task, the numbers of the requests that it has sent and whose responses are not complete."""
        self.list: list[dict] = []
        self.objects: list[dict] = []

    def look(self, coro, waiter) -> Wait:
        """The wait of a task with this coroutine, which waits for the future `waiter` (None after a bare `yield`)."""
        inner, entry, place = self._find(coro)
        own = frame_of(inner)
        if waiter is None:
            # A bare `yield`, as in `sleep(0)`: the task is ready to continue.
            return Wait(own, None)
        if entry is None:
            return self._for_future(own, waiter)
        kind, detail = entry
        if kind is _TIMER or kind is _RESPONSE:
            return Wait(own, kind)
        if kind is _OBJECT:
            return Wait(own, _OBJECT, frame_of(place).f_locals.get("self"), detail)
        try:
            return Wait(own, _TASKS, detail(frame_of(place)))
        except (KeyError, AttributeError, TypeError):
            # These are private parts of asyncio, which may change with its next version.
            return Wait(own, None)

    def _find(self, coro) -> tuple[object | None, tuple | None, object | None]:
        """The innermost coroutine of the reader's files; the entry of `known_places` for what it calls, and that
        coroutine.

        The same as a loop over `suspended`, which takes twice as long. This runs at the end of every poll.
        """
        own = entry = place = None
        sources, known = self._sources, self._known
        while coro is not None:
            outer, kind = coro, type(coro)
            if kind is CoroutineType:
                code, coro = coro.cr_code, coro.cr_await
            elif kind in _FUTURE_ITERATORS:
                break
            else:
                code, coro = _inner(coro)
            if code is None:
                continue
            if sources[code.co_filename] >= 0:
                own, entry = outer, None
                continue
            found = known.get(id(code))
            # A condition that was notified waits for its lock. `wait_for` without a limit awaits the rest itself.
            if found is not None and (
                entry is None or entry[1] == "condition" and found[1] == "lock" or entry[1] is _of_wait_for
            ):
                entry, place = found, outer
        return own, entry, place

    def _for_future(self, own: FrameType | None, waiter) -> Wait:
        futures = awaited_futures(waiter)
        if futures is not None:
            return Wait(own, _TASKS, futures)
        if waiter in self._calls or _is_of_executor(waiter):
            return Wait(own, _WORKER)
        return Wait(own, _OBJECT, waiter, "future")

    def number(self, coro, waiter, waiting: int) -> tuple[int, int]:
        """The number of a wait in `list`, counted from 1, and the index of the object for which the task is queued,
        or -1.

        `coro` and `waiter` are as in `look`. `waiting` is the number of the task that waits.
        """
        own, entry, place = self._find(coro)
        source = line = 0
        if own is not None:
            frame = frame_of(own)
            source, line = self._sources[frame.f_code.co_filename] + 1, frame.f_lineno or 0
        kind = None if waiter is None else entry[0] if entry is not None else _OBJECT
        if kind is _TIMER or kind is None or kind is _RESPONSE:
            key = source, line, kind, None
            return self._numbers.get(key) or self._listed_number(key), -1
        requests = self.open_requests.get(waiting)
        if requests and self._is_in_client(coro):
            return self._listed_number((source, line, _TASKS, tuple(requests[:MOST_LISTED]))), -1
        wait = self.look(coro, waiter)
        if wait.kind is None or wait.kind is _WORKER:
            return self._listed_number((source, line, wait.kind, None)), -1
        if wait.kind is _TASKS:
            return self._listed_number((source, line, _TASKS, self._task_numbers(wait.target, waiting))), -1
        index = self._object(wait)
        queued = index if wait.object_kind in QUEUED_KINDS else -1
        return self._listed_number((source, line, _OBJECT, index)), queued

    def _is_in_client(self, coro) -> bool:
        """True if the reader's code waits in a function of a package, such as a client for HTTP."""
        files = [_inner(step)[0].co_filename for step in suspended(coro)]
        own = [index for index, filename in enumerate(files) if self._sources[filename] >= 0]
        called = files[own[-1] + 1:] if own else files
        return any(not filename.startswith(_ASYNCIO) for filename in called)

    def response(self, frame: FrameType | None) -> int:
        """The number of the wait of a request for its response. `frame` is the caller's."""
        return self._listed_number((*self._place(frame), _RESPONSE, None))

    def timer(self, frame: FrameType | None) -> int:
        """The number of the wait of a thread that sleeps. `frame` is the caller's."""
        return self._listed_number((*self._place(frame), _TIMER, None))

    def _place(self, frame: FrameType | None) -> tuple[int, int]:
        own = self._sources.own_frame(frame)
        return (0, 0) if own is None else (self._sources[own.f_code.co_filename] + 1, own.f_lineno or 0)

    def _listed_number(self, key: tuple) -> int:
        number = self._numbers.get(key)
        if number is None:
            self.list.append(_as_json(*key))
            number = self._numbers[key] = len(self.list)
        return number

    def _task_numbers(self, futures: Iterable, waiting: int) -> tuple[int, ...] | None:
        """The numbers of the tasks, or None for "the tasks that it created"."""
        numbers = []
        for future in futures:
            number = self._number_of(future)
            if number:
                numbers.append(number)
            if len(numbers) > MOST_LISTED:
                break
        are_own = bool(numbers) and all(self._parents[number] == waiting for number in numbers)
        if len(numbers) > MOST_LISTED and are_own:
            return None
        self._listed += len(numbers)
        if self._listed > MOST_LISTED_IN_ALL:
            return None if are_own else ()
        return tuple(sorted(set(numbers[:MOST_LISTED])))

    def _object(self, wait: Wait) -> int:
        """The index of an object. It does not keep the object alive."""
        target = wait.target
        entry = self._objects.get(id(target))
        if entry is not None:
            return entry[1]
        index = len(self.objects)
        described = {"kind": wait.object_kind, "name": _variable_name(wait.frame, target)}
        permits = 1 if wait.object_kind == "lock" else self._permits.get(id(target), (None, None))[1]
        if isinstance(target, self._connectors):
            described["name"], permits = described["name"] or "connector", target.limit
        if permits is not None:
            described["permits"] = permits
        self.objects.append(described)
        self._objects[id(target)] = _keeper(target, self._objects), index
        return index

    def object_name(self, wait: Wait) -> str:
        """The name of the object of a wait; empty if it has none."""
        entry = self._objects.get(id(wait.target))
        return self.objects[entry[1]]["name"] if entry else _variable_name(wait.frame, wait.target)

    def note_permits(self, semaphore, permits: object) -> None:
        """A semaphore was created with this number of permits. It cannot be read later, when some are taken."""
        if isinstance(permits, int) and 0 <= permits < 2**32:
            self._permits[id(semaphore)] = _keeper(semaphore, self._permits), permits


    def note_call(self, future) -> None:
        """The loop runs a function in place of a thread, and the future gets its result."""
        self._calls.add(future)

    def note_response(self, function) -> None:
        """A task that waits in this coroutine function waits for a server."""
        self._known[id(function.__code__)] = (_RESPONSE, None)

    def note_limit(self, connector: type) -> None:
        """A task that waits in aiohttp's connector is queued for one of its connections."""
        self._connectors = connector
        self._known[id(connector._wait_for_available_connection.__code__)] = (_OBJECT, "semaphore")


def suspended(coro) -> Iterable[object]:
    """A coroutine and everything that it awaits, outermost first: coroutines, generators and async generators."""
    while coro is not None:
        outer = coro
        code, coro = _inner(coro)
        if code is not None:
            yield outer


def frame_of(coro) -> FrameType | None:
    """The frame of a coroutine, generator or async generator. Python makes it on demand, so ask only for what is
    needed."""
    for attribute in ("cr_frame", "gi_frame", "ag_frame"):
        if hasattr(coro, attribute):
            return getattr(coro, attribute)
    return None


def _inner(coro) -> tuple[CodeType | None, object | None]:
    """The code of a coroutine, and what it awaits."""
    kind = type(coro)
    if kind in _FUTURE_ITERATORS:
        return None, None
    if kind is GeneratorType:
        return coro.gi_code, coro.gi_yieldfrom
    if kind is AsyncGeneratorType:
        return coro.ag_code, coro.ag_await
    if kind in _WRAPPERS:
        return None, _wrapped(coro)
    # Coroutines, also of other kinds, such as Cython's.
    return getattr(coro, "cr_code", None), getattr(coro, "cr_await", None)


def awaited_futures(waiter) -> list | None:
    """The futures that make up the one that a task waits for; None for a plain future."""
    parts = _parts(waiter)
    if parts is None:
        return None
    found = []
    while parts:
        part = parts.pop()
        # A gather may be part of another one, or of a `wait`.
        inner = None if hasattr(part, "get_coro") else _parts(part)
        if inner is None:
            found.append(part)
        else:
            parts += inner
    return found[::-1]


def _parts(waiter) -> list | None:
    if isinstance(waiter, asyncio.tasks._GatheringFuture):
        return [child for child in waiter._children if not child.done()]
    if hasattr(waiter, "get_coro"):
        return [waiter]
    inner = _shielded(waiter)
    return None if inner is None else [inner]


def _shielded(outer) -> object | None:
    """The future that `asyncio.shield` protects: the outer future's callback has it in its closure."""
    for entry in getattr(outer, "_callbacks", None) or ():
        callback = entry[0]
        if getattr(callback, "__qualname__", "") == "shield.<locals>._outer_done_callback":
            return callback.__closure__[callback.__code__.co_freevars.index("inner")].cell_contents
    return None


def _is_of_executor(waiter) -> bool:
    """True if a future gets its result from an executor's."""
    callbacks = getattr(waiter, "_callbacks", None) or ()
    return any(getattr(entry[0], "__qualname__", "") == "_chain_future.<locals>._call_check_cancel" for entry in callbacks)


async def _example_generator():
    yield


async def _example_coroutine():
    pass


def _wrapper_types() -> frozenset[type]:
    """Types that only CPython has, which hide what they wrap: `gc.get_referents` finds it."""
    # A running loop would take over the generators.
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(None, None)
    step = _example_generator().asend(None)
    close = _example_generator().aclose()
    item = anext(_example_generator(), None)
    coro = _example_coroutine()
    wrapper = coro.__await__()
    types = frozenset({type(step), type(close), type(item), type(wrapper)})
    for awaitable in (step, close, item, coro):
        # Python warns of coroutines that are never awaited, but not if they are closed.
        awaitable.close()
    sys.set_asyncgen_hooks(*hooks)
    return types


_WRAPPERS = _wrapper_types()


def _future_iterator_types() -> frozenset[type]:
    """The types of what `await future` waits in, which lead no further."""

    class NoLoop(asyncio.AbstractEventLoop):
        def get_debug(self):
            return False

    return frozenset({type(asyncio.Future(loop=NoLoop()).__await__())} - {GeneratorType})


_FUTURE_ITERATORS = _future_iterator_types()


def _wrapped(wrapper) -> object | None:
    inner = (CoroutineType, AsyncGeneratorType, GeneratorType, *_WRAPPERS)
    return next((referent for referent in gc.get_referents(wrapper) if type(referent) in inner), None)


def known_places() -> dict[int, tuple[str, object]]:
    """The functions of asyncio in which tasks wait, by the id of their code, which lives as long as the module."""
    places: dict[int, tuple[str, object]] = {id(asyncio.sleep.__code__): (_TIMER, None)}
    methods = {
        "semaphore": [asyncio.Semaphore.acquire],
        "lock": [asyncio.Lock.acquire],
        "queue": [asyncio.Queue.get, asyncio.Queue.put, asyncio.Queue.join],
        "event": [asyncio.Event.wait],
        "condition": [asyncio.Condition.wait, asyncio.Condition.wait_for],
        "barrier": [asyncio.Barrier.wait],
    }
    for kind, functions in methods.items():
        for function in functions:
            places[id(function.__code__)] = (_OBJECT, kind)
    tasks = asyncio.tasks
    places[id(tasks._wait.__code__)] = (_TASKS, _of_wait)
    # Up to 3.11, `wait_for` has a task of its own for what it waits for. Later it awaits that itself.
    if "waiter" in asyncio.wait_for.__code__.co_varnames:
        places[id(asyncio.wait_for.__code__)] = (_TASKS, _of_wait_for)
    places[id(asyncio.TaskGroup.__aexit__.__code__)] = (_TASKS, _of_group)
    if hasattr(asyncio.TaskGroup, "_aexit"):
        places[id(asyncio.TaskGroup._aexit.__code__)] = (_TASKS, _of_group)
    for code in _as_completed_codes():
        places[id(code)] = (_TASKS, _of_as_completed)
    return places


def _as_completed_codes() -> list:
    if hasattr(asyncio.tasks, "_AsCompletedIterator"):
        return [asyncio.tasks._AsCompletedIterator._wait_for_one.__code__]
    constants = asyncio.as_completed.__code__.co_consts
    return [code for code in constants if getattr(code, "co_name", "") == "_wait_for_one"]


def _all_parts(futures: Iterable) -> list:
    return [part for future in futures for part in awaited_futures(future) or [future]]


def _of_wait(frame: FrameType) -> list:
    return _all_parts(future for future in frame.f_locals["fs"] if not future.done())


def _of_wait_for(frame: FrameType) -> list:
    return [frame.f_locals["fut"]]


def _of_group(frame: FrameType) -> list:
    return list(frame.f_locals["self"]._tasks)


def _of_as_completed(frame: FrameType) -> list:
    local = frame.f_locals
    return _all_parts(local["self"]._todo if "self" in local else _todo_of(local["done"]))


def _todo_of(done: asyncio.Queue) -> set:
    """The futures that are left of an `as_completed` of CPython 3.11 or 3.12, which puts those that end into `done`.

    Only the callback of a future that has not ended leads to them. They are kept as an attribute of the queue, which
    the program never sees, because looking for them takes time.
    """
    if not hasattr(done, "_interleave_todo"):
        futures = [future for task in asyncio.all_tasks() for future in (task, getattr(task, "_fut_waiter", None))]
        callbacks = [entry[0] for future in futures for entry in getattr(future, "_callbacks", None) or ()]
        found = (todo for todo in map(partial(_todo_in, done), callbacks) if todo is not None)
        done._interleave_todo = next(found, set())
    return done._interleave_todo


def _todo_in(done: asyncio.Queue, callback) -> set | None:
    if getattr(callback, "__qualname__", "") != "as_completed.<locals>._on_completion":
        return None
    cells = dict(zip(callback.__code__.co_freevars, callback.__closure__))
    return cells["todo"].cell_contents if cells["done"].cell_contents is done else None


def _as_json(source: int, line: int, kind: str | None, detail) -> dict:
    place = {"source": source - 1, "line": line} if source and line else None
    if kind is _OBJECT:
        return {"line": place, "for": {"object": detail}}
    if kind is _TASKS:
        awaited = "subtasks" if detail is None else {"tasks": list(detail)} if detail else None
        return {"line": place, "for": awaited}
    return {"line": place, "for": kind}


def _keeper(target, entries: dict[int, tuple]) -> object:
    """Returns the value to store for an object's id: a weak reference that removes the entry with the object.

    Objects without weak references (a subclass with `__slots__`) must live on, or their id could be reused.
    """
    key = id(target)
    try:
        return weakref.ref(target, lambda _: entries.pop(key, None))
    except TypeError:
        return target


def _variable_name(frame: FrameType | None, target) -> str:
    """The name of the variable or attribute that holds the object, as in `limit` or `self.queue`; empty if none
    does."""
    if frame is None:
        return ""
    local = frame.f_locals
    for scope in (local, frame.f_globals):
        for name, value in list(scope.items()):
            # `async with condition` waits for the condition's lock.
            # Not `isinstance`, which may run code of the value.
            if value is target or asyncio.Condition in type(value).__mro__ and value._lock is target:
                return name
        attributes = getattr(local.get("self"), "__dict__", None)
        for name, value in list(attributes.items()) if isinstance(attributes, dict) else ():
            if value is target:
                return f"self.{name}"
    return ""
