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
tests = [[json.loads(line["text"]) for line in outcome.log if line["origin"] == "test"] for outcome in outcomes]
print(json.dumps([[it.result._asdict(), it.printed, it.tasks(), results] for it, results in zip(outcomes, tests)]))
"""


def run(installed, clock, **changed):
    from interleave import packages

    files = {"main.py": MAIN, "async_basics.py": SCRIPT, "tests/test_async_basics.py": TESTS} | changed
    arguments = json.dumps([str(harness.ROOT / "tests" / "python"), files, clock, str(packages.ROOT), installed])
    ended = subprocess.run([sys.executable, "-c", RUN, arguments], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


@pytest.mark.parametrize("clock", ["virtual", "simulated"])
def test_tests_run_as_elsewhere_and_take_no_time(clock, installed):
    for result, printed, tasks, _ in run(installed, clock):
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


CONSOLE = """
import sys

import pytest
from interleave import testing

sys.exit(testing.main(sys.argv[1:]))
"""

OTHER_TESTS = """
import asyncio
import pytest
from async_basics import download_model

def test_that_names_a_line():
    assert not "of the program", "async_basics.py:5 waits too long"

def test_that_fails_inside():
    asyncio.run(download_model(""))

@pytest.mark.skip(reason="no data")
def test_that_is_skipped(): ...

@pytest.fixture
def broken():
    raise OSError("no such fixture")

def test_with_a_broken_fixture(broken): ...

@pytest.fixture
def fails_at_its_end():
    yield
    raise OSError("cannot be closed")

def test_whose_fixture_fails_at_its_end(fails_at_its_end): ...

def test_that_fails_before_its_fixture(fails_at_its_end):
    assert not "of the program", "async_basics.py:6 is wrong"

class TestClass:
    @pytest.mark.parametrize("n", [1])
    def test_that_passes(self, n): ...
"""


def test_each_run_has_a_pytest_of_its_own(installed):
    main = CONSOLE.replace("sys.argv[1:]", '["missing/"]')
    for result, *_ in run(installed, "virtual", **{"main.py": main}):
        assert (result["ending"], result["exit_code"]) == ("exited", 4)


def results_of(installed, **changed):
    first, again = run(installed, "virtual", **{"main.py": CONSOLE, **changed})
    assert first[3] == again[3]
    names = [result.pop("id").rpartition("::")[2] for result in first[3]]
    assert len(names) == len({*names})
    return dict(zip(names, (tuple(result.values()) for result in first[3])))


def test_the_console_reports_each_test_with_its_reason_and_line(installed):
    script = "async_basics.py"
    assert results_of(installed, **{"tests/test_async_basics.py": OTHER_TESTS}) == {
        "test_that_names_a_line": ("failed", f"{script}:5 waits too long", {"path": script, "line": 5}),
        "test_that_fails_inside": ("failed", "ValueError: no name", {"path": script, "line": 7}),
        "test_that_is_skipped": ("skipped", "no data", None),
        "test_with_a_broken_fixture": ("failed", "OSError: no such fixture", {"path": "tests/test_async_basics.py", "line": 17}),
        "test_whose_fixture_fails_at_its_end": (
            "failed", "OSError: cannot be closed", {"path": "tests/test_async_basics.py", "line": 24},
        ),
        "test_that_fails_before_its_fixture": ("failed", f"{script}:6 is wrong", {"path": script, "line": 6}),
        "test_that_passes[1]": ("passed", "", None),
    }


def test_a_file_that_cannot_be_imported_has_failed(installed):
    found = results_of(installed, **{"test_broken.py": "import missing_module\n"})
    [(outcome, message, place)] = found.values()
    assert outcome == "failed" and "No module named 'missing_module'" in message, message
    assert place == {"path": "test_broken.py", "line": 1}
