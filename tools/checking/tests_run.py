"""Runs an assignment's tests on files of a learner, in a process that is not trusted (`isolation.py`, `runner.py`).

The outcomes come through a pipe. They count only if they are complete, if each line is signed, and if the control tests
failed: these are two tests with a new name in each run, which always fail unless the program has changed pytest.
"""

import contextlib
import hashlib
import hmac
import importlib.util
import json
import os
import secrets
import select
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from checking import isolation
from checking.assignments import Assignment

PACKAGES = ("pytest", "pytest_asyncio", "aiofiles", "aiohttp")
"""What the tests import, besides the standard library."""

_HERE = Path(__file__).resolve().parent
_MOST_BYTES = 4_000_000
_PHASES = ["setup", "call", "teardown"]
_SYSTEM = ("/usr", "/bin", "/lib", "/lib64", "/nix/store", "/etc/ld.so.cache")
# Processes of the last tests may need a moment to end.
_MOST_END_S = 5

_CONTROLS = """\
import pytest


def test_control():
    assert False


@pytest.mark.asyncio
async def test_async_control():
    assert False
"""
_CONTROL_TESTS = ("test_control", "test_async_control")


@dataclass
class Limits:
    """Limits of a run."""

    seconds: int = 60
    memory_bytes: int = 1_000_000_000
    is_isolated: bool = True


@dataclass
class Outcome:
    """What a run has shown."""

    passed: set[str] = field(default_factory=set)
    """The tests that have passed, by their ids."""
    failed: set[str] = field(default_factory=set)
    """The tests that have run and did not pass."""
    problem: str = ""
    """A sentence, if the run is not complete or cannot be trusted."""
    is_trusted: bool = True
    """False if the program tried to change its outcomes. `passed` then means nothing."""


class CannotStart(Exception):
    """The isolated process cannot be started: the reason."""


