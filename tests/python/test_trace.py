"""The recorder for programs that run under CPython itself: `static/trace`, as a command and as a module."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import harness

ROOT = harness.ROOT
FOLDER = ROOT / "static" / "trace"
TRACE = FOLDER / "interleave_trace.py"


def trace(folder, source, *options, arguments=(), script=TRACE, expected=0):
    """Runs a program with the recorder. Returns the run file and what was printed."""
    (folder / "main.py").write_text(source)
    command = [sys.executable, str(script), "-o", "run.json", *options, "main.py", *arguments]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert ended.returncode == expected, ended.stderr
    return json.loads((folder / "run.json").read_text()), ended


def tasks(run):
    """Name, parent and outcome of each task."""
    record = run["record"]
    ends = dict(zip(record["events"]["task"], record["events"]["kind"]))
    columns = zip(record["tasks"]["name"], record["tasks"]["number"], record["tasks"]["parent"])
    name = lambda index, number: record["names"][index] + (f" {number - 1}" if number else "")  # noqa: E731
    return [(name(index, n), parent, ends[task]) for task, (index, n, parent) in enumerate(columns, 1)]


def warnings(run):
    return [line["text"] for line in run["record"]["log"] if line["level"] == "warning"]


SOURCE = """
import asyncio, time, sys
async def fetch(n):
    await asyncio.sleep(0.02)
    if n == 3:
        raise ValueError("no such model")
    return n
async def main():
    results = await asyncio.gather(*(fetch(n) for n in range(4)), return_exceptions=True)
    print(results[:3], sys.argv[1:])
    async with asyncio.timeout(0.01):
        await asyncio.sleep(5)
"""


def test_a_program_is_recorded_with_its_lines_output_and_arguments(tmp_path, single_file):
    source = SOURCE + "try: asyncio.run(main())\nexcept TimeoutError: pass\n"
    run, ended = trace(tmp_path, source, script=single_file, arguments=["--limit", "a b"])
    assert ended.stdout == "[0, 1, 2] ['--limit', 'a b']\n"
    assert "run.json. Open it with" in ended.stderr
    assert tasks(run) == [("main", 0, "T"), *[("fetch", 1, "S")] * 3, ("fetch", 1, "F")]
    assert (run["format"], run["version"], run["program"]) == ("interleave-run", 2, {"exercise": "program"})
    code = run["settings"]["code"]
    assert code["files"] == [{"name": "main.py", "text": source}]
    assert code["arguments"] == "--limit 'a b'"
    assert run["ending"]["finished"]["wall_us"] >= 30_000
    waits = run["record"]["waits"]
    assert [entry["path"] for entry in waits["sources"]] == ["main.py"]
    assert {(wait["line"]["line"], str(wait["for"])) for wait in waits["list"]} == {
        (9, "{'tasks': [2, 3, 4, 5]}"), (4, "timer"), (12, "timer"),
    }
    assert {"at_us", "task", "level", "text"} == set(run["record"]["log"][0])
    printed = [line for line in run["record"]["log"] if "[0, 1, 2]" in line["text"]]
    assert len(printed) == 1 and printed[0]["task"] == 1


def test_an_error_is_printed_without_our_frames_and_has_its_line(tmp_path):
    run, ended = trace(tmp_path, SOURCE + "async def fail():\n    1 / 0\nasyncio.run(fail())\n", expected=1)
    assert "ZeroDivisionError" in ended.stderr and "trace.py" not in ended.stderr.partition("interleave_trace: ")[0]
    failed = run["ending"]["failed"]
    assert failed["message"] == "ZeroDivisionError: division by zero"
    assert failed["line"] == {"path": "main.py", "line": 14}
    assert any("ZeroDivisionError" in line["text"] for line in run["record"]["log"])


def test_an_exit_code_is_that_of_the_program(tmp_path):
    run, _ = trace(tmp_path, "import sys\nsys.exit(7)\n", expected=7)
    assert "failed" in run["ending"]
    run, _ = trace(tmp_path, "import sys\nsys.exit()\n")
    assert "finished" in run["ending"]


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_saves_what_was_recorded(tmp_path):
    (tmp_path / "main.py").write_text("""import asyncio
