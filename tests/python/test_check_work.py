"""`tools/check_work`: what is taken from a zip, how its programs are isolated, and what they cannot change in the results."""

import contextlib
import csv
import json
import os
import socket
import stat
import subprocess
import sys
import warnings
import zipfile

import pytest

import harness
from test_assignments import ASSIGNMENTS, program

TOOLS = harness.ROOT / "tools"
sys.path.insert(0, str(TOOLS))

from checking import handed_in, results, tests_run, zips  # noqa: E402

CANNOT_ISOLATE = tests_run.can_isolate()
HELP = "## Help used\n\nHints: 1 of 3. Solution: not seen.\n"
SCRIPT = "scripts/answer.py"

ANSWER = """
async def answer():
    return 42


def question():
    return "6 * 7"
"""
STARTER = """
async def answer():
    raise NotImplementedError("Return it.")


def question():
    raise NotImplementedError("Return it.")
"""
TESTS = """
import pytest
from interleave import checks
from scripts import answer


@pytest.mark.asyncio
async def test_answer():
    with checks.observe(answer):
        assert await answer.answer() == 42


def test_question():
    assert answer.question() == "6 * 7"
"""

# Connects to its own server, and neither finds the files of the teacher nor a server outside.
LOOKS_AROUND = """
import asyncio, os, socket

async def answer():
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.close()
    server.close()
    try:
        socket.create_connection(("127.0.0.1", PORT), 2)
    except OSError:
        return 42

def question():
    try:
        open("/usr/written-by-a-learner", "w")
    except OSError:
        return "6 * 7" if not os.path.exists(SECRET) and "HOME_OF_TEACHER" not in os.environ else "seen"
"""

# All tests pass if nobody looks at the control tests.
PASSES_EVERYTHING = """
import gc, pluggy, pytest

class Passes:
    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem):
        return True

for manager in [it for it in gc.get_objects() if isinstance(it, pluggy.PluginManager)]:
    manager.register(Passes())
"""
WRITES_OUTCOMES = """
import json, os
for test in ("answer", "question"):
    for number, when in enumerate(("setup", "call", "teardown")):
        report = {"test": f"tests/test_answer.py::test_{test}", "when": when, "outcome": "passed"}
        for pipe in range(3, 30):
            try:
                os.write(pipe, b"0" * 64 + b" " + json.dumps([number, report]).encode() + b"\\n")
            except OSError:
                pass
os._exit(0)
"""
# Writes more than a pipe takes, and leaves a process behind that keeps all pipes open.
FLOODS_AND_FORKS = """
import os, time
for pipe in (1, 2):
    os.write(pipe, b"x" * 1_000_000)
if os.fork() == 0:
    os.setsid()
    time.sleep(20)
    os._exit(0)
"""

PROGRAMS = {
    "good": ANSWER,
    "starter": STARTER,
    "wrong": ANSWER.replace("42", "41"),
    "not_python": "async def answer(:\0",
    "greedy": "answer = question = lambda: bytearray(2_000_000_000)",
    "exits": "import os\nprint('2 passed in 0.01s')\nos._exit(0)",
    "exits_as_isolation_does": "import os\nos._exit(97)",
    "passes_everything": STARTER + PASSES_EVERYTHING,
    "writes_outcomes": WRITES_OUTCOMES,
    "changes_pytest": STARTER + "\nimport _pytest.python\n_pytest.python.Function.runtest = lambda self: None",
    "changes_checks": ANSWER + "\nfrom interleave import checks\nchecks.observe = print",
    "deletes_tests": STARTER + "\nimport shutil\nshutil.rmtree('tests')",
    "skips": "import pytest\nanswer = question = lambda: pytest.skip('later')",
    "floods_and_forks": ANSWER + FLOODS_AND_FORKS,
}
# What helps the tests of a learner to pass, if it were used.
HELPERS = {
    "conftest.py": "def pytest_pyfunc_call(pyfuncitem): return True",
    "pytest.ini": "[pytest]\naddopts = --collect-only",
    "sitecustomize.py": "import os; os._exit(0)",
    "usercustomize.pth": "import os; os._exit(0)",
    "tests/test_answer.py": "def test_answer(): pass\ndef test_question(): pass",
    "interleave_trace.py": "checks = None",
    "pytest.py": "raise SystemExit(0)",
}


