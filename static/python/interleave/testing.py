"""pytest for the console of the page: runs it, and reports the result of each test to the page.

`run_pytest.py`, which the page adds to the program for the command `pytest …`, calls `main`.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

_LINE = re.compile(r"([\w./-]+\.py):(\d+)")
_MOST_CHARS = 2_000
_GRAVEST_FIRST = ("failed", "skipped", "passed")


def main(arguments: list[str]) -> int:
    """Runs pytest with these arguments. Returns its exit code."""
    # This module stays for the next run, which has a pytest of its own.
    import pytest

    # The folder of its cache would be gone after the run.
    return int(pytest.main(["-p", "no:cacheprovider", *arguments], plugins=[_Results()]))


class _Results:
    """The plugin that reports each test once, at its end."""

    def __init__(self) -> None:
        self._reports: dict[str, list] = {}

    def pytest_runtest_logreport(self, report) -> None:
        """A test has a report for its fixtures, one for itself if they did not fail, and one for their end."""
        self._reports.setdefault(report.nodeid, []).append(report)
        if report.when == "teardown":
            # A test that passes fails if the end of its fixtures does. The first failure is the one that counts.
            _send(min(self._reports.pop(report.nodeid), key=lambda it: _GRAVEST_FIRST.index(it.outcome)))

    def pytest_collectreport(self, report) -> None:
        """A file that cannot be imported has no tests, but it has failed."""
        if report.failed:
            _send(report)


def _send(report) -> None:
    message = "" if report.passed else _message(report)[:_MOST_CHARS]
    result = {"id": report.nodeid, "outcome": report.outcome, "message": message, "place": _place(report, message)}
    sys.modules[__package__].report_test(json.dumps(result))


def _message(report) -> str:
    """The reason, as the test gives it: without the comparison that pytest adds to a sentence."""
    reason = report.longrepr
    if isinstance(reason, tuple):
        # A skipped test: path, line, reason.
        return str(reason[2]).removeprefix("Skipped: ")
    crash = getattr(reason, "reprcrash", None)
    text = crash.message if crash else str(reason)
    for name in ("AssertionError: ", "NotImplementedError: "):
        text = text.removeprefix(name)
    return text.partition("\nassert ")[0].strip()


def _place(report, message: str) -> dict | None:
    """The line that the message names, or else the innermost line of the program in the traceback."""
    if not message:
        return None
    entries = getattr(getattr(report.longrepr, "reprtraceback", None), "reprentries", [])
    frames = [entry.reprfileloc for entry in entries if getattr(entry, "reprfileloc", None)]
    named = [(match[1], int(match[2])) for match in _LINE.finditer(message)]
    root = Path.cwd()
    for name, line in [*named, *((frame.path, frame.lineno) for frame in reversed(frames))]:
        path = root / name
        if path.is_relative_to(root) and path.is_file():
            return {"path": str(path.relative_to(root)), "line": line}
    return None
