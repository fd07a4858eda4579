"""The imports of a program that this copy of the site does not have, and what is available instead.

`missing_imports` lists them before the program runs. `Finder` gives the error at run time the same text.
"""

from __future__ import annotations

import ast
import importlib.machinery
import importlib.util
import sys
from collections.abc import Iterable
from typing import NamedTuple

from .errors import NO_PROCESSES, ONLY_SIMULATED, NoProcesses

_NOT_IN_THIS_COPY = (
    "the page loads it for a program with an `import` statement. Other copies of the site may be built without it"
)

_INSTEAD = {
    "uvloop": "the page has an event loop of its own. Remove the import: asyncio works without it",
    "numpy": "use lists and the modules `math`, `statistics` and `array`, or open a wheel that is built for Pyodide",
    "pandas": "use lists and the module `csv`, or open wheels that are built for Pyodide",
    "torch": "replace the computation by `await asyncio.sleep(…)` to see how the tasks overlap",
    "transformers": "replace the computation by `await asyncio.sleep(…)` to see how the tasks overlap",
    "scipy": "use lists and the modules `math` and `statistics`",
    "tensorflow": "replace the computation by `await asyncio.sleep(…)` to see how the tasks overlap",
    "sklearn": "replace the computation by `await asyncio.sleep(…)` to see how the tasks overlap",
    "requests": "it would block the event loop. Use `aiohttp` or `httpx`",
    "aiohttp": _NOT_IN_THIS_COPY,
    "httpx": _NOT_IN_THIS_COPY,
    "openai": "it comes in a later release. Until then, send the request by `aiohttp` or `httpx`",
    "anthropic": "send the request by `aiohttp` or `httpx`",
    "websockets": "a browser cannot open such connections for a program. Use an `asyncio.Queue` in its place",
    "redis": "a browser cannot open such connections for a program. Use a `dict` in its place",
    "fastapi": "there is no server in a browser. Call the handlers directly",
    "uvicorn": "there is no server in a browser. Call the handlers directly",
    "flask": "there is no server in a browser. Call the handlers directly",
    "ray": "a browser cannot start processes. Do the work in coroutines",
    "dask": "a browser cannot start processes. Do the work in coroutines",
    "aiofiles": _NOT_IN_THIS_COPY,
    "tqdm": _NOT_IN_THIS_COPY,
    "tenacity": _NOT_IN_THIS_COPY,
    "pydantic": _NOT_IN_THIS_COPY,
    "trio": "use `asyncio.TaskGroup`, which does the same as a nursery",
    "pytest": _NOT_IN_THIS_COPY,
    "pytest_asyncio": _NOT_IN_THIS_COPY,
    "pytest_cov": _NOT_IN_THIS_COPY,
    "matplotlib": "print the numbers",
}
_NEED_PROCESSES = {"_multiprocessing": ONLY_SIMULATED, "_posixshmem": ONLY_SIMULATED, "_posixsubprocess": NO_PROCESSES}
"""Modules in C that the standard library imports when a program is about to start a process, and what to do instead."""

_IGNORED = frozenset({"nest_asyncio"})
"""Modules that are not needed here; an empty one takes their place."""


class MissingImport(NamedTuple):
    """An import that will fail."""

    module: str
    path: str
    """The program's file."""
    line: int
    is_optional: bool
    """True if the program catches the `ImportError`."""
    instead: str
    """The suggested alternative, as a sentence."""


def instead_of(module: str) -> str:
    """Returns the alternative to a top-level module, as a sentence."""
    if module in sys.stdlib_module_names:
        return f"`{module}` belongs to Python's standard library, but is not part of Python in the browser."
    advice = _INSTEAD.get(module, "programs can use Python's standard library, their own files, and packages whose wheels you open")
    return f"`{module}` is not available in the page: {advice}."


def missing_imports(trees: dict[str, ast.Module]) -> list[MissingImport]:
    """The imports of a program that would fail, in the order of files and lines. `trees` are its files by path."""
    own = own_modules(trees)
    found = []
    for path, tree in trees.items():
        for node, is_optional in _imports(tree):
            for module in _top_level_names(node):
                if module not in own and module not in _IGNORED and not _is_available(module):
                    found.append(MissingImport(module, path, node.lineno, is_optional, instead_of(module)))
    return found


def own_modules(paths: Iterable[str]) -> set[str]:
    """The top-level names under which a program can import its own files: those in the folders of any of its files."""
    return {part.removesuffix(".py") for path in paths for part in path.split("/")}


def _imports(tree: ast.AST, is_optional: bool = False) -> Iterable[tuple[ast.stmt, bool]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, is_optional
        elif isinstance(node, ast.Try):
            catches = any(_catches_import_error(handler.type) for handler in node.handlers)
            body = ast.Module(node.body, [])
            rest = ast.Module([*node.handlers, *node.orelse, *node.finalbody], [])
            yield from _imports(body, is_optional or catches)
            yield from _imports(rest, is_optional)
        else:
            yield from _imports(node, is_optional)


def _catches_import_error(kind: ast.expr | None) -> bool:
    names = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
    return kind is None or any(isinstance(node, ast.Name) and node.id in names for node in ast.walk(kind))


def _top_level_names(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    return [node.module.partition(".")[0]] if node.module and not node.level else []


def _is_available(module: str) -> bool:
    if module in sys.modules or module in sys.builtin_module_names:
        return True
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError, AttributeError):
        return False


class Finder:
    """The last of the finders on `sys.meta_path`: raises an error that says what is available instead."""

    def find_spec(self, name: str, path=None, target=None):
        if name in _NEED_PROCESSES and sys.platform == "emscripten":
            # Not an `ImportError`, for which the library would have a message of its own.
            raise NoProcesses(_NEED_PROCESSES[name])
        if "." in name or name.startswith("_"):
            return None
        if name in _IGNORED:
            return importlib.machinery.ModuleSpec(name, Ignored())
        # `importlib.util.find_spec` is how a program asks if a module exists, and must return None.
        asker = sys._getframe(2)
        if asker.f_code.co_name != "_find_and_load_unlocked":
            return None
        raise ModuleNotFoundError(f"No module named '{name}'. {instead_of(name)}", name=name)

    @staticmethod
    def install() -> None:
        """Adds a finder after Python's own and Pyodide's for `js`, but before the others of Pyodide, which raise errors
        of their own. A program may use `js`: it is in a sandbox."""
        path = sys.meta_path
        places = [
            index for index, finder in enumerate(path)
            if finder is importlib.machinery.PathFinder or type(finder).__name__ == "JsFinder"
        ]
        path.insert(places[-1] + 1 if places else len(path), Finder())


class Ignored:
    """Loads `nest_asyncio`, whose `apply()` has nothing to do: a wait at the top level of a notebook works."""

    def create_module(self, spec):
        return None

    def exec_module(self, module) -> None:
        module.apply = lambda loop=None: None
