"""Tests of the recorded tasks, waits and warnings."""

import re

import harness
import pytest

HEAD = "import asyncio, time\n"


def run(source, clock="virtual", **options):
    return harness.run_source(HEAD + source, clock, **options)


@pytest.mark.parametrize("created, name", [
    ("asyncio.create_task(f())", "f"),
    ("asyncio.create_task(f(), name='loader')", "loader"),
    ("asyncio.create_task(f(), name='worker-3')", "worker 3"),
    ("asyncio.create_task(f(), name='v1.5')", "v1.5"),
    ("asyncio.ensure_future(f())", "f"),
    ("asyncio.Task(f(), loop=asyncio.get_running_loop(), name='own')", "own"),
])
def test_a_task_has_the_name_that_it_was_given_or_that_of_its_function(created, name):
    outcome = run(f"async def f(): await asyncio.sleep(0)\nasync def main():\n    await {created}\nasyncio.run(main())")
    assert outcome.tasks() == [("main", 0, "S"), (name, 1, "S")]


@pytest.mark.parametrize("body, awaited", [
    ("await asyncio.sleep(1)", "timer"),
    ("await asyncio.create_task(g())", {"tasks": [2]}),
    ("await asyncio.gather(g(), g())", {"tasks": [2, 3]}),
    ("await asyncio.wait([asyncio.create_task(g())])", {"tasks": [2]}),
    ("await asyncio.shield(g())", {"tasks": [2]}),
    ("await asyncio.gather(asyncio.gather(g(), asyncio.shield(g())), g())", {"tasks": [2, 3, 4]}),
    ("await asyncio.wait([asyncio.gather(g(), g())])", {"tasks": [2, 3]}),
    ("async with asyncio.TaskGroup() as group: group.create_task(g())", {"tasks": [2]}),
    ("for next_done in asyncio.as_completed([g()]): await next_done", {"tasks": [2]}),
    ("async with asyncio.timeout(5): await asyncio.sleep(1)", "timer"),
])
def test_a_wait_has_its_line_and_what_it_waits_for(body, awaited):
    outcome = run(f"async def g(): await asyncio.sleep(1)\nasync def main():\n    {body}\nasyncio.run(main())")
    assert outcome.waits("main")[0] == (4, awaited)


@pytest.mark.parametrize("made, waited, kind", [
    ("asyncio.Lock()", "thing.acquire()", "lock"),
    ("asyncio.Semaphore(1)", "thing.acquire()", "semaphore"),
    ("asyncio.Queue(1)", "thing.put(1)", "queue"),
    ("asyncio.Event()", "thing.wait()", "event"),
])
def test_a_wait_for_an_object_is_queued_for_it(made, waited, kind):
    outcome = run(f"""
async def main():
    thing = {made}
    for _ in range(2):
        await asyncio.wait_for({waited}, 1)
try:
    asyncio.run(main())
except TimeoutError:
    pass
""")
    assert outcome.record["waits"]["objects"][0]["kind"] == kind
    assert outcome.record["events"]["kind"].count("q") == outcome.record["events"]["kind"].count("u") == 1


def test_an_object_has_the_name_of_its_variable_and_its_permits():
    outcome = run("""
async def work(limit):
    async with limit: await asyncio.sleep(1)
async def main():
    slots = asyncio.Semaphore(2)
    await asyncio.gather(*(work(slots) for _ in range(3)))
asyncio.run(main())
""")
    assert outcome.record["waits"]["objects"] == [{"kind": "semaphore", "name": "limit", "permits": 2}]
    assert outcome.kinds(4) == "s(q)r(g)r(S"


def test_outcomes_are_succeeded_failed_timed_out_and_cancelled():
    outcome = run("""
async def ends(how):
    if how == "fails": raise ValueError("no")
    await asyncio.sleep(1 if how else 0)
async def limited():
    async with asyncio.timeout(0.1): await asyncio.sleep(1)
async def main():
    tasks = [asyncio.create_task(c, name=n) for c, n in (
        (ends(""), "good"), (ends("fails"), "bad"), (limited(), "late"), (ends("long"), "dropped"))]
    slow = asyncio.create_task(ends("long"), name="waited")
    await asyncio.sleep(0.2)
    tasks[3].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    try: await asyncio.wait_for(slow, 0.1)
    except TimeoutError: pass
asyncio.run(main())
""")
    ends = {name: end for name, _, end in outcome.tasks()}
    assert ends == {"main": "S", "good": "S", "bad": "F", "late": "T", "dropped": "C", "waited": "T"}
    assert "ValueError: no (main.py line 4)" in outcome.notes


def test_only_the_owner_of_a_task_group_awaits_its_tasks():
    outcome = run("""
async def child(group):
    await asyncio.sleep(1)
    group.create_task(asyncio.sleep(1))
async def main():
    async with asyncio.TaskGroup() as group: group.create_task(child(group))
asyncio.run(main())
""")
    assert outcome.record["tasks"]["parent"] == [0, 1, 2]
    assert outcome.record["tasks"]["in_group"] == [0, 1, 0]


def test_many_awaited_tasks_are_recorded_as_subtasks():
    source = "async def main(): await asyncio.gather(*(asyncio.sleep(1) for _ in range(500)))\nasyncio.run(main())"
    outcome = run(source)
    assert outcome.waits("main") == [(2, "subtasks")]