async def wait():
    try:
        await asyncio.sleep(60)
    finally:
        print("cleaned up")
async def main():
    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0)
    print("ready", flush=True)
    await waiting
asyncio.run(main())
""")
    command = [sys.executable, str(TRACE), "-o", "run.json", "main.py"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert (process.returncode, out) == (-signal.SIGINT, "cleaned up\n")
    run = json.loads((tmp_path / "run.json").read_text())
    assert tasks(run) == [("main", 0, "C"), ("wait", 1, "C")]
    assert "stopped" in run["ending"]


def test_calls_in_threads_and_processes_are_tasks(tmp_path):
    run, _ = trace(tmp_path, """
import asyncio, time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
def load(n):
    time.sleep(0.05)
    if n == 2:
        raise OSError("disk")
async def main():
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(2) as pool:
        calls = [loop.run_in_executor(pool, load, n) for n in range(3)]
        await asyncio.gather(*calls, return_exceptions=True)
    await asyncio.to_thread(load, 7)
    with ProcessPoolExecutor(1) as pool:
        await loop.run_in_executor(pool, abs, -3)
if __name__ == "__main__":
    asyncio.run(main())
""")
    found = tasks(run)
    load = ("load", 1, "S")
    assert found == [("main", 0, "S"), load, load, ("load", 1, "F"), load, ("abs", 1, "S")]
    times = times_of(run)
    # Two threads, so the third call starts when one of the others has ended.
    assert times[4]["("] >= min(times[2]["S"], times[3]["S"])
    assert 45_000 <= times[2]["S"] - times[2]["("]
    assert "worker" in [wait["for"] for wait in run["record"]["waits"]["list"]]


def times_of(run):
    """For each task, the first time of each kind of event, in microseconds."""
    found, now = {}, 0
    events = run["record"]["events"]
    for after, task, kind in zip(events["after_us"], events["task"], events["kind"]):
        assert after >= 0
        now += after
        found.setdefault(task, {}).setdefault(kind, now)
    return found


def test_a_blocked_loop_is_named_with_its_line_and_beats_are_late(tmp_path):
    run, _ = trace(tmp_path, """
import asyncio, time
async def main():
    await asyncio.sleep(0.05)
    time.sleep(0.2)
    await asyncio.sleep(0.05)
asyncio.run(main())
""")
    assert any("by `time.sleep` in main.py line 5." in text for text in warnings(run)), warnings(run)
    report = run["report"]
    assert report["notes"] == warnings(run) and report["headlines"] == [{"part": "main", "text": report["notes"][0]}]
    beats = run["record"]["beats"]
    assert max(beats["late_us"]) >= 150_000 and len(beats["due_us"]) >= 3
    assert sorted(beats["due_us"]) == beats["due_us"]


def test_a_part_of_a_service_can_be_recorded(tmp_path):
    (tmp_path / "service.py").write_text(f"""
import asyncio, sys
sys.path.insert(0, {str(FOLDER)!r})
import interleave_trace
async def handle(n):
    await asyncio.sleep(0.01)
async def main():
    await asyncio.gather(*(handle(n) for n in range(5)))
    loop = asyncio.get_running_loop()
    before = set(vars(loop))
    with interleave_trace.record("part.json"):
        await asyncio.gather(*(asyncio.create_task(handle(n), name=f"request-{{n}}") for n in range(3)))
    await asyncio.gather(*(handle(n) for n in range(5)))
    assert set(vars(loop)) == before, set(vars(loop)) ^ before
