"""Checks of what happens while the reader's code runs: the same sentences in the page and under CPython."""

import re
import subprocess
import sys

import harness
from interleave.files import Files

TRACE = harness.ROOT / "static" / "trace" / "interleave_trace.py"

SCRIPT = """import asyncio, time
from time import sleep; from collections import OrderedDict

UNIT = 0.1

async def fetch(n=0):
    await asyncio.sleep(UNIT)
    return n

async def load():
    await asyncio.sleep(2 * UNIT)
    return "data"

async def in_turn():
    await fetch()
    await load()

async def made_first_awaited_in_turn():
    one, other = fetch(), load()
    await one
    await other

async def in_a_loop():
    return [await fetch(n) for n in range(3)]

async def together():
    return await asyncio.gather(fetch(), load())

async def limited(n, limit):
    async with limit:
        return await fetch(n)

async def batch(most, number=6):
    limit = asyncio.Semaphore(most)
    return await asyncio.gather(*(limited(n, limit) for n in range(number)))

async def fetch_with_limit(n, limit):
    async with limit:
        await asyncio.sleep(UNIT)

async def batch_inside(most):
    limit = asyncio.Semaphore(most)
    await asyncio.gather(*(fetch_with_limit(n, limit) for n in range(5)))

async def own_limit(n, most):
    limit = asyncio.Semaphore(most)
    async with limit:
        await fetch(n)

async def batch_of_own_limits(most):
    await asyncio.gather(*(own_limit(n, most) for n in range(5)))

async def sleeps():
    time.sleep(UNIT)

def plain_sleeps():
    sleep(UNIT)

async def calls_plain():
    plain_sleeps()

async def opens():
    with open(__file__) as file:
        return file.read(3)

async def gathers_a_list():
    return await asyncio.gather([fetch(), fetch()])

async def gathers_a_function():
    return await asyncio.gather(fetch)

async def awaits_a_list():
    return await [fetch()]

async def adds_a_coroutine():
    return fetch() + 1

async def never_awaits():
    fetch()

async def returns_a_coroutine():
    return fetch()

async def leaves_a_task():
    asyncio.create_task(load())
    await asyncio.sleep(0)

async def swallows():
    try:
        await load()
    except:
        pass

async def lets_cancel():
    try:
        await load()
    except asyncio.CancelledError:
        raise

async def retry(operation, pauses):
    for pause in pauses:
        await operation()
        await asyncio.sleep(pause)
    await operation()

def not_written():
    raise NotImplementedError("write it")

class Pipeline:
    async def stage(self, n):
        return await fetch(n)

    @staticmethod
    def double(n):
        return 2 * n

async def ends_early():
    pass

async def goes_on():
    try:
        await load()
    except BaseException:
        await asyncio.sleep(60 * UNIT)

async def fails():
    raise ValueError("no data")

async def fails_when_cancelled():
    try:
        await load()
    finally:
        raise ValueError("no data")

async def not_written_either():
    not_written()

async def does_nothing():
    pass

async def awaits_an_int():
    await 2

async def gathers_an_ordered_dict():
    await asyncio.gather(OrderedDict())

load_again = load
SamePipeline = Pipeline
"""


def run_under_cpython(folder, main):
    (folder / "scripts").mkdir()
    (folder / "scripts" / "reader.py").write_text(SCRIPT)
    (folder / "main.py").write_text(main)
    command = [sys.executable, str(TRACE), "-o", "run.json", "main.py"]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()


def run_in_page(main):
    outcome = harness.run_files(Files({"main.py": main, "scripts/reader.py": SCRIPT}, "main.py"))
    assert outcome.result.ending == "finished", outcome.result
    return outcome.printed