@pytest.mark.parametrize("clock", harness.CLOCKS)
def test_pythons_warnings_appear_with_their_line(clock):
    outcome = run("""import gc
async def f(): pass
async def boom(): raise ValueError("x")
async def forever(): await asyncio.Future()
async def main():
    f()
    asyncio.create_task(boom())
    asyncio.create_task(forever())
    await asyncio.sleep(0.01)
    time.sleep(0.06)
    gc.collect()
    await asyncio.sleep(0.01)
    for seconds in (0.06, 0.09, 0.07):
        time.sleep(seconds)
        await asyncio.sleep(0)
asyncio.run(main())
""", clock)
    notes = "\n".join(line["text"] for line in outcome.log if line["origin"] == "note" and line["level"] == "warning")
    assert "Coroutine `f` was created and never awaited (main.py line 7)" in notes
    assert "`boom` failed, and nothing retrieved its exception: ValueError: x (main.py line 4)" in notes
    assert "`forever` was destroyed before it ended. Keep a reference to it, and await it (main.py line 5)" in notes
    assert re.search(r"`main` blocked the event loop for \d+ ms, by `time.sleep` in main.py line 11\. No other", notes)
    assert re.search(r"Altogether, task `main` blocked the event loop 3 times by `time.sleep` in main.py line 15", notes)


def test_a_block_by_computing_is_between_two_lines():
    outcome = run("""
async def main():
    await asyncio.sleep(0.01)
    until = time.perf_counter() + 0.06
    while time.perf_counter() < until:
        pass
    await asyncio.sleep(0.01)
asyncio.run(main())
""", "browser")
    notes = [line["text"] for line in outcome.log if line["level"] == "warning"]
    assert len(notes) == 1 and "between main.py line 4 and main.py line 8" in notes[0], notes


@pytest.mark.parametrize("clock", harness.CLOCKS)
def test_tasks_that_are_left_when_the_program_ends_are_reported(clock):
    outcome = run("""
async def forever(): await asyncio.sleep(60)
async def main(): asyncio.create_task(forever(), name="left")
loop = asyncio.new_event_loop()
loop.run_until_complete(main())
""", clock)
    assert "`left` was destroyed before it ended" in outcome.notes[0]


def test_a_wait_that_is_refused_is_reported_also_if_the_program_catches_it():
    outcome = run("try: list(map(asyncio.run, [asyncio.sleep(0)]))\nexcept RuntimeError: print('caught')", "browser")
    assert outcome.printed == ["caught"]
    assert [line["level"] for line in outcome.log] == ["warning", "info"]
    assert "`asyncio.run` cannot wait at main.py line 2" in outcome.notes[0]


def test_times_on_the_virtual_clock_are_exact():
    outcome = run("async def main():\n    for n in range(3): await asyncio.sleep(0.1)\nasyncio.run(main())")
    times = [0]
    for after_us in outcome.record["events"]["after_us"]:
        times.append(times[-1] + after_us)
    assert sorted(set(times)) == [0, 100_000, 200_000, 300_000]


@pytest.mark.parametrize("clock, ending", [("virtual", "limited"), ("browser", "finished")])
def test_a_full_record_ends_a_virtual_run_and_only_the_recording_of_a_real_one(clock, ending):
    outcome = run("async def main():\n    for _ in range(3000): await asyncio.sleep(0)\nasyncio.run(main())", clock,
                  most_events=2_000)
    assert outcome.result.ending == ending
    assert any("limit of 2,000 events" in note for note in outcome.notes)
    assert len(outcome.record["events"]["kind"]) < 3 * 3000


def test_the_recorder_keeps_no_task_alive():
    source = """import gc, weakref
async def f(): await asyncio.sleep(0)
async def main():
    seen = weakref.ref(t := asyncio.create_task(f()))
    await t
    del t
    await asyncio.sleep(0)
    gc.collect()
    print(seen())
asyncio.run(main())
"""
    assert run(source).printed == ["None"]


@pytest.mark.parametrize("clock", harness.CLOCKS)
def test_beats_are_late_while_the_loop_is_blocked(clock):
    outcome = run("""
async def main():
    await asyncio.sleep(0.03)
    time.sleep(0.1)
    await asyncio.sleep(0.05)
asyncio.run(main())
""", clock)
    assert max(outcome.record["beats"]["late_us"]) >= 80_000


def test_the_tree_lists_tasks_that_share_what_they_wait_for_once():
    source = HEAD + """
async def layer(awaited):
    if awaited: await asyncio.wait(awaited)
    else: await asyncio.sleep(5)
async def main():
    tasks = []
    for _ in range(18): tasks = [asyncio.create_task(layer(tasks)) for _ in range(2)]
    secret = "x" * 500
    await asyncio.gather(*tasks)
asyncio.run(main())
"""
    host = harness.WallHost()
    run = harness.Run(harness.Files({"main.py": source}), host)
    for _ in range(3):
        run.step()
    tree = run.waiting(with_locals=True)
    run.stop()
    harness.drive(run)
    assert len(tree) == 37
    assert [entry["awaited_by"] for entry in tree[1:3]] == [[4, 5], [4, 5]]
    assert tree[0]["locals"]["secret"].endswith("…") and len(tree[0]["locals"]["secret"]) == 200
    assert not any("secret" in piece.more for piece in host.pieces)