def save(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def readme(student="", heading="Answers"):
    return f"# {heading}\n\n" + (f"Student: {student}\n\n" if student else "") + f"Write it.\n\n{HELP}"


@pytest.fixture(scope="module")
def search_path(installed):
    """The folders of the packages for `PYTHONPATH`. What each run imports is compiled once."""
    from interleave import packages

    path = os.pathsep.join(packages.folders(installed))
    imports = [sys.executable, "-c", "import pytest, _pytest.tmpdir, pytest_asyncio.plugin"]
    subprocess.run(imports, check=True, env={**os.environ, "PYTHONPATH": path})
    return path


def check(folder, output, search_path, *more, environment=()):
    command = [sys.executable, str(TOOLS / "check_work"), str(folder), "-o", str(output), *more]
    command += ["--no-isolation"] * bool(CANNOT_ISOLATE)
    environment = {**os.environ, "PYTHONPATH": search_path, "PYTHONDONTWRITEBYTECODE": "1", **dict(environment)}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)


def table(output):
    with output.open(encoding="utf-8-sig", newline="") as file:
        return {row["zip"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def own_assignments(tmp_path_factory):
    """A teacher's folder with one small assignment, in the form of the page."""
    folder = tmp_path_factory.mktemp("assignments")
    about = {"title": "Answers", "statement": ["Write it."], "writes": [SCRIPT], "solution": {SCRIPT: ANSWER}}
    files = {SCRIPT: STARTER, "tests/test_answer.py": TESTS, "README.md": "# Answers"}
    for path, text in {"assignment.json": json.dumps(about), **files}.items():
        place = folder / "answers" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return folder


@pytest.fixture(scope="module")
def checked(tmp_path_factory, own_assignments, search_path):
    """The rows of all `PROGRAMS` and of one that looks around, from one command. And the connections that it opened."""
    folder = tmp_path_factory.mktemp("class")
    secret = folder / "secret.txt"
    secret.write_text("results of others")
    with socket.create_server(("127.0.0.1", 0)) as outside:
        outside.setblocking(False)
        looks = LOOKS_AROUND.replace("PORT", str(outside.getsockname()[1])).replace("SECRET", repr(str(secret)))
        for name, text in {**PROGRAMS, "looks_around": looks}.items():
            helpers = HELPERS if name != "good" else {}
            save(folder / f"{name}.zip", {"README.md": readme(f"{name} name"), **helpers, SCRIPT: text})
        output = folder / "results.csv"
        limits = ["--assignments", str(own_assignments), "--memory", "500MB"]
        ended = check(folder, output, search_path, *limits, environment={"HOME_OF_TEACHER": "/"})
        assert ended.returncode == 0, ended.stderr
        connections = []
        with contextlib.suppress(BlockingIOError):
            connections.append(outside.accept())
    return table(output), connections


def test_a_good_program_passes(checked):
    row = checked[0]["good.zip"]
    sha256 = row.pop("sha256")
    assert len(sha256) == 64
    assert row == {
        "student": "good name", "task": "Answers", "checks": "2 of 2", "passed": "yes", "failed": "",
        "hints": "1 of 3", "solution": "not seen", "problem": "", "zip": "good.zip",
    }  # fmt: skip


BOTH = "test_answer; test_question"
ENDED = "The program ended before its last test."


@pytest.mark.parametrize(
    "name, checks, failed, problem",
    [
        ("starter", "0 of 2", BOTH, ""),
        ("wrong", "1 of 2", "test_answer", ""),
        ("not_python", "0 of 2", BOTH, ""),
        ("greedy", "0 of 2", BOTH, ""),
        ("exits", "0 of 2", BOTH, ENDED),
        ("exits_as_isolation_does", "0 of 2", BOTH, "The program ended with exit code 97."),
        ("passes_everything", "", "", "The program changed pytest: a test that always fails did not."),
        ("writes_outcomes", "", "", "The program wrote into its outcomes."),
        ("changes_pytest", "", "", "The program changed `_pytest.python.Function.runtest`."),
        ("changes_checks", "", "", "The program changed `_interleave_trace.checks.observe`."),
        ("deletes_tests", "0 of 2", BOTH, ENDED),
        ("skips", "0 of 2", BOTH, ""),
    ],
)
def test_a_program_that_does_not_do_the_task_fails(checked, name, checks, failed, problem):
    row = checked[0][f"{name}.zip"]
    assert (row["passed"], row["checks"], row["failed"]) == ("no", checks, failed), row
    assert row["problem"] == problem


def test_a_program_that_never_ends_is_stopped(tmp_path, own_assignments, search_path):
    endless = ANSWER.replace("return 42", "\n    while True: pass")
    save(tmp_path / "endless.zip", {"README.md": readme(), SCRIPT: endless})
    output = tmp_path / "results.csv"
    ended = check(tmp_path, output, search_path, "--assignments", str(own_assignments), "--seconds", "2")
    assert ended.returncode == 0, ended.stderr
    row = table(output)["endless.zip"]
    assert (row["passed"], row["problem"]) == ("no", "The program was stopped after 2 s.")


def test_output_and_processes_do_not_stop_a_check(checked):
    row = checked[0]["floods_and_forks.zip"]
    assert (row["checks"], row["passed"], row["problem"]) == ("2 of 2", "yes", "")


@pytest.mark.skipif(bool(CANNOT_ISOLATE), reason=f"this system cannot isolate: {CANNOT_ISOLATE}")
def test_an_isolated_program_reaches_nothing_outside(checked):
    rows, connections = checked
    assert rows["looks_around.zip"]["checks"] == "2 of 2" and not connections


def test_an_assignment_of_the_site_is_checked(tmp_path, search_path):
    save(tmp_path / "Ada.zip", {**program(ASSIGNMENTS / "async_basics", "solution"), "README.md": readme(heading="Part 1: An old title")})
    ended = check(tmp_path, tmp_path / "results.csv", search_path)
    assert ended.returncode == 0, ended.stderr
    row = table(tmp_path / "results.csv")["Ada.zip"]
    assert (row["student"], row["task"], row["passed"]) == ("Ada", "Part 1: Async basics", "yes"), row


def test_rows_of_the_table_are_not_checked_again(tmp_path, search_path):
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.zip").write_text(f"{name} is not a zip")
    output = tmp_path / "results.csv"
    assert check(tmp_path, output, search_path).stdout.count("not a zip") == 3
    whole = output.read_bytes()
    # Interrupted while it wrote the last row.
    output.write_bytes(whole[:-20])
    assert check(tmp_path, output, search_path).stdout.startswith("c.zip: ")
    assert output.read_bytes() == whole
    (tmp_path / "b.zip").write_text("b is another file now")
    assert check(tmp_path, output, search_path).stdout.startswith("b.zip: ")
    assert len(output.read_bytes().splitlines()) == 5


def test_an_assignment_without_a_solution_is_refused(tmp_path, search_path):
    (tmp_path / "a.zip").write_text("not a zip")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "assignment.json").write_text('{"title": "Mine", "statement": [], "writes": ["main.py"]}')
    ended = check(tmp_path, tmp_path / "results.csv", search_path, "--assignments", str(tmp_path))
    assert ended.returncode == 1 and "has no solution for each file" in ended.stderr


def test_another_table_is_not_changed(tmp_path, search_path):
    (tmp_path / "a.zip").write_text("not a zip")
    output = tmp_path / "grades.csv"
    output.write_text("name,grade\nAda,1\n")
    ended = check(tmp_path, output, search_path)
    assert ended.returncode == 1 and "other columns" in ended.stderr
    assert output.read_text() == "name,grade\nAda,1\n"


def test_a_cell_is_never_a_formula_and_has_one_line():
    for text in ('=HYPERLINK("x")', "+1", "-1", "@SUM(A1)", "＝1", " =1", "\t=1", "\n=1"):
        assert results.cell(text) == "'" + text.strip(), text
    assert results.cell("Ada\r\nLovelace\x00\u2028") == "Ada  Lovelace"
    assert results.cell("Zoë-Marie = 1") == "Zoë-Marie = 1"


def written(name, content=b"x", *, mode=None, flags=0):
    """A function that writes a zip with one entry."""

    def write(path):
        entry = zipfile.ZipInfo("placeholder" if "\\" in name else name)
        entry.filename = name
        entry.external_attr = (mode or stat.S_IFREG | 0o644) << 16
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(entry, content)
        if flags:
            path.write_bytes(with_flags(path.read_bytes(), flags))

    return write


def with_flags(content, flags):
    """A zip with other flags in both headers of its entry."""
    for header, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.index(header) + at
        content = content[:start] + bytes([flags]) + content[start + 1 :]
    return content


def twice(path):
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("scripts/a.py", "1")
        archive.writestr("scripts/A.py", "2")


def damaged(path):
    written("a.py", os.urandom(1_000))(path)
    content = bytearray(path.read_bytes())
    content[100] ^= 0xFF
    path.write_bytes(content)


def bomb(path):
    save(path, {f"zeros{number}": bytes(zips.MOST_BYTES // 2) for number in range(3)})


def bomb_that_states_one_byte(path):
    save(path, {"zeros": bytes(zips.MOST_BYTES * 2)})
    content = bytearray(path.read_bytes())
    size = content.index(b"PK\x01\x02") + 24
    content[size : size + 4] = (1).to_bytes(4, "little")
    path.write_bytes(content)


def many(path):
    save(path, {f"{number}.py": "" for number in range(zips.MOST_FILES + 1)})


def other_compression(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.py", "1")


@pytest.mark.parametrize(
    "write, says",
    [
        (lambda path: path.write_text("PK, but no zip"), "This is not a zip"),
        (lambda path: path.write_bytes(bytes(zips.MOST_ZIP_BYTES + 1)), "larger than 10 MB"),
        (damaged, "The zip is damaged"),
        (bomb, "unpacks to more than 20 MB"),
        (bomb_that_states_one_byte, "The zip is damaged"),
        (many, "more than 1000 files"),
        (twice, "two files with the name `scripts/A.py`"),
        (other_compression, "compression that is not supported: `a.py`"),
        (written("/etc/passwd"), "absolute name: `/etc/passwd`"),
        (written("C:/a.py"), "absolute name: `C:/a.py`"),
        (written("scripts/../../a.py"), "a name with `..`: `scripts/../../a.py`"),
        (written("scripts\\a.py"), "a backslash"),
        (written("a\n.py"), "characters that are not allowed: `a?.py`"),
        (written("scripts/a.py", b"/etc/passwd", mode=stat.S_IFLNK | 0o777), "a symbolic link: `scripts/a.py`"),
        (written("scripts/a.py", mode=stat.S_IFIFO | 0o644), "not a file: `scripts/a.py`"),
        (written("a.py", flags=1), "The zip is encrypted."),
        (lambda path: save(path, {"a.py": "", "b.py": ""}), "`README.md` is missing"),
        (lambda path: save(path, {"README.md": "My program\n"}), "does not say which assignment"),
        (lambda path: save(path, {"README.md": b"\xff\xfe"}), "does not say which assignment"),
    ],
)
def test_a_bad_zip_gets_a_sentence_of_its_own(tmp_path, write, says):
    path = tmp_path / "work.zip"
    write(path)
    with pytest.raises(zips.BadZip) as raised:
        handed_in.read(path)
    assert says in str(raised.value) and str(raised.value).endswith(".")


def test_a_zip_that_was_zipped_again_by_hand_is_read(tmp_path):
    path = save(
        tmp_path / "work.zip",
        {"mine/README.md": readme("Ada"), "mine/scripts/": "", f"mine/{SCRIPT}": ANSWER, "__MACOSX/mine/._README.md": "x"},
    )
    work = handed_in.read(path)
    assert {*work.files} == {"README.md", SCRIPT}
    assert (work.heading, work.student, work.hints, work.solution) == ("Answers", "Ada", "1 of 3", "not seen")


@pytest.mark.parametrize(
    "files, problem",
    [({}, "`scripts/answer.py` is missing in the zip."), ({"README.md": readme(heading="Part 77: Answers")}, "no assignment with this heading")],
)
def test_a_zip_without_the_work_is_not_run(tmp_path, own_assignments, search_path, files, problem):
    save(tmp_path / "work.zip", {"README.md": readme("=Ada"), **files})
    output = tmp_path / "results.csv"
    assert check(tmp_path, output, search_path, "--assignments", str(own_assignments)).returncode == 0
    row = table(output)["work.zip"]
    assert problem in row["problem"] and row["passed"] == "no"
    assert row["student"] == ("work" if files else "'=Ada")
