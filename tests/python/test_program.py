"""Whole programs: how they start, wait, end and leave the interpreter."""

import asyncio
import json
import logging
import os
import random
import sys
import time

import harness
import pytest

from interleave.files import Files, missing_imports

HEAD = "import asyncio, sys, time\nasync def f(n=1):\n    await asyncio.sleep(0.01)\n    return n\n"


@pytest.mark.parametrize("clock", harness.CLOCKS)
@pytest.mark.parametrize("source, printed", [
    ("def main(): return asyncio.run(f())\nprint(main())", ["1"]),
    ("def main(n, *, k=2): return asyncio.run(f(n + k))\nif __name__ == '__main__':\n    print(main(1))", ["3"]),
    ("def a(): return b()\ndef b(): return asyncio.run(f(3))\nsys.exit(print(a()))", ["3"]),
    ("from asyncio import run as go\nprint(go(f()))", ["1"]),
    ("import asyncio as aio\ntry:\n    print(aio.run(f()))\nfinally:\n    print('end')", ["1", "end"]),
    ("with asyncio.Runner() as r:\n    print(r.run(f()), r.run(f(2)))", ["1 2"]),
    ("loop = asyncio.new_event_loop()\nprint(loop.run_until_complete(f()))\nloop.close()", ["1"]),
    ("loop = asyncio.new_event_loop()\nloop.call_later(0.01, loop.stop)\nloop.run_forever()\nprint(1)", ["1"]),
    ("print(await f())\nasync with asyncio.timeout(1): print(await f(2))", ["1", "2"]),
    ("import nest_asyncio\nnest_asyncio.apply()\nprint(await f(), asyncio.run(f(2)))", ["1 2"]),
    ("print([asyncio.run(f(n)) for n in range(3)])", ["[0, 1, 2]"]),
    ("class App:\n    def start(self): return asyncio.run(f(4))\nprint(App().start())", ["4"]),
    ("def timed(fn):\n    def inner(*a):\n        return fn(*a)\n    return inner\n"
     "@timed\ndef main(n): return asyncio.run(f(n))\nprint(main(5))", ["5"]),
    ("class App:\n    def __init__(self, n): self.value = asyncio.run(f(n))\nprint(App(7).value)", ["7"]),
    ("class Base:\n    def __init__(self): self.n = asyncio.run(f(8))\n"
     "class App(Base):\n    def __init__(self):\n        super().__init__()\n        self.m = 1\n"
     "app = App()\nprint(app.n, app.m)", ["8 1"]),
    ("class Call:\n    def __call__(self, n): return asyncio.run(f(n))\n"
     "call = Call()\nprint(call(9), Call()(2))", ["9 2"]),
    ("class Session:\n    def __enter__(self):\n        self.loop = asyncio.new_event_loop()\n        return self\n"
     "    def __exit__(self, *error):\n        print(self.loop.run_until_complete(f(3)), error[0].__name__)\n"
     "        self.loop.close()\n        return True\n"
     "with Session() as session:\n    print(session.loop.run_until_complete(f(2)))\n    1 / 0",
     ["2", "3 ZeroDivisionError"]),
    ("import contextlib\n@contextlib.contextmanager\ndef session(n):\n    loop = asyncio.new_event_loop()\n    try:\n"
     "        yield loop\n    finally:\n        print(loop.run_until_complete(f(n)))\n        loop.close()\n"
     "with session(5) as loop: print(loop.run_until_complete(f(4)))", ["4", "5"]),
    ("def outer():\n    n = 6\n    def inner(): return asyncio.run(f(n))\n    return inner()\nprint(outer())", ["6"]),
])
def test_the_top_level_and_what_it_calls_can_wait(source, printed, clock):
    outcome = harness.run_source(HEAD + source, clock)
    assert (outcome.printed, outcome.result.ending) == (printed, "finished")