asyncio.run(main())
""")
    subprocess.run([sys.executable, "service.py"], cwd=tmp_path, check=True, timeout=60)
    run = json.loads((tmp_path / "part.json").read_text())
    names = [name for name, _, _ in tasks(run)]
    assert names[:3] == ["request 0", "request 1", "request 2"] and "handle" not in names
    assert run["settings"]["code"]["files"][0]["name"] == "service.py"


def test_install_records_until_the_program_exits(tmp_path):
    (tmp_path / "app.py").write_text(f"""
import sys
sys.path.insert(0, {str(FOLDER)!r})
import interleave_trace, asyncio, helper
interleave_trace.install("run.json", source=True)
asyncio.run(helper.work())
raise SystemError("at the end")
""")
    (tmp_path / "helper.py").write_text("import asyncio\nasync def work():\n    await asyncio.sleep(0.01)\n")
    ended = subprocess.run([sys.executable, "app.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    run = json.loads((tmp_path / "run.json").read_text())
    assert tasks(run) == [("work", 0, "S")]
    assert sorted(file["name"] for file in run["settings"]["code"]["files"]) == ["app.py", "helper.py"]
    assert run["settings"]["code"]["files"][0]["name"] == "app.py"
    assert run["ending"]["failed"]["message"] == "SystemError: at the end"


def test_a_second_recording_is_refused_and_everything_is_put_back(tmp_path):
    (tmp_path / "app.py").write_text(f"""
import asyncio, concurrent.futures, sys, time
sys.path.insert(0, {str(FOLDER)!r})
import interleave_trace
from asyncio import base_events
def state():
    loop = asyncio.get_running_loop()
    owners = [time, base_events.BaseEventLoop, concurrent.futures.ThreadPoolExecutor, asyncio.Semaphore, loop, loop._selector]
    names = ["sleep", "__init__", "run_forever", "submit", "create_task", "call_soon", "select"]
    return [vars(owner).get(name) for owner in owners for name in names]
async def record(name):
    with interleave_trace.record(name):
        await asyncio.sleep(0.05)
async def main():
    before = state()
    first, second = await asyncio.gather(record("first.json"), record("second.json"), return_exceptions=True)
    assert first is None and "another recording is in progress" in str(second), (first, second)
    assert state() == before
    await record("second.json")
    assert state() == before
asyncio.run(main())
""")
    subprocess.run([sys.executable, "app.py"], cwd=tmp_path, check=True, timeout=60)
    assert json.loads((tmp_path / "second.json").read_text())["record"]["names"]


@pytest.mark.parametrize("owner, name", [
    *(("loop", name) for name in ("call_later", "call_soon", "create_task", "call_exception_handler")),
    ("loop._selector", "select"),
])
@pytest.mark.parametrize("is_wrapper", [False, True])
def test_functions_that_the_program_has_replaced_in_a_loop_stay(owner, name, is_wrapper, tmp_path):
    (tmp_path / "app.py").write_text(f"""
import asyncio, functools, sys
sys.path.insert(0, {str(FOLDER)!r})
import interleave_trace
def replaced(owner):
    function = owner.{name}
    def mine(*args, **kwargs):
        return function(*args, **kwargs)
    owner.{name} = functools.wraps(function)(mine) if {is_wrapper} else mine
    return owner.{name}
async def main():
    loop = asyncio.get_running_loop()
    owner = {owner}
    mine = replaced(owner)
    with interleave_trace.record("before.json"):
        await asyncio.sleep(0.01)
    assert owner.{name} is mine
    del owner.{name}
    with interleave_trace.record("meanwhile.json"):
        mine = replaced(owner)
        await asyncio.sleep(0.01)
    assert owner.{name} is mine
    await asyncio.gather(asyncio.sleep(0.01), asyncio.sleep(0.01))
asyncio.run(main())
""")
    subprocess.run([sys.executable, "app.py"], cwd=tmp_path, check=True, timeout=60)


def test_the_program_is_run_as_python_runs_it(tmp_path):
    (tmp_path / "interleave.py").write_text("merged = 3\n")
    source = """import asyncio, io, logging, os, sys