def can_isolate() -> str:
    """An empty text if this system can isolate a program, otherwise the reason why it cannot."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "files").mkdir()
        process = _start(Path(folder), ["-c", ""], Limits(), subprocess.DEVNULL, [])
        error = process.communicate()[1].decode(errors="replace").strip()
        return "" if process.returncode == 0 else error or f"exit code {process.returncode}"


def missing_packages() -> list[str]:
    """The packages that are not installed."""
    return [name for name in PACKAGES if importlib.util.find_spec(name) is None]


def run_tests(assignment: Assignment, written: dict[str, bytes], limits: Limits) -> Outcome:
    """Runs the tests of an assignment on the files that a learner has written."""
    control = f"tests/test_{secrets.token_hex(8)}.py"
    files = assignment.given | {path: written[path] for path in assignment.writes} | {control: _CONTROLS.encode()}
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder, "files"), files)
        key = secrets.token_hex(32)
        text, ending = _run(Path(folder), [*assignment.test_files, control], key, limits)
    return _outcome(text, ending, key, control)


def _write(place: Path, files: dict[str, bytes]) -> None:
    for path, content in files.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_bytes(content)


def _run(folder: Path, test_files: list[str], key: str, limits: Limits) -> tuple[bytes, str]:
    """Runs test files. Returns what came through the pipe, and a sentence if the run did not end by itself."""
    receiver, sender = os.pipe()
    with open(receiver, "rb", buffering=0) as outcomes:
        process = _start(folder, ["-c", (_HERE / "runner.py").read_text()], limits, subprocess.PIPE, [sender])
        os.close(sender)
        try:
            given = {"key": key, "pipe": sender, "path": _search_path(), "test_files": test_files}
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(json.dumps(given).encode() + b"\n")
                process.stdin.close()
            return _received(process, outcomes, limits.seconds)
        finally:
            _end(process)


def _start(folder: Path, arguments: list[str], limits: Limits, stdin: int, pipes: list[int]) -> subprocess.Popen:
    (folder / "root").mkdir()
    given = {
        "folder": str(folder),
        "shown": _shown(),
        "is_isolated": limits.is_isolated,
        "seconds": limits.seconds,
        "memory_bytes": limits.memory_bytes,
        "command": [sys.executable, "-I", "-B", "-X", "utf8", *arguments],
        "environment": _environment(isolation.WORK if limits.is_isolated else str(folder / "files")),
    }
    return subprocess.Popen(
        [sys.executable, "-I", str(_HERE / "isolation.py"), json.dumps(given)],
        stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={}, pass_fds=pipes, start_new_session=True,
    )


def _environment(home: str) -> dict[str, str]:
    # Otherwise each thread reserves much of the memory that the limit allows.
    memory = {"MALLOC_ARENA_MAX": "1"}
    # The plugins of pytest are those that assignments need, and not all that are installed.
    plugins = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "pytest_asyncio.plugin"}
    return {"HOME": home, "TMPDIR": home, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **memory, **plugins}


def _search_path() -> list[str]:
    """The folders in which this process finds modules, without those of this command."""
    own = (str(_HERE), str(_HERE.parent), "")
    return [path for path in sys.path if path not in own and os.path.exists(path)]


def _shown() -> list[str]:
    """What the isolated process sees of this system: its libraries, Python, and the packages. Outer folders are first."""
    python = [sys.prefix, sys.base_prefix, *_search_path()]
    paths = {*_SYSTEM, *map(os.path.abspath, python), *map(os.path.realpath, python)}
    return sorted(paths, key=lambda path: path.count("/"))


def _received(process: subprocess.Popen, outcomes: object, seconds: int) -> tuple[bytes, str]:
    text, deadline = b"", time.monotonic() + seconds
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            return text, f"The program was stopped after {seconds} s."
        ready, _, _ = select.select([outcomes], [], [], min(left, 0.1))
        chunk = os.read(outcomes.fileno(), 65_536) if ready else None
        text += chunk or b""
        if len(text) > _MOST_BYTES:
            return text, "The program sent too much."
        if chunk == b"" or (chunk is None and process.poll() is not None):
            return text, _ending(process, max(left, _MOST_END_S))


def _ending(process: subprocess.Popen, seconds: float) -> str:
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        return "The program closed its outcomes and went on."
    if code == isolation.FAILED and (why := process.stderr.read(1_000)):
        raise CannotStart(why.decode(errors="replace").strip())
    return f"The program ended with exit code {code}." if code else ""


def _end(process: subprocess.Popen) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stderr.close()


def _outcome(text: bytes, ending: str, key: str, control: str) -> Outcome:
    messages = _messages(text, key)
    if messages is None:
        return Outcome(problem="The program wrote into its outcomes.", is_trusted=False)
    phases = _phases(messages)
    ends = [message for message in messages if "end" in message]
    controls = [phases.pop(f"{control}::{name}", []) for name in _CONTROL_TESTS]
    passed = {test for test, reports in phases.items() if reports == [(when, "passed") for when in _PHASES]}
    failed = {*phases} - passed
    if ending or not all(controls) or len(ends) != 1 or messages[-1] is not ends[0]:
        return Outcome(passed, failed, ending or "The program ended before its last test.")
    if ends[0]["changed"]:
        return Outcome(problem=f"The program changed `{ends[0]['changed'][0]}`.", is_trusted=False)
    if any(("call", "failed") not in reports for reports in controls):
        return Outcome(problem="The program changed pytest: a test that always fails did not.", is_trusted=False)
    return Outcome(passed, failed)


def _phases(messages: list[dict]) -> dict[str, list[tuple[str, str]]]:
    """The reports of each test: setup, call and teardown with their outcomes."""
    phases = {}
    for message in messages:
        if "test" in message:
            phases.setdefault(message["test"], []).append((message["when"], message["outcome"]))
    return phases


def _messages(text: bytes, key: str) -> list[dict] | None:
    """What the runner sent, or `None` if something else is in it. An unfinished last line is left out."""
    messages = []
    for line in text.split(b"\n")[:-1]:
        signature, _, content = line.partition(b" ")
        signed = hmac.new(key.encode(), content, hashlib.sha256).hexdigest().encode()
        if not hmac.compare_digest(signature, signed):
            return None
        number, message = json.loads(content)
        if number != len(messages):
            return None
        messages.append(message)
    return messages
