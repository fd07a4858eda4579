"""The assignments, on our clocks as in the page: the starter fails with its first hint, the solution and other right
answers pass, and each usual mistake fails its own check with its own sentence.

With pytest under CPython, where waits are real: the starter, the solution, and the first mistake with its sentence.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import harness

ASSIGNMENTS = harness.ROOT / "static" / "assignments"
FOLDERS = sorted(path.parent for path in ASSIGNMENTS.glob("*/assignment.json"))
KEYS = ["slug", "part", "title", "statement", "main", "writes", "clock", "hints", "wrong"]
MISTAKES_UNDER_CPYTHON = 1

# Changes of a solution after which it is still right: in a file, what they replace, and by what.
ALSO_RIGHT = {
    "async_file_io": {
        "imports_open": [
            ("scripts/async_file_io.py", "import aiofiles\n", "from aiofiles import open\n"),
            ("scripts/async_file_io.py", "aiofiles.open(", "open("),
        ],
    },
    "async_api_calls": {
        "imports_the_session": [
            ("scripts/async_api_calls.py", "import aiohttp\n", "import aiohttp\nfrom aiohttp import ClientSession\n"),
            ("scripts/async_api_calls.py", "aiohttp.ClientSession(", "ClientSession("),
        ],
    },
    "testing": {
        f"fails_in_{method}": [
            ("tests/test_async_pipeline.py", """\
        async def predict_sample(self, sample):
            if sample.id == 5:
                raise ValueError("a bad sample")
            return await super().predict_sample(sample)
""", f"""\
        async def {method}(self, *arguments):
            raise ValueError("a bad sample")
"""),
        ]
        for method in ("load_data", "preprocess_sample", "preprocess_batch", "predict_batch", "load_stage")
    },
}

pytestmark = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)

# Runs pytest in each folder of `cases`, one after the other, and writes the outcome and the report of each test.
MAIN = """
import json, os, sys
import pytest

OURS = ["scripts", "tests", "conftest", "interleave_trace", "_interleave_trace"] + ["interleave"] * UNDER_CPYTHON

ALL = {}

class Outcomes:
    def __init__(self):
        self.found = {}

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or report.failed:
            name = report.nodeid.rpartition("::")[2].partition("[")[0]
            before = self.found.get(name, ["passed", ""])
            outcome = report.outcome if before[0] == "passed" else before[0]
            self.found[name] = [outcome, before[1] + report.longreprtext]

    def pytest_collectreport(self, report):
        if report.failed:
            self.found[report.nodeid] = ["failed", report.longreprtext]

for name, arguments in CASES.items():
    outcomes = Outcomes()
    root = os.getcwd()
    path = list(sys.path)
    os.chdir(os.path.join(root, "cases", name))
    pytest.main(["-q", "-p", "no:cacheprovider", "--rootdir", ".", *arguments, "tests"], plugins=[outcomes])
    os.chdir(root)
    sys.path[:] = path
    cases = os.path.join(root, "cases")
    for module, loaded in list(sys.modules.items()):
        if module.partition(".")[0] in OURS or str(getattr(loaded, "__file__", None)).startswith(cases):
            del sys.modules[module]
    ALL[name] = outcomes.found
with open(RESULTS, "w") as file:
    json.dump(ALL, file)
"""

# In another process, because pytest runs already in this one.
ON_OUR_CLOCK = """
import json, pathlib, sys
files, clock, folder, root, names = json.load(sys.stdin)
sys.path[:0] = [folder, folder + "/../../static/python"]
import harness
from interleave import packages
from interleave.files import Files
from stepped_server import URL, SteppedServer
packages.ROOT = pathlib.Path(root)
# Before those of the environment.
sys.path[:0] = packages.folders(names)
server = {"environ": {"MODEL_SERVER_URL": URL}, "server": SteppedServer()}
outcome = harness.run_files(Files(files, "main.py"), clock, packages=tuple(names), **server)
sys.exit(0 if outcome.result.ending == "finished" else str([outcome.result, outcome.printed[-50:]]))
"""


def metadata(folder):
    return json.loads((folder / "assignment.json").read_text(encoding="utf-8"))


def texts(folder):
    """The files below a folder, by their paths."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def write(place, files):
    for path, text in files.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(text, encoding="utf-8")


def program(folder, version):
    """The files of a program as the reader has them: `starter`, `solution`, another right answer, or a mistake."""
    files = {name: (ASSIGNMENTS / name).read_text(encoding="utf-8") for name in ("conftest.py", "pytest.ini")}
    files |= {f"tests/{path}": text for path, text in texts(folder / "tests").items()}
    files |= texts(folder / ("starter" if version == "starter" else "solution"))
    for path, before, after in ALSO_RIGHT.get(folder.name, {}).get(version, []):
        assert before in files[path], (version, path)
        files[path] = files[path].replace(before, after)
    return files | (texts(folder / "wrong" / version) if version in metadata(folder)["wrong"] else {})


def cases(folder, arguments, results, *, under_cpython):
    """The files of a program that runs the tests of several versions, and writes the outcomes to the file `results`.

    `arguments` of pytest are by version.
    """
    main = f"CASES, UNDER_CPYTHON, RESULTS = {arguments!r}, {under_cpython}, {str(results)!r}\n{MAIN}"
    files = {
        f"cases/{version}/{path}": text for version in arguments for path, text in program(folder, version).items()
    }
    return {"main.py": main, **files}