from interleave import merged
def typed(a: int): pass
print(typed.__annotations__, merged, os.path.isabs(__file__), __name__)
async def main():
    print(asyncio.current_task().get_name())
    logging.error("in the log")
asyncio.run(main())
sys.stdout.flush()
sys.stderr = io.TextIOWrapper(sys.stderr.buffer, encoding="utf-8")
os.chdir("/")
"""
    run, ended = trace(tmp_path, source)
    assert ended.stdout == "{'a': <class 'int'>} 3 True __main__\nTask-1\n"
    errors = [line["text"] for line in run["record"]["log"] if line["level"] == "error"]
    assert errors == ["ERROR:root:in the log"]


def test_a_script_without_py_has_its_source_and_lines(tmp_path):
    (tmp_path / "serve").write_text("import asyncio\nasyncio.run(asyncio.sleep(0.01))\nasync def main():\n    await asyncio.sleep(0)\nasyncio.run(main())\n")
    subprocess.run([sys.executable, str(TRACE), "-o", "run.json", "serve"], cwd=tmp_path, check=True, timeout=60)
    run = json.loads((tmp_path / "run.json").read_text())
    assert [file["name"] for file in run["settings"]["code"]["files"]] == ["serve.py"]
    assert [source["path"] for source in run["record"]["waits"]["sources"]] == ["serve.py"]


def test_a_module_can_be_run_by_its_name(tmp_path):
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__main__.py").write_text("import asyncio\nasyncio.run(asyncio.sleep(0.01))\n")
    subprocess.run([sys.executable, str(TRACE), "-o", "run.json", "-m", "package"], cwd=tmp_path, check=True, timeout=60)
    assert tasks(json.loads((tmp_path / "run.json").read_text())) == [("sleep", 0, "S")]


def test_no_source_and_no_key_is_in_the_file(tmp_path):
    source = SOURCE + 'API_KEY = "zq8Kd93jfLs02mXcQ71b"\nprint(f"with {API_KEY}")\nasyncio.run(fetch(1))\n'
    run, _ = trace(tmp_path, source, arguments=["--api-key", "aB3dE5gH7jK9mN1p"])
    text = (tmp_path / "run.json").read_text()
    assert "zq8Kd93" not in text and "aB3dE5" not in text and text.count("KEY-REMOVED") == 3
    run, _ = trace(tmp_path, source, "--no-source")
    assert "async def" not in (tmp_path / "run.json").read_text()
    assert tasks(run) == [("fetch", 0, "S")]


@pytest.mark.parametrize("text", [
    'headers = {"Authorization": "Basic dXNlcjpwYXNzMTIzNA=="}', "OPENAI_API_KEY=a1B2c3D4e5F6g7H8i9", 'pwd = "hunter2222"',
    "postgres://user:p%40ss9w0rd@host/db", '"AKIAIOSFODNN7EXAMPLE"', "-----BEGIN PRIVATE KEY-----\n" + 5 * "MIIEvQIBADANBg\n",
])
def test_keys_are_found(text):
    assert "KEY-REMOVED" in keys().masked(text)


@pytest.mark.parametrize("text", [
    'token_url = "https://host1.example2.com/v3/path4"', 'password_file = "/run/secrets/db1"', "token_count = counts2[key1]",
    '"sk-learn-classification-of-2021-data"', 'api_key = os.environ["OPENAI_API_KEY"]', 'sha = "deadbeefdeadbeef1234"',
])
def test_other_texts_are_left_as_they_are(text):
    assert keys().masked(text) == text


def keys():
    """The module, without the package of the recorder."""
    spec = importlib.util.spec_from_file_location("keys", FOLDER / "keys.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_record_has_a_limit(tmp_path):
    source = "import asyncio\nasync def main():\n    for _ in range(50): await asyncio.gather(*(asyncio.sleep(0) for _ in range(100)))\nasyncio.run(main())\n"
    run, _ = trace(tmp_path, source, "--most-events", "2000")
    assert len(run["record"]["events"]["task"]) < 25_000
    assert any("reached its limit of 2,000 events" in text for text in warnings(run))


def test_a_missing_script_and_a_folder_that_does_not_exist_are_named(tmp_path):
    command = [sys.executable, str(TRACE), "nothing.py"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2 and "there is no file nothing.py" in ended.stderr
    (tmp_path / "main.py").write_text("print(1)")
    command = [sys.executable, str(TRACE), "-o", "missing/run.json", "main.py"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1 and "the run could not be written to" in ended.stderr


# The others use nothing else of the recorder, and some depend on deadlines that a busy machine misses.
COMPARED = ("callbacks", "context_variables", "gather", "locks", "queues", "several_runs", "task_group")


@pytest.mark.parametrize("path", [it for it in harness.PROGRAMS if it.stem in COMPARED], ids=lambda path: path.stem)
def test_programs_have_the_same_tasks_as_in_the_page(path, tmp_path):
    source = path.read_text()
    in_page = harness.run_source(source, "browser")
    run, ended = trace(tmp_path, source, expected=in_page.result.exit_code)
    assert ended.stdout.splitlines() == in_page.printed
    expected = tasks({"record": in_page.record})
    assert sorted(tasks(run)) == sorted(expected)


def test_in_debug_mode_handles_have_the_stack_of_the_program(tmp_path):
    source = """import asyncio