# The call, the check, and the sentence.
SENTENCES = [
    ("reader.together()", "seen.must_overlap('fetch', 'load')", None),
    ("reader.in_turn()", "seen.must_overlap('fetch', 'load')",
     "scripts/reader.py:15 waits 100 ms for `fetch` before line 16 starts `load`. Nothing else runs meanwhile."),
    ("reader.made_first_awaited_in_turn()", "seen.must_overlap('fetch', 'load')",
     "scripts/reader.py:20 waits 100 ms for `fetch` before line 21 starts `load`. Nothing else runs meanwhile."),
    ("reader.in_a_loop()", "seen.must_overlap('fetch')",
     "scripts/reader.py:24 waits 100 ms for `fetch`, then for the next one, and so on. Nothing else runs meanwhile."),
    ("reader.together()", "seen.must_not_overlap('fetch', 'load')",
     "scripts/reader.py:27 starts `load` while `fetch` is in progress."),
    ("reader.in_turn()", "seen.must_not_overlap('fetch', 'load')", None),
    ("reader.together()", "seen.must_call('stage')", "scripts/reader.py:110 defines `stage`, but it never runs."),
    ("reader.in_a_loop()", "seen.must_call('fetch', 2)",
     "scripts/reader.py:6 defines `fetch`, which runs 3 times. Expected: 2 times."),
    ("reader.does_nothing()", "seen.must_call('fetch', 1)",
     "scripts/reader.py:6 defines `fetch`, which never runs. Expected: once."),
    ("reader.load_again()", "seen.must_call('load', 1)", None),
    ("reader.in_turn()", "seen.must_call('load_again', 1)", None),
    ("reader.together()", "seen.must_take('fetch', 0.1)", None),
    ("reader.together()", "seen.must_take('fetch', 60)",
     "scripts/reader.py:6 defines `fetch`, which takes 100 ms. Expected: at least 60 s."),
    ("reader.batch(3)", "seen.must_have_in_flight('fetch', 3)", None),
    ("reader.batch(3)", "seen.must_have_in_flight('limited', 3)", None),
    ("reader.batch_inside(2)", "seen.must_have_in_flight('fetch_with_limit', 2)", None),
    ("reader.batch(1)", "seen.must_have_in_flight('fetch', 2)",
     "scripts/reader.py:31 waits 100 ms for `fetch`, then for the next one, and so on. 2 may be in progress at once."),
    ("reader.batch(5)", "seen.must_have_in_flight('fetch', 2)",
     "scripts/reader.py:31 has 5 `fetch` in progress at once. Expected: 2."),
    ("reader.batch_of_own_limits(2)", "seen.must_have_in_flight('fetch', 2)",
     "scripts/reader.py:46 creates 5 semaphores, one in each call. They do not limit each other: 5 `fetch` are in "
     "progress at once. Expected: 2."),
    ("reader.together()", "seen.must_not_block()", None),
    ("reader.sleeps()", "seen.must_not_block()",
     "scripts/reader.py:54 blocks the event loop for 100 ms (`time.sleep`): no other task can run in that time."),
    ("reader.calls_plain()", "seen.must_not_block()",
     "scripts/reader.py:60 calls `plain_sleeps`, which blocks the event loop for 100 ms (`time.sleep` in line 57): no "
     "other task can run in that time."),
    ("reader.opens()", "seen.must_not_block()",
     "scripts/reader.py:63 blocks the event loop (`open`): no other task can run in that time."),
    ("reader.gathers_a_list()", "",
     "scripts/reader.py:67 gives `asyncio.gather` a list. It takes awaitables, each as an argument of its own. "
     "Python's message: unhashable type: 'list'"),
    ("reader.gathers_a_function()", "",
     "scripts/reader.py:70 gives `asyncio.gather` the function `fetch` itself, which was not called. It takes "
     "awaitables, each as an argument of its own. Python's message: An asyncio.Future, a coroutine or an awaitable is "
     "required"),
    ("reader.awaits_a_list()", "",
     "scripts/reader.py:73 awaits a list, and that cannot be awaited. Python's message: object list can't be used in "
     "'await' expression"),
    ("reader.awaits_an_int()", "",
     "scripts/reader.py:142 awaits an int, and that cannot be awaited. Python's message: object int can't be used in "
     "'await' expression"),
    ("reader.gathers_an_ordered_dict()", "",
     "scripts/reader.py:145 gives `asyncio.gather` an object of type `OrderedDict`. It takes awaitables, each as an "
     "argument of its own. Python's message: unhashable type: 'collections.OrderedDict'"),
    ("reader.adds_a_coroutine()", "",
     "scripts/reader.py:76 uses a coroutine as if it were the result. Nothing has awaited it. Python's message: "
     "unsupported operand type(s) for +: 'coroutine' and 'int'"),
    ("reader.never_awaits()", "",
     "scripts/reader.py:79 calls `fetch`, but nothing awaits the coroutine: it never runs."),
    ("reader.returns_a_coroutine()", "",
     "scripts/reader.py:82 calls `fetch`, but nothing awaits the coroutine: it never runs."),
    ("reader.leaves_a_task()", "seen.must_finish('load')",
     "scripts/reader.py:85 starts `load`, but nothing waits for it: it was cancelled when the event loop ended."),
    ("reader.together()", "seen.must_finish('load', 'fetch')", None),
    ("reader.retry(seen.watched(operation), [0.1, 0.2])", "seen.must_pause('operation', [0.1, 0.2])", None),
    ("reader.retry(seen.watched(operation), [0, 0])", "seen.must_pause('operation', [0.1, 0.2])",
     "scripts/reader.py:102 calls `operation` with these pauses: 0 ms, 0 ms. Expected: 100 ms, 200 ms."),
    ("cancelled(reader.swallows, seen)", "",
     "scripts/reader.py:91 catches `CancelledError`, and `swallows` goes on: a task that runs it cannot be cancelled."),
    ("cancelled(reader.lets_cancel, seen)", "", None),
    ("cancelled(reader.ends_early, seen)", "",
     "scripts/reader.py:117: `ends_early` ends before it is cancelled. Does it wait?"),
    ("cancelled(reader.goes_on, seen)", "",
     "scripts/reader.py:123 catches `CancelledError`, and `goes_on` goes on: a task that runs it cannot be cancelled."),
    ("cancelled(reader.fails, seen)", "", "ValueError: no data"),
    ("cancelled(reader.fails_when_cancelled, seen)", "", "ValueError: no data"),
    ("cancelled(reader.not_written_either, seen)", "", "NotImplementedError: write it"),
]

