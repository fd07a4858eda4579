"""Threads and processes on the virtual and the simulated clock."""

import re
from pathlib import Path

import compare
import harness
import pytest
from interleave.files import Files

PROGRAMS = sorted((Path(__file__).parent / "threads").glob("*.py"))


@pytest.mark.parametrize("clock", ["virtual", "simulated"])
@pytest.mark.parametrize("path", PROGRAMS, ids=[path.stem for path in PROGRAMS])
def test_a_program_prints_the_same_as_under_cpython(path, clock):
    source = path.read_text()
    printed, code = harness.cpython(source)
    assert code == 0
    outcome = harness.run_source(source, clock)
    assert (outcome.result.message, outcome.printed) == ("", printed)


LEARNER = """
import asyncio, threading, time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Pool

def io_bound(n):
    time.sleep(0.1)
    return n

def timed(function):
    start = time.perf_counter()
    function()
    print(time.perf_counter() - start)

def in_threads():
    threads = [threading.Thread(target=io_bound, args=(n,)) for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

def in_pool(pool):
    with pool:
        list(pool.map(io_bound, range(10)))

async def by_asyncio():
    await asyncio.gather(*(asyncio.to_thread(io_bound, n) for n in range(8)))

if __name__ == "__main__":
    timed(lambda: [io_bound(n) for n in range(10)])
    timed(in_threads)
    timed(lambda: in_pool(ThreadPoolExecutor(10)))
    timed(lambda: in_pool(ThreadPoolExecutor(5)))
    timed(lambda: asyncio.run(by_asyncio()))
    timed(lambda: in_pool(Pool(10)))
"""


def test_waits_take_as_long_as_with_real_threads():
    outcome = harness.run_source(LEARNER, "simulated")
    assert [float(line) for line in outcome.printed] == pytest.approx([1.0, 0.1, 0.1, 0.2, 0.1, 0.1], rel=0.05)


COMPUTING = """
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

def compute(n):
    start = time.perf_counter()
    sum(range(n))
    return time.perf_counter() - start

if __name__ == "__main__":
    for pool, tasks in (
        (ThreadPoolExecutor(1), 8), (ProcessPoolExecutor(1), 8), (ProcessPoolExecutor(2), 8), (ProcessPoolExecutor(4), 8),
        (ProcessPoolExecutor(4), 2),
    ):
        with pool:
            start = time.perf_counter()
            computed = sum(pool.map(compute, [1_000_000] * tasks))
            print(computed / (time.perf_counter() - start))
"""


def test_processes_compute_at_the_same_time():
    outcome = harness.run_source(COMPUTING, "simulated", processors=4)
    # The last one is min(tasks, processes, processors). It is less if one of them took longer.
    assert [float(line) for line in outcome.printed] == pytest.approx([1, 1, 2, 4, 2], rel=0.3)


def test_the_loop_goes_on_while_a_thread_computes():
    outcome = harness.run_source("""
import asyncio, time

def compute():
    return sum(range(3_000_000))

async def beats(late):
    while True:
        due = time.perf_counter() + 0.001
        await asyncio.sleep(0.001)
        late.append(time.perf_counter() - due)

async def lag(function):
    late = []
    task = asyncio.create_task(beats(late))
    await asyncio.sleep(0.005)
    start = time.perf_counter()
    await function()
    seconds = time.perf_counter() - start
    await asyncio.sleep(0.005)
    task.cancel()
    return max(late) / seconds

async def inline():
    compute()

async def main():
    print(await lag(inline) > 0.8, await lag(lambda: asyncio.to_thread(compute)) < 0.5)

asyncio.run(main())
""", "simulated")
    assert outcome.printed == ["True True"]


def thread(body, *, main="", head=""):
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    return f"import queue, threading, time\n{head}\ndef work():\n{lines}\n{main or 'threading.Thread(target=work).start()'}\n"