def on_our_clock(folder, place, installed):
    """The outcomes of the starter, of right answers, and of the test that each mistake fails, as the page runs them."""
    from interleave import packages

    about, results = metadata(folder), place / "outcomes.json"
    chosen = {version: ["-k", wrong["fails"]] for version, wrong in about["wrong"].items()}
    right = {version: [] for version in ("solution", *ALSO_RIGHT.get(folder.name, {}))}
    arguments = {"starter": [], **right, **chosen}
    files = cases(folder, arguments, results, under_cpython=False)
    given = files, about["clock"], str(Path(__file__).parent), str(packages.ROOT), installed
    command = [sys.executable, "-c", ON_OUR_CLOCK]
    ended = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    return json.loads(results.read_text())


def run_script(place, script, single_file):
    """Runs a script under CPython, with the recorder and pytest-asyncio."""
    from interleave import packages

    paths = [str(single_file.parent), *packages.folders(["pytest-asyncio"])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, script], cwd=place, capture_output=True, text=True, timeout=120, env=environment
    )


def under_cpython(folder, place, single_file):
    """The outcomes of the starter, of the solution, and of some mistakes, each up to the first failure of its test.

    The waits are real here.
    """
    about, results = metadata(folder), place / "outcomes.json"
    mistakes = [*about["wrong"].items()][:MISTAKES_UNDER_CPYTHON]
    arguments = {"starter": [], "solution": [], **{name: ["-x", "-k", wrong["fails"]] for name, wrong in mistakes}}
    write(place, cases(folder, arguments, results, under_cpython=True))
    ended = run_script(place, "main.py", single_file)
    assert ended.returncode == 0, ended.stderr
    return json.loads(results.read_text())


def without_times(text):
    return re.sub(r"\d[\d.]* (ms|s)\b", r"N \1", text)


def assert_starter_fails(folder, found):
    reports = [report for outcome, report in found["starter"].values() if outcome == "failed"]
    assert any(f"NotImplementedError: {metadata(folder)['hints'][0]}" in report for report in reports)


def assert_right_answers_pass(folder, found):
    for version in {*found} - {"starter", *metadata(folder)["wrong"]}:
        failed = {name: report for name, (outcome, report) in found[version].items() if outcome != "passed"}
        assert found[version] and not failed, "\n".join([version, *failed.values()])


def assert_mistakes_get_their_sentences(folder, found, *, times_are_exact):
    about = metadata(folder)
    shown = (lambda text: text) if times_are_exact else without_times
    mistakes = {name: wrong for name, wrong in about["wrong"].items() if name in found}
    assert len(mistakes) >= MISTAKES_UNDER_CPYTHON
    for name, wrong in mistakes.items():
        outcome, report = found[name].get(wrong["fails"], ["missing", ""])
        assert outcome == "failed", (name, found[name])
        sentences = "\n".join(line for line in report.splitlines() if line.startswith("E "))
        assert shown(wrong["says"]) in shown(sentences), (name, sentences)


def assert_each_test_can_fail(found):
    """Each test fails for the starter or for a mistake: it tests something."""
    failing = {name for tests in found.values() for name, (outcome, _) in tests.items() if outcome == "failed"}
    assert not {*found["solution"]} - failing


def test_the_assignment_is_complete(folder):
    about = metadata(folder)
    assert [*about] == KEYS
    assert about["slug"] == folder.name.replace("_", "-")
    assert about["clock"] in ("virtual", "simulated")
    assert 3 <= len(about["statement"]) <= 8 and 3 <= len(about["hints"]) <= 6
    assert all(text.strip() for text in (*about["statement"], *about["hints"], about["title"]))
    starter, solution = texts(folder / "starter"), texts(folder / "solution")
    assert [*starter] == [*solution] and {about["main"], *about["writes"]} <= {*starter, *program(folder, "starter")}
    assert {path for path in starter if starter[path] != solution[path]} == {*about["writes"]}
    assert len(about["wrong"]) >= 4
    assert {path.name for path in (folder / "wrong").iterdir()} == {*about["wrong"]}
    for name, wrong in about["wrong"].items():
        assert [*wrong] == ["fails", "says"], name
        replaced = texts(folder / "wrong" / name)
        assert replaced and {*replaced} <= {*solution} and all(replaced[it] != solution[it] for it in replaced), name


def test_in_the_page_each_mistake_gets_its_sentence(folder, tmp_path, installed):
    found = on_our_clock(folder, tmp_path, installed)
    assert_starter_fails(folder, found)
    assert_right_answers_pass(folder, found)
    assert_mistakes_get_their_sentences(folder, found, times_are_exact=metadata(folder)["clock"] == "virtual")
    assert_each_test_can_fail(found)


def test_under_cpython_the_first_mistake_gets_its_sentence(folder, tmp_path, installed, single_file):
    found = under_cpython(folder, tmp_path, single_file)
    assert_starter_fails(folder, found)
    assert_right_answers_pass(folder, found)
    assert_mistakes_get_their_sentences(folder, found, times_are_exact=False)


def test_the_script_of_the_solution_runs_as_in_the_guide(folder, tmp_path, installed, single_file):
    write(tmp_path, program(folder, "solution"))
    ended = run_script(tmp_path, metadata(folder)["main"], single_file)
    assert ended.returncode == 0 and ended.stdout, ended.stderr


def test_files_that_are_given_are_the_same_everywhere(folder):
    given = {path: text for path, text in texts(folder / "starter").items() if path not in metadata(folder)["writes"]}
    solution = texts(folder / "solution")
    assert given == {path: solution[path] for path in given}
    # The last part tests the scripts of others.
    for path in ("scripts/async_basics.py", "scripts/async_ml_pipeline.py"):
        if path in given:
            assert given[path] == (ASSIGNMENTS / Path(path).stem / "solution" / path).read_text(encoding="utf-8")