MAIN = """
import asyncio
from interleave import checks
from scripts import reader

async def operation():
    pass

async def cancelled(function, seen):
    task = asyncio.create_task(function())
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task], timeout=0.1)
    seen.must_be_cancelled(task, function.__name__)

def run(call, check):
    try:
        with checks.observe(reader) as seen:
            names = {"reader": reader, "seen": seen, "operation": operation, "cancelled": cancelled}
            asyncio.run(eval(call, names))
        exec(check, names)
    except AssertionError as error:
        return str(error)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
"""


def with_cases(cases):
    lines = [f"print(run({call!r}, {check!r}))\n" for call, check, _ in cases]
    return MAIN + "".join(lines)


def test_each_check_has_its_sentence():
    printed = run_in_page(with_cases(SENTENCES))
    assert printed == [str(sentence) for _, _, sentence in SENTENCES]


def test_the_sentences_are_the_same_under_cpython(tmp_path):
    printed = run_under_cpython(tmp_path, with_cases(SENTENCES))
    without_times = lambda text: re.sub(r"\d+ ms", "N ms", text)  # noqa: E731
    assert [*map(without_times, printed)] == [without_times(str(sentence)) for _, _, sentence in SENTENCES]


CALLS = """
import asyncio, time, types
from interleave import checks
from scripts import reader

before = dict(vars(reader))
with checks.observe(reader) as seen:
    print(asyncio.run(reader.Pipeline().stage(7)), reader.Pipeline.double(4), asyncio.iscoroutinefunction(reader.fetch))
    print(seen.peak_in_flight("fetch"))
assert {name: value for name, value in vars(reader).items() if not name.startswith("__")} == {
    name: value for name, value in before.items() if not name.startswith("__")
}
asyncio.run(reader.fetch(9))
(fetch,), (stage,), (double,) = map(seen.calls, ("fetch", "stage", "double"))
print(fetch.arguments, fetch.result, fetch.outcome, fetch.line, fetch.awaited_line, fetch.task == stage.task > 0)
print(double.arguments, double.result, double.line, double.is_async, stage.line, stage.awaited_line)
assert stage.started <= fetch.started <= fetch.ended <= stage.ended and 0.1 <= fetch.seconds <= seen.seconds

for name, function in (
    ("not written", reader.not_written), ("unknown", lambda: seen.calls("nothing")),
    ("double", lambda: reader.Pipeline.double()),
):
    try:
        with checks.observe(reader) as seen:
            function()
    except (NotImplementedError, AssertionError, TypeError) as error:
        print(name, type(error).__name__, str(error)[:40])

class Frozen(types.ModuleType):
    def __setattr__(self, name, value):
        raise AttributeError(f"{name} cannot be replaced")

frozen, fetch = Frozen("frozen"), reader.fetch
vars(frozen).update(__file__="frozen.py", sleep=time.sleep)
try:
    with checks.observe(reader, frozen):
        print("never")
except AttributeError as error:
    print(error, reader.fetch is fetch)
"""

CALLS_PRINTED = """7 8 True
1
{'n': 7} 7 succeeded scripts/reader.py:111 scripts/reader.py:111 True
{'n': 4} 8 None False None None
not written NotImplementedError write it
unknown AssertionError there is no function `nothing`. The func
double TypeError Pipeline.double() missing 1 required pos
sleep cannot be replaced True
""".splitlines()


def test_calls_have_their_arguments_results_and_lines(tmp_path):
    assert run_in_page(CALLS) == CALLS_PRINTED
    assert run_under_cpython(tmp_path, CALLS) == CALLS_PRINTED
