"""Rewrites waits at the top level of a program, so that the host can step the loop while the program waits.

In the page, code cannot block on the real clock. So the program is compiled as a coroutine, and its syntax tree is
changed, with all line numbers kept:

- A call that may wait, such as `asyncio.run(main())`, becomes `await waiting(asyncio.run)(main())`. It is recognised
  by the last part of its name; `Lifted.waiting` decides during the run what the called object is.
- A plain function that may wait gets a twin: the same function as a coroutine, which is used when the top level
  calls the function. The function itself is unchanged. So it does not matter how it is called elsewhere, and what it
  is called.
- `with asyncio.Runner() as runner:` becomes an `async with`, because a runner waits when it is closed. So does a `with`
  over a context manager of the program, if its methods, or the generator that `contextmanager` decorates, may wait.

A call in a lambda, class body, other generator or comprehension over a generator is left alone: it cannot wait there,
and the loop raises `CannotWait`. A program with `await` at its top level, as in a notebook, runs in a task of its own.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterable

from .errors import NotebookCommand

HELPER = "__interleave_lift__"
"""The name under which the rewritten code finds the `Lifted` of its run."""

_WAITING = frozenset({"run", "run_until_complete", "run_forever"})
_TWIN = "__interleave_twin__"
_ASSIGNED = re.compile(r"^\w+\s*=\s*(?=[!%])")
_COMMAND = re.compile(r"\s*((\w+\s*=\s*)?(!|%%?[A-Za-z_])|[\w.]+\?\??\s*$|(pip|conda) install )")
"""A line that only a notebook understands."""
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_MANAGER = frozenset({"__enter__", "__exit__"})
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp)
_TOP_LEVEL_AWAITS = (ast.Await, ast.AsyncFor, ast.AsyncWith)


def parse(source: str, filename: str) -> ast.Module:
    """The syntax tree of a program's file.

    Raises `NotebookCommand` for a line that only a notebook understands, and `SyntaxError` otherwise.
    """
    try:
        return ast.parse(source, filename)
    except SyntaxError as error:
        line = _notebook_line(source, error.lineno)
        if line is None:
            raise
        text = source.splitlines()[line - 1].strip()
        text = _ASSIGNED.sub("", text)
        raise NotebookCommand(_notebook_advice(text), (filename, line, 1, text)) from None


def _notebook_line(source: str, at: int | None) -> int | None:
    """The first line that starts with a notebook's command, if the error is on such a line or after one."""
    for number, line in enumerate(source.splitlines(), 1):
        if _COMMAND.match(line):
            return number
        if at is not None and number >= at:
            return None
    return None


def _notebook_advice(text: str) -> str:
    command = text.split()[0]
    if text.startswith(("pip ", "conda ")):
        return f"`{command}` installs packages from a shell, and there is no shell in a browser. Remove the line"
    if text.startswith("!"):
        return f"`{command}` runs a shell command in a notebook, and there is no shell in a browser. Remove the line"
    if text.startswith("%"):
        return f"`{command}` is a notebook's command, not Python. Remove it"
    return f"`{text}` shows help in a notebook, and is not Python. Remove the line"


def is_notebook(tree: ast.Module) -> bool:
    """True if the program waits at its top level without `asyncio.run`."""
    return any(isinstance(node, _TOP_LEVEL_AWAITS) or _is_async_comprehension(node) for node in _top_level(tree))


def _is_async_comprehension(node: ast.AST) -> bool:
    return isinstance(node, _COMPREHENSIONS) and any(generator.is_async for generator in node.generators)


