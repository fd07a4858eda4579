"""CPython's own tests of asyncio pass on the virtual loop, with and without recording.

They come with most installations of CPython (on Debian with `libpython3-testsuite`). Where they do not, these tests are
skipped, and pytest says so. Left out are only tests that wake the loop from a thread: see `cpython_suite.LEFT_OUT`.
"""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

MODULES = ("locks", "queues", "taskgroups", "timeouts", "tasks", "futures", "runners", "pep492", "context")
RUNNER = Path(__file__).with_name("cpython_suite.py")


def has_suite():
    try:
        return find_spec("test.test_asyncio") is not None
    except ModuleNotFoundError:
        return False


@pytest.mark.skipif(not has_suite(), reason="this Python has no test.test_asyncio (on Debian: libpython3-testsuite)")
@pytest.mark.parametrize("options", [[], ["--record"]], ids=["without_recording", "with_recording"])
@pytest.mark.parametrize("module", MODULES)
def test_cpythons_own_tests_pass(module, options):
    command = [sys.executable, str(RUNNER), *options, f"test_{module}"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert ended.returncode == 0, ended.stderr[-4_000:]
    assert json.loads(ended.stdout.splitlines()[-1])["ran"] > 0
