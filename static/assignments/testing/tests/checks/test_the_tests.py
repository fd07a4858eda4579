"""Part 9: your tests pass for the right scripts, and notice each of the mistakes in `wrong_versions.py`."""

import contextlib
import functools
import io
import sys

import pytest
from wrong_versions import BASICS, PIPELINE, VERSIONS

OPTIONS = [
    "--rootdir=.", "--capture=sys", "-p", "no:cacheprovider", "-o", "addopts=",
    "-o", "asyncio_default_fixture_loop_scope=function",
]


class Outcomes:
    """A plugin of pytest that collects the tests that pass, and a sentence for each that fails."""

    def __init__(self):
        self.passed, self.failures = [], []

    def pytest_collectreport(self, report):
        if report.failed:
            last_line = report.longreprtext.strip().splitlines()[-1].removeprefix("E").strip()
            self.failures.append(f"{report.nodeid}:1 cannot be imported: {last_line}")

    def pytest_runtest_logreport(self, report):
        path, line, name = report.location
        if report.failed:
            self.failures.append(f"{path}:{line + 1}: `{name}` {why(report)}")
        elif report.when == "call" and report.passed:
            self.passed.append(name)


def why(report):
    """The rest of a sentence about a test that fails."""
    if "async def functions are not natively supported" in report.longreprtext:
        return "is an `async def`, but has no `@pytest.mark.asyncio`: pytest cannot run it"
    crash = getattr(report.longrepr, "reprcrash", None)
    return f"fails for the right scripts: {crash.message.splitlines()[0] if crash else report.longreprtext}"


def run_tests(path):
    """Runs the tests of a file in this process, with a pytest of their own."""
    module, outcomes = path.rpartition("/")[2].removesuffix(".py"), Outcomes()
    # Imported again each time, so that a run leaves nothing behind for the next one.
    before = sys.modules.pop(module, None)
    try:
        # The report of these runs is not shown: what is in it comes as sentences.
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            pytest.main([path, *OPTIONS], plugins=[outcomes])
    finally:
        sys.modules.pop(module, None)
        if before is not None:
            sys.modules[module] = before
    return outcomes


@functools.cache
def for_the_right_scripts(path):
    return run_tests(path)


@pytest.mark.parametrize("path", [BASICS, PIPELINE])
def test_they_pass_for_the_right_scripts(path):
    outcomes = for_the_right_scripts(path)
    assert not outcomes.failures, outcomes.failures[0]
    assert outcomes.passed, f"{path}:1 has no tests"


@pytest.mark.parametrize("path, mistake, function, version", VERSIONS, ids=[it[3].__name__ for it in VERSIONS])
def test_each_wrong_version_is_noticed(path, mistake, function, version, monkeypatch):
    right = for_the_right_scripts(path)
    monkeypatch.setattr(function, version)
    wrong = run_tests(path)
    # A test that always fails notices nothing.
    noticing = set(right.passed) - set(wrong.passed)
    assert noticing, f"{path}:1: if {mistake}, all tests that passed still pass"