def _top_level(node: ast.AST) -> Iterable[ast.AST]:
    """All nodes that are not inside a function, lambda or class."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, (*_FUNCTIONS, ast.Lambda, ast.ClassDef)):
            yield from _top_level(child)


def waiting_names(trees: Iterable[ast.Module]) -> set[str]:
    """The last parts of the names of everything in a program that may wait: `run`, and what leads to it.

    A name too many does no harm, because the called object decides. So names are compared without their scopes.
    """
    # A program may have a megabyte, and each walk takes seconds then.
    nodes = [list(ast.walk(tree)) for tree in trees]
    names = set(_WAITING)
    if any(_last_name(node) == "Runner" for tree in nodes for node in tree):
        names.add("close")
    facts = [fact for tree in nodes for fact in _facts(tree)]
    while True:
        new = {name for name, causes in facts if name not in names and not names.isdisjoint(causes)}
        if not new:
            return names
        names |= new


def _facts(nodes: list[ast.AST]) -> list[tuple[str, set[str]]]:
    """Pairs of a name and the names that make it one that may wait, from all nodes of a tree."""
    facts = []
    parameters = {node.name: _parameters(node) for node in nodes if isinstance(node, _FUNCTIONS)}

    def passed(function: str, causes: set[str]) -> None:
        # A function that gets one that may wait, such as a decorator, may call it under the name of a parameter.
        facts.extend((parameter, causes) for parameter in parameters.get(function, ()))

    for node in nodes:
        if isinstance(node, _FUNCTIONS):
            facts.append((node.name, {_last_name(decorator) for decorator in node.decorator_list}))
        if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            causes = {_last_name(part) for part in ast.walk(node.iter)}
            facts.extend((part.id, causes) for part in ast.walk(node.target) if isinstance(part, ast.Name))
        if isinstance(node, ast.FunctionDef):
            called = {_last_name(call.func) for call in ast.walk(node) if isinstance(call, ast.Call)}
            facts.append((node.name, called))
            for decorator in node.decorator_list:
                passed(_last_name(decorator), {node.name})
        elif isinstance(node, ast.ClassDef):
            # Objects are known by the names of their classes.
            facts.append((node.name, {"__init__", "__call__", *(_last_name(base) for base in node.bases)}))
        elif isinstance(node, ast.ImportFrom):
            facts.extend((alias.asname, {alias.name}) for alias in node.names if alias.asname)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            causes = {_last_name(part) for part in ast.walk(node.value or node)} if node.value else set()
            facts.extend((_last_name(target), causes) for target in targets if _last_name(target))
        elif isinstance(node, ast.Call):
            facts.extend((keyword.arg, {_last_name(keyword.value)}) for keyword in node.keywords if keyword.arg)
            arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
            causes = {_last_name(argument) for argument in arguments} - {""}
            if causes:
                passed(_last_name(node.func), causes)
    return facts


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """The names of all parameters of a function and of the functions in it: a decorator may have arguments of its
    own."""
    return [node.arg for node in ast.walk(function) if isinstance(node, ast.arg)]


def _last_name(node: ast.AST) -> str:
    """`run` for `asyncio.run`; for a call, that of what is called; otherwise empty."""
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Subscript):
        return _last_name(node.value)
    return _last_name(node.func) if isinstance(node, ast.Call) else ""


def lifted(tree: ast.Module, names: set[str], *, is_main: bool) -> ast.Module:
    """The tree, changed in place, with waits rewritten; `names` comes from `waiting_names`.

    In the main file, the top level itself waits. A module is imported, and an import cannot wait: only its functions
    get twins. Most statements contain neither
    one of the names nor a `with`, and stay as they are.
    """
    twins, waits = _Twins(names), _Waits(names)
    body = []
    for statement in tree.body:
        if not any(isinstance(node, ast.With) or _last_name(node) in names for node in ast.walk(statement)):
            body.append(statement)
            continue
        for part in _as_list(twins.visit(statement)):
            part = waits.visit(part) if is_main else part
            body.append(ast.fix_missing_locations(part))
    tree.body = body
    return tree


class _Waits(ast.NodeTransformer):
    """Rewrites the calls that may wait in code that may itself wait."""

    def __init__(self, names: set[str]):
        self._names = names

    def visit_Call(self, node: ast.Call) -> ast.expr:
        may_wait = _last_name(node.func) in self._names or self._is_partial(node.func)
        self.generic_visit(node)
        if not may_wait:
            return node
        function = ast.copy_location(_helper_call("waiting", node.func), node.func)
        call = ast.copy_location(ast.Call(function, node.args, node.keywords), node)
        return ast.copy_location(ast.Await(call), node)

    def _is_partial(self, function: ast.expr) -> bool:
        """True for `partial(main, 1)`, of which only the first argument may be one of the names."""
        return isinstance(function, ast.Call) and any(_last_name(part) in self._names for part in function.args[:1])

    def visit_With(self, node: ast.With) -> ast.stmt:
        names = {_last_name(item.context_expr) for item in node.items}
        may_wait = "Runner" in names or not names.isdisjoint(self._names) or not self._names.isdisjoint(_MANAGER)
        may_wait = may_wait or any(isinstance(item.context_expr, ast.Name) for item in node.items)
        self.generic_visit(node)
        if not may_wait:
            return node
        for item in node.items:
            manager = _helper_call("manager", item.context_expr)
            item.context_expr = ast.copy_location(manager, item.context_expr)
        return ast.copy_location(ast.AsyncWith(node.items, node.body, node.type_comment), node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        # The body belongs to the function. Decorators and defaults are evaluated here.
        node.decorator_list = [self.visit(decorator) for decorator in node.decorator_list]
        node.args.defaults = [self.visit(default) for default in node.args.defaults]
        node.args.kw_defaults = [default and self.visit(default) for default in node.args.kw_defaults]
        return node

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt:
        return node

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.expr:
        return node


class _Twins(ast.NodeTransformer):
    """Gives every plain function that may wait a twin, which is registered by a decorator."""

    def __init__(self, names: set[str]):
        self._names = names

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt | list[ast.stmt]:
        original = copy.deepcopy(node)
        self.generic_visit(node)
        if not self._may_wait(original):
            return node
        twin = self._twin(original)
        register = _helper_call("twin", ast.Name(_TWIN, ast.Load()))
        for part in ast.walk(register):
            # The line of the `def`, where a function without decorators begins.
            ast.copy_location(part, node)
        node.decorator_list.append(register)
        delete = ast.copy_location(ast.Delete([ast.Name(_TWIN, ast.Del())]), node)
        return [twin, node, delete]

    def _may_wait(self, node: ast.FunctionDef) -> bool:
        inside = list(_inside(node))
        if any(isinstance(part, ast.Yield | ast.YieldFrom) for part in inside) and not _is_manager(node, inside):
            return False
        return any(isinstance(part, ast.Call) and _last_name(part.func) in self._names for part in inside)

    def _twin(self, node: ast.FunctionDef) -> ast.AsyncFunctionDef:
        """The function as a coroutine. Its defaults are copied from the function when it is registered."""
        arguments = copy.deepcopy(node.args)
        arguments.defaults = [ast.copy_location(ast.Constant(None), default) for default in arguments.defaults]
        arguments.kw_defaults = [
            default and ast.copy_location(ast.Constant(None), default) for default in arguments.kw_defaults
        ]
        for argument in ast.walk(arguments):
            if isinstance(argument, ast.arg):
                argument.annotation = None
        body = [part for statement in node.body for part in _as_list(self.visit(statement))]
        waits = _Waits(self._names)
        twin = ast.AsyncFunctionDef(_TWIN, arguments, [waits.visit(statement) for statement in body], [], None, None)
        if hasattr(node, "type_params"):
            twin.type_params = []
        return ast.copy_location(twin, node)


def _is_manager(node: ast.FunctionDef, inside: list[ast.AST]) -> bool:
    """True for a generator that `contextmanager` decorates. Its twin is an asynchronous generator."""
    if any(isinstance(part, ast.YieldFrom) or isinstance(part, ast.Return) and part.value for part in inside):
        return False
    return any(_last_name(decorator) == "contextmanager" for decorator in node.decorator_list)


def _as_list(statements: ast.stmt | list[ast.stmt]) -> list[ast.stmt]:
    return statements if isinstance(statements, list) else [statements]


def _inside(function: ast.FunctionDef) -> Iterable[ast.AST]:
    """The nodes of a function's body that run when it is called."""
    for statement in function.body:
        yield statement
        if not isinstance(statement, (*_FUNCTIONS, ast.ClassDef)):
            yield from _top_level(statement)


def _helper_call(method: str, argument: ast.expr) -> ast.Call:
    return ast.Call(ast.Attribute(ast.Name(HELPER, ast.Load()), method, ast.Load()), [argument], [])