@pytest.mark.parametrize("source, text", [
    (thread("jobs.get()", head="jobs = queue.Queue()"), "a thread waits for an item of a queue at main.py line 4"),
    (thread("jobs.put(1)", head="jobs = queue.Queue(1)"), "a thread waits for room in a queue at main.py line 4"),
    (thread("while not jobs.empty():\n    jobs.get()\n    time.sleep(1)", head="jobs = queue.Queue()\njobs.put(1)",
            main="for _ in range(2):\n    threading.Thread(target=work).start()"),
     "a queue is shared by several threads at main.py line 5"),
    (thread("with lock:\n    time.sleep(1)", head="lock = threading.Lock()",
            main="for _ in range(2):\n    threading.Thread(target=work).start()"),
     "a thread waits for a lock that another one holds at main.py line 4"),
    (thread("with lock: pass", head="lock = threading.Lock()",
            main="with lock:\n    threading.Thread(target=work).start()"),
     "a thread waits for a lock that another one holds at main.py line 4"),
    (thread("with permits:\n    time.sleep(1)", head="permits = threading.Semaphore(2)",
            main="for _ in range(3):\n    threading.Thread(target=work).start()"), "a thread waits for a semaphore at main.py line 4"),
    (thread("ready.wait()", head="ready = threading.Event()"), "a thread waits for an event at main.py line 4"),
    (thread("while not ready.is_set():\n    time.sleep(1)", head="ready = threading.Event()"),
     "a thread waits for what others do: it has waited 20,000 times at main.py line 5"),
    (thread("while not ready.wait(1): pass", head="ready = threading.Event()"),
     "a thread waits for what others do: it has waited 20,000 times at main.py line 4"),
    (thread("while True:\n    try: jobs.get()\n    except Exception: pass", head="jobs = queue.Queue()"),
     "a thread waits for an item of a queue at main.py line 5"),
    (thread("while True: time.sleep(1)"),
     "a thread waits for what others do: it has waited 20,000 times at main.py line 4"),
    (thread("while True:\n    try: jobs.get(timeout=0.5)\n    except queue.Empty: break", head="jobs = queue.Queue()",
            main="threading.Thread(target=work).start()\ntime.sleep(0.2)\njobs.put(1)"),
     "a queue is shared by several threads at main.py line 9"),
    (thread("print(ready.wait(1))", head="ready = threading.Event()\ndef later():\n    time.sleep(0.1)\n    ready.set()",
            main="for target in (later, work):\n    threading.Thread(target=target).start()"),
     "an event is set for which `Thread-2 (work)` has asked at a later time at "),
    (thread("time.sleep(delays.pop())\nwith lock: time.sleep(0.5)", head="lock, delays = threading.Lock(), [0.2, 0.5]",
            main="for _ in range(2):\n    threading.Thread(target=work).start()"),
     "a thread waits for a lock that another one holds at main.py line 5"),
    (thread("lock.acquire(timeout=1)", head="lock = threading.Lock()",
            main="with lock:\n    threading.Thread(target=work).start()"),
     "a thread waits for a lock that another one holds at main.py line 4"),
    (thread("for _ in range(9):\n    if ready.wait(1): break", head="ready = threading.Event()",
            main="threading.Thread(target=work).start()\ntime.sleep(2)\nready.set()"),
     "an event is set for which `Thread-1 (work)` has asked at a later time at main.py line 8"),
    (thread("barrier.wait()", head="barrier = threading.Barrier(2)"), "a thread waits for another one at main.py line 4"),
    (thread("with condition: condition.notify()", head="condition = threading.Condition()"),
     "a thread notifies others at main.py line 4"),
    (thread("threading.Thread(target=print).start()"), "a thread starts another one at main.py line 4"),
    ("import multiprocessing\nmultiprocessing.Queue()", "processes share a `multiprocessing.Queue` at main.py line 2"),
])
def test_a_thread_that_waits_for_another_one_is_refused(source, text):
    outcome = harness.run_source(source, "virtual")
    assert [note for note in outcome.notes if text in note and "This cannot be simulated" in note], outcome.notes
    assert (outcome.result.ending, outcome.result.error) == ("failed", "CannotSimulate")