def test_a_module_of_the_program_can_wait_when_the_top_level_calls_it():
    modules = {"package/__init__.py": "", "package/job.py": HEAD + "def start(): return asyncio.run(f(8))"}
    outcome = harness.run_source("from package import job\nprint(job.start())", "browser", modules=modules)
    assert outcome.printed == ["8"]


@pytest.mark.parametrize("clock", harness.CLOCKS)
def test_the_next_run_loads_the_modules_of_a_folder_again(clock):
    for number in ("1", "2"):
        modules = {"folder/inner/job.py": f"NUMBER = {number}"}
        outcome = harness.run_source("from folder.inner import job\nprint(job.NUMBER)", clock, modules=modules)
        assert outcome.printed == [number]


def test_a_loop_of_waits_without_an_end_is_named():
    source = "import asyncio\n\nasync def main():\n    while True:\n        await asyncio.sleep(60)\n\nasyncio.run(main())"
    result = harness.run_source(source, "virtual").result
    assert (result.ending, result.message) == (
        "limited",
        "the program has not ended after 24 hours on its clock, and a record cannot be longer. Does a loop in it never end?",
    )
    assert harness.run_source("import asyncio\nasyncio.run(asyncio.sleep(23 * 3600))", "virtual").result.ending == "finished"


@pytest.mark.parametrize("source, line", [
    ("class A:\n    x = asyncio.run(f())", 6),
    ("print(list(map(lambda n: asyncio.run(f()), [1])))", 5),
    ("print(sum(asyncio.run(f()) for _ in range(2)))", 5),
])
def test_elsewhere_only_the_virtual_clock_can_wait(source, line):
    real, virtual = (harness.run_source(HEAD + source, clock) for clock in harness.CLOCKS)
    assert (real.result.error, real.result.line) == ("CannotWait", line)
    assert "virtual clock" in real.result.message and virtual.result.ending == "finished"


@pytest.mark.parametrize("source, ending, error, message, line", [
    ("x = 1\nif x\n", "failed", "SyntaxError", "expected ':'", 2),
    ("x = 1\n!pip install y\n", "failed", "NotebookCommand", "no shell", 2),
    ("%time x\n", "failed", "NotebookCommand", "notebook's command", 1),
    ("%%time\nx = 1\n", "failed", "NotebookCommand", "`%%time`", 1),
    ("x = 1\ny = %time x\n", "failed", "NotebookCommand", "`%time`", 2),
    ("names = !ls\n", "failed", "NotebookCommand", "no shell", 1),
    ("pip install numpy\n", "failed", "NotebookCommand", "no shell", 1),
    ("x = (9\n  % 3)\ny = = 1\n", "failed", "SyntaxError", "invalid syntax", 3),
    ("def f(n): return f(n + 1)\nf(0)\n", "failed", "RecursionError", "recursion", 1),
    ("import sys\nsys.exit(3)\n", "exited", "", "", None),
    ("import sys\nsys.exit('why')\n", "exited", "", "why", None),
    ("raise MemoryError('full')", "failed", "MemoryError", "full", 1),
    ("raise MemoryError", "failed", "MemoryError", "more memory than the page can give", 1),
    ("async def f(n): return await f(n + 1)\nawait f(0)\n", "failed", "RecursionError", "recursion", 1),
    ("input()", "failed", "NotInBrowser", "sys.argv", 1),
    ("import subprocess\nsubprocess.run(['ls'])", "failed", "NotInBrowser", "processes", 2),
    ("import os\nos.system('ls')", "failed", "NotInBrowser", "processes", 2),
    ("import sys\nfor line in sys.stdin: print(line)", "failed", "NotInBrowser", "sys.argv", 2),
    ("breakpoint()", "failed", "NotInBrowser", "debugger", 1),
    ("import socket\nsocket.socket().connect(('127.0.0.1', 9))", "failed", "NoNetwork", "`aiohttp`", 2),
    ("from urllib.request import urlopen\nurlopen('http://127.0.0.1:9')", "failed", "URLError", "`aiohttp`", 2),
    ("import asyncio; await asyncio.open_connection('127.0.0.1', 9)", "failed", "NoNetwork", "`aiohttp`", 1),
    ("import asyncio; await asyncio.start_server(print, port=9)", "failed", "NoNetwork", "no server", 1),
    ("import asyncio; await asyncio.create_subprocess_exec('ls')", "failed", "NotInBrowser", "processes", 1),
    ("import asyncio; await asyncio.sleep(0); asyncio.get_running_loop().add_signal_handler(2, print)", "failed",
     "NotInBrowser", "signals", 1),
    ("import requests", "failed", "ModuleNotFoundError", "`httpx`", 1),
    ("import openai", "failed", "ModuleNotFoundError", "later release", 1),
    ("import pandas as pd", "failed", "ModuleNotFoundError", "`csv`", 1),
    ("import torch", "failed", "ModuleNotFoundError", "not available in the page", 1),
    ("import uvloop", "failed", "ModuleNotFoundError", "event loop of its own", 1),
    ("1 / 0", "failed", "ZeroDivisionError", "division by zero", 1),
])
def test_every_end_has_its_own_message_and_line(source, ending, error, message, line):
    for clock in harness.CLOCKS:
        result = harness.run_source(source, clock).result
        assert (result.ending, result.error, result.line) == (ending, error, line)
        assert message in result.message
    assert harness.run_source("print('next')", "browser").printed == ["next"]


