"""Puts the interpreter back as it was, so that the next run starts clean.

A program may change anything: module dictionaries (`asyncio.sleep = …`), hooks, handlers, filters, the environment.
What programs change in practice is saved before a run and restored after it. Our own replacements are undone in the
same way.
"""

from __future__ import annotations

import asyncio
import atexit
import builtins
import gc
import json
import logging
import os
import random
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable

_MODULES = (builtins, asyncio, json, random, threading, time, warnings, signal, atexit, os, logging)


_INHERITED = object()
"""In place of an attribute that a class has from its base."""


class Snapshot:
    """The state of the interpreter at the time when it is made."""

    def __init__(self) -> None:
        inner = [module for name, module in sys.modules.items() if name.startswith("asyncio.")]
        self._modules = [(module, dict(vars(module))) for module in (*_MODULES, *inner)]
        self._attributes: list[tuple[object, str, object]] = []
        self._loaded = dict(sys.modules)
        self._hooks = {
            name: getattr(sys, name)
            for name in ("excepthook", "unraisablehook", "displayhook", "breakpointhook", "stdin", "stdout", "stderr")
        }
        self._path = list(sys.path), list(sys.meta_path), list(sys.argv), dict(sys.path_importer_cache)
        self._environment = dict(os.environ)
        self._directory = os.getcwd()
        self._recursion = sys.getrecursionlimit()
        self._origins = sys.get_coroutine_origin_tracking_depth()
        self._asyncgen_hooks = sys.get_asyncgen_hooks()
        self._gc = gc.isenabled(), gc.get_threshold()
        self._filters = list(warnings.filters)
        self._random = random._inst.getstate()
        self._policy = asyncio.events._event_loop_policy
        self._loop = _current_loop()
        self._signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        root = logging.root
        self._logging = list(root.handlers), list(root.filters), root.level, root.disabled, root.manager.disable
        self._loggers = dict(root.manager.loggerDict)
        # asyncio's own logger exists before the run, and programs change its level.
        logger = asyncio.log.logger
        self._logger = logger.level, list(logger.handlers), logger.propagate, list(logger.filters), logger.disabled

    def replace(self, replacements: Iterable[tuple[object, str, object]]) -> None:
        """Sets attributes; `restore` puts the previous values back."""
        for owner, name, value in replacements:
            self._attributes.append((owner, name, vars(owner).get(name, _INHERITED)))
            setattr(owner, name, value)

    def restore_main(self) -> None:
        """Puts the host's module `__main__` back."""
        sys.modules["__main__"] = self._loaded["__main__"]

    def is_own_hook(self, hook: object) -> bool:
        """True if `sys.excepthook` is what it was before the run."""
        return hook is self._hooks["excepthook"]

    def restore(self, is_own_module: Callable[[object], bool]) -> None:
        """Puts everything back. Modules for which `is_own_module` returns True are removed."""
        for owner, name, value in reversed(self._attributes):
            if value is _INHERITED:
                delattr(owner, name)
            else:
                setattr(owner, name, value)
        self._restore_modules(is_own_module)
        for name, value in self._hooks.items():
            setattr(sys, name, value)
        sys.path[:], sys.meta_path[:], sys.argv[:], importers = self._path
        sys.path_importer_cache.clear()
        sys.path_importer_cache.update(importers)
        os.environ.clear()
        os.environ.update(self._environment)
        os.chdir(self._directory)
        sys.setrecursionlimit(self._recursion)
        sys.set_coroutine_origin_tracking_depth(self._origins)
        sys.set_asyncgen_hooks(*self._asyncgen_hooks)
        (gc.enable if self._gc[0] else gc.disable)()
        gc.set_threshold(*self._gc[1])
        warnings.filters[:] = self._filters
        _forget_warning_caches()
        random._inst.setstate(self._random)
        asyncio.events._event_loop_policy = self._policy
        if self._policy is not None and hasattr(self._policy, "_local"):
            self._policy._local._loop = self._loop
        for number, handler in self._signals.items():
            _restore_signal(number, handler)
        self._restore_logging()

    def _restore_modules(self, is_own_module: Callable[[object], bool]) -> None:
        # First all of them, because the path of a folder without `__init__.py` is worked out from the folder around it.
        changed = [
            name for name, module in list(sys.modules.items())
            if self._loaded.get(name) is not module and (name in self._loaded or is_own_module(module))
        ]
        for name in changed:
            del sys.modules[name]
        for name, module in self._loaded.items():
            sys.modules.setdefault(name, module)
        for module, before in self._modules:
            now = vars(module)
            # What the import system adds, such as a submodule, is not a change by the program.
            for name in [name for name in now if name not in before and not isinstance(now[name], type(sys))]:
                del now[name]
            now.update(before)

    def _restore_logging(self) -> None:
        root = logging.root
        root.handlers[:], root.filters[:], level, root.disabled, root.manager.disable = self._logging
        loggers = root.manager.loggerDict
        for name in [name for name in loggers if name not in self._loggers]:
            del loggers[name]
        loggers.update(self._loggers)
        root.setLevel(level)
        logger = asyncio.log.logger
        logger.setLevel(self._logger[0])
        logger.handlers[:], logger.propagate, logger.filters[:], logger.disabled = self._logger[1:]


def _current_loop():
    """The loop that `get_event_loop` would return, without making one."""
    policy = asyncio.events._event_loop_policy
    return getattr(getattr(policy, "_local", None), "_loop", None)


def _restore_signal(number: int, handler) -> None:
    if signal.getsignal(number) is handler or handler is None:
        return
    try:
        signal.signal(number, handler)
    except ValueError:
        # Only the main thread may do this. The program could not have changed it, either.
        pass


def _forget_warning_caches() -> None:
    # Python compares this number to know that the filters have changed. The name was changed in 3.14.
    for name in ("_filters_mutated", "_filters_mutated_lock_held"):
        if hasattr(warnings, name):
            try:
                getattr(warnings, name)()
            except RuntimeError:
                with warnings._lock:
                    getattr(warnings, name)()
            return