@pytest.mark.parametrize("source, printed", [
    # A line is never later than the sleep after it, however times are rounded.
    (thread("for n in range(3):\n    print(n, round(time.perf_counter() - start, 2))\n    time.sleep(2 / 3)",
            head="start = time.perf_counter()"), ["0 0.0", "1 0.67", "2 1.33"]),
    # The calls of a pool begin in their order, also if several workers become free at once.
    ("import time\nfrom concurrent.futures import ThreadPoolExecutor\ndef job(n):\n    print(n)\n    time.sleep(1)\n"
     "with ThreadPoolExecutor(3) as pool:\n    list(pool.map(job, range(9)))", [str(n) for n in range(9)]),
    # A thread sees what it has done to an event itself.
    (thread("event.clear(); print(event.is_set()); event.set(); print(event.is_set())",
            head="event = threading.Event()\nevent.set()"), ["False", "True"]),
    # A loop in a thread may have any number of iterations.
    (thread("asyncio.run(turns())", head="import asyncio\nasync def turns():\n    for _ in range(15_000):\n"
            "        await asyncio.sleep(0)\n    print('ended')"), ["ended"]),
    # A cancelled timer takes no time.
    ("import threading, time\nstart = time.perf_counter()\ntimer = threading.Timer(3600, print)\ntimer.start()\n"
     "timer.cancel()\ntimer.join()\nprint(timer.is_alive(), round(time.perf_counter() - start, 3))", ["False 0.0"]),
    ("import multiprocessing\nmultiprocessing.set_start_method('spawn')\nprint(multiprocessing.get_start_method())",
     ["spawn"]),
    ("import multiprocessing\nmultiprocessing.set_start_method('spawn')\nprint('and in the next run')",
     ["and in the next run"]),
    # Whose errors can be caught by their names.
    ("from concurrent.futures.process import BrokenProcessPool, ProcessPoolExecutor\ntry:\n"
     "    ProcessPoolExecutor(1, initializer=int, initargs=('x',)).submit(print).result()\n"
     "except BrokenProcessPool as error:\n    print(type(error).__name__)", ["BrokenProcessPool"]),
    ("import threading, time\ndef work():\n    time.sleep(1)\nthread = threading.Thread(target=work)\nthread.start()\n"
     "polls = 0\nwhile thread.is_alive():\n    polls += 1\n    thread.join(0.000008)\nprint(polls > 1000)", ["True"]),
])
@pytest.mark.parametrize("clock", ["virtual", "simulated"])
def test_threads_and_processes_behave_as_elsewhere(source, printed, clock):
    outcome = harness.run_source(source, clock)
    assert (outcome.result.message, outcome.printed) == ("", printed)


@pytest.mark.parametrize("source", [
    "jobs = queue.Queue()\nwhile jobs.empty(): pass",
    "thread = threading.Thread(target=time.sleep, args=(1,))\nthread.start()\nwhile thread.is_alive(): pass",
    "event = threading.Event()\nwhile not event.is_set(): pass",
])
def test_polling_without_a_wait_never_ends_on_the_virtual_clock_and_is_refused(source):
    outcome = harness.run_source(f"import queue, threading, time\n{source}", "virtual")
    assert (outcome.result.ending, outcome.result.error) == ("limited", "EndlessLoop")
    assert "100,000 times with no wait in between" in outcome.result.message


@pytest.mark.parametrize("clock", ["virtual", "simulated"])
def test_a_program_that_waits_for_what_never_comes_ends(clock):
    outcome = harness.run_source("import queue\nqueue.Queue().get()", clock)
    assert outcome.result.ending == "deadlocked"
    assert "main.py line 2 waits for an item of a queue" in outcome.result.message


