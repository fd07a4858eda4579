"""Functions that do not work in a browser. Each raises an error that says what to do instead.

`NotInBrowserMixin` is for event loops. `replacements` lists the functions outside of asyncio that are replaced while a
program runs.
"""

from __future__ import annotations

import builtins
import io
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable

from .errors import NO_PROCESSES, ONLY_SIMULATED, NoNetwork, NotInBrowser

_NETWORK = "a program in the page can only send requests that do not block it. Use `aiohttp` or `httpx.AsyncClient`."
_SERVER = "a program in the page cannot accept network connections, so there is no server. Test the handler directly."
_SIGNAL = "a browser has no signals. Stop cancels the main task, as Ctrl-C does, so clean up in a `finally` block."
_INPUT = "`input()` cannot wait for typing in the page. Use a value in the program, or `sys.argv`."
_STDIN = "there is nothing to read from `sys.stdin` in the page. Use a value in the program, or `sys.argv`."
_DEBUGGER = "there is no debugger in the page. Use `print`, or look at the variables of the waiting tasks."


class NotInBrowserMixin:
    """The methods of an event loop that need sockets, processes, threads or signals."""

    def add_signal_handler(self, sig, callback, *args):
        raise NotInBrowser(_SIGNAL)

    def remove_signal_handler(self, sig):
        raise NotInBrowser(_SIGNAL)

    async def subprocess_exec(self, protocol_factory, *args, **kwargs):
        raise NotInBrowser(NO_PROCESSES)

    async def subprocess_shell(self, protocol_factory, cmd, **kwargs):
        raise NotInBrowser(NO_PROCESSES)

    async def create_unix_connection(self, protocol_factory, path=None, **kwargs):
        raise NoNetwork(_NETWORK)

    async def create_datagram_endpoint(self, protocol_factory, *args, **kwargs):
        raise NoNetwork(_NETWORK)

    async def create_server(self, protocol_factory, host=None, port=None, **kwargs):
        raise NoNetwork(_SERVER)

    async def create_unix_server(self, protocol_factory, path=None, **kwargs):
        raise NoNetwork(_SERVER)

    async def connect_read_pipe(self, protocol_factory, pipe):
        raise NotInBrowser("a program in the page has no pipes to read from.")

    async def connect_write_pipe(self, protocol_factory, pipe):
        raise NotInBrowser("a program in the page has no pipes to write to. Use `print`.")

    def add_reader(self, fd, callback, *args):
        raise NoNetwork(_NETWORK)

    def add_writer(self, fd, callback, *args):
        raise NoNetwork(_NETWORK)


class NoInput(io.TextIOBase):
    """Standard input, from which nothing can be read."""

    name, encoding = "<stdin>", "utf-8"

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> str:
        raise NotInBrowser(_STDIN)

    def readline(self, size: int = -1, /) -> str:
        raise NotInBrowser(_STDIN)


def _raising(message: str, error: type[NotInBrowser] = NotInBrowser) -> Callable:
    def not_in_browser(*args, **kwargs):
        raise error(message)

    return not_in_browser


def _exit_at_once(status: int) -> None:
    raise SystemExit(status)


def replacements() -> list[tuple[object, str, Callable]]:
    """Owner, name and function for everything outside of asyncio that is replaced during a run."""
    return [
        (builtins, "input", _raising(_INPUT)),
        (threading.Thread, "start", _raising(f"`Thread.start`: {ONLY_SIMULATED}")),
        (sys, "stdin", NoInput()),
        (sys, "breakpointhook", _raising(_DEBUGGER)),
        (socket, "create_connection", _raising(_NETWORK, NoNetwork)),
        (socket, "getaddrinfo", _raising(_NETWORK, NoNetwork)),
        (socket.socket, "connect", _raising(_NETWORK, NoNetwork)),
        (socket.socket, "bind", _raising(_SERVER, NoNetwork)),
        (subprocess.Popen, "__init__", _raising(NO_PROCESSES)),
        *((os, name, _raising(NO_PROCESSES)) for name in ("system", "popen", "fork") if hasattr(os, name)),
        # The end of the process would be that of the interpreter.
        (os, "_exit", _exit_at_once),
    ]
