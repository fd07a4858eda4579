"""pytest in a program of the reader, with its plugins for asyncio and coverage, as the guide uses it."""

import json
import re
import subprocess
import sys

import harness
import pytest

SCRIPT = """
import asyncio

async def download_model(name):
    await asyncio.sleep(2)
    if not name:
        raise ValueError("no name")
    return f"weights of {name}"
"""

TESTS = """
import asyncio
import pytest
import pytest_asyncio
from interleave import record
from async_basics import download_model

@pytest_asyncio.fixture
async def weights():
    return await download_model("mlp")

@pytest.mark.asyncio
async def test_a_fixture(weights):
    assert weights == "weights of mlp"

@pytest.mark.asyncio
async def test_downloads_overlap():
    loop = asyncio.get_running_loop()
    start = loop.time()
    async with asyncio.TaskGroup() as group:
        for name in "abc":
            group.create_task(download_model(name))
    assert loop.time() - start == pytest.approx(2, abs=0.05)
    assert record.peak_in_flight("download_model") == 3

@pytest.mark.parametrize("name", ["mlp", "linear"])
def test_that_fails(name):
    assert asyncio.run(download_model(name)) == "weights of linear"
"""

MAIN = """
import sys
import pytest

sys.exit(pytest.main(["-v", "--cov=async_basics", "--cov-report=term-missing", "-p", "no:cacheprovider", "tests"]))
"""

# In another process, because pytest runs already in this one.
RUN = """
import json, pathlib, sys
folder, files, clock, root, names = json.loads(sys.argv[1])
sys.path[:0] = [folder, folder + "/../../static/python"]
import harness
from interleave import packages
from interleave.files import Files
packages.ROOT = pathlib.Path(root)
# Before those of the environment.
sys.path[:0] = packages.folders(names)
outcomes = [harness.run_files(Files(files, "main.py"), clock, packages=tuple(names)) for _ in range(2)]
print(json.dumps([[outcome.result._asdict(), outcome.printed, outcome.tasks()] for outcome in outcomes]))
"""


def run(installed, clock):
    from interleave import packages

    files = {"main.py": MAIN, "async_basics.py": SCRIPT, "tests/test_async_basics.py": TESTS}
    arguments = json.dumps([str(harness.ROOT / "tests" / "python"), files, clock, str(packages.ROOT), installed])
    ended = subprocess.run([sys.executable, "-c", RUN, arguments], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


@pytest.mark.parametrize("clock", ["virtual", "simulated"])
def test_tests_run_as_elsewhere_and_take_no_time(clock, installed):
    for result, printed, tasks in run(installed, clock):
        assert (result["ending"], result["exit_code"]) == ("exited", 1)
        text = "\n".join(printed)
        for name, outcome in (
            ("test_a_fixture", "PASSED"), ("test_downloads_overlap", "PASSED"), (r"test_that_fails\[mlp\]", "FAILED"),
            (r"test_that_fails\[linear\]", "PASSED"),
        ):
            assert re.search(rf"^tests/test_async_basics\.py::{name} {outcome} +\[ *\d+%\]$", text, re.MULTILINE), text
        assert "E         - weights of linear" in text
        assert re.search(r"async_basics\.py +\d+ +1 +\d+% +7$", text, re.MULTILINE)
        assert re.search(r"1 failed, 3 passed(, 1 warning)? in (8\.\d\d)s", text), text
        assert sum(name == "download_model" and outcome == "S" for name, _, outcome in tasks) == 5