def test_the_record_shows_threads_with_their_lines_and_times():
    outcome = harness.run_source("""
import asyncio, threading, time
def load(n):
    print("loads", n)
    time.sleep(n)
    if n == 2:
        raise OSError("no data")
async def main():
    call = asyncio.create_task(asyncio.to_thread(load, 3))
    await asyncio.sleep(1)
    print("main")
    await call
asyncio.run(main())
thread = threading.Thread(target=load, args=(2,))
thread.start()
thread.join()
""")
    assert outcome.tasks() == [("main", 0, "S"), ("to_thread", 1, "S"), ("load", 2, "S"), ("load", 0, "F")]
    assert outcome.kinds(3) == "s()r(S" and outcome.waits("load") == [(5, "timer"), (5, "timer")]
    assert outcome.waits("to_thread") == [(None, "worker")]
    assert outcome.printed == ["loads 3", "main", "loads 2"]
    times = [line["at_us"] for line in outcome.log if line["origin"] == "stdout"]
    assert times == [0, 1_000_000, 3_000_000]
    assert any("no data" in line["text"] and line["at_us"] == 5_000_000 for line in outcome.log)


def test_a_run_on_the_real_clock_and_its_ideal_have_the_same_tasks():
    source = """
import asyncio, time
def load(n):
    time.sleep(0.05)
async def main():
    await asyncio.gather(*(asyncio.to_thread(load, n) for n in range(3)))
asyncio.run(main())
"""
    first, second = harness.run_source(source, "browser"), harness.run_source(source, "virtual", replies=[])
    assert compare.difference(first.record, second.record) is None
    assert sum(second.record["events"]["after_us"]) == 50_000


@pytest.mark.parametrize("name, arguments", [
    ("common_issues", []), ("concurrency_comparison", ["--size", "100000"]), ("validate_async", []),
])
def test_programs_of_the_guide_run_unmodified(name, arguments):
    source = (harness.ROOT / "static" / "python" / f"{name}.py").read_text()
    outcome = harness.run_source(source, "simulated", argv=tuple(arguments))
    assert (outcome.result.ending, outcome.result.message) in [("finished", ""), ("exited", "")], outcome.printed
    assert outcome.result.exit_code == 0 and not re.search(r"unexpected|failed", "\n".join(outcome.printed))


def test_the_pipeline_of_the_guide_runs_unmodified_where_numpy_is_there():
    static = harness.ROOT / "static"
    data = [*(static / "models").glob("*.safetensors"), *(static / "data").glob("*.csv")]
    files = {"python/async_ml_pipeline.py": (static / "python" / "async_ml_pipeline.py").read_text()}
    files |= {str(path.relative_to(static)): path.read_bytes() for path in data}
    outcome = harness.run_files(Files(files, "python/async_ml_pipeline.py"), "simulated")
    assert (outcome.result.ending, outcome.result.message) == ("finished", "")
    seconds = {line.split()[0]: float(re.search(r"([\d.]+) s,", line)[1]) for line in outcome.printed if " s, " in line}
    assert seconds["streamed"] < seconds["sequential"] / 2


@pytest.mark.parametrize("clock", ["virtual", "simulated"])
def test_what_runs_before_a_loop_does_not_block_it(clock):
    outcome = harness.run_source("""
import asyncio, threading, time
time.sleep(1)
asyncio.run(asyncio.sleep(0.1))
thread = threading.Thread(target=time.sleep, args=(1,))
thread.start()
thread.join()
asyncio.run(asyncio.sleep(0.1))
""", clock)
    assert max(outcome.record["beats"]["late_us"], default=0) < 50_000
    outcome = harness.run_source("import asyncio, time\nasync def main(): time.sleep(1)\nasyncio.run(main())", clock)
    assert max(outcome.record["beats"]["late_us"]) > 900_000


@pytest.mark.parametrize("clock", ["virtual", "simulated"])
def test_tasks_of_a_loop_in_a_thread_are_recorded(clock):
    # The harness checks their order.
    outcome = harness.run_source("""
import asyncio, threading
async def job(n):
    await asyncio.sleep(1)
async def main(n):
    for _ in range(3):
        await asyncio.create_task(job(n))
threads = [threading.Thread(target=asyncio.run, args=(main(n),)) for n in range(2)]
for thread in threads:
    thread.start()
asyncio.run(main(2))
""", clock)
    assert [outcome for name, _, outcome in outcome.tasks() if name == "job"] == ["S"] * 9
    assert sum(outcome.record["events"]["after_us"]) == pytest.approx(3e6, rel=0.05)