def test_a_program_of_one_megabyte_runs():
    text = "x" * 980_000
    source = f"a = '{text}'\n" + "b = 1\n" * 5_000 + "print(len(a) + b)"
    assert harness.run_source(source, "browser").printed == ["980001"]


def test_a_mark_at_the_start_of_a_file_is_skipped():
    assert harness.run_source("\ufeffprint(1)", "browser").printed == ["1"]


def test_a_traceback_shows_only_the_programs_own_files():
    result = harness.run_source(HEAD + "async def g(): await f(1 / 0)\nasyncio.run(g())", "browser").result
    assert 'File "main.py", line 5, in g' in result.traceback and "asyncio/" not in result.traceback


def test_a_deadlock_lists_each_waiting_task_with_its_line():
    result = harness.run_source(HEAD + """
async def hold(door):
    async with door: await asyncio.Event().wait()
async def main():
    door = asyncio.Lock()
    await asyncio.gather(hold(door), hold(door))
try: asyncio.run(main())
except Exception: pass
""").result
    assert result.ending == "deadlocked"
    assert "`hold` waits at main.py line 7 for the lock `door`" in result.message
    assert "`main` waits at main.py line 10 for `hold`, `hold`" in result.message


@pytest.mark.parametrize("read", ["time.time()", "time.perf_counter_ns()", "asyncio.get_running_loop().time()"])
def test_a_loop_that_only_reads_the_clock_ends_the_run(read):
    result = harness.run_source(HEAD + f"""
async def main():
    while {read} >= 0:
        pass
asyncio.run(main())
""").result
    assert result.ending == "limited" and "main.py line 7 read the clock 100,000 times" in result.message


def test_all_clocks_agree_on_the_virtual_clock():
    outcome = harness.run_source(HEAD + """
async def main():
    loop = asyncio.get_running_loop()
    start = time.time(), time.monotonic(), time.perf_counter(), time.perf_counter_ns() / 1e9, loop.time()
    await asyncio.sleep(1)
    time.sleep(2)
    now = time.time(), time.monotonic(), time.perf_counter(), time.perf_counter_ns() / 1e9, loop.time()
    print([round(b - a, 3) for a, b in zip(start, now)])
asyncio.run(main())
""")
    assert outcome.printed == ["[3.0, 3.0, 3.0, 3.0, 3.0]"]


def test_no_wait_seems_too_short_on_the_virtual_clock():
    outcome = harness.run_source(HEAD + """
async def main():
    for read in (time.time, time.monotonic):
        enough = 0
        for _ in range(1_000):
            start = read()
            await asyncio.sleep(0.1)
            enough += read() - start >= 0.1
        print(enough)
asyncio.run(main())
""")
    assert outcome.printed == ["1000", "1000"]