async def main():
    loop = asyncio.get_running_loop()
    for handle in (
        loop.call_soon(len, ""),
        loop.call_soon(lambda: None),
        loop.call_later(0.01, print),
        loop.call_at(loop.time(), print),
        loop.call_soon_threadsafe(print),
    ):
        print(type(handle).__name__, handle._source_traceback[-1].name, handle._source_traceback[-1].lineno)
asyncio.run(main(), debug=True)
"""
    _, recorded = trace(tmp_path, source)
    plain = subprocess.run([sys.executable, "main.py"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert recorded.stdout == plain.stdout


def test_ten_thousand_tasks_take_little_longer(tmp_path):
    source = """import asyncio, time
async def main():
    began = time.perf_counter()
    await asyncio.gather(*(asyncio.sleep(2) for _ in range(10_000)))
    print(time.perf_counter() - began, time.process_time())
asyncio.run(main())
"""
    run, _ = trace(tmp_path, source)
    assert len(tasks(run)) == 10_001
    # In pairs, because the machine may be busy: the best of each. Long sleeps, for the same reason.
    def seconds(command):
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
        return [float(seconds) for seconds in ended.stdout.split()]
    pairs = [
        (seconds([sys.executable, "main.py"]), seconds([sys.executable, str(TRACE), "-o", "run.json", "main.py"]))
        for _ in range(3)
    ]
    plain, recorded = (list(map(min, *times)) for times in zip(*pairs))
    assert recorded[0] <= 1.3 * plain[0], pairs
    # The processor's time is a better measure of what recording costs. It includes the start of Python.
    assert recorded[1] <= 2 * plain[1], pairs


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="a loop has too many attributes of its own there")
def test_the_attributes_of_a_recorded_loop_stay_fast(tmp_path):
    # Python keeps up to 29 attributes in the object itself. A loop with more gets a dictionary, and so does one whose
    # `vars` somebody asked for. Then every access to an attribute of the loop takes longer.
    source = """import asyncio, gc
async def main():
    loop = asyncio.get_running_loop()
    print(any(type(part) is dict and "_ready" in part for part in gc.get_referents(loop)))
asyncio.run(main())
"""
    _, ended = trace(tmp_path, source)
    assert ended.stdout == "False\n"