def test_dates_follow_the_virtual_clock():
    outcome = harness.run_source(HEAD + """
from datetime import date, datetime, timezone
async def main():
    before = datetime.now(), datetime.now(timezone.utc), time.localtime()
    await asyncio.sleep(86_400)
    now = datetime.now(), datetime.now(timezone.utc), time.localtime()
    days = [round((now[n] - before[n]).total_seconds(), 3) for n in range(2)]
    print(days, now[2] != before[2], date.today() == now[0].date())
    print(isinstance(now[0], date), repr(datetime(2024, 1, 2)), datetime.strptime("2024", "%Y"))
asyncio.run(main())
""")
    assert outcome.printed == [
        "[86400.0, 86400.0] True True", "True datetime.datetime(2024, 1, 2, 0, 0) 2024-01-01 00:00:00",
    ]


def test_stop_cancels_the_main_task_and_runs_its_finally_blocks():
    outcome = harness.run_source(HEAD + """
async def main():
    try: await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0.01)
        print("cleaned up")
asyncio.run(main())
""", "browser", stop_after=0.5)
    assert (outcome.result.ending, outcome.printed) == ("stopped", ["cleaned up"])
    assert outcome.tasks() == [("main", 0, "C")]


def test_stop_works_in_a_loop_without_a_runner():
    source = HEAD + "loop = asyncio.new_event_loop()\ntry: loop.run_forever()\nfinally: print('end')"
    outcome = harness.run_source(source, "browser", stop_after=0.5)
    assert (outcome.result.ending, outcome.printed) == ("stopped", ["end"])


def test_both_clocks_draw_the_same_values():
    source = HEAD + """import random
async def draw(n):
    await asyncio.sleep(0.05 * (n % 3))
    values.append((n, random.random(), random.gauss(0, 1), random.randint(1, 6)))
values = []
async def main(): await asyncio.gather(*(draw(n) for n in range(5)))
asyncio.run(main())
print(sorted(values))
"""
    first, second, other = (harness.run_source(source, clock, seed=seed).printed
                            for clock, seed in (("browser", 7), ("virtual", 7), ("virtual", 8)))
    assert first == second != other


@pytest.mark.skipif(sys.platform == "emscripten", reason="a browser cannot start CPython")
def test_after_a_seed_random_is_cpythons():
    source = """import random
random.random()
random.seed(3)
print(random.random(), random.gauss(0, 1), random.sample(range(9), 4))
"""
    assert harness.run_source(source).printed == harness.cpython(source)[0]


def test_a_million_prints_are_limited_and_counted():
    outcome = harness.run_source("for n in range(100_000): print(n)", "browser")
    assert outcome.printed[:2] == ["0", "1"] and len(outcome.printed) == 20_000
    assert outcome.notes[-1] == "80,000 more lines were printed."


def test_output_is_lines_with_levels_and_the_last_state_of_a_progress_bar():
    outcome = harness.run_source("""
import logging, sys
logging.basicConfig(level="INFO", format="%(message)s")
print("a", end=""); print("b")
sys.stderr.write("10 %\\r50 %\\r100 %\\n")
logging.info("fine"); logging.error("wrong")
logging.getLogger().handlers[0].setStream(sys.stdout); logging.error("printed")
sys.stdout.buffer.write(b"bytes\\n")
print("no end", end="")
""")
    assert [(line["level"], line["text"]) for line in outcome.log] == [
        ("info", "ab"), ("warning", "100 %"), ("info", "fine"), ("error", "wrong"),
        ("error", "printed"), ("info", "bytes"), ("info", "no end"),
    ]
    assert [line["origin"] for line in outcome.log[1:5]] == ["stderr", "logging", "logging", "stdout"]


def test_the_states_of_a_progress_bar_are_shown_until_its_line_is_complete():
    outcome = harness.run_source("""
import sys, time
for share in (10, 55, 100):
    sys.stderr.write(f"\\r{share} % ")
    time.sleep(0.05)
    sys.stderr.write("of 3\\r")
    time.sleep(0.05)
print("\\nend", file=sys.stderr)
""", "browser")
    states = [piece["unfinished"] and piece["unfinished"]["text"] for piece in map(json.loads, outcome.more)]
    assert [text for text in dict.fromkeys(states) if text] == ["10 % ", "10 % of 3", "55 % ", "55 % of 3", "100 % ", "100 % of 3"]
    assert states[-1] is None
    assert [line["text"] for line in outcome.log] == ["100 % of 3", "end"]


def test_a_run_leaves_the_interpreter_as_it_was():
    before = state()
    modules = {"helper.py": "VALUE = 1"}
    harness.run_source("""
import asyncio, builtins, helper, logging, os, random, sys, time, warnings
os.environ["LEFT"] = "1"; os.chdir("/"); sys.path.append("left"); sys.argv.append("left")
logging.getLogger().addHandler(logging.StreamHandler()); logging.getLogger().setLevel("DEBUG")
builtins.print = None; asyncio.sleep = None; time.time = None; random.seed(1); sys.excepthook = None
warnings.simplefilter("error"); sys.setrecursionlimit(500)
asyncio.set_event_loop(asyncio.new_event_loop())
""", "browser", modules=modules)
    assert state() == before
    assert "helper" not in sys.modules


def state():
    root = logging.getLogger()
    return (
        dict(os.environ), os.getcwd(), list(sys.path), list(sys.argv), list(root.handlers), root.level, print,
        asyncio.sleep, time.time, random.random, sys.excepthook, sys.getrecursionlimit(), sys.stdout,
        list(sys.meta_path), sys.modules["__main__"], asyncio.events._event_loop_policy,
    )


def test_imports_that_are_missing_are_listed_before_the_run():
    files = Files({
        "main.py": "import json, requests\nimport helper\ntry:\n    import uvloop\nexcept ImportError: pass\n",
        "helper.py": "from torch.nn import Linear",
    })
    found = [(missing.module, missing.path, missing.line, missing.is_optional) for missing in missing_imports(files)]
    assert found == [
        ("requests", "main.py", 1, False), ("uvloop", "main.py", 4, True), ("torch", "helper.py", 1, False),
    ]


def test_files_cannot_leave_the_programs_folder():
    outcome = harness.run_files(Files({"main.py": "print(1)", "../outside.txt": "x"}))
    assert outcome.result.error == "BadProgram" and not outcome.printed


def test_programs_see_arguments_environment_and_files():
    source = "import os, sys\nprint(sys.argv[1:], os.environ['KEY'], open('data/x.txt').read())"
    files = Files({"main.py": source, "data/x.txt": "42"})
    assert harness.run_files(files, argv=("--n", "3"), environ={"KEY": "v"}).printed == ["['--n', '3'] v 42"]


def test_tasks_without_a_name_are_numbered_as_in_a_new_interpreter():
    source = HEAD + """
async def main():
    print(asyncio.current_task().get_name(), asyncio.create_task(f()).get_name())
asyncio.run(main())
"""
    assert harness.run_source(source).printed == harness.run_source(source).printed == ["Task-1 Task-2"]


@pytest.mark.parametrize("script", ["async_basics", "async_multiple", "async_error_handling", "advanced"])
@pytest.mark.parametrize("clock", harness.CLOCKS)
def test_the_guides_scripts_run_unmodified(script, clock):
    static = harness.ROOT / "static"
    contents = {f"python/{script}.py": (static / "python" / f"{script}.py").read_bytes()}
    for folder in ("data", "models"):
        contents.update({f"{folder}/{path.name}": path.read_bytes() for path in (static / folder).iterdir()})
    outcome = harness.run_files(Files(contents, f"python/{script}.py"), clock)
    assert (outcome.result.ending, outcome.result.exit_code) == ("finished", 0)
    assert outcome.printed
